/* SPDX-License-Identifier: MIT */
#ifndef RING3_BIAS_LOCK_H
#define RING3_BIAS_LOCK_H

/*
 * bias_lock.h - private to shim/src: a lock that one thread, its owner, takes all the
 * time and others seldom.
 *
 * While it is biased the owner takes it by plain stores: an atomic operation would make it
 * wait for every cache miss of the section before. Who else wants it ends the bias:
 *
 *	owner:	owner_in = 1;			others:	take the word; biased = false;
 *		is it biased still?			membarrier(2) on all threads;
 *							wait until owner_in is 0
 *
 * The membarrier stands for the fence that the owner leaves out: either the owner
 * sees the bias ended, or the other sees the owner inside. After that all use the
 * word, until the owner took it BIAS_AFTER times with nobody between.
 *
 * Locking: a leaf; held for a few lines, without a sleep and without a handler.
 */
#include <stdatomic.h>

#include "sys_spinlock.h"

#define BIAS_AFTER	4096	/* some hundred times what ending the bias costs */

struct bias_lock {
	sys_lock_t		word;
	atomic_bool		biased;
	atomic_bool		owner_in;	/* by the bias */
	bool			by_bias;	/* the owner's: how it got in */
	atomic_uint		quiet;		/* times the owner took the word with nobody between */
};

/* Has this kernel a membarrier(2) for it? Otherwise no lock is ever biased. After a bias_lock_init(). */
bool bias_possible_here(void);

void bias_lock_init(struct bias_lock *lock);
void bias_lock_owner_slowly(struct bias_lock *lock);
void bias_lock_other(struct bias_lock *lock);

static inline void bias_unlock_other(struct bias_lock *lock)
{
	sys_lock_release(&lock->word);
}

/*
 * For the owner's shortest ways: in by the bias, or not at all, and false. Left by bias_leave().
 * Where the lock is not biased, owner_in is up for a moment: then nobody waits for it for long.
 */
static inline bool bias_enter(struct bias_lock *lock)
{
	atomic_store_explicit(&lock->owner_in, true, memory_order_relaxed);
	/* The compiler must not turn the two round; the processor may, see above. */
	atomic_signal_fence(memory_order_seq_cst);
	if (likely(atomic_load_explicit(&lock->biased, memory_order_acquire)))
		return true;
	atomic_store_explicit(&lock->owner_in, false, memory_order_release);
	return false;
}

static inline void bias_leave(struct bias_lock *lock)
{
	atomic_store_explicit(&lock->owner_in, false, memory_order_release);
}

static inline void bias_lock_owner(struct bias_lock *lock)
{
	if (likely(atomic_load_explicit(&lock->biased, memory_order_relaxed))) {
		atomic_store_explicit(&lock->owner_in, true, memory_order_relaxed);
		/* The compiler must not turn the two round; the processor may, see above. */
		atomic_signal_fence(memory_order_seq_cst);
		if (likely(atomic_load_explicit(&lock->biased, memory_order_acquire))) {
			lock->by_bias = true;
			return;
		}
		atomic_store_explicit(&lock->owner_in, false, memory_order_release);
	}
	bias_lock_owner_slowly(lock);
}

static inline void bias_unlock_owner(struct bias_lock *lock)
{
	if (likely(lock->by_bias)) {
		lock->by_bias = false;
		atomic_store_explicit(&lock->owner_in, false, memory_order_release);
	} else {
		sys_lock_release(&lock->word);
	}
}

#endif /* RING3_BIAS_LOCK_H */
