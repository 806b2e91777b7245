/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BIT_SPINLOCK_H
#define _LINUX_BIT_SPINLOCK_H

/* A spinlock of one bit of a word. Who waits spins, and gives the machine away now and then. */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/preempt.h>

__visible void ring3_bit_spin_wait(unsigned int tries);

static inline void bit_spin_lock(int nr, unsigned long *addr)
{
	preempt_disable();
	for (unsigned int tries = 0; test_and_set_bit_lock(nr, addr); tries++)
		ring3_bit_spin_wait(tries);
}
static inline int bit_spin_trylock(int nr, unsigned long *addr)
{
	preempt_disable();
	if (!test_and_set_bit_lock(nr, addr))
		return 1;
	preempt_enable();
	return 0;
}
static inline void bit_spin_unlock(int nr, unsigned long *addr)
{
	BUG_ON(!test_bit((unsigned long)nr, addr));
	clear_bit_unlock(nr, addr);
	preempt_enable();
}
#define __bit_spin_unlock(nr, addr)	bit_spin_unlock((nr), (addr))
static inline int bit_spin_is_locked(int nr, unsigned long *addr) { return test_bit((unsigned long)nr, addr); }

#endif /* _LINUX_BIT_SPINLOCK_H */
