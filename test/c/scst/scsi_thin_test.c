/* SPDX-License-Identifier: MIT */
/*
 * scsi_thin_test.c - blocks that are written alike, given back, and asked about, on every kind of
 * disk: WRITE SAME, UNMAP, GET LBA STATUS.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scsi_disk_test.h"

static u8 zeros[8192];

/* ---- WRITE SAME, UNMAP, GET LBA STATUS --------------------------------------------------------------- */

DISK_TEST(scsi_disk_writes_the_same)
{
	u8 cdb[16];

	for (u32 i = 0; i < 64; i++)
		scsi_write(a, 0, i, 1, bs, data + i);
	cdb_10(cdb, WRITE_SAME, 3, 50);
	scsi_good(a, 0, cdb, 0, data + 777, bs);
	for (u32 i = 3; i < 53; i += 7)
		disk_expect(b, kind, i, 1, data + 777);
	disk_expect(b, kind, 2, 1, data + 2);
	disk_expect(b, kind, 53, 1, data + 53);
	cdb_rw16(cdb, WRITE_SAME_16, 10, 10);
	cdb[1] = 8;				/* UNMAP, with zeros */
	scsi_good(a, 0, cdb, 0, zeros, bs);
	disk_expect(b, kind, 10, 1, zeros);
	disk_expect(b, kind, 20, 1, data + 777);
	cdb_rw16(cdb, WRITE_SAME_16, 30, 2);
	cdb[1] = 1;				/* NDOB: no data at all */
	scsi_good(a, 0, cdb, 0, NULL, 0);
	disk_expect(b, kind, 31, 1, zeros);
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
	disk_expect(b, kind, 0, page, data);
	disk_expect(b, kind, page, page, zeros);
	disk_expect(b, kind, 2 * page, page, data + 2 * page * bs);
	disk_expect(b, kind, 3 * page, page, zeros);
	/* A block that is a part of a page. */
	len = unmap_list(list, 1, 4 * page, 1);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	disk_expect(b, kind, 4 * page, 1, zeros);
	/* From within a page over whole ones into another. */
	scsi_write(a, 0, 16 * page, 8 * page, bs, data);
	len = unmap_list(list, 1, 17 * page - 1, 3 * page + 2);
	CHECK_EQ(unmap(list, (u16)len).status, 0);
	if (page > 1)
		disk_expect(b, kind, 16 * page, page - 1, data);
	for (u32 i = 0; i < 3 * page + 2; i++)
		disk_expect(b, kind, 17 * page - 1 + i, 1, zeros);
	if (page > 1)
		disk_expect(b, kind, 20 * page + 1, page - 1, data + (4 * page + 1) * bs);
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
	disk_expect(b, kind, 0, 1, data);
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
