/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

/* One per page of the region (sys_mem.h); 64 bytes. */
struct page {
	unsigned long		flags;
	union {
		struct list_head lru;
		struct {
			void		*mapping;
			unsigned long	index;
		};
	};
	unsigned long		private;
	unsigned long		order;		/* of the run that starts here */
	atomic_t		_mapcount;
	atomic_t		_refcount;
	unsigned long		spare;
};

#endif /* _LINUX_MM_TYPES_H */
