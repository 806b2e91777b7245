/* SPDX-License-Identifier: MIT */
/*
 * scsi_pr_test.c - persistent reservations between several nexuses (SPC-4 5.13, 6.15,
 * 6.16): every service action with every type, who may do what, who hears of it, and
 * parameter lists that are wrong.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

#define UA_PREEMPTED	0x062a03	/* RESERVATIONS PREEMPTED */
#define UA_RELEASED	0x062a04	/* RESERVATIONS RELEASED */
#define UA_REGISTRATION	0x062a05	/* REGISTRATIONS PREEMPTED */

enum { WE = 1, EA = 3, WE_RO = 5, EA_RO = 6, WE_AR = 7, EA_AR = 8 };
static const u8 types[] = { WE, EA, WE_RO, EA_RO, WE_AR, EA_AR };

static struct peer *a, *b, *c;
static u8 block[512];

static void start(void)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
	c = rig_nexus(2);
}

/* ---- the commands ------------------------------------------------------------------------ */

static struct scsi_answer pr_out_list(struct peer *peer, u8 sa, u8 type, const u8 *list, u32 len)
{
	u8 cdb[16] = { PERSISTENT_RESERVE_OUT, sa, type };

	put_unaligned_be32(len, cdb + 5);
	return scsi_cmd(peer, 0, cdb, 0, list, len);
}

static u8 pr_out(struct peer *peer, u8 sa, u8 type, u64 key, u64 sa_key)
{
	struct scsi_answer answer;
	u8 list[24] = { 0 };

	put_unaligned_be64(key, list);
	put_unaligned_be64(sa_key, list + 8);
	answer = pr_out_list(peer, sa, type, list, sizeof(list));
	if (answer.status == SAM_STAT_CHECK_CONDITION)
		test_fail(__FILE__, __LINE__, "service action %u, type %u: sense %06x", sa, type, answer.sense);
	return answer.status;
}

static u32 pr_out_sense(struct peer *peer, u8 sa, u8 type, u64 key, u64 sa_key)
{
	u8 list[24] = { 0 };

	put_unaligned_be64(key, list);
	put_unaligned_be64(sa_key, list + 8);
	return pr_out_list(peer, sa, type, list, sizeof(list)).sense;
}

#define GOOD(call)	CHECK_EQ(call, SAM_STAT_GOOD)
#define CONFLICT(call)	CHECK_EQ(call, SAM_STAT_RESERVATION_CONFLICT)

static struct scsi_answer pr_in(struct peer *peer, u8 sa, u16 len)
{
	u8 cdb[16] = { PERSISTENT_RESERVE_IN, sa };

	put_unaligned_be16(len, cdb + 7);
	return scsi_good(peer, 0, cdb, len, NULL, 0);
}

static u32 generation(void)
{
	return get_unaligned_be32(pr_in(a, PRIN_READ_KEYS, 8).data);
}

static u32 nr_keys(void)
{
	return get_unaligned_be32(pr_in(a, PRIN_READ_KEYS, 8).data + 4) / 8;
}

static u8 reserved_type(u64 *key)
{
	struct scsi_answer answer = pr_in(a, PRIN_READ_RESERVATION, 64);

	CHECK_EQ(get_unaligned_be32(answer.data + 4), answer.len - 8);
	if (answer.len == 8)
		return 0;
	CHECK_EQ(answer.len, 24);
	if (key)
		*key = get_unaligned_be64(answer.data + 8);
	return answer.data[21];
}

static void register_three(void)
{
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
}

static bool is_ar(u8 type)
{
	return type == WE_AR || type == EA_AR;
}

static bool is_ro(u8 type)
{
	return type == WE_RO || type == EA_RO;
}

/* ---- registering --------------------------------------------------------------------------- */

TEST(scsi_pr_register)
{
	struct scsi_answer answer;

	start();
	CHECK_EQ(nr_keys(), 0);
	CHECK_EQ(generation(), 0);
	CONFLICT(pr_out(a, PROUT_REGISTER, 0, 5, 0xa));		/* not registered, so the key must be 0 */
	CHECK_EQ(generation(), 0);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0));		/* nothing to remove */
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	CONFLICT(pr_out(a, PROUT_REGISTER, 0, 0, 0x1a));	/* registered: the key must be right */
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0xa, 0x1a));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
	answer = pr_in(b, PRIN_READ_KEYS, 64);
	CHECK_EQ(answer.len, 24);
	CHECK_EQ(get_unaligned_be64(answer.data + 8), 0x1a);
	CHECK_EQ(get_unaligned_be64(answer.data + 16), 0xb);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0x1a, 0));
	CHECK_EQ(nr_keys(), 1);
	scsi_no_ua(b, 0);
	rig_stop();
}

