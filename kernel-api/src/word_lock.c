/* SPDX-License-Identifier: MIT */
/* word_lock.c - the slow ways of the bare locks: word_lock.h. */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "host/host.h"
#include "word_lock.h"

#define PAUSES		400	/* before a waiter sleeps */
#define LONGEST		32	/* pauses between two looks */

u32 word_parked[WORD_PARKED] __aligned(64) = { [0 ... WORD_PARKED - 1] = WORD_FENCED };

/* A child process has to ask again. Before the first time each word that is given up costs a fence. */
void word_lock_init(void)
{
	if (host_barrier_init() || !ring3_rcu_fences)
		return;
	__atomic_store_n(&ring3_rcu_fences, false, __ATOMIC_SEQ_CST);
	for (int i = 0; i < WORD_PARKED; i++)
		__atomic_fetch_and(&word_parked[i], ~WORD_FENCED, __ATOMIC_SEQ_CST);
}

void word_wake(u32 *word)
{
	u32 *parked = word_parked_at(word);

	if (__atomic_load_n(parked, __ATOMIC_RELAXED) & WORD_FENCED)
		smp_mb();
	if (__atomic_load_n(parked, __ATOMIC_RELAXED) & ~WORD_FENCED)
		host_futex_wake(word, 1);
}

/*
 * Between two looks it waits, up to LONGEST pauses: whoever has the word goes on with its line
 * undisturbed, and takes it again meanwhile. @self 0: until it is 0, only. With @calls the waiter
 * owns a CPU, and runs calls to it.
 */
static inline bool spin(u32 *word, u32 self, bool calls)
{
	unsigned int wait = 1;

	for (unsigned int waited = 0; waited < PAUSES; waited += wait) {
		for (unsigned int i = 0; i < wait; i++)
			cpu_pause();
		if (wait < LONGEST)
			wait *= 2;
		if (calls)
			cpu_relax();
		if (!__atomic_load_n(word, __ATOMIC_ACQUIRE) && (!self || word_take(word, self)))
			return true;
	}
	return false;
}

u32 word_want(u32 *word, u32 self)
{
	u32 was = __atomic_load_n(word, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(word, &was, (was ? was : self) | WORD_WAITED, 0, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
	return was ? was | WORD_WAITED : 0;
}

/* Who is parked does not see that its CPU is called: so it wakes now and then. */
static inline void park(u32 *word, u32 self, bool calls)
{
	u32 *parked = word_parked_at(word), held;

	/* Counted before the fence. */
	__atomic_fetch_add(parked, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&ring3_rcu_fences, __ATOMIC_SEQ_CST))
		host_barrier();
	while ((held = self ? word_want(word, self) : __atomic_load_n(word, __ATOMIC_ACQUIRE)) != 0) {
		if (calls)
			cpu_relax();
		host_futex_wait(word, held, calls && !irqs_disabled() ? NSEC_PER_MSEC : 0);
	}
	__atomic_fetch_sub(parked, 1, __ATOMIC_RELAXED);
}

bool word_lock_spin(u32 *word, u32 self)
{
	return spin(word, self, true);
}

void word_lock_park(u32 *word, u32 self)
{
	park(word, self, true);
}

void word_lock_slow(u32 *word)
{
	if (!spin(word, WORD_HELD, false))
		park(word, WORD_HELD, false);
}
