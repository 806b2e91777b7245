/* SPDX-License-Identifier: MIT */
/*
 * scsi_tm_test.c - task management while commands really execute: what ends, what goes
 * on, who is told, and when the function itself is answered (SAM-5 7; RFC 7143 4.2.3.3).
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

#define UA_RESET	0x062903

static struct peer *a, *b;
static u8 block[512], cdb_write[16], cdb_read[16];

static void start(void)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	rig_disk(1, "vdisk_ram", "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
	cdb_rw16(cdb_write, WRITE_16, 1, 1);
	cdb_rw16(cdb_read, READ_16, 1, 1);
}

static void expect_good(struct peer *peer, u32 itt)
{
	struct scsi_answer answer;

	scsi_answer(peer, &answer);
	CHECK_EQ(answer.itt, itt);
	CHECK_EQ(answer.status, SAM_STAT_GOOD);
}

TEST(scsi_tm_abort_task_that_executes)
{
	u32 first, second, tm;

	start();
	rig_hold(0);
	first = scsi_send(a, 0, cdb_write, 0, block, 512);
	second = scsi_send(a, 0, cdb_read, 512, NULL, 0);
	rig_wait_held(2);
	tm = scsi_tm_send(a, ISCSI_TMF_ABORT_TASK, 0, first);
	peer_expect_silence(a);		/* not answered before the task has ended */
	rig_release();
	/* The other goes on, and the aborted one is never answered. */
	{
		struct reply r;
		u32 seen = 0;

		for (u32 i = 0; i < 2; i++) {
			CHECK(peer_receive_in(a, &r, 5000));
			if (reply_op(&r) == ISCSI_OP_TMF_RSP) {
				CHECK_EQ(reply_itt(&r), tm);
				CHECK_EQ(r.bhs[2], ISCSI_TMF_COMPLETE);
				seen |= 1;
			} else {
				CHECK_EQ(reply_op(&r), ISCSI_OP_DATA_IN);
				CHECK_EQ(reply_itt(&r), second);
				seen |= 2;
			}
		}
		CHECK_EQ(seen, 3);
	}
	peer_expect_silence(a);
	scsi_no_ua(a, 0);
	scsi_no_ua(b, 0);
	rig_stop();
}

TEST(scsi_tm_abort_task_that_is_over)
{
	u32 itt;

	start();
	itt = scsi_send(a, 0, cdb_read, 512, NULL, 0);
	expect_good(a, itt);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_ABORT_TASK, 0, itt), ISCSI_TMF_NO_TASK);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_ABORT_TASK, 0, 0x1234567), ISCSI_TMF_NO_TASK);
	rig_stop();
}

/* A task is its nexus' own: the same tag in another session is another task. */
TEST(scsi_tm_abort_task_of_another_nexus)
{
	u32 itt;

	start();
	rig_hold(0);
	itt = scsi_send(a, 0, cdb_write, 0, block, 512);
	rig_wait_held(1);
	CHECK_EQ(scsi_tm(b, ISCSI_TMF_ABORT_TASK, 0, itt), ISCSI_TMF_NO_TASK);
	rig_release();
	expect_good(a, itt);
	rig_stop();
}

