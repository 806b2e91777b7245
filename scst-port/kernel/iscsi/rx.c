/* SPDX-License-Identifier: MIT */
/*
 * rx.c - receiving: one kernel_recvmsg() takes all there is into the connection's
 * buffer, and every complete PDU in it is decoded in place.
 *
 * A SCSI Command or Data-Out begins as soon as its header is complete; its data
 * segment is copied to the command as far as it is here, and the rest is received
 * straight into the command's buffer, together with what follows it. While large
 * segments come, only RX_PEEK bytes a call go through our buffer. All
 * other PDUs are handled once they are complete; the buffer holds the largest.
 *
 * Invariant: unread bytes are rx_buf[rx_head, rx_tail), and a PDU begins at a
 *            multiple of 4. While rx_in_data and rx_left, the buffer is empty
 *            when more is received.
 * Limits:    MaxRecvDataSegmentLength and ISCSI_MAX_AHS_BYTES end the connection;
 *            a full send queue pauses receiving.
 * Threads:   home CPU, softirq context.
 */
#include "rx.h"

#define RX_PEEK		(16u << 10)
#define RX_ROUNDS	4		/* receive calls before others have their turn */
#define RX_FLUSH_BYTES	(512u << 10)	/* send meanwhile, when so much is queued */

/* ---- dispatch ------------------------------------------------------------------ */

/*
 * Request PDUs of full-feature phase (RFC 7143 11.2.1.2). @begin ones get their
 * data as it comes, @exec ones whole. @sequenced: carries a CmdSN.
 */
