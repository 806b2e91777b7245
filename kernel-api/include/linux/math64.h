/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MATH64_H
#define _LINUX_MATH64_H

#include <asm/div64.h>
#include <linux/math.h>
#include <linux/types.h>

static inline u64 div64_u64(u64 a, u64 b) { return a / b; }
static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rem) { *rem = a % b; return a / b; }
static inline s64 div64_s64(s64 a, s64 b) { return a / b; }
static inline u64 div_u64(u64 a, u32 b) { return a / b; }
static inline s64 div_s64(s64 a, s32 b) { return a / b; }
static inline u64 div_u64_rem(u64 a, u32 b, u32 *rem) { *rem = (u32)(a % b); return a / b; }
static inline s64 div_s64_rem(s64 a, s32 b, s32 *rem) { *rem = (s32)(a % b); return a / b; }
#define div64_long(a, b)	div64_s64((a), (b))
#define div64_ul(a, b)		div64_u64((a), (b))
static inline u32 iter_div_u64_rem(u64 a, u32 b, u64 *rem) { *rem = a % b; return (u32)(a / b); }
static inline u32 __iter_div_u64_rem(u64 a, u32 b, u64 *rem) { return iter_div_u64_rem(a, b, rem); }
static inline u64 mul_u32_u32(u32 a, u32 b) { return (u64)a * b; }
static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}
static inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}
static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 divisor) { return (u64)((unsigned __int128)a * mul / divisor); }
#define DIV64_U64_ROUND_UP(a, b)	({ u64 __b = (b); div64_u64((a) + __b - 1, __b); })
#define DIV64_U64_ROUND_CLOSEST(a, b)	({ u64 __b = (b); div64_u64((a) + __b / 2, __b); })
#define DIV_U64_ROUND_CLOSEST(a, b)	({ u32 __b = (b); div_u64((u64)(a) + __b / 2, __b); })
#define DIV_S64_ROUND_CLOSEST(a, b)	({ s64 __a = (a); s32 __b = (b);		\
	(__a > 0) == (__b > 0) ? div_s64(__a + __b / 2, __b) : div_s64(__a - __b / 2, __b); })

#endif /* _LINUX_MATH64_H */
