/* SPDX-License-Identifier: MIT */
/* Stacks that are kept, tables as large as memory, and text that is printed into a seq_file. */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/stacktrace.h>
#include <linux/timer.h>

#include "rig.h"

static noinline unsigned int save_here(unsigned long *entries, unsigned int nr, unsigned int skip)
{
	unsigned int saved = stack_trace_save(entries, nr, skip);

	barrier();	/* no tail call */
	return saved;
}

TEST(a_stack_begins_with_who_asked)
{
	unsigned long here[16], caller[16];
	unsigned int nr = save_here(here, 16, 0), fewer = save_here(caller, 16, 1);

	CHECK(nr > 2);
	CHECK(here[0] - (unsigned long)save_here < 4096);
	CHECK_EQ(fewer, nr - 1);
	CHECK_EQ(caller[1], here[2]);
	CHECK_EQ(save_here(here, 2, 0), 2);
	CHECK_EQ(save_here(here, 16, 60), 0);
	CHECK_EQ(filter_irq_stacks(caller, fewer), fewer);
}

static unsigned long timer_stack[32];
static unsigned int timer_entries, timer_filtered;
static int timer_ran;

static void on_timer(struct timer_list *timer)
{
	timer_entries = stack_trace_save(timer_stack, ARRAY_SIZE(timer_stack), 0);
	timer_filtered = filter_irq_stacks(timer_stack, timer_entries);
	__atomic_store_n(&timer_ran, 1, __ATOMIC_RELEASE);
}

TEST(a_softirqs_stack_ends_where_it_was_entered)
{
	static struct timer_list timer;

	rig_start(1, 2);
	timer_setup(&timer, on_timer, 0);
	mod_timer(&timer, jiffies + 1);
	while (!__atomic_load_n(&timer_ran, __ATOMIC_ACQUIRE))
		usleep_range(100, 200);
	del_timer_sync(&timer);
	rig_stop();
	CHECK(timer_filtered > 1);
	CHECK(timer_filtered < timer_entries);
}

TEST(a_table_has_a_power_of_2_of_buckets)
{
	unsigned int shift, mask;
	void **table;

	ring3_console_loglevel(-1);
	table = alloc_large_system_hash("test", sizeof(void *), 1000, 14, HASH_EARLY | HASH_ZERO, &shift, &mask, 0, 0);
	CHECK_EQ(shift, 10);
	CHECK_EQ(mask, 1023);
	for (unsigned int i = 0; i <= mask; i++)
		CHECK(!table[i]);
	kvfree(table);
	table = alloc_large_system_hash("test", sizeof(void *), 0, 14, HASH_ZERO, NULL, &mask, 64, 4096);
	CHECK(mask >= 63 && mask <= 4095);
	kvfree(table);
	table = alloc_large_system_hash("test", sizeof(void *), 10, 14, HASH_SMALL, NULL, &mask, 100, 200);
	CHECK_EQ(mask, 127);
	kvfree(table);
	CHECK(nr_free_buffer_pages() > 0);
	CHECK(nr_free_buffer_pages() <= mem_region_pages);
}

TEST(text_that_does_not_fit_is_said_to)
{
	char buf[16];
	struct seq_file m = { .buf = buf, .size = sizeof(buf) };

	seq_printf(&m, "%d", 12);
	seq_put_decimal_ull_width(&m, ",", 7, 3);
	seq_put_hex_ll(&m, NULL, 0xab, 4);
	CHECK_EQ(m.count, 10);
	CHECK(!memcmp(buf, "12,  700ab", 10));
	seq_setwidth(&m, 3);
	seq_escape(&m, "x", " ");
	seq_pad(&m, '|');
	CHECK_EQ(m.count, 14);
	CHECK(!memcmp(buf + 10, "x  |", 4));
	CHECK(!seq_has_overflowed(&m));
	CHECK_EQ(seq_write(&m, "abc", 3), -1);
	CHECK(seq_has_overflowed(&m));
	m.count = 0;
	seq_escape(&m, "a b", " ");
	seq_put_decimal_ll(&m, "=", -5);
	CHECK_EQ(m.count, 9);
	CHECK(!memcmp(buf, "a\\040b=-5", 9));
}
