/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOCKDEP_TYPES_H
#define _LINUX_LOCKDEP_TYPES_H

/* Types that annotations are about: linux/lockdep.h. */
#define MAX_LOCKDEP_SUBCLASSES	8ul
#define SINGLE_DEPTH_NESTING	1

struct lock_class_key { };
struct lockdep_map {
	char	at;	/* has an address of its own */
};
struct pin_cookie { };

#define STATIC_LOCKDEP_MAP_INIT(name, key)	{ }

#endif /* _LINUX_LOCKDEP_TYPES_H */
