/* SPDX-License-Identifier: MIT */
#ifndef RING3_MEM_IMPL_H
#define RING3_MEM_IMPL_H

/*
 * mem_impl.h - private to shim/src: what a cache of equal objects is made of.
 *
 * mem.c takes and returns objects by way of the thread's magazines, mem_cache.c makes
 * caches, cuts their slabs and gives them back, mem_check.c looks for misuse.
 */
#include <pthread.h>

#include "region.h"

#define NR_CLASSES	48
#define MAGAZINE_BYTES	(1ul << 20)	/* a magazine of large objects holds no more than this */
#define CLASS_BYTES_MAX	(SYS_PAGE_SIZE << SYS_ORDER_MAX)

struct mem_cache {
	const char	*name;
	size_t		object_bytes;	/* from one object to the next */
	size_t		user_bytes;	/* of them the user's: less where checking is on */
	uint32_t	id;
	uint32_t	capacity;	/* objects to a magazine */
	unsigned int	slab_order;
	uint32_t	slab_objects;

	pthread_mutex_t	lock __attribute__((aligned(64)));
	struct magazine	*full, *empty;
	uint32_t	nr_full, nr_empty;
	uint32_t	trim_at;	/* full magazines in the depot that start a trim */
	void		*spare;		/* objects, linked by their first word */
	char		*cut;		/* the slab that is being cut, or NULL */
	uint32_t	nr_cut;		/* objects cut from it */
	uint64_t	nr_pages;
	size_t		limit;		/* bytes of slabs, at most */
	uint64_t	nr_allocs, nr_frees;	/* of threads that ended, or had no magazine */
	void		**slabs;
	size_t		nr_slabs, max_slabs;
};

/* caches_lock guards both and is taken before any cache's lock. */
extern pthread_mutex_t caches_lock;
extern struct thread_mem *threads;
extern struct mem_cache *caches[NR_CACHES];	/* the size classes first: index = class */

struct mem_cache *cache_make(const char *name, size_t bytes, size_t align);

/* Fill @magazine from the spare list and from slabs, to half its capacity. Under cache->lock. */
void cache_cut(struct mem_cache *cache, struct magazine *magazine);

/* Free @object without a magazine. */
void cache_spare(struct mem_cache *cache, void *object);

/* Take slabs apart that are wholly free; cache->lock is held. Returns pages given to the region. */
size_t cache_trim(struct mem_cache *cache);

/* Into the depot; cache->lock is held. */
void magazine_return(struct mem_cache *cache, struct magazine *magazine);
/* An empty one, from the depot or new; NULL: out of memory. */
struct magazine *magazine_get(struct mem_cache *cache);

/* Without the checks: what mem_check.c builds upon. */
void *raw_alloc(struct mem_cache *cache);
void raw_free(struct mem_cache *cache, void *object);
void mem_init(void);
struct mem_cache *class_for(size_t bytes);

/* Start of the object that @addr points into, and the cache it is of; NULL: of none. */
struct mem_cache *cache_of(const void *addr);
void *object_start(const struct mem_cache *cache, const void *addr);

/* Objects that were ever cut, for who looks at all of them; cache->lock is held. */
static inline uint32_t slab_nr_cut(const struct mem_cache *cache, const void *slab)
{
	return slab == cache->cut ? cache->nr_cut : cache->slab_objects;
}

static inline struct thread_cache *cache_of_thread(struct thread_mem *mem, const struct mem_cache *cache)
{
	return &mem->caches[cache->id + 1];
}

static inline void magazine_push(struct magazine *magazine, void *object)
{
	*magazine_last(magazine, ++magazine->count) = object;
}

static inline void *magazine_pop(struct magazine *magazine)
{
	return *magazine_last(magazine, magazine->count--);
}

#endif /* RING3_MEM_IMPL_H */
