/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_GFP_H
#define _LINUX_GFP_H

#include <linux/types.h>

#include <asm/page.h>
#include <linux/gfp_types.h>
#include <linux/topology.h>
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
#define alloc_pages_node(node, gfp, order)	alloc_pages((gfp), (order))
static inline bool gfpflags_allow_blocking(gfp_t gfp) { return gfp & __GFP_DIRECT_RECLAIM; }
static inline bool gfpflags_normal_context(gfp_t gfp)
{
	return (gfp & (__GFP_DIRECT_RECLAIM | __GFP_MEMALLOC)) == __GFP_DIRECT_RECLAIM;
}

#endif /* _LINUX_GFP_H */
