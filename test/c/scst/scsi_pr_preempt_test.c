/* SPDX-License-Identifier: MIT */
/*
 * scsi_pr_preempt_test.c - persistent reservations that are cleared, preempted and moved: who
 * hears of it, and which commands end.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_pr.h"

static struct peer *a, *b, *c;
static u8 block[512];

/* ---- clearing and preempting --------------------------------------------------------------------- */

TEST(scsi_pr_clear_with_every_type)
{
	pr_start(&a, &b, &c);
	for (u32 i = 0; i < ARRAY_SIZE(pr_types); i++) {
		u32 before;

		pr_register_three(a, b, c);
		GOOD(pr_out(b, PROUT_RESERVE, pr_types[i], 0xb, 0));
		before = pr_generation(a);
		GOOD(pr_out(a, PROUT_CLEAR, 0, 0xa, 0));
		CHECK_EQ(pr_generation(a), before + 1);
		CHECK_EQ(pr_nr_keys(a), 0);
		CHECK_EQ(pr_reserved_type(a, NULL), 0);
		scsi_expect_ua(b, 0, UA_PREEMPTED);
		scsi_expect_ua(c, 0, UA_PREEMPTED);
		scsi_no_ua(a, 0);
		scsi_no_ua(b, 0);
		scsi_no_ua(c, 0);
	}
	rig_stop();
}

/* From every type to every type: the reservation changes hands. */
TEST(scsi_pr_preempt_the_holder)
{
	pr_start(&a, &b, &c);
	for (u8 abort = 0; abort < 2; abort++) {
		for (u32 i = 0; i < ARRAY_SIZE(pr_types) * ARRAY_SIZE(pr_types); i++) {
			u8 from = pr_types[i / ARRAY_SIZE(pr_types)], to = pr_types[i % ARRAY_SIZE(pr_types)];
			u64 key;
			u32 before;

			if (pr_is_ar(from))
				continue;
			pr_register_three(a, b, c);
			GOOD(pr_out(a, PROUT_RESERVE, from, 0xa, 0));
			before = pr_generation(a);
			GOOD(pr_out(b, abort ? PROUT_PREEMPT_AND_ABORT : PROUT_PREEMPT, to, 0xb, 0xa));
			scsi_expect_ua(a, 0, UA_REGISTRATION);
			CHECK_EQ(pr_generation(a), before + 1);
			CHECK_EQ(pr_reserved_type(a, &key), to);
			CHECK_EQ(key, pr_is_ar(to) ? 0 : 0xb);
			CHECK_EQ(pr_nr_keys(a), 2);
			/* SPC-4 5.13.11.4.3 e: who stays registered hears of another type. */
			if (from != to)
				scsi_expect_ua(c, 0, UA_RELEASED);
			scsi_no_ua(c, 0);
			scsi_no_ua(b, 0);
			scsi_no_ua(a, 0);
			GOOD(pr_out(b, PROUT_CLEAR, 0, 0xb, 0));
			scsi_expect_ua(c, 0, UA_PREEMPTED);
		}
	}
	rig_stop();
}

TEST(scsi_pr_preempt_all_registrants)
{
	u64 key;

	pr_start(&a, &b, &c);
	for (u32 i = 0; i < 2; i++) {
		u8 from = i ? EA_AR : WE_AR;

		pr_register_three(a, b, c);
		GOOD(pr_out(a, PROUT_RESERVE, from, 0xa, 0));
		/* A key: only that registration goes. */
		GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xc));
		scsi_expect_ua(c, 0, UA_REGISTRATION);
		CHECK_EQ(pr_reserved_type(a, NULL), from);
		CHECK_EQ(pr_nr_keys(a), 2);
		/* Zero: all but one's own. */
		GOOD(pr_out(b, PROUT_PREEMPT, EA, 0xb, 0));
		scsi_expect_ua(a, 0, UA_REGISTRATION);
		CHECK_EQ(pr_reserved_type(a, &key), EA);
		CHECK_EQ(key, 0xb);
		CHECK_EQ(pr_nr_keys(a), 1);
		scsi_no_ua(c, 0);
		GOOD(pr_out(b, PROUT_CLEAR, 0, 0xb, 0));
	}
	rig_stop();
}

