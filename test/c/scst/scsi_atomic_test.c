/* SPDX-License-Identifier: MIT */
/*
 * scsi_atomic_test.c - COMPARE AND WRITE, ORWRITE and WRITE ATOMIC: nothing overlaps
 * them, whatever comes from other sessions (SBC-3 5.2; SBC-4 4.29).
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

static struct peer *a, *b;
static u8 data[64 << 10];

static void start(const char *handler)
{
	rig_start();
	if (!strcmp(handler, "vdisk_fileio"))
		rig_file_disk(0, handler, 1 << 20, "");
	else
		rig_disk(0, handler, "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
}

static void cdb_caw(u8 *cdb, u64 lba, u8 blocks)
{
	memset(cdb, 0, 16);
	cdb[0] = COMPARE_AND_WRITE;
	put_unaligned_be64(lba, cdb + 2);
	cdb[13] = blocks;
}

static void expect_good(struct peer *peer, u32 itt)
{
	struct scsi_answer answer;

	scsi_answer(peer, &answer);
	CHECK_EQ(answer.itt, itt);
	CHECK_EQ(answer.status, SAM_STAT_GOOD);
}

/* Each nexus counts in one block up by one with COMPARE AND WRITE until it has won its turns. */
static void count_up(const char *handler)
{
	enum { NEXUSES = 4, WINS = 50 };
	struct peer *peers[NEXUSES];
	u8 cdb[16], bytes[NEXUSES][1024];
	u32 wins[NEXUSES] = { 0 }, total = 0, tries = 0;
	bool waits[NEXUSES] = { false };

	start(handler);
	peers[0] = a;
	peers[1] = b;
	peers[2] = rig_nexus(2);
	peers[3] = rig_nexus(3);
	cdb_caw(cdb, 7, 1);
	while (total < NEXUSES * WINS) {
		CHECK_LT(tries++, 100000);
		for (u32 i = 0; i < NEXUSES; i++) {
			u8 now[512];

			if (wins[i] == WINS)
				continue;
			scsi_read(peers[i], 0, 7, 1, 512, now);
			memcpy(bytes[i], now, 512);
			memcpy(bytes[i] + 512, now, 512);
			put_unaligned_be32(get_unaligned_be32(now) + 1, bytes[i] + 512);
			memset(bytes[i] + 516, (int)i, 508);
		}
		for (u32 i = 0; i < NEXUSES; i++) {
			waits[i] = wins[i] < WINS;
			if (waits[i])
				scsi_send(peers[i], 0, cdb, 0, bytes[i], 1024);
		}
		for (u32 i = 0; i < NEXUSES; i++) {
			struct scsi_answer answer;

			if (!waits[i])
				continue;
			scsi_answer(peers[i], &answer);
			if (answer.status == SAM_STAT_GOOD) {
				wins[i]++;
				total++;
			} else {
				CHECK_EQ(answer.sense, 0x0e1d00);
			}
		}
	}
	scsi_read(a, 0, 7, 1, 512, data);
	CHECK_EQ(get_unaligned_be32(data), NEXUSES * WINS);	/* no turn was lost */
	rig_stop();
}

TEST(scsi_atomic_compare_and_write_counts_on_ram)
{
	count_up("vdisk_ram");
}

TEST(scsi_atomic_compare_and_write_counts_on_a_file)
{
	count_up("vdisk_fileio");
}

TEST(scsi_atomic_compare_and_write_waits_for_a_write_that_executes)
{
	u8 write[16], cdb[16];
	u32 plain, caw, apart, behind;

	start("vdisk_ram");
	memset(data, 0, 1024);
	fill(data + 1024, 1024, 3);
	rig_hold(0);
	cdb_rw16(write, WRITE_16, 4, 2);
	plain = scsi_send(a, 0, write, 0, data + 1024, 1024);
	rig_wait_held(1);
	cdb_caw(cdb, 5, 1);
	caw = scsi_send(b, 0, cdb, 0, data, 1024);		/* compares with zeros: too late */
	peer_expect_silence(b);
	CHECK_EQ(rig_held(), 1);
	/* What overlaps the atomic one waits behind it, what does not goes on. */
	cdb_rw16(write, READ_16, 6, 1);
	apart = scsi_send(a, 0, write, 512, NULL, 0);
	rig_wait_held(2);
	cdb_rw16(write, READ_16, 5, 1);
	behind = scsi_send(a, 0, write, 512, NULL, 0);
	peer_expect_silence(a);
	CHECK_EQ(rig_held(), 2);
	rig_release();
	expect_good(a, plain);
	/* The one behind may be through before the one apart, which is let go second. */
	for (u32 seen = 0; seen != 3;) {
		struct scsi_answer answer;

		scsi_answer(a, &answer);
		CHECK_EQ(answer.status, SAM_STAT_GOOD);
		CHECK(answer.itt == apart || answer.itt == behind);
		seen |= answer.itt == apart ? 1 : 2;
		if (answer.itt == behind)
			CHECK_MEMEQ(answer.data, data + 1536, 512);
	}
	{
		struct scsi_answer answer;

		scsi_answer(b, &answer);
		CHECK_EQ(answer.itt, caw);
		CHECK_EQ(answer.sense, 0x0e1d00);
	}
	rig_stop();
}

