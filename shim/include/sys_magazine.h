/* SPDX-License-Identifier: MIT */
#ifndef RING3_SYS_MAGAZINE_H
#define RING3_SYS_MAGAZINE_H

/*
 * sys_magazine.h - private to the library: the short way of an allocation, which neither
 * locks nor calls. See mem.c; who finds no object here, or no room, asks sys_mem.h.
 *
 * Host and kernel flavour: builtin types only. Threads: any, each its own magazines.
 */

#define MAGAZINE_MAX	64
#define NR_CACHES	512
#define SMALL_MAX	4096

#define MEM_OWN		__attribute__((visibility("hidden")))
#define MEM_INLINE	static inline __attribute__((always_inline))

struct magazine {
	struct magazine		*next;
	__UINT32_TYPE__		count, capacity;
	void			*objects[MAGAZINE_MAX];
};

/* What a thread has of one cache. Counters are read racily by mem_stats_each(). */
struct thread_cache {
	struct magazine		*loaded, *other;
	__UINT64_TYPE__		nr_allocs, nr_frees;
};

struct thread_mem {
	struct thread_mem	*next, **pprev;
	struct thread_cache	caches[NR_CACHES];
};

/* One per page. For a page inside a run only cache_id and run_first count. */
struct page_desc {
	__UINT32_TYPE__		run_first;	/* index of the run's first page */
	__UINT16_TYPE__		cache_id;	/* whose slab this is a part of, plus one; 0: a plain run */
	__UINT8_TYPE__		order;
	__UINT8_TYPE__		state;		/* enum run_state */
	__UINT32_TYPE__		nr_spare;	/* of a slab, while its cache is being trimmed: objects free in it */
	__UINT32_TYPE__		unused;
};

/*
 * This thread's; NULL: it has none yet, or memory is checked, so that the short way is not to be taken.
 * initial-exec: a load, not a call.
 */
extern MEM_OWN __thread struct thread_mem *mem_fast __attribute__((tls_model("initial-exec")));
/* The class of (bytes + 15) / 16, as far as a look is shorter than working it out. */
extern MEM_OWN __UINT8_TYPE__ mem_small_class[SMALL_MAX / 16 + 1];

/* Fixed once region_init() has run, which any allocation does. */
extern MEM_OWN char *region_base;
extern MEM_OWN __SIZE_TYPE__ region_bytes;
extern MEM_OWN struct page_desc *page_descs;

MEM_INLINE void mem_count(__UINT64_TYPE__ *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* Counted last: what is written behind an atomic the compiler reads again. */
MEM_INLINE void *mem_take(struct thread_cache *mine)
{
	struct magazine *magazine = mine->loaded;
	__UINT32_TYPE__ count;
	void *object;

	if (__builtin_expect(!magazine, 0) || __builtin_expect(!(count = magazine->count), 0))
		return (void *)0;
	object = magazine->objects[--count];
	magazine->count = count;
	mem_count(&mine->nr_allocs);
	return object;
}

/* Is there room for it? */
MEM_INLINE _Bool mem_put(struct thread_cache *mine, void *object)
{
	struct magazine *magazine = mine->loaded;
	__UINT32_TYPE__ count;

	if (__builtin_expect(!magazine, 0) ||
	    __builtin_expect((count = magazine->count) == magazine->capacity, 0))
		return 0;
	magazine->objects[count] = object;
	magazine->count = count + 1;
	mem_count(&mine->nr_frees);
	return 1;
}

/* Of a size class, at most SMALL_MAX bytes; NULL: ask mem_alloc(). */
MEM_INLINE void *mem_take_small(__SIZE_TYPE__ bytes)
{
	struct thread_mem *mem = mem_fast;

	return __builtin_expect(mem != (void *)0, 1) ? mem_take(&mem->caches[mem_small_class[(bytes + 15) / 16]]) : (void *)0;
}

/* Whatever cache it is of; false: ask mem_free(). */
MEM_INLINE _Bool mem_put_any(void *addr)
{
	__SIZE_TYPE__ offset = (__SIZE_TYPE__)addr - (__SIZE_TYPE__)region_base;
	struct thread_mem *mem = mem_fast;
	unsigned int id;

	if (__builtin_expect(!mem || offset >= region_bytes, 0))
		return 0;
	id = page_descs[offset >> 12].cache_id;
	return __builtin_expect(id != 0, 1) && mem_put(&mem->caches[id - 1], addr);
}

#endif /* RING3_SYS_MAGAZINE_H */
