/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(addr)	ALIGN(addr, PAGE_SIZE)
#define offset_in_page(p)	((unsigned long)(p) & ~PAGE_MASK)

/* Set once before any module runs: the region and its pages. */
__visible extern char *mem_region;
__visible extern struct page *mem_map;

static inline void *page_address(const struct page *page)
{
	return mem_region + ((unsigned long)(page - mem_map) << PAGE_SHIFT);
}

/* Only for memory of the region: kmalloc, alloc_pages, not stacks and not vmalloc of a module's own. */
static inline struct page *virt_to_page(const void *addr)
{
	return &mem_map[((const char *)addr - mem_region) >> PAGE_SHIFT];
}

static inline int page_count(const struct page *page) { return atomic_read(&page->_refcount); }
static inline void get_page(struct page *page) { atomic_inc(&page->_refcount); }
__visible void put_page(struct page *page);

static inline unsigned int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : (unsigned int)fls64((size - 1) >> PAGE_SHIFT);
}

#include <linux/vmalloc.h>

#endif /* _LINUX_MM_H */
