/* SPDX-License-Identifier: MIT */
#ifndef RING3_REGION_H
#define RING3_REGION_H

/* region.h - private to shim/src: what the caches keep about each page of the region. */
#include "sys_mem.h"

struct mem_cache;

/* One per page of the region; only the first page of a run is filled in. */
struct page_desc {
	struct mem_cache	*cache;		/* whose slab this page is part of; NULL: a plain run */
	uint32_t		run_first;	/* index of the run's first page */
	uint8_t			order;
	uint8_t			is_free;
};

struct page_desc *page_desc_of(const void *addr);

/* Marks every page of a run as @cache's slab. */
void region_own(void *run, unsigned int order, struct mem_cache *cache);

#endif /* RING3_REGION_H */
