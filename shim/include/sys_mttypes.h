/* SPDX-License-Identifier: MIT */
#ifndef SYS_MTTYPES_H
#define SYS_MTTYPES_H

/*
 * sys_mttypes.h - integers that many threads change at once, and a counter with a
 * place per CPU. Locks, queues and free lists made of them: sys_spinlock.h, sys_fifo.h, sys_freelist.h.
 *
 * Interface: MTE's, by its names; the counter is ours. Nothing here sleeps. Threads: any, unless said.
 */
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define sys_membar()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
/* In loops that wait for another CPU. True, so that it can stand in a condition. */
#define SYS_SPINWAITING()	(__builtin_ia32_pause(), true)

/*
 * int64mt_t and int32mt_t. Every operation is atomic and a full barrier.
 *
 *	_add _sub _inc _dec		answer the NEW value
 *	_and _or _xor _clr _set		answer the OLD value
 *	_get				the value
 *	_hiwat				raises to @value if that is more; answers the value then
 *	_intNN_cas(address, expected, value)	on a plain integer: true when it was @expected, and is @value
 */
#define SYS_INT_MT(type, name, cas)							\
typedef struct {									\
	type volatile i;								\
} name##_t;										\
static inline type name##_add(name##_t *mt, type value)					\
{											\
	return __atomic_add_fetch(&mt->i, value, __ATOMIC_SEQ_CST);			\
}											\
static inline type name##_sub(name##_t *mt, type value)					\
{											\
	return __atomic_sub_fetch(&mt->i, value, __ATOMIC_SEQ_CST);			\
}											\
static inline type name##_inc(name##_t *mt)						\
{											\
	return name##_add(mt, 1);							\
}											\
static inline type name##_dec(name##_t *mt)						\
{											\
	return name##_sub(mt, 1);							\
}											\
static inline type name##_and(name##_t *mt, type value)					\
{											\
	return __atomic_fetch_and(&mt->i, value, __ATOMIC_SEQ_CST);			\
}											\
static inline type name##_or(name##_t *mt, type value)					\
{											\
	return __atomic_fetch_or(&mt->i, value, __ATOMIC_SEQ_CST);			\
}											\
static inline type name##_xor(name##_t *mt, type value)					\
{											\
	return __atomic_fetch_xor(&mt->i, value, __ATOMIC_SEQ_CST);			\
}											\
static inline type name##_set(name##_t *mt, type value)					\
{											\
	return __atomic_exchange_n(&mt->i, value, __ATOMIC_SEQ_CST);			\
}											\
static inline type name##_clr(name##_t *mt)						\
{											\
	return name##_set(mt, 0);							\
}											\
static inline type name##_get(name##_t *mt)						\
{											\
	return __atomic_load_n(&mt->i, __ATOMIC_SEQ_CST);				\
}											\
static inline bool cas(type volatile *at, type expected, type value)			\
{											\
	return __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST,	\
					   __ATOMIC_SEQ_CST);				\
}											\
static inline type name##_hiwat(name##_t *mt, type value)				\
{											\
	type now = __atomic_load_n(&mt->i, __ATOMIC_SEQ_CST);				\
											\
	while (value > now && !__atomic_compare_exchange_n(&mt->i, &now, value, true,	\
							   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))	\
		;									\
	return value > now ? value : now;						\
}

SYS_INT_MT(int64_t, int64mt, _int64_cas)
SYS_INT_MT(int32_t, int32mt, _int32_cas)

/*
 * A counter that many threads raise often and somebody reads seldom: a cache line for
 * each CPU, so that no two CPUs write one line. What is read is the sum of all adds that
 * ended before the read began, and some of those beside it.
 */
struct sys_counter_slot {
	int64_t		value;
} __attribute__((aligned(64)));

typedef struct {
	struct sys_counter_slot	*slots;		/* as many as a power of two, at least one per CPU */
	uint32_t		mask;
	struct sys_counter_slot	one;		/* what serves when there was no memory for more */
} sys_counter_t;

void sys_counter_init(sys_counter_t *counter);		/* cannot fail */
void sys_counter_deinit(sys_counter_t *counter);	/* nobody uses it */
int64_t sys_counter_read(sys_counter_t *counter);

/* The CPU this thread ran on a moment ago. */
uint32_t sys_this_cpu(void);

static inline void sys_counter_add(sys_counter_t *counter, int64_t value)
{
	__atomic_fetch_add(&counter->slots[counter->mask ? sys_this_cpu() & counter->mask : 0].value, value,
			   __ATOMIC_RELAXED);
}

#ifdef __cplusplus
}
#endif

#endif /* SYS_MTTYPES_H */
