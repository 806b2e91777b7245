/* SPDX-License-Identifier: MIT */
#ifndef RING3_SPIN_NOTE_H
#define RING3_SPIN_NOTE_H

/* spin_note.h - private to src: what spinlock.c and rwlock.c tell diagnostics, and how they wait. */
#include <linux/bug.h>
#include <linux/preempt.h>

#include "diag_record.h"
#include "sched_impl.h"

/* The kind of lock; and where orders are checked, the context too. */
static inline unsigned int spin_noted(unsigned int kind)
{
	if (unlikely(diag_lockdep_on))
		kind |= in_serving_softirq() ? DIAG_LOCK_SOFTIRQ : in_softirq() ? DIAG_LOCK_BH_OFF : 0;
	return kind;
}

/* Taken at once: noted the short way, which takes the long one where contexts are asked for. */
static __always_inline void spin_note(const void *lock, unsigned int kind, const void *site)
{
	if (likely(diag_fast_record))
		diag_lock_note(lock, kind, site);
	else
		diag_lock_got(lock, spin_noted(kind), site);
}

static inline void spin_check_magic(const void *lock, u32 magic, u32 right)
{
	WARN_ONCE(magic != right, "lock %p is used before it was set up", lock);
}

static inline void wait_a_little(int *looks)
{
	cpu_relax();
	if (++*looks >= 200)
		host_yield();
}

#endif /* RING3_SPIN_NOTE_H */
