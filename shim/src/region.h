/* SPDX-License-Identifier: MIT */
#ifndef RING3_REGION_H
#define RING3_REGION_H

/* region.h - private to shim/src: what is kept about each page of the region. */
#include "sys_magazine.h"
#include "sys_mem.h"

enum run_state { RUN_IN_USE, RUN_FREE, RUN_GIVEN };	/* given: free, and its memory given back to the system */

_Static_assert(SYS_PAGE_SHIFT == 12, "mem_put_any() counts on it");

static inline size_t page_index(const void *addr)
{
	return (size_t)((const char *)addr - region_base) >> SYS_PAGE_SHIFT;
}

static inline struct page_desc *page_desc_of(const void *addr)
{
	return &page_descs[page_index(addr)];
}

static inline bool region_has(const void *addr)
{
	return (uintptr_t)addr - (uintptr_t)region_base < region_bytes;
}

/* sys_pages_alloc() that mem_fail_after() does not count: a slab. */
void *region_run_alloc(unsigned int order, const char *whence);

/* Marks every page of a run as a slab of the cache @cache_id - 1. */
void region_own(void *run, unsigned int order, unsigned int cache_id);

/* Give free runs of at least @order back to the system; bytes given now. */
size_t region_give_back(unsigned int order);

/* Plain runs in use, as mem_users_each() has them; only where checking is on. */
void region_each_run(const char *(*fn)(void *env, const char *whence, size_t bytes), void *env);

#endif /* RING3_REGION_H */
