/* SPDX-License-Identifier: MIT */
/*
 * scsi_disk_test.c - what a disk does with blocks, on every kind of disk there is: READ,
 * WRITE, VERIFY, WRITE SAME, UNMAP, GET LBA STATUS, READ CAPACITY, INQUIRY, residuals.
 * Each test runs on files, a block device (a loop device: root only), memory and
 * nothing, with blocks of 512 and 4096 bytes.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scsi_rig.h"

extern int open(const char *path, int flags, ...);
extern int close(int fd);
extern int ioctl(int fd, unsigned long request, ...);

#define DISK_SIZE	(8u << 20)

static const struct kind {
	const char	*handler;
	u32		block;
	bool		keeps;		/* what is written can be read */
} kinds[] = {
	{ "vdisk_fileio", 512, true }, { "vdisk_fileio", 4096, true },
	{ "vdisk_blockio", 512, true }, { "vdisk_blockio", 4096, true },
	{ "vdisk_ram", 512, true }, { "vdisk_ram", 4096, true },
	{ "vdisk_nullio", 512, false }, { "vdisk_nullio", 4096, false },
};

static struct peer *a, *b;
static const struct kind *kind;
static u32 bs;			/* kind->block */
static u64 nr_blocks;
static u8 data[1 << 20], back[1 << 20], zeros[8192];

/* ---- a loop device --------------------------------------------------------------------- */

enum { LOOP_SET_FD_ = 0x4c00, LOOP_SET_STATUS64_ = 0x4c04, LOOP_CTL_GET_FREE_ = 0x4c82, RDWR_CLOEXEC_ = 02000002 };
enum { LO_FLAGS_AT_ = 52, LO_FLAGS_AUTOCLEAR_ = 4 };	/* of struct loop_info64, 232 bytes */

static char loop_path[32];
static int loop_fd;

/* The file of LUN 7's disk becomes a block device. */
static void loop_make(const char *file)
{
	int control = open("/dev/loop-control", RDWR_CLOEXEC_), nr, back_fd;
	bool set = false;
	u8 info[232] = { [LO_FLAGS_AT_] = LO_FLAGS_AUTOCLEAR_ };

	if (control < 0)
		test_skip("/dev/loop-control cannot be opened: not root, or no loop devices here");
	back_fd = open(file, RDWR_CLOEXEC_);
	/* Another process may be faster than we are with the one that is free. */
	for (u32 tries = 0; !set && tries < 20; tries++) {
		nr = ioctl(control, LOOP_CTL_GET_FREE_);
		snprintf(loop_path, sizeof(loop_path), "/dev/loop%d", nr);
		loop_fd = nr < 0 ? -1 : open(loop_path, RDWR_CLOEXEC_);
		set = loop_fd >= 0 && ioctl(loop_fd, LOOP_SET_FD_, back_fd) == 0;
		if (!set && loop_fd >= 0)
			close(loop_fd);
	}
	close(control);
	if (!set)
		test_skip("no loop device can be set up here");
	/* It goes when nobody has it open any more, however the test ends. */
	CHECK_EQ(ioctl(loop_fd, LOOP_SET_STATUS64_, info), 0);
	close(back_fd);
}

static void start(const struct kind *k)
{
	char params[128];

	kind = k;
	bs = k->block;
	nr_blocks = DISK_SIZE / bs;
	rig_start();
	snprintf(params, sizeof(params), "blocksize=%u", bs);
	if (!strcmp(k->handler, "vdisk_fileio")) {
		rig_file_disk(0, k->handler, DISK_SIZE, params);
	} else if (!strcmp(k->handler, "vdisk_blockio")) {
		rig_file_disk(7, "vdisk_fileio", DISK_SIZE, "");
		loop_make(rig_file_path(7));
		snprintf(params, sizeof(params), "blocksize=%u; filename=%s", bs, loop_path);
		rig_disk(0, k->handler, params);
	} else {
		snprintf(params, sizeof(params), "blocksize=%u; size=%u", bs, DISK_SIZE);
		rig_disk(0, k->handler, params);
	}
	a = rig_nexus(0);
	b = rig_nexus(1);
	fill(data, sizeof(data), 7);
}

static void end(void)
{
	rig_stop();
	if (!strcmp(kind->handler, "vdisk_blockio"))
		close(loop_fd);
}

