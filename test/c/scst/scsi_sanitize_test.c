/* SPDX-License-Identifier: MIT */
/* scsi_sanitize_test.c - SANITIZE (SBC-4 4.11, 5.34): its lists, its progress, what it leaves, and how it fails. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

#define IN_PROGRESS	0x02041b
#define FAILED		0x033103

static struct peer *a, *b;
static u8 block[4096], pattern[512];

static void start(const char *handler, const char *params)
{
	rig_start();
	if (!strcmp(handler, "vdisk_fileio"))
		rig_file_disk(0, handler, 4 << 20, params);
	else
		rig_disk(0, handler, params);
	a = rig_nexus(0);
	b = rig_nexus(1);
}

static void cdb_sanitize(u8 *cdb, u8 action, bool immed, u16 len)
{
	memset(cdb, 0, 16);
	cdb[0] = SANITIZE;
	cdb[1] = (immed ? 0x80 : 0) | action;
	put_unaligned_be16(len, cdb + 7);
}

static u32 overwrite_list(u8 *list, u8 flags, u16 len)
{
	list[0] = flags;
	list[1] = 0;
	put_unaligned_be16(len, list + 2);
	fill(list + 4, len, 9);
	return 4u + len;
}

static void wait_done(struct peer *peer)
{
	static const u8 test_unit_ready[16];

	for (u32 i = 0; i < 5000; i++) {
		struct scsi_answer answer = scsi_cmd(peer, 0, test_unit_ready, 0, NULL, 0);

		if (answer.status == SAM_STAT_GOOD)
			return;
		CHECK_EQ(answer.sense, IN_PROGRESS);
		wait_ms(1);
	}
	test_fail(__FILE__, __LINE__, "it does not end");
}

/* What @peer's neighbour sent is being done by now, and not only on its way. */
static void wait_begun(struct peer *peer)
{
	static const u8 test_unit_ready[16];

	for (u32 i = 0; i < 5000; i++) {
		struct scsi_answer answer = scsi_cmd(peer, 0, test_unit_ready, 0, NULL, 0);

		if (answer.status != SAM_STAT_GOOD) {
			CHECK_EQ(answer.sense, IN_PROGRESS);
			return;
		}
		wait_ms(1);
	}
	test_fail(__FILE__, __LINE__, "it does not begin");
}

static void overwrite_every_block(const char *handler, const char *params, u32 block_size)
{
	u8 cdb[16], list[64];
	u32 len = overwrite_list(list, 1, 7);

	start(handler, params);
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, (u16)len);
	scsi_good(a, 0, cdb, 0, list, len);
	for (u32 lba = 0; lba < (4u << 20) / block_size; lba += 37) {
		scsi_read(b, 0, lba, 1, block_size, block);
		for (u32 i = 0; i < block_size; i++)
			CHECK_EQ(block[i], list[4 + i % 7]);
	}
	/* Twice, inverted between: the second pass is what stays. */
	list[0] = 0x80 | 2;
	scsi_good(a, 0, cdb, 0, list, len);
	scsi_read(b, 0, 5, 1, block_size, block);
	CHECK_EQ(block[8], (u8)~list[4 + 1]);
	rig_stop();
}

TEST(scsi_sanitize_overwrites_ram)
{
	overwrite_every_block("vdisk_ram", "size=4M", 512);
}

TEST(scsi_sanitize_overwrites_a_file)
{
	overwrite_every_block("vdisk_fileio", "blocksize=4096", 4096);
}

