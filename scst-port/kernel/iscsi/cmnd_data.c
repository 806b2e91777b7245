/* SPDX-License-Identifier: MIT */
/*
 * cmnd_data.c - the write data of a command: where each byte of it goes, what is asked
 * for next, and when all of it is here.
 *
 * Data that comes before the core gave a buffer (it holds the command back) waits in a
 * buffer of its own, at most FirstBurstLength.
 *
 * Threads: home CPU, softirq context.
 */
#include <linux/mm.h>

#include "iscsi.h"

static void early_alloc(struct iscsi_cmnd *cmnd)
{
	u32 size = min(cmnd->expected_len, cmnd->conn->first_burst);

	cmnd->early = size ? kvzalloc(size, GFP_ATOMIC) : NULL;
	if (cmnd->early)
		cmnd->early_size = size;
	else
		cmnd->error = ISCSI_SENSE_NO_RESOURCES;
}

u8 *cmnd_data_at(struct iscsi_cmnd *cmnd, u32 off, u32 *len)
{
	u32 limit;

	if (cmnd->error || cmnd->answer_waits)
		return NULL;
	if (!cmnd->needs_data) {
		if (!cmnd->scst)
			return NULL;
		if (!cmnd->early)
			early_alloc(cmnd);
		if (off >= cmnd->early_size)
			return NULL;
		*len = min(*len, cmnd->early_size - off);
		cmnd->early_len = max(cmnd->early_len, off + *len);
		return cmnd->early + off;
	}
	/* The CDB may want less than was announced: the rest is dropped. */
	limit = cmnd->scst->bufflen;
	if (off >= limit)
		return NULL;
	if (!cmnd->cur_sg || off < cmnd->cur_base) {
		cmnd->cur_sg = cmnd->scst->sg;
		cmnd->cur_base = 0;
	}
	while (off - cmnd->cur_base >= cmnd->cur_sg->length) {
		cmnd->cur_base += cmnd->cur_sg->length;
		cmnd->cur_sg = sg_next(cmnd->cur_sg);
	}
	off -= cmnd->cur_base;
	*len = min3(*len, cmnd->cur_sg->length - off, limit - cmnd->cur_base - off);
	return (u8 *)sg_virt(cmnd->cur_sg) + off;
}

/* The core gave a buffer: what came before it goes there. */
static void early_copy(struct iscsi_cmnd *cmnd)
{
	u8 *early = cmnd->early;
	u32 done = 0;

	cmnd->early = NULL;
	while (done < cmnd->early_len) {
		u32 n = cmnd->early_len - done;
		u8 *to = cmnd_data_at(cmnd, done, &n);

		if (!to)
			break;
		memcpy(to, early + done, n);
		done += n;
	}
	kvfree(early);
}

void cmnd_data_error(struct iscsi_cmnd *cmnd, u32 sense)
{
	if (!cmnd->error)
		cmnd->error = sense;
}

static void cmnd_data_done(struct iscsi_cmnd *cmnd)
{
	struct scst_cmd *cmd = cmnd->scst;

	cmnd->needs_data = 0;
	list_del_init(&cmnd->wait);
	if (!cmnd->error) {
		scst_rx_data(cmd, SCST_RX_DATA_OK);
		return;
	}
	scst_set_cmd_error(cmd, cmnd->error >> 16, cmnd->error >> 8 & 0xff, cmnd->error & 0xff);
	scst_rx_data(cmd, SCST_RX_DATA_ERROR);
}

void cmnd_data_progress(struct iscsi_cmnd *cmnd)
{
	if (cmnd->needs_data && !cmnd->error && !cmnd->unsolicited.open) {
		cmnd->r2t_next = max(cmnd->r2t_next, cmnd->unsolicited.received);
		r2t_send(cmnd);
		/* There was no memory to ask: it must not run upon bytes that nobody sent. */
		if (cmnd->r2t_next < cmnd->scst->bufflen && !cmnd_burst_open(cmnd))
			cmnd_data_error(cmnd, ISCSI_SENSE_NO_RESOURCES);
	}
	if (cmnd_burst_open(cmnd))
		return;
	if (cmnd->answer_waits) {
		cmnd->answer_waits = 0;
		list_del_init(&cmnd->wait);
		cmnd_answer(cmnd);
	} else if (cmnd->needs_data) {
		cmnd_data_done(cmnd);
	}
}

void cmnd_rdy_to_xfer(struct scst_cmd *cmd)
{
	struct iscsi_cmnd *cmnd = cmd->tgt_priv;
	struct iscsi_conn *conn = cmnd->conn;

	if (!conn_can_send(conn)) {
		scst_rx_data(cmd, SCST_RX_DATA_ABORT);
		return;
	}
	cmnd->needs_data = 1;
	cmnd->heard = jiffies;
	list_add_tail(&cmnd->wait, &conn->waiting);
	/* There is nobody to ask for bytes that were not announced. */
	if (!(cmnd->flags & ISCSI_CMD_WRITE) || cmd->bufflen > cmnd->expected_len) {
		conn_complain(conn, "itt 0x%08x: CDB 0x%02x writes %u bytes, announced are %u", cmnd->itt,
			      cmd->cdb[0], cmd->bufflen,
			      cmnd->flags & ISCSI_CMD_WRITE ? cmnd->expected_len : 0);
		cmnd_data_error(cmnd, ISCSI_SENSE_INVALID_FIELD);
	}
	if (cmnd->early)
		early_copy(cmnd);
	cmnd_data_progress(cmnd);
}