#define DISK_TEST_ON(name, index, suffix)						\
	TEST(name##_on_##suffix)							\
	{										\
		start(&kinds[index]);							\
		name();									\
		end();									\
	}

#define DISK_TEST(name)									\
	static void name(void);								\
	DISK_TEST_ON(name, 0, file_512)							\
	DISK_TEST_ON(name, 1, file_4096)						\
	DISK_TEST_ON(name, 2, block_512)						\
	DISK_TEST_ON(name, 3, block_4096)						\
	DISK_TEST_ON(name, 4, ram_512)							\
	DISK_TEST_ON(name, 5, ram_4096)							\
	DISK_TEST_ON(name, 6, null_512)							\
	DISK_TEST_ON(name, 7, null_4096)						\
	static void name(void)

/* ---- reading and writing --------------------------------------------------------------------- */

static void cdb_10(u8 *cdb, u8 op, u32 lba, u16 blocks)
{
	memset(cdb, 0, 16);
	cdb[0] = op;
	put_unaligned_be32(lba, cdb + 2);
	put_unaligned_be16(blocks, cdb + 7);
}

static void cdb_12(u8 *cdb, u8 op, u32 lba, u32 blocks)
{
	memset(cdb, 0, 16);
	cdb[0] = op;
	put_unaligned_be32(lba, cdb + 2);
	put_unaligned_be32(blocks, cdb + 6);
}

static void cdb_6(u8 *cdb, u8 op, u32 lba, u8 blocks)
{
	memset(cdb, 0, 16);
	put_unaligned_be32(lba, cdb);
	cdb[0] = op;
	cdb[4] = blocks;
}

static void expect_blocks(u64 lba, u32 blocks, const u8 *expected)
{
	scsi_read(b, 0, lba, blocks, bs, back);
	if (kind->keeps)
		CHECK_MEMEQ(back, expected, blocks * bs);
	else
		CHECK(!memchr_inv(back, 0, blocks * bs));
}

static void make_cdb(u8 *cdb, u32 form, bool write, u32 lba, u32 blocks)
{
	if (form == 6)
		cdb_6(cdb, write ? WRITE_6 : READ_6, lba, (u8)blocks);
	else if (form == 10)
		cdb_10(cdb, write ? WRITE_10 : READ_10, lba, (u16)blocks);
	else if (form == 12)
		cdb_12(cdb, write ? WRITE_12 : READ_12, lba, blocks);
	else
		cdb_rw16(cdb, write ? WRITE_16 : READ_16, lba, blocks);
}

DISK_TEST(scsi_disk_reads_and_writes)
{
	static const u32 forms[] = { 6, 10, 12, 16 };
	u8 cdb[16];

	for (u32 f = 0; f < ARRAY_SIZE(forms); f++) {
		for (u32 blocks = 1; blocks <= 64; blocks = blocks * 2 + 1) {
			u32 lba = f * 100 + blocks;
			struct scsi_answer answer;

			make_cdb(cdb, forms[f], true, lba, blocks);
			scsi_good(a, 0, cdb, 0, data + blocks, blocks * bs);
			make_cdb(cdb, forms[f], false, lba, blocks);
			answer = scsi_good(b, 0, cdb, blocks * bs, NULL, 0);
			CHECK_EQ(answer.len, blocks * bs);
			if (kind->keeps)
				CHECK_MEMEQ(answer.data, data + blocks, blocks * bs);
		}
		/* FUA */
		if (forms[f] != 6) {
			make_cdb(cdb, forms[f], true, 5, 1);
			cdb[1] |= 8;
			scsi_good(a, 0, cdb, 0, data, bs);
			make_cdb(cdb, forms[f], false, 5, 1);
			cdb[1] |= 0x18;
			scsi_good(a, 0, cdb, bs, NULL, 0);
		}
	}
	/* READ(6) and WRITE(6) of zero blocks are 256 of them (SBC-3 5.9). */
	cdb_6(cdb, WRITE_6, 0, 0);
	scsi_good(a, 0, cdb, 0, data, 256 * bs);
	cdb_6(cdb, READ_6, 0, 0);
	CHECK_EQ(scsi_good(a, 0, cdb, 256 * bs, NULL, 0).len, 256 * bs);
	/* The others' zero is none. */
	make_cdb(cdb, 10, true, 7, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	make_cdb(cdb, 16, false, 7, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	expect_blocks(0, 256 * bs > sizeof(back) ? 16 : 256, data);
}

DISK_TEST(scsi_disk_ends_where_it_ends)
{
	static const u32 forms[] = { 10, 12, 16 };
	u8 cdb[16];

	for (u32 f = 0; f < ARRAY_SIZE(forms); f++) {
		for (u32 write = 0; write < 2; write++) {
			u32 in = write ? 0 : bs, out = write ? bs : 0;

			make_cdb(cdb, forms[f], write, (u32)nr_blocks - 1, 1);
			scsi_good(a, 0, cdb, in, data, out);
			make_cdb(cdb, forms[f], write, (u32)nr_blocks, 1);
			scsi_fails(a, 0, cdb, in, data, out, 0x052100);
			make_cdb(cdb, forms[f], write, (u32)nr_blocks - 1, 2);
			scsi_fails(a, 0, cdb, in * 2, data, out * 2, 0x052100);
			make_cdb(cdb, forms[f], write, 0xffffffff, 1);
			scsi_fails(a, 0, cdb, in, data, out, 0x052100);
			/* No blocks right behind the last are none too many, further on they are. */
			make_cdb(cdb, forms[f], write, (u32)nr_blocks, 0);
			scsi_good(a, 0, cdb, 0, NULL, 0);
			make_cdb(cdb, forms[f], write, (u32)nr_blocks + 1, 0);
			scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052100);
		}
	}
	cdb_rw16(cdb, READ_16, ~0ull, 1);
	scsi_fails(a, 0, cdb, bs, NULL, 0, 0x052100);
	cdb_rw16(cdb, READ_16, 1, ~0u);
	scsi_fails(a, 0, cdb, bs, NULL, 0, 0x052100);
	cdb_rw16(cdb, READ_16, ~0ull - 3, 8);	/* around the end of all numbers */
	scsi_fails(a, 0, cdb, bs, NULL, 0, 0x052100);
	cdb_rw16(cdb, WRITE_16, 0, 1);
	cdb[1] = 0x20;				/* WRPROTECT */
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
}

/* What the CDB moves against what the initiator expects (RFC 7143 11.4.5). */
DISK_TEST(scsi_disk_residuals)
{
	struct scsi_answer answer;
	u8 cdb[16], inquiry[16] = { INQUIRY, 0, 0, 1 };

	cdb_rw16(cdb, READ_16, 0, 4);
	answer = scsi_cmd(a, 0, cdb, 2 * bs, NULL, 0);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(answer.len, 2 * bs);
	CHECK_EQ(answer.residual_flag, ISCSI_RSP_OVERFLOW);
	CHECK_EQ(answer.residual, 2 * bs);
	answer = scsi_cmd(a, 0, cdb, 9 * bs, NULL, 0);
	CHECK_EQ(answer.len, 4 * bs);
	CHECK_EQ(answer.residual_flag, ISCSI_RSP_UNDERFLOW);
	CHECK_EQ(answer.residual, 5 * bs);
	answer = scsi_cmd(a, 0, cdb, 0, NULL, 0);
	CHECK_EQ(answer.len, 0);
	CHECK_EQ(answer.residual_flag, ISCSI_RSP_OVERFLOW);
	CHECK_EQ(answer.residual, 4 * bs);

	cdb_rw16(cdb, WRITE_16, 0, 4);
	answer = scsi_cmd(a, 0, cdb, 0, data, 6 * bs);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(answer.residual_flag, ISCSI_RSP_UNDERFLOW);
	CHECK_EQ(answer.residual, 2 * bs);
	expect_blocks(0, 4, data);
	answer = scsi_cmd(a, 0, cdb, 0, data + bs, bs);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(answer.residual_flag, ISCSI_RSP_OVERFLOW);
	CHECK_EQ(answer.residual, 3 * bs);
	/* A write that was announced as a read moves nothing. */
	answer = scsi_cmd(a, 0, cdb, 4 * bs, NULL, 0);
	CHECK_EQ(answer.sense, 0x052400);
	/* Parameter data: what there is counts, not what may come. */
	answer = scsi_cmd(a, 0, inquiry, 256, NULL, 0);
	CHECK_EQ(answer.len, 96);
	CHECK_EQ(answer.residual_flag, ISCSI_RSP_UNDERFLOW);
	CHECK_EQ(answer.residual, 160);
}

DISK_TEST(scsi_disk_many_at_once)
{
	struct scsi_answer answer;
	u8 cdb[16];

	for (u32 round = 0; round < 4; round++) {
		for (u32 i = 0; i < 64; i++) {
			cdb_rw16(cdb, WRITE_16, i * 4, 4);
			scsi_send(i & 1 ? a : b, 0, cdb, 0, data + i * 512 + round, 4 * bs);
		}
		for (u32 i = 0; i < 64; i++) {
			scsi_answer(i & 1 ? a : b, &answer);
			CHECK_EQ(answer.status, 0);
		}
		for (u32 i = 0; i < 64; i++)
			expect_blocks(i * 4, 4, data + i * 512 + round);
	}
}

/* ---- VERIFY, WRITE AND VERIFY ---------------------------------------------------------------------- */

DISK_TEST(scsi_disk_verifies)
{
	static const u8 verifies[] = { VERIFY, VERIFY_12, VERIFY_16 };
	static const u8 writes[] = { WRITE_VERIFY, WRITE_VERIFY_12, WRITE_VERIFY_16 };
	struct scsi_answer answer;
	u8 cdb[16];

	if (!kind->keeps)
		memset(data, 0, sizeof(data));
	for (u32 i = 0; i < 3; i++) {
		void (*make)(u8 *cdb, u8 op, u32 lba, u32 blocks) = cdb_12;

		scsi_write(a, 0, 20, 4, bs, data);
		if (i == 1)
			make(cdb, verifies[i], 20, 4);
		else if (i == 0)
			cdb_10(cdb, verifies[i], 20, 4);
		else
			cdb_rw16(cdb, verifies[i], 20, 4);
		scsi_good(a, 0, cdb, 0, NULL, 0);
		cdb[1] = 2;				/* BYTCHK 01b: compare with what comes */
		scsi_good(a, 0, cdb, 0, data, 4 * bs);
		data[3 * bs + 11] ^= 1;
		answer = scsi_cmd(a, 0, cdb, 0, data, 4 * bs);
		CHECK_EQ(answer.sense, 0x0e1d00);
		CHECK_EQ(answer.raw[0], 0xf0);
		CHECK_EQ(get_unaligned_be32(answer.raw + 3), 3 * bs + 11);
		data[3 * bs + 11] ^= 1;
		cdb[1] = 4;				/* BYTCHK 10b is reserved, 11b not for us */
		scsi_fails(a, 0, cdb, 0, data, 4 * bs, 0x052400);
		cdb[1] = 6;
		scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
		cdb[1] = 0x20;
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);

		if (i == 1)
			make(cdb, writes[i], 30, 4);
		else if (i == 0)
			cdb_10(cdb, writes[i], 30, 4);
		else
			cdb_rw16(cdb, writes[i], 30, 4);
		scsi_good(a, 0, cdb, 0, data, 4 * bs);
		expect_blocks(30, 4, data);
		cdb[1] = 0x40;
		scsi_fails(a, 0, cdb, 0, data, 4 * bs, 0x052400);
	}
	cdb_10(cdb, VERIFY, (u32)nr_blocks, 1);
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052100);
	cdb_rw16(cdb, VERIFY_16, 0, (u32)nr_blocks);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	cdb_rw16(cdb, VERIFY_16, 0, (16 << 20) / bs + 1);
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
}

