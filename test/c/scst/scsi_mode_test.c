/* SPDX-License-Identifier: MIT */
/* scsi_mode_test.c - MODE SENSE and MODE SELECT (SPC-4 6.11 to 6.14), every list that is wrong, and sense formats. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

#define UA_MODE_CHANGED	0x062a01

static struct peer *a, *b;
static u8 block[512];

static void start(void)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
}

static struct scsi_answer sense_10(u8 page, u8 pc, bool dbd)
{
	u8 cdb[16] = { MODE_SENSE_10, dbd ? 8 : 0, (u8)(pc << 6 | page), [7] = 1 };

	return scsi_good(a, 0, cdb, 256, NULL, 0);
}

static u32 select_10(struct peer *peer, const u8 *list, u32 len)
{
	u8 cdb[16] = { MODE_SELECT_10, 0x10 };
	struct scsi_answer answer;

	put_unaligned_be16(len, cdb + 7);
	answer = scsi_cmd(peer, 0, cdb, 0, list, len);
	CHECK_EQ(answer.status, answer.sense ? SAM_STAT_CHECK_CONDITION : SAM_STAT_GOOD);
	return answer.sense;
}

static void select_good(const u8 *list, u32 len)
{
	CHECK_EQ(select_10(a, list, len), 0);
	scsi_no_ua(a, 0);
	scsi_expect_ua(b, 0, UA_MODE_CHANGED);
}

TEST(scsi_mode_sense_pages)
{
	static const struct { u8 page, len; } pages[] = { { 0x08, 20 }, { 0x0a, 12 }, { 0x1c, 12 } };
	struct scsi_answer answer;
	u32 all = 0;

	start();
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++) {
		for (u8 pc = 0; pc < 3; pc++) {
			answer = sense_10(pages[i].page, pc, true);
			CHECK_EQ(answer.len, 8 + pages[i].len);
			CHECK_EQ(get_unaligned_be16(answer.data), answer.len - 2);
			CHECK_EQ(get_unaligned_be16(answer.data + 6), 0);
			CHECK_EQ(answer.data[3], 0x10);			/* DPOFUA, no WP */
			CHECK_EQ(answer.data[8], pages[i].page);	/* PS, SPF zero */
			CHECK_EQ(answer.data[9], pages[i].len - 2);
		}
		all += pages[i].len;
	}
	answer = sense_10(0x3f, 0, false);
	CHECK_EQ(answer.len, 8 + 8 + all);
	CHECK_EQ(get_unaligned_be32(answer.data + 8), 2048);
	CHECK_EQ(get_unaligned_be32(answer.data + 12) & 0xffffff, 512);
	rig_stop();
}

TEST(scsi_mode_sense_6)
{
	u8 cdb[16] = { MODE_SENSE, 0, 0x08, 0, 255 };
	struct scsi_answer answer;

	start();
	answer = scsi_good(a, 0, cdb, 255, NULL, 0);
	CHECK_EQ(answer.len, 4 + 8 + 20);
	CHECK_EQ(answer.data[0], answer.len - 1);
	CHECK_EQ(answer.data[3], 8);
	CHECK_EQ(answer.data[4 + 8 + 2], 4);		/* WCE */
	/* Less may be asked for: no error, and no underflow of what was asked. */
	cdb[4] = 10;
	answer = scsi_good(a, 0, cdb, 10, NULL, 0);
	CHECK_EQ(answer.len, 10);
	cdb[4] = 0;
	scsi_good(a, 0, cdb, 0, NULL, 0);
	rig_stop();
}

TEST(scsi_mode_sense_refuses)
{
	static const u8 known[] = { 0x08, 0x0a, 0x1c, 0x3f };
	u8 cdb[16] = { MODE_SENSE_10, 0, 0, [7] = 1 };

	start();
	for (u8 page = 0; page < 0x40; page++) {
		cdb[2] = page;
		if (!memchr(known, page, sizeof(known)))
			scsi_fails(a, 0, cdb, 256, NULL, 0, 0x052400);
		/* Nothing is saved. */
		cdb[2] = 0xc0 | page;
		scsi_fails(a, 0, cdb, 256, NULL, 0, 0x053900);
	}
	cdb[2] = 0x08;
	cdb[3] = 1;
	scsi_fails(a, 0, cdb, 256, NULL, 0, 0x052400);
	cdb[2] = 0x3f;
	cdb[3] = 0xff;
	scsi_good(a, 0, cdb, 256, NULL, 0);
	rig_stop();
}

static u32 page_list(u8 *list, u8 page)
{
	struct scsi_answer answer = sense_10(page, 0, true);

	memcpy(list, answer.data, answer.len);
	memset(list, 0, 8);
	return answer.len;
}

