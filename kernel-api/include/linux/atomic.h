/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

/*
 * Ordering as the kernel has it: relaxed without a result, full with one.
 */
#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i)		{ (i) }
#define ATOMIC64_INIT(i)	{ (i) }

#define RING3_ATOMIC(prefix, atype, type)						\
static inline type prefix##_read(const atype *v)					\
{ return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); }				\
static inline void prefix##_set(atype *v, type i)					\
{ __atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); }					\
static inline type prefix##_read_acquire(const atype *v)				\
{ return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); }				\
static inline void prefix##_set_release(atype *v, type i)				\
{ __atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); }					\
static inline void prefix##_add(type i, atype *v)					\
{ __atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED); }				\
static inline void prefix##_sub(type i, atype *v)					\
{ __atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED); }				\
static inline void prefix##_inc(atype *v) { prefix##_add(1, v); }			\
static inline void prefix##_dec(atype *v) { prefix##_sub(1, v); }			\
static inline void prefix##_or(type i, atype *v)					\
{ __atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED); }				\
static inline void prefix##_and(type i, atype *v)					\
{ __atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED); }				\
static inline type prefix##_add_return(type i, atype *v)				\
{ return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); }			\
static inline type prefix##_sub_return(type i, atype *v)				\
{ return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST); }			\
static inline type prefix##_inc_return(atype *v) { return prefix##_add_return(1, v); }	\
static inline type prefix##_dec_return(atype *v) { return prefix##_sub_return(1, v); }	\
static inline type prefix##_fetch_add(type i, atype *v)					\
{ return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); }			\
static inline type prefix##_fetch_sub(type i, atype *v)					\
{ return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST); }			\
static inline type prefix##_fetch_or(type i, atype *v)					\
{ return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST); }				\
static inline type prefix##_fetch_and(type i, atype *v)					\
{ return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST); }			\
static inline type prefix##_xchg(atype *v, type i)					\
{ return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST); }			\
static inline type prefix##_cmpxchg(atype *v, type old, type new)			\
{ __atomic_compare_exchange_n(&v->counter, &old, new, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); return old; } \
static inline bool prefix##_dec_and_test(atype *v) { return prefix##_dec_return(v) == 0; }	\
static inline bool prefix##_sub_and_test(type i, atype *v) { return prefix##_sub_return(i, v) == 0; } \
static inline bool prefix##_inc_and_test(atype *v) { return prefix##_inc_return(v) == 0; }	\
static inline bool prefix##_add_unless(atype *v, type a, type u)			\
{											\
	type c = prefix##_read(v);							\
	while (c != u && !__atomic_compare_exchange_n(&v->counter, &c, c + a, 0,	\
						      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))	\
		;									\
	return c != u;									\
}											\
static inline bool prefix##_inc_not_zero(atype *v) { return prefix##_add_unless(v, 1, 0); }

RING3_ATOMIC(atomic, atomic_t, int)
RING3_ATOMIC(atomic64, atomic64_t, s64)
#define atomic_long_read	atomic64_read
#define atomic_long_set		atomic64_set
#define atomic_long_inc		atomic64_inc
#define atomic_long_add		atomic64_add

#define xchg(ptr, v)		__atomic_exchange_n((ptr), (v), __ATOMIC_SEQ_CST)
#define cmpxchg(ptr, o, n) ({								\
	__typeof__(*(ptr)) __old = (o);							\
	__atomic_compare_exchange_n((ptr), &__old, (n), 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
	__old;										\
})

#endif /* _LINUX_ATOMIC_H */
