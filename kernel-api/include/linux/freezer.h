/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FREEZER_H
#define _LINUX_FREEZER_H

/* Differs from the kernel: nothing is ever frozen. */
#include <linux/sched.h>
#include <linux/wait.h>

static inline bool frozen(struct task_struct *task) { return false; }
static inline bool freezing(struct task_struct *task) { return false; }
static inline bool try_to_freeze(void) { return false; }
static inline void set_freezable(void) { }
static inline void freezer_do_not_count(void) { }
static inline void freezer_count(void) { }
#define freezable_schedule()		schedule()
#define freezable_schedule_timeout(t)	schedule_timeout(t)
#define freezable_schedule_timeout_interruptible(t)	schedule_timeout_interruptible(t)

#endif /* _LINUX_FREEZER_H */
