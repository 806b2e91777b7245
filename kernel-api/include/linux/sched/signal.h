/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_SIGNAL_H
#define _LINUX_SCHED_SIGNAL_H

#include <linux/errno.h>
#include <linux/sched.h>

#define SIGINT	2
#define SIGKILL	9
#define SIGTERM	15

/* State of this library only, no POSIX signals: they wake interruptible sleeps. */
static inline int signal_pending(struct task_struct *task)
{
	return __atomic_load_n(&task->signal, __ATOMIC_ACQUIRE) != 0;
}
static inline void flush_signals(struct task_struct *task) { __atomic_store_n(&task->signal, 0, __ATOMIC_RELEASE); }
__visible int send_sig(int sig, struct task_struct *task, int priv);

#endif /* _LINUX_SCHED_SIGNAL_H */
