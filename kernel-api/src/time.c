/* SPDX-License-Identifier: MIT */
/* time.c - clocks, jiffies, and sleeping by the clock: timekeeping.h, jiffies.h, delay.h. */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>

#include "sched_impl.h"

u64 ktime_get_ns(void) { return host_now_ns(); }
u64 ktime_get_real_ns(void) { return host_clock_ns(HOST_CLOCK_REAL); }
u64 ktime_get_boottime_ns(void) { return host_clock_ns(HOST_CLOCK_BOOT); }
u64 ktime_get_raw_ns(void) { return host_clock_ns(HOST_CLOCK_RAW); }
u64 ktime_get_clocktai_ns(void) { return host_clock_ns(HOST_CLOCK_TAI); }

static u64 boot_ns;

__attribute__((__constructor__)) static void boot_init(void)
{
	boot_ns = host_now_ns();
}

unsigned long ring3_jiffies(void)
{
	return INITIAL_JIFFIES + (host_now_ns() - boot_ns) / NSEC_PER_MSEC;
}

/* CLOCK_MONOTONIC at which jiffies becomes @j; any time in the past for the past, 2^62 ns at most. */
u64 sched_ns_of_jiffies(unsigned long j)
{
	u64 now = host_now_ns();
	unsigned long now_j = INITIAL_JIFFIES + (now - boot_ns) / NSEC_PER_MSEC;
	long left = (long)(j - now_j);

	if (left <= 0)
		return now;
	if (left > (1l << 62) / NSEC_PER_MSEC)
		return 1ull << 62;
	return boot_ns + (now_j - INITIAL_JIFFIES + (unsigned long)left) * NSEC_PER_MSEC;
}

unsigned long loops_per_jiffy = TICK_NSEC;

/* Years begin in March, so that the day that may be missing is the last; 1970 is 719468 days behind year 0's. */
time64_t mktime64(unsigned int year, unsigned int month, unsigned int day, unsigned int hour,
		  unsigned int min, unsigned int sec)
{
	s64 y = month > 2 ? year : (s64)year - 1, m = month > 2 ? month - 3 : month + 9;
	s64 days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;

	return ((days * 24 + hour) * 60 + min) * 60 + sec;
}

void msleep(unsigned int ms)
{
	schedule_timeout_uninterruptible((long)msecs_to_jiffies(ms));
}

unsigned long msleep_interruptible(unsigned int ms)
{
	return jiffies_to_msecs((unsigned long)schedule_timeout_interruptible((long)msecs_to_jiffies(ms)));
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	might_sleep();
	task_sleeps(current);
	host_sleep_ns(min_us * NSEC_PER_USEC);
	task_wakes(current);
}

void ndelay(unsigned long ns)
{
	u64 end = host_now_ns() + ns;

	while (host_now_ns() < end)
		cpu_relax();
}

void udelay(unsigned long us)
{
	ndelay(us * NSEC_PER_USEC);
}
