/* SPDX-License-Identifier: MIT */
/* scsi_medium_test.c - START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL, write protection, and LUNs that come and go. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

#define LUNS_MGMT "targets/iscsi/" TARGET_NAME "/luns/mgmt"

static const u8 eject[16] = { START_STOP, [4] = 2 }, load[16] = { START_STOP, [4] = 3 };
static const u8 stop[16] = { START_STOP, [4] = 0 }, begin[16] = { START_STOP, [4] = 1 };
static const u8 prevent[16] = { ALLOW_MEDIUM_REMOVAL, [4] = 1 }, allow[16] = { ALLOW_MEDIUM_REMOVAL };
static struct peer *a, *b;
static u8 block[512];

static void start(const char *params)
{
	rig_start();
	rig_disk(0, "vdisk_ram", params);
	a = rig_nexus(0);
	b = rig_nexus(1);
}

TEST(scsi_medium_leaves_and_returns)
{
	u8 read[16], inquiry[16] = { INQUIRY, 0, 0, 0, 96 }, mode[16] = { MODE_SENSE, 0, 8, 0, 64 };

	start("size=1M; removable=1");
	cdb_rw16(read, READ_16, 0, 1);
	CHECK_EQ(scsi_good(a, 0, inquiry, 96, NULL, 0).data[1], 0x80);
	scsi_good(a, 0, eject, 0, NULL, 0);
	scsi_expect_ua(a, 0, 0x023a00);
	scsi_fails(b, 0, read, 512, NULL, 0, 0x023a00);
	scsi_good(b, 0, inquiry, 96, NULL, 0);
	scsi_good(b, 0, mode, 64, NULL, 0);
	scsi_good(a, 0, eject, 0, NULL, 0);		/* again */
	scsi_good(a, 0, load, 0, NULL, 0);
	scsi_no_ua(a, 0);
	scsi_expect_ua(b, 0, 0x062800);
	scsi_good(b, 0, read, 512, NULL, 0);
	scsi_good(a, 0, load, 0, NULL, 0);		/* there already: nobody is told */
	scsi_no_ua(b, 0);
	rig_stop();
}

TEST(scsi_medium_removal_is_prevented_by_any_nexus)
{
	u8 bad[16] = { ALLOW_MEDIUM_REMOVAL, [4] = 2 };

	start("size=1M; removable=1");
	scsi_fails(a, 0, bad, 0, NULL, 0, 0x052400);
	scsi_good(a, 0, prevent, 0, NULL, 0);
	scsi_good(b, 0, prevent, 0, NULL, 0);
	scsi_fails(a, 0, eject, 0, NULL, 0, 0x055302);
	scsi_good(a, 0, allow, 0, NULL, 0);
	scsi_fails(a, 0, eject, 0, NULL, 0, 0x055302);
	/* Its nexus goes, and what it prevented may be. */
	rig_logout(1);
	scsi_good(a, 0, eject, 0, NULL, 0);
	scsi_good(a, 0, load, 0, NULL, 0);
	/* So does a reset. */
	scsi_good(a, 0, prevent, 0, NULL, 0);
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	scsi_expect_ua(a, 0, 0x062903);
	scsi_good(a, 0, eject, 0, NULL, 0);
	rig_stop();
}

/* A fixed disk stays where it is, and ready for the others. */
TEST(scsi_medium_of_a_fixed_disk)
{
	u8 power[16] = { START_STOP, [4] = 0x20 };

	start("size=1M");
	scsi_good(a, 0, eject, 0, NULL, 0);
	scsi_no_ua(a, 0);
	scsi_good(a, 0, stop, 0, NULL, 0);
	scsi_no_ua(b, 0);
	scsi_good(a, 0, begin, 0, NULL, 0);
	scsi_good(a, 0, power, 0, NULL, 0);
	rig_stop();
}

static void check_protected(struct peer *peer, bool is)
{
	static const struct {
		u8 cdb[16];
		u32 out;
	} writes[] = {
		{ { WRITE_6, [4] = 1 }, 512 }, { { WRITE_10, [8] = 1 }, 512 }, { { WRITE_12, [9] = 1 }, 512 },
		{ { WRITE_16, [13] = 1 }, 512 }, { { WRITE_VERIFY, [8] = 1 }, 512 },
		{ { WRITE_VERIFY_12, [9] = 1 }, 512 }, { { WRITE_VERIFY_16, [13] = 1 }, 512 },
		{ { WRITE_SAME, [8] = 1 }, 512 }, { { WRITE_SAME_16, [13] = 1 }, 512 }, { { UNMAP, [8] = 8 }, 8 },
		{ { ORWRITE_16, [13] = 1 }, 512 }, { { WRITE_ATOMIC_16, [13] = 1 }, 512 },
	};
	static u8 zeros[512];

	for (u32 i = 0; i < ARRAY_SIZE(writes); i++) {
		if (is)
			scsi_fails(peer, 0, writes[i].cdb, 0, zeros, writes[i].out, 0x072700);
		else
			scsi_good(peer, 0, writes[i].cdb, 0, zeros, writes[i].out);
	}
}