/* ---- WRITE SAME, UNMAP, GET LBA STATUS --------------------------------------------------------------- */

DISK_TEST(scsi_disk_writes_the_same)
{
	u8 cdb[16];

	for (u32 i = 0; i < 64; i++)
		scsi_write(a, 0, i, 1, bs, data + i);
	cdb_10(cdb, WRITE_SAME, 3, 50);
	scsi_good(a, 0, cdb, 0, data + 777, bs);
	for (u32 i = 3; i < 53; i += 7)
		expect_blocks(i, 1, data + 777);
	expect_blocks(2, 1, data + 2);
	expect_blocks(53, 1, data + 53);
	cdb_rw16(cdb, WRITE_SAME_16, 10, 10);
	cdb[1] = 8;				/* UNMAP, with zeros */
	scsi_good(a, 0, cdb, 0, zeros, bs);
	expect_blocks(10, 1, zeros);
	expect_blocks(20, 1, data + 777);
	cdb_rw16(cdb, WRITE_SAME_16, 30, 2);
	cdb[1] = 1;				/* NDOB: no data at all */
	scsi_good(a, 0, cdb, 0, NULL, 0);
	expect_blocks(31, 1, zeros);
	/* None, too many, past the end, ANCHOR. */
	cdb_rw16(cdb, WRITE_SAME_16, 0, 0);
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
	cdb_10(cdb, WRITE_SAME, 0, 0);
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
	cdb_rw16(cdb, WRITE_SAME_16, 0, (16 << 20) / bs + 1);
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
	cdb_rw16(cdb, WRITE_SAME_16, nr_blocks - 1, 2);
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052100);
	cdb_rw16(cdb, WRITE_SAME_16, 0, 1);
	cdb[1] = 0x10;
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
	cdb[1] = 0x20;
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
	/* A part of a block, or more than one. */
	cdb[1] = 0;
	scsi_fails(a, 0, cdb, 0, data, bs / 2, 0x052400);
	scsi_fails(a, 0, cdb, 0, data, bs * 2, 0x052400);
}

