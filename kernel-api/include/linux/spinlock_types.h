/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPINLOCK_TYPES_H
#define _LINUX_SPINLOCK_TYPES_H

#include <linux/lockdep_types.h>
#include <linux/types.h>

#define SPINLOCK_MAGIC		0xdead4ead
#define RWLOCK_MAGIC		0xdeaf1eed

#define RING3_LOCK_WAITED	0x80000000u	/* somebody sleeps for it, or did */

/* Differs from the kernel: a raw one is the same type. */
typedef struct spinlock {
	u32			owner;		/* atomic, a futex: 0 free, or a thread's id; RING3_LOCK_WAITED */
	u32			magic;		/* was set up */
	u32			bias;		/* atomic: the thread that may take it without the word; spinlock.c */
	u32			in;		/* atomic, a futex: 0, or that thread's id, which holds it */
} spinlock_t, raw_spinlock_t;

typedef struct ring3_rwlock {
	u32			state;		/* atomic: readers, or RING3_WRITER */
	u32			writers;	/* atomic: that wait */
	pid_t			owner;		/* the writer's thread */
	u32			magic;
} rwlock_t;

#define __SPIN_LOCK_UNLOCKED(name)	{ .magic = SPINLOCK_MAGIC }
#define __RAW_SPIN_LOCK_UNLOCKED(name)	__SPIN_LOCK_UNLOCKED(name)
#define __SPIN_LOCK_INITIALIZER(name)	__SPIN_LOCK_UNLOCKED(name)
#define DEFINE_SPINLOCK(name)		spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define DEFINE_RAW_SPINLOCK(name)	raw_spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define __RW_LOCK_UNLOCKED(name)	{ .magic = RWLOCK_MAGIC }
#define DEFINE_RWLOCK(name)		rwlock_t name = __RW_LOCK_UNLOCKED(name)

#endif /* _LINUX_SPINLOCK_TYPES_H */
