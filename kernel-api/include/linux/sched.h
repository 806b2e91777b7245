/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

/*
 * Tasks, and how they sleep: state first, then schedule(); a waker sets TASK_RUNNING.
 *
 * Differs from the kernel: struct task_struct has only what hosted code reads.
 */
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

#define TASK_RUNNING		0x0
#define TASK_INTERRUPTIBLE	0x1
#define TASK_UNINTERRUPTIBLE	0x2
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_COMM_LEN		16
#define PF_KTHREAD		0x00200000
#define PF_NO_SETAFFINITY	0x04000000	/* bound to its virtual CPU by kthread_bind() */
#define PF_WQ_WORKER		0x00000020
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX

struct task_struct {
	unsigned int	__state;		/* atomic; also the futex it sleeps on */
	int		preempt_count;		/* its own thread only */
	unsigned int	cpu;			/* the virtual CPU it is bound to */
	unsigned int	flags;			/* PF_* */
	pid_t		pid;			/* the thread's id */
	unsigned int	signal;			/* atomic: bit per pending signal of this library */
	bool		on_event_task;
	char		comm[TASK_COMM_LEN];
	void		*kthread;		/* struct kthread, for kthreads */
	int		rcu_read_lock_nesting;	/* its own thread only */
	unsigned long	rcu_seq;		/* atomic: 0, or the grace period it began to read in */
	struct list_head rcu_entry;		/* in the list of all tasks; rcu.c */
	refcount_t	usage;			/* of a kthread's */
	struct kunit	*kunit_test;		/* that runs on it; KUnit's */
	void		*journal_info;
};

/* Never NULL: a thread that was not made here gets one at first use. */
__visible extern __thread struct task_struct *ring3_current;
__visible struct task_struct *ring3_current_make(void);
static inline struct task_struct *get_current(void)
{
	return likely(ring3_current) ? ring3_current : ring3_current_make();
}
#define current			get_current()

#define set_current_state(state)	__atomic_store_n(&current->__state, (state), __ATOMIC_SEQ_CST)
#define __set_current_state(state)	__atomic_store_n(&current->__state, (state), __ATOMIC_RELAXED)

/* Sleep until woken, unless the state is TASK_RUNNING. Not in atomic context. */
__visible void schedule(void);
/* The same for at most @timeout jiffies; returns what is left of them. */
__visible long schedule_timeout(long timeout);
__visible long schedule_timeout_interruptible(long timeout);
__visible long schedule_timeout_uninterruptible(long timeout);
__visible int wake_up_process(struct task_struct *task);	/* 1: it slept */
__visible int try_to_wake_up(struct task_struct *task, unsigned int state, int wake_flags);
__visible int cond_resched(void);
#define cond_resched_lock(lock)		({ (void)(lock); 0; })
#define need_resched()			0
#define task_pid_nr(task)		((task)->pid)
#define task_pid_vnr(task)		((task)->pid)
#define get_task_comm(buf, task)	strscpy((buf), (task)->comm, sizeof(buf))
#define task_cpu(task)			((task)->cpu)
#define schedule_timeout_idle(timeout)	schedule_timeout_uninterruptible(timeout)
#define set_user_nice(task, nice)	do { } while (0)
#define MAX_NICE			19
#define MIN_NICE			(-20)
__visible void yield(void);

#endif /* _LINUX_SCHED_H */
