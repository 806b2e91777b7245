/* SPDX-License-Identifier: MIT */
/* Numbers and strings of /proc/sys, with what KUnit's sysctl-test leaves out. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "harness.h"

static int write_text(proc_handler *handler, struct ctl_table *table, const char *text)
{
	char buffer[64];
	size_t len = strlen(text);
	loff_t pos = 0;

	memcpy(buffer, text, len);
	return handler(table, 1, buffer, &len, &pos);
}

TEST(several_numbers_are_one_line)
{
	int values[3] = { 1, -2, 3 };
	struct ctl_table table = { .data = values, .maxlen = sizeof(values) };
	char text[32] = "";
	size_t len = sizeof(text);
	loff_t pos = 0;

	CHECK_EQ(proc_dointvec(&table, 0, text, &len, &pos), 0);
	CHECK_STREQ(text, "1\t-2\t3\n");
	CHECK_EQ(len, 7);
	CHECK_EQ(pos, 7);
	CHECK_EQ(proc_dointvec(&table, 0, text, &len, &pos), 0);
	CHECK_EQ(len, 0);
	CHECK_EQ(write_text(proc_dointvec, &table, " 10 0x20\t"), 0);
	CHECK_EQ(values[0], 10);
	CHECK_EQ(values[1], 32);
	CHECK_EQ(values[2], 3);
}

TEST(what_is_no_number_changes_nothing)
{
	int value = 5;
	struct ctl_table table = { .data = &value, .maxlen = sizeof(value) };
	static const char *const bad[] = { "", " \n", "x", "1x", "--1", "2147483648", "99999999999999999999999999" };

	for (unsigned int i = 1; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(write_text(proc_dointvec, &table, bad[i]), -EINVAL);
	CHECK_EQ(write_text(proc_dointvec, &table, bad[0]), 0);	/* a write of nothing */
	CHECK_EQ(write_text(proc_douintvec, &table, "-1"), -EINVAL);
	CHECK_EQ(value, 5);
	CHECK_EQ(write_text(proc_douintvec, &table, "4294967295"), 0);
	CHECK_EQ((unsigned int)value, UINT_MAX);
}

TEST(limits_hold)
{
	int value = 5;
	struct ctl_table table = {
		.data = &value, .maxlen = sizeof(value), .extra1 = SYSCTL_ONE, .extra2 = SYSCTL_ONE_HUNDRED,
	};

	CHECK_EQ(write_text(proc_dointvec_minmax, &table, "0"), -EINVAL);
	CHECK_EQ(write_text(proc_dointvec_minmax, &table, "101"), -EINVAL);
	CHECK_EQ(value, 5);
	CHECK_EQ(write_text(proc_dointvec_minmax, &table, "100\n"), 0);
	CHECK_EQ(value, 100);
}

TEST(strings_are_cut_to_their_room)
{
	char value[6] = "old", text[16] = "";
	struct ctl_table table = { .data = value, .maxlen = sizeof(value) };
	size_t len = sizeof(text);
	loff_t pos = 0;

	CHECK_EQ(write_text(proc_dostring, &table, "longer than that"), 0);
	CHECK_STREQ(value, "longe");
	CHECK_EQ(write_text(proc_dostring, &table, "ab\ncd"), 0);
	CHECK_EQ(proc_dostring(&table, 0, text, &len, &pos), 0);
	CHECK_STREQ(text, "ab\n");
	CHECK_EQ(len, 3);
}