/* TST = 001b: CLEAR TASK SET covers what ABORT TASK SET does, this nexus on this LUN. */
static void one_nexus_one_lun(u8 function)
{
	u32 other_lun, other_nexus, tm;

	start();
	rig_hold(0);
	for (u32 i = 0; i < 10; i++)
		scsi_send(a, 0, cdb_write, 0, block, 512);
	other_nexus = scsi_send(b, 0, cdb_read, 512, NULL, 0);
	rig_wait_held(11);
	other_lun = scsi_send(a, 1, cdb_read, 512, NULL, 0);
	expect_good(a, other_lun);
	tm = scsi_tm_send(a, function, 0, ISCSI_RESERVED_TAG);
	peer_expect_silence(a);
	rig_release();
	CHECK_EQ(scsi_tm_answer(a, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(a);
	expect_good(b, other_nexus);
	scsi_no_ua(a, 0);
	scsi_no_ua(b, 0);
	rig_stop();
}

TEST(scsi_tm_abort_task_set)
{
	one_nexus_one_lun(ISCSI_TMF_ABORT_TASK_SET);
}

TEST(scsi_tm_clear_task_set)
{
	one_nexus_one_lun(ISCSI_TMF_CLEAR_TASK_SET);
}

TEST(scsi_tm_lun_reset)
{
	u32 other_lun, tm;

	start();
	rig_hold(0);
	for (u32 i = 0; i < 5; i++) {
		scsi_send(a, 0, cdb_write, 0, block, 512);
		scsi_send(b, 0, cdb_write, 0, block, 512);
	}
	rig_wait_held(10);
	tm = scsi_tm_send(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG);
	peer_expect_silence(a);
	other_lun = scsi_send(b, 1, cdb_read, 512, NULL, 0);
	expect_good(b, other_lun);
	rig_release();
	CHECK_EQ(scsi_tm_answer(a, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(a);
	peer_expect_silence(b);		/* theirs ended too, and without an answer */
	scsi_expect_ua(a, 0, UA_RESET);
	scsi_no_ua(a, 0);
	scsi_expect_ua(b, 0, UA_RESET);
	scsi_no_ua(a, 1);
	scsi_no_ua(b, 1);
	rig_stop();
}

static void target_reset(u8 function)
{
	u32 tm;

	start();
	rig_hold(0);
	scsi_send(a, 0, cdb_write, 0, block, 512);
	scsi_send(b, 0, cdb_write, 0, block, 512);
	rig_wait_held(2);
	tm = scsi_tm_send(b, function, 0, ISCSI_RESERVED_TAG);
	peer_expect_silence(b);
	rig_release();
	CHECK_EQ(scsi_tm_answer(b, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(a);
	for (u32 lun = 0; lun < 2; lun++) {
		scsi_expect_ua(a, lun, UA_RESET);
		scsi_expect_ua(b, lun, UA_RESET);
	}
	rig_stop();
}

TEST(scsi_tm_target_warm_reset)
{
	target_reset(ISCSI_TMF_TARGET_WARM_RESET);
}

TEST(scsi_tm_target_cold_reset)
{
	target_reset(ISCSI_TMF_TARGET_COLD_RESET);
}

TEST(scsi_tm_lun_that_is_not_there)
{
	start();
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_ABORT_TASK_SET, 9, ISCSI_RESERVED_TAG), ISCSI_TMF_NO_LUN);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_CLEAR_TASK_SET, 9, ISCSI_RESERVED_TAG), ISCSI_TMF_NO_LUN);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_LUN_RESET, 9, ISCSI_RESERVED_TAG), ISCSI_TMF_NO_LUN);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_CLEAR_ACA, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_NOT_SUPPORTED);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_TASK_REASSIGN, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_NO_REASSIGN);
	scsi_no_ua(a, 0);
	rig_stop();
}

