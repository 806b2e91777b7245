/* SPDX-License-Identifier: MIT */
/*
 * scsi_rsp.c - how a command ends: data, status, sense and residuals (RFC 7143
 * 11.4). GOOD after read data rides in the last Data-In PDU.
 *
 * Threads: home CPU, softirq context.
 */
#include <asm/unaligned.h>

#include "iscsi.h"

/* Bytes of read data that are to be sent. */
static u32 read_len(const struct iscsi_cmnd *cmnd)
{
	const struct scst_cmd *cmd = cmnd->scst;

	if (!cmd || !(cmd->data_direction & SCST_DATA_READ) || !(cmnd->flags & ISCSI_CMD_READ))
		return 0;
	return min(cmd->resp_data_len, cmnd->expected_len);
}

/*
 * Residual count and its flag (RFC 7143 11.4.5): what the command had to move,
 * against what the initiator expected it to move.
 */
u8 scsi_residual(const struct iscsi_cmnd *cmnd, u32 *residual)
{
	const struct scst_cmd *cmd = cmnd->scst;
	u32 expected = cmnd->expected_len, moved = 0;

	if (cmd && cmd->data_direction == SCST_DATA_WRITE) {
		moved = cmd->cdb_bufflen;
	} else if (cmd && cmd->data_direction & SCST_DATA_READ) {
		moved = read_len(cmnd);
		/* All that there is room for came: the CDB may have asked for more. */
		if (moved == expected && cmd->resp_data_len >= cmd->bufflen)
			moved = max(moved, cmd->cdb_bufflen);
	}
	*residual = 0;
	if (moved > expected) {
		*residual = moved - expected;
		return ISCSI_RSP_OVERFLOW;
	}
	if (moved < expected) {
		*residual = expected - moved;
		return ISCSI_RSP_UNDERFLOW;
	}
	return 0;
}

/* SenseLength and sense are one data segment; the length is kept behind the header. */
static void sense_add(struct iscsi_out *out, const u8 *sense, u32 len)
{
	if (!len)
		return;
	put_unaligned_be16(len, out->hdr + ISCSI_BHS_LEN);
	out->hdr_len += 2;
	out_set_data(out, sense, len);
	iscsi_put_be24(((struct iscsi_hdr *)out->hdr)->data_len, len + 2);
}

static u32 local_sense_len(const struct iscsi_cmnd *cmnd)
{
	return cmnd->sense[0] ? ISCSI_FIXED_SENSE_LEN : 0;
}

/* What the medium or the hardware could not do is worth a line in a dump. */
static void io_error_note(const struct iscsi_cmnd *cmnd)
{
	const struct scst_cmd *cmd = cmnd->scst;
	bool desc = (cmd->sense[0] & 0x7f) >= 0x72;	/* SPC-4 4.5: key, ASC and ASCQ have two places */
	u8 key = cmd->sense[desc ? 1 : 2] & 0x0f;

	if (key == MEDIUM_ERROR || key == HARDWARE_ERROR)
		error_note(cmnd->conn, "itt 0x%08x: opcode 0x%02x at block %llu of LUN %llu ends with sense %x/%02x/%02x",
			   cmnd->itt, cmnd->opcode, cmd->lba, cmd->unpacked_lun, key, cmd->sense[desc ? 2 : 12],
			   cmd->sense[desc ? 3 : 13]);
}

void scsi_rsp_send(struct iscsi_cmnd *cmnd)
{
	struct iscsi_conn *conn = cmnd->conn;
	const struct scst_cmd *cmd = cmnd->scst;
	u8 status = cmd ? cmd->status : cmnd->local_status;
	u32 len = read_len(cmnd), residual;
	bool collapse = len && status == SAM_STAT_GOOD && !cmnd->bidi_len;
	struct iscsi_scsi_rsp_hdr *hdr;
	struct iscsi_out *out = &cmnd->out;

	if (len && !data_in_send(cmnd, len, collapse)) {
		/* The connection is closing; what is queued already points at the buffer, so end it after that. */
		cmnd->answer_waits = 1;
		list_add_tail(&cmnd->wait, &conn->waiting);
		return;
	}
	if (collapse)
		return;

	out_init(out);
	out->cmnd = cmnd;
	hdr = (struct iscsi_scsi_rsp_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_SCSI_RSP;
	hdr->flags = ISCSI_FLAG_FINAL | scsi_residual(cmnd, &residual);
	hdr->response = ISCSI_RSP_COMPLETED;
	hdr->status = status;
	hdr->itt = cpu_to_be32(cmnd->itt);
	hdr->residual = cpu_to_be32(residual);
	hdr->exp_data_sn = cpu_to_be32(cmnd->nr_data_in + cmnd->r2t_sn);
	if (cmnd->bidi_len) {
		/* No command of ours moves data both ways: all of it is missing. */
		hdr->flags |= ISCSI_RSP_BIDI_UNDERFLOW;
		hdr->bidi_residual = cpu_to_be32(cmnd->bidi_len);
	}
	if (cmd && cmd->sense_len)
		io_error_note(cmnd);
	if (cmd)
		sense_add(out, cmd->sense, cmd->sense_len);
	else
		sense_add(out, cmnd->sense, local_sense_len(cmnd));
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}
