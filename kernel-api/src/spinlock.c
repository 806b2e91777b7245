/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - spinlocks, and locks of readers and a writer: spinlock.h.
 *
 * Who holds a word owns its virtual CPU, so that a waiter waits for a thread that runs, or
 * that the host has preempted: hence the sleep after a while of spinning.
 */
#include <linux/atomic.h>
#include <linux/bit_spinlock.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "diag_record.h"
#include "sched_impl.h"

/* What diagnostics are told: the kind of lock, and when they check orders, the context too. */
static unsigned int noted(unsigned int kind)
{
	if (unlikely(diag_lockdep_on))
		kind |= in_serving_softirq() ? DIAG_LOCK_SOFTIRQ : in_softirq() ? DIAG_LOCK_BH_OFF : 0;
	return kind;
}

/* Taken at once: noted the short way, which takes the long one where contexts are asked for. */
static __always_inline void note(const void *lock, unsigned int kind, const void *site)
{
	if (likely(diag_fast_record))
		diag_lock_note(lock, kind, site);
	else
		diag_lock_got(lock, noted(kind), site);
}

static __cold void bug(const char *what, const void *lock, u32 owner)
{
	pr_emerg("%s of lock %p: thread %d, owner %d\n", what, lock, current->pid, owner & ~RING3_LOCK_WAITED);
	BUG();
}

static void check_magic(const void *lock, u32 magic, u32 right)
{
	WARN_ONCE(magic != right, "lock %p is used before it was set up", lock);
}

static noinline void spin_lock_slow(spinlock_t *lock, const void *site)
{
	u32 self = (u32)ring3_current->pid;

	if (word_holder(&lock->owner) == self)
		bug("recursion", lock, self);
	/* A short wait is not worth being told of: that would take longer. */
	if (word_lock_spin(&lock->owner, self)) {
		note(lock, DIAG_LOCK_SPIN, site);
		return;
	}
	diag_lock_want(lock, noted(DIAG_LOCK_SPIN), site);
	word_lock_park(&lock->owner, self);
	diag_lock_got(lock, noted(DIAG_LOCK_SPIN), site);
}

/* The lock's line is not looked at before it is taken: that would fetch it twice from who had it last. */
void spin_lock(spinlock_t *lock)
{
	const void *site = __builtin_return_address(0);

	preempt_disable();
	if (unlikely(!word_take(&lock->owner, (u32)ring3_current->pid))) {
		spin_lock_slow(lock, site);
		return;
	}
	note(lock, DIAG_LOCK_SPIN, site);
	if (unlikely(lock->magic != SPINLOCK_MAGIC))
		check_magic(lock, lock->magic, SPINLOCK_MAGIC);
}

int spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (!word_take(&lock->owner, (u32)ring3_current->pid)) {
		preempt_enable();
		return 0;
	}
	note(lock, DIAG_LOCK_SPIN | DIAG_LOCK_TRY, __builtin_return_address(0));
	return 1;
}

void spin_unlock(spinlock_t *lock)
{
	if (unlikely(word_holder(&lock->owner) != (u32)current->pid))
		bug("unlock by another than the owner", lock, lock->owner);
	diag_lock_unnote(lock);
	word_unlock(&lock->owner);
	preempt_enable();
}

bool ring3_spin_held(const struct spinlock *lock)
{
	return word_holder(&lock->owner) == (u32)current->pid;
}

int _atomic_dec_and_lock(atomic_t *count, spinlock_t *lock)
{
	if (atomic_add_unless(count, -1, 1))
		return 0;
	spin_lock(lock);
	if (atomic_dec_and_test(count))
		return 1;
	spin_unlock(lock);
	return 0;
}

/* ---- readers and a writer ------------------------------------------------------------- */

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

static void wait_a_little(int *looks)
{
	cpu_relax();
	if (++*looks >= 200)
		host_yield();
}

void read_lock(rwlock_t *lock)
{
	const void *site = __builtin_return_address(0);
	bool polite;
	int looks = 0;

	preempt_disable();
	polite = !in_interrupt();
	if (unlikely(lock->magic != RWLOCK_MAGIC))
		check_magic(lock, lock->magic, RWLOCK_MAGIC);
	if (likely(try_read(lock, polite))) {
		note(lock, DIAG_LOCK_READ, site);
		return;
	}
	diag_lock_want(lock, noted(DIAG_LOCK_READ), site);
	do {
		wait_a_little(&looks);
	} while (!try_read(lock, polite));
	diag_lock_got(lock, noted(DIAG_LOCK_READ), site);
}

int read_trylock(rwlock_t *lock)
{
	preempt_disable();
	if (try_read(lock, false)) {
		note(lock, DIAG_LOCK_READ | DIAG_LOCK_TRY, __builtin_return_address(0));
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
		bug("read_unlock() without read_lock()", lock, lock->owner);
	preempt_enable();
}

static void got_write(rwlock_t *lock, unsigned int kind, const void *site)
{
	__atomic_store_n(&lock->owner, ring3_current->pid, __ATOMIC_RELAXED);
	diag_lock_got(lock, noted(kind), site);
}

void write_lock(rwlock_t *lock)
{
	const void *site = __builtin_return_address(0);
	int looks = 0;

	preempt_disable();
	check_magic(lock, lock->magic, RWLOCK_MAGIC);
	if (!state_change(lock, 0, RING3_WRITER)) {
		if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == ring3_current->pid)
			bug("recursion", lock, lock->owner);
		diag_lock_want(lock, noted(DIAG_LOCK_WRITE), site);
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
		bug("write_unlock() by another than the owner", lock, lock->owner);
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

/* ---- in a bit ------------------------------------------------------------------------- */

void ring3_bit_spin_wait(int bitnum, unsigned long *addr)
{
	int looks = 0;

	while (test_bit(bitnum, addr))
		wait_a_little(&looks);
}
