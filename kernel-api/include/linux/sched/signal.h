/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_SIGNAL_H
#define _LINUX_SCHED_SIGNAL_H

/*
 * Signals: state of this library only, no POSIX signals. They wake interruptible sleeps;
 * SIGKILL wakes killable ones too. A kthread sees none but those it allowed.
 */
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#define SIGHUP	1
#define SIGINT	2
#define SIGQUIT	3
#define SIGKILL	9
#define SIGUSR1	10
#define SIGUSR2	12
#define SIGPIPE	13
#define SIGALRM	14
#define SIGTERM	15

static inline u64 ring3_sigbit(int sig) { return 1ull << (sig - 1); }
static inline int signal_pending(struct task_struct *task)
{
	return __atomic_load_n(&task->signal, __ATOMIC_ACQUIRE) != 0;
}
static inline int fatal_signal_pending(struct task_struct *task)
{
	return (__atomic_load_n(&task->signal, __ATOMIC_ACQUIRE) & ring3_sigbit(SIGKILL)) != 0;
}
static inline int signal_pending_state(unsigned int state, struct task_struct *task)
{
	if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) || !signal_pending(task))
		return 0;
	return (state & TASK_INTERRUPTIBLE) || fatal_signal_pending(task);
}
static inline void flush_signals(struct task_struct *task) { __atomic_store_n(&task->signal, 0, __ATOMIC_RELEASE); }
static inline void allow_signal(int sig)
{
	__atomic_fetch_or(&current->signal_allowed, ring3_sigbit(sig), __ATOMIC_RELAXED);
}
static inline void disallow_signal(int sig)
{
	__atomic_fetch_and(&current->signal_allowed, ~ring3_sigbit(sig), __ATOMIC_RELAXED);
	__atomic_fetch_and(&current->signal, ~ring3_sigbit(sig), __ATOMIC_RELAXED);
}
/* 0, also where a kthread does not want it; -EINVAL for no signal. Any context. */
__visible int send_sig(int sig, struct task_struct *task, int priv);

#endif /* _LINUX_SCHED_SIGNAL_H */
