/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - mutexes: mutex.h.
 *
 * The word alone says who has it; the list is of those who sleep for it. A waiter marks the
 * word as waited for when it looks the last time, so that who gives it up wakes the first one.
 *
 * Locking: wait_lock guards the list.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>

#include "diag_record.h"
#include "sched_impl.h"

#define SPINS	100

struct waiter {
	struct list_head	entry;
	struct task_struct	*task;
	bool			granted;	/* atomic: the word was never freed, it is this one's */
	int			in_vain;
};

void ring3_mutex_init(struct mutex *lock)
{
	*lock = (struct mutex)__MUTEX_INITIALIZER(*lock);
}

void mutex_destroy(struct mutex *lock)
{
	WARN(mutex_is_locked(lock), "mutex %p is destroyed while thread %d holds it", lock,
	     word_holder(&lock->owner));
	lock->wait_lock.magic = 0;
}

bool ring3_mutex_held(const struct mutex *lock)
{
	return word_holder(&lock->owner) == (u32)current->pid;
}

static __cold void bug(const char *what, const struct mutex *lock)
{
	pr_emerg("%s of mutex %p: thread %d, owner %d\n", what, lock, current->pid, word_holder(&lock->owner));
	BUG();
}

static bool spin(struct mutex *lock)
{
	for (int i = 0; i < SPINS; i++) {
		cpu_relax();
		if (!__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) && word_take(&lock->owner, (u32)ring3_current->pid))
			return true;
	}
	return false;
}

/* 0 with the word ours, or -EINTR. wait_lock is held, and by the caller again when it returns. */
static int wait(struct mutex *lock, struct waiter *waiter, unsigned int state)
{
	for (;;) {
		set_current_state(state);
		if (__atomic_load_n(&waiter->granted, __ATOMIC_ACQUIRE) ||
		    !word_want(&lock->owner, (u32)waiter->task->pid))
			return 0;
		if (signal_pending_state(state, current))
			return -EINTR;
		waiter->in_vain++;
		spin_unlock(&lock->wait_lock);
		schedule();
		spin_lock(&lock->wait_lock);
	}
}

static int lock_slow(struct mutex *lock, unsigned int state)
{
	struct waiter waiter = { .task = current };
	int rc;

	spin_lock(&lock->wait_lock);
	list_add_tail(&waiter.entry, &lock->wait_list);
	rc = wait(lock, &waiter, state);
	__set_current_state(TASK_RUNNING);
	list_del(&waiter.entry);
	/* Nobody else waits: then the next unlock need not look. New ones come under wait_lock. */
	if (!rc && list_empty(&lock->wait_list))
		__atomic_store_n(&lock->owner, (u32)waiter.task->pid, __ATOMIC_RELAXED);
	spin_unlock(&lock->wait_lock);
	return rc;
}

static noinline int lock_contended(struct mutex *lock, unsigned int state, const void *site)
{
	int rc;

	if (ring3_mutex_held(lock))
		bug("recursion", lock);
	WARN_ONCE(lock->wait_lock.magic != SPINLOCK_MAGIC, "mutex %p is used before mutex_init()", lock);
	/* A short wait is not worth being told of: that would take longer. */
	if (spin(lock)) {
		diag_lock_note(lock, DIAG_LOCK_MUTEX, site);
		return 0;
	}
	diag_lock_want(lock, DIAG_LOCK_MUTEX, site);
	rc = lock_slow(lock, state);
	if (rc) {
		diag_lock_drop(lock);
		return rc;
	}
	diag_lock_got(lock, DIAG_LOCK_MUTEX, site);
	return 0;
}

/* Nothing to say is the rule: then this is not called. */
static noinline int lock_warily(struct mutex *lock, unsigned int state, const void *site)
{
	might_sleep();
	if (!word_take(&lock->owner, (u32)current->pid))
		return lock_contended(lock, state, site);
	diag_lock_note(lock, DIAG_LOCK_MUTEX, site);
	return 0;
}

/* What it calls it calls last: so there is nothing to save. */
static __always_inline int lock_in(struct mutex *lock, unsigned int state, const void *site)
{
	struct task_struct *task = ring3_current;

	if (unlikely(!task || ring3_preempt_word | ring3_rcu_nesting | (int)READ_ONCE(task->__state)))
		return lock_warily(lock, state, site);
	if (unlikely(!word_take(&lock->owner, (u32)task->pid)))
		return lock_contended(lock, state, site);
	diag_lock_note(lock, DIAG_LOCK_MUTEX, site);
	return 0;
}

void mutex_lock(struct mutex *lock)
{
	lock_in(lock, TASK_UNINTERRUPTIBLE, __builtin_return_address(0));
}

int mutex_lock_interruptible(struct mutex *lock)
{
	return lock_in(lock, TASK_INTERRUPTIBLE, __builtin_return_address(0));
}

int mutex_lock_killable(struct mutex *lock)
{
	return lock_in(lock, TASK_KILLABLE, __builtin_return_address(0));
}

int mutex_trylock(struct mutex *lock)
{
	if (!word_take(&lock->owner, (u32)current->pid))
		return 0;
	diag_lock_note(lock, DIAG_LOCK_MUTEX | DIAG_LOCK_TRY, __builtin_return_address(0));
	return 1;
}

/* Somebody sleeps, or did. */
static noinline void unlock_and_wake(struct mutex *lock)
{
	struct waiter *first;

	hold_wakes();
	spin_lock(&lock->wait_lock);
	first = list_first_entry_or_null(&lock->wait_list, struct waiter, entry);
	if (first && first->in_vain > 1) {
		__atomic_store_n(&lock->owner, (u32)first->task->pid | WORD_WAITED, __ATOMIC_RELAXED);
		__atomic_store_n(&first->granted, true, __ATOMIC_RELEASE);
		wake_sleeper(first->task);
	} else {
		__atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
		if (first)
			wake_sleeper(first->task);
	}
	spin_unlock(&lock->wait_lock);
	make_wakes();
}

/* It was not the last lock that was taken, or is not ours. */
static noinline void unlock_slowly(struct mutex *lock)
{
	u32 self = (u32)current->pid;

	if (word_holder(&lock->owner) != self)
		bug("unlock by another than the owner", lock);
	diag_lock_drop(lock);
	if (!__atomic_compare_exchange_n(&lock->owner, &self, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		unlock_and_wake(lock);
}

void mutex_unlock(struct mutex *lock)
{
	struct task_struct *task = ring3_current;
	u32 self = likely(task) ? (u32)task->pid : 0;

	if (unlikely(!diag_lock_is_last(lock) || word_holder(&lock->owner) != self)) {
		unlock_slowly(lock);
		return;
	}
	diag_lock_drop_last();
	if (unlikely(!__atomic_compare_exchange_n(&lock->owner, &self, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
		unlock_and_wake(lock);
}

int atomic_dec_and_mutex_lock(atomic_t *count, struct mutex *lock)
{
	if (atomic_add_unless(count, -1, 1))
		return 0;
	mutex_lock(lock);
	if (atomic_dec_and_test(count))
		return 1;
	mutex_unlock(lock);
	return 0;
}