TEST(scsi_mode_select_wce_swp_d_sense)
{
	u8 list[64], write[16];
	u32 len;

	start();
	cdb_rw16(write, WRITE_16, 0, 1);
	len = page_list(list, 0x08);
	list[8 + 2] &= (u8)~4;
	select_good(list, len);
	CHECK_EQ(sense_10(0x08, 0, true).data[8 + 2], 0);
	CHECK_EQ(sense_10(0x08, 2, true).data[8 + 2], 4);	/* the default */
	scsi_write(a, 0, 0, 1, 512, block);			/* through, to the medium */

	len = page_list(list, 0x0a);
	list[8 + 4] |= 8;					/* SWP */
	select_good(list, len);
	CHECK_EQ(sense_10(0x0a, 0, true).data[3], 0x90);
	scsi_fails(a, 0, write, 0, block, 512, 0x072700);
	scsi_fails(b, 0, write, 0, block, 512, 0x072700);
	list[8 + 4] &= (u8)~8;
	select_good(list, len);
	scsi_good(b, 0, write, 0, block, 512);

	/* A reset brings the defaults back. */
	len = page_list(list, 0x0a);
	list[8 + 4] |= 8;
	select_good(list, len);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	scsi_expect_ua(a, 0, 0x062903);
	scsi_expect_ua(b, 0, 0x062903);
	scsi_good(b, 0, write, 0, block, 512);
	CHECK_EQ(sense_10(0x08, 0, true).data[8 + 2], 4);
	rig_stop();
}

TEST(scsi_mode_select_several_pages)
{
	u8 list[128], caching[64], control[64];
	u32 len_caching, len_control;

	start();
	len_caching = page_list(caching, 0x08);
	len_control = page_list(control, 0x0a);
	memcpy(list, caching, len_caching);
	memcpy(list + len_caching, control + 8, len_control - 8);
	list[8 + 2] = 0;
	list[len_caching + 4] = 8;
	/* The second is wrong: neither counts. */
	list[len_caching + 5] ^= 1;
	CHECK_EQ(select_10(a, list, len_caching + len_control - 8), 0x052600);
	CHECK_EQ(sense_10(0x08, 0, true).data[8 + 2], 4);
	list[len_caching + 5] ^= 1;
	select_good(list, len_caching + len_control - 8);
	CHECK_EQ(sense_10(0x08, 0, true).data[8 + 2], 0);
	CHECK_EQ(sense_10(0x0a, 0, true).data[8 + 4], 8);
	rig_stop();
}

TEST(scsi_mode_select_refuses_cdbs)
{
	u8 cdb[16] = { MODE_SELECT_10, 0, [8] = 28 }, list[64];

	start();
	page_list(list, 0x08);
	scsi_fails(a, 0, cdb, 0, list, 28, 0x052400);		/* PF zero */
	cdb[1] = 0x11;
	scsi_fails(a, 0, cdb, 0, list, 28, 0x052400);		/* SP */
	cdb[1] = 0x10;
	cdb[8] = 0;
	scsi_good(a, 0, cdb, 0, NULL, 0);			/* an empty list changes nothing */
	scsi_no_ua(b, 0);
	rig_stop();
}

/* Every bit of every page that may not change; every length that does not fit. */
TEST(scsi_mode_select_refuses_lists)
{
	static const u8 pages[] = { 0x08, 0x0a, 0x1c };
	u8 list[64], mask[64];
	u32 len;

	start();
	for (u32 p = 0; p < sizeof(pages); p++) {
		memcpy(mask, sense_10(pages[p], 1, true).data, 64);
		len = page_list(list, pages[p]);
		for (u32 bit = 8 * 8; bit < len * 8; bit++) {
			if (bit >= 10 * 8 && mask[bit / 8] & 1 << bit % 8)
				continue;
			list[bit / 8] ^= 1 << bit % 8;
			CHECK_NE(select_10(a, list, len), 0);
			list[bit / 8] ^= 1 << bit % 8;
		}
		for (u32 cut = 1; cut < len; cut++)
			if (cut != 8)
				CHECK_EQ(select_10(a, list, cut), 0x051a00);
	}
	/* Block descriptors: one at most, and it may only say what is. */
	len = page_list(list + 8, 0x08) + 8;
	memset(list, 0, 16);
	list[7] = 8;
	for (u32 size = 1; size < 4096; size = size * 2 + 1) {
		put_unaligned_be32(size, list + 12);
		CHECK_EQ(select_10(a, list, len), 0x052600);
	}
	put_unaligned_be32(512, list + 12);
	put_unaligned_be32(2047, list + 8);
	CHECK_EQ(select_10(a, list, len), 0x052600);
	put_unaligned_be32(2048, list + 8);
	list[7] = 16;
	CHECK_EQ(select_10(a, list, len), 0x052600);
	list[7] = 8;
	scsi_no_ua(b, 0);
	CHECK_EQ(select_10(a, list, len), 0);
	scsi_expect_ua(b, 0, UA_MODE_CHANGED);
	/* Less comes than the CDB says. */
	{
		u8 cdb[16] = { MODE_SELECT_10, 0x10, [8] = 28 };

		page_list(list, 0x08);
		scsi_fails(a, 0, cdb, 0, list, 20, 0x051a00);
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x051a00);	/* nothing at all */
	}
	rig_stop();
}

