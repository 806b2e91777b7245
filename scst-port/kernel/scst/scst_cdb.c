/* SPDX-License-Identifier: MIT */
/* scst_cdb.c - the table of op codes, and what it tells of a CDB. */
#include "scst_priv.h"

#define N	SCST_DATA_NONE
#define R	SCST_DATA_READ
#define W	SCST_DATA_WRITE
#define MB	(SCST_MEDIUM | SCST_LEN_BLOCKS)

/* op, service action, CDB bytes, direction, LBA at/bytes, length at/bytes */
static const struct scst_opcode opcodes[] = {
	{ TEST_UNIT_READY,	-1, 6, N, 0, 0, 0, 0, 0, "TEST UNIT READY" },
	{ REQUEST_SENSE,	-1, 6, R, 0, 0, 4, 1, SCST_SKIP_UA | SCST_LOCAL | SCST_NO_LUN_OK, "REQUEST SENSE" },
	{ INQUIRY,		-1, 6, R, 0, 0, 3, 2, SCST_SKIP_UA | SCST_NO_LUN_OK, "INQUIRY" },
	{ MODE_SELECT,		-1, 6, W, 0, 0, 4, 1, 0, "MODE SELECT(6)" },
	{ MODE_SENSE,		-1, 6, R, 0, 0, 4, 1, 0, "MODE SENSE(6)" },
	{ START_STOP,		-1, 6, N, 0, 0, 0, 0, 0, "START STOP UNIT" },
	{ ALLOW_MEDIUM_REMOVAL,	-1, 6, N, 0, 0, 0, 0, 0, "PREVENT ALLOW MEDIUM REMOVAL" },
	{ READ_6,		-1, 6, R, 1, 3, 4, 1, MB, "READ(6)" },
	{ WRITE_6,		-1, 6, W, 1, 3, 4, 1, MB | SCST_WRITES, "WRITE(6)" },
	{ READ_CAPACITY,	-1, 10, R, 0, 0, 0, 0, 0, "READ CAPACITY(10)" },
	{ READ_10,		-1, 10, R, 2, 4, 7, 2, MB, "READ(10)" },
	{ WRITE_10,		-1, 10, W, 2, 4, 7, 2, MB | SCST_WRITES, "WRITE(10)" },
	{ WRITE_VERIFY,		-1, 10, W, 2, 4, 7, 2, MB | SCST_WRITES, "WRITE AND VERIFY(10)" },
	{ VERIFY,		-1, 10, N, 2, 4, 7, 2, MB, "VERIFY(10)" },
	{ PRE_FETCH,		-1, 10, N, 2, 4, 7, 2, MB | SCST_LEN_NO_DATA, "PRE-FETCH(10)" },
	{ SYNCHRONIZE_CACHE,	-1, 10, N, 2, 4, 7, 2, MB | SCST_LEN_NO_DATA, "SYNCHRONIZE CACHE(10)" },
	{ WRITE_SAME,		-1, 10, W, 2, 4, 7, 2, MB | SCST_WRITES, "WRITE SAME(10)" },
	{ UNMAP,		-1, 10, W, 0, 0, 7, 2, SCST_MEDIUM | SCST_WRITES, "UNMAP" },
	{ MODE_SELECT_10,	-1, 10, W, 0, 0, 7, 2, 0, "MODE SELECT(10)" },
	{ MODE_SENSE_10,	-1, 10, R, 0, 0, 7, 2, 0, "MODE SENSE(10)" },
	{ READ_16,		-1, 16, R, 2, 8, 10, 4, MB, "READ(16)" },
	{ WRITE_16,		-1, 16, W, 2, 8, 10, 4, MB | SCST_WRITES, "WRITE(16)" },
	{ WRITE_VERIFY_16,	-1, 16, W, 2, 8, 10, 4, MB | SCST_WRITES, "WRITE AND VERIFY(16)" },
	{ VERIFY_16,		-1, 16, N, 2, 8, 10, 4, MB, "VERIFY(16)" },
	{ PRE_FETCH_16,		-1, 16, N, 2, 8, 10, 4, MB | SCST_LEN_NO_DATA, "PRE-FETCH(16)" },
	{ SYNCHRONIZE_CACHE_16,	-1, 16, N, 2, 8, 10, 4, MB | SCST_LEN_NO_DATA, "SYNCHRONIZE CACHE(16)" },
	{ WRITE_SAME_16,	-1, 16, W, 2, 8, 10, 4, MB | SCST_WRITES, "WRITE SAME(16)" },
	{ COMPARE_AND_WRITE,	-1, 16, W, 2, 8, 13, 1, MB | SCST_WRITES, "COMPARE AND WRITE" },
	{ SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16, 16, R, 0, 0, 10, 4, 0, "READ CAPACITY(16)" },
	{ SERVICE_ACTION_IN_16, SAI_GET_LBA_STATUS, 16, R, 2, 8, 10, 4, 0, "GET LBA STATUS" },
	{ REPORT_LUNS,		-1, 12, R, 0, 0, 6, 4, SCST_SKIP_UA | SCST_LOCAL | SCST_NO_LUN_OK, "REPORT LUNS" },
	{ READ_12,		-1, 12, R, 2, 4, 6, 4, MB, "READ(12)" },
	{ WRITE_12,		-1, 12, W, 2, 4, 6, 4, MB | SCST_WRITES, "WRITE(12)" },
	{ WRITE_VERIFY_12,	-1, 12, W, 2, 4, 6, 4, MB | SCST_WRITES, "WRITE AND VERIFY(12)" },
	{ VERIFY_12,		-1, 12, N, 2, 4, 6, 4, MB, "VERIFY(12)" },
};

