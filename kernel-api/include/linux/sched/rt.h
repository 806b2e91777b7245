/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_RT_H
#define _LINUX_SCHED_RT_H

/* Differs from the kernel: there are no priorities, the host decides. */
#include <linux/sched.h>

#define MAX_RT_PRIO	100
static inline int rt_prio(int prio) { return prio < MAX_RT_PRIO; }
static inline int rt_task(struct task_struct *task) { return 0; }

#endif /* _LINUX_SCHED_RT_H */
