/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LOCKDEP_TYPES_H
#define _LINUX_LOCKDEP_TYPES_H

struct lock_class_key { };
struct lockdep_map { };
#define STATIC_LOCKDEP_MAP_INIT(name, key)	{ }

#endif /* _LINUX_LOCKDEP_TYPES_H */