TEST(scsi_pr_register_and_ignore)
{
	start();
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 77, 0xa));
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 78, 0x2a));
	CHECK_EQ(get_unaligned_be64(pr_in(a, PRIN_READ_KEYS, 16).data + 8), 0x2a);
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 79, 0));
	CHECK_EQ(nr_keys(), 0);
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 79, 0));
	rig_stop();
}

TEST(scsi_pr_actions_need_a_registration)
{
	static const u8 actions[] = { PROUT_RESERVE, PROUT_RELEASE, PROUT_CLEAR, PROUT_PREEMPT, PROUT_PREEMPT_AND_ABORT };

	start();
	for (u32 i = 0; i < ARRAY_SIZE(actions); i++)
		CONFLICT(pr_out(a, actions[i], WE, 0, 0xb));
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	for (u32 i = 0; i < ARRAY_SIZE(actions); i++)
		CONFLICT(pr_out(a, actions[i], WE, 0xbad, 0xb));
	CHECK_EQ(nr_keys(), 1);
	CHECK_EQ(reserved_type(NULL), 0);
	CHECK_EQ(generation(), 1);
	rig_stop();
}

TEST(scsi_pr_unknown_types_and_scopes)
{
	static const u8 actions[] = { PROUT_RESERVE, PROUT_RELEASE, PROUT_PREEMPT, PROUT_PREEMPT_AND_ABORT };

	start();
	register_three();
	for (u32 i = 0; i < ARRAY_SIZE(actions); i++) {
		for (u8 type = 0; type < 16; type++)
			if (!memchr(types, type, sizeof(types)))
				CHECK_EQ(pr_out_sense(a, actions[i], type, 0xa, 0xb), 0x052400);
		CHECK_EQ(pr_out_sense(a, actions[i], 0x10 | WE, 0xa, 0xb), 0x052400);
	}
	CHECK_EQ(nr_keys(), 3);
	/* Neither counts for the other actions (SPC-4 table 218). */
	GOOD(pr_out(a, PROUT_REGISTER, 0x2f, 0xa, 0xa));
	GOOD(pr_out(a, PROUT_CLEAR, 0x2f, 0xa, 0));
	rig_stop();
}

TEST(scsi_pr_bad_lists)
{
	u8 list[64] = { [15] = 0xa }, cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER };
	static const u8 wrong[] = { 1, 8, 23, 25, 64 };

	start();
	scsi_fails(a, 0, cdb, 0, NULL, 0, 0x051a00);
	for (u32 sa = PROUT_REGISTER; sa <= PROUT_REGISTER_AND_IGNORE; sa++)
		for (u32 i = 0; i < sizeof(wrong); i++)
			CHECK_EQ(pr_out_list(a, sa, WE, list, wrong[i]).sense, 0x051a00);
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, WE, list, 23).sense, 0x051a00);
	/* The list is shorter than the CDB says: the initiator announced less. */
	cdb[8] = 24;
	scsi_fails(a, 0, cdb, 0, list, 20, 0x051a00);
	/* APTPL: nothing outlives the process. */
	list[20] = 1;
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 24).sense, 0x052600);
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_IGNORE, 0, list, 24).sense, 0x052600);
	/* Service actions that are not there. */
	for (u8 sa = 8; sa < 32; sa++) {
		cdb[1] = sa;
		scsi_fails(a, 0, cdb, 0, list, 24, 0x052400);
	}
	CHECK_EQ(nr_keys(), 0);
	CHECK_EQ(generation(), 0);
	rig_stop();
}

