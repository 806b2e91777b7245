/* SPDX-License-Identifier: MIT */
/*
 * r2t.c - asking for write data (RFC 7143 11.8).
 *
 * Each R2T asks for the next MaxBurstLength bytes or what is left; no more than
 * MaxOutstandingR2T (and ISCSI_MAX_R2T) are outstanding per command.
 *
 * Threads: home CPU, softirq context.
 */
#include "iscsi.h"

static struct iscsi_burst *burst_free_slot(struct iscsi_cmnd *cmnd)
{
	for (u32 i = 0; i < ISCSI_MAX_R2T; i++)
		if (!cmnd->r2t[i].open)
			return &cmnd->r2t[i];
	return NULL;
}

static u32 next_ttt(struct iscsi_conn *conn)
{
	if (conn->next_ttt == ISCSI_RESERVED_TAG)
		conn->next_ttt = 0;
	return conn->next_ttt++;
}

static bool r2t_send_one(struct iscsi_cmnd *cmnd, u32 limit)
{
	struct iscsi_conn *conn = cmnd->conn;
	struct iscsi_burst *burst = burst_free_slot(cmnd);
	struct iscsi_out *out;
	struct iscsi_r2t_hdr *hdr;

	if (!burst)
		return false;
	out = out_alloc(conn);
	if (!out)
		return false;
	*burst = (struct iscsi_burst){
		.ttt = next_ttt(conn),
		.offset = cmnd->r2t_next,
		.len = min(limit - cmnd->r2t_next, conn->max_burst),
		.open = true,
	};
	cmnd->r2t_next += burst->len;
	cmnd->nr_r2t++;

	hdr = (struct iscsi_r2t_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_R2T;
	hdr->flags = ISCSI_FLAG_FINAL;
	hdr->itt = cpu_to_be32(cmnd->itt);
	hdr->ttt = cpu_to_be32(burst->ttt);
	hdr->r2t_sn = cpu_to_be32(cmnd->r2t_sn++);
	hdr->offset = cpu_to_be32(burst->offset);
	hdr->desired_len = cpu_to_be32(burst->len);
	sn_stamp(conn, hdr, SN_STAT_SHOW);
	tx_queue(conn, out);
	return true;
}

void r2t_send(struct iscsi_cmnd *cmnd)
{
	u32 limit = cmnd->scst->bufflen;

	while (cmnd->r2t_next < limit && cmnd->nr_r2t < cmnd->conn->max_r2t)
		if (!r2t_send_one(cmnd, limit))
			return;
}
