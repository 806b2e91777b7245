/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MUTEX_H
#define _LINUX_MUTEX_H

/*
 * As in a debug kernel: BUG in atomic context, where a mutex is taken twice, or given up by
 * another than its owner; a warning where one was never set up, or is destroyed while held.
 *
 * Differs from the kernel: a mutex passes to whoever comes first; those who sleep for it
 * are woken in the order they came, and one that was woken in vain twice is handed it.
 */
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct mutex {
	u32			owner;		/* atomic: 0 free, or a thread's id; RING3_LOCK_WAITED */
	spinlock_t		wait_lock;
	struct list_head	wait_list;	/* of those who sleep */
};

#define __MUTEX_INITIALIZER(name) { \
	.wait_lock = __SPIN_LOCK_UNLOCKED((name).wait_lock), .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define DEFINE_MUTEX(name)		struct mutex name = __MUTEX_INITIALIZER(name)
__visible void ring3_mutex_init(struct mutex *lock);
#define mutex_init(lock)		do { ring3_lock_class(lock); ring3_mutex_init(lock); } while (0)
#define __mutex_init(lock, name, key)	ring3_mutex_init(lock)
__visible void mutex_destroy(struct mutex *lock);

__visible void mutex_lock(struct mutex *lock);
/* 0, or -EINTR for a pending signal; of the second, for SIGKILL only. */
__visible int __must_check mutex_lock_interruptible(struct mutex *lock);
__visible int __must_check mutex_lock_killable(struct mutex *lock);
__visible int mutex_trylock(struct mutex *lock);	/* 1: it is ours */
__visible void mutex_unlock(struct mutex *lock);
static inline void mutex_lock_io(struct mutex *lock) { mutex_lock(lock); }
static inline bool mutex_is_locked(struct mutex *lock) { return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED); }
__visible int atomic_dec_and_mutex_lock(atomic_t *count, struct mutex *lock);
#define mutex_lock_nested(lock, subclass)		mutex_lock(lock)
#define mutex_lock_interruptible_nested(lock, subclass)	mutex_lock_interruptible(lock)
#define mutex_lock_killable_nested(lock, subclass)	mutex_lock_killable(lock)
#define mutex_lock_nest_lock(lock, nest)		mutex_lock(lock)
#define mutex_lock_io_nested(lock, subclass)		mutex_lock(lock)
DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))
DEFINE_FREE(mutex, struct mutex *, if (_T) mutex_unlock(_T))

#endif /* _LINUX_MUTEX_H */