/* SPEC_I_PT: who is listed is registered too; a list with any fault registers nobody. */
TEST(scsi_pr_register_for_others)
{
	u8 list[28 + 3 * 264] = { [15] = 0x77, [20] = 8 };
	u32 len_b, len_c;

	start();
	len_b = rig_transport_id(1, list + 28);
	len_c = rig_transport_id(2, list + 28 + len_b);
	put_unaligned_be32(len_b + len_c, list + 24);
	list[28] = 0x46;			/* another protocol */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).sense, 0x052600);
	list[28] = 0x05;			/* a device, not a port: there is no ISID */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).sense, 0x052600);
	list[28] = 0x45;
	list[30] = 0x7f;			/* longer than all there is */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).sense, 0x052600);
	rig_transport_id(1, list + 28);
	rig_transport_id(2, list + 28 + len_b);
	list[28 + len_b - 1] = 'x';		/* without an end */
	list[28 + len_b - 2] = 'x';
	list[28 + len_b - 3] = 'x';
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).sense, 0x052600);
	rig_transport_id(1, list + 28);
	rig_transport_id(2, list + 28 + len_b);
	put_unaligned_be32(len_b, list + 24);	/* less than what comes */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).sense, 0x051a00);
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 24).sense, 0x051a00);
	CHECK_EQ(nr_keys(), 0);
	put_unaligned_be32(len_b + len_c, list + 24);
	GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).status);
	CHECK_EQ(nr_keys(), 3);
	GOOD(pr_out(b, PROUT_RESERVE, WE, 0x77, 0));
	CONFLICT(pr_out(c, PROUT_RESERVE, WE, 0x77, 0));
	/* It is registered now, so it may not do that again. */
	put_unaligned_be64(0x77, list);
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).sense, 0x052400);
	rig_stop();
}

TEST(scsi_pr_register_for_all_target_ports)
{
	u8 list[24] = { [15] = 0xa, [20] = 4 };

	start();
	CHECK(pr_in(a, PRIN_REPORT_CAPABILITIES, 8).data[2] & 4);
	GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, 24).status);
	CHECK_EQ(nr_keys(), 1);
	rig_stop();
}

TEST(scsi_pr_too_many_registrants)
{
	static u8 list[65536];
	u8 key[24] = { [15] = 0xb };
	u32 at = 28, count = 0, full;

	start();
	/* Made-up ports, as many as a list holds, again and again. */
	for (u32 nexus = 0; nexus < 8; nexus++) {
		memset(list, 0, sizeof(list));
		list[15] = 0xa;
		list[20] = 8;
		at = 28;
		for (u32 i = 0; i < 180; i++, count++) {
			u8 *tid = list + at;
			u32 len = (u32)snprintf((char *)tid + 4, 100, "iqn.x:%u,i,0x400000000000", count) + 1;

			tid[0] = 0x45;
			put_unaligned_be16(ALIGN(len, 4), tid + 2);
			at += 4 + ALIGN(len, 4);
		}
		put_unaligned_be32(at - 28, list + 24);
		full = nr_keys();
		if (full + 181 > 1024)
			break;
		GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, at).status);
		CHECK_EQ(nr_keys(), full + 181);
		GOOD(pr_out(a, PROUT_REGISTER, 0, 0xa, 0));
	}
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, at).sense, 0x055504);
	CHECK_EQ(nr_keys(), full);		/* all of them, or none */
	/* One by one up to the limit. */
	put_unaligned_be32(0, list + 24);
	for (count = 0; full < 1023; full++, count++) {
		u32 len = (u32)snprintf((char *)list + 32, 100, "iqn.y:%u,i,0x400000000000", count) + 1;

		list[28] = 0x45;
		put_unaligned_be16(ALIGN(len, 4), list + 30);
		put_unaligned_be32(4 + ALIGN(len, 4), list + 24);
		memset(list + 32 + len, 0, 4);
		GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, 32 + ALIGN(len, 4)).status);
		GOOD(pr_out(a, PROUT_REGISTER, 0, 0xa, 0));
	}
	CHECK_EQ(nr_keys(), 1023);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	CHECK_EQ(pr_out_list(b, PROUT_REGISTER, 0, key, 24).sense, 0x055504);
	CHECK_EQ(nr_keys(), 1024);
	CHECK_EQ(pr_in(a, PRIN_READ_KEYS, 65535).len, 8 + 8 * 1024);
	CHECK_GE(pr_in(a, PRIN_READ_FULL_STATUS, 65535).len, 8 + 1024 * (24 + 28));
	GOOD(pr_out(a, PROUT_CLEAR, 0, 0xa, 0));
	CHECK_EQ(nr_keys(), 0);
	GOOD(pr_out_list(b, PROUT_REGISTER, 0, key, 24).status);
	rig_stop();
}

