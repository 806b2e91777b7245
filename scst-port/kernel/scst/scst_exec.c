/* SPDX-License-Identifier: MIT */
/* scst_exec.c - what the core answers itself, and its small commands: REPORT LUNS, REQUEST SENSE, INQUIRY of no LUN. */
#include "scst_priv.h"

/* SPC-4 6.33: 0 and 2 report all LUNs here, 1 the well-known ones, of which there are none. */
static void exec_report_luns(struct scst_cmd *cmd)
{
	struct scst_session *sess = cmd->sess;
	u32 alloc = get_unaligned_be32(cmd->cdb + 6), count = 0;
	u8 *buf;

	if (cmd->cdb[2] > 2) {
		scst_set_invalid_field_in_cdb(cmd, 2, -1);
		return;
	}
	if (alloc < 16) {
		scst_set_invalid_field_in_cdb(cmd, 6, -1);
		return;
	}
	buf = kzalloc(8 + 8ul * sess->nr_luns, GFP_ATOMIC);
	if (!buf) {
		scst_set_busy(cmd);
		return;
	}
	for (u32 lun = 0; lun < sess->nr_luns; lun++) {
		if (!sess->luns[lun])
			continue;
		/* The nexus knows them now: REPORTED LUNS DATA HAS CHANGED is said (SPC-4 6.33). */
		scst_ua_forget(sess->luns[lun], 0x3f, 0x0e);
		if (cmd->cdb[2] != 1)
			scst_pack_lun(lun, buf + 8 + 8 * count++);
	}
	put_unaligned_be32(count * 8, buf);
	scst_copy_to_cmd(cmd, buf, 8 + count * 8);
	kfree(buf);
}

/* SPC-4 6.39: a waiting unit attention is reported as data, and so taken. D_SENSE has no say here, DESC has. */
static void exec_request_sense(struct scst_cmd *cmd)
{
	u8 sense[SCST_SENSE_BUFFERSIZE];
	u32 len;

	if (!cmd->tgt_dev)
		scst_set_cmd_error(cmd, scst_sense_lun_not_supported);
	else if (!(READ_ONCE(cmd->tgt_dev->ua_pending) && scst_ua_take(cmd)) &&
		 !(cmd->dev->handler->pollable_sense && cmd->dev->handler->pollable_sense(cmd)))
		scst_set_cmd_error(cmd, scst_sense_no_sense);
	len = scst_sense_convert(cmd->sense, cmd->sense_len, cmd->cdb[1] & 1, sense);
	cmd->status = SAM_STAT_GOOD;
	cmd->sense_len = 0;
	scst_copy_to_cmd(cmd, sense, len);
}

/* SPC-4 6.6.2: peripheral qualifier 011b, device type 1Fh. */
static void exec_inquiry_no_lun(struct scst_cmd *cmd)
{
	u8 buf[36] = { 0x7f, 0, 6, 2, 31 };

	if (cmd->cdb[1] & 1) {
		scst_set_cmd_error(cmd, scst_sense_lun_not_supported);
		return;
	}
	scst_copy_to_cmd(cmd, buf, sizeof(buf));
}

/* True: the command ends later, with those it aborts. */
static bool exec_pr_out(struct scst_cmd *cmd)
{
	struct scst_mgmt_cmd *mcmd;

	if ((cmd->cdb[1] & 0x1f) != PROUT_PREEMPT_AND_ABORT) {
		scst_exec_pr_out(cmd);
		return false;
	}
	mcmd = scst_tm_prepare_preempt(cmd);
	if (!mcmd) {
		scst_set_busy(cmd);
		return false;
	}
	scst_tm_start_preempt(mcmd, scst_exec_pr_out(cmd));
	return true;
}

void scst_exec_local(struct scst_cmd *cmd)
{
	switch (cmd->cdb[0]) {
	case REPORT_LUNS:
		exec_report_luns(cmd);
		break;
	case REQUEST_SENSE:
		exec_request_sense(cmd);
		break;
	case INQUIRY:
		exec_inquiry_no_lun(cmd);
		break;
	case RESERVE:
	case RESERVE_10:
		scst_exec_reserve(cmd);
		break;
	case RELEASE:
	case RELEASE_10:
		scst_exec_release(cmd);
		break;
	case PERSISTENT_RESERVE_IN:
		scst_exec_pr_in(cmd);
		break;
	case PERSISTENT_RESERVE_OUT:
		if (exec_pr_out(cmd))
			return;
		break;
	case EXTENDED_COPY:
		if (scst_copy_start(cmd))
			return;
		break;
	case RECEIVE_COPY_RESULTS:
		scst_copy_results(cmd);
		break;
	case MAINTENANCE_IN:
		if ((cmd->cdb[1] & 0x1f) == MI_REPORT_SUPPORTED_OPERATION_CODES)
			scst_report_opcodes(cmd);
		else
			scst_report_tm_functions(cmd);
		break;
	}
	scst_cmd_done(cmd);
}
