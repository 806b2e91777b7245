/* SPDX-License-Identifier: MIT */
/*
 * wait.c - wait queues and completions: wait.h, completion.h.
 *
 * Locking: the queue's lock guards its list, and a completion's `done`. Wake functions run
 * under it.
 */
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/wait.h>

#include "sched_impl.h"

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return try_to_wake_up(entry->private, mode, flags);
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init(&entry->entry);
	return woken;
}

void init_wait_entry(struct wait_queue_entry *entry, int flags)
{
	*entry = (struct wait_queue_entry){
		.flags = (unsigned int)flags, .private = current, .func = autoremove_wake_function,
		.entry = LIST_HEAD_INIT(entry->entry),
	};
}

/* ---- queueing ----------------------------------------------------------------------- */

static void add(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int flags)
{
	unsigned long irqs;

	ring3_wait_seen(wq);
	spin_lock_irqsave(&wq->lock, irqs);
	entry->flags = (entry->flags & ~(WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY)) | flags;
	if (flags == WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->entry, &wq->head);
	else
		list_add(&entry->entry, &wq->head);
	spin_unlock_irqrestore(&wq->lock, irqs);
}

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	add(wq, entry, 0);
}

void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	add(wq, entry, WQ_FLAG_EXCLUSIVE);
}

void add_wait_queue_priority(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	add(wq, entry, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY);
}

void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	unsigned long irqs;

	spin_lock_irqsave(&wq->lock, irqs);
	list_del_init(&entry->entry);
	spin_unlock_irqrestore(&wq->lock, irqs);
}

/* In the queue first, then the state: who changes the condition after sees us. The lock is held. */
static bool prepare(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state)
{
	bool first = false;

	WRITE_ONCE(current->waits_on, wq);
	if (list_empty(&entry->entry)) {
		first = list_empty(&wq->head);
		if (entry->flags & WQ_FLAG_EXCLUSIVE)
			list_add_tail(&entry->entry, &wq->head);
		else
			list_add(&entry->entry, &wq->head);
	}
	set_current_state((unsigned int)state);
	return first;
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state)
{
	unsigned long irqs;

	spin_lock_irqsave(&wq->lock, irqs);
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	prepare(wq, entry, state);
	spin_unlock_irqrestore(&wq->lock, irqs);
}

bool prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state)
{
	unsigned long irqs;
	bool first;

	spin_lock_irqsave(&wq->lock, irqs);
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	first = prepare(wq, entry, state);
	spin_unlock_irqrestore(&wq->lock, irqs);
	return first;
}

/* An exclusive waiter that leaves for a signal must not be the one that a wake-up was spent on. */
long prepare_to_wait_event(struct wait_queue_head *wq, struct wait_queue_entry *entry, int state)
{
	unsigned long irqs;
	long rc = 0;

	spin_lock_irqsave(&wq->lock, irqs);
	if (signal_pending_state((unsigned int)state, current)) {
		list_del_init(&entry->entry);
		__set_current_state(TASK_RUNNING);
		rc = -ERESTARTSYS;
	} else {
		prepare(wq, entry, state);
	}
	spin_unlock_irqrestore(&wq->lock, irqs);
	return rc;
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(wq, entry);
}

/* ---- waking ------------------------------------------------------------------------- */

/* The queue's lock is held; how many exclusive ones were woken. */
static int wake_locked(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key)
{
	struct wait_queue_entry *entry, *next;
	int woken = 0;

	list_for_each_entry_safe(entry, next, &wq->head, entry) {
		unsigned int flags = READ_ONCE(entry->flags);	/* wait_woken() writes it without the lock */
		int ret = entry->func(entry, mode, 0, key);

		if (ret < 0)
			break;
		if (ret && flags & WQ_FLAG_EXCLUSIVE && ++woken == nr_exclusive)
			break;
	}
	return woken;
}

int __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key)
{
	unsigned long irqs;
	int woken;

	hold_wakes();
	spin_lock_irqsave(&wq->lock, irqs);
	woken = wake_locked(wq, mode, nr_exclusive, key);
	spin_unlock_irqrestore(&wq->lock, irqs);
	make_wakes();
	return woken;
}

void __wake_up_locked(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive)
{
	lockdep_assert_held(&wq->lock);
	wake_locked(wq, mode, nr_exclusive, NULL);
}