TEST(scsi_pr_preempt_registrations)
{
	u32 before;

	pr_start(&a, &b, &c);
	pr_register_three(a, b, c);
	before = pr_generation(a);
	CONFLICT(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0x99));	/* nobody has it */
	CHECK_EQ(pr_out_sense(b, PROUT_PREEMPT, WE, 0xb, 0), 0x052600);
	CHECK_EQ(pr_generation(a), before);
	/* No reservation: the registration goes, and none comes. */
	GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xc));
	scsi_expect_ua(c, 0, UA_REGISTRATION);
	CHECK_EQ(pr_reserved_type(a, NULL), 0);
	/* One that does not hold it: the reservation stays. */
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
	GOOD(pr_out(a, PROUT_RESERVE, EA_RO, 0xa, 0));
	GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xc));
	scsi_expect_ua(c, 0, UA_REGISTRATION);
	CHECK_EQ(pr_reserved_type(a, NULL), EA_RO);
	/* The holder preempts itself: it keeps what it has, of the type it wants. */
	GOOD(pr_out(a, PROUT_PREEMPT, WE, 0xa, 0xa));
	CHECK_EQ(pr_reserved_type(a, NULL), WE);
	CHECK_EQ(pr_nr_keys(a), 2);
	scsi_expect_ua(b, 0, UA_RELEASED);
	/* Its own key, without holding: it removes itself. */
	GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xb));
	CHECK_EQ(pr_nr_keys(a), 1);
	CONFLICT(pr_out(b, PROUT_RESERVE, WE, 0xb, 0));
	rig_stop();
}

/* Several nexuses with one key, and the holder among them. */
TEST(scsi_pr_preempt_a_shared_key)
{
	pr_start(&a, &b, &c);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xaa));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xaa));
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
	GOOD(pr_out(a, PROUT_RESERVE, WE, 0xaa, 0));
	GOOD(pr_out(c, PROUT_PREEMPT, EA, 0xc, 0xaa));
	scsi_expect_ua(a, 0, UA_REGISTRATION);
	scsi_expect_ua(b, 0, UA_REGISTRATION);
	CHECK_EQ(pr_nr_keys(a), 1);
	CHECK_EQ(pr_reserved_type(a, NULL), EA);
	rig_stop();
}

/* The commands of the preempted nexus end without an answer; the others' go on. */
TEST(scsi_pr_preempt_and_abort_ends_commands)
{
	u8 write[16], list[24] = { 0 };
	u8 cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_PREEMPT_AND_ABORT, WE, [8] = 24 };
	struct scsi_answer answer;
	u32 mine, theirs;

	pr_start(&a, &b, &c);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
	GOOD(pr_out(a, PROUT_RESERVE, EA_RO, 0xa, 0));
	rig_hold(0);
	cdb_rw16(write, WRITE_16, 1, 1);
	scsi_send(a, 0, write, 0, block, 512);
	scsi_send(a, 0, write, 0, block, 512);
	mine = scsi_send(b, 0, write, 0, block, 512);
	rig_wait_held(3);
	put_unaligned_be64(0xb, list);
	put_unaligned_be64(0xa, list + 8);
	theirs = scsi_send(b, 0, cdb, 0, list, 24);
	peer_expect_silence(b);		/* it waits for those it aborted */
	rig_release();
	for (u32 i = 0; i < 2; i++) {
		scsi_answer(b, &answer);
		CHECK_EQ(answer.status, SAM_STAT_GOOD);
		CHECK(answer.itt == mine || answer.itt == theirs);
	}
	peer_expect_silence(a);
	scsi_expect_ua(a, 0, UA_REGISTRATION);
	scsi_conflicts(a, 0, write, 0, block, 512);
	rig_stop();
}

/* Drop what comes, until nothing has for @ms. */
static void drain(struct peer *peer, int ms)
{
	struct reply r;

	while (peer_receive_in(peer, &r, ms))
		;
}

/*
 * Each preempts the next, aborts its commands, and is preempted by the one before, round and
 * round, among writes and resets. Whoever waits for whom, it comes to an end.
 */
