/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DELAY_H
#define _LINUX_DELAY_H

#include <linux/sched.h>
#include <linux/types.h>

/* Sleep: BUG in atomic context. */
__visible void msleep(unsigned int ms);
__visible unsigned long msleep_interruptible(unsigned int ms);	/* what a signal left, in ms */
__visible void usleep_range(unsigned long min_us, unsigned long max_us);
static inline void usleep_idle_range(unsigned long min_us, unsigned long max_us) { usleep_range(min_us, max_us); }
static inline void ssleep(unsigned int secs) { msleep(secs * 1000); }
static inline void fsleep(unsigned long us) { usleep_range(us, 2 * us); }
/* Spin. Any context. */
__visible void ndelay(unsigned long ns);
__visible void udelay(unsigned long us);
#define mdelay(ms)	udelay((ms) * 1000ul)
/* They look at the clock, so that a "loop" is a nanosecond, as where a kernel's delays have a timer. */
__visible extern unsigned long loops_per_jiffy;

#endif /* _LINUX_DELAY_H */