/* ---- reserving and releasing ------------------------------------------------------------------ */

TEST(scsi_pr_reserve_and_release_every_type)
{
	u64 key;

	start();
	register_three();
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		u8 type = types[i], other = types[(i + 1) % ARRAY_SIZE(types)];
		u32 before = generation();

		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));
		CHECK_EQ(reserved_type(&key), type);
		CHECK_EQ(key, is_ar(type) ? 0 : 0xa);
		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));		/* the same again */
		CONFLICT(pr_out(a, PROUT_RESERVE, other, 0xa, 0));	/* another type */
		CHECK_EQ(pr_out(b, PROUT_RESERVE, type, 0xb, 0),
			 is_ar(type) ? SAM_STAT_GOOD : SAM_STAT_RESERVATION_CONFLICT);
		CHECK_EQ(pr_out_sense(a, PROUT_RELEASE, other, 0xa, 0), 0x052604);
		CHECK_EQ(reserved_type(NULL), type);
		if (!is_ar(type)) {
			GOOD(pr_out(b, PROUT_RELEASE, type, 0xb, 0));	/* not the holder: nothing happens */
			CHECK_EQ(reserved_type(NULL), type);
		}
		GOOD(pr_out(a, PROUT_RELEASE, type, 0xa, 0));
		CHECK_EQ(reserved_type(NULL), 0);
		GOOD(pr_out(a, PROUT_RELEASE, type, 0xa, 0));
		/* SPC-4 5.13.11.2.2: the others hear of it where they relied on it. */
		if (is_ar(type) || is_ro(type)) {
			scsi_expect_ua(b, 0, UA_RELEASED);
			scsi_expect_ua(c, 0, UA_RELEASED);
		}
		scsi_no_ua(a, 0);
		scsi_no_ua(b, 0);
		scsi_no_ua(c, 0);
		CHECK_EQ(generation(), before);		/* neither counts */
	}
	rig_stop();
}

/* SPC-4 5.13.11.3: the holder's registration goes, and the reservation with it. */
TEST(scsi_pr_unregister_releases_every_type)
{
	start();
	register_three();
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		u8 type = types[i];

		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));
		GOOD(pr_out(a, PROUT_REGISTER, 0, 0xa, 0));
		if (is_ar(type)) {
			CHECK_EQ(reserved_type(NULL), type);	/* others hold it still */
			GOOD(pr_out(b, PROUT_REGISTER, 0, 0xb, 0));
			CHECK_EQ(reserved_type(NULL), type);
			GOOD(pr_out(c, PROUT_REGISTER, 0, 0xc, 0));
			CHECK_EQ(reserved_type(NULL), 0);
			GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
			GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
		}
		CHECK_EQ(reserved_type(NULL), 0);
		if (is_ro(type)) {
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

	start();
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));	/* holder */
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));	/* registrant; c: stranger */
	for (u32 t = 0; t < ARRAY_SIZE(types); t++) {
		u8 type = types[t];
		bool only_writes = type == WE || type == WE_RO || type == WE_AR;

		GOOD(pr_out(a, PROUT_RESERVE, type, 0xa, 0));
		for (u32 i = 0; i < ARRAY_SIZE(commands); i++) {
			bool shut_out = commands[i].kind == NEVER || (commands[i].kind == READS && !only_writes);

			scsi_good(a, 0, commands[i].cdb, commands[i].in, zeros, commands[i].out);
			if (shut_out && !is_ar(type) && !is_ro(type))
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
		if (is_ar(type) || is_ro(type))
			scsi_expect_ua(b, 0, UA_RELEASED);
	}
	rig_stop();
}

/* ---- clearing and preempting --------------------------------------------------------------------- */

TEST(scsi_pr_clear_with_every_type)
{
	start();
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		u32 before;

		register_three();
		GOOD(pr_out(b, PROUT_RESERVE, types[i], 0xb, 0));
		before = generation();
		GOOD(pr_out(a, PROUT_CLEAR, 0, 0xa, 0));
		CHECK_EQ(generation(), before + 1);
		CHECK_EQ(nr_keys(), 0);
		CHECK_EQ(reserved_type(NULL), 0);
		scsi_expect_ua(b, 0, UA_PREEMPTED);
		scsi_expect_ua(c, 0, UA_PREEMPTED);
		scsi_no_ua(a, 0);
		scsi_no_ua(b, 0);
		scsi_no_ua(c, 0);
	}
	rig_stop();
}

