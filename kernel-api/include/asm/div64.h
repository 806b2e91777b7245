/* SPDX-License-Identifier: MIT */
#ifndef _ASM_DIV64_H
#define _ASM_DIV64_H

#include <linux/types.h>

/* @n becomes the quotient; the value is the remainder. */
#define do_div(n, base)	({								\
	u32 __base = (base), __rem = (u32)((u64)(n) % __base);				\
	(n) = (u64)(n) / __base;							\
	__rem;										\
})
static inline u64 mul_u64_u64_div_u64(u64 a, u64 b, u64 c) { return (u64)((unsigned __int128)a * b / c); }

#endif /* _ASM_DIV64_H */
