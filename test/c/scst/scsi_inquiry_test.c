/* SPDX-License-Identifier: MIT */
/*
 * scsi_inquiry_test.c - what a disk says it is, on every kind of disk: READ CAPACITY, INQUIRY, and how
 * much of an answer comes.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scsi_disk_test.h"

static u8 zeros[8192];

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
	disk_expect(b, kind, 0, 1, zeros);
}
