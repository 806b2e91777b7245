/* SPDX-License-Identifier: MIT */
/*
 * rwsem.c - semaphores of many readers or one writer: rwsem.h.
 *
 * Who has to wait stands in a list; who gives the semaphore up hands it to the first of
 * it, and to the readers that follow a reader. A waiter is woken under wait_lock, which
 * it takes once more before it leaves: so its stack and its task stay as long as they
 * are looked at.
 *
 * Locking: wait_lock of the semaphore; a leaf.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/rwsem.h>
#include <linux/sched.h>

struct rwsem_waiter {
	struct list_head	entry;
	struct task_struct	*task;
	bool			write;
	bool			granted;	/* atomic */
};

static bool free_for(const struct rw_semaphore *sem, bool write)
{
	return !sem->writer && !(write && sem->readers);
}

static void take(struct rw_semaphore *sem, bool write, struct task_struct *task)
{
	if (write)
		sem->writer = task;
	else
		sem->readers++;
}

static void hand_over(struct rw_semaphore *sem)
{
	while (!list_empty(&sem->waiters)) {
		struct rwsem_waiter *first = list_first_entry(&sem->waiters, struct rwsem_waiter, entry);

		if (!free_for(sem, first->write))
			return;
		list_del(&first->entry);
		take(sem, first->write, first->task);
		__atomic_store_n(&first->granted, true, __ATOMIC_RELEASE);
		wake_up_process(first->task);
	}
}

static void down(struct rw_semaphore *sem, bool write)
{
	struct rwsem_waiter waiter = { .task = current, .write = write };

	might_sleep();
	spin_lock_bh(&sem->wait_lock);
	if (list_empty(&sem->waiters) && free_for(sem, write)) {
		take(sem, write, current);
		spin_unlock_bh(&sem->wait_lock);
		return;
	}
	list_add_tail(&waiter.entry, &sem->waiters);
	spin_unlock_bh(&sem->wait_lock);
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (__atomic_load_n(&waiter.granted, __ATOMIC_ACQUIRE))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	spin_lock_bh(&sem->wait_lock);	/* whoever woke us is done with us */
	spin_unlock_bh(&sem->wait_lock);
}

static int down_trylock(struct rw_semaphore *sem, bool write)
{
	int taken;

	spin_lock_bh(&sem->wait_lock);
	taken = list_empty(&sem->waiters) && free_for(sem, write);
	if (taken)
		take(sem, write, current);
	spin_unlock_bh(&sem->wait_lock);
	return taken;
}

void down_read(struct rw_semaphore *sem)
{
	down(sem, false);
}

void down_write(struct rw_semaphore *sem)
{
	down(sem, true);
}

int down_read_trylock(struct rw_semaphore *sem)
{
	return down_trylock(sem, false);
}

int down_write_trylock(struct rw_semaphore *sem)
{
	return down_trylock(sem, true);
}

void up_read(struct rw_semaphore *sem)
{
	spin_lock_bh(&sem->wait_lock);
	BUG_ON(sem->readers <= 0);
	sem->readers--;
	hand_over(sem);
	spin_unlock_bh(&sem->wait_lock);
}

void up_write(struct rw_semaphore *sem)
{
	spin_lock_bh(&sem->wait_lock);
	BUG_ON(sem->writer != current);
	sem->writer = NULL;
	hand_over(sem);
	spin_unlock_bh(&sem->wait_lock);
}

void downgrade_write(struct rw_semaphore *sem)
{
	spin_lock_bh(&sem->wait_lock);
	BUG_ON(sem->writer != current);
	sem->writer = NULL;
	sem->readers = 1;
	hand_over(sem);
	spin_unlock_bh(&sem->wait_lock);
}

int rwsem_is_locked(struct rw_semaphore *sem)
{
	return READ_ONCE(sem->writer) || READ_ONCE(sem->readers);
}

int rwsem_is_contended(struct rw_semaphore *sem)
{
	return !list_empty_careful(&sem->waiters);
}

bool ring3_rwsem_held(const struct rw_semaphore *sem)
{
	return READ_ONCE(sem->writer) == current || READ_ONCE(sem->readers);
}
