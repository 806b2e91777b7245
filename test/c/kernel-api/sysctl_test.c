/* SPDX-License-Identifier: MIT */
/* Numbers and strings of /proc/sys, with what KUnit's sysctl-test leaves out. */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>

#include "rig.h"

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

/* A 0 in the middle is no end: nothing but blank space may stand between numbers. */
TEST(a_zero_byte_is_no_blank)
{
	int value = 5;
	DECLARE_BITMAP(bits, 64) = { 2 };
	unsigned long *map = bits;
	struct ctl_table number = { .data = &value, .maxlen = sizeof(value) };
	struct ctl_table bitmap = { .data = &map, .maxlen = 64 };
	char text[4];
	size_t len;
	loff_t pos;

	for (int of_bits = 0; of_bits < 2; of_bits++) {
		memcpy(text, "7\0" "9\n", 4);
		len = 4;
		pos = 0;
		CHECK_EQ(of_bits ? proc_do_large_bitmap(&bitmap, 1, text, &len, &pos) :
				   proc_dointvec(&number, 1, text, &len, &pos), -EINVAL);
	}
	CHECK_EQ(value, 5);
	CHECK_EQ(bits[0], 2);
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

TEST(parts_of_a_write_are_told)
{
	int value = 5, numbers[2] = { 1, 2 };
	struct ctl_table table = { .data = &value, .maxlen = sizeof(value) };
	struct ctl_table both = { .data = numbers, .maxlen = sizeof(numbers) };
	char text[] = "7 8 9";
	size_t len = 5;
	loff_t pos = 0;

	CHECK_EQ(proc_dointvec(&table, 1, text, &len, &pos), 0);
	CHECK_EQ(len, 2);	/* "7 " */
	CHECK_EQ(value, 7);
	len = 5 - 2;
	CHECK_EQ(proc_dointvec(&table, 1, text + 2, &len, &pos), 0);	/* the rest, as echo writes it: swallowed */
	CHECK_EQ(len, 3);
	CHECK_EQ(value, 7);
	CHECK_EQ(write_text(proc_dointvec, &both, "10 x"), -EINVAL);
	CHECK_EQ(numbers[0], 10);	/* those before it stand */
	CHECK_EQ(numbers[1], 2);
}

TEST(numbers_are_as_c_writes_them)
{
	unsigned long value = 0;
	struct ctl_table table = { .data = &value, .maxlen = sizeof(value) };
	static const struct {
		const char	*text;
		int		rc;
		unsigned long	value;
	} cases[] = {
		{ "0", 0, 0 }, { "010", 0, 8 }, { "0xFf", 0, 255 }, { "0X10", 0, 16 }, { "08", -EINVAL }, { "0x", -EINVAL },
		{ "+1", -EINVAL }, { "1-", -EINVAL }, { "- 1", -EINVAL }, { "-1", -EINVAL }, { "-", -EINVAL },
		{ "18446744073709551615", 0, ULONG_MAX }, { "18446744073709551616", -EINVAL },
		{ "0x10000000000000000", -EINVAL }, { "000000000000000000001", -EINVAL }, { "\v\f1\n\n", 0, 1 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		value = 0;
		CHECK_EQ(write_text(proc_doulongvec_minmax, &table, cases[i].text), cases[i].rc);
		CHECK_EQ(value, cases[i].value);
	}
}

TEST(every_kind_has_its_limits)
{
	unsigned int ulow = 10, uhigh = 20, uvalue = 15;
	unsigned long llow = 3, lhigh = 30000, lvalue = 9;
	u8 byte = 1;
	bool flag[4] = { true };
	int value = 0;
	struct ctl_table uints = { .data = &uvalue, .maxlen = 4, .extra1 = &ulow, .extra2 = &uhigh };
	struct ctl_table longs = { .data = &lvalue, .maxlen = sizeof(long), .extra1 = &llow, .extra2 = &lhigh };
	struct ctl_table u8s = { .data = &byte, .maxlen = 1 };
	struct ctl_table bools = { .data = flag, .maxlen = sizeof(int) };
	struct ctl_table ints = { .data = &value, .maxlen = sizeof(int) };

	CHECK_EQ(write_text(proc_douintvec_minmax, &uints, "9"), -EINVAL);
	CHECK_EQ(write_text(proc_douintvec_minmax, &uints, "21"), -EINVAL);
	CHECK_EQ(write_text(proc_douintvec_minmax, &uints, "20"), 0);
	CHECK_EQ(uvalue, 20);
	uints.maxlen = 8;
	CHECK_EQ(write_text(proc_douintvec, &uints, "1"), -EINVAL);	/* an array */
	CHECK_EQ(write_text(proc_doulongvec_minmax, &longs, "2"), -EINVAL);
	CHECK_EQ(write_text(proc_doulongvec_minmax, &longs, "30001"), -EINVAL);
	CHECK_EQ(write_text(proc_doulongvec_ms_jiffies_minmax, &longs, "30000"), 0);
	CHECK_EQ(lvalue, msecs_to_jiffies(30000));
	CHECK_EQ(write_text(proc_dou8vec_minmax, &u8s, "256"), -EINVAL);
	CHECK_EQ(write_text(proc_dou8vec_minmax, &u8s, "255"), 0);
	CHECK_EQ(byte, 255);
	CHECK_EQ(write_text(proc_dobool, &bools, "0"), 0);
	CHECK(!flag[0]);
	CHECK_EQ(write_text(proc_dobool, &bools, "7"), 0);
	CHECK(flag[0]);
	CHECK_EQ(write_text(proc_dointvec_jiffies, &ints, "-3"), 0);
	CHECK_EQ(value, -3 * HZ);
	CHECK_EQ(write_text(proc_dointvec_jiffies, &ints, "4000000"), -EINVAL);
	CHECK_EQ(write_text(proc_dointvec_userhz_jiffies, &ints, "250"), 0);
	CHECK_EQ(value, 5 * HZ / 2);
	CHECK_EQ(write_text(proc_dointvec_ms_jiffies, &ints, "1500"), 0);
	CHECK_EQ(value, (int)msecs_to_jiffies(1500));
}

TEST(strings_go_on_where_they_ended)
{
	char value[8] = "abcdef", text[] = "XYZ\n";
	struct ctl_table table = { .data = value, .maxlen = sizeof(value) };
	size_t len = 4;
	loff_t pos = 2;

	CHECK_EQ(proc_dostring(&table, 1, text, &len, &pos), 0);
	CHECK_STREQ(value, "abXYZ");
	CHECK_EQ(pos, 6);
	len = 3;
	CHECK_EQ(proc_dostring(&table, 1, text, &len, &pos), 0);	/* that would leave a gap */
	CHECK_STREQ(value, "abXYZ");
	pos = 0;
	len = 3;
	CHECK_EQ(proc_dostring(&table, 0, text, &len, &pos), 0);
	CHECK(!memcmp(text, "abX", 3));
	CHECK_EQ(proc_dostring(&table, 0, text, &len, &pos), 0);
	CHECK(!memcmp(text, "YZ\n", 3));
	CHECK_EQ(proc_dostring(&table, 0, text, &len, &pos), 0);
	CHECK_EQ(len, 0);
}

TEST(bitmaps_are_ranges)
{
	unsigned long words[2] = { 0, 0 }, *bits = words;
	struct ctl_table table = { .data = &bits, .maxlen = 100 };
	char text[64] = "";
	size_t len = sizeof(text);
	loff_t pos = 0;
	static const char *const bad[] = { "100", "5-4", "-1", "1-100", "1,,2", "1-", "a", "1;2", "1-2-3" };

	CHECK_EQ(write_text(proc_do_large_bitmap, &table, "1,3-5,64-99\n"), 0);
	CHECK_EQ(words[0], 0x3a);
	CHECK_EQ(words[1], 0xfffffffffull);
	CHECK_EQ(proc_do_large_bitmap(&table, 0, text, &len, &pos), 0);
	CHECK_STREQ(text, "1,3-5,64-99\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(write_text(proc_do_large_bitmap, &table, bad[i]), -EINVAL);
	CHECK_EQ(words[0], 0x3a);
	text[0] = '7';
	len = 1;
	CHECK_EQ(proc_do_large_bitmap(&table, 1, text, &len, &pos), 0);	/* not from the start: it adds */
	CHECK_EQ(words[0], 0xba);
	CHECK_EQ(write_text(proc_do_large_bitmap, &table, "2"), 0);
	CHECK_EQ(words[0], 4);
	CHECK_EQ(words[1], 0);
}

/* A page at a time, and no number is torn. */
TEST(a_bitmap_takes_text_longer_than_a_page)
{
	unsigned long *bits = kzalloc(1024, GFP_KERNEL);
	struct ctl_table table = { .data = &bits, .maxlen = 8192 };
	char *text = kzalloc(20000, GFP_KERNEL), *seen = kzalloc(20000, GFP_KERNEL);
	size_t length = 0, len;
	loff_t pos = 0;

	for (int i = 0; i < 8000; i += 3)
		length += (size_t)scnprintf(text + length, 20000 - length, i % 2 ? "%s%d-%d" : "%s%d", i ? "," : "", i, i + 1);
	for (size_t done = 0; done < length; done += len) {
		len = length - done;
		CHECK_EQ(proc_do_large_bitmap(&table, 1, text + done, &len, &pos), 0);
		CHECK(len > 0 && len < PAGE_SIZE);
	}
	pos = 0;
	len = 20000;
	CHECK_EQ(proc_do_large_bitmap(&table, 0, seen, &len, &pos), 0);
	CHECK_EQ(len, length + 1);
	CHECK(!memcmp(seen, text, length));
	kfree(text);
	kfree(seen);
	kfree(bits);
}

TEST(a_static_key_is_a_switch)
{
	DEFINE_STATIC_KEY_FALSE(key);
	struct ctl_table table = { .data = &key.key, .maxlen = sizeof(key) };

	rig_start(1, 2);
	CHECK_EQ(write_text(proc_do_static_key, &table, "1"), 0);
	CHECK(static_key_enabled(&key));
	CHECK_EQ(write_text(proc_do_static_key, &table, "2"), -EINVAL);
	CHECK(static_key_enabled(&key));
	CHECK_EQ(write_text(proc_do_static_key, &table, "0"), 0);
	CHECK(!static_key_enabled(&key));
	rig_stop();
}
