/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - spinlocks: spinlock.h.
 *
 * Who holds one owns its virtual CPU, so that a waiter waits for a thread that runs, or that
 * the host has preempted: hence the sleep after a while of spinning.
 *
 * A lock is held by its word, `owner`; or by the one thread that has the bias of it, which
 * takes it by plain stores to `in`. Who takes the word ends another's bias, and then waits
 * until that one is out:
 *
 *	thread:	in = self;			another: take the word; bias = ENDED;
 *		is the bias self's still?		 host_barrier();
 *							 wait until in is 0
 *
 * The barrier stands for the fence that the thread leaves out: it sees the bias ended, and takes
 * `in` back (MISSED), or the other sees it inside. So while the bias is somebody's, nobody else
 * has the lock: what was done under it before, the thread saw when it was given the bias.
 *
 * `bias` goes round:
 *
 *	0		nobody's, as it is set up. One in TRIAL_EVERY times that a thread takes a word:
 *	id | TRIAL	that thread's, on trial: who else takes the word makes it 0 again. The next of
 *			those times, if the thread finds it still:
 *	id		the thread's. Another takes the word:
 *	ENDED | number	nobody's until the grace period of that number is over; then as 0
 *
 * The grace period is for a thread that looked at the bias and was preempted before its store to
 * `in`: it makes that later, and takes it back, which would wipe out the next one's. It owns its
 * virtual CPU all the while; so after a grace period there is no such thread.
 *
 * A bias is not given where the host has no such barrier. An id may be that of another thread
 * one day: of one that lives, while the one before is gone. All orders of these steps are walked
 * through by test/c/kernel-api/spin_bias_model_test.c, which changes with them.
 */
#include <linux/atomic.h>
#include <linux/bit_spinlock.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "rcu_impl.h"
#include "spin_note.h"

#define TRIAL		0x80000000u
#define ENDED		0x40000000u	/* ids are below it */
#define TRIAL_EVERY	1024	/* twice this many words cost some times what ending a bias does */

static __thread unsigned int takes RING3_TLS;	/* by words, of this thread */

static __cold void bug(const char *what, const spinlock_t *lock)
{
	pr_emerg("%s of lock %p: thread %d, owner %d\n", what, lock, current->pid, ring3_spin_owner(lock));
	BUG();
}

/* ---- the bias ------------------------------------------------------------------------- */

enum take { NO_BIAS, TAKEN, MISSED };

/* MISSED: `in` has to be given up, as a word is, for somebody may be parked for it. */
static __always_inline enum take take_by_bias(spinlock_t *lock, u32 self)
{
	if (__atomic_load_n(&lock->bias, __ATOMIC_RELAXED) != self ||
	    unlikely(__atomic_load_n(&lock->in, __ATOMIC_RELAXED)))
		return NO_BIAS;
	__atomic_store_n(&lock->in, self, __ATOMIC_RELAXED);
	barrier();	/* for the compiler; the processor's is host_barrier(), of who ends the bias */
	return likely(__atomic_load_n(&lock->bias, __ATOMIC_ACQUIRE) == self) ? TAKEN : MISSED;
}

/* The word is ours: is the lock? */
static __always_inline bool alone(spinlock_t *lock, u32 self)
{
	u32 bias = __atomic_load_n(&lock->bias, __ATOMIC_RELAXED);

	return likely((!bias || bias == (self | TRIAL) || (bias & (TRIAL | ENDED)) == ENDED) &&
		      !__atomic_load_n(&lock->in, __ATOMIC_ACQUIRE));
}

/* The word is ours. False: who had the bias is inside still. */
static noinline bool end_bias(spinlock_t *lock, u32 self)
{
	u32 bias = __atomic_load_n(&lock->bias, __ATOMIC_RELAXED);

	if (bias & TRIAL) {
		__atomic_store_n(&lock->bias, 0, __ATOMIC_RELAXED);
	} else if (bias && !(bias & ENDED)) {
		__atomic_store_n(&lock->bias, ENDED, __ATOMIC_RELAXED);
		host_barrier();
		__atomic_store_n(&lock->bias, ENDED | ((u32)start_poll_synchronize_rcu() & (ENDED - 1)),
				 __ATOMIC_RELAXED);
	}
	return !__atomic_load_n(&lock->in, __ATOMIC_ACQUIRE);
}

/* Of numbers of 30 bits that wrap round. */
static bool has_ended(u32 gp)
{
	return !(((u32)rcu_ended() - gp) & ENDED >> 1);
}

/*
 * The lock is ours, by its word. With the bias it is ours by `in` from here on: or else the bias
 * would let us take it once more while we have it.
 */
