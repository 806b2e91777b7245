/* SPDX-License-Identifier: MIT */
/* semaphore.c - counting semaphores: semaphore.h. sem->lock guards the count and the list of those who wait. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/semaphore.h>

#include "sched_impl.h"

struct waiter {
	struct list_head	entry;
	struct task_struct	*task;
	bool			up;	/* sem->lock: one of the count is this one's */
};

static int wait(struct semaphore *sem, unsigned int state, long timeout)
{
	struct waiter waiter = { .task = current };
	int rc = 0;

	list_add_tail(&waiter.entry, &sem->wait_list);
	while (!rc) {
		if (signal_pending_state(state, current)) {
			rc = -EINTR;
		} else if (timeout <= 0) {
			rc = -ETIME;
		} else {
			__set_current_state(state);
			raw_spin_unlock_irq(&sem->lock);
			timeout = schedule_timeout(timeout);
			raw_spin_lock_irq(&sem->lock);
			if (waiter.up)
				return 0;
		}
	}
	list_del(&waiter.entry);
	return rc;
}

static int down_in(struct semaphore *sem, unsigned int state, long timeout)
{
	int rc = 0;

	might_sleep();
	raw_spin_lock_irq(&sem->lock);
	if (sem->count)
		sem->count--;
	else
		rc = wait(sem, state, timeout);
	raw_spin_unlock_irq(&sem->lock);
	return rc;
}

void down(struct semaphore *sem) { down_in(sem, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT); }
int down_interruptible(struct semaphore *sem) { return down_in(sem, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT); }
int down_killable(struct semaphore *sem) { return down_in(sem, TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT); }
int down_timeout(struct semaphore *sem, long timeout) { return down_in(sem, TASK_UNINTERRUPTIBLE, timeout); }

int down_trylock(struct semaphore *sem)
{
	unsigned long flags;
	int got;

	raw_spin_lock_irqsave(&sem->lock, flags);
	got = sem->count != 0;
	if (got)
		sem->count--;
	raw_spin_unlock_irqrestore(&sem->lock, flags);
	return !got;
}

void up(struct semaphore *sem)
{
	struct waiter *first;
	unsigned long flags;

	raw_spin_lock_irqsave(&sem->lock, flags);
	first = list_first_entry_or_null(&sem->wait_list, struct waiter, entry);
	if (first) {
		list_del(&first->entry);
		first->up = true;
		wake_sleeper(first->task);
	} else {
		sem->count++;
	}
	raw_spin_unlock_irqrestore(&sem->lock, flags);
}