static const struct pdu_kind {
	const char *name;
	bool sequenced;
	void (*begin)(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
	void (*exec)(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
} pdu_kinds[ISCSI_OPCODE_MASK + 1] = {
	[ISCSI_OP_NOP_OUT]	= { "NOP-Out",		true,	.exec = nop_out_exec },
	[ISCSI_OP_SCSI_CMD]	= { "SCSI Command",	true,	.begin = scsi_cmd_begin },
	[ISCSI_OP_TMF_REQ]	= { "Task Management",	true,	.exec = tmf_exec },
	[ISCSI_OP_TEXT_REQ]	= { "Text Request",	true,	.exec = text_exec },
	[ISCSI_OP_LOGOUT_REQ]	= { "Logout Request",	true,	.exec = logout_exec },
	[ISCSI_OP_DATA_OUT]	= { "Data-Out",		false,	.begin = data_out_begin },
};

static const struct pdu_kind *pdu_kind(const struct iscsi_hdr *hdr)
{
	return &pdu_kinds[hdr->opcode & ISCSI_OPCODE_MASK];
}

/* No handler: SNACK needs ErrorRecoveryLevel 1 (RFC 7143 11.16), Login is over, or nobody's. */
static void pdu_refuse(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	u8 opcode = pdu->hdr->opcode & ISCSI_OPCODE_MASK;
	enum iscsi_reject_reason reason = ISCSI_REASON_UNSUPPORTED;

	if (opcode == ISCSI_OP_SNACK_REQ)
		reason = ISCSI_REASON_SNACK;
	else if (opcode == ISCSI_OP_LOGIN_REQ)
		reason = ISCSI_REASON_PROTOCOL;
	conn_complain(conn, "opcode is 0x%02x, expected one of full-feature phase (0x00-0x06)", opcode);
	reject_send(conn, pdu->hdr, reason);
	rx_data_begin(conn, NULL, 0);
}

static void note_exp_stat_sn(struct iscsi_conn *conn, const struct iscsi_hdr *hdr)
{
	u32 sn = be32_to_cpu(hdr->exp_stat_sn);

	if (iscsi_sn_before(conn->exp_stat_sn, sn) && !iscsi_sn_before(conn->stat_sn, sn))
		conn->exp_stat_sn = sn;
}

/*
 * The header at rx_head is complete: is it sound? It may be looked at again, when
 * its PDU must be complete, so nothing is changed here. False: the connection ends.
 */
static bool header_check(struct iscsi_conn *conn, const struct iscsi_hdr *hdr, u32 ahs_len, u32 data_len)
{
	u32 hdr_len = ISCSI_BHS_LEN + ahs_len;

	/* RFC 7143 7.8: lengths cannot be trusted, so there is no next PDU to find. */
	if (conn->header_digest &&
	    !digest_matches((u8 *)hdr + hdr_len, digest_add(ISCSI_CRC_SEED, hdr, hdr_len))) {
		conn_close(conn, "header digest does not match");
		return false;
	}
	if (ahs_len > ISCSI_MAX_AHS_BYTES) {
		conn_complain(conn, "TotalAHSLength is %u bytes, expected at most %u", ahs_len,
			      ISCSI_MAX_AHS_BYTES);
		reject_send(conn, hdr, ISCSI_REASON_INVALID_FIELD);
		conn_drain(conn, "additional header too long");
		return false;
	}
	if (data_len > conn->max_recv) {
		conn_complain(conn, "DataSegmentLength is %u, expected at most %u (MaxRecvDataSegmentLength)",
			      data_len, conn->max_recv);
		reject_send(conn, hdr, ISCSI_REASON_PROTOCOL);
		conn_drain(conn, "data segment too long");
		return false;
	}
	return true;
}

/* A complete PDU in the buffer with a good data digest? The Reject is sent if not. */
static bool whole_digest_ok(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	u32 padded = pdu->data_len + iscsi_pad(pdu->data_len);

	if (!conn->data_digest || !pdu->data_len ||
	    digest_matches(pdu->data + padded, digest_add(ISCSI_CRC_SEED, pdu->data, padded)))
		return true;
	conn_complain(conn, "data digest of opcode 0x%02x, itt 0x%08x does not match",
		      pdu->hdr->opcode & ISCSI_OPCODE_MASK, be32_to_cpu(pdu->hdr->itt));
	reject_send(conn, pdu->hdr, ISCSI_REASON_DATA_DIGEST);
	return false;
}

/* A PDU that is complete, and whose turn it is. */
static void pdu_exec_whole(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	const struct pdu_kind *kind = pdu_kind(pdu->hdr);

	if (kind->exec) {
		kind->exec(conn, pdu);
		return;
	}
	conn->rx_hdr = *pdu->hdr;
	rx_data_begin(conn, NULL, 0);
	rx_data_expect(conn, pdu->data_len);
	/* It was checked when it was received. */
	conn->rx_trailer_len = 0;
	conn->rx_trailer_left = 0;
	kind->begin(conn, pdu);
	rx_data_copy(conn, pdu->data, pdu->data_len);
	rx_data_end(conn);
}

/* An earlier CmdSN came: what waited for it may go on. */
static void exec_held(struct iscsi_conn *conn)
{
	struct iscsi_held *held;

	while (conn_is_up(conn) && (held = sn_next_held(conn))) {
		struct iscsi_pdu pdu = {
			.hdr = (struct iscsi_hdr *)held->bytes,
			.ahs = held->bytes + ISCSI_BHS_LEN,
			.ahs_len = held->ahs_len,
			.data = held->bytes + ISCSI_BHS_LEN + held->ahs_len,
			.data_len = held->data_len,
		};

		if (held->is_gone)
			sn_slot_free(conn);
		else
			pdu_exec_whole(conn, &pdu);
		kvfree(held);
	}
}

static enum sn_order order_of(struct iscsi_conn *conn, const struct iscsi_hdr *hdr)
{
	if (pdu_kind(hdr)->sequenced)
		return sn_order(conn, hdr);
	/* Unsolicited data of a command that is held is held behind it. */
	if (!list_empty(&conn->held) && (hdr->opcode & ISCSI_OPCODE_MASK) == ISCSI_OP_DATA_OUT &&
	    sn_holds_itt(conn, hdr->itt))
		return SN_LATER;
	return SN_NOW;
}

/* Begin the PDU at rx_head. False: it is not all here, or the connection ends. */
static bool rx_pdu(struct iscsi_conn *conn)
{
	u32 here = conn->rx_tail - conn->rx_head, ahs_len, data_len, hdr_len, whole_len;
	const struct iscsi_hdr *hdr = (struct iscsi_hdr *)(conn->rx_buf + conn->rx_head);
	const struct pdu_kind *kind;
	enum sn_order order;
	struct iscsi_pdu pdu;

	if (here < ISCSI_BHS_LEN)
		return false;
	ahs_len = hdr->ahs_len * 4;
	hdr_len = ISCSI_BHS_LEN + ahs_len + (conn->header_digest ? ISCSI_DIGEST_LEN : 0);
	if (here < hdr_len)
		return false;
	data_len = iscsi_get_be24(hdr->data_len);
	if (!header_check(conn, hdr, ahs_len, data_len))
		return false;

	kind = pdu_kind(hdr);
	order = order_of(conn, hdr);
	pdu = (struct iscsi_pdu){ hdr, (u8 *)hdr + ISCSI_BHS_LEN, ahs_len, (u8 *)hdr + hdr_len, data_len };
	whole_len = hdr_len + data_len + iscsi_pad(data_len);
	if (data_len && conn->data_digest)
		whole_len += ISCSI_DIGEST_LEN;

	if (order == SN_LATER || (kind->exec && order == SN_NOW)) {
		if (here < whole_len)
			return false;
		conn->rx_head += whole_len;
		conn->stats.rx_pdus++;
		if (order == SN_LATER) {
			if (whole_digest_ok(conn, &pdu))
				sn_hold(conn, &pdu);
			return true;
		}
		note_exp_stat_sn(conn, hdr);
		if (!(hdr->opcode & ISCSI_IMMEDIATE))
			conn->exp_cmd_sn++;
		if (whole_digest_ok(conn, &pdu))
			kind->exec(conn, &pdu);
		else
			sn_request_done(conn, hdr);
		return true;
	}

	conn->rx_head += hdr_len;
	conn->stats.rx_pdus++;
	if (data_len)
		conn->rx_hdr = *hdr;
	else
		conn->rx_hdr.opcode = hdr->opcode;
	rx_data_begin(conn, NULL, 0);
	rx_data_expect(conn, data_len);
	if (order == SN_IGNORE) {
		/* RFC 7143 4.2.2.1: silently. */
		conn->stats.ignored++;
	} else {
		note_exp_stat_sn(conn, hdr);
		if (kind->sequenced && !(hdr->opcode & ISCSI_IMMEDIATE))
			conn->exp_cmd_sn++;
		if (kind->begin)
			kind->begin(conn, &pdu);
		else
			pdu_refuse(conn, &pdu);
	}
	return true;
}

static void parse_complete(struct iscsi_conn *conn)
{
	while (conn_is_up(conn)) {
		if (conn->rx_in_data) {
			if (!rx_data_from_buf(conn))
				return;
		} else {
			if (!list_empty(&conn->held))
				exec_held(conn);
			if (tx_is_full(conn)) {
				conn_tx(conn);
				if (tx_is_full(conn)) {
					conn->rx_paused = true;
					return;
				}
			} else if (conn->tx_bytes > RX_FLUSH_BYTES) {
				conn_tx(conn);
			}
			if (!conn_is_up(conn) || !rx_pdu(conn))
				return;
		}
	}
}

/* Decode all that is complete. What executes at another time did not come together with anything. */
static void rx_parse(struct iscsi_conn *conn)
{
	struct scst_session *sess = conn->scst;

	sess->rx_batch = ++conn->rx_batches;
	parse_complete(conn);
	sess->rx_batch = 0;
}

/* ---- the socket -------------------------------------------------------------------- */

/* Unread bytes to the front, where it takes that to make room for one more PDU. */
static void rx_make_room(struct iscsi_conn *conn)
{
	u32 here = conn->rx_tail - conn->rx_head;

	if (!conn->rx_head)
		return;
	if (here)
		memmove(conn->rx_buf, conn->rx_buf + conn->rx_head, here);
	conn->rx_head = 0;
	conn->rx_tail = here;
}

/*
 * One receive call: what is left of the current data segment, its trailer, then
 * our buffer. *@more: there may be more in the socket. Bytes, 0 at the end of the
 * stream, or -errno.
 */
static int rx_receive(struct iscsi_conn *conn, bool *more)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	struct kvec iov[RX_KVECS];
	u32 nr = 0, direct = 0, trailer = 0, room, n;
	size_t total;
	int got;

	rx_make_room(conn);
	if (conn->rx_in_data && conn->rx_cmnd && conn->rx_left)
		direct = rx_data_kvecs(conn, iov, &nr);
	if (conn->rx_in_data && direct == conn->rx_left && conn->rx_trailer_left) {
		trailer = conn->rx_trailer_left;
		iov[nr++] = (struct kvec){ conn->rx_trailer + conn->rx_trailer_len - trailer, trailer };
	}
	room = conn->rx_size - conn->rx_tail;
	if (conn->rx_small && conn->rx_tail < RX_PEEK)
		room = RX_PEEK - conn->rx_tail;
	if (!conn->rx_in_data || direct == conn->rx_left)
		iov[nr++] = (struct kvec){ conn->rx_buf + conn->rx_tail, room };
	else if (!direct)	/* to be dropped */
		iov[nr++] = (struct kvec){ conn->rx_buf, min(conn->rx_size, conn->rx_left) };

	total = 0;
	for (u32 i = 0; i < nr; i++)
		total += iov[i].iov_len;
	got = kernel_recvmsg(conn->sock, &msg, iov, nr, total, MSG_DONTWAIT);
	conn->stats.rx_calls++;
	*more = got > 0 && (size_t)got == total;
	if (got <= 0)
		return got;

	conn->stats.rx_bytes += got;
	conn->rx_last = jiffies;
	n = min_t(u32, got, direct);
	rx_data_landed(conn, iov, n);
	got -= n;
	n = min_t(u32, got, trailer);
	conn->rx_trailer_left -= n;
	conn->rx_tail += got - n;
	return 1;
}

static void rx_ended(struct iscsi_conn *conn, int error)
{
	u32 here = conn->rx_tail - conn->rx_head;

	if (error)
		conn_close(conn, "receiving failed: error %d", error);
	else if (conn->state == ISCSI_CONN_DRAINING)
		conn_close(conn, NULL);
	else if (conn->rx_in_data)
		conn_close(conn, "the initiator closed the connection, %u bytes of a data segment missing",
			   conn->rx_left);
	else if (here)
		conn_close(conn, "the initiator closed the connection after %u bytes of a PDU", here);
	else
		conn_close(conn, "the initiator closed the connection");
}

/* There may be something to receive. Everything it causes is sent at its end. */
void conn_rx(struct iscsi_conn *conn)
{
	bool more = true;

	if (!conn_can_send(conn) || conn->rx_busy || conn->rx_paused)
		return;
	conn->rx_busy = true;
	rx_parse(conn);		/* what a pause left in the buffer */
	for (int round = 0; more && conn_can_send(conn) && !conn->rx_paused; round++) {
		int got;

		if (round == RX_ROUNDS) {
			conn->rx_again = true;
			tasklet_schedule(&conn->tasklet);
			break;
		}
		got = rx_receive(conn, &more);
		if (got == -EAGAIN || got == -EINTR)
			break;
		if (got <= 0) {
			rx_ended(conn, got);
			break;
		}
		if (conn->state == ISCSI_CONN_DRAINING) {
			/* Read on and forget, or closing would reset the connection and lose what we said. */
			conn->rx_in_data = false;
			conn->rx_head = 0;
			conn->rx_tail = 0;
		} else {
			rx_parse(conn);
		}
	}
	conn->rx_busy = false;
	conn_tx(conn);
}