static noinline void try_bias(spinlock_t *lock, u32 self)
{
	u32 bias = __atomic_load_n(&lock->bias, __ATOMIC_RELAXED);

	if (ring3_rcu_fences || (bias & ENDED && !has_ended(bias)))
		return;
	if (bias != (self | TRIAL)) {
		__atomic_store_n(&lock->bias, self | TRIAL, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&lock->in, self, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->bias, self, __ATOMIC_RELAXED);
	word_unlock(&lock->owner);
}

/* The lock is ours, by its word. */
static __always_inline void count_take(spinlock_t *lock, u32 self)
{
	if (unlikely(!(++takes % TRIAL_EVERY)))
		try_bias(lock, self);
}

/* ---- taking and giving up: the CPU is owned ---------------------------------------------- */

/* @ours: the word is. */
static noinline void wait_for(spinlock_t *lock, u32 self, bool ours, const void *site)
{
	if (word_holder(&lock->in) == self || (!ours && word_holder(&lock->owner) == self))
		bug("recursion", lock);
	/* A short wait is not worth being told of: that would take longer. */
	ours = ours || word_lock_spin(&lock->owner, self);
	if (ours && (end_bias(lock, self) || word_lock_spin(&lock->in, 0))) {
		spin_note(lock, DIAG_LOCK_SPIN, site);
		return;
	}
	diag_lock_want(lock, spin_noted(DIAG_LOCK_SPIN), site);
	if (!ours)
		word_lock_park(&lock->owner, self);
	if (!end_bias(lock, self))
		word_lock_park(&lock->in, 0);
	diag_lock_got(lock, spin_noted(DIAG_LOCK_SPIN), site);
}

static __always_inline void got(spinlock_t *lock, unsigned int kind, const void *site)
{
	if (unlikely(lock->magic != SPINLOCK_MAGIC))
		spin_check_magic(lock, lock->magic, SPINLOCK_MAGIC);
	spin_note(lock, kind, site);
}

/* Without the bias; @missed: it was ended as the lock was taken by it. */
static __always_inline void lock_by_word(spinlock_t *lock, bool missed, const void *site)
{
	u32 self = (u32)ring3_current->pid;
	bool ours;

	if (missed)
		word_unlock(&lock->in);
	ours = word_take(&lock->owner, self);
	if (unlikely(!ours || !alone(lock, self))) {
		wait_for(lock, self, ours, site);
		return;
	}
	count_take(lock, self);
	got(lock, DIAG_LOCK_SPIN, site);
}

static noinline void lock_without(spinlock_t *lock, const void *site) { lock_by_word(lock, false, site); }
static noinline void lock_missed(spinlock_t *lock, const void *site) { lock_by_word(lock, true, site); }

static bool try_lock(spinlock_t *lock, u32 self)
{
	enum take take = take_by_bias(lock, self);

	if (take == TAKEN)
		return true;
	if (take == MISSED)
		word_unlock(&lock->in);
	if (__atomic_load_n(&lock->in, __ATOMIC_RELAXED) || !word_take(&lock->owner, self))
		return false;
	if (alone(lock, self) || end_bias(lock, self))
		return true;
	word_unlock(&lock->owner);
	return false;
}

static noinline void unlock_slowly(spinlock_t *lock)
{
	u32 self = (u32)current->pid, *word = word_holder(&lock->in) == self ? &lock->in : &lock->owner;

	if (word_holder(word) != self)
		bug("unlock by another than the owner", lock);
	diag_lock_drop(lock);
	word_unlock(word);
	preempt_enable();
}

/* ---- the CPU, and the lock: nothing is called that is not called last --------------------- */

static __always_inline void lock_owned(spinlock_t *lock, const void *site)
{
	enum take take = take_by_bias(lock, (u32)ring3_current->pid);

	if (unlikely(take == NO_BIAS))
		lock_without(lock, site);
	else if (unlikely(take == MISSED))
		lock_missed(lock, site);
	else
		spin_note(lock, DIAG_LOCK_SPIN, site);
}

static noinline void own_and_lock(spinlock_t *lock, const void *site)
{
	vcpu_own_slowly(PREEMPT_OFFSET);
	lock_owned(lock, site);
}

void spin_lock(spinlock_t *lock)
{
	const void *site = __builtin_return_address(0);

	if (ring3_preempt_word) {
		ring3_preempt_word += PREEMPT_OFFSET;
	} else if (unlikely(!vcpu_own_by_bias(PREEMPT_OFFSET))) {
		own_and_lock(lock, site);
		return;
	}
	barrier();
	lock_owned(lock, site);
}

int spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (try_lock(lock, (u32)ring3_current->pid)) {
		got(lock, DIAG_LOCK_SPIN | DIAG_LOCK_TRY, __builtin_return_address(0));
		return 1;
	}
	preempt_enable();
	return 0;
}

static noinline void wake_and_enable(u32 *word)
{
	word_wake(word);
	preempt_enable();
}

void spin_unlock(spinlock_t *lock)
{
	struct task_struct *task = ring3_current;
	u32 self = likely(task) ? (u32)task->pid : 0, *word;

	if (unlikely(!diag_lock_is_last(lock) || !self))
		goto slowly;
	if (__atomic_load_n(&lock->in, __ATOMIC_RELAXED) == self)
		word = &lock->in;
	else if (likely(word_holder(&lock->owner) == self))
		word = &lock->owner;
	else
		goto slowly;
	diag_lock_drop_last();
	if (unlikely(word_give(word)))
		wake_and_enable(word);
	else
		vcpu_preempt_enable();
	return;

slowly:
	unlock_slowly(lock);
}

bool ring3_spin_held(const struct spinlock *lock)
{
	u32 self = (u32)current->pid;

	/* Not ring3_spin_owner(): `in` may be of one that takes it back. */
	return __atomic_load_n(&lock->in, __ATOMIC_RELAXED) == self || word_holder(&lock->owner) == self;
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

/* ---- in a bit ------------------------------------------------------------------------- */

void ring3_bit_spin_wait(int bitnum, unsigned long *addr)
{
	int looks = 0;

	while (test_bit(bitnum, addr))
		wait_a_little(&looks);
}
