/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOCKDEP_H
#define _LINUX_LOCKDEP_H

#include <linux/bug.h>

struct spinlock;
struct mutex;
__visible bool ring3_spin_held(const struct spinlock *lock);
__visible bool ring3_mutex_held(const struct mutex *lock);
#define lockdep_is_held(l) _Generic((l), struct mutex *: ring3_mutex_held((const void *)(l)), \
				    default: ring3_spin_held((const void *)(l)))
#define lockdep_assert_held(l)	WARN_ON_ONCE(!lockdep_is_held(l))
#define might_lock(l)		do { } while (0)

#endif /* _LINUX_LOCKDEP_H */
