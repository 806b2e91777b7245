/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

/*
 * Tasks, and how they sleep: state first, then schedule(); a waker sets TASK_RUNNING.
 *
 * Differs from the kernel: struct task_struct has only what hosted code reads; there are
 * neither priorities nor classes, the host's scheduler decides; a task changes its virtual
 * CPU only where it owns none.
 */
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/spinlock_types.h>
#include <linux/thread_info.h>
#include <linux/types.h>

#define TASK_RUNNING		0x0000
#define TASK_INTERRUPTIBLE	0x0001
#define TASK_UNINTERRUPTIBLE	0x0002
#define TASK_PARKED		0x0040
#define TASK_DEAD		0x0080
#define TASK_WAKEKILL		0x0100
#define TASK_NOLOAD		0x0400
#define TASK_KILLABLE		(TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE		(TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_COMM_LEN		16
#define PF_EXITING		0x00000004
#define PF_WQ_WORKER		0x00000020
#define PF_MEMALLOC		0x00000800
#define PF_NOFREEZE		0x00008000
#define PF_KTHREAD		0x00200000
#define PF_NO_SETAFFINITY	0x04000000	/* bound to its virtual CPU by kthread_bind() */
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX
#define MAX_NICE		19
#define MIN_NICE		(-20)

struct cpumask;
struct kunit;
struct wait_queue_head;

struct task_struct {
	unsigned int	__state;		/* atomic; also the futex it sleeps on */
	unsigned int	cpu;			/* atomic: the virtual CPU it is bound to */
	unsigned int	flags;			/* PF_* */
	pid_t		pid;			/* the thread's id */
	unsigned long	rcu_mark;		/* atomic: 0, or the grace period it began to read in; rcu.c */
	u64		signal;			/* atomic: bit per pending signal of this library */
	u64		signal_allowed;		/* atomic: those a kthread wants to see */
	unsigned int	generation;		/* atomic: of the kernel that @cpu is one of */
	bool		on_event_task;
	char		comm[TASK_COMM_LEN];
	void		*kthread;		/* struct kthread, for kthreads */
	struct list_head rcu_entry;		/* in the list of all tasks; rcu.c */
	unsigned long	sleeps;			/* atomic: twice the sleeps it took, odd within one; rcu_tasks.c */
	unsigned long	tasks_seen;		/* of a grace period: 0, or 1 + sleeps as it began */
	int		trc_reader_nesting;	/* of rcu_read_lock_trace() */
	int		trc_idx;		/* what the outermost of them took */
	refcount_t	usage;			/* of a kthread's */
	struct kunit	*kunit_test;		/* that runs on it; KUnit's */
	void		*journal_info;
	int		pagefault_disabled;	/* how often; its own */
	unsigned int	rt_priority;		/* 0: there are none */
	raw_spinlock_t	pi_lock;
	const struct wait_queue_head *waits_on;	/* atomic: it queued itself there last, and may be long gone; for dumps */
};

/* Never NULL: a thread that was not made here gets one at first use. */
__visible extern __thread struct task_struct *ring3_current RING3_TLS;
__visible struct task_struct *ring3_current_make(void);
static inline struct task_struct *get_current(void)
{
	return likely(ring3_current) ? ring3_current : ring3_current_make();
}
#define current			get_current()

/* The state, then what is looked at after it; __set_current_state() where no order is needed. */
#define set_current_state(state)	__atomic_store_n(&current->__state, (state), __ATOMIC_SEQ_CST)
#define __set_current_state(state)	__atomic_store_n(&current->__state, (state), __ATOMIC_RELAXED)
#define get_current_state()		READ_ONCE(current->__state)
#define set_special_state(state)	set_current_state(state)
#define task_is_running(task)		(READ_ONCE((task)->__state) == TASK_RUNNING)

/* Sleep until woken, unless the state is TASK_RUNNING. Not in atomic context, nor in rcu_read_lock(). */
__visible void schedule(void);
/* The same for at most @timeout jiffies; returns what is left of them. */
__visible long schedule_timeout(long timeout);
__visible long schedule_timeout_interruptible(long timeout);
__visible long schedule_timeout_uninterruptible(long timeout);
__visible long schedule_timeout_killable(long timeout);
__visible long schedule_timeout_idle(long timeout);
static inline long io_schedule_timeout(long timeout) { return schedule_timeout(timeout); }
static inline void io_schedule(void) { schedule(); }
__visible int wake_up_process(struct task_struct *task);	/* 1: it slept */
__visible int wake_up_state(struct task_struct *task, unsigned int state);
__visible int try_to_wake_up(struct task_struct *task, unsigned int state, int wake_flags);
/* A place where it could sleep; never does, for the host's scheduler needs no help. Returns 0. */
__visible int cond_resched(void);
#define cond_resched_lock(lock)		({ (void)(lock); 0; })
__visible bool need_resched(void);	/* another thread waits for the virtual CPU that this one owns */
#define spin_needbreak(lock)		need_resched()
__visible void yield(void);

#define task_cpu(task)			READ_ONCE((task)->cpu)
/* From its next preempt_disable() on. -EINVAL: no such CPU, or a task that must not move. */
__visible int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask);
#define task_pid_nr(task)		((task)->pid)
#define task_pid_vnr(task)		((task)->pid)
#define get_task_comm(buf, task)	strscpy((buf), (task)->comm, sizeof(buf))
static inline void set_user_nice(struct task_struct *task, long nice) { }
#define SCHED_NORMAL	0
#define SCHED_FIFO	1
#define SCHED_RR	2
struct sched_param;
static inline int sched_setscheduler_nocheck(struct task_struct *task, int policy, const struct sched_param *param)
{
	return 0;
}
static inline int task_nice(const struct task_struct *task) { return 0; }
static inline void sched_set_normal(struct task_struct *task, int nice) { }
static inline void sched_set_fifo(struct task_struct *task) { }
static inline void sched_set_fifo_low(struct task_struct *task) { }

#endif /* _LINUX_SCHED_H */
