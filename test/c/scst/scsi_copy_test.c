/* SPDX-License-Identifier: MIT */
/*
 * scsi_copy_test.c - EXTENDED COPY between LUNs of every kind, and lists that are wrong.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_copy.h"

static struct peer *a, *b;
static u8 data[1 << 20], back[1 << 20];

static void start(void)
{
	copy_start(&a, &b);
	fill(data, sizeof(data), 5);
}

/* ---- copies that are made -------------------------------------------------------------------------- */

static void copy_between(u32 from, u32 to, u32 block_size)
{
	u32 blocks = sizeof(data) / block_size;

	scsi_write(a, from, 64, blocks, block_size, data);
	copy_begin(1, 0);
	copy_add_lun(a, from, block_size);
	copy_add_lun(a, to, block_size);
	copy_add_segment(0, 1, 64, 1024, (u16)blocks);
	CHECK_EQ(copy_sense(a, 0), 0);
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
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 2, 4096);
	copy_add_segment(0, 1, 0, 3, 80);
	CHECK_EQ(copy_sense(a, 2), 0);
	scsi_read(b, 2, 3, 10, 4096, back);
	CHECK_MEMEQ(data, back, 80 * 512);
	/* DC: the count is the destination's. */
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 2, 4096);
	copy_add_segment(0, 1, 8, 100, 4)[1] = 2;
	CHECK_EQ(copy_sense(a, 0), 0);
	scsi_read(b, 2, 100, 4, 4096, back);
	CHECK_MEMEQ(data + 8 * 512, back, 4 * 4096);
	/* What does not fill a block is inexact. */
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 2, 4096);
	copy_add_segment(0, 1, 8, 100, 9);
	CHECK_EQ(copy_sense(a, 0), 0x0a260a);
	rig_stop();
}

TEST(scsi_copy_of_many_segments)
{
	struct scsi_answer answer;

	start();
	scsi_write(a, 0, 0, 1024, 512, data);
	copy_begin(9, 0);
	copy_add_lun(a, 0, 512);
	copy_add_lun(a, 1, 512);
	/* Blocks in reverse. */
	for (u32 i = 0; i < MAX_SEGMENTS; i++)
		copy_add_segment(0, 1, i, MAX_SEGMENTS - 1 - i, 1);
	CHECK_EQ(copy_sense(a, 0), 0);
	scsi_read(b, 1, 0, MAX_SEGMENTS, 512, back);
	for (u32 i = 0; i < MAX_SEGMENTS; i++)
		CHECK_MEMEQ(back + i * 512, data + (MAX_SEGMENTS - 1 - i) * 512, 512);
	answer = copy_results(a, RCR_COPY_STATUS, 9);
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
		copy_begin(1, 0);
		copy_add_lun(a, lun, 512);
		copy_add_segment(0, 0, moves[i].from, moves[i].to, (u16)moves[i].blocks);
		CHECK_EQ(copy_sense(a, lun), 0);
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
	copy_begin(1, 0);
	CHECK_EQ(copy_sense(a, 0), 0);			/* no descriptors */
	copy_add_lun(a, 0, 512);
	CHECK_EQ(copy_sense(a, 0), 0);			/* no segments */
	copy_add_segment(0, 0, 5, 6, 0);
	CHECK_EQ(copy_sense(a, 0), 0);			/* no blocks */
	rig_stop();
}

/* By vendor and serial number, where they fit. */
TEST(scsi_copy_by_t10_designator)
{
	u8 *cscd;

	rig_start();
	rig_disk(0, "vdisk_ram", "size=16M; usn=short");
	a = rig_nexus(0);
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_segment(0, 0, 0, 8, 1);
	cscd = copy_list.bytes + 16;
	cscd[4] = 2;
	cscd[5] = 1;
	cscd[7] = 13;
	memcpy(cscd + 8, "RING3   short", 13);
	CHECK_EQ(copy_sense(a, 0), 0);
	cscd[20] ^= 1;
	CHECK_EQ(copy_sense(a, 0), 0x0a0d02);
	rig_stop();
}

/* ---- lists that are wrong ------------------------------------------------------------------------------ */

