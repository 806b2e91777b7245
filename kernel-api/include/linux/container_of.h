/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CONTAINER_OF_H
#define _LINUX_CONTAINER_OF_H

#include <linux/build_bug.h>
#include <linux/stddef.h>

#define typeof_member(type, member)	__typeof__(((type *)0)->member)

#define container_of(ptr, type, member) ({						\
	_Static_assert(__same_type(*(ptr), ((type *)0)->member) || __same_type(*(ptr), void),	\
		       "pointer type mismatch in container_of()");			\
	(type *)((char *)(ptr) - offsetof(type, member));				\
})
#define container_of_safe(ptr, type, member) ({						\
	__typeof__(ptr) __cs = (ptr);							\
	(unsigned long)__cs >= -4095ul || !__cs ? (type *)(void *)__cs : container_of(__cs, type, member);	\
})

#endif /* _LINUX_CONTAINER_OF_H */
