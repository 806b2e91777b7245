/* SPDX-License-Identifier: MIT */
/*
 * scst_tm.c - task management (SAM-5 7).
 *
 * A function marks commands as aborted on the CPU of the session that owns them;
 * it ends when every session reported back. A marked command that waits for its
 * data or its turn ends at once, one that executes ends when its handler is done:
 * either way its answer is withheld.
 */
#include "scst_priv.h"

/* Mark what @mcmd covers in @sess; on its home CPU. Returns how many. */
static u32 abort_in(struct scst_session *sess, struct scst_mgmt_cmd *mcmd, struct scst_device *dev)
{
	struct scst_tgt_template *tgtt = sess->tgt->tgtt->tgtt;
	struct scst_cmd *cmd, *next;
	u32 count = 0;

	list_for_each_entry_safe(cmd, next, &sess->cmd_list, sess_cmd_list_entry) {
		if (cmd->aborted || cmd->completed)
			continue;
		if (mcmd->fn == SCST_ABORT_TASK && cmd->tag != mcmd->tag)
			continue;
		if (dev && cmd->dev != dev)
			continue;
		cmd->aborted = 1;
		count++;
	}
	/* Ending one may end others: start over until none is left that can. */
again:
	list_for_each_entry(cmd, &sess->cmd_list, sess_cmd_list_entry) {
		if (!cmd->aborted || cmd->completed)
			continue;
		if (cmd->tgt_needs_data && tgtt->on_abort_cmd) {
			cmd->tgt_needs_data = 0;
			tgtt->on_abort_cmd(cmd);
			goto again;
		}
		if (!list_empty(&cmd->work.entry) && !cmd->sent_for_exec) {
			list_del_init(&cmd->work.entry);
			scst_finish_cmd(cmd);
			goto again;
		}
	}
	return count;
}

static struct scst_tgt_dev *lun_of(struct scst_mgmt_cmd *mcmd)
{
	struct scst_session *sess = mcmd->sess;

	return mcmd->unpacked_lun < sess->nr_luns ? sess->luns[mcmd->unpacked_lun] : NULL;
}

static void finish(struct scst_mgmt_cmd *mcmd)
{
	mcmd->sess->tgt->tgtt->tgtt->task_mgmt_fn_done(mcmd);
	kfree(mcmd);
}

static void reset_device(struct scst_device *dev, struct scst_tgt_dev *except, enum scst_tm_fn fn)
{
	if (dev->handler->task_mgmt_fn_done)
		dev->handler->task_mgmt_fn_done(dev, fn);
	scst_dev_set_ua(dev, except, 0x29, 0x03);
}

static enum scst_tm_status run(struct scst_mgmt_cmd *mcmd)
{
	struct scst_session *sess = mcmd->sess;
	struct scst_tgt_dev *tgt_dev = lun_of(mcmd);

	switch (mcmd->fn) {
	case SCST_ABORT_TASK:
		return abort_in(sess, mcmd, NULL) ? SCST_MGMT_STATUS_SUCCESS : SCST_MGMT_STATUS_TASK_NOT_EXIST;
	case SCST_ABORT_TASK_SET:
	case SCST_CLEAR_TASK_SET:	/* TST = 001b: the task set is this nexus' own */
		if (!tgt_dev)
			return SCST_MGMT_STATUS_LUN_NOT_EXIST;
		abort_in(sess, mcmd, tgt_dev->dev);
		return SCST_MGMT_STATUS_SUCCESS;
	case SCST_LUN_RESET:
		if (!tgt_dev)
			return SCST_MGMT_STATUS_LUN_NOT_EXIST;
		abort_in(sess, mcmd, tgt_dev->dev);
		reset_device(tgt_dev->dev, tgt_dev, mcmd->fn);
		return SCST_MGMT_STATUS_SUCCESS;
	case SCST_TARGET_RESET:
		abort_in(sess, mcmd, NULL);
		for (u32 lun = 0; lun < sess->nr_luns; lun++)
			if (sess->luns[lun])
				reset_device(sess->luns[lun]->dev, sess->luns[lun], mcmd->fn);
		return SCST_MGMT_STATUS_SUCCESS;
	case SCST_NEXUS_LOSS_SESS:
		abort_in(sess, mcmd, NULL);
		return SCST_MGMT_STATUS_SUCCESS;
	default:
		return SCST_MGMT_STATUS_FN_NOT_SUPPORTED;
	}
}

int scst_rx_mgmt_fn(struct scst_session *sess, const struct scst_rx_mgmt_params *params)
{
	struct scst_mgmt_cmd *mcmd = kzalloc(sizeof(*mcmd), GFP_ATOMIC);

	if (!mcmd)
		return -ENOMEM;
	mcmd->sess = sess;
	mcmd->fn = params->fn;
	mcmd->tag = params->tag;
	mcmd->tgt_sn = params->tgt_sn;
	mcmd->tgt_priv = params->tgt_priv;
	mcmd->unpacked_lun = params->lun ? scst_unpack_lun(params->lun) : U64_MAX;
	mcmd->status = run(mcmd);
	finish(mcmd);
	return 0;
}
EXPORT_SYMBOL(scst_rx_mgmt_fn);