TEST(scsi_medium_is_read_only)
{
	u8 mode[16] = { MODE_SENSE, 0, 8, 0, 64 };

	start("size=1M; read_only=1");
	check_protected(a, true);
	CHECK_EQ(scsi_good(a, 0, mode, 64, NULL, 0).data[2], 0x90);
	scsi_read(a, 0, 0, 1, 512, block);
	rig_stop();
}

TEST(scsi_medium_is_read_only_by_its_lun)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	rig_mgmt(LUNS_MGMT, "add disk0 5 read_only=1");
	a = rig_nexus(0);
	scsi_expect_ua(a, 5, SENSE_UA_POWER_ON);
	check_protected(a, false);
	scsi_fails(a, 5, (u8[16]){ WRITE_10, [8] = 1 }, 0, block, 512, 0x072700);
	scsi_read(a, 5, 0, 1, 512, block);
	rig_stop();
}

/* ---- LUNs ---------------------------------------------------------------------------------------- */

TEST(scsi_medium_lun_that_is_not_there)
{
	static const u8 ops[] = { TEST_UNIT_READY, READ_10, WRITE_10, MODE_SENSE, PERSISTENT_RESERVE_IN, 0xee };
	u8 cdb[16] = { 0 }, inquiry[16] = { INQUIRY, 0, 0, 0, 36 }, request[16] = { REQUEST_SENSE, 0, 0, 0, 18 };
	u8 luns[16] = { REPORT_LUNS, [8] = 1 };
	struct scsi_answer answer;

	start("size=1M");
	for (u32 lun = 1; lun <= 16383; lun += 5461) {
		for (u32 i = 0; i < sizeof(ops); i++) {
			cdb[0] = ops[i];
			scsi_fails(a, lun, cdb, 0, NULL, 0, 0x052500);
		}
		CHECK_EQ(scsi_good(a, lun, inquiry, 36, NULL, 0).data[0], 0x7f);
		answer = scsi_good(a, lun, request, 18, NULL, 0);
		CHECK_EQ(answer.data[2], 5);
		CHECK_EQ(answer.data[12], 0x25);
		answer = scsi_good(a, lun, luns, 256, NULL, 0);
		CHECK_EQ(get_unaligned_be32(answer.data), 8);
	}
	/* Forms of a LUN that are not known (SAM-5 4.7): a second level, a bus, other addressing methods. */
	{
		static const u8 forms[][8] = { { 0, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 0, 1 }, { 1, 0 }, { 0x80, 0 }, { 0xc0, 0 },
					       { 0xff, 0xff } };

		for (u32 i = 0; i < ARRAY_SIZE(forms); i++) {
			u8 bhs[ISCSI_BHS_LEN];

			peer_header(a, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_ATTR_SIMPLE, a->next_itt++);
			memcpy(bhs + 8, forms[i], 8);
			peer_send(a, bhs, NULL, 0);
			peer_expect_status(a, a->next_itt - 1, 2, 0x052500);
		}
	}
	inquiry[1] = 1;
	scsi_fails(a, 1, inquiry, 36, NULL, 0, 0x052500);
	rig_stop();
}

TEST(scsi_medium_luns_come_and_go)
{
	u8 luns[16] = { REPORT_LUNS, [8] = 1 };
	struct scsi_answer answer;

	start("size=1M");
	rig_disk(1, "vdisk_ram", "size=1M");
	scsi_expect_ua(a, 0, 0x063f0e);
	scsi_no_ua(a, 0);
	scsi_expect_ua(a, 1, SENSE_UA_POWER_ON);
	answer = scsi_good(b, 0, luns, 256, NULL, 0);
	CHECK_EQ(get_unaligned_be32(answer.data), 16);
	CHECK_EQ(answer.data[8 + 9], 1);
	/* Who asked knows (SAM-5 5.14, SPC-4 6.33): nothing is left to say. */
	scsi_no_ua(b, 0);
	rig_mgmt(LUNS_MGMT, "del 1");
	scsi_expect_ua(a, 0, 0x063f0e);
	scsi_fails(a, 1, (u8[16]){ READ_10, [8] = 1 }, 512, NULL, 0, 0x052500);
	rig_mgmt_fails(LUNS_MGMT, "del 1");
	rig_mgmt_fails(LUNS_MGMT, "add disk1 0");
	rig_mgmt_fails(LUNS_MGMT, "add disk9 4");
	rig_mgmt_fails(LUNS_MGMT, "add disk1 16384");
	rig_mgmt_fails("handlers/vdisk_ram/mgmt", "del_device disk0");	/* in use */
	rig_stop();
}