void __wake_up_locked_key(struct wait_queue_head *wq, unsigned int mode, void *key)
{
	lockdep_assert_held(&wq->lock);
	wake_locked(wq, mode, 1, key);
}

/* ---- waiting for a wake-up itself ----------------------------------------------------- */

int woken_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	__atomic_fetch_or(&entry->flags, WQ_FLAG_WOKEN, __ATOMIC_SEQ_CST);
	return default_wake_function(entry, mode, flags, key);
}

long wait_woken(struct wait_queue_entry *entry, unsigned int mode, long timeout)
{
	set_current_state(mode);
	if (!(__atomic_load_n(&entry->flags, __ATOMIC_SEQ_CST) & WQ_FLAG_WOKEN))
		timeout = schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
	__atomic_fetch_and(&entry->flags, ~WQ_FLAG_WOKEN, __ATOMIC_SEQ_CST);
	return timeout;
}

/* ---- completions ---------------------------------------------------------------------- */

void complete(struct completion *x)
{
	unsigned long irqs;

	hold_wakes();
	spin_lock_irqsave(&x->wait.lock, irqs);
	if (x->done != UINT_MAX)
		x->done++;
	wake_locked(&x->wait, TASK_NORMAL, 1, NULL);
	spin_unlock_irqrestore(&x->wait.lock, irqs);
	make_wakes();
}

void complete_all(struct completion *x)
{
	unsigned long irqs;

	spin_lock_irqsave(&x->wait.lock, irqs);
	x->done = UINT_MAX;
	hold_wakes();
	wake_locked(&x->wait, TASK_NORMAL, 0, NULL);
	spin_unlock_irqrestore(&x->wait.lock, irqs);
	make_wakes();
}

bool try_wait_for_completion(struct completion *x)
{
	unsigned long irqs;
	bool done;

	spin_lock_irqsave(&x->wait.lock, irqs);
	done = x->done;
	if (done && x->done != UINT_MAX)
		x->done--;
	spin_unlock_irqrestore(&x->wait.lock, irqs);
	return done;
}

/*
 * The waiter leaves as the lock is given up for the last time by who completed: so that it
 * may free the completion.
 */
static long wait_in(struct completion *x, unsigned int state, long left)
{
	DEFINE_WAIT(wait);

	might_sleep();
	spin_lock_irq(&x->wait.lock);
	wait.flags = WQ_FLAG_EXCLUSIVE;
	while (!x->done && left) {
		if (signal_pending_state(state, current)) {
			left = -ERESTARTSYS;
			break;
		}
		prepare(&x->wait, &wait, (int)state);
		spin_unlock_irq(&x->wait.lock);
		left = schedule_timeout(left);
		spin_lock_irq(&x->wait.lock);
	}
	list_del_init(&wait.entry);
	if (x->done && left >= 0) {
		if (x->done != UINT_MAX)
			x->done--;
		left = left ? left : 1;
	}
	spin_unlock_irq(&x->wait.lock);
	__set_current_state(TASK_RUNNING);
	return left;
}

static int wait_for_ever(struct completion *x, unsigned int state)
{
	return wait_in(x, state, MAX_SCHEDULE_TIMEOUT) < 0 ? -ERESTARTSYS : 0;
}

void wait_for_completion(struct completion *x)
{
	wait_for_ever(x, TASK_UNINTERRUPTIBLE);
}

int wait_for_completion_interruptible(struct completion *x) { return wait_for_ever(x, TASK_INTERRUPTIBLE); }
int wait_for_completion_killable(struct completion *x) { return wait_for_ever(x, TASK_KILLABLE); }
int wait_for_completion_state(struct completion *x, unsigned int state) { return wait_for_ever(x, state); }

unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	return (unsigned long)wait_in(x, TASK_UNINTERRUPTIBLE, (long)timeout);
}

long wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout)
{
	return wait_in(x, TASK_INTERRUPTIBLE, (long)timeout);
}

long wait_for_completion_killable_timeout(struct completion *x, unsigned long timeout)
{
	return wait_in(x, TASK_KILLABLE, (long)timeout);
}

bool completion_done(struct completion *x)
{
	unsigned long irqs;
	bool done;

	spin_lock_irqsave(&x->wait.lock, irqs);
	done = x->done;
	spin_unlock_irqrestore(&x->wait.lock, irqs);
	return done;
}