/* From every type to every type: the reservation changes hands. */
TEST(scsi_pr_preempt_the_holder)
{
	start();
	for (u8 abort = 0; abort < 2; abort++) {
		for (u32 i = 0; i < ARRAY_SIZE(types) * ARRAY_SIZE(types); i++) {
			u8 from = types[i / ARRAY_SIZE(types)], to = types[i % ARRAY_SIZE(types)];
			u64 key;
			u32 before;

			if (is_ar(from))
				continue;
			register_three();
			GOOD(pr_out(a, PROUT_RESERVE, from, 0xa, 0));
			before = generation();
			GOOD(pr_out(b, abort ? PROUT_PREEMPT_AND_ABORT : PROUT_PREEMPT, to, 0xb, 0xa));
			scsi_expect_ua(a, 0, UA_REGISTRATION);
			CHECK_EQ(generation(), before + 1);
			CHECK_EQ(reserved_type(&key), to);
			CHECK_EQ(key, is_ar(to) ? 0 : 0xb);
			CHECK_EQ(nr_keys(), 2);
			/* SPC-4 5.13.11.4.3 e: who stays registered hears of another type. */
			if (from != to)
				scsi_expect_ua(c, 0, UA_RELEASED);
			scsi_no_ua(c, 0);
			scsi_no_ua(b, 0);
			scsi_no_ua(a, 0);
			GOOD(pr_out(b, PROUT_CLEAR, 0, 0xb, 0));
			scsi_expect_ua(c, 0, UA_PREEMPTED);
		}
	}
	rig_stop();
}

TEST(scsi_pr_preempt_all_registrants)
{
	u64 key;

	start();
	for (u32 i = 0; i < 2; i++) {
		u8 from = i ? EA_AR : WE_AR;

		register_three();
		GOOD(pr_out(a, PROUT_RESERVE, from, 0xa, 0));
		/* A key: only that registration goes. */
		GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xc));
		scsi_expect_ua(c, 0, UA_REGISTRATION);
		CHECK_EQ(reserved_type(NULL), from);
		CHECK_EQ(nr_keys(), 2);
		/* Zero: all but one's own. */
		GOOD(pr_out(b, PROUT_PREEMPT, EA, 0xb, 0));
		scsi_expect_ua(a, 0, UA_REGISTRATION);
		CHECK_EQ(reserved_type(&key), EA);
		CHECK_EQ(key, 0xb);
		CHECK_EQ(nr_keys(), 1);
		scsi_no_ua(c, 0);
		GOOD(pr_out(b, PROUT_CLEAR, 0, 0xb, 0));
	}
	rig_stop();
}

TEST(scsi_pr_preempt_registrations)
{
	u32 before;

	start();
	register_three();
	before = generation();
	CONFLICT(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0x99));	/* nobody has it */
	CHECK_EQ(pr_out_sense(b, PROUT_PREEMPT, WE, 0xb, 0), 0x052600);
	CHECK_EQ(generation(), before);
	/* No reservation: the registration goes, and none comes. */
	GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xc));
	scsi_expect_ua(c, 0, UA_REGISTRATION);
	CHECK_EQ(reserved_type(NULL), 0);
	/* One that does not hold it: the reservation stays. */
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
	GOOD(pr_out(a, PROUT_RESERVE, EA_RO, 0xa, 0));
	GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xc));
	scsi_expect_ua(c, 0, UA_REGISTRATION);
	CHECK_EQ(reserved_type(NULL), EA_RO);
	/* The holder preempts itself: it keeps what it has, of the type it wants. */
	GOOD(pr_out(a, PROUT_PREEMPT, WE, 0xa, 0xa));
	CHECK_EQ(reserved_type(NULL), WE);
	CHECK_EQ(nr_keys(), 2);
	scsi_expect_ua(b, 0, UA_RELEASED);
	/* Its own key, without holding: it removes itself. */
	GOOD(pr_out(b, PROUT_PREEMPT, WE, 0xb, 0xb));
	CHECK_EQ(nr_keys(), 1);
	CONFLICT(pr_out(b, PROUT_RESERVE, WE, 0xb, 0));
	rig_stop();
}

