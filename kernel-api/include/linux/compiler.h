/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#include <asm/rwonce.h>
#include <linux/compiler_types.h>

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define likely_notrace(x)	likely(x)
#define unlikely_notrace(x)	unlikely(x)
#define barrier()		__asm__ __volatile__("" ::: "memory")
#define barrier_data(ptr)	__asm__ __volatile__("" : : "r"(ptr) : "memory")
#define OPTIMIZER_HIDE_VAR(var)	__asm__("" : "=r"(var) : "0"(var))
#define RELOC_HIDE(ptr, off)	({ unsigned long __p = (unsigned long)(ptr); OPTIMIZER_HIDE_VAR(__p);	\
				   (__typeof__(ptr))(__p + (off)); })
#define absolute_pointer(val)	RELOC_HIDE((void *)(val), 0)
#define unreachable()		__builtin_unreachable()
#define data_race(expr)		({ __typeof__(({ expr; })) __value = ({ expr; }); __value; })

/* 0, or an error at compile time, in an expression. */
#define RING3_ZERO_UNLESS(bad)	((int)sizeof(struct { int : (-!!(bad)); }))
#define __must_be_array(a)	RING3_ZERO_UNLESS(__same_type((a), &(a)[0]))
#define is_signed_type(type)	(((type)(-1)) < (type)1)
#define is_unsigned_type(type)	(!is_signed_type(type))
/* A constant 0 makes a null pointer, which takes the other's type; anything else stays void. */
#define __is_constexpr(x)	_Generic((1 ? (void *)((long)(x) * 0) : (int *)0), int *: 1, default: 0)

#define compiletime_assert(condition, message)	do { _Static_assert(condition, message); } while (0)

#include <linux/stringify.h>

#define __PASTE_2(a, b)		a##b
#define __PASTE(a, b)		__PASTE_2(a, b)
#define __UNIQUE_ID(prefix)	__PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)

#include <asm/barrier.h>
#include <linux/export.h>

#endif /* _LINUX_COMPILER_H */