static struct scsi_answer unmap(const u8 *list, u16 len)
{
	u8 cdb[16] = { UNMAP };

	put_unaligned_be16(len, cdb + 7);
	return scsi_cmd(a, 0, cdb, 0, list, len);
}

static u32 unmap_list(u8 *list, u32 count, u64 lba, u32 blocks)
{
	memset(list, 0, 8 + 16 * count);
	put_unaligned_be16(6 + 16 * count, list);
	put_unaligned_be16(16 * count, list + 2);
	for (u32 i = 0; i < count; i++) {
		put_unaligned_be64(lba + 2ul * i * blocks, list + 8 + 16 * i);
		put_unaligned_be32(blocks, list + 16 + 16 * i);
	}
	return 8 + 16 * count;
}

DISK_TEST(scsi_disk_unmaps)
{
	static u8 list[8 + 16 * 300];
	u32 page = max(4096 / bs, 1u), len;
	u8 cdb[16] = { UNMAP, 1, [8] = 24 };

	scsi_write(a, 0, 0, 8 * page, bs, data);
	len = unmap_list(list, 2, page, page);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	expect_blocks(0, page, data);
	expect_blocks(page, page, zeros);
	expect_blocks(2 * page, page, data + 2 * page * bs);
	expect_blocks(3 * page, page, zeros);
	/* A block that is a part of a page. */
	len = unmap_list(list, 1, 4 * page, 1);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	expect_blocks(4 * page, 1, zeros);
	/* From within a page over whole ones into another. */
	scsi_write(a, 0, 16 * page, 8 * page, bs, data);
	len = unmap_list(list, 1, 17 * page - 1, 3 * page + 2);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	if (page > 1)
		expect_blocks(16 * page, page - 1, data);
	for (u32 i = 0; i < 3 * page + 2; i++)
		expect_blocks(17 * page - 1 + i, 1, zeros);
	if (page > 1)
		expect_blocks(20 * page + 1, page - 1, data + (4 * page + 1) * bs);
	/* No descriptors, none with blocks, no list. */
	CHECK_EQ(unmap(list, 8).status, 0);
	len = unmap_list(list, 3, 0, 0);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	CHECK_EQ(unmap(NULL, 0).status, 0);
	for (u16 bad = 1; bad < 8; bad++)
		CHECK_EQ(unmap(list, bad).sense, 0x051a00);
	/* One is past the end: none is done. */
	scsi_write(a, 0, 0, 1, bs, data);
	len = unmap_list(list, 2, 0, 1);
	put_unaligned_be64(nr_blocks, list + 8 + 16);
	CHECK_EQ(unmap(list, (u16)len).sense, 0x052100);
	put_unaligned_be64(~0ull, list + 8 + 16);
	CHECK_EQ(unmap(list, (u16)len).sense, 0x052100);
	expect_blocks(0, 1, data);
	/* As many as page B0h says, and one more. */
	len = unmap_list(list, 256, 0, 1);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	len = unmap_list(list, 257, 0, 1);
	CHECK_EQ(unmap(list, (u16)len).sense, 0x052600);
	/* ANCHOR */
	unmap_list(list, 1, 0, 1);
	scsi_fails(a, 0, cdb, 0, list, 24, 0x052400);
}