/* Several nexuses with one key, and the holder among them. */
TEST(scsi_pr_preempt_a_shared_key)
{
	start();
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xaa));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xaa));
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0, 0xc));
	GOOD(pr_out(a, PROUT_RESERVE, WE, 0xaa, 0));
	GOOD(pr_out(c, PROUT_PREEMPT, EA, 0xc, 0xaa));
	scsi_expect_ua(a, 0, UA_REGISTRATION);
	scsi_expect_ua(b, 0, UA_REGISTRATION);
	CHECK_EQ(nr_keys(), 1);
	CHECK_EQ(reserved_type(NULL), EA);
	rig_stop();
}

/* The commands of the preempted nexus end without an answer; the others' go on. */
TEST(scsi_pr_preempt_and_abort_ends_commands)
{
	u8 write[16], list[24] = { 0 };
	u8 cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_PREEMPT_AND_ABORT, WE, [8] = 24 };
	struct scsi_answer answer;
	u32 mine, theirs;

	start();
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	GOOD(pr_out(b, PROUT_REGISTER, 0, 0, 0xb));
	GOOD(pr_out(a, PROUT_RESERVE, EA_RO, 0xa, 0));
	rig_hold(0);
	cdb_rw16(write, WRITE_16, 1, 1);
	scsi_send(a, 0, write, 0, block, 512);
	scsi_send(a, 0, write, 0, block, 512);
	mine = scsi_send(b, 0, write, 0, block, 512);
	rig_wait_held(3);
	put_unaligned_be64(0xb, list);
	put_unaligned_be64(0xa, list + 8);
	theirs = scsi_send(b, 0, cdb, 0, list, 24);
	peer_expect_silence(b);		/* it waits for those it aborted */
	rig_release();
	for (u32 i = 0; i < 2; i++) {
		scsi_answer(b, &answer);
		CHECK_EQ(answer.status, SAM_STAT_GOOD);
		CHECK(answer.itt == mine || answer.itt == theirs);
	}
	peer_expect_silence(a);
	scsi_expect_ua(a, 0, UA_REGISTRATION);
	scsi_conflicts(a, 0, write, 0, block, 512);
	rig_stop();
}

/* Drop what comes, until nothing has for @ms. */
static void drain(struct peer *peer, int ms)
{
	struct reply r;

	while (peer_receive_in(peer, &r, ms))
		;
}

/*
 * Each preempts the next, aborts its commands, and is preempted by the one before, round and
 * round, among writes and resets. Whoever waits for whom, it comes to an end.
 */
