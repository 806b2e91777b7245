/* SPDX-License-Identifier: MIT */
/* wait.c - wait queues and completions. */
#include <linux/completion.h>
#include <linux/limits.h>
#include <linux/wait.h>

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

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	spin_lock_bh(&wq->lock);
	list_add(&entry->entry, &wq->head);
	spin_unlock_bh(&wq->lock);
}

void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	spin_lock_bh(&wq->lock);
	list_add_tail(&entry->entry, &wq->head);
	spin_unlock_bh(&wq->lock);
}

void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	spin_lock_bh(&wq->lock);
	list_del_init(&entry->entry);
	spin_unlock_bh(&wq->lock);
}

static void prepare(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int state, bool exclusive)
{
	spin_lock_bh(&wq->lock);
	if (exclusive)
		entry->flags |= WQ_FLAG_EXCLUSIVE;
	else
		entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	if (list_empty(&entry->entry)) {
		if (exclusive)
			list_add_tail(&entry->entry, &wq->head);
		else
			list_add(&entry->entry, &wq->head);
	}
	/* In the queue first, then the state: who changes the condition after sees us. */
	set_current_state(state);
	spin_unlock_bh(&wq->lock);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int state)
{
	prepare(wq, entry, state, false);
}

void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int state)
{
	prepare(wq, entry, state, true);
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	__set_current_state(TASK_RUNNING);
	spin_lock_bh(&wq->lock);
	list_del_init(&entry->entry);
	spin_unlock_bh(&wq->lock);
}

/* The queue's lock is held. */
static int wake_locked(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key)
{
	struct wait_queue_entry *entry, *next;
	int woken = 0;

	list_for_each_entry_safe(entry, next, &wq->head, entry) {
		unsigned int flags = entry->flags;

		if (!entry->func(entry, mode, 0, key))
			continue;
		woken++;
		if (flags & WQ_FLAG_EXCLUSIVE && !--nr_exclusive)
			break;
	}
	return woken;
}

int __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr_exclusive, void *key)
{
	int woken;

	spin_lock_bh(&wq->lock);
	woken = wake_locked(wq, mode, nr_exclusive, key);
	spin_unlock_bh(&wq->lock);
	return woken;
}

/* ---- completions: done is guarded by the queue's lock ----------------------------- */

void complete(struct completion *x)
{
	spin_lock_bh(&x->wait.lock);
	if (x->done != UINT_MAX)
		x->done++;
	wake_locked(&x->wait, TASK_NORMAL, 1, NULL);
	spin_unlock_bh(&x->wait.lock);
}

void complete_all(struct completion *x)
{
	spin_lock_bh(&x->wait.lock);
	x->done = UINT_MAX;
	wake_locked(&x->wait, TASK_NORMAL, 0, NULL);
	spin_unlock_bh(&x->wait.lock);
}

bool try_wait_for_completion(struct completion *x)
{
	bool done;

	spin_lock_bh(&x->wait.lock);
	done = x->done;
	if (done && x->done != UINT_MAX)
		x->done--;
	spin_unlock_bh(&x->wait.lock);
	return done;
}

unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	long left = (long)timeout;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait_exclusive(&x->wait, &wait, TASK_UNINTERRUPTIBLE);
		if (try_wait_for_completion(x)) {
			left = left ? left : 1;
			break;
		}
		if (!left)
			break;
		left = schedule_timeout(left);
	}
	finish_wait(&x->wait, &wait);
	return (unsigned long)left;
}

void wait_for_completion(struct completion *x)
{
	wait_for_completion_timeout(x, MAX_SCHEDULE_TIMEOUT);
}

bool completion_done(struct completion *x)
{
	bool done;

	spin_lock_bh(&x->wait.lock);
	done = x->done;
	spin_unlock_bh(&x->wait.lock);
	return done;
}