/* Commands that wait for their data, or behind an ORDERED one, end at once. */
TEST(scsi_tm_reset_of_commands_that_wait)
{
	u8 bhs[ISCSI_BHS_LEN];
	u32 tm;

	start();
	rig_hold(0);
	scsi_send(b, 0, cdb_read, 512, NULL, 0);
	rig_wait_held(1);
	scsi_send_attr(b, 0, cdb_read, 512, NULL, 0, ISCSI_ATTR_ORDERED);
	for (u32 i = 0; i < 8; i++)
		scsi_send(b, 0, cdb_read, 512, NULL, 0);
	/* A write that is asked for its data, which never comes. */
	peer_header(a, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE | ISCSI_ATTR_SIMPLE, a->next_itt++);
	put32(bhs, 20, 512);
	memcpy(bhs + 32, cdb_write, 16);
	peer_send(a, bhs, NULL, 0);
	{
		struct reply r;

		peer_receive(a, &r, ISCSI_OP_R2T);
	}
	CHECK_EQ(rig_held(), 1);
	tm = scsi_tm_send(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG);
	peer_expect_silence(a);
	rig_release();
	CHECK_EQ(scsi_tm_answer(a, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(b);
	scsi_expect_ua(a, 0, UA_RESET);
	scsi_expect_ua(b, 0, UA_RESET);
	scsi_read(b, 0, 0, 1, 512, block);
	rig_stop();
}

/* Functions from all sides at once, and commands among them: all are answered, none twice. */
TEST(scsi_tm_storm)
{
	enum { ROUNDS = 200, NEXUSES = 4 };
	static const u8 functions[] = { ISCSI_TMF_ABORT_TASK, ISCSI_TMF_ABORT_TASK_SET, ISCSI_TMF_CLEAR_TASK_SET,
					ISCSI_TMF_LUN_RESET, ISCSI_TMF_TARGET_WARM_RESET };
	/* Over the blocks of all: plain writes are apart, for two at once to one block are nobody's order. */
	static const u8 caw[16] = { COMPARE_AND_WRITE, [13] = 8 };
	static u8 blocks[2 * 8 * 512];
	struct peer *peers[NEXUSES];
	u32 rnd = 1;

	start();
	peers[0] = a;
	peers[1] = b;
	peers[2] = rig_nexus(2);
	peers[3] = rig_nexus(3);
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 i = 0; i < NEXUSES; i++) {
			u32 itt = 0;

			rnd = rnd * 1664525 + 1013904223;
			cdb_rw16(cdb_write, WRITE_16, i, 1);
			cdb_rw16(cdb_read, READ_16, i, 1);
			itt = scsi_send(peers[i], 0, cdb_write, 0, block, 512);
			scsi_send(peers[i], 0, caw, 0, blocks, sizeof(blocks));
			scsi_send_attr(peers[i], 0, cdb_read, 512, NULL, 0,
				       rnd >> 8 & 1 ? ISCSI_ATTR_ORDERED : ISCSI_ATTR_HEAD);
			scsi_tm_send(peers[i], functions[(rnd >> 16) % ARRAY_SIZE(functions)], 0, itt);
		}
		/* Each function is answered; commands are, or they are not. */
		for (u32 i = 0; i < NEXUSES; i++) {
			struct reply r;

			do {
				if (!peer_receive_in(peers[i], &r, 5000))
					test_fail(__FILE__, __LINE__, "round %u, nexus %u: no answer", round, i);
				CHECK(reply_op(&r) == ISCSI_OP_TMF_RSP || reply_op(&r) == ISCSI_OP_SCSI_RSP ||
				      reply_op(&r) == ISCSI_OP_DATA_IN);
			} while (reply_op(&r) != ISCSI_OP_TMF_RSP);
		}
		for (u32 i = 0; i < NEXUSES; i++) {
			struct reply r;

			while (peer_receive_in(peers[i], &r, 1))
				;
		}
	}
	rig_stop();
}

/* Commands that wait in the disk's queue are not begun any more once they are aborted. */
TEST(scsi_tm_reset_of_a_long_queue)
{
	static u8 ones[512], seen[512];
	struct reply reply;
	u8 same[16];
	u32 itt;

	start();
	rig_disk(2, "vdisk_ram", "size=64M");
	scsi_expect_ua(a, 2, SENSE_UA_POWER_ON);
	memset(ones, 0xff, sizeof(ones));
	for (u32 i = 0; i < 100; i++) {
		cdb_rw16(same, WRITE_SAME_16, i < 99 ? 0 : 65536, 32768);
		scsi_send(a, 2, same, 0, ones, 512);
	}
	itt = scsi_tm_send(a, ISCSI_TMF_LUN_RESET, 2, ISCSI_RESERVED_TAG);
	/* The first ones may have been done before the reset came, and say so; not the last. */
	do
		CHECK(peer_receive_in(a, &reply, 10000));
	while (reply_op(&reply) == ISCSI_OP_SCSI_RSP);
	CHECK_EQ(reply_op(&reply), ISCSI_OP_TMF_RSP);
	CHECK_EQ(reply_itt(&reply), itt);
	CHECK_EQ(reply.bhs[2], ISCSI_TMF_COMPLETE);
	scsi_expect_ua(a, 2, UA_RESET);
	scsi_read(a, 2, 65536, 1, 512, seen);
	CHECK(!memchr_inv(seen, 0, 512));
	rig_stop();
}

