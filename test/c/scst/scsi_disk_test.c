/* SPDX-License-Identifier: MIT */
/*
 * scsi_disk_test.c - blocks that are read, written and verified, on every kind of disk; disks that
 * are very large, or of an odd size.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scsi_disk_test.h"

static u8 back[1 << 20], zeros[8192];

/* ---- reading and writing --------------------------------------------------------------------- */

static void cdb_6(u8 *cdb, u8 op, u32 lba, u8 blocks)
{
	memset(cdb, 0, 16);
	put_unaligned_be32(lba, cdb);
	cdb[0] = op;
	cdb[4] = blocks;
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
	disk_expect(b, kind, 0, 256 * bs > sizeof(back) ? 16 : 256, data);
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
	disk_expect(b, kind, 0, 4, data);
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
			disk_expect(b, kind, i * 4, 4, data + i * 512 + round);
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
		disk_expect(b, kind, 30, 4, data);
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
	static const struct disk_kind large = { "vdisk_ram", 512, true };
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
	disk_expect(b, kind, nr_blocks - 9, 1, data);
	for (u32 i = 8; i; i--)
		disk_expect(b, kind, nr_blocks - i, 1, data + 777);
	cdb_10(cdb, WRITE_SAME, (u32)nr_blocks - 1, 0);
	scsi_good(a, 0, cdb, 0, zeros, bs);
	disk_expect(b, kind, nr_blocks - 1, 1, zeros);
	disk_expect(b, kind, nr_blocks - 2, 1, data + 777);
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