static bool status_of(u64 lba, u32 *blocks)
{
	u8 cdb[16];
	struct scsi_answer answer;

	cdb_rw16(cdb, SERVICE_ACTION_IN_16, lba, 64);
	cdb[1] = SAI_GET_LBA_STATUS;
	answer = scsi_good(a, 0, cdb, 64, NULL, 0);
	CHECK_EQ(answer.len, 24);
	CHECK_EQ(get_unaligned_be32(answer.data), 20);
	CHECK_EQ(get_unaligned_be64(answer.data + 8), lba);
	*blocks = get_unaligned_be32(answer.data + 16);
	CHECK_GT(*blocks, 0);
	CHECK_LE(lba + *blocks, nr_blocks);
	CHECK_LE(answer.data[20], 1);
	return !answer.data[20];
}

DISK_TEST(scsi_disk_says_what_is_mapped)
{
	u32 page = max(4096 / bs, 1u), blocks;
	u8 cdb[16], list[24];
	bool block_dev = !strcmp(kind->handler, "vdisk_blockio");

	if (!kind->keeps || block_dev) {
		/* Nothing is mapped ever, or all of it always: but every block has a state. */
		for (u64 lba = 0; lba < nr_blocks; lba += blocks)
			status_of(lba, &blocks);
	} else {
		CHECK(!status_of(0, &blocks));
		CHECK_EQ(blocks, nr_blocks);
		scsi_write(a, 0, 10 * page, 4 * page, bs, data);
		CHECK(!status_of(0, &blocks));
		CHECK_EQ(blocks, 10 * page);
		CHECK(status_of(10 * page, &blocks));
		CHECK_EQ(blocks, 4 * page);
		CHECK(!status_of(14 * page, &blocks));
		CHECK_EQ(blocks, nr_blocks - 14 * page);
		unmap_list(list, 1, 11 * page, page);
		CHECK_EQ(unmap(list, 24).status, 0);
		CHECK(status_of(10 * page, &blocks));
		CHECK_EQ(blocks, page);
		CHECK(!status_of(11 * page, &blocks));
		CHECK_EQ(blocks, page);
	}
	cdb_rw16(cdb, SERVICE_ACTION_IN_16, nr_blocks, 64);
	cdb[1] = SAI_GET_LBA_STATUS;
	scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052100);
}

