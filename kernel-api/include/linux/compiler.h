/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#include <linux/compiler_types.h>

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ __volatile__("" ::: "memory")
#define OPTIMIZER_HIDE_VAR(var)	__asm__("" : "=r"(var) : "0"(var))
#define unreachable()		__builtin_unreachable()

/* volatile, and so marked: TSan takes them for atomics (--param=tsan-distinguish-volatile=1). */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val)	do { *(volatile __typeof__(x) *)&(x) = (val); } while (0)

#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __must_be_array(a)	(sizeof(char[1 - 2 * __same_type((a), &(a)[0])]) - 1)
#define __UNIQUE_ID_2(prefix, n) prefix##n
#define __UNIQUE_ID_1(prefix, n) __UNIQUE_ID_2(prefix, n)
#define __UNIQUE_ID(prefix)	__UNIQUE_ID_1(__unique_##prefix, __COUNTER__)
#define __stringify_1(x...)	#x
#define __stringify(x...)	__stringify_1(x)

#include <asm/barrier.h>

#endif /* _LINUX_COMPILER_H */