TEST(scsi_pr_preempt_storm)
{
	enum { NEXUSES = 6, ROUNDS = 60 };
	struct peer *peers[NEXUSES] = { NULL };
	u8 write[16], list[24] = { 0 };

	pr_start(&a, &b, &c);
	peers[0] = a;
	peers[1] = b;
	peers[2] = c;
	for (u32 i = 3; i < NEXUSES; i++)
		peers[i] = rig_nexus(i);
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 step = 0; step < 4; step++) {
			for (u32 i = 0; i < NEXUSES; i++) {
				u8 cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, WE_AR, [8] = 24 };

				cdb_rw16(write, WRITE_16, i, 1);
				scsi_send(peers[i], 0, write, 0, block, 512);
				put_unaligned_be64(0, list);
				put_unaligned_be64(0x10 + i, list + 8);
				scsi_send(peers[i], 0, cdb, 0, list, 24);
				cdb[1] = PROUT_PREEMPT_AND_ABORT;
				put_unaligned_be64(0x10 + i, list);
				put_unaligned_be64(0x10 + (i + 1 + step) % NEXUSES, list + 8);
				scsi_send(peers[i], 0, cdb, 0, list, 24);
				if (round % 5 == i)
					scsi_tm_send(peers[i], ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG);
			}
		}
		for (u32 i = 0; i < NEXUSES; i++)
			drain(peers[i], 1);
	}
	/* All that is under way ends: nothing is left that could be aborted, and then it serves. */
	for (u32 i = 0; i < NEXUSES; i++) {
		drain(peers[i], 50);
		CHECK_EQ(scsi_tm(peers[i], ISCSI_TMF_ABORT_TASK_SET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	}
	rig_stop();
}

/* ---- moving ------------------------------------------------------------------------------------------ */

static u32 move_list(u8 *list, u32 to, u64 key, u64 sa_key, u8 flags)
{
	u32 len;

	memset(list, 0, 24);
	put_unaligned_be64(key, list);
	put_unaligned_be64(sa_key, list + 8);
	list[17] = flags;
	put_unaligned_be16(1, list + 18);	/* the first target's port */
	len = rig_transport_id(to, list + 24);
	put_unaligned_be32(len, list + 20);
	return 24 + len;
}

TEST(scsi_pr_move)
{
	u8 list[24 + 264];
	u32 len, before;
	u64 key;

	pr_start(&a, &b, &c);
	pr_register_three(a, b, c);
	len = move_list(list, 1, 0xa, 0x1b, 0);
	CONFLICT(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).status);	/* nothing reserved */
	GOOD(pr_out(a, PROUT_RESERVE, EA, 0xa, 0));
	before = pr_generation(a);
	CONFLICT(pr_out_list(b, PROUT_REGISTER_AND_MOVE, 0, list, len).status);	/* not the holder, wrong key */
	list[17] = 1;
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	list[17] = 0;
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len - 4).sense, 0x051a00);
	list[19] = 9;		/* a port there is not */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	list[19] = 1;
	len = move_list(list, 1, 0xa, 0, 0);
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	len = move_list(list, 0, 0xa, 0x1b, 0);		/* to itself */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	CHECK_EQ(pr_generation(a), before);
	CHECK_EQ(pr_nr_keys(a), 3);

	len = move_list(list, 1, 0xa, 0x1b, 0);
	GOOD(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).status);
	CHECK_EQ(pr_generation(a), before + 1);
	CHECK_EQ(pr_reserved_type(a, &key), EA);
	CHECK_EQ(key, 0x1b);
	CHECK_EQ(pr_nr_keys(a), 3);
	/* On to one that was not registered, and the old holder goes. */
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0xc, 0));
	len = move_list(list, 2, 0x1b, 0x2c, 2);
	GOOD(pr_out_list(b, PROUT_REGISTER_AND_MOVE, 0, list, len).status);
	CHECK_EQ(pr_nr_keys(a), 2);
	CHECK_EQ(pr_reserved_type(a, &key), EA);
	CHECK_EQ(key, 0x2c);
	CONFLICT(pr_out(b, PROUT_RELEASE, EA, 0x1b, 0));
	GOOD(pr_out(c, PROUT_RELEASE, EA, 0x2c, 0));
	/* What all hold nobody can move. */
	GOOD(pr_out(c, PROUT_RESERVE, WE_AR, 0x2c, 0));
	len = move_list(list, 1, 0x2c, 0x3b, 0);
	CONFLICT(pr_out_list(c, PROUT_REGISTER_AND_MOVE, 0, list, len).status);
	rig_stop();
}
