/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_TASK_H
#define _LINUX_SCHED_TASK_H

/* References to tasks: a kthread's task stays, ended or not, while there are any. */
#include <linux/sched.h>

__visible struct task_struct *get_task_struct(struct task_struct *task);
__visible void put_task_struct(struct task_struct *task);

#endif /* _LINUX_SCHED_TASK_H */
