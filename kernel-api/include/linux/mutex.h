/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MUTEX_H
#define _LINUX_MUTEX_H

/*
 * Differs from the kernel: mutex_lock_interruptible() is not interrupted.
 */
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/types.h>

struct mutex {
	u32	word;		/* 0 free, 1 held, 2 held and waited for */
	pid_t	owner;
};

#define __MUTEX_INITIALIZER(name)	{ .word = 0 }
#define DEFINE_MUTEX(name)		struct mutex name = __MUTEX_INITIALIZER(name)
#define mutex_init(lock)	do { ring3_lock_class(lock); ring3_mutex_init(lock); } while (0)
static inline void ring3_mutex_init(struct mutex *lock)
{
	lock->owner = 0;
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELAXED);
}
static inline void mutex_destroy(struct mutex *lock) { (void)lock; }

/* May sleep: BUG in atomic context. Unlocking another's is a BUG. */
__visible void mutex_lock(struct mutex *lock);
__visible int mutex_trylock(struct mutex *lock);
__visible void mutex_unlock(struct mutex *lock);
static inline bool mutex_is_locked(struct mutex *lock) { return __atomic_load_n(&lock->word, __ATOMIC_RELAXED); }
#define mutex_lock_interruptible(lock)	({ mutex_lock(lock); 0; })
#define mutex_lock_killable(lock)	({ mutex_lock(lock); 0; })
#define mutex_lock_io(lock)		mutex_lock(lock)
#define mutex_lock_nested(lock, sub)	mutex_lock(lock)
#define mutex_lock_interruptible_nested(lock, sub)	mutex_lock_interruptible(lock)
#define mutex_lock_nest_lock(lock, nest)		mutex_lock(lock)
DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))
DEFINE_FREE(mutex, struct mutex *, if (_T) mutex_unlock(_T))

#endif /* _LINUX_MUTEX_H */
