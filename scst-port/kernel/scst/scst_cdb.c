/* SPDX-License-Identifier: MIT */
/* scst_cdb.c - the table of op codes, and what it tells of a CDB. */
#include "scst_priv.h"

#define N	SCST_DATA_NONE
#define R	SCST_DATA_READ
#define W	SCST_DATA_WRITE
#define MB	(SCST_MEDIUM | SCST_LEN_BLOCKS)
#define MR	(MB | SCST_PR_READ)
#define MW	(MB | SCST_WRITES)
#define ATOM	(MW | SCST_ATOMIC)
#define UA_OK	SCST_SKIP_UA
#define CORE	SCST_LOCAL
#define NO_LUN	SCST_NO_LUN_OK
#define ND	SCST_LEN_NO_DATA
#define ANY	SCST_PR_ANY
#define RES	(SCST_PR_ANY | SCST_RES_ANY)
#define DPO_FUA	{ 0x18 }

/* op, service action, CDB bytes, direction, LBA at/bytes, length at/bytes, flags, bits of bytes 1 to 4 */
static const struct scst_opcode opcodes[] = {
	{ TEST_UNIT_READY, -1, 6, N, 0, 0, 0, 0, ANY, { 0 }, "TEST UNIT READY" },
	{ REQUEST_SENSE, -1, 6, R, 0, 0, 4, 1, UA_OK | CORE | NO_LUN | RES, { 1 }, "REQUEST SENSE" },
	{ INQUIRY, -1, 6, R, 0, 0, 3, 2, UA_OK | NO_LUN | RES, { 1, 0xff }, "INQUIRY" },
	{ MODE_SELECT, -1, 6, W, 0, 0, 4, 1, 0, { 0x11 }, "MODE SELECT(6)" },
	{ MODE_SENSE, -1, 6, R, 0, 0, 4, 1, 0, { 8, 0xff, 0xff }, "MODE SENSE(6)" },
	{ RESERVE, -1, 6, N, 0, 0, 0, 0, CORE | ANY | SCST_RES_ANY, { 0 }, "RESERVE(6)" },
	{ RELEASE, -1, 6, N, 0, 0, 0, 0, CORE | RES, { 0 }, "RELEASE(6)" },
	{ START_STOP, -1, 6, N, 0, 0, 0, 0, 0, { 1, 0, 0, 0xf3 }, "START STOP UNIT" },
	{ ALLOW_MEDIUM_REMOVAL, -1, 6, N, 0, 0, 0, 0, 0, { 0, 0, 0, 3 }, "PREVENT ALLOW MEDIUM REMOVAL" },
	{ READ_6, -1, 6, R, 1, 3, 4, 1, MR, { 0 }, "READ(6)" },
	{ WRITE_6, -1, 6, W, 1, 3, 4, 1, MW, { 0 }, "WRITE(6)" },
	{ READ_CAPACITY, -1, 10, R, 0, 0, 0, 0, ANY, { 0 }, "READ CAPACITY(10)" },
	{ READ_10, -1, 10, R, 2, 4, 7, 2, MR, DPO_FUA, "READ(10)" },
	{ WRITE_10, -1, 10, W, 2, 4, 7, 2, MW, DPO_FUA, "WRITE(10)" },
	{ WRITE_VERIFY, -1, 10, W, 2, 4, 7, 2, MW, { 0x16 }, "WRITE AND VERIFY(10)" },
	{ VERIFY, -1, 10, N, 2, 4, 7, 2, MR, { 0x16 }, "VERIFY(10)" },
	{ PRE_FETCH, -1, 10, N, 2, 4, 7, 2, MR | ND, { 2 }, "PRE-FETCH(10)" },
	{ SYNCHRONIZE_CACHE, -1, 10, N, 2, 4, 7, 2, MB | ND, { 2 }, "SYNCHRONIZE CACHE(10)" },
	{ READ_DEFECT_DATA, -1, 10, R, 0, 0, 7, 2, SCST_PR_READ, { 0, 0x1f }, "READ DEFECT DATA(10)" },
	{ WRITE_SAME, -1, 10, W, 2, 4, 7, 2, MW, { 8 }, "WRITE SAME(10)" },
	{ UNMAP, -1, 10, W, 0, 0, 7, 2, SCST_MEDIUM | SCST_WRITES, { 0 }, "UNMAP" },
	{ SANITIZE, SANITIZE_OVERWRITE, 10, W, 0, 0, 7, 2, SCST_WRITES | SCST_ATOMIC, { 0xa0 }, "SANITIZE/OVERWRITE" },
	{ SANITIZE, SANITIZE_BLOCK_ERASE, 10, W, 0, 0, 7, 2, SCST_WRITES | SCST_ATOMIC, { 0xa0 }, "SANITIZE/BLOCK ERASE" },
	{ SANITIZE, SANITIZE_EXIT_FAILURE_MODE, 10, W, 0, 0, 7, 2, SCST_WRITES | SCST_ATOMIC, { 0xa0 },
	  "SANITIZE/EXIT FAILURE MODE" },
	{ MODE_SELECT_10, -1, 10, W, 0, 0, 7, 2, 0, { 0x11 }, "MODE SELECT(10)" },
	{ RESERVE_10, -1, 10, N, 0, 0, 0, 0, CORE | ANY | SCST_RES_ANY, { 0 }, "RESERVE(10)" },
	{ RELEASE_10, -1, 10, N, 0, 0, 0, 0, CORE | RES, { 0 }, "RELEASE(10)" },
	{ MODE_SENSE_10, -1, 10, R, 0, 0, 7, 2, 0, { 8, 0xff, 0xff }, "MODE SENSE(10)" },
	{ PERSISTENT_RESERVE_IN, PRIN_READ_KEYS, 10, R, 0, 0, 7, 2, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE IN/READ KEYS" },
	{ PERSISTENT_RESERVE_IN, PRIN_READ_RESERVATION, 10, R, 0, 0, 7, 2, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE IN/READ RESERVATION" },
	{ PERSISTENT_RESERVE_IN, PRIN_REPORT_CAPABILITIES, 10, R, 0, 0, 7, 2, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE IN/REPORT CAPABILITIES" },
	{ PERSISTENT_RESERVE_IN, PRIN_READ_FULL_STATUS, 10, R, 0, 0, 7, 2, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE IN/READ FULL STATUS" },
	{ PERSISTENT_RESERVE_OUT, PROUT_REGISTER, 10, W, 0, 0, 5, 4, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE OUT/REGISTER" },
	{ PERSISTENT_RESERVE_OUT, PROUT_RESERVE, 10, W, 0, 0, 5, 4, CORE | ANY, { 0, 0xff },
	  "PERSISTENT RESERVE OUT/RESERVE" },
	{ PERSISTENT_RESERVE_OUT, PROUT_RELEASE, 10, W, 0, 0, 5, 4, CORE | ANY, { 0, 0xff },
	  "PERSISTENT RESERVE OUT/RELEASE" },
	{ PERSISTENT_RESERVE_OUT, PROUT_CLEAR, 10, W, 0, 0, 5, 4, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE OUT/CLEAR" },
	{ PERSISTENT_RESERVE_OUT, PROUT_PREEMPT, 10, W, 0, 0, 5, 4, CORE | ANY, { 0, 0xff },
	  "PERSISTENT RESERVE OUT/PREEMPT" },
	{ PERSISTENT_RESERVE_OUT, PROUT_PREEMPT_AND_ABORT, 10, W, 0, 0, 5, 4, CORE | ANY, { 0, 0xff },
	  "PERSISTENT RESERVE OUT/PREEMPT AND ABORT" },
	{ PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, 10, W, 0, 0, 5, 4, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE OUT/REGISTER AND IGNORE EXISTING KEY" },
	{ PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_MOVE, 10, W, 0, 0, 5, 4, CORE | ANY, { 0 },
	  "PERSISTENT RESERVE OUT/REGISTER AND MOVE" },
	{ EXTENDED_COPY, 0, 16, W, 0, 0, 10, 4, CORE, { 0 }, "EXTENDED COPY(LID1)" },
	{ RECEIVE_COPY_RESULTS, RCR_COPY_STATUS, 16, R, 0, 0, 10, 4, CORE, { 0, 0xff },
	  "RECEIVE COPY RESULTS/COPY STATUS" },
	{ RECEIVE_COPY_RESULTS, RCR_OPERATING_PARAMETERS, 16, R, 0, 0, 10, 4, CORE, { 0 },
	  "RECEIVE COPY RESULTS/OPERATING PARAMETERS" },
	{ READ_16, -1, 16, R, 2, 8, 10, 4, MR, DPO_FUA, "READ(16)" },
	{ COMPARE_AND_WRITE, -1, 16, W, 2, 8, 13, 1, ATOM, DPO_FUA, "COMPARE AND WRITE" },
	{ WRITE_16, -1, 16, W, 2, 8, 10, 4, MW, DPO_FUA, "WRITE(16)" },
	{ ORWRITE_16, -1, 16, W, 2, 8, 10, 4, ATOM, DPO_FUA, "ORWRITE(16)" },
	{ WRITE_VERIFY_16, -1, 16, W, 2, 8, 10, 4, MW, { 0x16 }, "WRITE AND VERIFY(16)" },
	{ VERIFY_16, -1, 16, N, 2, 8, 10, 4, MR, { 0x16 }, "VERIFY(16)" },
	{ PRE_FETCH_16, -1, 16, N, 2, 8, 10, 4, MR | ND, { 2 }, "PRE-FETCH(16)" },
	{ SYNCHRONIZE_CACHE_16, -1, 16, N, 2, 8, 10, 4, MB | ND, { 2 }, "SYNCHRONIZE CACHE(16)" },
	{ WRITE_SAME_16, -1, 16, W, 2, 8, 10, 4, MW, { 9 }, "WRITE SAME(16)" },
	{ WRITE_ATOMIC_16, -1, 16, W, 2, 8, 12, 2, ATOM, DPO_FUA, "WRITE ATOMIC(16)" },
	{ SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16, 16, R, 0, 0, 10, 4, ANY, { 0 }, "READ CAPACITY(16)" },
	{ SERVICE_ACTION_IN_16, SAI_GET_LBA_STATUS, 16, R, 2, 8, 10, 4, SCST_PR_READ, { 0 }, "GET LBA STATUS" },
	{ REPORT_LUNS, -1, 12, R, 0, 0, 6, 4, UA_OK | CORE | NO_LUN | RES, { 0, 0xff }, "REPORT LUNS" },
	{ MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES, 12, R, 0, 0, 6, 4, CORE | ANY, { 0, 0x87, 0xff, 0xff },
	  "REPORT SUPPORTED OPERATION CODES" },
	{ MAINTENANCE_IN, MI_REPORT_SUPPORTED_TASK_MGMT_FUNCTIONS, 12, R, 0, 0, 6, 4, CORE | ANY, { 0, 0x80 },
	  "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS" },
	{ READ_12, -1, 12, R, 2, 4, 6, 4, MR, DPO_FUA, "READ(12)" },
	{ WRITE_12, -1, 12, W, 2, 4, 6, 4, MW, DPO_FUA, "WRITE(12)" },
	{ WRITE_VERIFY_12, -1, 12, W, 2, 4, 6, 4, MW, { 0x16 }, "WRITE AND VERIFY(12)" },
	{ VERIFY_12, -1, 12, N, 2, 4, 6, 4, MR, { 0x16 }, "VERIFY(12)" },
	{ READ_DEFECT_DATA_12, -1, 12, R, 0, 0, 6, 4, SCST_PR_READ, { 0x1f }, "READ DEFECT DATA(12)" },
};

static u8 index_of[256];	/* of the first entry of an op code, plus one */

__attribute__((__constructor__)) static void opcodes_init(void)
{
	for (unsigned int i = ARRAY_SIZE(opcodes); i-- > 0;)
		index_of[opcodes[i].op] = (u8)(i + 1);
}

const struct scst_opcode *scst_opcode_at(unsigned int i)
{
	return i < ARRAY_SIZE(opcodes) ? &opcodes[i] : NULL;
}

const struct scst_opcode *scst_find_opcode(const u8 *cdb, bool *other_sa)
{
	const struct scst_opcode *op;

	*other_sa = index_of[cdb[0]] != 0;
	if (!index_of[cdb[0]])
		return NULL;
	for (op = &opcodes[index_of[cdb[0]] - 1]; op < opcodes + ARRAY_SIZE(opcodes) && op->op == cdb[0]; op++)
		if (op->sa < 0 || op->sa == (cdb[1] & 0x1f))
			return op;
	return NULL;
}

const char *scst_cdb_name(const u8 *cdb)
{
	bool other_sa;
	const struct scst_opcode *op = scst_find_opcode(cdb, &other_sa);

	return op ? op->name : NULL;
}
EXPORT_SYMBOL(scst_cdb_name);

bool scst_opcode_supported(struct scst_device *dev, const struct scst_opcode *op)
{
	return !dev->handler->supports || dev->handler->supports(dev, op->op, op->sa);
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
