/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOCKDEP_H
#define _LINUX_LOCKDEP_H

#include <linux/bug.h>

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
__visible bool ring3_spin_held(const struct spinlock *lock);
__visible bool ring3_mutex_held(const struct mutex *lock);
#define lockdep_is_held(l) _Generic((l), struct mutex *: ring3_mutex_held((const void *)(l)), \
				    default: ring3_spin_held((const void *)(l)))
#define lockdep_assert_held(l)	WARN_ON_ONCE(!lockdep_is_held(l))
#define might_lock(l)		do { } while (0)

#endif /* _LINUX_LOCKDEP_H */
