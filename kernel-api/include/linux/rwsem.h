/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RWSEM_H
#define _LINUX_RWSEM_H

/*
 * Semaphores of many readers or one writer, first come, first served: a waiting writer
 * holds up later readers.
 *
 * Differs from the kernel: killable and interruptible ones are not interrupted.
 */
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct rw_semaphore {
	spinlock_t		wait_lock;	/* guards all below */
	int			readers;
	struct task_struct	*writer;
	struct list_head	waiters;
};

#define __RWSEM_INITIALIZER(name) \
	{ .wait_lock = __SPIN_LOCK_UNLOCKED((name).wait_lock), .waiters = LIST_HEAD_INIT((name).waiters) }
#define DECLARE_RWSEM(name)	struct rw_semaphore name = __RWSEM_INITIALIZER(name)
static inline void init_rwsem(struct rw_semaphore *sem)
{
	spin_lock_init(&sem->wait_lock);
	sem->readers = 0;
	sem->writer = NULL;
	INIT_LIST_HEAD(&sem->waiters);
}
/* All but the trylocks and the ups may sleep. */
__visible void down_read(struct rw_semaphore *sem);
__visible void down_write(struct rw_semaphore *sem);
__visible int down_read_trylock(struct rw_semaphore *sem);	/* 1: taken */
__visible int down_write_trylock(struct rw_semaphore *sem);
__visible void up_read(struct rw_semaphore *sem);
__visible void up_write(struct rw_semaphore *sem);		/* BUG when it is another's */
__visible void downgrade_write(struct rw_semaphore *sem);	/* to a reader, without a gap */
__visible int rwsem_is_locked(struct rw_semaphore *sem);
__visible int rwsem_is_contended(struct rw_semaphore *sem);
#define down_read_nested(sem, sub)		down_read(sem)
#define down_write_nested(sem, sub)		down_write(sem)
#define down_write_nest_lock(sem, nest)		down_write(sem)
#define down_read_killable(sem)			({ down_read(sem); 0; })
#define down_read_interruptible(sem)		({ down_read(sem); 0; })
#define down_write_killable(sem)		({ down_write(sem); 0; })
#define down_read_non_owner(sem)		down_read(sem)
#define up_read_non_owner(sem)			up_read(sem)

#endif /* _LINUX_RWSEM_H */