/* ---- what it is ------------------------------------------------------------------------------------------ */

DISK_TEST(scsi_disk_capacity)
{
	u8 ten[16] = { READ_CAPACITY }, sixteen[16] = { SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16, [13] = 32 };
	struct scsi_answer answer = scsi_good(a, 0, ten, 8, NULL, 0);

	CHECK_EQ(answer.len, 8);
	CHECK_EQ(get_unaligned_be32(answer.data), nr_blocks - 1);
	CHECK_EQ(get_unaligned_be32(answer.data + 4), bs);
	answer = scsi_good(a, 0, sixteen, 32, NULL, 0);
	CHECK_EQ(answer.len, 32);
	CHECK_EQ(get_unaligned_be64(answer.data), nr_blocks - 1);
	CHECK_EQ(get_unaligned_be32(answer.data + 8), bs);
	CHECK_EQ(answer.data[14] & 0xc0, 0xc0);
	sixteen[13] = 12;
	CHECK_EQ(scsi_good(a, 0, sixteen, 12, NULL, 0).len, 12);
	for (u8 sa = 0; sa < 32; sa++) {
		sixteen[1] = sa;
		if (sa != SAI_READ_CAPACITY_16 && sa != SAI_GET_LBA_STATUS)
			scsi_fails(a, 0, sixteen, 12, NULL, 0, 0x052400);
	}
}

DISK_TEST(scsi_disk_inquiry)
{
	u8 cdb[16] = { INQUIRY, 0, 0, 1, 0 }, pages[32], nr_pages;
	struct scsi_answer answer = scsi_good(a, 0, cdb, 256, NULL, 0);

	CHECK_EQ(answer.len, answer.data[4] + 5);
	CHECK_EQ(answer.data[0], 0);
	CHECK_EQ(answer.data[2], 6);
	CHECK_EQ(answer.data[3] & 0xf, 2);
	CHECK_EQ(answer.data[7] & 2, 2);
	CHECK_MEMEQ(answer.data + 8, "RING3   ", 8);
	cdb[2] = 1;				/* a page without EVPD */
	scsi_fails(a, 0, cdb, 256, NULL, 0, 0x052400);
	cdb[1] = 1;
	cdb[2] = 0;
	answer = scsi_good(a, 0, cdb, 256, NULL, 0);
	nr_pages = answer.data[3];
	CHECK_LE(nr_pages, sizeof(pages));
	memcpy(pages, answer.data + 4, nr_pages);
	for (u32 page = 0; page < 256; page++) {
		cdb[2] = (u8)page;
		if (!memchr(pages, (int)page, nr_pages)) {
			scsi_fails(a, 0, cdb, 256, NULL, 0, 0x052400);
			continue;
		}
		answer = scsi_good(a, 0, cdb, 256, NULL, 0);
		CHECK_EQ(answer.data[1], page);
		CHECK_EQ(get_unaligned_be16(answer.data + 2), answer.len - 4);
	}
	CHECK(memchr(pages, 0x80, nr_pages) && memchr(pages, 0x83, nr_pages) && memchr(pages, 0xb0, nr_pages) &&
	      memchr(pages, 0xb1, nr_pages) && memchr(pages, 0xb2, nr_pages));
	/* The limits of page B0h are those that hold. */
	cdb[2] = 0xb0;
	answer = scsi_good(a, 0, cdb, 64, NULL, 0);
	CHECK_EQ(get_unaligned_be32(answer.data + 8) * bs, 16 << 20);
	CHECK_EQ(get_unaligned_be32(answer.data + 24), 256);
	{
		u32 max_blocks = get_unaligned_be32(answer.data + 8);
		u8 read[16];

		if (max_blocks < nr_blocks) {
			cdb_rw16(read, READ_16, 0, max_blocks + 1);
			scsi_fails(a, 0, read, bs, NULL, 0, 0x052400);
		}
	}
}

