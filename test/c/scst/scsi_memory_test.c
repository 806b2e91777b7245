/* SPDX-License-Identifier: MIT */
/*
 * scsi_memory_test.c - a target that has no memory: each allocation fails in its turn, and
 * then all of them. Commands are refused, nothing is lost, and the next one is served.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "memory.h"
#include "scsi_rig.h"

static struct peer *a, *b;
static u8 block[512], cdb_read[16], cdb_write[16];

static void start(const char *handler)
{
	rig_start();
	if (!strcmp(handler, "vdisk_fileio"))
		rig_file_disk(0, handler, 1 << 20, "");
	else
		rig_disk(0, handler, "size=1M");
	rig_disk(1, "vdisk_ram", "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
	cdb_rw16(cdb_read, READ_16, 1, 1);
	cdb_rw16(cdb_write, WRITE_16, 1, 1);
}

struct step {
	u8	cdb[16];
	u32	in, out;
};

/* Something of everything that asks for memory. */
static const struct step steps[] = {
	{ { TEST_UNIT_READY }, 0, 0 },
	{ { INQUIRY, 0, 0, 0, 96 }, 96, 0 },
	{ { REPORT_LUNS, [9] = 64 }, 64, 0 },
	{ { READ_16, [13] = 8 }, 4096, 0 },
	{ { WRITE_16, [13] = 8 }, 0, 4096 },
	{ { VERIFY_16, 2, [13] = 8 }, 0, 4096 },
	{ { WRITE_SAME_16, [13] = 8 }, 0, 512 },
	{ { COMPARE_AND_WRITE, [13] = 1 }, 0, 1024 },
	{ { ORWRITE_16, [13] = 8 }, 0, 4096 },
	{ { MODE_SENSE, 0, 0x3f, 0, 100 }, 100, 0 },
	{ { MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES, [8] = 16 }, 4096, 0 },
	{ { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, [8] = 24 }, 0, 24 },
	{ { PERSISTENT_RESERVE_IN, PRIN_READ_FULL_STATUS, [7] = 4 }, 1024, 0 },
	{ { PERSISTENT_RESERVE_OUT, PROUT_PREEMPT_AND_ABORT, 1, [8] = 24 }, 0, 24 },
	{ { UNMAP, [8] = 24 }, 0, 24 },
	{ { EXTENDED_COPY, [13] = 76 }, 0, 76 },
	{ { RECEIVE_COPY_RESULTS, RCR_COPY_STATUS, 1, [13] = 32 }, 32, 0 },
	{ { SANITIZE, SANITIZE_OVERWRITE, [8] = 8 }, 0, 8 },
	{ { READ_16, [9] = 200, [13] = 100 }, 100 * 512, 0 },
};

static u8 parameters[64 << 10];

static void fill_parameters(const struct step *step)
{
	memset(parameters, 0, sizeof(parameters));
	switch (step->cdb[0]) {
	case PERSISTENT_RESERVE_OUT:
		parameters[15] = 1;
		parameters[7] = step->cdb[1] == PROUT_PREEMPT_AND_ABORT;
		break;
	case UNMAP:
		parameters[3] = 16;
		parameters[19] = 8;
		break;
	case SANITIZE:
		parameters[0] = 1;
		parameters[3] = 4;
		break;
	case EXTENDED_COPY:
		parameters[0] = 1;
		parameters[3] = 32;
		parameters[11] = 28;
		parameters[16] = 0xe4;
		parameters[20] = 1;
		parameters[21] = 3;
		parameters[23] = 8;
		put_unaligned_be64(scst_dev_naa(scst_find_device("disk0")), parameters + 24);
		parameters[46] = 2;
		parameters[48] = 2;
		parameters[51] = 24;
		parameters[59] = 8;
		parameters[75] = 64;
		break;
	}
}

