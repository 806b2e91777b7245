/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_JIFFIES_H
#define _LINUX_JIFFIES_H

/*
 * Differs from the kernel: jiffies is a function call, and HZ is 1000.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/time.h>
#include <linux/types.h>

#define HZ			1000
#define INITIAL_JIFFIES		((unsigned long)(unsigned int)(-300 * HZ))

/* Milliseconds of CLOCK_MONOTONIC since the start, from INITIAL_JIFFIES on. */
__visible unsigned long ring3_jiffies(void);
#define jiffies			ring3_jiffies()
#define get_jiffies_64()	((u64)ring3_jiffies())
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
static inline unsigned long msecs_to_jiffies(unsigned int ms) { return ms; }
static inline unsigned int jiffies_to_msecs(unsigned long j) { return (unsigned int)j; }
static inline unsigned long usecs_to_jiffies(unsigned int us) { return (us + 999) / 1000; }

#endif /* _LINUX_JIFFIES_H */
