/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_WAIT_H
#define _LINUX_WAIT_H

/*
 * Wait queues: entries are callbacks, run under the queue's lock. A waiter queues itself
 * and sets its state, then looks at the condition, then sleeps.
 *
 * Differs from the kernel: wake-ups are never "sync"; freezable sleeps are interruptible ones.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

#define WQ_FLAG_EXCLUSIVE	0x01
#define WQ_FLAG_WOKEN		0x02
#define WQ_FLAG_PRIORITY	0x20

struct wait_queue_entry {
	unsigned int		flags;
	void			*private;	/* the task, for the default functions */
	wait_queue_func_t	func;
	struct list_head	entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;

struct wait_queue_head {
	spinlock_t		lock;
	struct list_head	head;
	const char		*name;		/* as written where it was set up; for dumps */
};
typedef struct wait_queue_head wait_queue_head_t;

#define RING3_WAIT_QUEUE_INIT(wq, text) \
	{ .lock = __SPIN_LOCK_UNLOCKED((wq).lock), .head = LIST_HEAD_INIT((wq).head), .name = (text) }
#define __WAIT_QUEUE_HEAD_INITIALIZER(wq) RING3_WAIT_QUEUE_INIT(wq, #wq)
#define DECLARE_WAIT_QUEUE_HEAD(name)	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)
static inline void ring3_waitqueue_init(struct wait_queue_head *wq, const char *name)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->head);
	wq->name = name;
}
#define init_waitqueue_head(wq)	ring3_waitqueue_init((wq), #wq)
#define __init_waitqueue_head(wq, name, key) ring3_waitqueue_init((wq), (name))
/* A hint, without the lock; _sleeper() orders the look behind what was stored before. */
static inline int waitqueue_active(struct wait_queue_head *wq) { return READ_ONCE(wq->head.next) != &wq->head; }
static inline bool wq_has_sleeper(struct wait_queue_head *wq)
{
	smp_mb();
	return waitqueue_active(wq);
}

__visible int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
__visible int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
__visible int woken_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
#define __WAITQUEUE_INITIALIZER(name, tsk)						\
	{ .private = (tsk), .func = default_wake_function, .entry = LIST_HEAD_INIT((name).entry) }
#define DECLARE_WAITQUEUE(name, tsk)	struct wait_queue_entry name = __WAITQUEUE_INITIALIZER(name, tsk)
#define DEFINE_WAIT_FUNC(name, function)						\
	struct wait_queue_entry name = {						\
		.private = current, .func = (function), .entry = LIST_HEAD_INIT((name).entry),	\
	}
#define DEFINE_WAIT(name)		DEFINE_WAIT_FUNC(name, autoremove_wake_function)
static inline void init_waitqueue_entry(struct wait_queue_entry *entry, struct task_struct *task)
{
	*entry = (struct wait_queue_entry)__WAITQUEUE_INITIALIZER(*entry, task);
}
static inline void init_waitqueue_func_entry(struct wait_queue_entry *entry, wait_queue_func_t func)
{
	*entry = (struct wait_queue_entry){ .func = func, .entry = LIST_HEAD_INIT(entry->entry) };
}
__visible void init_wait_entry(struct wait_queue_entry *entry, int flags);
#define init_wait(wait)	init_wait_entry((wait), 0)

__visible void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry);
__visible void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry);
__visible void add_wait_queue_priority(struct wait_queue_head *wq, struct wait_queue_entry *entry);
__visible void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry);
/* Dumps look for waiters in @wq, too: for entries that no task waits with. */
__visible void ring3_wait_seen(const struct wait_queue_head *wq);
/* The same with the queue's lock held. */
static inline void __add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	ring3_wait_seen(wq);
	list_add(&entry->entry, &wq->head);
}
static inline void __add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	ring3_wait_seen(wq);
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add(&entry->entry, &wq->head);
}
static inline void __add_wait_queue_entry_tail(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	ring3_wait_seen(wq);
	list_add_tail(&entry->entry, &wq->head);
}
static inline void __add_wait_queue_entry_tail_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	ring3_wait_seen(wq);
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add_tail(&entry->entry, &wq->head);
}
static inline void __remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	list_del(&entry->entry);
}

