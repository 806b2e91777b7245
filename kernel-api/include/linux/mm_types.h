/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

/* One per page of the region (sys_mem.h); 64 bytes. Those of alloc_pages() are counted, others are not given back. */
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
	unsigned long		compound_head;	/* bit 0: a tail, of this one; PAGE_GIVEN; 0: not of alloc_pages() */
};
#define PAGE_GIVEN	2ul

/* A page that is no tail: one, or the first of alloc_pages(__GFP_COMP). */
struct folio {
	struct page		page;
};

#endif /* _LINUX_MM_TYPES_H */