TEST(scsi_pr_preempt_storm)
{
	enum { NEXUSES = 6, ROUNDS = 60 };
	struct peer *peers[NEXUSES] = { NULL };
	u8 write[16], list[24] = { 0 };

	start();
	peers[0] = a;
	peers[1] = b;
	peers[2] = c;
	for (u32 i = 3; i < NEXUSES; i++)
		peers[i] = rig_nexus(i);
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 step = 0; step < 4; step++) {
			for (u32 i = 0; i < NEXUSES; i++) {
				u8 cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, WE_AR, [8] = 24 };

				cdb_rw16(write, WRITE_16, i, 1);
				scsi_send(peers[i], 0, write, 0, block, 512);
				put_unaligned_be64(0, list);
				put_unaligned_be64(0x10 + i, list + 8);
				scsi_send(peers[i], 0, cdb, 0, list, 24);
				cdb[1] = PROUT_PREEMPT_AND_ABORT;
				put_unaligned_be64(0x10 + i, list);
				put_unaligned_be64(0x10 + (i + 1 + step) % NEXUSES, list + 8);
				scsi_send(peers[i], 0, cdb, 0, list, 24);
				if (round % 5 == i)
					scsi_tm_send(peers[i], ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG);
			}
		}
		for (u32 i = 0; i < NEXUSES; i++)
			drain(peers[i], 1);
	}
	/* All that is under way ends: nothing is left that could be aborted, and then it serves. */
	for (u32 i = 0; i < NEXUSES; i++) {
		drain(peers[i], 50);
		CHECK_EQ(scsi_tm(peers[i], ISCSI_TMF_ABORT_TASK_SET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	}
	rig_stop();
}

/* ---- moving ------------------------------------------------------------------------------------------ */

static u32 move_list(u8 *list, u32 to, u64 key, u64 sa_key, u8 flags)
{
	u32 len;

	memset(list, 0, 24);
	put_unaligned_be64(key, list);
	put_unaligned_be64(sa_key, list + 8);
	list[17] = flags;
	put_unaligned_be16(1, list + 18);	/* the first target's port */
	len = rig_transport_id(to, list + 24);
	put_unaligned_be32(len, list + 20);
	return 24 + len;
}

TEST(scsi_pr_move)
{
	u8 list[24 + 264];
	u32 len, before;
	u64 key;

	start();
	register_three();
	len = move_list(list, 1, 0xa, 0x1b, 0);
	CONFLICT(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).status);	/* nothing reserved */
	GOOD(pr_out(a, PROUT_RESERVE, EA, 0xa, 0));
	before = generation();
	CONFLICT(pr_out_list(b, PROUT_REGISTER_AND_MOVE, 0, list, len).status);	/* not the holder, wrong key */
	list[17] = 1;
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	list[17] = 0;
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len - 4).sense, 0x051a00);
	list[19] = 9;		/* a port there is not */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	list[19] = 1;
	len = move_list(list, 1, 0xa, 0, 0);
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	len = move_list(list, 0, 0xa, 0x1b, 0);		/* to itself */
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).sense, 0x052600);
	CHECK_EQ(generation(), before);
	CHECK_EQ(nr_keys(), 3);

	len = move_list(list, 1, 0xa, 0x1b, 0);
	GOOD(pr_out_list(a, PROUT_REGISTER_AND_MOVE, 0, list, len).status);
	CHECK_EQ(generation(), before + 1);
	CHECK_EQ(reserved_type(&key), EA);
	CHECK_EQ(key, 0x1b);
	CHECK_EQ(nr_keys(), 3);
	/* On to one that was not registered, and the old holder goes. */
	GOOD(pr_out(c, PROUT_REGISTER, 0, 0xc, 0));
	len = move_list(list, 2, 0x1b, 0x2c, 2);
	GOOD(pr_out_list(b, PROUT_REGISTER_AND_MOVE, 0, list, len).status);
	CHECK_EQ(nr_keys(), 2);
	CHECK_EQ(reserved_type(&key), EA);
	CHECK_EQ(key, 0x2c);
	CONFLICT(pr_out(b, PROUT_RELEASE, EA, 0x1b, 0));
	GOOD(pr_out(c, PROUT_RELEASE, EA, 0x2c, 0));
	/* What all hold nobody can move. */
	GOOD(pr_out(c, PROUT_RESERVE, WE_AR, 0x2c, 0));
	len = move_list(list, 1, 0x2c, 0x3b, 0);
	CONFLICT(pr_out_list(c, PROUT_REGISTER_AND_MOVE, 0, list, len).status);
	rig_stop();
}

/* ---- reading ------------------------------------------------------------------------------------------- */

TEST(scsi_pr_full_status)
{
	struct scsi_answer answer;
	u8 tid[264];
	u32 tid_len, at = 8;

	start();
	register_three();
	GOOD(pr_out(b, PROUT_RESERVE, EA_RO, 0xb, 0));
	answer = pr_in(a, PRIN_READ_FULL_STATUS, 4096);
	CHECK_EQ(get_unaligned_be32(answer.data), 3);
	CHECK_EQ(get_unaligned_be32(answer.data + 4), answer.len - 8);
	for (u32 i = 0; i < 3; i++) {
		tid_len = rig_transport_id(i, tid);
		CHECK_EQ(get_unaligned_be64(answer.data + at), 0xa + i);
		CHECK_EQ(answer.data[at + 12], i == 1);
		CHECK_EQ(answer.data[at + 13], i == 1 ? EA_RO : 0);
		CHECK_EQ(get_unaligned_be16(answer.data + at + 18), 1);
		CHECK_EQ(get_unaligned_be32(answer.data + at + 20), tid_len);
		CHECK_MEMEQ(answer.data + at + 24, tid, tid_len);
		at += 24 + tid_len;
	}
	CHECK_EQ(at, answer.len);
	/* Any length may be asked for; the header says how much there is. */
	answer = pr_in(a, PRIN_READ_FULL_STATUS, 8);
	CHECK_EQ(get_unaligned_be32(answer.data + 4), at - 8);
	rig_stop();
}