TEST(scsi_copy_bad_lengths)
{
	u8 cdb[16] = { EXTENDED_COPY };

	start();
	copy_begin_good(a);
	for (u32 len = 1; len < copy_list.len; len++) {
		put_unaligned_be32(len, cdb + 10);
		scsi_fails(a, 0, cdb, 0, copy_list.bytes, len, 0x051a00);
	}
	put_unaligned_be32(copy_list.len, cdb + 10);
	scsi_fails(a, 0, cdb, 0, copy_list.bytes, copy_list.len - 1, 0x051a00);	/* less comes */
	put_unaligned_be32(1 << 20, cdb + 10);
	scsi_fails(a, 0, cdb, 0, copy_list.bytes, copy_list.len, 0x051a00);
	/* A descriptor and a part of one. */
	for (u32 i = 1; i < CSCD; i++) {
		copy_begin(1, 0);
		copy_add_lun(a, 0, 512);
		copy_add_lun(a, 1, 512);
		copy_list.len -= CSCD - i;
		put_unaligned_be16(copy_list.len - 16, copy_list.bytes + 2);
		CHECK_EQ(copy_sense(a, 0), 0x051a00);
	}
	for (u32 i = 1; i < SEGMENT; i++) {
		copy_begin_good(a);
		copy_list.len -= SEGMENT - i;
		put_unaligned_be32(i, copy_list.bytes + 8);
		CHECK_EQ(copy_sense(a, 0), 0x051a00);
	}
	copy_begin_good(a);
	put_unaligned_be32(~0u, copy_list.bytes + 8);
	CHECK_EQ(copy_sense(a, 0), 0x051a00);
	copy_begin_good(a);
	copy_list.bytes[15] = 4;			/* inline data */
	CHECK_EQ(copy_sense(a, 0), 0x05260b);
	rig_stop();
}

TEST(scsi_copy_bad_descriptors)
{
	u8 *cscd = copy_list.bytes + 16, *segment = copy_list.bytes + 16 + 2 * CSCD;

	start();
	for (u32 type = 0; type < 256; type++) {
		copy_begin_good(a);
		cscd[0] = (u8)type;
		if (type != 0xe4)
			CHECK_EQ(copy_sense(a, 0), 0x052607);
		copy_begin_good(a);
		segment[0] = (u8)type;
		if (type != 0x02)
			CHECK_EQ(copy_sense(a, 0), 0x052609);
	}
	for (u8 type = 1; type < 4; type++) {
		copy_begin_good(a);
		cscd[1] = (u8)(type << 6);		/* LU ID TYPE, of which nothing depends here */
		CHECK_EQ(copy_sense(a, 0), 0);
	}
	copy_begin_good(a);
	cscd[1] = 0x20;				/* NUL */
	CHECK_EQ(copy_sense(a, 0), 0x0a0d02);
	copy_begin_good(a);
	cscd[1] = 0x05;				/* a CD-ROM */
	CHECK_EQ(copy_sense(a, 0), 0x0a0d03);
	copy_begin_good(a);
	cscd[7] = 21;
	CHECK_EQ(copy_sense(a, 0), 0x052600);
	copy_begin_good(a);
	cscd[8] ^= 1;				/* nobody's name */
	CHECK_EQ(copy_sense(a, 0), 0x0a0d02);
	copy_begin_good(a);
	cscd[5] |= 0x10;			/* that of a port */
	CHECK_EQ(copy_sense(a, 0), 0x0a0d02);
	copy_begin_good(a);
	put_unaligned_be24(4096, cscd + 29);	/* blocks it has not */
	CHECK_EQ(copy_sense(a, 0), 0x052600);
	copy_begin_good(a);
	segment[3] = 23;
	CHECK_EQ(copy_sense(a, 0), 0x052600);
	copy_begin_good(a);
	segment[5] = 2;				/* an index there is not */
	CHECK_EQ(copy_sense(a, 0), 0x0a0d02);
	copy_begin_good(a);
	segment[6] = 0xff;
	CHECK_EQ(copy_sense(a, 0), 0x0a0d02);
	copy_begin_good(a);
	copy_list.bytes[1] = 1 << 3;			/* LIST ID USAGE 01b */
	CHECK_EQ(copy_sense(a, 0), 0x052600);
	copy_begin_good(a);
	copy_list.bytes[1] = 3 << 3;			/* 11b wants a zero */
	CHECK_EQ(copy_sense(a, 0), 0x052600);
	copy_list.bytes[0] = 0;
	CHECK_EQ(copy_sense(a, 0), 0);
	rig_stop();
}

