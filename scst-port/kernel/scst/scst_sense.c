/* SPDX-License-Identifier: MIT */
/* scst_sense.c - CHECK CONDITION in fixed and descriptor format (SPC-4 4.5). */
#include "scst_priv.h"

static void set_sense(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq)
{
	u8 *s = cmd->sense;

	cmd->status = SAM_STAT_CHECK_CONDITION;
	cmd->resp_data_len = 0;
	memset(s, 0, 40);
	if (cmd->dev && READ_ONCE(cmd->dev->d_sense)) {
		s[0] = 0x72;
		s[1] = key;
		s[2] = asc;
		s[3] = ascq;
		cmd->sense_len = 8;
	} else {
		s[0] = 0x70;
		s[2] = key;
		s[7] = 10;
		s[12] = asc;
		s[13] = ascq;
		cmd->sense_len = 18;
	}
}

void scst_set_cmd_error(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq)
{
	set_sense(cmd, key, asc, ascq);
}
EXPORT_SYMBOL(scst_set_cmd_error);

/* Key, codes, and the sense-key specific bytes; what else there is has no place in the other format. */
u32 scst_sense_convert(const u8 *sense, u32 len, bool desc, u8 *to)
{
	bool is_desc = sense[0] == 0x72;
	const u8 *sks = is_desc ? sense + 12 : sense + 15;
	bool has_sks = is_desc ? len >= 16 && sense[8] == 2 : len >= 18 && sense[15] & 0x80;

	if (desc == is_desc) {
		memcpy(to, sense, len);
		return len;
	}
	memset(to, 0, 18);
	if (desc) {
		to[0] = 0x72;
		to[1] = sense[2] & 0xf;
		to[2] = sense[12];
		to[3] = sense[13];
		if (!has_sks)
			return 8;
		to[7] = 8;
		to[8] = 2;
		to[9] = 6;
		memcpy(to + 12, sks, 3);
		return 16;
	}
	to[0] = 0x70;
	to[2] = sense[1];
	to[7] = 10;
	to[12] = sense[2];
	to[13] = sense[3];
	if (has_sks)
		memcpy(to + 15, sks, 3);
	return 18;
}

static u8 *sks_bytes(struct scst_cmd *cmd)
{
	u8 *s = cmd->sense;

	if (s[0] != 0x72)
		return s + 15;
	s[7] = 8;
	s[8] = 2;
	s[9] = 6;
	cmd->sense_len = 16;
	return s + 12;
}

/* Sense-key specific: which byte and bit is wrong (SPC-4 4.5.2.4.2). */
static void set_field_pointer(struct scst_cmd *cmd, bool in_cdb, int byte_offset, int bit_offset)
{
	u8 *p = sks_bytes(cmd);

	p[0] = (u8)(0x80 | (in_cdb ? 0x40 : 0) | (bit_offset >= 0 ? 8 | bit_offset : 0));
	put_unaligned_be16((u16)byte_offset, p + 1);
}

void scst_set_invalid_field_in_cdb(struct scst_cmd *cmd, int byte_offset, int bit_offset)
{
	set_sense(cmd, scst_sense_invalid_field_in_cdb);
	set_field_pointer(cmd, true, byte_offset, bit_offset);
}
EXPORT_SYMBOL(scst_set_invalid_field_in_cdb);

void scst_set_invalid_field_in_parm_list(struct scst_cmd *cmd, int byte_offset, int bit_offset)
{
	set_sense(cmd, scst_sense_invalid_field_in_parm_list);
	set_field_pointer(cmd, false, byte_offset, bit_offset);
}
EXPORT_SYMBOL(scst_set_invalid_field_in_parm_list);

void scst_set_cmd_error_and_inf(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq, u64 information)
{
	u8 *s = cmd->sense;

	set_sense(cmd, key, asc, ascq);
	if (s[0] == 0x72) {
		s[7] = 12;
		s[9] = 10;
		s[10] = 0x80;
		put_unaligned_be64(information, s + 12);
		cmd->sense_len = 20;
	} else if (information <= U32_MAX) {
		s[0] |= 0x80;
		put_unaligned_be32((u32)information, s + 3);
	}
}
EXPORT_SYMBOL(scst_set_cmd_error_and_inf);

void scst_set_cmd_error_and_progress(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq, u16 progress)
{
	u8 *p;

	set_sense(cmd, key, asc, ascq);
	p = sks_bytes(cmd);
	p[0] = 0x80;
	put_unaligned_be16(progress, p + 1);
}
EXPORT_SYMBOL(scst_set_cmd_error_and_progress);

void scst_set_busy(struct scst_cmd *cmd)
{
	cmd->status = SAM_STAT_BUSY;
	cmd->sense_len = 0;
	cmd->resp_data_len = 0;
}
EXPORT_SYMBOL(scst_set_busy);

void scst_set_resp_data_len(struct scst_cmd *cmd, u32 bytes)
{
	cmd->resp_data_len = min(bytes, cmd->bufflen);
}
EXPORT_SYMBOL(scst_set_resp_data_len);

u32 scst_copy_to_cmd(struct scst_cmd *cmd, const void *buf, u32 bytes)
{
	/* Parameter data: what there is counts for the residual, not what the CDB allows (RFC 7143 11.4.5.1). */
	if (!(cmd->op_flags & SCST_MEDIUM))
		cmd->cdb_bufflen = min(cmd->cdb_bufflen, bytes);
	bytes = min(bytes, cmd->bufflen);
	if (bytes)
		sg_copy_from_buffer(cmd->sg, (unsigned int)cmd->sg_cnt, buf, bytes);
	cmd->resp_data_len = bytes;
	return bytes;
}
EXPORT_SYMBOL(scst_copy_to_cmd);

u32 scst_copy_from_cmd(struct scst_cmd *cmd, void *buf, u32 bytes)
{
	bytes = min(bytes, cmd->bufflen);
	return bytes ? (u32)sg_copy_to_buffer(cmd->sg, (unsigned int)cmd->sg_cnt, buf, bytes) : 0;
}
EXPORT_SYMBOL(scst_copy_from_cmd);