TEST(scsi_pr_capabilities)
{
	u8 *data;

	start();
	data = pr_in(a, PRIN_REPORT_CAPABILITIES, 8).data;
	CHECK_EQ(get_unaligned_be16(data), 8);
	CHECK_EQ(data[2] & 0x01, 0);		/* PTPL_C */
	CHECK_EQ(data[2] & 0x0c, 0x0c);		/* SIP_C, ATP_C */
	CHECK_EQ(data[3] & 0x81, 0x80);		/* TMV, no PTPL_A */
	CHECK_EQ(data[4], 0xea);
	CHECK_EQ(data[5], 0x01);
	rig_stop();
}

TEST(scsi_pr_in_service_actions_that_are_not_there)
{
	u8 cdb[16] = { PERSISTENT_RESERVE_IN, 0, [8] = 8 };

	start();
	for (u8 sa = 4; sa < 32; sa++) {
		cdb[1] = sa;
		scsi_fails(a, 0, cdb, 8, NULL, 0, 0x052400);
	}
	rig_stop();
}

/* ---- nexuses that come and go -------------------------------------------------------------------------- */

TEST(scsi_pr_outlives_its_nexus)
{
	u8 read[16], write[16];

	start();
	cdb_rw16(read, READ_16, 0, 1);
	cdb_rw16(write, WRITE_16, 0, 1);
	register_three();
	GOOD(pr_out(b, PROUT_RESERVE, WE, 0xb, 0));
	rig_logout(1);
	CHECK_EQ(reserved_type(NULL), WE);
	CHECK_EQ(nr_keys(), 3);
	scsi_conflicts(a, 0, write, 0, block, 512);
	b = rig_nexus(1);
	scsi_good(b, 0, write, 0, block, 512);
	/* A reset changes nothing of it either (SPC-4 5.13.1). */
	CHECK_EQ(scsi_tm(a, ISCSI_TMF_LUN_RESET, 0, ISCSI_RESERVED_TAG), ISCSI_TMF_COMPLETE);
	scsi_expect_ua(a, 0, 0x062903);
	scsi_expect_ua(b, 0, 0x062903);
	scsi_conflicts(a, 0, write, 0, block, 512);
	/* Gone while it is preempted: nobody is told, and it is no registrant when it comes back. */
	rig_logout(1);
	GOOD(pr_out(a, PROUT_PREEMPT_AND_ABORT, WE, 0xa, 0xb));
	b = rig_nexus(1);
	scsi_no_ua(b, 0);
	scsi_conflicts(b, 0, write, 0, block, 512);
	scsi_good(b, 0, read, 512, NULL, 0);
	rig_stop();
}

/* The same name with another ISID is another port. */
TEST(scsi_pr_a_port_is_name_and_isid)
{
	struct iscsi_handoff h;
	struct peer *other;
	u8 write[16];

	start();
	cdb_rw16(write, WRITE_16, 0, 1);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	GOOD(pr_out(a, PROUT_RESERVE, WE, 0xa, 0));
	rig_handoff(0, &h);
	h.isid[4] = 9;
	other = rig_login(5, &h);
	scsi_expect_ua(other, 0, SENSE_UA_POWER_ON);
	scsi_conflicts(other, 0, write, 0, block, 512);
	CONFLICT(pr_out(other, PROUT_RELEASE, WE, 0xa, 0));
	rig_stop();
}

/* One device at two LUNs: one registration, and two places that know of it. */
TEST(scsi_pr_of_a_device_mapped_twice)
{
	u8 write[16], list[24] = { [15] = 0xa };
	u8 cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER_AND_IGNORE, [8] = 24 };

	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	rig_map("disk0", 3);
	a = rig_nexus(0);
	b = rig_nexus(1);
	cdb_rw16(write, WRITE_16, 0, 1);
	for (u32 round = 0; round < 4; round++) {
		scsi_good(a, round & 1 ? 3 : 0, cdb, 0, list, 24);
		GOOD(pr_out(a, PROUT_RESERVE, WE, 0xa, 0));
		scsi_good(a, 0, write, 0, block, 512);
		scsi_good(a, 3, write, 0, block, 512);
		scsi_conflicts(b, 3, write, 0, block, 512);
		GOOD(pr_out(a, PROUT_CLEAR, 0, 0xa, 0));
		/* Neither place points to what is gone. */
		CONFLICT(pr_out(a, PROUT_RESERVE, WE, 0xa, 0));
		scsi_good(a, 3, write, 0, block, 512);
		CHECK_EQ(nr_keys(), 0);
	}
	rig_stop();
}