TEST(scsi_copy_limits)
{
	struct scsi_answer answer;

	start();
	answer = copy_results(a, RCR_OPERATING_PARAMETERS, 0);
	CHECK_EQ(answer.len, 46);
	CHECK_EQ(get_unaligned_be32(answer.data), 42);
	CHECK_EQ(get_unaligned_be16(answer.data + 8), MAX_CSCDS);
	CHECK_EQ(get_unaligned_be16(answer.data + 10), MAX_SEGMENTS);
	CHECK_EQ(get_unaligned_be32(answer.data + 12), MAX_CSCDS * CSCD + MAX_SEGMENTS * SEGMENT);
	CHECK_EQ(get_unaligned_be32(answer.data + 16), 16 << 20);
	CHECK_EQ(answer.data[43], 2);

	copy_begin(1, 0);
	for (u32 i = 0; i < MAX_CSCDS; i++)
		copy_add_lun(a, 1, 512);
	copy_add_segment(15, 0, 0, 8, 1);
	CHECK_EQ(copy_sense(a, 0), 0);
	copy_begin(1, 0);
	for (u32 i = 0; i < MAX_CSCDS + 1; i++)
		copy_add_lun(a, 1, 512);
	copy_add_segment(0, 0, 0, 8, 1);
	CHECK_EQ(copy_sense(a, 0), 0x052606);
	copy_begin(1, 0);
	copy_add_lun(a, 1, 512);
	for (u32 i = 0; i < MAX_SEGMENTS + 1; i++)
		copy_add_segment(0, 0, 0, 8, 1);
	CHECK_EQ(copy_sense(a, 0), 0x052608);
	copy_begin(1, 0);
	for (u32 i = 0; i < MAX_CSCDS + 1; i++)
		copy_add_lun(a, 1, 512);
	for (u32 i = 0; i < MAX_SEGMENTS + 1; i++)
		copy_add_segment(0, 0, 0, 8, 1);
	CHECK_EQ(copy_sense(a, 0), 0x051a00);
	/* 16 MiB a segment. */
	copy_begin(1, 0);
	copy_add_lun(a, 1, 512);
	copy_add_segment(0, 0, 0, 0, 32768);
	CHECK_EQ(copy_sense(a, 0), 0);
	copy_begin(1, 0);
	copy_add_lun(a, 1, 512);
	copy_add_segment(0, 0, 0, 0, 32769);
	CHECK_EQ(copy_sense(a, 0), 0x052600);
	rig_stop();
}

TEST(scsi_copy_past_the_end)
{
	u64 last = (16 << 20) / 512 - 1;
	struct scsi_answer answer;

	start();
	for (u32 i = 0; i < 4; i++) {
		copy_begin(1, 0);
		copy_add_lun(a, 0, 512);
		copy_add_lun(a, 1, 512);
		copy_add_segment(0, 1, 0, 0, 8);
		copy_add_segment(0, 1, i & 1 ? last : 0, i & 1 ? 0 : last, i & 2 ? 2 : 1);
		if (!(i & 2)) {
			CHECK_EQ(copy_sense(a, 0), 0);
			continue;
		}
		memset(back, 0, 4096);
		scsi_write(a, 1, 0, 8, 512, back);
		scsi_write(a, 0, 0, 8, 512, data);
		copy_send(a, 0);
		scsi_answer(a, &answer);
		CHECK_EQ(answer.sense, 0x0a0000);
		CHECK_EQ(answer.raw[0], 0xf0);
		CHECK_EQ(get_unaligned_be32(answer.raw + 3), 1);	/* the second segment */
		/* The first is sound, and yet it was not done: all are checked first. */
		scsi_read(b, 1, 0, 8, 512, back);
		CHECK(!memchr_inv(back, 0, 4096));
	}
	copy_begin(1, 0);
	copy_add_lun(a, 0, 512);
	copy_add_segment(0, 0, ~0ull, 0, 8);
	CHECK_EQ(copy_sense(a, 0), 0x0a0000);
	rig_stop();
}
