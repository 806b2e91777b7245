/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPINLOCK_H
#define _LINUX_SPINLOCK_H

#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/spinlock_types.h>

#define spin_lock_init(lock)	do { ring3_lock_class(lock); ring3_spin_init(lock); } while (0)
static inline void ring3_spin_init(spinlock_t *lock)
{
	lock->owner = 0;
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELAXED);
}

/* Own the virtual CPU, then the word; spins a while, then sleeps on it. */
__visible void spin_lock(spinlock_t *lock);
__visible int spin_trylock(spinlock_t *lock);
__visible void spin_unlock(spinlock_t *lock);	/* BUG when another holds it */
static inline int spin_is_locked(spinlock_t *lock) { return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0; }

static inline void spin_lock_bh(spinlock_t *lock) { local_bh_disable(); spin_lock(lock); }
static inline void spin_unlock_bh(spinlock_t *lock) { spin_unlock(lock); local_bh_enable(); }
#define spin_lock_irq(lock)			spin_lock_bh(lock)
#define spin_unlock_irq(lock)			spin_unlock_bh(lock)
#define spin_lock_irqsave(lock, flags)		do { (flags) = 0; spin_lock_bh(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags)	do { (void)(flags); spin_unlock_bh(lock); } while (0)

#define spin_lock_irqsave_nested(lock, flags, sub)	spin_lock_irqsave(lock, flags)
#define spin_lock_nested(lock, sub)		spin_lock(lock)
#define spin_lock_bh_nested(lock, sub)		spin_lock_bh(lock)
#define spin_lock_nest_lock(lock, nest)		spin_lock(lock)
static inline int spin_trylock_bh(spinlock_t *lock)
{
	local_bh_disable();
	if (spin_trylock(lock))
		return 1;
	local_bh_enable();
	return 0;
}
#define spin_trylock_irq(lock)			spin_trylock_bh(lock)
#define spin_trylock_irqsave(lock, flags)	({ (flags) = 0; spin_trylock_bh(lock); })
#define spin_is_contended(lock)			(__atomic_load_n(&(lock)->word, __ATOMIC_RELAXED) == 2)
#define spin_needbreak(lock)			spin_is_contended(lock)
#define assert_spin_locked(lock)		BUG_ON(!ring3_spin_held(lock))

/* The same lock: none of them is preempted while it is held. */
#define raw_spin_lock_init(lock)		spin_lock_init(lock)
#define raw_spin_lock(lock)			spin_lock(lock)
#define raw_spin_trylock(lock)			spin_trylock(lock)
#define raw_spin_unlock(lock)			spin_unlock(lock)
#define raw_spin_lock_nested(lock, sub)		spin_lock(lock)
#define raw_spin_lock_bh(lock)			spin_lock_bh(lock)
#define raw_spin_unlock_bh(lock)		spin_unlock_bh(lock)
#define raw_spin_lock_irq(lock)			spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock)		spin_unlock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags)	spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags)	spin_unlock_irqrestore(lock, flags)
#define raw_spin_is_locked(lock)		spin_is_locked(lock)
static inline raw_spinlock_t *spinlock_check(spinlock_t *lock) { return lock; }

#define rwlock_init(lock)	do { ring3_lock_class(lock); ring3_rwlock_init(lock); } while (0)
static inline void ring3_rwlock_init(rwlock_t *lock)
{
	ring3_spin_init(&lock->lock);
	__atomic_store_n(&lock->readers.counter, 0, __ATOMIC_RELAXED);
}
__visible void read_lock(rwlock_t *lock);
__visible void read_unlock(rwlock_t *lock);
__visible void write_lock(rwlock_t *lock);
__visible void write_unlock(rwlock_t *lock);
static inline void read_lock_bh(rwlock_t *lock) { local_bh_disable(); read_lock(lock); }
static inline void read_unlock_bh(rwlock_t *lock) { read_unlock(lock); local_bh_enable(); }
static inline void write_lock_bh(rwlock_t *lock) { local_bh_disable(); write_lock(lock); }
static inline void write_unlock_bh(rwlock_t *lock) { write_unlock(lock); local_bh_enable(); }
__visible int read_trylock(rwlock_t *lock);
__visible int write_trylock(rwlock_t *lock);
#define read_lock_irq(lock)			read_lock_bh(lock)
#define read_unlock_irq(lock)			read_unlock_bh(lock)
#define write_lock_irq(lock)			write_lock_bh(lock)
#define write_unlock_irq(lock)			write_unlock_bh(lock)
#define read_lock_irqsave(lock, flags)		do { (flags) = 0; read_lock_bh(lock); } while (0)
#define read_unlock_irqrestore(lock, flags)	do { (void)(flags); read_unlock_bh(lock); } while (0)
#define write_lock_irqsave(lock, flags)		do { (flags) = 0; write_lock_bh(lock); } while (0)
#define write_unlock_irqrestore(lock, flags)	do { (void)(flags); write_unlock_bh(lock); } while (0)
#define write_lock_nested(lock, sub)		write_lock(lock)

/* True, with the lock held, when the count came to 0. */
__visible int atomic_dec_and_lock(atomic_t *count, spinlock_t *lock);

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
