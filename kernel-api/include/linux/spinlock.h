/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPINLOCK_H
#define _LINUX_SPINLOCK_H

/*
 * Locks for those who may not sleep. Each owns the virtual CPU first, then its word, for
 * which it spins a while and then sleeps in the host. The word is given up by a plain store:
 * who goes to sleep for it pays the fence that this leaves out. A lock that one thread takes
 * thousands of times with nobody between is biased to it, and costs it plain stores only; the
 * next thread that takes it pays a membarrier(2), and after a grace period it may be biased
 * again. So neither taking nor giving up is a full fence: smp_mb__after_spinlock() is one.
 *
 * As in a debug kernel: BUG where a lock is taken twice or given up by another than its
 * owner; a warning, once, where one was never set up.
 *
 * Differs from the kernel: a lock passes to whoever comes first, not in the order of
 * asking; a reader in interrupt or softirq context passes waiting writers, any other
 * waits for them, as there. raw_ locks are the same.
 */
#include <linux/bottom_half.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/spinlock_types.h>

static inline void ring3_spin_init(spinlock_t *lock)
{
	*lock = (spinlock_t){ .magic = SPINLOCK_MAGIC };
}
#define spin_lock_init(lock)		do { ring3_lock_class(lock); ring3_spin_init(lock); } while (0)
#define raw_spin_lock_init(lock)	spin_lock_init(lock)

__visible void spin_lock(spinlock_t *lock);
__visible int spin_trylock(spinlock_t *lock);
__visible void spin_unlock(spinlock_t *lock);	/* BUG when another holds it */
/* The thread that holds it, or 0. Where two threads are at it, one of them by its bias: that one. For messages. */
static inline pid_t ring3_spin_owner(const spinlock_t *lock)
{
	u32 in = __atomic_load_n(&lock->in, __ATOMIC_RELAXED);

	return (pid_t)(in ? in : __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) & ~RING3_LOCK_WAITED);
}
static inline int spin_is_locked(spinlock_t *lock) { return ring3_spin_owner(lock) != 0; }
static inline int spin_is_contended(spinlock_t *lock)
{
	u32 owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	return owner & RING3_LOCK_WAITED || (owner && __atomic_load_n(&lock->in, __ATOMIC_RELAXED));
}
#define assert_spin_locked(lock)	BUG_ON(!spin_is_locked(lock))

static inline void spin_lock_bh(spinlock_t *lock) { local_bh_disable(); spin_lock(lock); }
static inline void spin_unlock_bh(spinlock_t *lock) { spin_unlock(lock); local_bh_enable(); }
static inline int spin_trylock_bh(spinlock_t *lock)
{
	local_bh_disable();
	if (spin_trylock(lock))
		return 1;
	local_bh_enable();
	return 0;
}
static inline void spin_lock_irq(spinlock_t *lock) { local_irq_disable(); spin_lock(lock); }
static inline void spin_unlock_irq(spinlock_t *lock) { spin_unlock(lock); local_irq_enable(); }
static inline int spin_trylock_irq(spinlock_t *lock)
{
	local_irq_disable();
	if (spin_trylock(lock))
		return 1;
	local_irq_enable();
	return 0;
}
#define spin_lock_irqsave(lock, flags)		do { local_irq_save(flags); spin_lock(lock); } while (0)
static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}
#define spin_trylock_irqsave(lock, flags) ({						\
	int __got;									\
	local_irq_save(flags);								\
	__got = spin_trylock(lock);							\
	if (!__got)									\
		local_irq_restore(flags);						\
	__got;										\
})
#define spin_lock_nested(lock, subclass)	spin_lock(lock)
#define spin_lock_bh_nested(lock, subclass)	spin_lock_bh(lock)
#define spin_lock_nest_lock(lock, nest)		spin_lock(lock)
#define spin_lock_irqsave_nested(lock, flags, subclass)	spin_lock_irqsave(lock, flags)

#define raw_spin_lock(lock)			spin_lock(lock)
#define raw_spin_trylock(lock)			spin_trylock(lock)
#define raw_spin_unlock(lock)			spin_unlock(lock)
#define raw_spin_is_locked(lock)		spin_is_locked(lock)
#define raw_spin_lock_bh(lock)			spin_lock_bh(lock)
#define raw_spin_unlock_bh(lock)		spin_unlock_bh(lock)
#define raw_spin_lock_irq(lock)			spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock)		spin_unlock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags)	spin_lock_irqsave(lock, flags)
#define raw_spin_trylock_irqsave(lock, flags)	spin_trylock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags)	spin_unlock_irqrestore(lock, flags)
#define raw_spin_lock_nested(lock, subclass)	spin_lock(lock)
#define raw_spin_lock_irqsave_nested(lock, flags, subclass) spin_lock_irqsave(lock, flags)

