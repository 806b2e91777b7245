/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PERCPU_RWSEM_H
#define _LINUX_PERCPU_RWSEM_H

/*
 * Readers, or one writer: readers touch no line that is shared with another virtual CPU,
 * a writer waits for a grace period.
 *
 * Differs from the kernel: a statically defined one gets its counters as it is used first.
 */
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/wait.h>

struct ring3_readers;
struct percpu_rw_semaphore {
	struct ring3_readers	*readers;	/* atomic; one per virtual CPU */
	bool			block;		/* atomic: a writer is there, or on its way */
	struct mutex		writer;
	struct wait_queue_head	waiters;	/* readers for the writer's end, the writer for theirs */
};

#define __PERCPU_RWSEM_INITIALIZER(name) { .writer = __MUTEX_INITIALIZER((name).writer), \
	.waiters = __WAIT_QUEUE_HEAD_INITIALIZER((name).waiters) }
#define DEFINE_PERCPU_RWSEM(name)	struct percpu_rw_semaphore name = __PERCPU_RWSEM_INITIALIZER(name)
#define DEFINE_STATIC_PERCPU_RWSEM(name) static struct percpu_rw_semaphore name = __PERCPU_RWSEM_INITIALIZER(name)
#define percpu_init_rwsem(sem)		__percpu_init_rwsem((sem), #sem, NULL)
__visible int __percpu_init_rwsem(struct percpu_rw_semaphore *sem, const char *name, struct lock_class_key *key);
__visible void percpu_free_rwsem(struct percpu_rw_semaphore *sem);

__visible void percpu_down_read(struct percpu_rw_semaphore *sem);	/* may sleep */
__visible bool percpu_down_read_trylock(struct percpu_rw_semaphore *sem);
__visible void percpu_up_read(struct percpu_rw_semaphore *sem);		/* by any thread */
__visible void percpu_down_write(struct percpu_rw_semaphore *sem);
__visible void percpu_up_write(struct percpu_rw_semaphore *sem);
static inline bool percpu_is_write_locked(struct percpu_rw_semaphore *sem) { return mutex_is_locked(&sem->writer); }
__visible bool percpu_is_read_locked(struct percpu_rw_semaphore *sem);
#define percpu_rwsem_is_held(sem)	(percpu_is_write_locked(sem) || percpu_is_read_locked(sem))
#define percpu_rwsem_assert_held(sem)	WARN_ON_ONCE(!percpu_rwsem_is_held(sem))

#endif /* _LINUX_PERCPU_RWSEM_H */
