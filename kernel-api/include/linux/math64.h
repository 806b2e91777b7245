/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MATH64_H
#define _LINUX_MATH64_H

#include <linux/types.h>

static inline u64 div64_u64(u64 a, u64 b) { return a / b; }
static inline s64 div64_s64(s64 a, s64 b) { return a / b; }
static inline u64 div_u64(u64 a, u32 b) { return a / b; }
static inline u64 div_u64_rem(u64 a, u32 b, u32 *rem) { *rem = (u32)(a % b); return a / b; }
#define do_div(n, base)		({ u32 __rem = (u32)((n) % (base)); (n) /= (base); __rem; })

#endif /* _LINUX_MATH64_H */
