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
unsigned int mem_cache_index(const struct mem_cache *cache);	/* of sys_magazine.h's caches[] */
int mem_cache_destroy(struct mem_cache *cache);	/* -EBUSY while objects are out; names them */
void *mem_cache_alloc(struct mem_cache *cache, const char *whence);
void mem_cache_free(struct mem_cache *cache, void *obj, const char *whence);

/*
 * Let the cache's slabs take no more than @bytes; what it has it keeps. Allocations that
 * would need more answer NULL. A slab is 64 KiB, or one object when that is larger;
 * threads hold free objects in their magazines. Returns the limit before; at first SIZE_MAX.
 */
size_t mem_cache_limit_set(struct mem_cache *cache, size_t bytes);

/* Counters of one cache or size class. */
struct mem_stats {
	const char	*name;
	size_t		object_bytes;
	uint64_t	nr_allocs, nr_frees;	/* ever */
	uint64_t	nr_used, nr_pages;	/* now */
};

/* Calls @fn for each cache and class; stops when it returns false. @fn may not allocate. */
void mem_stats_each(bool (*fn)(void *env, const struct mem_stats *stats), void *env);

/* Bytes of the region, slabs included. */
struct mem_usage {
	size_t	reserved;	/* address space */
	size_t	limit;		/* allocations beyond it answer NULL */
	size_t	used, peak;	/* in runs that are allocated, now and at most */
	size_t	given;		/* given back to the system, ever */
};

void mem_usage_read(struct mem_usage *usage);

/* Allow @bytes in use; what is in use already stays. Returns the limit before. */
size_t mem_limit_set(size_t bytes);

/*
 * Give back to the system what is free: objects in the depots and in the calling
 * thread's magazines, whole slabs, runs. Other threads keep two magazines a cache: 128
 * objects, or 2 MiB of larger ones (at least two). Returns bytes given.
 *
 * A cache does so by itself when more than 64 MiB and half of what it has lies free in its depot.
 */
size_t mem_trim(void);

/* ---- checking ------------------------------------------------------------- */

/*
 * What RING3_MEM asks for, read at the first allocation: words with commas between.
 *
 *	count		allocations and frees are counted by call site
 *	redzone		bytes behind an allocation are checked when it is freed
 *	poison		freed memory is filled with MEM_ZAP, and checked when it is handed out again
 *	quarantine	freed memory rests before it is handed out again; implies poison
 *	leaks		what is still in use at sys_service_fini() is printed by call site; a kernel module's,
 *			when it is unloaded, goes to the log
 *	fail		mem_fail_after() works
 *	all		all of these
 *	huge		no check: the region asks for huge pages, which suits large blocks that
 *			stay; trimming gives back less
 *
 * A word it does not know ends the process, with a line that names it. With any
 * check a double free, an address that is no start of an allocation, and an
 * overrun end the process with a report that names where the memory was
 * allocated, where freed, and where it was seen. Costs time and up to half of the memory.
 */
#define MEM_REDZONE_FILL	0xbdu	/* what red zones are filled with */
#define MEM_CHECK_COUNT		(1u << 0)
#define MEM_CHECK_REDZONE	(1u << 1)
#define MEM_CHECK_POISON	(1u << 2)
#define MEM_CHECK_QUARANTINE	(1u << 3)
#define MEM_CHECK_LEAKS		(1u << 4)
#define MEM_CHECK_FAIL		(1u << 5)
unsigned int mem_check_levels(void);

/* Allocations of one call site; only with "count". */
struct mem_site {
	const char	*whence;
	uint64_t	nr_allocs, nr_frees;
	uint64_t	bytes_used;	/* now */
};

void mem_sites_each(bool (*fn)(void *env, const struct mem_site *site), void *env);

/*
 * Check red zones and poison of all there is, and end the process at what is wrong.
 * No other thread may allocate meanwhile. Returns objects checked.
 */
size_t mem_check_all(void);

/* Print what is in use, by call site, to stderr. Returns objects in use; 0 without checking. */
size_t mem_report_leaks(void);

/*
 * What is in use, one by one, with the site it is known by: @fn answers the one it is known by from now on. It
 * is called under locks of the engine's: it may neither allocate nor free. Nothing without checking.
 */
void mem_users_each(const char *(*fn)(void *env, const char *whence, size_t bytes), void *env);

/* The site that the reports name for @addr from now on: who it was handed to. */
void mem_whence_set(void *addr, const char *whence);

/* Let the @after-th allocation from now fail, and each later one; 0 = none. Only with "fail". */
void mem_fail_after(uint64_t after);

#endif /* RING3_SYS_MEM_H */
