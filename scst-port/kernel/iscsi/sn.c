/* SPDX-License-Identifier: MIT */
/*
 * sn.c - the order of requests: CmdSN, its window, and PDUs that came early.
 *
 * Requests run in CmdSN order (RFC 7143 4.2.2.1). What is ahead of its turn but in
 * the window [ExpCmdSN, MaxCmdSN] is held, whole, until the gap is closed; what is
 * outside, or a duplicate, is ignored in silence, as the RFC asks. Immediate
 * requests run at once.
 *
 * MaxCmdSN starts at ExpCmdSN + queue_depth - 1 and moves up by one for each
 * request that is answered: so it never goes back, and queue_depth is the most
 * that can be in flight.
 *
 * Invariant: conn->held is sorted by CmdSN, each once; Data-Out PDUs ride right
 *            behind the command they belong to.
 * Limits:    the window, and ISCSI_MAX_HELD_BYTES: beyond it the connection ends.
 * Threads:   home CPU, softirq context.
 */
#include <linux/mm.h>

#include "iscsi.h"

enum sn_order sn_order(struct iscsi_conn *conn, const struct iscsi_hdr *hdr)
{
	u32 sn = be32_to_cpu(hdr->cmd_sn);

	if (hdr->opcode & ISCSI_IMMEDIATE)
		return SN_NOW;
	if (iscsi_sn_before(sn, conn->exp_cmd_sn) || iscsi_sn_before(conn->max_cmd_sn, sn))
		return SN_IGNORE;
	return sn == conn->exp_cmd_sn ? SN_NOW : SN_LATER;
}

static struct iscsi_held *held_find_itt(struct iscsi_conn *conn, __be32 itt)
{
	struct iscsi_held *held;

	list_for_each_entry(held, &conn->held, entry)
		if (!held->is_data_out && !held->is_gone && ((struct iscsi_hdr *)held->bytes)->itt == itt)
			return held;
	return NULL;
}

bool sn_holds_itt(struct iscsi_conn *conn, __be32 itt)
{
	return held_find_itt(conn, itt);
}

/* The entry that one with @sn goes behind; NULL when that CmdSN is there already. */
static struct list_head *held_place(struct iscsi_conn *conn, u32 sn)
{
	struct iscsi_held *held;

	list_for_each_entry_reverse(held, &conn->held, entry) {
		if (held->cmd_sn == sn)
			return NULL;
		if (iscsi_sn_before(held->cmd_sn, sn))
			return &held->entry;
	}
	return &conn->held;
}

/* The last one that rides behind @held. */
static struct list_head *held_riders_end(struct iscsi_conn *conn, struct iscsi_held *held)
{
	while (!list_is_last(&held->entry, &conn->held)) {
		struct iscsi_held *next = list_next_entry(held, entry);

		if (!next->is_data_out)
			break;
		held = next;
	}
	return &held->entry;
}

static struct iscsi_held *held_new(struct iscsi_conn *conn, u32 len)
{
	struct iscsi_held *held;

	if (conn->held_bytes + len > ISCSI_MAX_HELD_BYTES) {
		conn_close(conn, "%u bytes wait for CmdSN %u, expected at most %u",
			   conn->held_bytes + len, conn->exp_cmd_sn, ISCSI_MAX_HELD_BYTES);
		return NULL;
	}
	held = kvmalloc(sizeof(*held) + len, GFP_ATOMIC);
	if (!held) {
		conn_close(conn, "no memory for a request ahead of its turn");
		return NULL;
	}
	held->is_data_out = false;
	held->is_gone = false;
	held->begun = conn->rx_last;
	held->len = len;
	conn->held_bytes += len;
	return held;
}

void sn_hold(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	bool data_out = (pdu->hdr->opcode & ISCSI_OPCODE_MASK) == ISCSI_OP_DATA_OUT;
	u32 sn = be32_to_cpu(pdu->hdr->cmd_sn);
	struct iscsi_held *held;
	struct list_head *place;

	if (data_out) {
		struct iscsi_held *owner = held_find_itt(conn, pdu->hdr->itt);

		if (!owner)
			return;
		sn = owner->cmd_sn;
		place = held_riders_end(conn, owner);
	} else {
		place = held_place(conn, sn);
		if (!place) {
			conn->stats.ignored++;
			return;
		}
	}
	held = held_new(conn, ISCSI_BHS_LEN + pdu->ahs_len + pdu->data_len);
	if (!held)
		return;
	held->cmd_sn = sn;
	held->is_data_out = data_out;
	held->ahs_len = pdu->ahs_len;
	held->data_len = pdu->data_len;
	memcpy(held->bytes, pdu->hdr, ISCSI_BHS_LEN);
	memcpy(held->bytes + ISCSI_BHS_LEN, pdu->ahs, pdu->ahs_len);
	memcpy(held->bytes + ISCSI_BHS_LEN + pdu->ahs_len, pdu->data, pdu->data_len);
	list_add(&held->entry, place);
}

struct iscsi_held *sn_next_held(struct iscsi_conn *conn)
{
	struct iscsi_held *held = list_first_entry_or_null(&conn->held, struct iscsi_held, entry);

	if (!held)
		return NULL;
	if (!held->is_data_out) {
		if (held->cmd_sn != conn->exp_cmd_sn)
			return NULL;
		conn->exp_cmd_sn++;
	}
	list_del(&held->entry);
	conn->held_bytes -= held->len;
	return held;
}

bool sn_consider_received(struct iscsi_conn *conn, u32 ref_sn)
{
	struct iscsi_held *held;
	struct list_head *place;

	if (iscsi_sn_before(ref_sn, conn->exp_cmd_sn) || iscsi_sn_before(conn->max_cmd_sn, ref_sn))
		return false;
	place = held_place(conn, ref_sn);
	if (!place) {
		list_for_each_entry(held, &conn->held, entry)
			if (held->cmd_sn == ref_sn && !held->is_data_out)
				held->is_gone = true;
		return true;
	}
	held = held_new(conn, 0);
	if (!held)
		return false;
	held->cmd_sn = ref_sn;
	held->is_gone = true;
	list_add(&held->entry, place);
	return true;
}

void sn_purge(struct iscsi_conn *conn)
{
	struct iscsi_held *held, *next;

	list_for_each_entry_safe(held, next, &conn->held, entry) {
		list_del(&held->entry);
		kvfree(held);
	}
	conn->held_bytes = 0;
}
