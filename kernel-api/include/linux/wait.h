/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_WAIT_H
#define _LINUX_WAIT_H

/*
 * Wait queues: entries are callbacks, run under the queue's lock.
 */
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/jiffies.h>
#include <linux/spinlock.h>

struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

#define WQ_FLAG_EXCLUSIVE	0x01

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
};
typedef struct wait_queue_head wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { .lock = { .word = 0 }, .head = LIST_HEAD_INIT((name).head) }
#define DECLARE_WAIT_QUEUE_HEAD(name)	struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
static inline void init_waitqueue_head(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->head);
}
static inline int waitqueue_active(struct wait_queue_head *wq) { return !list_empty(&wq->head); }

__visible int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
__visible int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
#define DEFINE_WAIT_FUNC(name, function)						\
	struct wait_queue_entry name = {						\
		.private = current, .func = (function), .entry = LIST_HEAD_INIT((name).entry),	\
	}
#define DEFINE_WAIT(name)		DEFINE_WAIT_FUNC(name, autoremove_wake_function)
#define DECLARE_WAITQUEUE(name, tsk)							\
	struct wait_queue_entry name = {						\
		.private = (tsk), .func = default_wake_function, .entry = LIST_HEAD_INIT((name).entry), \
	}

__visible void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry);
__visible void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry);
__visible void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry);
__visible void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int state);
__visible void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry,
					 unsigned int state);
__visible void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry);
/* How many it woke. */
__visible int __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key);

#define wake_up(wq)			__wake_up((wq), TASK_NORMAL, 1, NULL)
#define wake_up_nr(wq, nr)		__wake_up((wq), TASK_NORMAL, (nr), NULL)
#define wake_up_all(wq)			__wake_up((wq), TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(wq)	__wake_up((wq), TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(wq, nr) __wake_up((wq), TASK_INTERRUPTIBLE, (nr), NULL)
#define wake_up_interruptible_sync(wq)	wake_up_interruptible(wq)
#define wake_up_interruptible_all(wq)	__wake_up((wq), TASK_INTERRUPTIBLE, 0, NULL)

#define ___wait_event(wq, condition, state, timeout) ({					\
	long __left = (timeout);							\
	DEFINE_WAIT(__wait);								\
	for (;;) {									\
		prepare_to_wait(&(wq), &__wait, (state));				\
		if (condition)								\
			break;								\
		if ((state) == TASK_INTERRUPTIBLE && signal_pending(current)) {		\
			__left = -ERESTARTSYS;						\
			break;								\
		}									\
		if (!__left)								\
			break;								\
		__left = schedule_timeout(__left);					\
	}										\
	finish_wait(&(wq), &__wait);							\
	__left;										\
})
#define wait_event(wq, condition) \
	do { if (!(condition)) (void)___wait_event(wq, condition, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT); } while (0)
/* 0: timed out and still false; else the jiffies left, at least 1. */
#define wait_event_timeout(wq, condition, timeout) ({					\
	long __ret = (timeout);								\
	if (!(condition)) {								\
		__ret = ___wait_event(wq, condition, TASK_UNINTERRUPTIBLE, (long)(timeout));	\
		if (!__ret && (condition))						\
			__ret = 1;							\
	} else if (!__ret) {								\
		__ret = 1;								\
	}										\
	__ret;										\
})
#define wait_event_interruptible(wq, condition) ({					\
	long __ret = 0;									\
	if (!(condition))								\
		__ret = ___wait_event(wq, condition, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);	\
	(int)(__ret < 0 ? __ret : 0);							\
})
#define wait_event_interruptible_timeout(wq, condition, timeout) ({			\
	long __ret = (timeout);								\
	if (!(condition)) {								\
		__ret = ___wait_event(wq, condition, TASK_INTERRUPTIBLE, (long)(timeout));	\
		if (!__ret && (condition))						\
			__ret = 1;							\
	}										\
	__ret;										\
})
#define wait_event_killable(wq, condition)	wait_event_interruptible(wq, condition)
#define wait_event_freezable(wq, condition)	wait_event_interruptible(wq, condition)
#define wait_event_idle(wq, condition)		wait_event(wq, condition)
#define wait_event_idle_timeout(wq, condition, timeout)	wait_event_timeout(wq, condition, timeout)
/* @lock is held, and given up while it sleeps. */
#define RING3_WAIT_EVENT_LOCKED(wq, condition, lock, take, give) do {			\
	DEFINE_WAIT(__wait);								\
	while (!(condition)) {								\
		prepare_to_wait(&(wq), &__wait, TASK_UNINTERRUPTIBLE);			\
		if (!(condition)) {							\
			give(&(lock));							\
			schedule();							\
			take(&(lock));							\
		}									\
		finish_wait(&(wq), &__wait);						\
	}										\
} while (0)
#define wait_event_lock_irq(wq, condition, lock) \
	RING3_WAIT_EVENT_LOCKED(wq, condition, lock, spin_lock_irq, spin_unlock_irq)
#define wait_event_cmd(wq, condition, before, after) do {				\
	while (!(condition)) {								\
		DEFINE_WAIT(__wait);							\
		prepare_to_wait(&(wq), &__wait, TASK_UNINTERRUPTIBLE);			\
		if (!(condition)) {							\
			before;								\
			schedule();							\
			after;								\
		}									\
		finish_wait(&(wq), &__wait);						\
	}										\
} while (0)
#define init_wait_entry(entry, flags_) do {						\
	(entry)->flags = (flags_);							\
	(entry)->private = current;							\
	(entry)->func = autoremove_wake_function;					\
	INIT_LIST_HEAD(&(entry)->entry);						\
} while (0)
#define init_wait(entry)	init_wait_entry((entry), 0)
static inline bool wq_has_sleeper(struct wait_queue_head *wq)
{
	smp_mb();
	return waitqueue_active(wq);
}
static inline void __add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	list_add(&entry->entry, &wq->head);
}
static inline void __remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	list_del(&entry->entry);
}

#endif /* _LINUX_WAIT_H */
