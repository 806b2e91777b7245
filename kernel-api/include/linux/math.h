/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MATH_H
#define _LINUX_MATH_H

#include <asm/div64.h>
#include <linux/types.h>

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_ULL(n, d)	DIV_ROUND_UP((unsigned long long)(n), (d))
#define DIV_ROUND_DOWN_ULL(n, d) ((unsigned long long)(n) / (d))
#define DIV_ROUND_UP_SECTOR_T(n, d) DIV_ROUND_UP_ULL(n, d)
/* @y a power of two. */
#define __round_mask(x, y)	((__typeof__(x))((y) - 1))
#define round_up(x, y)		((((x) - 1) | __round_mask(x, y)) + 1)
#define round_down(x, y)	((x) & ~__round_mask(x, y))
#define roundup(x, y)		((((x) + (y) - 1) / (y)) * (y))
#define rounddown(x, y)		((x) - (x) % (y))
/* To the nearest; a negative dividend only where both types are signed. */
#define DIV_ROUND_CLOSEST(n, d) ({							\
	__typeof__(n) __n = (n);							\
	__typeof__(d) __d = (d);							\
	((__typeof__(n))-1) > 0 || ((__typeof__(d))-1) > 0 || (__n > 0) == (__d > 0) ?	\
		(__n + __d / 2) / __d : (__n - __d / 2) / __d;				\
})
#define DIV_ROUND_CLOSEST_ULL(n, d) ((unsigned long long)(((unsigned long long)(n) + (d) / 2) / (d)))
#define mult_frac(x, n, d)	({ __typeof__(x) __q = (x) / (d), __r = (x) % (d); __q * (n) + __r * (n) / (d); })
#define sector_div(a, b)	({ u32 __sr = (u32)((a) % (b)); (a) /= (b); __sr; })
#define abs(x)			({ __typeof__(x) __abs = (x); __abs < 0 ? -__abs : __abs; })
#define abs_diff(a, b)		({ __typeof__(a) __da = (a); __typeof__(b) __db = (b);	\
				   __da > __db ? __da - __db : __db - __da; })
#define reciprocal_scale(val, ep_ro) ((u32)(((u64)(val) * (ep_ro)) >> 32))

/* lib/math/, of the hosted library. */
unsigned long gcd(unsigned long a, unsigned long b) __attribute__((__const__));
unsigned long lcm(unsigned long a, unsigned long b) __attribute__((__const__));
u64 int_pow(u64 base, unsigned int exp);
unsigned long int_sqrt(unsigned long x);
static inline u32 int_sqrt64(u64 x) { return (u32)int_sqrt(x); }

#endif /* _LINUX_MATH_H */
