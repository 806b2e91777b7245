/* SPDX-License-Identifier: MIT */
/*
 * scsi_pr_access_test.c - persistent reservations of every type: made, released, given up, and
 * who may do what meanwhile (SPC-4 table 67).
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_pr.h"

static struct peer *a, *b, *c;

/* ---- reserving and releasing ------------------------------------------------------------------ */

TEST(scsi_pr_reserve_and_release_every_type)
{
	u64 key;

	pr_start(&a, &b, &c);
	pr_register_three(a, b, c);
	for (u32 i = 0; i < ARRAY_SIZE(pr_types); i++) {
		u8 type = pr_types[i], other = pr_types[(i + 1) % ARRAY_SIZE(pr_types)];
		u32 before = pr_generation(a);

		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));
		CHECK_EQ(pr_reserved_type(a, &key), type);
		CHECK_EQ(key, pr_is_ar(type) ? 0 : 0xa);
		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));		/* the same again */
		CONFLICT(pr_out(a, PROUT_RESERVE, other, 0xa, 0));	/* another type */
		CHECK_EQ(pr_out(b, PROUT_RESERVE, type, 0xb, 0),
			 pr_is_ar(type) ? SAM_STAT_GOOD : SAM_STAT_RESERVATION_CONFLICT);
		CHECK_EQ(pr_out_sense(a, PROUT_RELEASE, other, 0xa, 0), 0x052604);
		CHECK_EQ(pr_reserved_type(a, NULL), type);
		if (!pr_is_ar(type)) {
			GOOD(pr_out(b, PROUT_RELEASE, type, 0xb, 0));	/* not the holder: nothing happens */
			CHECK_EQ(pr_reserved_type(a, NULL), type);
		}
		GOOD(pr_out(a, PROUT_RELEASE, type, 0xa, 0));
		CHECK_EQ(pr_reserved_type(a, NULL), 0);
		GOOD(pr_out(a, PROUT_RELEASE, type, 0xa, 0));
		/* SPC-4 5.13.11.2.2: the others hear of it where they relied on it. */
		if (pr_is_ar(type) || pr_is_ro(type)) {
			scsi_expect_ua(b, 0, UA_RELEASED);
			scsi_expect_ua(c, 0, UA_RELEASED);
		}
		scsi_no_ua(a, 0);
		scsi_no_ua(b, 0);
		scsi_no_ua(c, 0);
		CHECK_EQ(pr_generation(a), before);		/* neither counts */
	}
	rig_stop();
}

/* SPC-4 5.13.11.3: the holder's registration goes, and the reservation with it. */
TEST(scsi_pr_unregister_releases_every_type)
{
	pr_start(&a, &b, &c);
	pr_register_three(a, b, c);
	for (u32 i = 0; i < ARRAY_SIZE(pr_types); i++) {
		u8 type = pr_types[i];

		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));
		GOOD(pr_out(a, PROUT_REGISTER, 0, 0xa, 0));
		if (pr_is_ar(type)) {
			CHECK_EQ(pr_reserved_type(a, NULL), type);	/* others hold it still */
			GOOD(pr_out(b, PROUT_REGISTER, 0, 0xb, 0));
			CHECK_EQ(pr_reserved_type(a, NULL), type);
			GOOD(pr_out(c, PROUT_REGISTER, 0, 0xc, 0));
			CHECK_EQ(pr_reserved_type(a, NULL), 0);
			GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
			GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
		}
		CHECK_EQ(pr_reserved_type(a, NULL), 0);
		if (pr_is_ro(type)) {
			scsi_expect_ua(b, 0, UA_RELEASED);
			scsi_expect_ua(c, 0, UA_RELEASED);
		}
		scsi_no_ua(b, 0);
		scsi_no_ua(c, 0);
		GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	}
	rig_stop();
}

/* ---- who may do what ------------------------------------------------------------------------------ */

enum { ALWAYS, READS, NEVER };	/* for those who neither hold it nor are registered for it */

