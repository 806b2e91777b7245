/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPINLOCK_H
#define _LINUX_SPINLOCK_H

#include <linux/bug.h>
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

#endif /* _LINUX_SPINLOCK_H */
