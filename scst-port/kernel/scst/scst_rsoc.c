/* SPDX-License-Identifier: MIT */
/*
 * scst_rsoc.c - REPORT SUPPORTED OPERATION CODES (SPC-4 6.35) and REPORT SUPPORTED
 * TASK MANAGEMENT FUNCTIONS (SPC-4 6.37), out of the table of op codes.
 */
#include "scst_priv.h"

#define TIMEOUTS_LEN	12	/* SPC-4 table 273 */

/* Which bits of @op's CDB are evaluated; byte 0 is the op code itself. */
static void put_usage(const struct scst_opcode *op, u8 *usage)
{
	memset(usage, 0, op->cdb_len);
	usage[0] = op->op;
	memcpy(usage + 1, op->bits, sizeof(op->bits));
	memset(usage + op->lba_at, 0xff, op->lba_len);
	memset(usage + op->len_at, 0xff, op->len_len);
	if (op->lba_at == 1)
		usage[1] = 0x1f;	/* READ(6), WRITE(6): 21 bits */
	if (op->sa >= 0)
		usage[1] |= (u8)op->sa;
}

/* No recommended time-outs: zeros, with their own length (SPC-4 6.35.4). */
static u32 put_timeouts(u8 *to)
{
	memset(to, 0, TIMEOUTS_LEN);
	put_unaligned_be16(TIMEOUTS_LEN - 2, to);
	return TIMEOUTS_LEN;
}

static void report_all(struct scst_cmd *cmd, bool rctd)
{
	const struct scst_opcode *op;
	u32 count = 0, at = 4;
	u8 *buf;

	while (scst_opcode_at(count))
		count++;
	buf = kzalloc(4 + count * (8 + TIMEOUTS_LEN), GFP_ATOMIC);
	if (!buf) {
		scst_set_busy(cmd);
		return;
	}
	for (u32 i = 0; (op = scst_opcode_at(i)); i++) {
		if (!scst_opcode_supported(cmd->dev, op))
			continue;
		buf[at] = op->op;
		if (op->sa >= 0)
			put_unaligned_be16((u16)op->sa, buf + at + 2);
		buf[at + 5] = (u8)((rctd ? 2 : 0) | (op->sa >= 0));	/* CTDP, SERVACTV */
		put_unaligned_be16(op->cdb_len, buf + at + 6);
		at += 8;
		if (rctd)
			at += put_timeouts(buf + at);
	}
	put_unaligned_be32(at - 4, buf);
	scst_copy_to_cmd(cmd, buf, at);
	kfree(buf);
}

/* The entry of @code, with @sa when it has service actions. */
static const struct scst_opcode *find(struct scst_device *dev, u8 code, u16 sa, bool *has_sa)
{
	const struct scst_opcode *op, *found = NULL;

	*has_sa = false;
	for (u32 i = 0; (op = scst_opcode_at(i)); i++) {
		if (op->op != code || !scst_opcode_supported(dev, op))
			continue;
		*has_sa = op->sa >= 0;
		if (op->sa < 0 || op->sa == sa)
			found = op;
	}
	return found;
}

static void report_one(struct scst_cmd *cmd, u8 options, bool rctd)
{
	u8 buf[4 + 16 + TIMEOUTS_LEN] = { 0 };
	u16 sa = get_unaligned_be16(cmd->cdb + 4);
	const struct scst_opcode *op;
	u32 len = 4;
	bool has_sa;

	op = find(cmd->dev, cmd->cdb[3], sa, &has_sa);
	/* 1 is for op codes without service actions, 2 for those with, 3 for either. */
	if ((options == 1 && has_sa) || (options == 2 && op && !has_sa)) {
		scst_set_invalid_field_in_cdb(cmd, 2, 2);
		return;
	}
	if (options == 3 && op && !has_sa && sa)
		op = NULL;
	buf[1] = op ? 3 : 1;	/* as the standard says; not supported */
	if (op) {
		put_unaligned_be16(op->cdb_len, buf + 2);
		put_usage(op, buf + 4);
		len += op->cdb_len;
		if (rctd) {
			buf[1] |= 0x80;
			len += put_timeouts(buf + len);
		}
	}
	scst_copy_to_cmd(cmd, buf, len);
}

void scst_report_opcodes(struct scst_cmd *cmd)
{
	u8 options = cmd->cdb[2] & 7;
	bool rctd = cmd->cdb[2] & 0x80;

	if (options > 3)
		scst_set_invalid_field_in_cdb(cmd, 2, 2);
	else if (options)
		report_one(cmd, options, rctd);
	else
		report_all(cmd, rctd);
}

void scst_report_tm_functions(struct scst_cmd *cmd)
{
	/* ABORT TASK, ABORT TASK SET, CLEAR TASK SET, LOGICAL UNIT RESET, TARGET RESET; nothing of byte 1 */
	u8 buf[16] = { 0x80 | 0x40 | 0x10 | 0x08 | 0x02, 0, 0, 12 };

	scst_copy_to_cmd(cmd, buf, cmd->cdb[2] & 0x80 ? 16 : (buf[3] = 0, 4));
}
