/* SPDX-License-Identifier: MIT */
/*
 * nop.c - NOP-Out and NOP-In, both ways (RFC 7143 11.18, 11.19), and what the
 * connection's timer looks at: is the initiator alive, does it read, and does it send
 * the data it owes?
 *
 * Limits: one ping of ours is outstanding; no answer (and no other byte) within
 *         nop_in_timeout_ms ends the connection. So does a send queue that does
 *         not move for tx_stall_ms, and a command that waits data_out_ms for its
 *         next Data-Out.
 * Threads: home CPU, softirq context.
 */
#include "iscsi.h"

void nop_out_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	u32 itt = be32_to_cpu(pdu->hdr->itt), ttt = be32_to_cpu(pdu->hdr->ttt);
	u32 len = min(pdu->data_len, conn->max_xmit);
	struct iscsi_rsp_hdr *hdr;
	struct iscsi_out *out;

	sn_request_done(conn, pdu->hdr);
	if (itt == ISCSI_RESERVED_TAG) {
		if (ttt == conn->ping_ttt && ttt != ISCSI_RESERVED_TAG) {
			conn->ping_ttt = ISCSI_RESERVED_TAG;
		} else if (ttt != ISCSI_RESERVED_TAG) {
			conn_complain(conn, "NOP-Out: ttt 0x%08x, expected 0x%08x", ttt, conn->ping_ttt);
			reject_send(conn, pdu->hdr, ISCSI_REASON_INVALID_FIELD);
		}
		return;		/* wants no answer */
	}
	out = out_alloc(conn);
	if (!out)
		return;
	if (len) {
		u8 *copy = kmemdup(pdu->data, len, GFP_ATOMIC);

		if (!copy) {
			out_free(out);
			reject_send(conn, pdu->hdr, ISCSI_REASON_LONG_OPERATION);
			return;
		}
		out_set_data(out, copy, len);
		out->free_data = true;
	}
	hdr = (struct iscsi_rsp_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_NOP_IN;
	hdr->flags = ISCSI_FLAG_FINAL;
	memcpy(hdr->lun, pdu->hdr->lun, sizeof(hdr->lun));
	hdr->itt = pdu->hdr->itt;
	hdr->ttt = cpu_to_be32(ISCSI_RESERVED_TAG);
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}

static void ping_send(struct iscsi_conn *conn)
{
	struct iscsi_out *out = out_alloc(conn);
	struct iscsi_rsp_hdr *hdr;

	if (!out)
		return;
	if (conn->next_ttt == ISCSI_RESERVED_TAG)
		conn->next_ttt = 0;
	conn->ping_ttt = conn->next_ttt++;
	conn->ping_sent = jiffies;
	hdr = (struct iscsi_rsp_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_NOP_IN;
	hdr->flags = ISCSI_FLAG_FINAL;
	hdr->itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	hdr->ttt = cpu_to_be32(conn->ping_ttt);
	/* StatSN is the next one, and stays that (RFC 7143 11.19.2). */
	sn_stamp(conn, hdr, SN_STAT_SHOW);
	tx_queue(conn, out);
}

/* A command whose data does not come holds its buffer and its place in the window for ever. */
static bool data_out_is_late(struct iscsi_conn *conn)
{
	unsigned long patience = msecs_to_jiffies(data_out_ms);
	struct iscsi_cmnd *cmnd;

	/* One that arrives just now, or would if we received, is not late. */
	if (conn->rx_paused || (conn->rx_in_data && !time_after(jiffies, conn->rx_last + patience)))
		return false;
	list_for_each_entry(cmnd, &conn->waiting, wait)
		if (time_after(jiffies, cmnd->heard + patience)) {
			conn_close(conn, "itt 0x%08x waits for Data-Out for %u ms", cmnd->itt,
				   jiffies_to_msecs(jiffies - cmnd->heard));
			return true;
		}
	return false;
}

/* Every conn->tick. */
void nop_tick(struct iscsi_conn *conn)
{
	unsigned long stall = msecs_to_jiffies(conn->state == ISCSI_CONN_DRAINING ? ISCSI_DRAIN_MS :
					       tx_stall_ms);

	if (conn->tx_first && time_after(jiffies, conn->tx_progress + stall)) {
		conn_close(conn, "the initiator has read nothing for %u ms, %llu bytes wait for it",
			   jiffies_to_msecs(jiffies - conn->tx_progress), conn->tx_bytes);
		return;
	}
	if (conn_is_up(conn) && data_out_is_late(conn))
		return;
	logout_continue(conn);
	/* While we do not receive, silence says nothing. */
	if (!conn_is_up(conn) || !conn->ping_interval || conn->rx_paused)
		return;
	if (conn->ping_ttt == ISCSI_RESERVED_TAG) {
		if (time_after_eq(jiffies, conn->rx_last + conn->ping_interval))
			ping_send(conn);
		return;
	}
	if (time_after(jiffies, conn->ping_sent + conn->ping_timeout) &&
	    time_after(jiffies, conn->rx_last + conn->ping_timeout))
		conn_close(conn, "no answer to NOP-In within %u ms", jiffies_to_msecs(conn->ping_timeout));
}