__visible void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state);
/* true: it was the first to wait. */
__visible bool prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state);
/* 0, or -ERESTARTSYS and not queued: a signal is pending. */
__visible long prepare_to_wait_event(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state);
__visible void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry);
/* Sleep unless woken_wake_function() was called since the last time. */
__visible long wait_woken(struct wait_queue_entry *entry, unsigned int mode, long timeout);

/* Any context. @nr_exclusive: 0 = all of them. The second with the queue's lock held. */
__visible int __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key);
__visible void __wake_up_locked(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive);
__visible void __wake_up_locked_key(struct wait_queue_head *wq, unsigned int mode, void *key);

#define poll_to_key(m)			((void *)(unsigned long)(m))
#define key_to_poll(m)			((__poll_t)(unsigned long)(m))
#define wake_up(wq)			__wake_up((wq), TASK_NORMAL, 1, NULL)
#define wake_up_nr(wq, nr)		__wake_up((wq), TASK_NORMAL, (nr), NULL)
#define wake_up_all(wq)			__wake_up((wq), TASK_NORMAL, 0, NULL)
#define wake_up_sync(wq)		wake_up(wq)
#define wake_up_locked(wq)		__wake_up_locked((wq), TASK_NORMAL, 1)
#define wake_up_all_locked(wq)		__wake_up_locked((wq), TASK_NORMAL, 0)
#define wake_up_interruptible(wq)	__wake_up((wq), TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(wq, nr) __wake_up((wq), TASK_INTERRUPTIBLE, (nr), NULL)
#define wake_up_interruptible_all(wq)	__wake_up((wq), TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(wq)	wake_up_interruptible(wq)
#define wake_up_poll(wq, m)		__wake_up((wq), TASK_NORMAL, 1, poll_to_key(m))
#define wake_up_locked_poll(wq, m)	__wake_up_locked_key((wq), TASK_NORMAL, poll_to_key(m))
#define wake_up_interruptible_poll(wq, m) __wake_up((wq), TASK_INTERRUPTIBLE, 1, poll_to_key(m))
#define wake_up_interruptible_sync_poll(wq, m) wake_up_interruptible_poll((wq), (m))

/* ---- waiting for a condition, evaluated with the task's state set: it may not sleep ---- */

#define ___wait_is_interruptible(state)	((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL))
#define ___wait_event(wq_head, condition, state, exclusive, ret, cmd) ({		\
	__label__ __out;								\
	struct wait_queue_entry __wq_entry;						\
	long __ret = (ret);								\
	init_wait_entry(&__wq_entry, (exclusive) ? WQ_FLAG_EXCLUSIVE : 0);		\
	for (;;) {									\
		long __int = prepare_to_wait_event(&(wq_head), &__wq_entry, (state));	\
		if (condition)								\
			break;								\
		if (___wait_is_interruptible(state) && __int) {				\
			__ret = __int;							\
			goto __out;							\
		}									\
		cmd;									\
	}										\
	finish_wait(&(wq_head), &__wq_entry);						\
__out:	__ret;										\
})
/* 1 where it holds after all, though the time is over; @__ret holds what is left of it. */
#define ___wait_cond_timeout(condition) ({						\
	bool __cond = (condition);							\
	if (__cond && !__ret)								\
		__ret = 1;								\
	__cond || !__ret;								\
})
#define __wait_event_plain(wq, condition, state, exclusive) \
	___wait_event(wq, condition, state, exclusive, 0, schedule())
#define __wait_event_time(wq, condition, state, timeout) \
	___wait_event(wq, ___wait_cond_timeout(condition), state, 0, timeout, __ret = schedule_timeout(__ret))
#define RING3_WAIT(wq, condition, state, exclusive) ({					\
	long __waited = 0;								\
	might_sleep();									\
	if (!(condition))								\
		__waited = __wait_event_plain(wq, condition, state, exclusive);		\
	(int)__waited;									\
})
/* 0: timed out and still false; else the jiffies left, at least 1; or -ERESTARTSYS. */
#define RING3_WAIT_TIME(wq, condition, state, timeout) ({				\
	long __ret = (timeout);								\
	might_sleep();									\
	if (!___wait_cond_timeout(condition))						\
		__ret = __wait_event_time(wq, condition, state, timeout);		\
	__ret;										\
})

