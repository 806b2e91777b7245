/* SPDX-License-Identifier: MIT */
/* scsi_reserve_test.c - RESERVE and RELEASE (SPC-2 5.5, 7.21, 7.23) between nexuses. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

static const u8 reserve_6[16] = { RESERVE }, release_6[16] = { RELEASE };
static const u8 reserve_10[16] = { RESERVE_10 }, release_10[16] = { RELEASE_10 };
static const u8 test_unit_ready[16];
static const u8 pr_in_keys[16] = { PERSISTENT_RESERVE_IN, 0, [8] = 64 };
static u8 block[512];
static struct peer *a, *b;

static void start(void)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	rig_disk(1, "vdisk_ram", "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
}

TEST(scsi_reserve_excludes_others)
{
	static const struct {
		u8 cdb[16];
		u32 in, out;
		bool allowed;
	} commands[] = {
		{ { TEST_UNIT_READY }, 0, 0, false },
		{ { READ_10, [8] = 1 }, 512, 0, false },
		{ { WRITE_10, [8] = 1 }, 0, 512, false },
		{ { READ_CAPACITY }, 8, 0, false },
		{ { MODE_SENSE, 0, 0x3f, 0, 100 }, 100, 0, false },
		{ { SYNCHRONIZE_CACHE }, 0, 0, false },
		{ { START_STOP, 0, 0, 0, 1 }, 0, 0, false },
		{ { ALLOW_MEDIUM_REMOVAL, 0, 0, 0, 1 }, 0, 0, false },
		{ { RESERVE }, 0, 0, false },
		{ { RESERVE_10 }, 0, 0, false },
		{ { PERSISTENT_RESERVE_IN, 0, [8] = 64 }, 64, 0, false },
		{ { PERSISTENT_RESERVE_OUT, 0, [8] = 24 }, 0, 24, false },
		{ { INQUIRY, 0, 0, 0, 96 }, 96, 0, true },
		{ { REQUEST_SENSE, 0, 0, 0, 18 }, 18, 0, true },
		{ { REPORT_LUNS, [9] = 64 }, 64, 0, true },
		{ { ALLOW_MEDIUM_REMOVAL }, 0, 0, true },
		{ { RELEASE }, 0, 0, true },	/* GOOD, and changes nothing */
		{ { RELEASE_10 }, 0, 0, true },
	};

	start();
	scsi_good(a, 0, reserve_6, 0, NULL, 0);
	for (u32 i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].allowed)
			scsi_good(b, 0, commands[i].cdb, commands[i].in, block, commands[i].out);
		else
			scsi_conflicts(b, 0, commands[i].cdb, commands[i].in, block, commands[i].out);
	}
	/* The holder goes on, and the other LUN is nobody's. */
	for (u32 i = 0; i < 8; i++)
		scsi_good(a, 0, commands[i].cdb, commands[i].in, block, commands[i].out);
	scsi_good(b, 1, commands[2].cdb, 0, block, 512);
	rig_stop();
}

TEST(scsi_reserve_is_given_back)
{
	start();
	scsi_good(a, 0, reserve_6, 0, NULL, 0);
	scsi_good(a, 0, reserve_10, 0, NULL, 0);	/* again is no error */
	scsi_good(a, 0, release_10, 0, NULL, 0);
	scsi_good(b, 0, reserve_10, 0, NULL, 0);
	scsi_conflicts(a, 0, test_unit_ready, 0, NULL, 0);
	scsi_good(b, 0, release_6, 0, NULL, 0);
	scsi_no_ua(a, 0);
	scsi_good(a, 0, release_6, 0, NULL, 0);		/* without a reservation */
	rig_stop();
}

TEST(scsi_reserve_ends_with_its_nexus)
{
	start();
	scsi_good(a, 0, reserve_6, 0, NULL, 0);
	scsi_conflicts(b, 0, test_unit_ready, 0, NULL, 0);
	rig_logout(0);
	scsi_no_ua(b, 0);
	rig_stop();
}

/* A reinstated session is a new nexus: what the old one held is gone before it begins. */
TEST(scsi_reserve_ends_with_reinstatement)
{
	start();
	for (u32 i = 0; i < 20; i++) {
		struct peer old = *a;

		scsi_good(a, 0, reserve_6, 0, NULL, 0);
		a = rig_nexus(0);
		peer_close(&old);
		scsi_no_ua(b, 0);
	}
	rig_stop();
}

TEST(scsi_reserve_ends_with_a_reset)
{
	start();
	scsi_good(a, 0, reserve_6, 0, NULL, 0);
	CHECK_EQ(scsi_tm(b, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	scsi_expect_ua(b, 0, 0x062903);
	scsi_no_ua(b, 0);
	scsi_expect_ua(a, 0, 0x062903);
	scsi_good(b, 0, reserve_6, 0, NULL, 0);
	scsi_conflicts(a, 0, test_unit_ready, 0, NULL, 0);
	rig_stop();
}

TEST(scsi_reserve_refuses_third_parties_and_extents)
{
	u8 cdb[16] = { RESERVE };

	start();
	for (u8 bits = 1; bits < 0x20; bits <<= 1) {
		cdb[0] = RESERVE;
		cdb[1] = bits;
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
		cdb[0] = RESERVE_10;
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
		cdb[0] = RELEASE;
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
		cdb[0] = RELEASE_10;
		scsi_fails(a, 0, cdb, 0, NULL, 0, 0x052400);
	}
	scsi_no_ua(b, 0);
	rig_stop();
}

TEST(scsi_reserve_and_persistent_ones_exclude_each_other)
{
	static const u8 do_register[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, [8] = 24 };
	u8 list[24] = { [15] = 1 };

	start();
	scsi_good(a, 0, reserve_6, 0, NULL, 0);
	scsi_conflicts(a, 0, do_register, 0, list, 24);
	scsi_conflicts(a, 0, pr_in_keys, 64, NULL, 0);
	scsi_good(a, 0, release_6, 0, NULL, 0);
	scsi_good(b, 0, do_register, 0, list, 24);
	scsi_conflicts(a, 0, reserve_6, 0, NULL, 0);
	scsi_conflicts(b, 0, reserve_10, 0, NULL, 0);
	scsi_conflicts(b, 0, release_6, 0, NULL, 0);
	list[15] = 0;
	scsi_good(b, 0, do_register, 0, list, 24);
	scsi_good(a, 0, reserve_6, 0, NULL, 0);
	rig_stop();
}
