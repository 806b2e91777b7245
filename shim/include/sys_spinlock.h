/* SPDX-License-Identifier: MIT */
#ifndef SYS_SPINLOCK_H
#define SYS_SPINLOCK_H

/*
 * sys_spinlock.h - a lock of one byte, and one that knows who holds it.
 *
 * A thread that waits spins, and gives its CPU away now and then: in user mode the
 * holder may be the one that is not running. Not recursive, not fair. Taking a lock one
 * holds, or leaving one that one does not hold, ends the process with a report that names
 * both lines. Interface: MTE's, by its names. Threads: any.
 */
#include "sys_mttypes.h"
#include "sys_service.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SYS_LOCK_STATS
#define SYS_LOCK_STATS		1
#endif
#ifndef SYS_LOCK_CHECKS
#define SYS_LOCK_CHECKS		1
#endif

typedef struct {
	uint8_t volatile lock;
} sys_lock_t;

#define SYS_LOCK_INIT()		{ .lock = 0 }

static inline void sys_lock_init(sys_lock_t *lock)
{
	lock->lock = 0;
}

static inline bool sys_lock_acquire_try(sys_lock_t *lock)
{
	return !__atomic_exchange_n(&lock->lock, 1, __ATOMIC_ACQUIRE);
}

static inline void sys_lock_release(sys_lock_t *lock)
{
	__atomic_store_n(&lock->lock, 0, __ATOMIC_RELEASE);
}

/* Wait a little, longer each time; @turn counts from 0. */
static inline void sys_spin_wait(uint32_t turn)
{
	if (turn % 256 == 255)
		sched_yield();
	else
		__builtin_ia32_pause();
}

static inline void sys_lock_acquire_spin(sys_lock_t *lock)
{
	for (uint32_t turn = 0; !sys_lock_acquire_try(lock); turn++)
		while (__atomic_load_n(&lock->lock, __ATOMIC_RELAXED))
			sys_spin_wait(turn++);
}

/* The owner is a token: a sys_thread_t, or of another thread an address of its own. */
typedef struct {
	sys_lock_t	lockbit;
	void		*owner;		/* NULL: nobody */
	sstring_t	whence;		/* where it was taken last */
	uint64_t	nlock;		/* times taken; under the lock */
	int64mt_t	nbusy;		/* tries that failed */
	int64mt_t	nwait;		/* times somebody had to wait */
	int64mt_t	nspin;		/* turns of all waits */
} sys_spinlock_t;

#define SYS_SPINLOCK_INIT()	{ .lockbit = SYS_LOCK_INIT() }

extern __thread char sys_spin_token;

static inline void *sys_spin_self(void)
{
	return sys_thread_current() ? (void *)sys_thread_current() : (void *)&sys_spin_token;
}

static inline void sys_spinlock_init(sys_spinlock_t *lock)
{
	memset(lock, 0, sizeof(*lock));
}

void sys_spin_misuse(const sys_spinlock_t *lock, sstring_t whence, sstring_t what) __attribute__((noreturn, cold));

static inline bool sys_spin_is_mine(const sys_spinlock_t *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == sys_spin_self();
}

static inline bool sys_spin_take(sys_spinlock_t *lock, sstring_t whence)
{
	if (!sys_lock_acquire_try(&lock->lockbit))
		return false;
	__atomic_store_n(&lock->owner, sys_spin_self(), __ATOMIC_RELAXED);
	__atomic_store_n(&lock->whence, whence, __ATOMIC_RELAXED);
#if SYS_LOCK_STATS
	__atomic_store_n(&lock->nlock, lock->nlock + 1, __ATOMIC_RELAXED);
#endif
	return true;
}

static inline bool sys_spin_lock_try_at(sys_spinlock_t *lock, sstring_t whence)
{
	if (likely(sys_spin_take(lock, whence)))
		return true;
#if SYS_LOCK_STATS
	int64mt_inc(&lock->nbusy);
#endif
	return false;
}

static inline void sys_spin_lock_at(sys_spinlock_t *lock, sstring_t whence)
{
	uint32_t turn = 0;

	if (likely(sys_spin_take(lock, whence)))
		return;
#if SYS_LOCK_CHECKS
	if (sys_spin_is_mine(lock))
		sys_spin_misuse(lock, whence, "taken by the thread that holds it");
#endif
	do {
		while (__atomic_load_n(&lock->lockbit.lock, __ATOMIC_RELAXED))
			sys_spin_wait(turn++);
	} while (!sys_spin_take(lock, whence));
#if SYS_LOCK_STATS
	int64mt_inc(&lock->nwait);
	int64mt_add(&lock->nspin, turn);
#endif
}

static inline void sys_spin_unlock_at(sys_spinlock_t *lock, sstring_t whence)
{
	(void)whence;
#if SYS_LOCK_CHECKS
	if (unlikely(!sys_spin_is_mine(lock)))
		sys_spin_misuse(lock, whence, "left by a thread that does not hold it");
#endif
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	sys_lock_release(&lock->lockbit);
}

#define sys_spin_lock(lock)		sys_spin_lock_at((lock), FL_STR)
#define sys_spin_lock_try(lock)		sys_spin_lock_try_at((lock), FL_STR)
#define sys_spin_unlock(lock)		sys_spin_unlock_at((lock), FL_STR)

#if SYS_LOCK_CHECKS
#define sys_spin_assert_holding(lock)							\
	do {										\
		if (unlikely(!sys_spin_is_mine(lock)))					\
			sys_spin_misuse((lock), FL_STR, "is not held by this thread");	\
	} while (0)
#define sys_spin_assert_notholding(lock)						\
	do {										\
		if (unlikely(sys_spin_is_mine(lock)))					\
			sys_spin_misuse((lock), FL_STR, "is held by this thread");	\
	} while (0)
#else
#define sys_spin_assert_holding(lock)		do { } while (0)
#define sys_spin_assert_notholding(lock)	do { } while (0)
#endif

/* The holder hands the lock to @thread, which is to leave it: a sys_thread_t, or what sys_spin_self() is there. */
#define sys_spin_set_owner(lock, thread)						\
	do {										\
		sys_spin_assert_holding(lock);						\
		__atomic_store_n(&(lock)->owner, (void *)(thread), __ATOMIC_RELAXED);	\
	} while (0)

#define SYS_SPIN_FMT	"nlock=%" PRIu64 " nbusy=%" PRId64 " nwait=%" PRId64 " nspin=%" PRId64
#define SYS_SPIN_FIELDS(lock)								\
	__atomic_load_n(&(lock)->nlock, __ATOMIC_RELAXED), int64mt_get(&(lock)->nbusy),	\
	int64mt_get(&(lock)->nwait), int64mt_get(&(lock)->nspin)

#ifdef __cplusplus
}
#endif

#endif /* SYS_SPINLOCK_H */