DISK_TEST(scsi_disk_small_commands)
{
	u8 cdb[16];
	struct scsi_answer answer;

	cdb_10(cdb, SYNCHRONIZE_CACHE, 0, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	cdb_10(cdb, SYNCHRONIZE_CACHE, (u32)nr_blocks, 1);
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052100);
	cdb_rw16(cdb, SYNCHRONIZE_CACHE_16, 3, 5);
	cdb[1] = 2;
	scsi_good(a, 0, cdb, 0, NULL, 0);
	cdb_10(cdb, PRE_FETCH, 3, 5);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	cdb_rw16(cdb, PRE_FETCH_16, nr_blocks, 5);
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052100);
	cdb_10(cdb, READ_DEFECT_DATA, 0, 64);
	cdb[2] = 0x1d;
	answer = scsi_good(a, 0, cdb, 64, NULL, 0);
	CHECK_EQ(answer.len, 4);
	CHECK_EQ(answer.data[1], 0x1d);
	CHECK_EQ(get_unaligned_be16(answer.data + 2), 0);
	cdb_12(cdb, READ_DEFECT_DATA_12, 0, 64);
	CHECK_EQ(scsi_good(a, 0, cdb, 64, NULL, 0).len, 8);
	/* NACA: there is no ACA here. */
	memset(cdb, 0, 16);
	cdb[5] = 4;
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
	cdb_rw16(cdb, READ_16, 0, 1);
	cdb[15] = 4;
	scsi_fails(a, 0, cdb, bs, NULL, 0, 0x052400);
}

/* The CDB wants data, and the initiator announces none: no command may look for it. */
DISK_TEST(scsi_disk_data_that_is_not_announced)
{
	for (u32 op = 0; op < 256; op++) {
		for (u32 sa = 0; sa < 32; sa++) {
			/* A length wherever one may be. */
			u8 cdb[16] = { (u8)op, (u8)sa, [4] = 24, [8] = 24, [13] = 24 };

			if (op == START_STOP || op == SANITIZE)
				continue;
			if (op >= 0xa0 && op < 0xc0)
				memcpy(cdb + 4, (u8[]){ 0, 0, 0, 0, 0, 24 }, 6);
			scsi_cmd(a, 0, cdb, 0, NULL, 0);
		}
	}
	scsi_cmd(a, 0, (u8[16]){ PERSISTENT_RESERVE_OUT, PROUT_CLEAR, [8] = 24 }, 0, (u8[24]){ 0 }, 24);
	scsi_cmd(b, 0, (u8[16]){ TEST_UNIT_READY }, 0, NULL, 0);
	scsi_good(a, 0, (u8[16]){ RELEASE }, 0, NULL, 0);
	expect_blocks(0, 1, zeros);
}

/* ---- only where it makes sense -------------------------------------------------------------------------- */

TEST(scsi_disk_two_terabytes_and_more)
{
	u8 cdb[16], ten[16] = { READ_CAPACITY };
	u64 blocks = 3ull << 40 >> 9;

	rig_start();
	rig_disk(0, "vdisk_nullio", "size=3T");
	a = rig_nexus(0);
	CHECK_EQ(get_unaligned_be32(scsi_good(a, 0, ten, 8, NULL, 0).data), ~0u);
	cdb_rw16(cdb, READ_16, blocks - 1, 1);
	CHECK_EQ(scsi_good(a, 0, cdb, 512, NULL, 0).len, 512);
	cdb_rw16(cdb, READ_16, blocks, 1);
	scsi_fails(a, 0, cdb, 512, NULL, 0, 0x052100);
	/* Page B0h: 16 MiB at once. */
	cdb_rw16(cdb, READ_16, 0, 32768);
	CHECK_EQ(scsi_cmd(a, 0, cdb, 512, NULL, 0).status, SAM_STAT_GOOD);
	cdb_rw16(cdb, READ_16, 0, 32769);
	scsi_fails(a, 0, cdb, 512, NULL, 0, 0x052400);
	cdb_rw16(cdb, WRITE_16, 0, 32769);
	scsi_fails(a, 0, cdb, 0, data, 512, 0x052400);
	cdb_10(cdb, WRITE_10, ~0u, 1);
	scsi_good(a, 0, cdb, 0, data, 512);
	rig_stop();
}

