/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MINMAX_H
#define _LINUX_MINMAX_H

#include <linux/compiler.h>

/*
 * Constants stay constant expressions, so that they may size arrays; anything else is
 * evaluated once.
 *
 * Differs from the kernel: arguments of different types are compared as C does, not refused.
 */
#define RING3_CMP_ONCE(a, b, op, ua, ub) ({						\
	__typeof__(a) ua = (a);								\
	__typeof__(b) ub = (b);								\
	ua op ub ? ua : ub;								\
})
#define RING3_CMP(a, b, op)								\
	__builtin_choose_expr(__is_constexpr((a) - (b)), (a) op (b) ? (a) : (b),	\
			      RING3_CMP_ONCE(a, b, op, __UNIQUE_ID(x_), __UNIQUE_ID(y_)))
#define min(a, b)		RING3_CMP(a, b, <)
#define max(a, b)		RING3_CMP(a, b, >)
#define MIN(a, b)		((a) < (b) ? (a) : (b))
#define MAX(a, b)		((a) > (b) ? (a) : (b))
#define min_t(type, a, b)	RING3_CMP((type)(a), (type)(b), <)
#define max_t(type, a, b)	RING3_CMP((type)(a), (type)(b), >)
#define min3(a, b, c)		min((__typeof__(a))min(a, b), c)
#define max3(a, b, c)		max((__typeof__(a))max(a, b), c)
#define min_not_zero(a, b) ({								\
	__typeof__(a) __mnz_a = (a);							\
	__typeof__(b) __mnz_b = (b);							\
	__mnz_a == 0 ? __mnz_b : (__mnz_b == 0 ? __mnz_a : min(__mnz_a, __mnz_b));	\
})
#define clamp(v, lo, hi)	min((__typeof__(v))max(v, lo), hi)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define clamp_val(v, lo, hi)	clamp_t(__typeof__(v), v, lo, hi)
#define swap(a, b)		do { __typeof__(a) __swap = (a); (a) = (b); (b) = __swap; } while (0)

#endif /* _LINUX_MINMAX_H */
