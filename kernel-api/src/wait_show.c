/* SPDX-License-Identifier: MIT */
/*
 * wait_show.c - wait queues with their waiters, for dumps: diag_waits.h.
 *
 * A queue is found by a task that sleeps in it (task_struct's waits_on), or by having been given an entry with
 * add_wait_queue() or one of its kin, which callbacks use. Both are addresses that may be stale: memory is believed
 * to be a queue when its lock is set up, its ring closes in both directions, and somebody is in it.
 *
 * Locking: none. A queue that changes while it is read is read again, and told as busy when that does not end.
 * Threads: the collector looks; any thread notes queues.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "diag_waits.h"

#define SEEN_MAX	1024u	/* queues that entries were added to: the last ones */
#define SEEN_PROBES	8u
#define QUEUES_MAX	512u	/* told of in one dump */
#define WALK_MAX	4096u	/* waiters counted in one queue */
#define TRIES		8

static const struct wait_queue_head *seen[SEEN_MAX];	/* atomic */

void ring3_wait_seen(const struct wait_queue_head *wq)
{
	unsigned int slot = (unsigned int)((unsigned long)wq * 0x9e3779b97f4a7c15ul >> 54);

	for (unsigned int i = 0; i < SEEN_PROBES; i++) {
		const struct wait_queue_head **place = &seen[(slot + i) % SEEN_MAX];
		const struct wait_queue_head *was = READ_ONCE(*place);

		if (was == wq)
			return;
		if (!was) {
			WRITE_ONCE(*place, wq);
			return;
		}
	}
	WRITE_ONCE(seen[(slot + (unsigned int)((unsigned long)wq >> 6) % SEEN_PROBES) % SEEN_MAX], wq);
}

/* ---- the collector's ---------------------------------------------------------------- */

static const struct diag_sleeper *sleeper_of(const struct diag_wait_show *show, const void *task)
{
	for (unsigned int i = 0; task && i < show->nr_sleepers; i++)
		if (show->sleepers[i].task == task)
			return &show->sleepers[i];
	return NULL;
}

/* Does @entry wait for a task? By what wakes it, or because its private is one that sleeps. */
static void read_waiter(const struct diag_wait_show *show, const struct wait_queue_entry *entry,
			struct diag_waiter *waiter)
{
	const struct diag_sleeper *sleeper = sleeper_of(show, entry->private);
	struct task_struct task;

	*waiter = (struct diag_waiter){
		.exclusive = !!(entry->flags & WQ_FLAG_EXCLUSIVE), .fn = (const void *)entry->func,
	};
	if (!sleeper && entry->func != default_wake_function && entry->func != autoremove_wake_function &&
	    entry->func != woken_wake_function)
		return;
	if (!show->peek(entry->private, &task, sizeof(task)))
		return;
	memcpy(waiter->name, task.comm, sizeof(waiter->name));
	waiter->name[sizeof(waiter->name) - 1] = 0;
	waiter->tid = sleeper ? sleeper->tid : task.pid;
	waiter->asleep = sleeper != NULL;
	waiter->since = sleeper ? sleeper->since : 0;
}

/* 1: read whole; 0: it is none, or nobody is in it; -1: it changed meanwhile, or is none any more. */
static int read_queue(const struct diag_wait_show *show, const struct wait_queue_head *wq,
		      struct diag_wait_queue *queue)
{
	const struct list_head *prev = &wq->head, *at;
	struct wait_queue_head head;

	*queue = (struct diag_wait_queue){ .head = wq };
	if (!show->peek(wq, &head, sizeof(head)) || head.lock.magic != SPINLOCK_MAGIC || head.head.next == &wq->head)
		return 0;
	queue->name = head.name;
	queue->lock_owner = ring3_spin_owner(&head.lock);
	for (at = head.head.next; at != &wq->head;) {
		const struct wait_queue_entry *live = container_of(at, struct wait_queue_entry, entry);
		struct wait_queue_entry entry;

		if (!show->peek(live, &entry, sizeof(entry)) || entry.entry.prev != prev || !entry.func)
			return -1;
		if (queue->nr_waiters < DIAG_WAITERS_MAX)
			read_waiter(show, &entry, &queue->waiters[queue->nr_shown++]);
		if (++queue->nr_waiters == WALK_MAX)
			return 1;
		prev = at;
		at = entry.entry.next;
	}
	return head.head.prev == prev ? 1 : -1;
}

static void tell(const struct diag_wait_show *show, const struct wait_queue_head *wq)
{
	static struct diag_wait_queue queue;	/* the collector's */
	int whole = -1;

	for (int i = 0; i < TRIES && whole < 0; i++)
		whole = read_queue(show, wq, &queue);
	if (!whole || !queue.nr_waiters)
		return;
	queue.busy = whole < 0;
	show->tell(show->env, &queue);
}

static void show_queues(const struct diag_wait_show *show)
{
	static const struct wait_queue_head *told[QUEUES_MAX];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < show->nr_sleepers + SEEN_MAX && nr < QUEUES_MAX; i++) {
		const struct wait_queue_head *wq = NULL;
		unsigned int before = 0;
		struct task_struct task;

		if (i >= show->nr_sleepers)
			wq = READ_ONCE(seen[i - show->nr_sleepers]);
		else if (show->peek(show->sleepers[i].task, &task, sizeof(task)))
			wq = task.waits_on;
		while (before < nr && told[before] != wq)
			before++;
		if (!wq || before < nr)
			continue;
		told[nr++] = wq;
		tell(show, wq);
	}
}

__attribute__((__constructor__)) static void show_init(void)
{
	diag_wait_queues = show_queues;
}
