/* SPDX-License-Identifier: MIT */
/*
 * data_out.c - Data-Out PDUs: the bursts of write data (RFC 7143 11.7).
 *
 * Bursts come in order, each with DataSN from 0 and without gaps (we negotiate
 * DataPDUInOrder=Yes and DataSequenceInOrder=Yes). One that does not ends its
 * command with CHECK CONDITION; the rest of its bursts is received and dropped,
 * and the connection lives on. A Data-Out that belongs to no command, or answers
 * no R2T of it, is rejected.
 *
 * Threads: home CPU, softirq context.
 */
#include "iscsi.h"

static struct iscsi_burst *burst_find(struct iscsi_cmnd *cmnd, u32 ttt)
{
	if (ttt == ISCSI_RESERVED_TAG)
		return cmnd->unsolicited.open ? &cmnd->unsolicited : NULL;
	for (u32 i = 0; i < ISCSI_MAX_R2T; i++)
		if (cmnd->r2t[i].open && cmnd->r2t[i].ttt == ttt)
			return &cmnd->r2t[i];
	return NULL;
}

/* Does this PDU continue @burst? Sense if not, with a line that says why; else 0. */
static u32 burst_check(struct iscsi_cmnd *cmnd, const struct iscsi_burst *burst,
		       const struct iscsi_data_out_hdr *hdr, u32 len)
{
	u32 data_sn = be32_to_cpu(hdr->data_sn), offset = be32_to_cpu(hdr->offset);
	u32 left = burst->len - burst->received;

	if (data_sn != burst->data_sn) {
		conn_complain(cmnd->conn, "Data-Out, itt 0x%08x: DataSN is %u, expected %u", cmnd->itt,
			      data_sn, burst->data_sn);
		return ISCSI_SENSE_CRC_ERROR;	/* one is lost, RFC 7143 7.9 */
	}
	if (offset != burst->offset + burst->received) {
		conn_complain(cmnd->conn, "Data-Out, itt 0x%08x: Buffer Offset is %u, expected %u",
			      cmnd->itt, offset, burst->offset + burst->received);
		return ISCSI_SENSE_WRONG_AMOUNT;
	}
	if (len > left) {
		conn_complain(cmnd->conn, "Data-Out, itt 0x%08x: %u bytes at offset %u, expected at most %u",
			      cmnd->itt, len, offset, left);
		return ISCSI_SENSE_WRONG_AMOUNT;
	}
	if (burst->ttt == ISCSI_RESERVED_TAG)
		return 0;	/* may end early: R2Ts ask for the rest */
	if (hdr->flags & ISCSI_FLAG_FINAL && len < left) {
		conn_complain(cmnd->conn, "Data-Out, itt 0x%08x: F bit after %u bytes, expected after %u",
			      cmnd->itt, burst->received + len, burst->len);
		return ISCSI_SENSE_WRONG_AMOUNT;
	}
	return 0;
}

static void data_out_refuse(struct iscsi_conn *conn, const struct iscsi_pdu *pdu,
			    enum iscsi_reject_reason reason)
{
	reject_send(conn, pdu->hdr, reason);
}

void data_out_begin(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	const struct iscsi_data_out_hdr *hdr = (void *)pdu->hdr;
	u32 itt = be32_to_cpu(hdr->itt), ttt = be32_to_cpu(hdr->ttt), sense = 0;
	struct iscsi_cmnd *cmnd = cmnd_find(conn, itt);
	struct iscsi_burst *burst;

	if (!cmnd) {
		if (cmnd_was_aborted(conn, itt))
			return;
		conn_complain(conn, "Data-Out: itt 0x%08x, expected one of the %u commands in flight", itt,
			      conn->nr_cmnds);
		data_out_refuse(conn, pdu, ISCSI_REASON_PROTOCOL);
		return;
	}
	burst = burst_find(cmnd, ttt);
	if (!burst && ttt == ISCSI_RESERVED_TAG) {
		conn_complain(conn, "Data-Out, itt 0x%08x: unsolicited data, expected none", itt);
		cmnd_data_error(cmnd, ISCSI_SENSE_UNEXPECTED_DATA);
		data_out_refuse(conn, pdu, ISCSI_REASON_PROTOCOL);
		return;
	}
	if (!burst) {
		conn_complain(conn, "Data-Out, itt 0x%08x: ttt 0x%08x, expected that of one of %u R2Ts", itt,
			      ttt, cmnd->nr_r2t);
		data_out_refuse(conn, pdu, ISCSI_REASON_INVALID_FIELD);
		return;
	}
	if (!cmnd->error)
		sense = burst_check(cmnd, burst, hdr, pdu->data_len);
	if (sense)
		cmnd_data_error(cmnd, sense);

	rx_data_begin(conn, cmnd, burst->offset + burst->received);
	conn->rx_burst = burst;
	conn->rx_final = hdr->flags & ISCSI_FLAG_FINAL;
	cmnd->heard = jiffies;
	burst->data_sn++;
	burst->received += pdu->data_len;
}

/* Its data is here (or was dropped): the F bit ends the burst. */
void data_out_end(struct iscsi_conn *conn)
{
	struct iscsi_cmnd *cmnd = conn->rx_cmnd;
	struct iscsi_burst *burst = conn->rx_burst;

	conn->rx_cmnd = NULL;
	conn->rx_burst = NULL;
	if (!burst)
		return;
	if (!conn->rx_final) {
		if (burst->received < burst->len)
			return;
		/* All of it came, so the F bit will never: do not wait for it. */
		conn_complain(conn, "Data-Out, itt 0x%08x: no F bit after %u bytes, expected it", cmnd->itt,
			      burst->received);
		cmnd_data_error(cmnd, ISCSI_SENSE_WRONG_AMOUNT);
	}
	burst->open = false;
	if (burst != &cmnd->unsolicited)
		cmnd->nr_r2t--;
	cmnd_data_progress(cmnd);
}