TEST(scsi_sanitize_block_erase)
{
	u8 cdb[16];

	start("vdisk_fileio", "");
	fill(pattern, 512, 4);
	scsi_write(a, 0, 100, 1, 512, pattern);
	cdb_sanitize(cdb, SANITIZE_BLOCK_ERASE, false, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	scsi_read(b, 0, 100, 1, 512, block);
	CHECK(!memchr_inv(block, 0, 512));
	rig_stop();
}

/* While it runs nobody else has the disk, and everybody may ask how far it is. */
TEST(scsi_sanitize_in_progress)
{
	static const struct {
		u8 cdb[16];
		u32 in, out;
		bool allowed;
	} commands[] = {
		{ { READ_10, [8] = 1 }, 512, 0, false },
		{ { WRITE_10, [8] = 1 }, 0, 512, false },
		{ { TEST_UNIT_READY }, 0, 0, false },
		{ { MODE_SENSE, 0, 8, 0, 64 }, 64, 0, false },
		{ { SYNCHRONIZE_CACHE }, 0, 0, false },
		{ { SANITIZE, SANITIZE_BLOCK_ERASE }, 0, 0, false },
		{ { SANITIZE, SANITIZE_EXIT_FAILURE_MODE }, 0, 0, false },
		{ { INQUIRY, 0, 0, 0, 96 }, 96, 0, true },
		{ { REPORT_LUNS, [9] = 64 }, 64, 0, true },
		{ { REQUEST_SENSE, 0, 0, 0, 18 }, 18, 0, true },
	};
	u8 cdb[16], list[64], request[16] = { REQUEST_SENSE, 0, 0, 0, 252 };
	u32 len = overwrite_list(list, 1, 4), progress = 0;
	struct scsi_answer answer;

	start("vdisk_ram", "size=4M; sanitize_rate=8M");
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, true, (u16)len);
	scsi_good(a, 0, cdb, 0, list, len);
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++) {
		struct peer *peer = i & 1 ? a : b;

		if (commands[i].allowed)
			scsi_good(peer, 0, commands[i].cdb, commands[i].in, block, commands[i].out);
		else
			scsi_fails(peer, 0, commands[i].cdb, commands[i].in, block, commands[i].out, IN_PROGRESS);
	}
	/* REQUEST SENSE tells how far it is, in either format. */
	for (u32 i = 0; i < 20; i++) {
		request[1] = i & 1;
		answer = scsi_good(b, 0, request, 252, NULL, 0);
		if (!answer.data[i & 1 ? 1 : 2])
			break;
		CHECK_EQ(answer.len, i & 1 ? 16 : 18);
		CHECK_EQ(answer.data[i & 1 ? 12 : 15], 0x80);
		CHECK_GE(get_unaligned_be16(answer.data + (i & 1 ? 13 : 16)), progress);
		progress = get_unaligned_be16(answer.data + (i & 1 ? 13 : 16));
		wait_ms(20);
	}
	CHECK_GT(progress, 0);
	wait_done(b);
	wait_done(a);
	scsi_read(b, 0, 0, 1, 512, block);
	CHECK_EQ(block[0], list[4]);
	rig_stop();
}

/* Aborted, reset, its session gone: the command is over, the operation is not (SBC-4 4.11.1). */
TEST(scsi_sanitize_goes_on)
{
	u8 cdb[16], list[64];
	u32 len = overwrite_list(list, 1, 4), itt;

	start("vdisk_ram", "size=4M; sanitize_rate=8M");
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, (u16)len);
	itt = scsi_send(a, 0, cdb, 0, list, len);
	wait_begun(b);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_ABORT_TASK, 0, itt), ISCSI_TMF_COMPLETE);
	scsi_expect_ua(b, 0, IN_PROGRESS);
	wait_done(a);
	wait_done(b);
	scsi_read(b, 0, 8191, 1, 512, block);
	CHECK_EQ(block[0], list[4]);

	list[4] ^= 0xff;
	scsi_send(a, 0, cdb, 0, list, len);
	wait_begun(b);
	CHECK_EQ(scsi_tm(b, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	scsi_expect_ua(b, 0, 0x062903);
	scsi_expect_ua(b, 0, IN_PROGRESS);
	wait_done(b);
	scsi_read(b, 0, 8191, 1, 512, block);
	CHECK_EQ(block[0], list[4]);

	list[4] ^= 0xff;
	scsi_expect_ua(a, 0, 0x062903);
	scsi_send(a, 0, cdb, 0, list, len);
	wait_begun(b);
	rig_logout(0);
	wait_done(b);
	scsi_read(b, 0, 8191, 1, 512, block);
	CHECK_EQ(block[0], list[4]);
	rig_stop();
}

TEST(scsi_sanitize_refuses)
{
	u8 cdb[16], list[1024];
	u32 len;

	start("vdisk_ram", "size=4M");
	for (u8 action = 0; action < 32; action++) {
		cdb_sanitize(cdb, action, false, 0);
		if (action != SANITIZE_OVERWRITE && action != SANITIZE_BLOCK_ERASE && action != SANITIZE_EXIT_FAILURE_MODE)
			scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
	}
	/* OVERWRITE: 5 to 4 + block bytes. */
	len = overwrite_list(list, 1, 513);
	for (u16 i = 0; i < 5; i++) {
		cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, i);
		scsi_fails(a, 0, cdb, 0, list, i, 0x052400);
	}
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, (u16)len);
	scsi_fails(a, 0, cdb, 0, list, len, 0x052400);
	/* Passes zero, TEST, lengths that disagree. */
	len = overwrite_list(list, 0, 4);
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, (u16)len);
	scsi_fails(a, 0, cdb, 0, list, len, 0x052400);
	overwrite_list(list, 0x21, 4);
	scsi_fails(a, 0, cdb, 0, list, len, 0x052400);
	overwrite_list(list, 1, 4);
	list[3] = 5;
	scsi_fails(a, 0, cdb, 0, list, len, 0x052400);
	/* Less comes than the CDB says. */
	overwrite_list(list, 1, 4);
	scsi_fails(a, 0, cdb, 0, list, len - 1, 0x051a00);
	/* Bits that are reserved, zones, and a list where none may be. */
	for (u32 i = 2; i < 7; i++) {
		cdb_sanitize(cdb, SANITIZE_BLOCK_ERASE, false, 0);
		cdb[i] = 1;
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
	}
	cdb_sanitize(cdb, SANITIZE_BLOCK_ERASE, false, 0);
	cdb[1] |= 0x40;
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
	cdb_sanitize(cdb, SANITIZE_BLOCK_ERASE, false, 8);
	scsi_fails(a, 0, cdb, 0, list, 8, 0x052400);
	/* There is no failure to leave: that is no error. */
	cdb_sanitize(cdb, SANITIZE_EXIT_FAILURE_MODE, false, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	scsi_no_ua(b, 0);
	rig_stop();
}

