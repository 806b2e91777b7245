/* SPDX-License-Identifier: MIT */
/*
 * percpu_rwsem.c - semaphores whose readers share nothing: percpu-rwsem.h.
 *
 * A reader counts itself at its virtual CPU inside rcu_read_lock(), unless `block` is set. A
 * writer sets it and waits a grace period: no reader that did not see it is still about
 * to count itself. Then it waits until the sum is 0; a count alone may be negative, for
 * a reader may leave on another CPU.
 */
#include <linux/kernel.h>
#include <linux/percpu-rwsem.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "sched_impl.h"

struct ring3_readers {
	long	count;	/* atomic */
} __aligned(64);

static struct ring3_readers *readers_of(struct percpu_rw_semaphore *sem)
{
	struct ring3_readers *readers = __atomic_load_n(&sem->readers, __ATOMIC_ACQUIRE), *mine;

	if (likely(readers))
		return readers;
	mine = kcalloc(NR_CPUS, sizeof(*mine), GFP_KERNEL | __GFP_NOFAIL);
	BUG_ON(!mine);
	if (__atomic_compare_exchange_n(&sem->readers, &readers, mine, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	kfree(mine);
	return readers;
}

int __percpu_init_rwsem(struct percpu_rw_semaphore *sem, const char *name, struct lock_class_key *key)
{
	*sem = (struct percpu_rw_semaphore)__PERCPU_RWSEM_INITIALIZER(*sem);
	sem->readers = kcalloc(NR_CPUS, sizeof(*sem->readers), GFP_KERNEL);
	return sem->readers ? 0 : -ENOMEM;
}

static long sum(struct percpu_rw_semaphore *sem)
{
	struct ring3_readers *readers = readers_of(sem);
	long all = 0;

	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		all += __atomic_load_n(&readers[cpu].count, __ATOMIC_ACQUIRE);
	return all;
}

void percpu_free_rwsem(struct percpu_rw_semaphore *sem)
{
	if (!sem->readers)
		return;
	WARN_ON(sum(sem) || percpu_is_write_locked(sem));
	kfree(sem->readers);
	sem->readers = NULL;
}

bool percpu_is_read_locked(struct percpu_rw_semaphore *sem)
{
	return !percpu_is_write_locked(sem) && sum(sem) != 0;
}

bool percpu_down_read_trylock(struct percpu_rw_semaphore *sem)
{
	struct ring3_readers *readers = readers_of(sem);
	bool in;

	rcu_read_lock();
	in = !__atomic_load_n(&sem->block, __ATOMIC_ACQUIRE);
	if (likely(in))
		__atomic_fetch_add(&readers[raw_smp_processor_id()].count, 1, __ATOMIC_ACQUIRE);
	rcu_read_unlock();
	return in;
}

void percpu_down_read(struct percpu_rw_semaphore *sem)
{
	might_sleep();
	while (unlikely(!percpu_down_read_trylock(sem)))
		wait_event(sem->waiters, !__atomic_load_n(&sem->block, __ATOMIC_ACQUIRE));
}

void percpu_up_read(struct percpu_rw_semaphore *sem)
{
	rcu_read_lock();
	__atomic_fetch_sub(&sem->readers[raw_smp_processor_id()].count, 1, __ATOMIC_SEQ_CST);
	if (unlikely(__atomic_load_n(&sem->block, __ATOMIC_SEQ_CST)))
		wake_up_all(&sem->waiters);
	rcu_read_unlock();
}

void percpu_down_write(struct percpu_rw_semaphore *sem)
{
	might_sleep();
	mutex_lock(&sem->writer);
	__atomic_store_n(&sem->block, true, __ATOMIC_SEQ_CST);
	synchronize_rcu();
	wait_event(sem->waiters, !sum(sem));
}

void percpu_up_write(struct percpu_rw_semaphore *sem)
{
	__atomic_store_n(&sem->block, false, __ATOMIC_RELEASE);
	wake_up_all(&sem->waiters);
	mutex_unlock(&sem->writer);
}
