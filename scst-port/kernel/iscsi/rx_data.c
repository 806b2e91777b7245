/* SPDX-License-Identifier: MIT */
/*
 * rx_data.c - the data segment of a SCSI Command or Data-Out, on its way from the
 * receive buffer or straight from the socket to its command's buffer, with padding and
 * data digest behind it.
 *
 * Invariant: while rx_in_data, rx_left bytes of the segment and rx_trailer_left of its
 *            trailer are to come. rx_cmnd is NULL where the data goes nowhere.
 * Threads:   home CPU, softirq context.
 */
#include "rx.h"

void rx_data_begin(struct iscsi_conn *conn, struct iscsi_cmnd *cmnd, u32 off)
{
	conn->rx_cmnd = cmnd;
	conn->rx_off = off;
	conn->rx_burst = NULL;
	conn->rx_drop = !cmnd;
}

/* @len bytes at @data arrived; those that have a place are copied there. */
void rx_data_copy(struct iscsi_conn *conn, const u8 *data, u32 len)
{
	if (conn->data_digest)
		conn->rx_crc = digest_add(conn->rx_crc, data, len);
	conn->rx_left -= len;
	while (len) {
		u32 n = len;
		u8 *to = conn->rx_cmnd ? cmnd_data_at(conn->rx_cmnd, conn->rx_off, &n) : NULL;

		if (to)
			memcpy(to, data, n);
		conn->rx_off += n;
		data += n;
		len -= n;
	}
}

static void rx_trailer_copy(struct iscsi_conn *conn, const u8 *data, u32 len)
{
	memcpy(conn->rx_trailer + conn->rx_trailer_len - conn->rx_trailer_left, data, len);
	conn->rx_trailer_left -= len;
}

/* The segment is complete. */
void rx_data_end(struct iscsi_conn *conn)
{
	bool data_out = (conn->rx_hdr.opcode & ISCSI_OPCODE_MASK) == ISCSI_OP_DATA_OUT;

	conn->rx_in_data = false;
	if (conn->data_digest && conn->rx_trailer_len && !conn->rx_drop) {
		u32 pad = conn->rx_trailer_len - ISCSI_DIGEST_LEN;
		u32 crc = digest_add(conn->rx_crc, conn->rx_trailer, pad);

		if (!digest_matches(conn->rx_trailer + pad, crc)) {
			conn_complain(conn, "data digest of opcode 0x%02x, itt 0x%08x does not match",
				      conn->rx_hdr.opcode & ISCSI_OPCODE_MASK, be32_to_cpu(conn->rx_hdr.itt));
			/* RFC 7143 7.8: Reject, and the task ends with a CRC error. */
			reject_send(conn, &conn->rx_hdr, ISCSI_REASON_DATA_DIGEST);
			if (conn->rx_cmnd)
				cmnd_data_error(conn->rx_cmnd, ISCSI_SENSE_CRC_ERROR);
		}
	}
	if (data_out)
		data_out_end(conn);
	else
		scsi_cmd_data_end(conn);
}

/* Take data and trailer from the buffer. False: more must be received. */
bool rx_data_from_buf(struct iscsi_conn *conn)
{
	u32 n = min(conn->rx_left, conn->rx_tail - conn->rx_head);

	if (n) {
		rx_data_copy(conn, conn->rx_buf + conn->rx_head, n);
		conn->rx_head += n;
	}
	if (conn->rx_left)
		return false;
	n = min_t(u32, conn->rx_trailer_left, conn->rx_tail - conn->rx_head);
	if (n) {
		rx_trailer_copy(conn, conn->rx_buf + conn->rx_head, n);
		conn->rx_head += n;
	}
	if (conn->rx_trailer_left)
		return false;
	rx_data_end(conn);
	return true;
}

void rx_data_expect(struct iscsi_conn *conn, u32 len)
{
	conn->rx_left = len;
	conn->rx_in_data = true;
	conn->rx_crc = ISCSI_CRC_SEED;
	conn->rx_trailer_len = len ? iscsi_pad(len) + (conn->data_digest ? ISCSI_DIGEST_LEN : 0) : 0;
	conn->rx_trailer_left = conn->rx_trailer_len;
	if (len)
		conn->rx_small = len >= RX_BIG_SEGMENT;
}

/* ---- straight from the socket ------------------------------------------------------ */

/* The rest of a data segment as kvecs into its command; how many bytes they hold. */
u32 rx_data_kvecs(struct iscsi_conn *conn, struct kvec *iov, u32 *nr)
{
	u32 done = 0;

	while (done < conn->rx_left && *nr < RX_KVECS - 2) {
		u32 n = conn->rx_left - done;
		u8 *to = cmnd_data_at(conn->rx_cmnd, conn->rx_off + done, &n);

		if (!to)
			break;
		iov[(*nr)++] = (struct kvec){ to, n };
		done += n;
	}
	return done;
}

/* Bytes went straight into the command: account for them, and digest them. */
void rx_data_landed(struct iscsi_conn *conn, const struct kvec *iov, u32 bytes)
{
	conn->rx_left -= bytes;
	conn->rx_off += bytes;
	while (conn->data_digest && bytes) {
		u32 n = min_t(u32, bytes, iov->iov_len);

		conn->rx_crc = digest_add(conn->rx_crc, iov->iov_base, n);
		bytes -= n;
		iov++;
	}
}
