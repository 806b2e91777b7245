/* SPDX-License-Identifier: MIT */
/*
 * vdisk_parse.c - what a CDB means for a disk, and what is wrong with it: fields that are
 * not supported, ranges past the end, lengths beyond the limits of page B0h. What the
 * core's table knows (LBA, length) is set already. Home CPU.
 */
#include "vdisk.h"

static int bad_field(struct scst_cmd *cmd, int byte, int bit)
{
	scst_set_invalid_field_in_cdb(cmd, byte, bit);
	return -EINVAL;
}

static void moves(struct scst_cmd *cmd, enum scst_data_direction direction, u64 bytes)
{
	cmd->cdb_bufflen = (u32)bytes;
	cmd->bufflen = (u32)bytes;
	cmd->data_direction = bytes ? direction : SCST_DATA_NONE;
}

int vdisk_parse(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	const u8 *cdb = cmd->cdb;
	u64 blocks = cmd->data_len >> cmd->dev->block_shift;

	if (unlikely(READ_ONCE(vdisk->state)) && !vdisk_ready(cmd))
		return -EINVAL;
	switch (cdb[0]) {
	case READ_10:
	case READ_12:
	case READ_16:
	case WRITE_10:
	case WRITE_12:
	case WRITE_16:
	case WRITE_VERIFY:
	case WRITE_VERIFY_12:
	case WRITE_VERIFY_16:
	case ORWRITE_16:
		if (cdb[1] >> 5)	/* RDPROTECT, WRPROTECT: no protection information here */
			return bad_field(cmd, 1, 7);
		cmd->fua = (cdb[1] & 8) != 0;
		break;
	case VERIFY:
	case VERIFY_12:
	case VERIFY_16:
		if (cdb[1] >> 5)
			return bad_field(cmd, 1, 7);
		if (cmd->data_len > VDISK_MAX_TRANSFER)
			return bad_field(cmd, cdb[0] == VERIFY ? 7 : cdb[0] == VERIFY_12 ? 6 : 10, -1);
		if ((cdb[1] & 6) == 2)
			moves(cmd, SCST_DATA_WRITE, cmd->data_len);
		else if (cdb[1] & 6)
			return bad_field(cmd, 1, 2);
		break;
	case WRITE_SAME:
	case WRITE_SAME_16:
		if (cdb[1] >> 5)
			return bad_field(cmd, 1, 7);
		if (cdb[1] & 0x10 || (cdb[1] & 8 && !vdisk->thin))	/* ANCHOR; UNMAP */
			return bad_field(cmd, 1, 4);
		/* No blocks are all there are, from the LBA on (SBC-3 5.40). */
		if (!blocks && !vdisk->wsnz && cmd->lba < vdisk->nr_blocks) {
			blocks = vdisk->nr_blocks - cmd->lba;
			cmd->data_len = blocks << cmd->dev->block_shift;
		}
		if ((!blocks && vdisk->wsnz) || cmd->data_len > VDISK_MAX_WRITE_SAME)
			return bad_field(cmd, cdb[0] == WRITE_SAME ? 7 : 10, -1);
		moves(cmd, SCST_DATA_WRITE, cdb[0] == WRITE_SAME_16 && cdb[1] & 1 ? 0 : cmd->dev->block_size);
		break;
	case COMPARE_AND_WRITE:
		if (cdb[1] >> 5)
			return bad_field(cmd, 1, 7);
		cmd->fua = (cdb[1] & 8) != 0;
		moves(cmd, SCST_DATA_WRITE, 2 * cmd->data_len);
		break;
	case WRITE_ATOMIC_16:
		if (cdb[1] >> 5)
			return bad_field(cmd, 1, 7);
		if (get_unaligned_be16(cdb + 10))	/* ATOMIC BOUNDARY: none is promised in page B0h */
			return bad_field(cmd, 10, -1);
		if (cmd->data_len > VDISK_MAX_ATOMIC)
			return bad_field(cmd, 12, -1);
		cmd->fua = (cdb[1] & 8) != 0;
		break;
	case SANITIZE:
		return vdisk_parse_sanitize(cmd) ? 0 : -EINVAL;
	case SERVICE_ACTION_IN_16:
		if (vdisk_sa(cmd) == SAI_GET_LBA_STATUS && cmd->lba >= vdisk->nr_blocks) {
			scst_set_cmd_error(cmd, scst_sense_block_out_range_error);
			return -EINVAL;
		}
		break;
	case UNMAP:
		if (cdb[1] & 1)
			return bad_field(cmd, 1, 0);
		break;
	}
	if (cmd->op_flags & SCST_LEN_BLOCKS) {
		if (cmd->lba > vdisk->nr_blocks || blocks > vdisk->nr_blocks - cmd->lba) {
			scst_set_cmd_error(cmd, scst_sense_block_out_range_error);
			return -EINVAL;
		}
	}
	if (cmd->op_flags & SCST_MEDIUM && cmd->cdb_bufflen > VDISK_MAX_TRANSFER) {
		scst_set_cmd_error(cmd, scst_sense_invalid_field_in_cdb);
		return -EINVAL;
	}
	return 0;
}