static u8 index_of[256];	/* of the first entry of an op code, plus one */

__attribute__((__constructor__)) static void opcodes_init(void)
{
	for (unsigned int i = ARRAY_SIZE(opcodes); i-- > 0;)
		index_of[opcodes[i].op] = (u8)(i + 1);
}

const struct scst_opcode *scst_find_opcode(const u8 *cdb)
{
	const struct scst_opcode *op = &opcodes[index_of[cdb[0]] - 1];

	if (!index_of[cdb[0]])
		return NULL;
	for (; op < opcodes + ARRAY_SIZE(opcodes) && op->op == cdb[0]; op++)
		if (op->sa < 0 || op->sa == (cdb[1] & 0x1f))
			return op;
	return NULL;
}

static u64 field(const u8 *cdb, unsigned int at, unsigned int len)
{
	u64 value = 0;

	while (len--)
		value = value << 8 | cdb[at++];
	return value;
}

void scst_parse_cdb(struct scst_cmd *cmd, const struct scst_opcode *op)
{
	u64 len = field(cmd->cdb, op->len_at, op->len_len), bytes = len;

	cmd->op_flags = op->flags;
	cmd->data_direction = op->direction;
	cmd->lba = field(cmd->cdb, op->lba_at, op->lba_len);
	if (op->op == READ_6 || op->op == WRITE_6) {
		cmd->lba &= 0x1fffff;
		if (!len)
			len = bytes = 256;	/* SBC-3 5.9: zero is 256 blocks */
	}
	if (op->flags & SCST_LEN_BLOCKS) {
		bytes = len << cmd->dev->block_shift;
		cmd->data_len = bytes;
	}
	if (op->op == READ_CAPACITY)
		bytes = 8;
	/* What moves is decided by the handler's parse() where the CDB has more to say. */
	if (op->direction == SCST_DATA_NONE)
		bytes = 0;
	cmd->cdb_bufflen = bytes > U32_MAX ? U32_MAX : (u32)bytes;
	cmd->bufflen = cmd->cdb_bufflen;
	if (!cmd->bufflen)
		cmd->data_direction = SCST_DATA_NONE;
}
