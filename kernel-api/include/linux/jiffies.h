/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H

/*
 * Milliseconds of CLOCK_MONOTONIC since the library was loaded, from INITIAL_JIFFIES on: five
 * minutes before 32 bits of them are used up, as in the kernel.
 *
 * Differs from the kernel: jiffies is a function call, and HZ is 1000.
 */
#include <asm/timex.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/time.h>
#include <linux/types.h>

#define HZ			1000
#define TICK_NSEC		NSEC_PER_MSEC
#define TICK_USEC		1000L
#define INITIAL_JIFFIES		((unsigned long)(unsigned int)(-300 * HZ))
#define MAX_JIFFY_OFFSET	((LONG_MAX >> 1) - 1)

__visible unsigned long ring3_jiffies(void);	/* any context */
#define jiffies			ring3_jiffies()
#define jiffies_64		((u64)ring3_jiffies())
#define get_jiffies_64()	((u64)ring3_jiffies())

#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
#define time_in_range(a, b, c)	(time_after_eq(a, b) && time_before_eq(a, c))
#define time_in_range_open(a, b, c) (time_after_eq(a, b) && time_before(a, c))
#define time_after64(a, b)	((s64)((b) - (a)) < 0)
#define time_before64(a, b)	time_after64(b, a)
#define time_after_eq64(a, b)	((s64)((a) - (b)) >= 0)
#define time_before_eq64(a, b)	time_after_eq64(b, a)
#define time_in_range64(a, b, c) (time_after_eq64(a, b) && time_before_eq64(a, c))
#define time_is_before_jiffies(a)	time_after(jiffies, a)
#define time_is_after_jiffies(a)	time_before(jiffies, a)
#define time_is_before_eq_jiffies(a)	time_after_eq(jiffies, a)
#define time_is_after_eq_jiffies(a)	time_before_eq(jiffies, a)

/* A negative time, as an int, is the longest there is. */
static inline unsigned long msecs_to_jiffies(unsigned int ms) { return (int)ms < 0 ? MAX_JIFFY_OFFSET : ms; }
static inline unsigned long usecs_to_jiffies(unsigned int us) { return (us + 999ul) / 1000; }
static inline unsigned int jiffies_to_msecs(unsigned long j) { return (unsigned int)j; }
static inline unsigned int jiffies_to_usecs(unsigned long j) { return (unsigned int)(j * 1000); }
static inline u64 jiffies_to_nsecs(unsigned long j) { return (u64)j * TICK_NSEC; }
static inline u64 jiffies64_to_nsecs(u64 j) { return j * TICK_NSEC; }
static inline u64 jiffies64_to_msecs(u64 j) { return j; }
static inline unsigned long nsecs_to_jiffies(u64 ns) { return (unsigned long)(ns / TICK_NSEC); }
static inline u64 nsecs_to_jiffies64(u64 ns) { return ns / TICK_NSEC; }
static inline unsigned long timespec64_to_jiffies(const struct timespec64 *ts)
{
	return (unsigned long)((timespec64_to_ns(ts) + TICK_NSEC - 1) / TICK_NSEC);
}
static inline void jiffies_to_timespec64(unsigned long j, struct timespec64 *ts)
{
	*ts = ns_to_timespec64((s64)jiffies_to_nsecs(j));
}
static inline long jiffies_to_clock_t(unsigned long j) { return (long)(j / (HZ / 100)); }
static inline unsigned long clock_t_to_jiffies(unsigned long t) { return t * (HZ / 100); }

#endif /* _LINUX_JIFFIES_H */
