/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOCKDEP_H
#define _LINUX_LOCKDEP_H

/*
 * Is it held? Each lock knows its owner, so lockdep_assert_held() and its kin are true
 * checks in every build. Orders are checked elsewhere (RING3_LOCKDEP=1).
 *
 * Differs from the kernel: classes, maps and annotations of dependencies are accepted and
 * mean nothing; that a rwlock or rwsem is read-held is known of it, not of the asker.
 */
#include <linux/bug.h>
#include <linux/lockdep_types.h>

/*
 * A lock's class in the checking mode, RING3_LOCKDEP=1 (shim/diag): one per place that
 * initialises, as in the kernel. A lock that none initialises is a class of its own.
 */
__visible extern int diag_lockdep_on;
__visible void diag_lock_class(const void *lock, const void *key, const char *name);
#define ring3_lock_class(lock)						\
	do {								\
		static const char ring3_key;				\
									\
		if (unlikely(diag_lockdep_on))				\
			diag_lock_class((lock), &ring3_key, #lock);	\
	} while (0)

struct spinlock;
struct mutex;
struct rw_semaphore;
struct ring3_rwlock;
__visible bool ring3_spin_held(const struct spinlock *lock);
__visible bool ring3_mutex_held(const struct mutex *lock);
/* read: 0 held to write, 1 held to read by somebody, -1 either. */
__visible bool ring3_rwsem_held(const struct rw_semaphore *sem, int read);
__visible bool ring3_rwlock_held(const struct ring3_rwlock *lock, int read);
#define RING3_LOCK_HELD(l, read) _Generic((l),						\
	struct mutex *: ring3_mutex_held((const void *)(l)),				\
	const struct mutex *: ring3_mutex_held((const void *)(l)),			\
	struct rw_semaphore *: ring3_rwsem_held((const void *)(l), (read)),		\
	const struct rw_semaphore *: ring3_rwsem_held((const void *)(l), (read)),	\
	struct ring3_rwlock *: ring3_rwlock_held((const void *)(l), (read)),		\
	const struct ring3_rwlock *: ring3_rwlock_held((const void *)(l), (read)),	\
	default: ring3_spin_held((const void *)(l)))
/* Of a map: whether an RCU callback runs is known (rcupdate.h's rcu_callback_map); any other is said to be held. */
__visible int lock_is_held(const struct lockdep_map *map);
#define lockdep_is_held(l)		RING3_LOCK_HELD(l, -1)
#define lockdep_is_held_type(l, r)	RING3_LOCK_HELD(l, r)
#define lockdep_assert(cond)		do { WARN_ON_ONCE(!(cond)); } while (0)
#define lockdep_assert_once(cond)	lockdep_assert(cond)
#define lockdep_assert_held(l)		lockdep_assert(lockdep_is_held(l))
#define lockdep_assert_held_write(l)	lockdep_assert(RING3_LOCK_HELD(l, 0))
#define lockdep_assert_held_read(l)	lockdep_assert(RING3_LOCK_HELD(l, 1))
#define lockdep_assert_held_once(l)	lockdep_assert(lockdep_is_held(l))
#define lockdep_assert_not_held(l)	lockdep_assert(!lockdep_is_held(l))
#define lockdep_assert_none_held_once()	do { } while (0)
#define lockdep_assert_irqs_enabled()	lockdep_assert(!irqs_disabled())
#define lockdep_assert_irqs_disabled()	lockdep_assert(irqs_disabled())
#define lockdep_assert_preemption_enabled()	lockdep_assert(preemptible())
#define lockdep_assert_preemption_disabled()	lockdep_assert(!preemptible())
#define lockdep_assert_in_softirq()	lockdep_assert(in_softirq())
#define lockdep_assert_in_irq()		lockdep_assert(in_hardirq())

#define lockdep_set_class(l, key)		do { (void)(l); (void)(key); } while (0)
#define lockdep_set_class_and_name(l, key, n)	do { (void)(l); (void)(key); } while (0)
#define lockdep_set_class_and_subclass(l, key, s) do { (void)(l); (void)(key); } while (0)
#define lockdep_set_subclass(l, s)		do { (void)(l); } while (0)
#define lockdep_set_novalidate_class(l)		do { (void)(l); } while (0)
#define lockdep_match_class(l, key)		0
#define lockdep_init_map(map, name, key, s)	do { (void)(map); (void)(key); } while (0)
#define lockdep_init_map_wait(map, name, key, s, w) do { (void)(map); (void)(key); } while (0)
static inline void lockdep_register_key(struct lock_class_key *key) { }
static inline void lockdep_unregister_key(struct lock_class_key *key) { }
/* Of a map nothing is known: as in the kernel without a validator, the answer is yes. */
static inline int lock_is_held_type(const struct lockdep_map *map, int read) { return 1; }
#define lockdep_off()			do { } while (0)
#define lockdep_on()			do { } while (0)
#define lockdep_pin_lock(l)		((struct pin_cookie){ })
#define lockdep_unpin_lock(l, c)	do { (void)(l); (void)(c); } while (0)
#define lockdep_recursing(t)		0
#define lock_acquire(...)		do { } while (0)
#define lock_release(...)		do { } while (0)
#define lock_acquire_exclusive(...)	do { } while (0)
#define lock_acquire_shared(...)	do { } while (0)
#define lock_acquire_shared_recursive(...) do { } while (0)
#define spin_acquire(...)		do { } while (0)
#define spin_release(...)		do { } while (0)
#define lock_map_acquire(l)		do { } while (0)
#define lock_map_acquire_read(l)	do { } while (0)
#define lock_map_release(l)		do { } while (0)
#define mutex_acquire(...)		do { } while (0)
#define mutex_release(...)		do { } while (0)
#define rwsem_acquire(...)		do { } while (0)
#define rwsem_acquire_read(...)		do { } while (0)
#define rwsem_release(...)		do { } while (0)
#define might_lock(l)			do { } while (0)
#define might_lock_read(l)		do { } while (0)
#define might_lock_nested(l, s)		do { } while (0)
#define debug_locks			1
#define debug_locks_off()		1
#define debug_check_no_locks_held()	do { } while (0)
#define debug_show_held_locks(task)	do { } while (0)
#define debug_show_all_locks()		do { } while (0)

#endif /* _LINUX_LOCKDEP_H */
