/* SPDX-License-Identifier: MIT */
#ifndef RING3_SYS_MEM_H
#define RING3_SYS_MEM_H

/*
 * sys_mem.h - memory below sys_mem_alloc() and sys_buf_cache_create().
 *
 * All memory comes from one reserved, page-aligned address range, the region,
 * so that page <-> address is a shift and a subtraction. Runs of pages are taken
 * from it by order (2^order pages, naturally aligned to their size), and size
 * classes and named caches carve them up. Each thread keeps magazines: an alloc
 * or a free that hits one takes no lock and touches no line of another core.
 *
 * Threads: any, unless said. Nothing here sleeps. NULL means out of memory.
 * @whence is a static string ("file.c:12") that the leak report prints.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYS_PAGE_SHIFT	12
#define SYS_PAGE_SIZE	(1ul << SYS_PAGE_SHIFT)
#define SYS_ORDER_MAX	13	/* 32 MiB, the largest run */

/* The region: fixed from the first call to the end of the process. */
void *sys_region_base(void);
size_t sys_region_bytes(void);
static inline bool sys_region_has(const void *addr)
{
	return (uintptr_t)addr - (uintptr_t)sys_region_base() < sys_region_bytes();
}

/* 2^@order pages, aligned to their size; contents undefined (zeroed: _zalloc). */
void *sys_pages_alloc(unsigned int order, const char *whence);
void *sys_pages_zalloc(unsigned int order, const char *whence);
void sys_pages_free(void *addr, unsigned int order, const char *whence);

/* Size-class memory. Alignment: 16, or the size when that is a power of two. */
void *mem_alloc(size_t bytes, const char *whence);
void *mem_zalloc(size_t bytes, const char *whence);
void *mem_realloc(void *addr, size_t bytes, const char *whence);
void mem_free(const void *addr, const char *whence);	/* NULL is allowed */
size_t mem_size(const void *addr);	/* usable bytes of an allocation */

/* Named caches of equal objects (sys_buf_cache without the reference count). */
struct mem_cache;
struct mem_cache *mem_cache_create(const char *name, size_t bytes, size_t align);
int mem_cache_destroy(struct mem_cache *cache);	/* -EBUSY while objects are out; names them */
void *mem_cache_alloc(struct mem_cache *cache, const char *whence);
void mem_cache_free(struct mem_cache *cache, void *obj, const char *whence);

/* Counters of one cache or size class. */
struct mem_stats {
	const char	*name;
	size_t		object_bytes;
	uint64_t	nr_allocs, nr_frees;	/* ever */
	uint64_t	nr_used, nr_pages;	/* now */
};

/* Calls @fn for each cache and class; stops when it returns false. */
void mem_stats_each(bool (*fn)(void *env, const struct mem_stats *stats), void *env);

/* Give empty runs back to the system. Returns bytes given. */
size_t mem_trim(void);

#endif /* RING3_SYS_MEM_H */