/* The file is gone under it: it fails, the disk says so until it is left or done again. */
TEST(scsi_sanitize_fails)
{
	extern int truncate(const char *path, long length);
	u8 cdb[16], list[64], request[16] = { REQUEST_SENSE, 0, 0, 0, 18 };
	u32 len = overwrite_list(list, 1, 4);

	rig_start();
	/* A file that may not grow to the size the disk says: writes behind the limit end in EFBIG. */
	rig_file_disk(0, "vdisk_fileio", 4 << 20, "size=4M");
	a = rig_nexus(0);
	b = rig_nexus(1);
	{
		extern int setrlimit(int resource, const unsigned long limits[2]);
		extern void (*signal(int nr, void (*handler)(int)))(int);
		const unsigned long small[2] = { 1 << 20, ~0ul };

		signal(25, (void (*)(int))1);		/* SIGXFSZ: ignored, so writes fail */
		CHECK_EQ(setrlimit(1, small), 0);	/* RLIMIT_FSIZE */
	}
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, (u16)len);
	scsi_fails(a, 0, cdb, 0, list, len, FAILED);
	scsi_expect_ua(b, 0, FAILED);
	scsi_expect_ua(b, 0, FAILED);		/* it lasts */
	CHECK_EQ(scsi_good(b, 0, request, 18, NULL, 0).data[12], 0x31);
	/* AUSE was zero: there is no way out but another one (SBC-4 4.11.3). */
	cdb_sanitize(cdb, SANITIZE_EXIT_FAILURE_MODE, false, 0);
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
	cdb_sanitize(cdb, SANITIZE_OVERWRITE, false, (u16)len);
	cdb[1] |= 0x20;				/* AUSE */
	scsi_fails(a, 0, cdb, 0, list, len, FAILED);
	cdb_sanitize(cdb, SANITIZE_EXIT_FAILURE_MODE, false, 0);
	scsi_good(a, 0, cdb, 0, NULL, 0);
	scsi_no_ua(a, 0);
	scsi_no_ua(b, 0);
	/* A write behind the limit says that there is no room. */
	{
		u8 write[16];

		cdb_rw16(write, WRITE_16, 4096, 1);
		scsi_fails(a, 0, write, 0, block, 512, 0x072707);
		cdb_rw16(write, WRITE_16, 0, 1);
		scsi_good(a, 0, write, 0, block, 512);
	}
	rig_stop();
}
