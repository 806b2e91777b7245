/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H

#include <linux/types.h>

static inline int fls(unsigned int x) { return x ? 32 - __builtin_clz(x) : 0; }
static inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
#define ilog2(n)		(fls64(n) - 1)
#define is_power_of_2(n)	((n) != 0 && (((n) & ((n) - 1)) == 0))
static inline unsigned long roundup_pow_of_two(unsigned long n) { return n < 2 ? 1 : 1ul << fls64(n - 1); }
static inline unsigned long rounddown_pow_of_two(unsigned long n) { return 1ul << (fls64(n) - 1); }
#define order_base_2(n)		((n) > 1 ? fls64((n) - 1) : 0)

#endif /* _LINUX_LOG2_H */
