/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPINLOCK_TYPES_H
#define _LINUX_SPINLOCK_TYPES_H

#include <linux/lockdep_types.h>
#include <linux/types.h>

typedef struct spinlock {
	u32			word;		/* 0 free, 1 held, 2 held and waited for */
	pid_t			owner;		/* thread id, for lockdep_assert_held() and reports */
} spinlock_t, raw_spinlock_t;

typedef struct {
	spinlock_t		lock;		/* writers, and readers while they count themselves */
	atomic_t		readers;
} rwlock_t;

#define __SPIN_LOCK_UNLOCKED(name)	{ .word = 0 }
#define __RAW_SPIN_LOCK_UNLOCKED(name)	__SPIN_LOCK_UNLOCKED(name)
#define __SPIN_LOCK_INITIALIZER(name)	__SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name)	raw_spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_SPINLOCK(name)		spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define __RW_LOCK_UNLOCKED(name)	{ .lock = { .word = 0 } }
#define DEFINE_RWLOCK(name)		rwlock_t name = __RW_LOCK_UNLOCKED(name)

#endif /* _LINUX_SPINLOCK_TYPES_H */
