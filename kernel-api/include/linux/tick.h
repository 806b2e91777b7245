/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TICK_H
#define _LINUX_TICK_H

/* Differs from the kernel: no tick, so nothing depends on one. */
#include <linux/sched.h>

enum tick_dep_bits {
	TICK_DEP_BIT_POSIX_TIMER, TICK_DEP_BIT_PERF_EVENTS, TICK_DEP_BIT_SCHED, TICK_DEP_BIT_CLOCK_UNSTABLE,
	TICK_DEP_BIT_RCU, TICK_DEP_BIT_RCU_EXP
};
static inline bool tick_nohz_full_enabled(void) { return false; }
static inline bool tick_nohz_full_cpu(int cpu) { return false; }
static inline void tick_dep_set_task(struct task_struct *task, enum tick_dep_bits bit) { }
static inline void tick_dep_clear_task(struct task_struct *task, enum tick_dep_bits bit) { }

#endif /* _LINUX_TICK_H */