static inline raw_spinlock_t *spinlock_check(spinlock_t *lock) { return lock; }

/* With the lock held when it returns 1: the count has fallen to 0. */
__visible int _atomic_dec_and_lock(atomic_t *count, spinlock_t *lock);
#define atomic_dec_and_lock(count, lock)	_atomic_dec_and_lock((count), (lock))
#define atomic_dec_and_lock_irqsave(count, lock, flags) ({				\
	int __zero;									\
	local_irq_save(flags);								\
	__zero = _atomic_dec_and_lock((count), (lock));					\
	if (!__zero)									\
		local_irq_restore(flags);						\
	__zero;										\
})

/* ---- readers and a writer ------------------------------------------------------------- */

#define RING3_WRITER	0x80000000u
#define rwlock_init(lock)	do { ring3_lock_class(lock); ring3_rwlock_init(lock); } while (0)
static inline void ring3_rwlock_init(rwlock_t *lock)
{
	*lock = (rwlock_t)__RW_LOCK_UNLOCKED(lock);
}
__visible void read_lock(rwlock_t *lock);
__visible int read_trylock(rwlock_t *lock);
__visible void read_unlock(rwlock_t *lock);
__visible void write_lock(rwlock_t *lock);
__visible int write_trylock(rwlock_t *lock);
__visible void write_unlock(rwlock_t *lock);
#define rwlock_is_contended(lock)	(__atomic_load_n(&(lock)->writers, __ATOMIC_RELAXED) != 0)

#define RING3_RW(rw)									\
static inline void rw##_lock_bh(rwlock_t *lock) { local_bh_disable(); rw##_lock(lock); }	\
static inline void rw##_unlock_bh(rwlock_t *lock) { rw##_unlock(lock); local_bh_enable(); }	\
static inline void rw##_lock_irq(rwlock_t *lock) { local_irq_disable(); rw##_lock(lock); }	\
static inline void rw##_unlock_irq(rwlock_t *lock) { rw##_unlock(lock); local_irq_enable(); }	\
static inline void rw##_unlock_irqrestore(rwlock_t *lock, unsigned long flags)		\
{											\
	rw##_unlock(lock);								\
	local_irq_restore(flags);							\
}
RING3_RW(read)
RING3_RW(write)
#undef RING3_RW
#define read_lock_irqsave(lock, flags)	do { local_irq_save(flags); read_lock(lock); } while (0)
#define write_lock_irqsave(lock, flags)	do { local_irq_save(flags); write_lock(lock); } while (0)
#define write_lock_nested(lock, subclass) write_lock(lock)

DEFINE_LOCK_GUARD_1(raw_spinlock, raw_spinlock_t, raw_spin_lock(_T->lock), raw_spin_unlock(_T->lock))
DEFINE_LOCK_GUARD_1(raw_spinlock_irq, raw_spinlock_t, raw_spin_lock_irq(_T->lock), raw_spin_unlock_irq(_T->lock))
DEFINE_LOCK_GUARD_1(raw_spinlock_irqsave, raw_spinlock_t, raw_spin_lock_irqsave(_T->lock, _T->flags),
		    raw_spin_unlock_irqrestore(_T->lock, _T->flags), unsigned long flags)
DEFINE_LOCK_GUARD_1(spinlock, spinlock_t, spin_lock(_T->lock), spin_unlock(_T->lock))
DEFINE_LOCK_GUARD_1(spinlock_bh, spinlock_t, spin_lock_bh(_T->lock), spin_unlock_bh(_T->lock))
DEFINE_LOCK_GUARD_1(spinlock_irq, spinlock_t, spin_lock_irq(_T->lock), spin_unlock_irq(_T->lock))
DEFINE_LOCK_GUARD_1(spinlock_irqsave, spinlock_t, spin_lock_irqsave(_T->lock, _T->flags),
		    spin_unlock_irqrestore(_T->lock, _T->flags), unsigned long flags)

#endif /* _LINUX_SPINLOCK_H */