/* Allocations when all is quiet; the workers that come up with their first work are there by then. */
static long live_at_rest(void)
{
	long live;

	for (u32 i = 0; i < 4; i++) {
		struct peer *peer = rig_login(2, NULL);

		scsi_expect_ua(peer, 0, SENSE_UA_POWER_ON);
		CHECK_EQ(scsi_tm(peer, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
		rig_logout(2);
		scsi_expect_ua(a, 0, 0x062903);
		scsi_expect_ua(b, 0, 0x062903);
	}
	do {
		live = memory_live();
		wait_ms(20);
	} while (live != memory_live());
	return live;
}

/* What was asked for is given back, sooner or later. */
static void expect_live(long live)
{
	for (u32 i = 0; memory_live() != live && i < 2000; i++)
		wait_ms(1);
	CHECK_EQ(memory_live(), live);
}

/* What the target says when it has no memory; false: it ended the connection. */
static bool answered(struct peer *peer, const struct step *step)
{
	struct reply r;

	for (;;) {
		u8 status;

		if (!peer_receive_in(peer, &r, 5000)) {
			peer_expect_end(peer);
			return false;
		}
		if (reply_op(&r) == ISCSI_OP_REJECT) {
			CHECK_EQ(r.bhs[2], ISCSI_REASON_LONG_OPERATION);
			return true;
		}
		if (reply_op(&r) == ISCSI_OP_DATA_IN && !(reply_flags(&r) & ISCSI_DATA_IN_STATUS))
			continue;
		CHECK(reply_op(&r) == ISCSI_OP_DATA_IN || reply_op(&r) == ISCSI_OP_SCSI_RSP);
		status = reply_status(&r);
		if (status != SAM_STAT_GOOD && status != SAM_STAT_BUSY && status != SAM_STAT_CHECK_CONDITION)
			test_fail(__FILE__, __LINE__, "CDB %02x ended with status 0x%02x", step->cdb[0], status);
		if (status == SAM_STAT_CHECK_CONDITION) {
			u32 sense = (r.data[4] & 15u) << 16 | r.data[14] << 8 | r.data[15];

			/* INSUFFICIENT (REGISTRATION) RESOURCES, THIRD PARTY DEVICE FAILURE (of a copy) */
			if (sense != 0x0b5503 && sense != 0x055504 && sense != 0x0a0d01)
				test_fail(__FILE__, __LINE__, "CDB %02x ended with sense %06x", step->cdb[0], sense);
		}
		return true;
	}
}

/* False: the connection has ended. */
static bool run_step(struct peer *peer, const struct step *step, bool immediate)
{
	u8 bhs[ISCSI_BHS_LEN];
	struct reply r;

	fill_parameters(step);
	if (immediate || !step->out) {
		scsi_send(peer, 0, step->cdb, step->in, parameters, step->out);
		return answered(peer, step);
	}
	peer_header(peer, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE | ISCSI_ATTR_SIMPLE,
		    peer->next_itt++);
	put32(bhs, 20, step->out);
	memcpy(bhs + 32, step->cdb, 16);
	peer_send(peer, bhs, NULL, 0);
	if (!peer_receive_in(peer, &r, 5000))
		return false;
	if (reply_op(&r) == ISCSI_OP_R2T) {
		peer_data_out(peer, reply_itt(&r), get32(r.bhs, 20), 0, 0, parameters, step->out, true);
		return answered(peer, step);
	}
	CHECK(reply_op(&r) == ISCSI_OP_REJECT || reply_status(&r) == SAM_STAT_BUSY);
	return true;
}

/* A nexus that has done what step @i builds on. */
static struct peer *ready_for(u32 i, bool immediate)
{
	struct iscsi_handoff h;
	struct peer *peer;

	rig_handoff(2, &h);
	h.immediate_data = immediate;
	peer = rig_login(2, &h);
	scsi_expect_ua(peer, 0, SENSE_UA_POWER_ON);
	scsi_expect_ua(peer, 1, SENSE_UA_POWER_ON);
	if (steps[i].cdb[0] == RECEIVE_COPY_RESULTS)
		CHECK(run_step(peer, &steps[i - 1], immediate));
	if (steps[i].cdb[1] == PROUT_PREEMPT_AND_ABORT)
		CHECK(run_step(peer, &steps[i - 2], immediate));
	return peer;
}

static void clear_registrations(void)
{
	CHECK(run_step(b, &steps[11], true));
	scsi_good(b, 0, (u8[16]){ PERSISTENT_RESERVE_OUT, PROUT_CLEAR, [8] = 24 }, 0, (u8[24]){ [7] = 1 }, 24);
}

/* Each allocation in turn fails, until there is none left to fail. */
static void every_allocation_fails(const char *handler, bool immediate)
{
	u32 failed = 0;
	long live;

	start(handler);
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		CHECK(run_step(ready_for(i, immediate), &steps[i], immediate));
		rig_logout(2);
	}
	clear_registrations();
	live = live_at_rest();
	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		u32 nth = 0, now;

		do {
			struct peer *peer = ready_for(i, immediate);
			bool lives;

			CHECK_LT(nth, 1000);
			memory_fail_at(++nth);
			lives = run_step(peer, &steps[i], immediate);
			now = memory_failed();
			failed += now;
			memory_fail_at(0);
			/* It goes on, or another does; and those who had nothing to do with it. */
			if (lives)
				scsi_good(peer, 1, cdb_read, 512, NULL, 0);
			rig_logout(2);
			scsi_read(b, 1, 0, 1, 512, block);
		} while (now);
	}
	CHECK_GE(failed, 2 * ARRAY_SIZE(steps));
	clear_registrations();
	expect_live(live);
	rig_stop();
}