TEST(scsi_mode_select_6)
{
	u8 cdb[16] = { MODE_SELECT, 0x10, 0, 0, 24 }, list[64];

	start();
	page_list(list + 4, 0x08);	/* its header is 8 bytes, ours 4 */
	memmove(list + 4, list + 12, 20);
	memset(list, 0, 4);
	list[4 + 2] = 0;
	scsi_good(a, 0, cdb, 0, list, 24);
	scsi_expect_ua(b, 0, UA_MODE_CHANGED);
	CHECK_EQ(sense_10(0x08, 0, true).data[8 + 2], 0);
	list[3] = 7;
	scsi_fails(a, 0, cdb, 0, list, 24, 0x052600);
	rig_stop();
}

/* ---- sense data, fixed and with descriptors (SPC-4 4.5) ---------------------------------------- */

static void set_d_sense(bool on)
{
	u8 list[64];
	u32 len = page_list(list, 0x0a);

	list[8 + 2] = on ? list[8 + 2] | 4 : list[8 + 2] & ~4;
	select_good(list, len);
}

TEST(scsi_sense_formats)
{
	u8 bad_lba[16], bad_field[16] = { READ_10, 0xe0, [8] = 1 }, caw[16];
	u8 request[16] = { REQUEST_SENSE, 0, 0, 0, 252 };
	struct scsi_answer answer;
	u8 blocks[1024] = { [5] = 1 };

	start();
	cdb_rw16(bad_lba, READ_16, 1 << 20, 1);
	memset(caw, 0, 16);
	caw[0] = COMPARE_AND_WRITE;
	caw[13] = 1;
	for (u32 desc = 0; desc < 2; desc++) {
		if (desc)
			set_d_sense(true);
		answer = scsi_cmd(a, 0, bad_lba, 512, NULL, 0);
		CHECK_EQ(answer.sense, 0x052100);
		CHECK_EQ(answer.raw[0], desc ? 0x72 : 0x70);
		CHECK_EQ(answer.raw_len, desc ? 8 : 18);
		CHECK_EQ(answer.raw[7], desc ? 0 : 10);

		/* INVALID FIELD IN CDB says which: byte 1, bit 7. */
		answer = scsi_cmd(a, 0, bad_field, 512, NULL, 0);
		CHECK_EQ(answer.sense, 0x052400);
		if (desc) {
			CHECK_EQ(answer.raw_len, 16);
			CHECK_EQ(answer.raw[7], 8);
			CHECK_EQ(answer.raw[8], 2);
			CHECK_EQ(answer.raw[9], 6);
		}
		CHECK_EQ(answer.raw[desc ? 12 : 15], 0x80 | 0x40 | 8 | 7);
		CHECK_EQ(get_unaligned_be16(answer.raw + (desc ? 13 : 16)), 1);

		/* MISCOMPARE says where. */
		answer = scsi_cmd(a, 0, caw, 0, blocks, 1024);
		CHECK_EQ(answer.sense, 0x0e1d00);
		if (desc) {
			CHECK_EQ(answer.raw_len, 20);
			CHECK_EQ(answer.raw[8], 0);
			CHECK_EQ(answer.raw[9], 10);
			CHECK_EQ(answer.raw[10], 0x80);
			CHECK_EQ(get_unaligned_be64(answer.raw + 12), 5);
		} else {
			CHECK_EQ(answer.raw[0], 0xf0);
			CHECK_EQ(get_unaligned_be32(answer.raw + 3), 5);
		}

		/* REQUEST SENSE has its own bit for it, and takes no notice of the page (SPC-4 6.39). */
		for (u8 bit = 0; bit < 2; bit++) {
			request[1] = bit;
			answer = scsi_good(a, 0, request, 252, NULL, 0);
			CHECK_EQ(answer.data[0], bit ? 0x72 : 0x70);
			CHECK_EQ(answer.len, bit ? 8 : 18);
			CHECK_EQ(scsi_tm(b, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
			scsi_expect_ua(b, 0, 0x062903);
			answer = scsi_good(a, 0, request, 252, NULL, 0);
			CHECK_EQ(answer.data[bit ? 1 : 2], 6);
			CHECK_EQ(answer.data[bit ? 2 : 12], 0x29);
			CHECK_EQ(answer.data[bit ? 3 : 13], 0x03);
			answer = scsi_good(a, 0, request, 252, NULL, 0);
			CHECK_EQ(answer.data[bit ? 1 : 2], 0);
			if (desc)
				set_d_sense(true);
		}
	}
	rig_stop();
}
