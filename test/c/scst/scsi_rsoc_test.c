/* SPDX-License-Identifier: MIT */
/*
 * scsi_rsoc_test.c - REPORT SUPPORTED OPERATION CODES (SPC-4 6.35) against what the disk
 * really does: every op code there is is sent, and either both know it or neither.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

static struct peer *a;

static struct scsi_answer ask(u8 options, u8 op, u16 sa, u32 len)
{
	u8 cdb[16] = { MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES, options, op };

	put_unaligned_be16(sa, cdb + 4);
	put_unaligned_be32(len, cdb + 6);
	return scsi_good(a, 0, cdb, len, NULL, 0);
}

static void start(const char *handler, const char *params)
{
	rig_start();
	rig_disk(0, handler, params);
	a = rig_nexus(0);
}

TEST(scsi_rsoc_all_and_one_agree)
{
	static u8 all[16384];
	struct scsi_answer answer;
	u32 at, count = 0;

	start("vdisk_ram", "size=1M");
	answer = ask(0, 0, 0, sizeof(all));
	memcpy(all, answer.data, answer.len);
	CHECK_EQ(get_unaligned_be32(all), answer.len - 4);
	for (at = 4; at < answer.len; at += 8, count++) {
		u16 sa = get_unaligned_be16(all + at + 2), len = get_unaligned_be16(all + at + 6);
		bool has_sa = all[at + 5] & 1;
		struct scsi_answer one = ask(has_sa ? 2 : 1, all[at], sa, 64);

		CHECK_EQ(all[at + 5] & 2, 0);
		CHECK_EQ(one.data[1], 3);
		CHECK_EQ(get_unaligned_be16(one.data + 2), len);
		CHECK_EQ(one.len, 4 + len);
		CHECK_EQ(one.data[4], all[at]);
		if (has_sa)
			CHECK_EQ(one.data[5] & 0x1f, sa);
		one = ask(3, all[at], sa, 64);
		CHECK_EQ(one.data[1], 3);
	}
	CHECK_EQ(at, answer.len);
	CHECK_GE(count, 60);
	/* With time-outs. */
	answer = ask(0x80, 0, 0, sizeof(all));
	CHECK_EQ(answer.len, 4 + count * 20);
	CHECK_EQ(answer.data[4 + 5] & 2, 2);
	CHECK_EQ(get_unaligned_be16(answer.data + 4 + 8), 10);
	answer = ask(0x81, READ_10, 0, 64);
	CHECK_EQ(answer.data[1], 0x83);
	CHECK_EQ(answer.len, 4 + 10 + 12);
	rig_stop();
}

/* What it says of an op code is what happens. */
static void probe_all(u32 op_last)
{
	for (u32 op = 0; op <= op_last; op++) {
		u8 cdb[16] = { (u8)op };
		struct scsi_answer answer;
		bool reported = false, has_sa = false;

		for (u16 sa = 0; sa < 32; sa++) {
			answer = ask(3, (u8)op, sa, 64);
			CHECK(answer.data[1] == 3 || answer.data[1] == 1);
			reported |= answer.data[1] == 3;
			has_sa |= sa && answer.data[1] == 3;
		}
		if (has_sa)
			continue;		/* service action 0 may be unknown where others are not */
		answer = scsi_cmd(a, 0, cdb, 0, NULL, 0);
		if (reported == (answer.sense == 0x052000))
			test_fail(__FILE__, __LINE__, "op code 0x%02x is %sreported and ends with %06x", op,
				  reported ? "" : "not ", answer.sense);
	}
}

TEST(scsi_rsoc_tells_the_truth_of_ram)
{
	start("vdisk_ram", "size=1M");
	probe_all(255);
	rig_stop();
}

TEST(scsi_rsoc_tells_the_truth_of_a_thick_file)
{
	rig_start();
	rig_file_disk(0, "vdisk_fileio", 1 << 20, "thin_provisioned=0");
	a = rig_nexus(0);
	probe_all(255);
	CHECK_EQ(ask(3, UNMAP, 0, 64).data[1], 1);
	CHECK_EQ(ask(3, WRITE_ATOMIC_16, 0, 64).data[1], 1);
	CHECK_EQ(ask(3, SANITIZE, SANITIZE_BLOCK_ERASE, 64).data[1], 1);
	CHECK_EQ(ask(3, SANITIZE, SANITIZE_OVERWRITE, 64).data[1], 3);
	rig_stop();
}

TEST(scsi_rsoc_refuses)
{
	u8 cdb[16] = { MAINTENANCE_IN, MI_REPORT_SUPPORTED_OPERATION_CODES, 0, 0, [9] = 64 };

	start("vdisk_ram", "size=1M");
	for (u8 options = 4; options < 8; options++) {
		cdb[2] = options;
		scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);
	}
	cdb[2] = 1;
	cdb[3] = SERVICE_ACTION_IN_16;		/* has service actions */
	scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);
	cdb[2] = 2;
	cdb[3] = READ_10;			/* has none */
	scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);
	for (u8 sa = 0; sa < 32; sa++) {
		cdb[1] = sa;
		cdb[2] = 0;
		if (sa != MI_REPORT_SUPPORTED_OPERATION_CODES && sa != MI_REPORT_SUPPORTED_TASK_MGMT_FUNCTIONS)
			scsi_fails(a, 0, cdb, 64, NULL, 0, 0x052400);
	}
	rig_stop();
}

TEST(scsi_rsoc_task_management)
{
	u8 cdb[16] = { MAINTENANCE_IN, MI_REPORT_SUPPORTED_TASK_MGMT_FUNCTIONS, [9] = 16 };
	struct scsi_answer answer;

	start("vdisk_ram", "size=1M");
	answer = scsi_good(a, 0, cdb, 16, NULL, 0);
	CHECK_EQ(answer.len, 4);
	/* ATS, ATSS, CTSS, LURS, TRS: what tmf.c really does. */
	CHECK_EQ(answer.data[0], 0xda);
	cdb[2] = 0x80;
	answer = scsi_good(a, 0, cdb, 16, NULL, 0);
	CHECK_EQ(answer.len, 16);
	CHECK_EQ(answer.data[3], 12);
	rig_stop();
}
