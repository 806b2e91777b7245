/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

/*
 * Ordering as the kernel has it: operations without a result are relaxed; those with
 * one are full barriers, unless their name ends in _relaxed, _acquire or _release. A
 * conditional operation that does nothing orders nothing.
 */
#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i)		{ (i) }
#define ATOMIC64_INIT(i)	{ (i) }
#define ATOMIC_LONG_INIT(i)	{ (i) }

/* One read-modify-write in all its orders: fetch_OP gives the old value, OP_return the new one. */
#define RING3_ATOMIC_FETCH(prefix, atype, type, op, gcc, order, suffix)			\
static inline type prefix##_fetch_##op##suffix(type i, atype *v)				\
{ return (type)__atomic_fetch_##gcc(&v->counter, i, order); }
#define RING3_ATOMIC_RETURN(prefix, atype, type, op, gcc, order, suffix)			\
static inline type prefix##_##op##_return##suffix(type i, atype *v)			\
{ return (type)__atomic_##gcc##_fetch(&v->counter, i, order); }
#define RING3_ATOMIC_ORDERS(what, prefix, atype, type, op, gcc)				\
what(prefix, atype, type, op, gcc, __ATOMIC_SEQ_CST, )					\
what(prefix, atype, type, op, gcc, __ATOMIC_RELAXED, _relaxed)				\
what(prefix, atype, type, op, gcc, __ATOMIC_ACQUIRE, _acquire)				\
what(prefix, atype, type, op, gcc, __ATOMIC_RELEASE, _release)
#define RING3_ATOMIC_OP(prefix, atype, type, op, gcc)					\
static inline void prefix##_##op(type i, atype *v)					\
{ __atomic_fetch_##gcc(&v->counter, i, __ATOMIC_RELAXED); }				\
RING3_ATOMIC_ORDERS(RING3_ATOMIC_FETCH, prefix, atype, type, op, gcc)

#define RING3_ATOMIC_XCHG(prefix, atype, type, order, suffix)				\
static inline type prefix##_xchg##suffix(atype *v, type i)				\
{ return (type)__atomic_exchange_n(&v->counter, i, order); }				\
static inline type prefix##_cmpxchg##suffix(atype *v, type old, type new)			\
{											\
	__typeof__(v->counter) was = old;						\
	__atomic_compare_exchange_n(&v->counter, &was, new, 0, order, __ATOMIC_RELAXED);	\
	return (type)was;								\
}											\
static inline bool prefix##_try_cmpxchg##suffix(atype *v, type *old, type new)		\
{											\
	__typeof__(v->counter) was = *old;						\
	bool done = __atomic_compare_exchange_n(&v->counter, &was, new, 0, order, __ATOMIC_RELAXED);	\
	*old = (type)was;								\
	return done;									\
}											\
static inline type prefix##_inc_return##suffix(atype *v) { return prefix##_add_return##suffix(1, v); }	\
static inline type prefix##_dec_return##suffix(atype *v) { return prefix##_sub_return##suffix(1, v); }	\
static inline type prefix##_fetch_inc##suffix(atype *v) { return prefix##_fetch_add##suffix(1, v); }	\
static inline type prefix##_fetch_dec##suffix(atype *v) { return prefix##_fetch_sub##suffix(1, v); }	\
static inline type prefix##_fetch_andnot##suffix(type i, atype *v)			\
{ return prefix##_fetch_and##suffix((type)~i, v); }					\
static inline bool prefix##_add_negative##suffix(type i, atype *v)			\
{ return prefix##_add_return##suffix(i, v) < 0; }

#define RING3_ATOMIC(prefix, atype, type)						\
static inline type prefix##_read(const atype *v)					\
{ return (type)__atomic_load_n(&v->counter, __ATOMIC_RELAXED); }			\
static inline type prefix##_read_acquire(const atype *v)				\
{ return (type)__atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); }			\
static inline void prefix##_set(atype *v, type i)					\
{ __atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); }					\
static inline void prefix##_set_release(atype *v, type i)				\
{ __atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); }					\
RING3_ATOMIC_OP(prefix, atype, type, add, add)						\
RING3_ATOMIC_OP(prefix, atype, type, sub, sub)						\
RING3_ATOMIC_OP(prefix, atype, type, and, and)						\
RING3_ATOMIC_OP(prefix, atype, type, or, or)						\
RING3_ATOMIC_OP(prefix, atype, type, xor, xor)						\
RING3_ATOMIC_ORDERS(RING3_ATOMIC_RETURN, prefix, atype, type, add, add)			\
RING3_ATOMIC_ORDERS(RING3_ATOMIC_RETURN, prefix, atype, type, sub, sub)			\
RING3_ATOMIC_XCHG(prefix, atype, type, __ATOMIC_SEQ_CST, )				\
RING3_ATOMIC_XCHG(prefix, atype, type, __ATOMIC_RELAXED, _relaxed)			\
RING3_ATOMIC_XCHG(prefix, atype, type, __ATOMIC_ACQUIRE, _acquire)			\
RING3_ATOMIC_XCHG(prefix, atype, type, __ATOMIC_RELEASE, _release)			\
static inline void prefix##_inc(atype *v) { prefix##_add(1, v); }			\
static inline void prefix##_dec(atype *v) { prefix##_sub(1, v); }			\
static inline void prefix##_andnot(type i, atype *v) { prefix##_and((type)~i, v); }	\
static inline bool prefix##_dec_and_test(atype *v) { return prefix##_dec_return(v) == 0; }	\
static inline bool prefix##_inc_and_test(atype *v) { return prefix##_inc_return(v) == 0; }	\
static inline bool prefix##_sub_and_test(type i, atype *v) { return prefix##_sub_return(i, v) == 0; } \
/* The old value; nothing is added to @u. */						\
static inline type prefix##_fetch_add_unless(atype *v, type a, type u)			\
{											\
	type c = prefix##_read(v);							\
	while (c != u && !prefix##_try_cmpxchg(v, &c, c + a))				\
		;									\
	return c;									\
}											\
static inline bool prefix##_add_unless(atype *v, type a, type u)				\
{ return prefix##_fetch_add_unless(v, a, u) != u; }					\
static inline bool prefix##_inc_not_zero(atype *v) { return prefix##_add_unless(v, 1, 0); }	\
static inline bool prefix##_inc_unless_negative(atype *v)				\
{											\
	type c = prefix##_read(v);							\
	while (c >= 0 && !prefix##_try_cmpxchg(v, &c, c + 1))				\
		;									\
	return c >= 0;									\
}											\
static inline bool prefix##_dec_unless_positive(atype *v)				\
{											\
	type c = prefix##_read(v);							\
	while (c <= 0 && !prefix##_try_cmpxchg(v, &c, c - 1))				\
		;									\
	return c <= 0;									\
}											\
/* The new value, also when it is negative and so was not stored. */			\
static inline type prefix##_dec_if_positive(atype *v)					\
{											\
	type c = prefix##_read(v);							\
	while (c > 0 && !prefix##_try_cmpxchg(v, &c, c - 1))				\
		;									\
	return c - 1;									\
}

RING3_ATOMIC(atomic, atomic_t, int)
RING3_ATOMIC(atomic64, atomic64_t, s64)
RING3_ATOMIC(atomic_long, atomic_long_t, long)

#define RING3_XCHG(ptr, v, order) ({							\
	__typeof__(ptr) __xp = (ptr);							\
	__typeof__(*__xp) __xv = (__typeof__(*__xp))(v);				\
	__atomic_exchange_n(__xp, __xv, order);						\
})
#define xchg(ptr, v)			RING3_XCHG(ptr, v, __ATOMIC_SEQ_CST)
#define xchg_relaxed(ptr, v)		RING3_XCHG(ptr, v, __ATOMIC_RELAXED)
#define xchg_acquire(ptr, v)		RING3_XCHG(ptr, v, __ATOMIC_ACQUIRE)
#define xchg_release(ptr, v)		RING3_XCHG(ptr, v, __ATOMIC_RELEASE)
#define RING3_CMPXCHG(ptr, o, n, order) ({						\
	__typeof__(ptr) __cp = (ptr);							\
	__typeof__(*__cp) __old = (__typeof__(*__cp))(o);				\
	__typeof__(*__cp) __fresh = (__typeof__(*__cp))(n);				\
	__atomic_compare_exchange_n(__cp, &__old, __fresh, 0, order, __ATOMIC_RELAXED);	\
	__old;										\
})
#define cmpxchg(ptr, o, n)		RING3_CMPXCHG(ptr, o, n, __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(ptr, o, n)	RING3_CMPXCHG(ptr, o, n, __ATOMIC_RELAXED)
#define cmpxchg_acquire(ptr, o, n)	RING3_CMPXCHG(ptr, o, n, __ATOMIC_ACQUIRE)
#define cmpxchg_release(ptr, o, n)	RING3_CMPXCHG(ptr, o, n, __ATOMIC_RELEASE)
#define cmpxchg_local(ptr, o, n)	cmpxchg_relaxed(ptr, o, n)
#define cmpxchg64(ptr, o, n)		cmpxchg(ptr, o, n)
#define sync_cmpxchg(ptr, o, n)		cmpxchg(ptr, o, n)
#define RING3_TRY_CMPXCHG(ptr, oldp, n, order) ({					\
	__typeof__(ptr) __cp = (ptr);							\
	__typeof__(*__cp) __fresh = (__typeof__(*__cp))(n);				\
	__atomic_compare_exchange_n(__cp, (oldp), __fresh, 0, order, __ATOMIC_RELAXED);	\
})
#define try_cmpxchg(ptr, oldp, n)		RING3_TRY_CMPXCHG(ptr, oldp, n, __ATOMIC_SEQ_CST)
#define try_cmpxchg_relaxed(ptr, oldp, n)	RING3_TRY_CMPXCHG(ptr, oldp, n, __ATOMIC_RELAXED)
#define try_cmpxchg_acquire(ptr, oldp, n)	RING3_TRY_CMPXCHG(ptr, oldp, n, __ATOMIC_ACQUIRE)
#define try_cmpxchg_release(ptr, oldp, n)	RING3_TRY_CMPXCHG(ptr, oldp, n, __ATOMIC_RELEASE)

/* Spin until @cond_expr, which may use VAL, is true of *@ptr; its value then. */
#define smp_cond_load_relaxed(ptr, cond_expr) ({					\
	__typeof__(ptr) __ptr = (ptr);							\
	__unqual_scalar_typeof(*(ptr)) VAL;						\
	for (;;) {									\
		VAL = READ_ONCE(*__ptr);						\
		if (cond_expr)								\
			break;								\
		cpu_relax();								\
	}										\
	VAL;										\
})
#define smp_cond_load_acquire(ptr, cond_expr) ({					\
	__unqual_scalar_typeof(*(ptr)) __loaded = smp_cond_load_relaxed(ptr, cond_expr);	\
	smp_mb();									\
	__loaded;									\
})
#define atomic_cond_read_relaxed(v, c)	smp_cond_load_relaxed(&(v)->counter, (c))
#define atomic_cond_read_acquire(v, c)	smp_cond_load_acquire(&(v)->counter, (c))
#define smp_mb__after_spinlock()	smp_mb()
#define smp_mb__after_unlock_lock()	smp_mb()

#endif /* _LINUX_ATOMIC_H */
