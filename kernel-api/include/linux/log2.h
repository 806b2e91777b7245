/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOG2_H
#define _LINUX_LOG2_H

#include <linux/bitops.h>
#include <linux/types.h>

/* Constant expressions for constants. The logarithm of 0 is -1. */
#define ilog2(n)		((n) < 1 ? -1 : 63 - __builtin_clzll((unsigned long long)(n) | ((n) < 1)))
#define const_ilog2(n)		ilog2(n)
#define __ilog2_u32(n)		(fls(n) - 1)
#define __ilog2_u64(n)		(fls64(n) - 1)
#define is_power_of_2(n)	((n) != 0 && (((n) & ((n) - 1)) == 0))
#define __roundup_pow_of_two(n)	roundup_pow_of_two(n)
#define roundup_pow_of_two(n)	((unsigned long)(n) < 2 ? 1ul : 1ul << (ilog2((unsigned long)(n) - 1) + 1))
#define rounddown_pow_of_two(n)	(1ul << ilog2((unsigned long)(n)))
#define order_base_2(n)		((unsigned long)(n) > 1 ? ilog2((unsigned long)(n) - 1) + 1 : 0)
#define bits_per(n)		((unsigned long)(n) > 1 ? order_base_2((unsigned long)(n) + 1) : 1)

#endif /* _LINUX_LOG2_H */