#define wait_event(wq, condition)	((void)RING3_WAIT(wq, condition, TASK_UNINTERRUPTIBLE, 0))
#define wait_event_idle(wq, condition)	((void)RING3_WAIT(wq, condition, TASK_IDLE, 0))
#define wait_event_idle_exclusive(wq, condition) ((void)RING3_WAIT(wq, condition, TASK_IDLE, 1))
#define io_wait_event(wq, condition)	wait_event(wq, condition)
#define wait_event_interruptible(wq, condition)	RING3_WAIT(wq, condition, TASK_INTERRUPTIBLE, 0)
#define wait_event_interruptible_exclusive(wq, condition) RING3_WAIT(wq, condition, TASK_INTERRUPTIBLE, 1)
#define wait_event_killable(wq, condition) RING3_WAIT(wq, condition, TASK_KILLABLE, 0)
#define wait_event_killable_exclusive(wq, condition) RING3_WAIT(wq, condition, TASK_KILLABLE, 1)
#define wait_event_state(wq, condition, state) RING3_WAIT(wq, condition, state, 0)
#define wait_event_freezable(wq, condition) wait_event_interruptible(wq, condition)
#define wait_event_freezable_exclusive(wq, condition) wait_event_interruptible_exclusive(wq, condition)
#define wait_event_timeout(wq, condition, timeout) \
	RING3_WAIT_TIME(wq, condition, TASK_UNINTERRUPTIBLE, (long)(timeout))
#define wait_event_idle_timeout(wq, condition, timeout) RING3_WAIT_TIME(wq, condition, TASK_IDLE, (long)(timeout))
#define wait_event_interruptible_timeout(wq, condition, timeout) \
	RING3_WAIT_TIME(wq, condition, TASK_INTERRUPTIBLE, (long)(timeout))
#define wait_event_killable_timeout(wq, condition, timeout) \
	RING3_WAIT_TIME(wq, condition, TASK_KILLABLE, (long)(timeout))
#define wait_event_freezable_timeout(wq, condition, timeout) \
	wait_event_interruptible_timeout(wq, condition, timeout)

/* With @before and @after run around each sleep. */
#define RING3_WAIT_CMD(wq, condition, state, exclusive, before, after) ({		\
	long __waited = 0;								\
	if (!(condition))								\
		__waited = ___wait_event(wq, condition, state, exclusive, 0, ({ before; schedule(); after; }));	\
	(int)__waited;									\
})
#define wait_event_cmd(wq, condition, before, after) \
	((void)RING3_WAIT_CMD(wq, condition, TASK_UNINTERRUPTIBLE, 0, before, after))
#define wait_event_exclusive_cmd(wq, condition, before, after) \
	((void)RING3_WAIT_CMD(wq, condition, TASK_UNINTERRUPTIBLE, 1, before, after))
#define wait_event_lock_irq(wq, condition, lock) \
	((void)RING3_WAIT_CMD(wq, condition, TASK_UNINTERRUPTIBLE, 0, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock))))
#define wait_event_lock_irq_cmd(wq, condition, lock, cmd)				\
	((void)RING3_WAIT_CMD(wq, condition, TASK_UNINTERRUPTIBLE, 0,			\
			      ({ spin_unlock_irq(&(lock)); cmd; }), spin_lock_irq(&(lock))))
#define wait_event_interruptible_lock_irq(wq, condition, lock) \
	RING3_WAIT_CMD(wq, condition, TASK_INTERRUPTIBLE, 0, spin_unlock_irq(&(lock)), spin_lock_irq(&(lock)))
#define RING3_WAIT_LOCK_TIME(wq, condition, lock, timeout, state) ({			\
	long __ret = (timeout);								\
	if (!___wait_cond_timeout(condition))						\
		__ret = ___wait_event(wq, ___wait_cond_timeout(condition), state, 0, timeout, ({	\
			spin_unlock_irq(&(lock));					\
			__ret = schedule_timeout(__ret);				\
			spin_lock_irq(&(lock));						\
		}));									\
	__ret;										\
})
#define wait_event_lock_irq_timeout(wq, condition, lock, timeout) \
	RING3_WAIT_LOCK_TIME(wq, condition, lock, (long)(timeout), TASK_UNINTERRUPTIBLE)
#define wait_event_interruptible_lock_irq_timeout(wq, condition, lock, timeout) \
	RING3_WAIT_LOCK_TIME(wq, condition, lock, (long)(timeout), TASK_INTERRUPTIBLE)

#endif /* _LINUX_WAIT_H */
