/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SEMAPHORE_H
#define _LINUX_SEMAPHORE_H

/* Counting semaphores, first come, first served. */
#include <linux/list.h>
#include <linux/spinlock.h>

struct semaphore {
	raw_spinlock_t		lock;
	unsigned int		count;
	struct list_head	wait_list;
};

#define __SEMAPHORE_INITIALIZER(name, n) { \
	.lock = __RAW_SPIN_LOCK_UNLOCKED((name).lock), .count = (n), .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define DEFINE_SEMAPHORE(name)	struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
static inline void sema_init(struct semaphore *sem, int val)
{
	*sem = (struct semaphore)__SEMAPHORE_INITIALIZER(*sem, (unsigned int)val);
}

__visible void down(struct semaphore *sem);
__visible int __must_check down_interruptible(struct semaphore *sem);	/* 0 or -EINTR */
__visible int __must_check down_killable(struct semaphore *sem);
__visible int __must_check down_timeout(struct semaphore *sem, long jiffies_left);	/* 0 or -ETIME */
__visible int __must_check down_trylock(struct semaphore *sem);	/* 0: got it, 1: did not; any context */
__visible void up(struct semaphore *sem);	/* any context, any thread */

#endif /* _LINUX_SEMAPHORE_H */
