/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <linux/types.h>

/* Accepted and ignored, but for __GFP_ZERO: nothing here waits for memory. */
#define GFP_KERNEL		0x0cc0u
#define GFP_ATOMIC		0x0a20u
#define GFP_NOWAIT		0x0800u
#define GFP_NOIO		0x0c00u
#define GFP_NOFS		0x0c40u
#define GFP_USER		0x0dc0u
#define __GFP_ZERO		0x0100u
#define __GFP_NOWARN		0x2000u
#define __GFP_NOFAIL		0x8000u
#define __GFP_NORETRY		0x10000u
#define __GFP_COMP		0x40000u

#include <linux/mm_types.h>

__visible struct page *alloc_pages(gfp_t gfp, unsigned int order);
__visible void __free_pages(struct page *page, unsigned int order);
__visible unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
__visible unsigned long get_zeroed_page(gfp_t gfp);
__visible void free_pages(unsigned long addr, unsigned int order);
#define alloc_page(gfp)		alloc_pages((gfp), 0)
#define __free_page(page)	__free_pages((page), 0)
#define __get_free_page(gfp)	__get_free_pages((gfp), 0)
#define free_page(addr)		free_pages((addr), 0)

#endif /* _LINUX_GFP_H */
