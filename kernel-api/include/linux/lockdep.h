/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOCKDEP_H
#define _LINUX_LOCKDEP_H

/*
 * Who holds what, for assertions.
 *
 * Differs from the kernel: no validator; classes, subclasses and maps are accepted and
 * mean nothing.
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
__visible bool ring3_spin_held(const struct spinlock *lock);
__visible bool ring3_mutex_held(const struct mutex *lock);
__visible bool ring3_rwsem_held(const struct rw_semaphore *sem);
#define lockdep_is_held(l) _Generic((l),						\
	struct mutex *: ring3_mutex_held((const void *)(l)),				\
	struct rw_semaphore *: ring3_rwsem_held((const void *)(l)),			\
	default: ring3_spin_held((const void *)(l)))
#define lockdep_is_held_type(l, read)	lockdep_is_held(l)
#define lockdep_assert_held(l)		WARN_ON_ONCE(!lockdep_is_held(l))
#define lockdep_assert_held_once(l)	lockdep_assert_held(l)
#define lockdep_assert_held_write(l)	lockdep_assert_held(l)
#define lockdep_assert_held_read(l)	do { (void)(l); } while (0)
#define lockdep_assert_not_held(l)	do { (void)(l); } while (0)
#define lockdep_assert_none_held_once()	do { } while (0)
#define lockdep_assert(cond)		WARN_ON_ONCE(!(cond))
#define lockdep_assert_irqs_enabled()	do { } while (0)
#define lockdep_assert_irqs_disabled()	do { } while (0)
#define lockdep_assert_in_softirq()	do { } while (0)
#define lockdep_assert_preemption_disabled() do { } while (0)
#define lockdep_set_class(l, key)	do { (void)(key); } while (0)
#define lockdep_set_class_and_name(l, key, name) do { (void)(key); } while (0)
#define lockdep_set_subclass(l, sub)	do { } while (0)
#define lockdep_set_novalidate_class(l)	do { } while (0)
#define lockdep_init_map(map, name, key, sub) do { (void)(map); (void)(key); } while (0)
#define lockdep_register_key(key)	do { (void)(key); } while (0)
#define lockdep_unregister_key(key)	do { (void)(key); } while (0)
#define lock_map_acquire(map)		do { } while (0)
#define lock_map_acquire_read(map)	do { } while (0)
#define lock_map_release(map)		do { } while (0)
#define lock_acquire(...)		do { } while (0)
#define lock_release(...)		do { } while (0)
#define lock_acquire_exclusive(...)	do { } while (0)
#define lock_acquire_shared(...)	do { } while (0)
#define lock_acquire_shared_recursive(...) do { } while (0)
#define spin_acquire(...)		do { } while (0)
#define spin_release(...)		do { } while (0)
#define mutex_acquire(...)		do { } while (0)
#define mutex_release(...)		do { } while (0)
#define rwsem_acquire(...)		do { } while (0)
#define rwsem_release(...)		do { } while (0)
#define might_lock(l)			do { } while (0)
#define might_lock_read(l)		do { } while (0)
#define lockdep_off()			do { } while (0)
#define lockdep_on()			do { } while (0)
#define debug_check_no_locks_held()	do { } while (0)
#define SINGLE_DEPTH_NESTING		1

#endif /* _LINUX_LOCKDEP_H */