/* The session goes while its commands execute: they end, and then it does. */
TEST(scsi_tm_session_lost_while_commands_execute)
{
	start();
	rig_hold(0);
	for (u32 i = 0; i < 20; i++)
		scsi_send(a, 0, cdb_write, 0, block, 512);
	rig_wait_held(20);
	peer_close(a);
	wait_ms(50);
	scsi_read(b, 1, 0, 1, 512, block);
	rig_release();
	rig_login(0, NULL);
	a = rig_login(3, NULL);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
	scsi_read(b, 0, 0, 1, 512, block);
	rig_stop();
}

/* A reset asked for by a session that goes before it is done. */
TEST(scsi_tm_session_lost_while_a_reset_waits)
{
	start();
	rig_hold(0);
	scsi_send(b, 0, cdb_write, 0, block, 512);
	rig_wait_held(1);
	scsi_tm_send(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG);
	wait_ms(50);
	peer_close(a);
	wait_ms(50);
	rig_release();
	scsi_expect_ua(b, 0, UA_RESET);
	a = rig_login(0, NULL);
	rig_stop();
}

/* Unit attentions do not pile up: the same one once, and 8 in all, the oldest forgotten. */
TEST(scsi_tm_unit_attentions_are_bounded)
{
	u8 inquiry[16] = { INQUIRY, 0, 0, 0, 96 };

	start();
	for (u32 i = 0; i < 50; i++)
		CHECK_EQ(scsi_tm(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	/* INQUIRY and REPORT LUNS neither report nor take it (SAM-5 5.14.1). */
	scsi_good(b, 0, inquiry, 96, NULL, 0);
	scsi_expect_ua(b, 0, UA_RESET);
	scsi_no_ua(b, 0);
	scsi_expect_ua(a, 0, UA_RESET);
	scsi_no_ua(a, 0);
	rig_stop();
}

/* Eight different ones are kept; of more, the newest. */
TEST(scsi_tm_unit_attentions_of_many_kinds)
{
	start();
	for (u8 ascq = 0; ascq < 20; ascq++)
		scst_dev_set_ua(scst_find_device("disk0"), NULL, 0x2a, ascq);
	for (u8 ascq = 12; ascq < 20; ascq++)
		scsi_expect_ua(a, 0, 0x062a00 | ascq);
	scsi_no_ua(a, 0);
	scsi_expect_ua(b, 0, 0x062a0c);
	rig_stop();
}

/* One that waits for its turn is ended at once, whatever it waits for. */
TEST(scsi_tm_abort_task_behind_an_ordered_one)
{
	u32 before, behind, ordered;

	start();
	rig_hold(0);
	before = scsi_send(a, 0, cdb_read, 512, NULL, 0);
	rig_wait_held(1);
	ordered = scsi_send_attr(a, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0, ISCSI_ATTR_ORDERED);
	behind = scsi_send(a, 0, cdb_read, 512, NULL, 0);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_ABORT_TASK, 0, behind), ISCSI_TMF_COMPLETE);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_ABORT_TASK, 0, ordered), ISCSI_TMF_COMPLETE);
	CHECK_EQ(rig_held(), 1);
	rig_release();
	expect_good(a, before);
	peer_expect_silence(a);
	scsi_read(a, 0, 0, 1, 512, block);
	rig_stop();
}

/* ORDERED waits for all before it, and all behind wait for it; HEAD OF QUEUE does not. */
TEST(scsi_tm_task_attributes)
{
	u32 before, ordered, behind, head;
	struct scsi_answer answer;

	start();
	rig_hold(0);
	before = scsi_send(a, 0, cdb_read, 512, NULL, 0);
	rig_wait_held(1);
	ordered = scsi_send_attr(a, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0, ISCSI_ATTR_ORDERED);
	behind = scsi_send(a, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0);
	peer_expect_silence(a);
	head = scsi_send_attr(a, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0, ISCSI_ATTR_HEAD);
	expect_good(a, head);
	/* Other nexuses have their own task set. */
	scsi_no_ua(b, 0);
	rig_release();
	for (u32 i = 0; i < 3; i++) {
		u32 order[3] = { before, ordered, behind };

		scsi_answer(a, &answer);
		CHECK_EQ(answer.itt, order[i]);
	}
	rig_stop();
}
