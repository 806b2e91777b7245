/* SPDX-License-Identifier: MIT */
/*
 * ww_mutex.c - mutexes of an acquire context: ww_mutex.h.
 *
 * Who unlocks gives the mutex to the first that waits. Among waiters with a context the
 * oldest is first, so that a new owner is never wanted by an older one.
 *
 * Locking: lock->wait_lock guards the mutex; of a context other than the caller's only
 * the stamp, `acquired` and `wounded` are looked at, under the wait_lock of a mutex that it
 * holds or waits for.
 */
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/ww_mutex.h>

#include "diag_notes.h"
#include "sched_impl.h"

struct waiter {
	struct list_head	entry;
	struct task_struct	*task;
	struct ww_acquire_ctx	*ctx;
	bool			granted;
};

static bool older(const struct ww_acquire_ctx *a, const struct ww_acquire_ctx *b)
{
	return (long)(a->stamp - b->stamp) < 0;
}

void ww_mutex_destroy(struct ww_mutex *lock)
{
	WARN(lock->owner, "ww_mutex %p is destroyed while it is held", lock);
	lock->wait_lock.magic = 0;
}

void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *class)
{
	*ctx = (struct ww_acquire_ctx){
		.task = current, .ww_class = class, .is_wait_die = class->is_wait_die,
		.stamp = (unsigned long)atomic_long_inc_return(&class->stamp),
	};
}

void ww_acquire_done(struct ww_acquire_ctx *ctx)
{
	WARN_ON(ctx->done);
	ctx->done = true;
}

void ww_acquire_fini(struct ww_acquire_ctx *ctx)
{
	WARN(ctx->acquired, "an acquire context ends with %u mutexes held", ctx->acquired);
	ctx->ww_class = NULL;
}

/* wait_lock is held. */
static void take(struct ww_mutex *lock, struct task_struct *task, struct ww_acquire_ctx *ctx)
{
	WRITE_ONCE(lock->owner, task);
	WRITE_ONCE(lock->ctx, ctx);
	if (ctx)
		WRITE_ONCE(ctx->acquired, ctx->acquired + 1);
}

/* Must @waiter back off? wait_lock is held. */
static bool dies(struct ww_mutex *lock, struct waiter *waiter)
{
	struct ww_acquire_ctx *ctx = waiter->ctx;
	struct waiter *before;

	if (!ctx || !ctx->acquired)
		return false;
	if (!ctx->is_wait_die)
		return READ_ONCE(ctx->wounded);
	if (lock->ctx && older(lock->ctx, ctx))
		return true;
	list_for_each_entry(before, &lock->wait_list, entry) {
		if (before == waiter)
			return false;
		if (before->ctx)
			return true;	/* they stand in the order of age */
	}
	return false;
}

/* The owner, if it is younger than @ctx, which waits; wait_lock is held. */
static void wound_owner(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	struct ww_acquire_ctx *holds = lock->ctx;

	if (!ctx || !holds || ctx->is_wait_die || !older(ctx, holds) || !READ_ONCE(holds->acquired))
		return;
	__atomic_store_n(&holds->wounded, true, __ATOMIC_SEQ_CST);
	if (lock->owner != current)
		wake_sleeper(lock->owner);
}

static void enqueue(struct ww_mutex *lock, struct waiter *waiter)
{
	struct list_head *at = &lock->wait_list;
	struct waiter *other;

	if (waiter->ctx) {
		list_for_each_entry_reverse(other, &lock->wait_list, entry) {
			if (!other->ctx)
				continue;
			if (older(other->ctx, waiter->ctx))
				break;
			at = &other->entry;
			/* It is younger, and behind us now: let it see whether it has to go. */
			wake_sleeper(other->task);
		}
	}
	list_add_tail(&waiter->entry, at);
	wound_owner(lock, waiter->ctx);
}

/* wait_lock is held, but for the sleep. */
static int wait(struct ww_mutex *lock, struct waiter *waiter, unsigned int state)
{
	enqueue(lock, waiter);
	for (;;) {
		set_current_state(state);
		if (waiter->granted)
			return 0;
		if (signal_pending_state(state, current)) {
			list_del(&waiter->entry);
			return -EINTR;
		}
		if (dies(lock, waiter)) {
			list_del(&waiter->entry);
			return -EDEADLK;
		}
		spin_unlock(&lock->wait_lock);
		schedule();
		spin_lock(&lock->wait_lock);
	}
}

static int lock_in(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, unsigned int state, const void *site)
{
	struct waiter waiter = { .task = current, .ctx = ctx };
	int rc = 0;

	might_sleep();
	if (ctx) {
		if (READ_ONCE(lock->ctx) == ctx)
			return -EALREADY;
		WARN_ONCE(ctx->done, "a mutex is taken after ww_acquire_done()");
		WARN_ONCE(ctx->ww_class != lock->ww_class, "a ww_mutex of another class than its context's");
		if (!ctx->acquired)
			__atomic_store_n(&ctx->wounded, false, __ATOMIC_SEQ_CST);
	}
	spin_lock(&lock->wait_lock);
	if (!lock->owner) {
		take(lock, current, ctx);
	} else {
		diag_lock_want(lock, DIAG_LOCK_OTHER | DIAG_LOCK_TRY, site);
		rc = wait(lock, &waiter, state);
		__set_current_state(TASK_RUNNING);
		if (rc)
			diag_lock_drop(lock);
	}
	spin_unlock(&lock->wait_lock);
	if (!rc)	/* in any order: no edge in the map of orders */
		diag_lock_got(lock, DIAG_LOCK_OTHER | DIAG_LOCK_TRY, site);
	return rc;
}

int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_in(lock, ctx, TASK_UNINTERRUPTIBLE, __builtin_return_address(0));
}

int ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_in(lock, ctx, TASK_INTERRUPTIBLE, __builtin_return_address(0));
}

int ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	int got;

	if (ctx && !ctx->acquired)
		__atomic_store_n(&ctx->wounded, false, __ATOMIC_SEQ_CST);
	spin_lock(&lock->wait_lock);
	got = !lock->owner;
	if (got)
		take(lock, current, ctx);
	spin_unlock(&lock->wait_lock);
	if (got)
		diag_lock_got(lock, DIAG_LOCK_OTHER | DIAG_LOCK_TRY, __builtin_return_address(0));
	return got;
}

void ww_mutex_unlock(struct ww_mutex *lock)
{
	struct waiter *first, *other;

	hold_wakes();
	spin_lock(&lock->wait_lock);
	if (unlikely(lock->owner != current)) {
		pr_emerg("unlock of ww_mutex %p by another than its owner\n", lock);
		BUG();
	}
	diag_lock_drop(lock);
	if (lock->ctx)
		WRITE_ONCE(lock->ctx->acquired, lock->ctx->acquired - 1);
	first = list_first_entry_or_null(&lock->wait_list, struct waiter, entry);
	if (!first) {
		WRITE_ONCE(lock->owner, NULL);
		WRITE_ONCE(lock->ctx, NULL);
		goto out;
	}
	list_del(&first->entry);
	first->granted = true;
	take(lock, first->task, first->ctx);
	wake_sleeper(first->task);
	list_for_each_entry(other, &lock->wait_list, entry) {
		wound_owner(lock, other->ctx);	/* one without a context may have come first */
		if (other->ctx && other->ctx->is_wait_die)
			wake_sleeper(other->task);
	}
out:
	spin_unlock(&lock->wait_lock);
	make_wakes();
}
