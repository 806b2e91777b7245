/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BIT_SPINLOCK_H
#define _LINUX_BIT_SPINLOCK_H

/*
 * A spinlock in one bit: owns the virtual CPU, then the bit.
 *
 * Differs from the kernel: a waiter yields its core after a while.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/preempt.h>

__visible void ring3_bit_spin_wait(int bitnum, unsigned long *addr);

static inline void bit_spin_lock(int bitnum, unsigned long *addr)
{
	preempt_disable();
	while (unlikely(test_and_set_bit_lock(bitnum, addr)))
		ring3_bit_spin_wait(bitnum, addr);
}
static inline int bit_spin_trylock(int bitnum, unsigned long *addr)
{
	preempt_disable();
	if (!test_and_set_bit_lock(bitnum, addr))
		return 1;
	preempt_enable();
	return 0;
}
static inline void bit_spin_unlock(int bitnum, unsigned long *addr)
{
	BUG_ON(!test_bit(bitnum, addr));
	clear_bit_unlock(bitnum, addr);
	preempt_enable();
}
#define __bit_spin_unlock(bitnum, addr)	bit_spin_unlock((bitnum), (addr))
static inline int bit_spin_is_locked(int bitnum, unsigned long *addr) { return test_bit(bitnum, addr); }

#endif /* _LINUX_BIT_SPINLOCK_H */
