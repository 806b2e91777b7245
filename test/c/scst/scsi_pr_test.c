/* SPDX-License-Identifier: MIT */
/*
 * scsi_pr_test.c - who registers for a persistent reservation (SPC-4 5.13, 6.15,
 * 6.16), from which port, with which lists; what is read of it; nexuses that come and go.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_pr.h"

static struct peer *a, *b, *c;
static u8 block[512];

/* ---- registering --------------------------------------------------------------------------- */

TEST(scsi_pr_register)
{
	struct scsi_answer answer;

	pr_start(&a, &b, &c);
	CHECK_EQ(pr_nr_keys(a), 0);
	CHECK_EQ(pr_generation(a), 0);
	CONFLICT(pr_out(a, PROUT_REGISTER, 0, 5, 0xa));		/* not registered, so the key must be 0 */
	CHECK_EQ(pr_generation(a), 0);
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
	CHECK_EQ(pr_nr_keys(a), 1);
	scsi_no_ua(b, 0);
	rig_stop();
}

TEST(scsi_pr_register_and_ignore)
{
	pr_start(&a, &b, &c);
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 77, 0xa));
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 78, 0x2a));
	CHECK_EQ(get_unaligned_be64(pr_in(a, PRIN_READ_KEYS, 16).data + 8), 0x2a);
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 79, 0));
	CHECK_EQ(pr_nr_keys(a), 0);
	GOOD(pr_out(a, PROUT_REGISTER_AND_IGNORE, 0, 79, 0));
	rig_stop();
}

TEST(scsi_pr_actions_need_a_registration)
{
	static const u8 actions[] = { PROUT_RESERVE, PROUT_RELEASE, PROUT_CLEAR, PROUT_PREEMPT, PROUT_PREEMPT_AND_ABORT };

	pr_start(&a, &b, &c);
	for (u32 i = 0; i < ARRAY_SIZE(actions); i++)
		CONFLICT(pr_out(a, actions[i], WE, 0, 0xb));
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	for (u32 i = 0; i < ARRAY_SIZE(actions); i++)
		CONFLICT(pr_out(a, actions[i], WE, 0xbad, 0xb));
	CHECK_EQ(pr_nr_keys(a), 1);
	CHECK_EQ(pr_reserved_type(a, NULL), 0);
	CHECK_EQ(pr_generation(a), 1);
	rig_stop();
}

TEST(scsi_pr_unknown_types_and_scopes)
{
	static const u8 actions[] = { PROUT_RESERVE, PROUT_RELEASE, PROUT_PREEMPT, PROUT_PREEMPT_AND_ABORT };

	pr_start(&a, &b, &c);
	pr_register_three(a, b, c);
	for (u32 i = 0; i < ARRAY_SIZE(actions); i++) {
		for (u8 type = 0; type < 16; type++)
			if (!memchr(pr_types, type, sizeof(pr_types)))
				CHECK_EQ(pr_out_sense(a, actions[i], type, 0xa, 0xb), 0x052400);
		CHECK_EQ(pr_out_sense(a, actions[i], 0x10 | WE, 0xa, 0xb), 0x052400);
	}
	CHECK_EQ(pr_nr_keys(a), 3);
	/* Neither counts for the other actions (SPC-4 table 218). */
	GOOD(pr_out(a, PROUT_REGISTER, 0x2f, 0xa, 0xa));
	GOOD(pr_out(a, PROUT_CLEAR, 0x2f, 0xa, 0));
	rig_stop();
}

TEST(scsi_pr_bad_lists)
{
	u8 list[64] = { [15] = 0xa }, cdb[16] = { PERSISTENT_RESERVE_OUT, PROUT_REGISTER };
	static const u8 wrong[] = { 1, 8, 23, 25, 64 };

	pr_start(&a, &b, &c);
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
	CHECK_EQ(pr_nr_keys(a), 0);
	CHECK_EQ(pr_generation(a), 0);
	rig_stop();
}

/* SPEC_I_PT: who is listed is registered too; a list with any fault registers nobody. */
TEST(scsi_pr_register_for_others)
{
	u8 list[28 + 3 * 264] = { [15] = 0x77, [20] = 8 };
	u32 len_b, len_c;

	pr_start(&a, &b, &c);
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
	CHECK_EQ(pr_nr_keys(a), 0);
	put_unaligned_be32(len_b + len_c, list + 24);
	GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, 28 + len_b + len_c).status);
	CHECK_EQ(pr_nr_keys(a), 3);
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

	pr_start(&a, &b, &c);
	CHECK(pr_in(a, PRIN_REPORT_CAPABILITIES, 8).data[2] & 4);
	GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, 24).status);
	CHECK_EQ(pr_nr_keys(a), 1);
	rig_stop();
}

TEST(scsi_pr_too_many_registrants)
{
	static u8 list[65536];
	u8 key[24] = { [15] = 0xb };
	u32 at = 28, count = 0, full;

	pr_start(&a, &b, &c);
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
		full = pr_nr_keys(a);
		if (full + 181 > 1024)
			break;
		GOOD(pr_out_list(a, PROUT_REGISTER, 0, list, at).status);
		CHECK_EQ(pr_nr_keys(a), full + 181);
		GOOD(pr_out(a, PROUT_REGISTER, 0, 0xa, 0));
	}
	CHECK_EQ(pr_out_list(a, PROUT_REGISTER, 0, list, at).sense, 0x055504);
	CHECK_EQ(pr_nr_keys(a), full);		/* all of them, or none */
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
	CHECK_EQ(pr_nr_keys(a), 1023);
	GOOD(pr_out(a, PROUT_REGISTER, 0, 0, 0xa));
	CHECK_EQ(pr_out_list(b, PROUT_REGISTER, 0, key, 24).sense, 0x055504);
	CHECK_EQ(pr_nr_keys(a), 1024);
	CHECK_EQ(pr_in(a, PRIN_READ_KEYS, 65535).len, 8 + 8 * 1024);
	CHECK_GE(pr_in(a, PRIN_READ_FULL_STATUS, 65535).len, 8 + 1024 * (24 + 28));
	GOOD(pr_out(a, PROUT_CLEAR, 0, 0xa, 0));
	CHECK_EQ(pr_nr_keys(a), 0);
	GOOD(pr_out_list(b, PROUT_REGISTER, 0, key, 24).status);
	rig_stop();
}

/* ---- reading ------------------------------------------------------------------------------------------- */

TEST(scsi_pr_full_status)
{
	struct scsi_answer answer;
	u8 tid[264];
	u32 tid_len, at = 8;

	pr_start(&a, &b, &c);
	pr_register_three(a, b, c);
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

	pr_start(&a, &b, &c);
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

	pr_start(&a, &b, &c);
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

	pr_start(&a, &b, &c);
	cdb_rw16(read, READ_16, 0, 1);
	cdb_rw16(write, WRITE_16, 0, 1);
	pr_register_three(a, b, c);
	GOOD(pr_out(b, PROUT_RESERVE, WE, 0xb, 0));
	rig_logout(1);
	CHECK_EQ(pr_reserved_type(a, NULL), WE);
	CHECK_EQ(pr_nr_keys(a), 3);
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

	pr_start(&a, &b, &c);
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
		CHECK_EQ(pr_nr_keys(a), 0);
	}
	rig_stop();
}
