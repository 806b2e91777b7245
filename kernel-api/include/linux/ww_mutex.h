/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_WW_MUTEX_H
#define _LINUX_WW_MUTEX_H

/*
 * Mutexes that may be taken in any order inside one acquire context: the younger context
 * gets -EDEADLK, gives up what it holds, and waits for that one with _slow (kernel-doc
 * "Wound/Wait Deadlock-Proof Mutex Design"). Wait-Die: who waits for an older one; Wound-Wait:
 * who holds what an older one wants, at its next wait.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

struct ww_class {
	atomic_long_t	stamp;
	const char	*acquire_name, *mutex_name;
	bool		is_wait_die;
};

struct ww_acquire_ctx {
	struct task_struct	*task;
	unsigned long		stamp;
	unsigned int		acquired;	/* atomic: mutexes held in it */
	bool			wounded;	/* atomic */
	bool			is_wait_die;
	bool			done;		/* ww_acquire_done() was called */
	struct ww_class		*ww_class;
};

struct ww_mutex {
	spinlock_t		wait_lock;	/* over all that follows */
	struct task_struct	*owner;
	struct ww_acquire_ctx	*ctx;		/* the owner's, or NULL */
	struct list_head	wait_list;	/* contexts by age among those without */
	struct ww_class		*ww_class;
};

#define __WW_CLASS_INITIALIZER(name, wait_die) \
	{ .stamp = { 0 }, .acquire_name = #name "_acquire", .mutex_name = #name "_mutex", .is_wait_die = (wait_die) }
#define DEFINE_WD_CLASS(name)	struct ww_class name = __WW_CLASS_INITIALIZER(name, true)
#define DEFINE_WW_CLASS(name)	struct ww_class name = __WW_CLASS_INITIALIZER(name, false)
#define __WW_MUTEX_INITIALIZER(name, class) { .wait_lock = __SPIN_LOCK_UNLOCKED((name).wait_lock), \
	.wait_list = LIST_HEAD_INIT((name).wait_list), .ww_class = (class) }
#define DEFINE_WW_MUTEX(name, class)	struct ww_mutex name = __WW_MUTEX_INITIALIZER(name, class)

static inline void ww_mutex_init(struct ww_mutex *lock, struct ww_class *class)
{
	*lock = (struct ww_mutex)__WW_MUTEX_INITIALIZER(*lock, class);
}
__visible void ww_mutex_destroy(struct ww_mutex *lock);
__visible void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *class);
__visible void ww_acquire_done(struct ww_acquire_ctx *ctx);	/* no more after these */
__visible void ww_acquire_fini(struct ww_acquire_ctx *ctx);	/* warns when it still holds one */

/* 0; -EDEADLK: back off; -EALREADY: this context has it; -EINTR from the second. @ctx may be NULL. */
__visible int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
__visible int __must_check ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
__visible int __must_check ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
__visible void ww_mutex_unlock(struct ww_mutex *lock);
/* After -EDEADLK, when the context holds nothing. */
static inline void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	WARN_ON_ONCE(ctx->acquired);
	(void)ww_mutex_lock(lock, ctx);
}
static inline int __must_check ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	WARN_ON_ONCE(ctx->acquired);
	return ww_mutex_lock_interruptible(lock, ctx);
}
static inline bool ww_mutex_is_locked(struct ww_mutex *lock) { return READ_ONCE(lock->owner) != NULL; }

#endif /* _LINUX_WW_MUTEX_H */
