/* SPDX-License-Identifier: MIT */
#ifndef RING3_WORD_LOCK_H
#define RING3_WORD_LOCK_H

/*
 * word_lock.h - private to src: bare locks, each a futex word. For threads that own their
 * virtual CPU, or that are nobody's kernel code; spinlocks and virtual CPUs are made of them.
 *
 * A word is 0, or the number of who holds it (a thread's id; WORD_HELD where nobody asks),
 * with WORD_WAITED while somebody may be parked for it.
 *
 * Who gives a word up stores 0, and then looks whether anybody is parked: a plain store and a
 * plain load. Who parks counts itself first, puts a fence into every thread (host_barrier()),
 * and looks at the word again. So one of the two sees the other. The counts are not in the
 * words, for a word may be gone as soon as it is 0; they are shared by the words that hash to
 * one, which costs a wake-up too many now and then. WORD_FENCED: the host has no such
 * barrier, or not yet, and the fence is paid by who gives up.
 */
#include <linux/compiler.h>
#include <linux/types.h>

#define WORD_HELD	1u
#define WORD_WAITED	0x80000000u

#define WORD_PARKED	256
#define WORD_FENCED	0x80000000u
extern u32 word_parked[WORD_PARKED] __attribute__((__visibility__("hidden")));

void word_lock_init(void);	/* at each start of the kernel */

/* Between two looks at what does not sleep; cpu_relax(), which may run calls, is for code that spins for others. */
#define cpu_pause()	__builtin_ia32_pause()

void word_lock_slow(u32 *word);
/*
 * For one who owns a CPU, and runs calls to it meanwhile: first for a while, then until it is @self's.
 * @self 0: until it is given up, and nobody's.
 */
bool word_lock_spin(u32 *word, u32 self);
void word_lock_park(u32 *word, u32 self);
/* 0: the word is @self's, and says that somebody waits; or else what it is while @self waits. */
u32 word_want(u32 *word, u32 self);
void word_wake(u32 *word);

static inline u32 *word_parked_at(const u32 *word)
{
	return &word_parked[(unsigned long)word >> 4 & (WORD_PARKED - 1)];
}

static __always_inline bool word_take(u32 *word, u32 self)
{
	u32 was = 0;

	return __atomic_compare_exchange_n(word, &was, self, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

static inline u32 word_holder(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED) & ~WORD_WAITED;
}

static inline bool word_waited(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED) & WORD_WAITED;
}

static inline void word_lock(u32 *word)
{
	if (unlikely(!word_take(word, WORD_HELD)))
		word_lock_slow(word);
}

/* true: somebody may be parked: word_wake(), which may come after the word is gone. */
static __always_inline bool word_give(u32 *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	barrier();
	return __atomic_load_n(word_parked_at(word), __ATOMIC_RELAXED);
}

static __always_inline void word_unlock(u32 *word)
{
	if (unlikely(word_give(word)))
		word_wake(word);
}

#endif /* RING3_WORD_LOCK_H */
