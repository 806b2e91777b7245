/* SPDX-License-Identifier: MIT */
/*
 * scsi_copy_test.c - EXTENDED COPY(LID1) and RECEIVE COPY RESULTS (SPC-4 6.4, 6.24):
 * copies between LUNs of every kind, lists that are wrong, and what may happen to a copy
 * while it runs.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

enum { MAX_CSCDS = 16, MAX_SEGMENTS = 128, CSCD = 32, SEGMENT = 28 };

static struct peer *a, *b;
static u8 data[1 << 20], back[1 << 20];

/* LUN 0: a file, 512; 1: memory, 512; 2: a file, 4096; 3: memory, 512, read-only. */
static void start(void)
{
	rig_start();
	rig_file_disk(0, "vdisk_fileio", 16 << 20, "");
	rig_disk(1, "vdisk_ram", "size=16M");
	rig_file_disk(2, "vdisk_fileio", 16 << 20, "blocksize=4096");
	rig_disk(3, "vdisk_ram", "size=16M; read_only=1");
	a = rig_nexus(0);
	b = rig_nexus(1);
	fill(data, sizeof(data), 5);
}

/* ---- parameter lists ------------------------------------------------------------------------- */

static struct list {
	u8	bytes[16 + 64 * CSCD + 512 * SEGMENT];
	u32	nr_cscds, nr_segments, len;
} list;

static void list_begin(u8 list_id, u8 usage)
{
	memset(&list, 0, sizeof(list));
	list.bytes[0] = list_id;
	list.bytes[1] = (u8)(usage << 3);
	list.len = 16;
}

/* By the NAA designator of its page 83h. */
static void list_add_lun(u32 lun, u32 block_size)
{
	u8 cdb[16] = { INQUIRY, 1, 0x83, 1, 0 }, *at = list.bytes + list.len;
	struct scsi_answer answer = scsi_good(a, lun, cdb, 256, NULL, 0);
	u32 i;

	for (i = 4; i < answer.len && (answer.data[i + 1] & 0xf) != 3; i += 4 + answer.data[i + 3])
		;
	CHECK_LT(i, answer.len);
	at[0] = 0xe4;
	at[4] = answer.data[i] & 0xf;
	at[5] = answer.data[i + 1] & 0x3f;
	at[7] = answer.data[i + 3];
	memcpy(at + 8, answer.data + i + 4, at[7]);
	put_unaligned_be24(block_size, at + 29);
	list.nr_cscds++;
	list.len += CSCD;
	put_unaligned_be16(list.nr_cscds * CSCD, list.bytes + 2);
}

static u8 *list_add_segment(u16 from, u16 to, u64 from_lba, u64 to_lba, u16 blocks)
{
	u8 *at = list.bytes + list.len;

	at[0] = 0x02;
	put_unaligned_be16(SEGMENT - 4, at + 2);
	put_unaligned_be16(from, at + 4);
	put_unaligned_be16(to, at + 6);
	put_unaligned_be16(blocks, at + 10);
	put_unaligned_be64(from_lba, at + 12);
	put_unaligned_be64(to_lba, at + 20);
	list.nr_segments++;
	list.len += SEGMENT;
	put_unaligned_be32(list.nr_segments * SEGMENT, list.bytes + 8);
	return at;
}

static u32 send_copy(struct peer *peer, u32 lun)
{
	u8 cdb[16] = { EXTENDED_COPY };

	put_unaligned_be32(list.len, cdb + 10);
	return scsi_send(peer, lun, cdb, 0, list.bytes, list.len);
}

