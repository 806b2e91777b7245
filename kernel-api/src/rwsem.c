/* SPDX-License-Identifier: MIT */
/*
 * rwsem.c - semaphores of readers and a writer: rwsem.h.
 *
 * Who finds nobody that waits takes it with one atomic step. Others queue, and are given
 * it by whoever makes it free, in order: they never have to try again.
 *
 * Locking: wait_lock guards the list, and the bit that says it is not empty.
 */
#include <linux/kernel.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>

#include "diag_notes.h"
#include "sched_impl.h"

#define WRITER	1u
#define WAITERS	2u
#define READER	256u
#define SPINS	100

struct waiter {
	struct list_head	entry;
	struct task_struct	*task;
	bool			writes;
	bool			granted;	/* atomic; the last thing its giver does with it */
};

void ring3_init_rwsem(struct rw_semaphore *sem)
{
	*sem = (struct rw_semaphore)__RWSEM_INITIALIZER(*sem);
}

/* Add @take, unless one of @unless is set. */
static bool try_take(struct rw_semaphore *sem, u32 unless, u32 take)
{
	u32 count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);

	while (!(count & unless))
		if (__atomic_compare_exchange_n(&sem->count, &count, count + take, 0, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static bool try_fast(struct rw_semaphore *sem, bool writes)
{
	return writes ? try_take(sem, ~0u, WRITER) : try_take(sem, WRITER | WAITERS, READER);
}

/* To the first that waits, and to all readers behind a reader; wait_lock is held. */
static void give(struct rw_semaphore *sem)
{
	struct waiter *waiter, *next;
	bool reading = false;

	list_for_each_entry_safe(waiter, next, &sem->wait_list, entry) {
		struct task_struct *task = waiter->task;

		if (reading && waiter->writes)
			break;
		if (!try_take(sem, waiter->writes ? ~WAITERS : WRITER, waiter->writes ? WRITER : READER))
			break;
		reading = !waiter->writes;
		list_del(&waiter->entry);
		get_task_struct(task);
		__atomic_store_n(&waiter->granted, true, __ATOMIC_RELEASE);
		wake_sleeper(task);
		put_task_struct(task);
		if (!reading)
			break;
	}
	if (list_empty(&sem->wait_list))
		__atomic_fetch_and(&sem->count, ~WAITERS, __ATOMIC_SEQ_CST);
}

static int down_slow(struct rw_semaphore *sem, bool writes, unsigned int state)
{
	struct waiter waiter = { .task = current, .writes = writes };
	int rc = 0;

	for (int i = 0; i < SPINS; i++) {
		cpu_relax();
		if (try_fast(sem, writes))
			return 0;
	}
	spin_lock(&sem->wait_lock);
	list_add_tail(&waiter.entry, &sem->wait_list);
	__atomic_fetch_or(&sem->count, WAITERS, __ATOMIC_SEQ_CST);
	give(sem);	/* it may have become free before the bit stood there */
	spin_unlock(&sem->wait_lock);
	for (;;) {
		set_current_state(state);
		if (__atomic_load_n(&waiter.granted, __ATOMIC_ACQUIRE))
			break;
		if (signal_pending_state(state, current)) {
			rc = -EINTR;
			break;
		}
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (!rc)
		return 0;
	spin_lock(&sem->wait_lock);
	if (__atomic_load_n(&waiter.granted, __ATOMIC_ACQUIRE)) {
		rc = 0;
	} else {
		list_del(&waiter.entry);
		give(sem);	/* who waited behind this one may go */
	}
	spin_unlock(&sem->wait_lock);
	return rc;
}

static int down_in(struct rw_semaphore *sem, bool writes, unsigned int state, const void *site)
{
	unsigned int kind = writes ? DIAG_LOCK_SEM_WRITE : DIAG_LOCK_SEM_READ;
	int rc;

	might_sleep();
	WARN_ONCE(sem->wait_lock.magic != SPINLOCK_MAGIC, "rwsem %p is used before init_rwsem()", sem);
	if (unlikely(!try_fast(sem, writes))) {
		diag_lock_want(sem, kind, site);
		rc = down_slow(sem, writes, state);
		if (rc) {
			diag_lock_drop(sem);
			return rc;
		}
	}
	if (writes)
		__atomic_store_n(&sem->owner, ring3_current->pid, __ATOMIC_RELAXED);
	diag_lock_got(sem, kind, site);
	return 0;
}

static int trylock(struct rw_semaphore *sem, bool writes, const void *site)
{
	if (!(writes ? try_take(sem, ~0u, WRITER) : try_take(sem, WRITER | WAITERS, READER)))
		return 0;
	if (writes)
		__atomic_store_n(&sem->owner, current->pid, __ATOMIC_RELAXED);
	diag_lock_got(sem, (writes ? DIAG_LOCK_SEM_WRITE : DIAG_LOCK_SEM_READ) | DIAG_LOCK_TRY, site);
	return 1;
}

#define SITE	__builtin_return_address(0)
void down_read(struct rw_semaphore *sem) { down_in(sem, false, TASK_UNINTERRUPTIBLE, SITE); }
int down_read_interruptible(struct rw_semaphore *sem) { return down_in(sem, false, TASK_INTERRUPTIBLE, SITE); }
int down_read_killable(struct rw_semaphore *sem) { return down_in(sem, false, TASK_KILLABLE, SITE); }
int down_read_trylock(struct rw_semaphore *sem) { return trylock(sem, false, SITE); }
void down_write(struct rw_semaphore *sem) { down_in(sem, true, TASK_UNINTERRUPTIBLE, SITE); }
int down_write_killable(struct rw_semaphore *sem) { return down_in(sem, true, TASK_KILLABLE, SITE); }
int down_write_trylock(struct rw_semaphore *sem) { return trylock(sem, true, SITE); }

static void give_if_wanted(struct rw_semaphore *sem, u32 count)
{
	if (likely(!(count & WAITERS)))
		return;
	hold_wakes();
	spin_lock(&sem->wait_lock);
	give(sem);
	spin_unlock(&sem->wait_lock);
	make_wakes();
}

static __cold void bug(const char *what, const struct rw_semaphore *sem)
{
	pr_emerg("%s of rwsem %p: thread %d, owner %d, count 0x%x\n", what, sem, current->pid, sem->owner, sem->count);
	BUG();
}

void up_read(struct rw_semaphore *sem)
{
	u32 count;

	diag_lock_drop(sem);
	count = __atomic_sub_fetch(&sem->count, READER, __ATOMIC_SEQ_CST);
	if (unlikely(count + READER < READER || count & WRITER))
		bug("up_read() without down_read()", sem);
	if (count < READER)
		give_if_wanted(sem, count);
}

static void check_writer(struct rw_semaphore *sem, const char *what)
{
	if (unlikely(__atomic_load_n(&sem->owner, __ATOMIC_RELAXED) != current->pid))
		bug(what, sem);
	__atomic_store_n(&sem->owner, 0, __ATOMIC_RELAXED);
}

void up_write(struct rw_semaphore *sem)
{
	check_writer(sem, "up_write() by another than the writer");
	diag_lock_drop(sem);
	give_if_wanted(sem, __atomic_and_fetch(&sem->count, ~WRITER, __ATOMIC_SEQ_CST));
}

void downgrade_write(struct rw_semaphore *sem)
{
	check_writer(sem, "downgrade_write() by another than the writer");
	diag_lock_drop(sem);
	diag_lock_got(sem, DIAG_LOCK_SEM_READ | DIAG_LOCK_TRY, SITE);
	give_if_wanted(sem, __atomic_add_fetch(&sem->count, READER - WRITER, __ATOMIC_SEQ_CST));
}

int rwsem_is_locked(struct rw_semaphore *sem)
{
	return (__atomic_load_n(&sem->count, __ATOMIC_RELAXED) & ~WAITERS) != 0;
}

bool ring3_rwsem_held(const struct rw_semaphore *sem, int read)
{
	u32 count = __atomic_load_n(&sem->count, __ATOMIC_RELAXED);
	bool written = count & WRITER && __atomic_load_n(&sem->owner, __ATOMIC_RELAXED) == current->pid;

	return (read != 1 && written) || (read && count >= READER);
}
