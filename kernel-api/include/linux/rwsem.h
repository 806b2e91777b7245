/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RWSEM_H
#define _LINUX_RWSEM_H

/*
 * Readers, or one writer, who may sleep. First come, first served: a reader behind a
 * waiting writer waits, so that a reader which takes it again deadlocks with one, as in
 * the kernel. As in a debug kernel: BUG in atomic context, and where it is given up by who
 * does not hold it.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct rw_semaphore {
	u32			count;		/* atomic: RING3_RWSEM_*, and readers from bit 8 on */
	pid_t			owner;		/* the writer's thread, or 0 */
	spinlock_t		wait_lock;
	struct list_head	wait_list;
};

#define __RWSEM_INITIALIZER(name) { \
	.wait_lock = __SPIN_LOCK_UNLOCKED((name).wait_lock), .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define DECLARE_RWSEM(name)	struct rw_semaphore name = __RWSEM_INITIALIZER(name)
__visible void ring3_init_rwsem(struct rw_semaphore *sem);
#define init_rwsem(sem)		do { ring3_lock_class(sem); ring3_init_rwsem(sem); } while (0)
#define __init_rwsem(sem, name, key) ring3_init_rwsem(sem)

__visible void down_read(struct rw_semaphore *sem);
__visible int __must_check down_read_interruptible(struct rw_semaphore *sem);	/* 0 or -EINTR */
__visible int __must_check down_read_killable(struct rw_semaphore *sem);
__visible int down_read_trylock(struct rw_semaphore *sem);	/* 1: got it */
__visible void down_write(struct rw_semaphore *sem);
__visible int __must_check down_write_killable(struct rw_semaphore *sem);
__visible int down_write_trylock(struct rw_semaphore *sem);
__visible void up_read(struct rw_semaphore *sem);
__visible void up_write(struct rw_semaphore *sem);
__visible void downgrade_write(struct rw_semaphore *sem);	/* the writer becomes a reader, and lets others in */
__visible int rwsem_is_locked(struct rw_semaphore *sem);
static inline int rwsem_is_contended(struct rw_semaphore *sem) { return !list_empty(&sem->wait_list); }
#define down_read_nested(sem, subclass)		down_read(sem)
#define down_read_killable_nested(sem, s)	down_read_killable(sem)
#define down_write_nested(sem, subclass)	down_write(sem)
#define down_write_killable_nested(sem, s)	down_write_killable(sem)
#define down_write_nest_lock(sem, nest)		down_write(sem)
#define down_read_non_owner(sem)		down_read(sem)
#define up_read_non_owner(sem)			up_read(sem)

#endif /* _LINUX_RWSEM_H */