/* With wsnz=0 no number of blocks is all from there on, and nothing before. */
TEST(scsi_disk_write_same_to_the_end)
{
	static const struct kind large = { "vdisk_ram", 512, true };
	u8 cdb[16];

	kind = &large;
	bs = 512;
	rig_start();
	rig_disk(0, "vdisk_ram", "size=64M; wsnz=0");
	a = rig_nexus(0);
	b = rig_nexus(1);
	nr_blocks = (64 << 20) / 512;
	fill(data, sizeof(data), 7);
	CHECK_EQ(scsi_good(a, 0, (u8[16]){ INQUIRY, 1, 0xb0, [4] = 64 }, 64, NULL, 0).data[4], 0);
	scsi_write(a, 0, nr_blocks - 9, 9, bs, data);
	cdb_rw16(cdb, WRITE_SAME_16, nr_blocks - 8, 0);
	scsi_good(a, 0, cdb, 0, data + 777, bs);
	expect_blocks(nr_blocks - 9, 1, data);
	for (u32 i = 8; i; i--)
		expect_blocks(nr_blocks - i, 1, data + 777);
	cdb_10(cdb, WRITE_SAME, (u32)nr_blocks - 1, 0);
	scsi_good(a, 0, cdb, 0, zeros, bs);
	expect_blocks(nr_blocks - 1, 1, zeros);
	expect_blocks(nr_blocks - 2, 1, data + 777);
	cdb_10(cdb, WRITE_SAME, (u32)nr_blocks, 0);
	scsi_good(a, 0, cdb, 0, data, bs);		/* there are none */
	cdb_10(cdb, WRITE_SAME, (u32)nr_blocks + 1, 0);
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052100);
	/* They may be too many at once. */
	cdb_rw16(cdb, WRITE_SAME_16, (48 << 11) - 1, 0);
	scsi_fails(a, 0, cdb, 0, data, bs, 0x052400);
	cdb_rw16(cdb, WRITE_SAME_16, 48 << 11, 0);
	scsi_good(a, 0, cdb, 0, data, bs);
	rig_stop();
}

TEST(scsi_disk_of_odd_size)
{
	u8 cdb[16];

	rig_start();
	rig_file_disk(0, "vdisk_fileio", 4096 * 3 + 511, "");
	a = rig_nexus(0);
	cdb_rw16(cdb, READ_16, 23, 1);
	scsi_good(a, 0, cdb, 512, NULL, 0);
	cdb_rw16(cdb, READ_16, 24, 1);
	scsi_fails(a, 0, cdb, 512, NULL, 0, 0x052100);
	rig_stop();
}

/* Transfers of many segments and bursts: the data goes where it belongs. */
TEST(scsi_disk_large_transfers)
{
	static u8 big[4 << 20];
	struct scsi_answer answer;
	struct iscsi_handoff h;
	u8 cdb[16], bhs[ISCSI_BHS_LEN];
	u32 itt;

	rig_start();
	rig_file_disk(0, "vdisk_fileio", 64 << 20, "");
	rig_handoff(0, &h);
	h.max_burst_length = 256 << 10;
	h.first_burst_length = 64 << 10;
	h.max_outstanding_r2t = 4;
	a = rig_login(0, &h);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
	fill(big, sizeof(big), 8);
	cdb_rw16(cdb, WRITE_16, 100, sizeof(big) / 512);
	itt = a->next_itt++;
	peer_header(a, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE | ISCSI_ATTR_SIMPLE, itt);
	put32(bhs, 20, sizeof(big));
	memcpy(bhs + 32, cdb, 16);
	peer_send(a, bhs, big, 64 << 10);
	scsi_answer_with(a, &answer, big);
	CHECK_EQ(answer.status, 0);
	CHECK_EQ(answer.itt, itt);
	CHECK_EQ(answer.nr_r2t, (sizeof(big) - (64 << 10)) / (256 << 10) + 1);
	cdb[0] = READ_16;
	answer = scsi_good(a, 0, cdb, sizeof(big), NULL, 0);
	CHECK_EQ(answer.len, sizeof(big));
	CHECK_MEMEQ(answer.data, big, sizeof(big));
	rig_stop();
}
