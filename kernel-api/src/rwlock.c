/* SPDX-License-Identifier: MIT */
/*
 * rwlock.c - locks of readers and a writer: spinlock.h.
 *
 * Who holds one owns its virtual CPU. A reader that serves a softirq passes writers that wait.
 */
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "spin_note.h"

static __cold void bug(const char *what, const rwlock_t *lock)
{
	pr_emerg("%s of lock %p: thread %d, owner %d\n", what, lock, current->pid, lock->owner);
	BUG();
}

static bool state_change(rwlock_t *lock, u32 was, u32 to)
{
	return __atomic_compare_exchange_n(&lock->state, &was, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static bool try_read(rwlock_t *lock, bool polite)
{
	u32 state = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);

	if (polite && __atomic_load_n(&lock->writers, __ATOMIC_RELAXED))
		return false;
	while (!(state & RING3_WRITER)) {
		if (state_change(lock, state, state + 1))
			return true;
		state = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
	}
	return false;
}

void read_lock(rwlock_t *lock)
{
	const void *site = __builtin_return_address(0);
	bool polite;
	int looks = 0;

	preempt_disable();
	polite = !in_interrupt();
	if (unlikely(lock->magic != RWLOCK_MAGIC))
		spin_check_magic(lock, lock->magic, RWLOCK_MAGIC);
	if (likely(try_read(lock, polite))) {
		spin_note(lock, DIAG_LOCK_READ, site);
		return;
	}
	diag_lock_want(lock, spin_noted(DIAG_LOCK_READ), site);
	do {
		wait_a_little(&looks);
	} while (!try_read(lock, polite));
	diag_lock_got(lock, spin_noted(DIAG_LOCK_READ), site);
}

int read_trylock(rwlock_t *lock)
{
	preempt_disable();
	if (try_read(lock, false)) {
		spin_note(lock, DIAG_LOCK_READ | DIAG_LOCK_TRY, __builtin_return_address(0));
		return 1;
	}
	preempt_enable();
	return 0;
}

void read_unlock(rwlock_t *lock)
{
	u32 was;

	diag_lock_unnote(lock);
	was = __atomic_fetch_sub(&lock->state, 1, __ATOMIC_RELEASE);
	if (unlikely(!was || was & RING3_WRITER))
		bug("read_unlock() without read_lock()", lock);
	preempt_enable();
}

static void got_write(rwlock_t *lock, unsigned int kind, const void *site)
{
	__atomic_store_n(&lock->owner, ring3_current->pid, __ATOMIC_RELAXED);
	diag_lock_got(lock, spin_noted(kind), site);
}

void write_lock(rwlock_t *lock)
{
	const void *site = __builtin_return_address(0);
	int looks = 0;

	preempt_disable();
	spin_check_magic(lock, lock->magic, RWLOCK_MAGIC);
	if (!state_change(lock, 0, RING3_WRITER)) {
		if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == ring3_current->pid)
			bug("recursion", lock);
		diag_lock_want(lock, spin_noted(DIAG_LOCK_WRITE), site);
		__atomic_fetch_add(&lock->writers, 1, __ATOMIC_RELAXED);
		do {
			wait_a_little(&looks);
		} while (__atomic_load_n(&lock->state, __ATOMIC_RELAXED) || !state_change(lock, 0, RING3_WRITER));
		__atomic_fetch_sub(&lock->writers, 1, __ATOMIC_RELAXED);
	}
	got_write(lock, DIAG_LOCK_WRITE, site);
}

int write_trylock(rwlock_t *lock)
{
	preempt_disable();
	if (state_change(lock, 0, RING3_WRITER)) {
		got_write(lock, DIAG_LOCK_WRITE | DIAG_LOCK_TRY, __builtin_return_address(0));
		return 1;
	}
	preempt_enable();
	return 0;
}

void write_unlock(rwlock_t *lock)
{
	if (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != current->pid))
		bug("write_unlock() by another than the owner", lock);
	diag_lock_unnote(lock);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->state, 0, __ATOMIC_RELEASE);
	preempt_enable();
}

bool ring3_rwlock_held(const rwlock_t *lock, int read)
{
	u32 state = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
	bool written = state & RING3_WRITER && __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == current->pid;

	return (read != 1 && written) || (read && state && !(state & RING3_WRITER));
}
