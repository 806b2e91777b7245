/* SPDX-License-Identifier: MIT */
/*
 * reject.c - Reject PDUs (RFC 7143 11.17): a reason, and the header it is about.
 * Whoever rejects has logged why. Home CPU, softirq context.
 */
#include "iscsi.h"

void reject_send(struct iscsi_conn *conn, const struct iscsi_hdr *rejected, enum iscsi_reject_reason reason)
{
	struct iscsi_reject_hdr *hdr;
	struct iscsi_out *out;
	u8 *copy;

	conn->stats.rejects++;
	if (!conn_can_send(conn))
		return;
	out = out_alloc(conn);
	if (!out)
		return;
	copy = kmemdup(rejected, ISCSI_BHS_LEN, GFP_ATOMIC);
	if (copy) {
		out_set_data(out, copy, ISCSI_BHS_LEN);
		out->free_data = true;
	}
	hdr = (struct iscsi_reject_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_REJECT;
	hdr->flags = ISCSI_FLAG_FINAL;
	hdr->reason = reason;
	hdr->itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}