static u32 copy(u32 lun)
{
	struct scsi_answer answer;

	send_copy(a, lun);
	scsi_answer(a, &answer);
	CHECK_EQ(answer.status, answer.sense ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
	return answer.sense;
}

static struct scsi_answer results(u8 sa, u8 list_id)
{
	u8 cdb[16] = { RECEIVE_COPY_RESULTS, sa, list_id, [13] = 255 };

	return scsi_cmd(a, 0, cdb, 255, NULL, 0);
}

/* ---- copies that are made -------------------------------------------------------------------------- */

static void copy_between(u32 from, u32 to, u32 block_size)
{
	u32 blocks = sizeof(data) / block_size;

	scsi_write(a, from, 64, blocks, block_size, data);
	list_begin(1, 0);
	list_add_lun(from, block_size);
	list_add_lun(to, block_size);
	list_add_segment(0, 1, 64, 1024, (u16)blocks);
	CHECK_EQ(copy(0), 0);
	scsi_read(b, to, 1024, blocks, block_size, back);
	CHECK_MEMEQ(data, back, sizeof(data));
}

TEST(scsi_copy_between_kinds)
{
	start();
	copy_between(0, 1, 512);
	fill(data, sizeof(data), 6);
	copy_between(1, 0, 512);
	fill(data, sizeof(data), 7);
	copy_between(2, 2, 4096);
	rig_stop();
}

TEST(scsi_copy_between_block_sizes)
{
	start();
	scsi_write(a, 0, 0, 80, 512, data);
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(2, 4096);
	list_add_segment(0, 1, 0, 3, 80);
	CHECK_EQ(copy(2), 0);
	scsi_read(b, 2, 3, 10, 4096, back);
	CHECK_MEMEQ(data, back, 80 * 512);
	/* DC: the count is the destination's. */
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(2, 4096);
	list_add_segment(0, 1, 8, 100, 4)[1] = 2;
	CHECK_EQ(copy(0), 0);
	scsi_read(b, 2, 100, 4, 4096, back);
	CHECK_MEMEQ(data + 8 * 512, back, 4 * 4096);
	/* What does not fill a block is inexact. */
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(2, 4096);
	list_add_segment(0, 1, 8, 100, 9);
	CHECK_EQ(copy(0), 0x0a260a);
	rig_stop();
}

TEST(scsi_copy_of_many_segments)
{
	struct scsi_answer answer;

	start();
	scsi_write(a, 0, 0, 1024, 512, data);
	list_begin(9, 0);
	list_add_lun(0, 512);
	list_add_lun(1, 512);
	/* Blocks in reverse. */
	for (u32 i = 0; i < MAX_SEGMENTS; i++)
		list_add_segment(0, 1, i, MAX_SEGMENTS - 1 - i, 1);
	CHECK_EQ(copy(0), 0);
	scsi_read(b, 1, 0, MAX_SEGMENTS, 512, back);
	for (u32 i = 0; i < MAX_SEGMENTS; i++)
		CHECK_MEMEQ(back + i * 512, data + (MAX_SEGMENTS - 1 - i) * 512, 512);
	answer = results(RCR_COPY_STATUS, 9);
	CHECK_EQ(answer.len, 12);
	CHECK_EQ(get_unaligned_be32(answer.data), 8);
	CHECK_EQ(answer.data[4], 1);
	CHECK_EQ(get_unaligned_be16(answer.data + 5), MAX_SEGMENTS);
	CHECK_EQ(answer.data[7], 0);
	CHECK_EQ(get_unaligned_be32(answer.data + 8), MAX_SEGMENTS * 512);
	rig_stop();
}

/* Ranges of one device that overlap are copied as if by way of a buffer. */
static void copy_overlapping(u32 lun)
{
	static const struct { u32 from, to, blocks; } moves[] = {
		{ 10, 11, 2000 }, { 11, 10, 2000 }, { 0, 500, 1500 }, { 500, 0, 1500 }, { 7, 7, 100 }, { 0, 1000, 1000 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(moves); i++) {
		fill(data, sizeof(data), i);
		scsi_write(a, lun, 0, 2048, 512, data);
		list_begin(1, 0);
		list_add_lun(lun, 512);
		list_add_segment(0, 0, moves[i].from, moves[i].to, (u16)moves[i].blocks);
		CHECK_EQ(copy(lun), 0);
		scsi_read(b, lun, moves[i].to, moves[i].blocks, 512, back);
		CHECK_MEMEQ(back, data + moves[i].from * 512, moves[i].blocks * 512);
	}
}

TEST(scsi_copy_overlapping_in_a_file)
{
	start();
	copy_overlapping(0);
	rig_stop();
}

TEST(scsi_copy_overlapping_in_memory)
{
	start();
	copy_overlapping(1);
	rig_stop();
}

TEST(scsi_copy_nothing)
{
	u8 cdb[16] = { EXTENDED_COPY };

	start();
	scsi_good(a, 0, cdb, 0, NULL, 0);
	list_begin(1, 0);
	CHECK_EQ(copy(0), 0);			/* no descriptors */
	list_add_lun(0, 512);
	CHECK_EQ(copy(0), 0);			/* no segments */
	list_add_segment(0, 0, 5, 6, 0);
	CHECK_EQ(copy(0), 0);			/* no blocks */
	rig_stop();
}

/* By vendor and serial number, where they fit. */
TEST(scsi_copy_by_t10_designator)
{
	u8 *cscd;

	rig_start();
	rig_disk(0, "vdisk_ram", "size=16M; usn=short");
	a = rig_nexus(0);
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_segment(0, 0, 0, 8, 1);
	cscd = list.bytes + 16;
	cscd[4] = 2;
	cscd[5] = 1;
	cscd[7] = 13;
	memcpy(cscd + 8, "RING3   short", 13);
	CHECK_EQ(copy(0), 0);
	cscd[20] ^= 1;
	CHECK_EQ(copy(0), 0x0a0d02);
	rig_stop();
}

/* ---- lists that are wrong ------------------------------------------------------------------------------ */

static void good_list(void)
{
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(1, 512);
	list_add_segment(0, 1, 0, 0, 8);
}

TEST(scsi_copy_bad_lengths)
{
	u8 cdb[16] = { EXTENDED_COPY };

	start();
	good_list();
	for (u32 len = 1; len < list.len; len++) {
		put_unaligned_be32(len, cdb + 10);
		scsi_fails(a, 0, cdb, 0, list.bytes, len, 0x051a00);
	}
	put_unaligned_be32(list.len, cdb + 10);
	scsi_fails(a, 0, cdb, 0, list.bytes, list.len - 1, 0x051a00);	/* less comes */
	put_unaligned_be32(1 << 20, cdb + 10);
	scsi_fails(a, 0, cdb, 0, list.bytes, list.len, 0x051a00);
	/* A descriptor and a part of one. */
	for (u32 i = 1; i < CSCD; i++) {
		list_begin(1, 0);
		list_add_lun(0, 512);
		list_add_lun(1, 512);
		list.len -= CSCD - i;
		put_unaligned_be16(list.len - 16, list.bytes + 2);
		CHECK_EQ(copy(0), 0x051a00);
	}
	for (u32 i = 1; i < SEGMENT; i++) {
		good_list();
		list.len -= SEGMENT - i;
		put_unaligned_be32(i, list.bytes + 8);
		CHECK_EQ(copy(0), 0x051a00);
	}
	good_list();
	put_unaligned_be32(~0u, list.bytes + 8);
	CHECK_EQ(copy(0), 0x051a00);
	good_list();
	list.bytes[15] = 4;			/* inline data */
	CHECK_EQ(copy(0), 0x05260b);
	rig_stop();
}

TEST(scsi_copy_bad_descriptors)
{
	u8 *cscd = list.bytes + 16, *segment = list.bytes + 16 + 2 * CSCD;

	start();
	for (u32 type = 0; type < 256; type++) {
		good_list();
		cscd[0] = (u8)type;
		if (type != 0xe4)
			CHECK_EQ(copy(0), 0x052607);
		good_list();
		segment[0] = (u8)type;
		if (type != 0x02)
			CHECK_EQ(copy(0), 0x052609);
	}
	for (u8 type = 1; type < 4; type++) {
		good_list();
		cscd[1] = (u8)(type << 6);		/* LU ID TYPE, of which nothing depends here */
		CHECK_EQ(copy(0), 0);
	}
	good_list();
	cscd[1] = 0x20;				/* NUL */
	CHECK_EQ(copy(0), 0x0a0d02);
	good_list();
	cscd[1] = 0x05;				/* a CD-ROM */
	CHECK_EQ(copy(0), 0x0a0d03);
	good_list();
	cscd[7] = 21;
	CHECK_EQ(copy(0), 0x052600);
	good_list();
	cscd[8] ^= 1;				/* nobody's name */
	CHECK_EQ(copy(0), 0x0a0d02);
	good_list();
	cscd[5] |= 0x10;			/* that of a port */
	CHECK_EQ(copy(0), 0x0a0d02);
	good_list();
	put_unaligned_be24(4096, cscd + 29);	/* blocks it has not */
	CHECK_EQ(copy(0), 0x052600);
	good_list();
	segment[3] = 23;
	CHECK_EQ(copy(0), 0x052600);
	good_list();
	segment[5] = 2;				/* an index there is not */
	CHECK_EQ(copy(0), 0x0a0d02);
	good_list();
	segment[6] = 0xff;
	CHECK_EQ(copy(0), 0x0a0d02);
	good_list();
	list.bytes[1] = 1 << 3;			/* LIST ID USAGE 01b */
	CHECK_EQ(copy(0), 0x052600);
	good_list();
	list.bytes[1] = 3 << 3;			/* 11b wants a zero */
	CHECK_EQ(copy(0), 0x052600);
	list.bytes[0] = 0;
	CHECK_EQ(copy(0), 0);
	rig_stop();
}

TEST(scsi_copy_limits)
{
	struct scsi_answer answer;

	start();
	answer = results(RCR_OPERATING_PARAMETERS, 0);
	CHECK_EQ(answer.len, 46);
	CHECK_EQ(get_unaligned_be32(answer.data), 42);
	CHECK_EQ(get_unaligned_be16(answer.data + 8), MAX_CSCDS);
	CHECK_EQ(get_unaligned_be16(answer.data + 10), MAX_SEGMENTS);
	CHECK_EQ(get_unaligned_be32(answer.data + 12), MAX_CSCDS * CSCD + MAX_SEGMENTS * SEGMENT);
	CHECK_EQ(get_unaligned_be32(answer.data + 16), 16 << 20);
	CHECK_EQ(answer.data[43], 2);

	list_begin(1, 0);
	for (u32 i = 0; i < MAX_CSCDS; i++)
		list_add_lun(1, 512);
	list_add_segment(15, 0, 0, 8, 1);
	CHECK_EQ(copy(0), 0);
	list_begin(1, 0);
	for (u32 i = 0; i < MAX_CSCDS + 1; i++)
		list_add_lun(1, 512);
	list_add_segment(0, 0, 0, 8, 1);
	CHECK_EQ(copy(0), 0x052606);
	list_begin(1, 0);
	list_add_lun(1, 512);
	for (u32 i = 0; i < MAX_SEGMENTS + 1; i++)
		list_add_segment(0, 0, 0, 8, 1);
	CHECK_EQ(copy(0), 0x052608);
	list_begin(1, 0);
	for (u32 i = 0; i < MAX_CSCDS + 1; i++)
		list_add_lun(1, 512);
	for (u32 i = 0; i < MAX_SEGMENTS + 1; i++)
		list_add_segment(0, 0, 0, 8, 1);
	CHECK_EQ(copy(0), 0x051a00);
	/* 16 MiB a segment. */
	list_begin(1, 0);
	list_add_lun(1, 512);
	list_add_segment(0, 0, 0, 0, 32768);
	CHECK_EQ(copy(0), 0);
	list_begin(1, 0);
	list_add_lun(1, 512);
	list_add_segment(0, 0, 0, 0, 32769);
	CHECK_EQ(copy(0), 0x052600);
	rig_stop();
}

TEST(scsi_copy_past_the_end)
{
	u64 last = (16 << 20) / 512 - 1;
	struct scsi_answer answer;

	start();
	for (u32 i = 0; i < 4; i++) {
		list_begin(1, 0);
		list_add_lun(0, 512);
		list_add_lun(1, 512);
		list_add_segment(0, 1, 0, 0, 8);
		list_add_segment(0, 1, i & 1 ? last : 0, i & 1 ? 0 : last, i & 2 ? 2 : 1);
		if (!(i & 2)) {
			CHECK_EQ(copy(0), 0);
			continue;
		}
		memset(back, 0, 4096);
		scsi_write(a, 1, 0, 8, 512, back);
		scsi_write(a, 0, 0, 8, 512, data);
		send_copy(a, 0);
		scsi_answer(a, &answer);
		CHECK_EQ(answer.sense, 0x0a0000);
		CHECK_EQ(answer.raw[0], 0xf0);
		CHECK_EQ(get_unaligned_be32(answer.raw + 3), 1);	/* the second segment */
		/* The first is sound, and yet it was not done: all are checked first. */
		scsi_read(b, 1, 0, 8, 512, back);
		CHECK(!memchr_inv(back, 0, 4096));
	}
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_segment(0, 0, ~0ull, 0, 8);
	CHECK_EQ(copy(0), 0x0a0000);
	rig_stop();
}

/* ---- what else may be in the way ------------------------------------------------------------------------- */

TEST(scsi_copy_to_what_may_not_be_written)
{
	static const u8 do_register[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, [8] = 24 };
	static const u8 do_reserve[16] = { PERSISTENT_RESERVE_OUT, PROUT_RESERVE, 1, [8] = 24 };
	u8 key[24] = { [15] = 1 }, param[24] = { [7] = 1 };
	struct scsi_answer answer;

	start();
	list_begin(3, 0);
	list_add_lun(0, 512);
	list_add_lun(3, 512);
	list_add_segment(1, 0, 0, 0, 8);
	CHECK_EQ(copy(0), 0);			/* from a read-only LUN is no harm */
	list_begin(3, 0);
	list_add_lun(0, 512);
	list_add_lun(3, 512);
	list_add_segment(0, 1, 0, 0, 8);
	CHECK_EQ(copy(0), 0x0a0d01);
	answer = results(RCR_COPY_STATUS, 3);
	CHECK_EQ(answer.data[4], 2);
	CHECK_EQ(get_unaligned_be16(answer.data + 5), 0);

	/* Write exclusive: another's destination is out of reach, as a source it is not. */
	scsi_good(b, 1, do_register, 0, key, 24);
	scsi_good(b, 1, do_reserve, 0, param, 24);
	good_list();
	CHECK_EQ(copy(0), 0x0a0d01);
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(1, 512);
	list_add_segment(1, 0, 0, 0, 8);
	CHECK_EQ(copy(0), 0);
	/* The command itself on the reserved LUN conflicts. */
	CHECK_EQ(scsi_cmd(a, 1, (u8[16]){ EXTENDED_COPY }, 0, NULL, 0).status, SAM_STAT_RESERVATION_CONFLICT);
	rig_stop();
}

TEST(scsi_copy_from_a_file_that_is_too_short)
{
	extern int truncate(const char *path, long length);

	start();
	CHECK_EQ(truncate(rig_file_path(0), 1 << 20), 0);
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(1, 512);
	list_add_segment(0, 1, 0, 0, 2048);
	list_add_segment(0, 1, 2048, 0, 8);
	CHECK_EQ(copy(0), 0x0a0d01);
	/* The first is done, and counted. */
	CHECK_EQ(get_unaligned_be16(results(RCR_COPY_STATUS, 1).data + 5), 1);
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
			scsi_fails(a, 0, (u8[16]){ EXTENDED_COPY, sa, [13] = 1 }, 0, list.bytes, 1, 0x052400);
	}
	good_list();
	CHECK_EQ(copy(0), 0);
	CHECK_EQ(results(RCR_COPY_STATUS, 1).status, 0);
	/* Another nexus, or another LUN, has its own. */
	cdb[1] = 0;
	cdb[2] = 1;
	scsi_fails(b, 0, cdb, 64, NULL, 0, 0x052400);
	scsi_fails(a, 1, cdb, 64, NULL, 0, 0x052400);
	/* 16 are kept, then the oldest is forgotten. */
	for (u8 id = 2; id <= 17; id++) {
		good_list();
		list.bytes[0] = id;
		CHECK_EQ(copy(0), 0);
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
	good_list();
	itt = send_copy(a, 0);
	rig_wait_held(1);
	answer = results(RCR_COPY_STATUS, 1);
	CHECK_EQ(answer.data[4], 0);
	CHECK_EQ(copy(0), 0x050016);		/* its list identifier is in use */
	/* Its LUNs stay. */
	CHECK_EQ(rig_mgmt_fails("targets/iscsi/" TARGET_NAME "/luns/mgmt", "del 1"), -EBUSY);
	rig_release();
	scsi_answer(a, &answer);
	CHECK_EQ(answer.itt, itt);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(results(RCR_COPY_STATUS, 1).data[4], 1);
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
		good_list();
		list.bytes[0] = id;
		send_copy(a, 0);
	}
	rig_wait_held(16);
	good_list();
	list.bytes[0] = 16;
	CHECK_EQ(copy(0), 0x0b5503);
	list.bytes[0] = 0;
	list.bytes[1] = 3 << 3;
	CHECK_EQ(copy(0), 0x0b5503);
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
	list_begin(1, 0);
	list_add_lun(0, 512);
	list_add_lun(1, 512);
	for (u32 i = 0; i < 100; i++)
		list_add_segment(0, 1, 0, 0, 1024);
	itt = send_copy(a, 0);
	rig_wait_held(1);
	tm = scsi_tm_send(a, by_reset ? ISCSI_TMF_LUN_RESET : ISCSI_TMF_ABORT_TASK, 0, itt);
	peer_expect_silence(a);
	rig_release();
	CHECK_EQ(scsi_tm_answer(a, tm), ISCSI_TMF_COMPLETE);
	peer_expect_silence(a);
	if (by_reset)
		scsi_expect_ua(a, 0, 0x062903);
	CHECK_EQ(results(RCR_COPY_STATUS, 1).data[4], 2);
	CHECK_LT(get_unaligned_be16(results(RCR_COPY_STATUS, 1).data + 5), 100);
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
	good_list();
	send_copy(a, 0);
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
		list_begin(1, 0);
		list_add_lun(0, 512);
		list_add_lun(1, 512);
		for (u32 i = 0; i < 100; i++)
			list_add_segment(0, 1, 0, 0, 1024);
		send_copy(a, 0);
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
		good_list();
		list.bytes[0] = (u8)(round & 7);
		send_copy(a, 0);
		scsi_send(b, 1, caw, 0, twice, sizeof(twice));
		scsi_answer(a, &answer);
		good += answer.status == 0;
		scsi_answer(b, &answer);
		CHECK_EQ(answer.status, 0);
	}
	CHECK_EQ(good, 50);
	CHECK_EQ(scsi_tm(b, ISCSI_TMF_LUN_RESET, 1, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	good_list();
	CHECK_EQ(copy(0), 0);
	scsi_expect_ua(a, 1, 0x062903);
	rig_stop();
}