TEST(scsi_limit_of_memory_with_immediate_data)
{
	every_allocation_fails("vdisk_ram", true);
}

TEST(scsi_limit_of_memory_with_r2ts)
{
	every_allocation_fails("vdisk_ram", false);
}

TEST(scsi_limit_of_memory_on_a_file)
{
	every_allocation_fails("vdisk_fileio", true);
}

/* A write whose data could not be asked for, as there was no memory for the R2T, is no write. */
TEST(scsi_limit_of_memory_for_an_r2t_writes_nothing)
{
	static const u8 cdb[16] = { WRITE_10, [5] = 9, [8] = 1 };
	struct iscsi_handoff h;
	u32 nth = 0, failed;

	start("vdisk_fileio");
	memset(block, 0x5a, 512);
	scsi_write(b, 0, 9, 1, 512, block);
	do {
		struct reply r;
		struct peer *peer;
		u8 bhs[ISCSI_BHS_LEN];
		bool asked;

		/* What lies about in the memory that the command gets. */
		memset(block, 0xc3, 512);
		for (u32 i = 0; i < 4; i++)
			scsi_write(b, 0, 100 + i, 1, 512, block);
		memset(block, 0x5a, 512);
		rig_handoff(2, &h);
		h.immediate_data = false;
		peer = rig_login(2, &h);
		scsi_expect_ua(peer, 0, SENSE_UA_POWER_ON);
		CHECK_LT(nth, 100);
		peer_header(peer, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE | ISCSI_ATTR_SIMPLE,
			    peer->next_itt++);
		put32(bhs, 20, 512);
		memcpy(bhs + 32, cdb, 16);
		memory_fail_at(++nth);
		peer_send(peer, bhs, NULL, 0);
		asked = peer_receive_in(peer, &r, PATIENCE_MS) && reply_op(&r) == ISCSI_OP_R2T;
		failed = memory_failed();
		memory_fail_at(0);
		if (asked) {
			peer_data_out(peer, reply_itt(&r), get32(r.bhs, 20), 0, 0, block, 512, true);
			CHECK(peer_receive_in(peer, &r, PATIENCE_MS));
		}
		rig_logout(2);
		scsi_read(b, 0, 9, 1, 512, block);
		for (u32 i = 0; i < 512; i++)
			CHECK_EQ(block[i], 0x5a);
	} while (failed);
	CHECK_GE(nth, 3);
	rig_stop();
}