/* SPC-4 table 67, SBC-3 table 13. */
TEST(scsi_pr_conflict_table)
{
	static const struct {
		u8 cdb[16];
		u32 in, out;
		u8 kind;
	} commands[] = {
		{ { TEST_UNIT_READY }, 0, 0, ALWAYS },
		{ { INQUIRY, 0, 0, 0, 96 }, 96, 0, ALWAYS },
		{ { REQUEST_SENSE, 0, 0, 0, 18 }, 18, 0, ALWAYS },
		{ { REPORT_LUNS, [9] = 64 }, 64, 0, ALWAYS },
		{ { READ_CAPACITY }, 8, 0, ALWAYS },
		{ { SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16, [13] = 32 }, 32, 0, ALWAYS },
		{ { MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES, [8] = 16 }, 4096, 0, ALWAYS },
		{ { PERSISTENT_RESERVE_IN, 0, [8] = 8 }, 8, 0, ALWAYS },
		{ { START_STOP, 0, 0, 0, 1 }, 0, 0, ALWAYS },
		{ { ALLOW_MEDIUM_REMOVAL }, 0, 0, ALWAYS },
		{ { READ_6, [4] = 1 }, 512, 0, READS },
		{ { READ_10, [8] = 1 }, 512, 0, READS },
		{ { READ_12, [9] = 1 }, 512, 0, READS },
		{ { READ_16, [13] = 1 }, 512, 0, READS },
		{ { VERIFY, [8] = 1 }, 0, 0, READS },
		{ { PRE_FETCH, [8] = 1 }, 0, 0, READS },
		{ { SERVICE_ACTION_IN_16, SAI_GET_LBA_STATUS, [13] = 24 }, 24, 0, READS },
		{ { READ_DEFECT_DATA, [8] = 4 }, 4, 0, READS },
		{ { WRITE_6, [4] = 1 }, 0, 512, NEVER },
		{ { WRITE_10, [8] = 1 }, 0, 512, NEVER },
		{ { WRITE_12, [9] = 1 }, 0, 512, NEVER },
		{ { WRITE_16, [13] = 1 }, 0, 512, NEVER },
		{ { WRITE_VERIFY, [8] = 1 }, 0, 512, NEVER },
		{ { WRITE_SAME, [8] = 1 }, 0, 512, NEVER },
		{ { WRITE_SAME_16, [13] = 1 }, 0, 512, NEVER },
		{ { ORWRITE_16, [13] = 1 }, 0, 512, NEVER },
		{ { WRITE_ATOMIC_16, [13] = 1 }, 0, 512, NEVER },
		{ { COMPARE_AND_WRITE, [13] = 1 }, 0, 1024, NEVER },
		{ { UNMAP, [8] = 8 }, 0, 8, NEVER },
		{ { SYNCHRONIZE_CACHE }, 0, 0, NEVER },
		{ { MODE_SENSE, 0, 0x3f, 0, 100 }, 100, 0, NEVER },
		{ { MODE_SENSE_10, 0, 0x3f, [8] = 100 }, 100, 0, NEVER },
		{ { MODE_SELECT, 0x10 }, 0, 0, NEVER },
		{ { START_STOP }, 0, 0, NEVER },
		{ { ALLOW_MEDIUM_REMOVAL, 0, 0, 0, 1 }, 0, 0, NEVER },
	};
	static u8 zeros[1024];

	pr_start(&a, &b, &c);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));	/* holder */
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));	/* registrant; c: stranger */
	for (u32 t = 0; t < ARRAY_SIZE(pr_types); t++) {
		u8 type = pr_types[t];
		bool only_writes = type == WE || type == WE_RO || type == WE_AR;

		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));
		for (u32 i = 0; i < ARRAY_SIZE(commands); i++) {
			bool shut_out = commands[i].kind == NEVER || (commands[i].kind == READS && !only_writes);

			scsi_good(a, 0, commands[i].cdb, commands[i].in, zeros, commands[i].out);
			if (shut_out && !pr_is_ar(type) && !pr_is_ro(type))
				scsi_conflicts(b, 0, commands[i].cdb, commands[i].in, zeros, commands[i].out);
			else
				scsi_good(b, 0, commands[i].cdb, commands[i].in, zeros, commands[i].out);
			if (shut_out)
				scsi_conflicts(c, 0, commands[i].cdb, commands[i].in, zeros, commands[i].out);
			else
				scsi_good(c, 0, commands[i].cdb, commands[i].in, zeros, commands[i].out);
		}
		/* Of PERSISTENT RESERVE OUT only registering is open to strangers. */
		CONFLICT(pr_out(c, PROUT_RESERVE, type, 0, 0));
		GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
		GOOD(pr_out(c, PROUT_REGISTER, 0, 0xc, 0));
		GOOD(pr_out(a, PROUT_RELEASE, type, 0xa, 0));
		if (pr_is_ar(type) || pr_is_ro(type))
			scsi_expect_ua(b, 0, UA_RELEASED);
	}
	rig_stop();
}