/* It waits for a write whose data is still coming only once that executes: the order is theirs. */
TEST(scsi_atomic_commands_wait_for_each_other)
{
	u8 cdb[16];
	u32 itts[8];

	start("vdisk_fileio");
	memset(data, 0, 1024);
	rig_hold(0);
	cdb_caw(cdb, 5, 1);
	itts[0] = scsi_send(a, 0, cdb, 0, data, 1024);
	rig_wait_held(1);
	for (u32 i = 1; i < 8; i++)
		itts[i] = scsi_send(i & 1 ? b : a, 0, cdb, 0, data, 1024);
	peer_expect_silence(b);
	CHECK_EQ(rig_held(), 1);
	rig_release();
	for (u32 i = 0; i < 8; i++)
		expect_good(i & 1 ? b : a, itts[i]);
	rig_stop();
}

TEST(scsi_atomic_abort_behind_the_gate)
{
	u8 cdb[16];
	u32 first, second, tm;

	start("vdisk_ram");
	memset(data, 0, 1024);
	rig_hold(0);
	cdb_caw(cdb, 5, 1);
	first = scsi_send(a, 0, cdb, 0, data, 1024);
	rig_wait_held(1);
	second = scsi_send(b, 0, cdb, 0, data, 1024);
	peer_expect_silence(b);
	tm = scsi_tm_send(b, ISCSI_TMF_ABORT_TASK, 0, second);
	rig_release();
	expect_good(a, first);
	CHECK_EQ(scsi_tm_answer(b, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(b);
	scsi_good(b, 0, cdb, 0, data, 1024);
	rig_stop();
}

TEST(scsi_atomic_session_lost_behind_the_gate)
{
	u8 cdb[16];
	u32 first;

	start("vdisk_ram");
	memset(data, 0, 1024);
	rig_hold(0);
	cdb_caw(cdb, 5, 1);
	first = scsi_send(a, 0, cdb, 0, data, 1024);
	rig_wait_held(1);
	for (u32 i = 0; i < 10; i++)
		scsi_send(b, 0, cdb, 0, data, 1024);
	wait_ms(30);
	peer_close(b);
	wait_ms(30);
	rig_release();
	expect_good(a, first);
	b = rig_nexus(2);
	scsi_good(b, 0, cdb, 0, data, 1024);
	rig_stop();
}

TEST(scsi_atomic_compare_and_write_refuses)
{
	u8 cdb[16];

	start("vdisk_ram");
	cdb_caw(cdb, 5, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);			/* no blocks: nothing to do */
	cdb_caw(cdb, 2047, 2);
	scsi_fails(a, 0, cdb, 0, data, 2048, 0x052100);
	cdb_caw(cdb, ~0ull, 1);
	scsi_fails(a, 0, cdb, 0, data, 1024, 0x052100);
	cdb_caw(cdb, 5, 1);
	cdb[1] = 0x20;
	scsi_fails(a, 0, cdb, 0, data, 1024, 0x052400);
	cdb[1] = 0;
	scsi_fails(a, 0, cdb, 0, data, 512, 0x052400);		/* half of its data */
	scsi_fails(a, 0, cdb, 0, data, 1536, 0x052400);		/* more than that */
	/* MISCOMPARE at the last byte of 255 blocks. */
	{
		static u8 many[2 * 255 * 512];

		many[255 * 512 - 1] = 1;
		cdb_caw(cdb, 5, 255);
		scsi_fails(a, 0, cdb, 0, many, sizeof(many), 0x0e1d00);
	}
	rig_stop();
}

TEST(scsi_atomic_orwrite)
{
	u8 cdb[16], expected[1024];

	start("vdisk_fileio");
	fill(data, 2048, 1);
	scsi_write(a, 0, 9, 2, 512, data);
	cdb_rw16(cdb, ORWRITE_16, 9, 2);
	scsi_good(b, 0, cdb, 0, data + 1024, 1024);
	for (u32 i = 0; i < 1024; i++)
		expected[i] = data[i] | data[1024 + i];
	scsi_read(a, 0, 9, 2, 512, data);
	CHECK_MEMEQ(data, expected, 1024);
	/* Bits from everywhere: none is lost. */
	memset(data, 0, sizeof(data));
	scsi_write(a, 0, 9, 1, 512, data);
	cdb_rw16(cdb, ORWRITE_16, 9, 1);
	for (u32 i = 0; i < 64; i++) {
		memset(data, 0, 512);
		data[i / 8] = (u8)(1 << i % 8);
		scsi_send(i & 1 ? b : a, 0, cdb, 0, data, 512);
	}
	for (u32 i = 0; i < 64; i++) {
		struct scsi_answer answer;

		scsi_answer(i & 1 ? b : a, &answer);
		CHECK_EQ(answer.status, SAM_STAT_GOOD);
	}
	scsi_read(a, 0, 9, 1, 512, data);
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(data[i], 0xff);
	rig_stop();
}

TEST(scsi_atomic_write_atomic)
{
	u8 cdb[16] = { WRITE_ATOMIC_16, [9] = 3, [13] = 4 };

	start("vdisk_ram");
	fill(data, 2048, 5);
	scsi_good(a, 0, cdb, 0, data, 2048);
	scsi_read(b, 0, 3, 4, 512, data + 4096);
	CHECK_MEMEQ(data, data + 4096, 2048);
	cdb[11] = 1;			/* ATOMIC BOUNDARY */
	scsi_fails(a, 0, cdb, 0, data, 2048, 0x052400);
	cdb[11] = 0;
	put_unaligned_be16(2049, cdb + 12);	/* more than page B0h promises */
	scsi_fails(a, 0, cdb, 0, data, 512, 0x052400);
	rig_stop();
}