TEST(scsi_medium_report_luns_refuses)
{
	u8 luns[16] = { REPORT_LUNS, [9] = 15 };

	start("size=1M");
	scsi_fails(a, 0, luns, 15, NULL, 0, 0x052400);
	luns[9] = 16;
	CHECK_EQ(scsi_good(a, 0, luns, 16, NULL, 0).len, 16);
	for (u32 select = 0; select < 256; select++) {
		luns[2] = (u8)select;
		if (select > 2)
			scsi_fails(a, 0, luns, 16, NULL, 0, 0x052400);
		else
			CHECK_EQ(get_unaligned_be32(scsi_good(a, 0, luns, 16, NULL, 0).data), select == 1 ? 0 : 8);
	}
	rig_stop();
}

/* ---- disks that cannot be ---------------------------------------------------------------------- */

TEST(scsi_medium_disks_that_cannot_be_made)
{
	static const struct {
		const char *handler, *params;
		int err;
	} bad[] = {
		{ "vdisk_ram", "", -EINVAL },
		{ "vdisk_ram", "size=511", -EINVAL },
		{ "vdisk_ram", "size=x", -EINVAL },
		{ "vdisk_ram", "size", -EINVAL },
		{ "vdisk_ram", "size=1M; colour=3", -EINVAL },
		{ "vdisk_ram", "size=1M; blocksize=513", -EINVAL },
		{ "vdisk_ram", "size=1M; blocksize=256", -EINVAL },
		{ "vdisk_ram", "size=1M; blocksize=8192", -EINVAL },
		{ "vdisk_ram", "size=1M; usn=0123456789012345678901234567890123456789012345678901234567890123456789",
		  -EINVAL },
		{ "vdisk_fileio", "", -EINVAL },
		{ "vdisk_fileio", "filename=/no/such/file", -ENOENT },
	};
	char path[64], command[256];

	rig_start();
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(path, sizeof(path), "handlers/%s/mgmt", bad[i].handler);
		snprintf(command, sizeof(command), "add_device bad %s", bad[i].params);
		CHECK_EQ(rig_mgmt_fails(path, command), bad[i].err);
	}
	rig_disk(0, "vdisk_ram", "size=1M");
	CHECK_EQ(rig_mgmt_fails("handlers/vdisk_ram/mgmt", "add_device disk0 size=1M"), -EEXIST);
	rig_stop();
}

TEST(scsi_medium_grows_and_shrinks)
{
	extern int truncate(const char *path, long length);
	u8 capacity[16] = { READ_CAPACITY }, read[16];

	rig_start();
	rig_file_disk(0, "vdisk_fileio", 1 << 20, "");
	a = rig_nexus(0);
	cdb_rw16(read, READ_16, 2048, 1);
	scsi_fails(a, 0, read, 512, NULL, 0, 0x052100);
	CHECK_EQ(truncate(rig_file_path(0), 2 << 20), 0);
	rig_mgmt("devices/disk0/mgmt", "resync_size");
	scsi_expect_ua(a, 0, 0x062a09);
	CHECK_EQ(get_unaligned_be32(scsi_good(a, 0, capacity, 8, NULL, 0).data), 4095);
	scsi_good(a, 0, read, 512, NULL, 0);
	/* Truncated underneath, and nobody said so. */
	CHECK_EQ(truncate(rig_file_path(0), 1 << 20), 0);
	scsi_fails(a, 0, read, 512, NULL, 0, 0x031100);
	scsi_fails(a, 0, (u8[16]){ VERIFY, [4] = 7, [5] = 0xff, [8] = 2 }, 0, NULL, 0, 0x031100);
	scsi_good(a, 0, (u8[16]){ VERIFY, [4] = 7, [5] = 0xfe, [8] = 2 }, 0, NULL, 0);
	rig_mgmt("devices/disk0/mgmt", "resync_size");
	scsi_expect_ua(a, 0, 0x062a09);
	scsi_fails(a, 0, read, 512, NULL, 0, 0x052100);
	/* A disk of no block at all is none. */
	CHECK_EQ(truncate(rig_file_path(0), 511), 0);
	rig_mgmt_fails("devices/disk0/mgmt", "resync_size");
	CHECK_EQ(get_unaligned_be32(scsi_good(a, 0, capacity, 8, NULL, 0).data), 2047);
	rig_mgmt_fails("devices/disk0/mgmt", "resync");
	rig_stop();
}
