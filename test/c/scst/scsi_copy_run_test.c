/* SPDX-License-Identifier: MIT */
/*
 * scsi_copy_run_test.c - what may be in the way of an EXTENDED COPY, and what may happen to it
 * while it runs.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_copy.h"

static struct peer *a, *b;
static u8 data[1 << 20];

static void start(void)
{
	copy_start(&a, &b);
	fill(data, sizeof(data), 5);
}

/* ---- what else may be in the way ------------------------------------------------------------------------- */

TEST(scsi_copy_to_what_may_not_be_written)
{
	static const u8 do_register[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, [8] = 24 };
	static const u8 do_reserve[16] = { PERSISTENT_RESERVE_OUT, PROUT_RESERVE, 1, [8] = 24 };
	u8 key[24] = { [15] = 1 }, param[24] = { [7] = 1 };
	struct scsi_answer answer;

	start();
	copy_begin(3, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 3, 512);
	copy_add_segment(1, 0, 0, 0, 8);
	CHECK_EQ(copy_sense(a, 0), 0);			/* from a read-only LUN is no harm */
	copy_begin(3, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 3, 512);
	copy_add_segment(0, 1, 0, 0, 8);
	CHECK_EQ(copy_sense(a, 0), 0x0a0d01);
	answer = copy_results(a, RCR_COPY_STATUS, 3);
	CHECK_EQ(answer.data[4], 2);
	CHECK_EQ(get_unaligned_be16(answer.data + 5), 0);

	/* Write exclusive: another's destination is out of reach, as a source it is not. */
	scsi_good(b, 1, do_register, 0, key, 24);
	scsi_good(b, 1, do_reserve, 0, param, 24);
	copy_begin_good(a);
	CHECK_EQ(copy_sense(a, 0), 0x0a0d01);
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 1, 512);
	copy_add_segment(1, 0, 0, 0, 8);
	CHECK_EQ(copy_sense(a, 0), 0);
	/* The command itself on the reserved LUN conflicts. */
	CHECK_EQ(scsi_cmd(a, 1, (u8[16]){ EXTENDED_COPY }, 0, NULL, 0).status, SAM_STAT_RESERVATION_CONFLICT);
	rig_stop();
}

TEST(scsi_copy_from_a_file_that_is_too_short)
{
	extern int truncate(const char *path, long length);

	start();
	CHECK_EQ(truncate(rig_file_path(0), 1 << 20), 0);
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 1, 512);
	copy_add_segment(0, 1, 0, 0, 2048);
	copy_add_segment(0, 1, 2048, 0, 8);
	CHECK_EQ(copy_sense(a, 0), 0x0a0d01);
	/* The first is done, and counted. */
	CHECK_EQ(get_unaligned_be16(copy_results(a, RCR_COPY_STATUS, 1).data + 5), 1);
	rig_stop();
}

TEST(scsi_copy_results_refuse)
{
	u8 cdb[16] = { RECEIVE_COPY_RESULTS, 0, 77, [13] = 64 };

	start();
	scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);		/* no such copy */
	for (u8 sa = 0; sa < 32; sa++) {
		cdb[1] = sa;
		if (sa != RCR_COPY_STATUS && sa != RCR_OPERATING_PARAMETERS)
			scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);
		if (sa)
			scsi_fails(a, 0, (u8[16]){ EXTENDED_COPY, sa, [13] = 1 }, 0, copy_list.bytes, 1, 0x052400);
	}
	copy_begin_good(a);
	CHECK_EQ(copy_sense(a, 0), 0);
	CHECK_EQ(copy_results(a, RCR_COPY_STATUS, 1).status, 0);
	/* Another nexus, or another LUN, has its own. */
	cdb[1] = 0;
	cdb[2] = 1;
	scsi_fails(b, 0, cdb, 64, NULL, 0, 0x052400);
	scsi_fails(a, 1, cdb, 64, NULL, 0, 0x052400);
	/* 16 are kept, then the oldest is forgotten. */
	for (u8 id = 2; id <= 17; id++) {
		copy_begin_good(a);
		copy_list.bytes[0] = id;
		CHECK_EQ(copy_sense(a, 0), 0);
	}
	scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);
	cdb[2] = 2;
	scsi_good(a, 0, cdb, 64, NULL, 0);
	rig_stop();
}

TEST(scsi_copy_vpd_page_agrees)
{
	u8 cdb[16] = { INQUIRY, 1, 0x8f, 1, 0 }, *at;
	struct scsi_answer answer;
	u32 seen = 0;

	start();
	answer = scsi_good(a, 0, cdb, 256, NULL, 0);
	CHECK_EQ(get_unaligned_be16(answer.data + 2), answer.len - 4);
	for (at = answer.data + 4; at < answer.data + answer.len; at += 4 + get_unaligned_be16(at + 2)) {
		CHECK_EQ(get_unaligned_be16(at + 2) % 4, 0);
		seen++;
		if (get_unaligned_be16(at) == 4) {
			CHECK_EQ(get_unaligned_be16(at + 8), MAX_CSCDS);
			CHECK_EQ(get_unaligned_be16(at + 10), MAX_SEGMENTS);
		}
	}
	CHECK_EQ(at, answer.data + answer.len);
	CHECK_EQ(seen, 4);
	CHECK(scsi_good(a, 0, (u8[16]){ INQUIRY, 0, 0, 0, 96 }, 96, NULL, 0).data[5] & 8);
	rig_stop();
}

/* ---- while it runs ----------------------------------------------------------------------------------------- */

