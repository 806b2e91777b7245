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
#define LAST_FREED	2

#define MEM_OWN		__attribute__((visibility("hidden")))
#define MEM_INLINE	static inline __attribute__((always_inline))

/*
 * Its objects stand in @slots behind LAST_FREED times NULL: so whoever looks for the last one, or
 * compares with the last two, need not know how many there are.
 */
struct magazine {
	struct magazine		*next;
	__UINT32_TYPE__		count, capacity;
	void			*slots[LAST_FREED + MAGAZINE_MAX];
};

/* What a thread has of one cache. Counters are read racily by mem_stats_each(). */
struct thread_cache {
	struct magazine		*loaded, *other;
	__UINT64_TYPE__		nr_allocs, nr_frees;
};

struct thread_mem {
	struct thread_mem	*next, **pprev;
	struct thread_cache	caches[1 + NR_CACHES];	/* by page_desc.cache_id: that of none, 0, has no magazine */
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
/* The class of (bytes + 15) / 16, plus one, as far as a look is shorter than working it out. */
extern MEM_OWN __UINT8_TYPE__ mem_small_class[SMALL_MAX / 16 + 1];

/* Fixed once region_init() has run, which any allocation does. */
extern MEM_OWN char *region_base;
extern MEM_OWN __SIZE_TYPE__ region_bytes;
extern MEM_OWN struct page_desc *page_descs;

MEM_INLINE void mem_count(__UINT64_TYPE__ *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* Where the last of @count objects is. */
MEM_INLINE void **magazine_last(struct magazine *magazine, __UINT32_TYPE__ count)
{
	return &magazine->slots[LAST_FREED - 1] + count;
}

/* @object is one of those that came last: it is free. */
MEM_INLINE _Bool magazine_has_last(struct magazine *magazine, __UINT32_TYPE__ count, const void *object)
{
	void **last = magazine_last(magazine, count);

	_Static_assert(LAST_FREED == 2, "as many as are compared with");
	return last[0] == object || last[-1] == object;
}

/*
 * The counter is worked on last, for what is written behind an atomic the compiler reads again; and
 * @mine is an address worked out once, which it would do again for each member.
 */
MEM_INLINE void *mem_take(struct thread_cache *mine)
{
	struct magazine *magazine;
	__UINT32_TYPE__ count;
	void *object;

	__asm__("" : "+r"(mine));
	magazine = mine->loaded;
	if (__builtin_expect(!magazine, 0))
		return (void *)0;
	count = magazine->count;
	object = *magazine_last(magazine, count);
	if (__builtin_expect(!object, 0))
		return (void *)0;
	magazine->count = count - 1;
	mem_count(&mine->nr_allocs);
	return object;
}

/* False: there is no room for it, or it is one of the last that were freed, which mem_free() tells. */
MEM_INLINE _Bool mem_put(struct thread_cache *mine, void *object)
{
	struct magazine *magazine;
	__UINT32_TYPE__ count;

	__asm__("" : "+r"(mine));
	magazine = mine->loaded;
	if (__builtin_expect(!magazine, 0))
		return 0;
	count = magazine->count;
	if (__builtin_expect(count == magazine->capacity, 0) ||
	    __builtin_expect(magazine_has_last(magazine, count, object), 0))
		return 0;
	magazine_last(magazine, count)[1] = object;
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

	if (__builtin_expect(!mem || offset >= region_bytes, 0))
		return 0;
	return mem_put(&mem->caches[page_descs[offset >> 12].cache_id], addr);
}

#endif /* RING3_SYS_MAGAZINE_H */
