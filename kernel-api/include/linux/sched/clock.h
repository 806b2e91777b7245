/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_CLOCK_H
#define _LINUX_SCHED_CLOCK_H

#include <linux/ktime.h>

/* CLOCK_MONOTONIC on all CPUs. */
static inline u64 sched_clock(void) { return ktime_get_ns(); }
static inline u64 local_clock(void) { return ktime_get_ns(); }
static inline u64 cpu_clock(int cpu) { return ktime_get_ns(); }

#endif /* _LINUX_SCHED_CLOCK_H */