TEST(scsi_copy_in_progress)
{
	struct scsi_answer answer;
	u32 itt;

	start();
	rig_hold(0);
	copy_begin_good(a);
	itt = copy_send(a, 0);
	rig_wait_held(1);
	answer = copy_results(a, RCR_COPY_STATUS, 1);
	CHECK_EQ(answer.data[4], 0);
	CHECK_EQ(copy_sense(a, 0), 0x050016);		/* its list identifier is in use */
	/* Its LUNs stay. */
	CHECK_EQ(rig_mgmt_fails("targets/iscsi/" TARGET_NAME "/luns/mgmt", "del 1"), -EBUSY);
	rig_release();
	scsi_answer(a, &answer);
	CHECK_EQ(answer.itt, itt);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(copy_results(a, RCR_COPY_STATUS, 1).data[4], 1);
	scsi_no_ua(a, 0);
	rig_mgmt("targets/iscsi/" TARGET_NAME "/luns/mgmt", "del 1");
	rig_map("disk1", 1);
	rig_stop();
}

TEST(scsi_copy_too_many_at_once)
{
	struct scsi_answer answer;
	u32 busy = 0;

	start();
	rig_hold(0);
	for (u8 id = 0; id < 16; id++) {
		copy_begin_good(a);
		copy_list.bytes[0] = id;
		copy_send(a, 0);
	}
	rig_wait_held(16);
	copy_begin_good(a);
	copy_list.bytes[0] = 16;
	CHECK_EQ(copy_sense(a, 0), 0x0b5503);
	copy_list.bytes[0] = 0;
	copy_list.bytes[1] = 3 << 3;
	CHECK_EQ(copy_sense(a, 0), 0x0b5503);
	rig_release();
	for (u32 i = 0; i < 16; i++) {
		scsi_answer(a, &answer);
		busy += answer.status != 0;
	}
	CHECK_EQ(busy, 0);
	rig_stop();
}

static void abort_it(bool by_reset, u32 held_lun)
{
	u32 itt, tm;

	start();
	rig_hold(held_lun);
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 1, 512);
	for (u32 i = 0; i < 100; i++)
		copy_add_segment(0, 1, 0, 0, 1024);
	itt = copy_send(a, 0);
	rig_wait_held(1);
	tm = scsi_tm_send(a, by_reset ? ISCSI_TMF_LUN_RESET : ISCSI_TMF_ABORT_TASK, 0, itt);
	peer_expect_silence(a);
	rig_release();
	CHECK_EQ(scsi_tm_answer(a, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(a);
	if (by_reset)
		scsi_expect_ua(a, 0, 0x062903);
	CHECK_EQ(copy_results(a, RCR_COPY_STATUS, 1).data[4], 2);
	CHECK_LT(get_unaligned_be16(copy_results(a, RCR_COPY_STATUS, 1).data + 5), 100);
	rig_stop();
}

TEST(scsi_copy_is_aborted_while_it_reads)
{
	abort_it(false, 0);
}

TEST(scsi_copy_is_aborted_while_it_writes)
{
	abort_it(false, 1);
}

TEST(scsi_copy_is_reset_while_it_reads)
{
	abort_it(true, 0);
}

/* The destination is reset by another: the copy has lost a command, and says so. */
TEST(scsi_copy_loses_its_destination)
{
	struct scsi_answer answer;
	u32 tm;

	start();
	rig_hold(1);
	copy_begin_good(a);
	copy_send(a, 0);
	rig_wait_held(1);
	tm = scsi_tm_send(b, ISCSI_TMF_LUN_RESET, 1, ISCSI_RESERVED_TAG);
	wait_ms(50);
	rig_release();
	CHECK_EQ(scsi_tm_answer(b, tm), ISCSI_TMF_COMPLETE);
	scsi_answer(a, &answer);
	CHECK_EQ(answer.sense, 0x0a0d01);
	scsi_no_ua(a, 0);
	scsi_expect_ua(a, 1, 0x062903);
	rig_stop();
}

TEST(scsi_copy_loses_its_session)
{
	start();
	for (u32 round = 0; round < 4; round++) {
		rig_hold(round & 1);
		copy_begin(1, 0);
		copy_add_lun(a, 0, 512);
		copy_add_lun(a, 1, 512);
		for (u32 i = 0; i < 100; i++)
			copy_add_segment(0, 1, 0, 0, 1024);
		copy_send(a, 0);
		rig_wait_held(1);
		peer_close(a);
		wait_ms(20);
		rig_release();
		a = rig_login(0, NULL);
		for (u32 lun = 0; lun < 4; lun++)
			scsi_expect_ua(a, lun, SENSE_UA_POWER_ON);
	}
	rig_stop();
}

/* COMPARE AND WRITE is not overlapped by a copy either, and a copy takes no unit attention for itself. */
TEST(scsi_copy_and_others)
{
	u8 caw[16] = { COMPARE_AND_WRITE, [13] = 8 };
	static u8 twice[8192];
	struct scsi_answer answer;
	u32 good = 0;

	start();
	memset(data, 0, sizeof(data));
	scsi_write(a, 0, 0, 64, 512, data);
	scsi_write(a, 1, 0, 64, 512, data);
	for (u32 round = 0; round < 50; round++) {
		copy_begin_good(a);
		copy_list.bytes[0] = (u8)(round & 7);
		copy_send(a, 0);
		scsi_send(b, 1, caw, 0, twice, sizeof(twice));
		scsi_answer(a, &answer);
		good += answer.status == 0;
		scsi_answer(b, &answer);
		CHECK_EQ(answer.status, 0);
	}
	CHECK_EQ(good, 50);
	CHECK_EQ(scsi_tm(b, ISCSI_TMF_LUN_RESET, 1, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	copy_begin_good(a);
	CHECK_EQ(copy_sense(a, 0), 0);
	scsi_expect_ua(a, 1, 0x062903);
	rig_stop();
}