/* None at all for a while: everybody hears BUSY or loses the connection, and then all is well. */
TEST(scsi_limit_of_memory_all_of_it)
{
	enum { NR = 30 };
	u8 pdus[NR][ISCSI_BHS_LEN];
	struct scsi_answer answer;
	u32 busy = 0;
	long live;

	start("vdisk_ram");
	live = live_at_rest();
	for (u32 round = 0; round < 20; round++) {
		struct peer *peer = rig_login(2, NULL);
		struct reply r;

		scsi_expect_ua(peer, 0, SENSE_UA_POWER_ON);
		memory_fail_all(true);
		/* In one piece, for the connection may end at the first. */
		for (u32 i = 0; i < NR; i++) {
			peer_header(peer, pdus[i], ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_READ | ISCSI_ATTR_SIMPLE,
				    peer->next_itt++);
			put32(pdus[i], 20, 512);
			memcpy(pdus[i] + 32, cdb_read, 16);
		}
		peer_send_raw(peer, pdus, sizeof(pdus));
		for (u32 i = 0; i < NR && peer_receive_in(peer, &r, 5000); i++)
			busy += reply_op(&r) == ISCSI_OP_SCSI_RSP && reply_status(&r) == SAM_STAT_BUSY;
		memory_fail_all(false);
		rig_logout(2);
		answer = scsi_good(b, 0, cdb_read, 512, NULL, 0);
		CHECK_EQ(answer.len, 512);
	}
	expect_live(live);
	CHECK_EQ(busy, 0);
	rig_stop();
}

/* Resets, aborts and logouts find no memory either. */
TEST(scsi_limit_of_memory_for_management)
{
	static const u8 functions[] = { ISCSI_TMF_ABORT_TASK, ISCSI_TMF_ABORT_TASK_SET, ISCSI_TMF_LUN_RESET,
					ISCSI_TMF_TARGET_WARM_RESET };
	long live;

	start("vdisk_ram");
	live = live_at_rest();
	for (u32 f = 0; f < ARRAY_SIZE(functions); f++) {
		for (u32 nth = 1;; nth++) {
			struct peer *peer = rig_login(2, NULL);
			bool all_done;
			struct reply r;
			u32 itt;

			CHECK_LT(nth, 1000);
			scsi_expect_ua(peer, 0, SENSE_UA_POWER_ON);
			rig_hold(0);
			itt = scsi_send(peer, 0, cdb_write, 0, block, 512);
			rig_wait_held(1);
			memory_fail_at(nth);
			scsi_tm_send(peer, functions[f], 0, itt);
			wait_ms(2);
			rig_release();
			/* COMPLETE, or REJECTED and the command is answered, or the connection ends. */
			if (peer_receive_in(peer, &r, 5000) && reply_op(&r) == ISCSI_OP_TMF_RSP)
				CHECK(r.bhs[2] == ISCSI_TMF_COMPLETE || r.bhs[2] == ISCSI_TMF_REJECTED);
			all_done = !memory_failed();
			memory_fail_at(0);
			rig_logout(2);
			if (functions[f] == ISCSI_TMF_LUN_RESET || functions[f] == ISCSI_TMF_TARGET_WARM_RESET) {
				/* Perhaps it was done, perhaps not: whoever was told knows. */
				scsi_cmd(b, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0);
				scsi_cmd(b, 1, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0);
				scsi_cmd(a, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0);
				scsi_cmd(a, 1, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0);
			}
			scsi_no_ua(b, 0);
			if (all_done)
				break;
		}
	}
	expect_live(live);
	rig_stop();
}
