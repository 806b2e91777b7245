/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_DEBUG_H
#define _LINUX_SCHED_DEBUG_H

#include <linux/compiler_types.h>

struct task_struct;
__visible void sched_show_task(struct task_struct *task);	/* one line of the log */
__visible void dump_stack(void);				/* this thread's, to stderr */

#endif /* _LINUX_SCHED_DEBUG_H */
