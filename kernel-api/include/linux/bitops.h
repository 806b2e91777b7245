/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BITOPS_H
#define _LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/log2.h>
#include <linux/types.h>

#define __ffs(x)	((unsigned long)__builtin_ctzl(x))
#define ffz(x)		__ffs(~(x))
#define __fls(x)	(63ul - (unsigned long)__builtin_clzl(x))
#define hweight32(x)	((unsigned int)__builtin_popcount(x))
#define hweight64(x)	((unsigned long)__builtin_popcountll(x))

static inline void set_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_or(&addr[nr / 64], BIT(nr % 64), __ATOMIC_RELAXED);
}
static inline void clear_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(&addr[nr / 64], ~BIT(nr % 64), __ATOMIC_RELAXED);
}
static inline bool test_bit(long nr, const volatile unsigned long *addr)
{
	return __atomic_load_n(&addr[nr / 64], __ATOMIC_RELAXED) >> (nr % 64) & 1;
}
static inline bool test_and_set_bit(long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_or(&addr[nr / 64], BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64) & 1;
}
static inline bool test_and_clear_bit(long nr, volatile unsigned long *addr)
{
	return __atomic_fetch_and(&addr[nr / 64], ~BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64) & 1;
}
static inline void __set_bit(long nr, unsigned long *addr) { addr[nr / 64] |= BIT(nr % 64); }
static inline void __clear_bit(long nr, unsigned long *addr) { addr[nr / 64] &= ~BIT(nr % 64); }

#endif /* _LINUX_BITOPS_H */
