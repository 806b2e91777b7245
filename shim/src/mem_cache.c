/* SPDX-License-Identifier: MIT */
/*
 * mem_cache.c - making and ending caches; their slabs, and giving these back.
 *
 * A slab is a run of pages, cut into objects from its front as they are wanted, so
 * that memory nobody asked for is not touched.
 *
 * Locking: caches_lock, then cache->lock; region_lock inside.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem_check.h"
#include "mem_quarantine.h"
#include "mem_watch.h"
#include "mem_impl.h"

#define DEPOT_BYTES	(64ul << 20)	/* of free objects in a depot that start a trim, at least */

pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
struct thread_mem *threads;
struct mem_cache *caches[NR_CACHES];

/* ---- magazines in the depot -------------------------------------------------- */

void magazine_return(struct mem_cache *cache, struct magazine *magazine)
{
	if (!magazine)
		return;
	if (magazine->count) {
		magazine->next = cache->full;
		cache->full = magazine;
		cache->nr_full++;
	} else {
		magazine->next = cache->empty;
		cache->empty = magazine;
		cache->nr_empty++;
	}
}

struct magazine *magazine_get(struct mem_cache *cache)
{
	struct magazine *magazine = cache->empty;

	if (magazine) {
		cache->empty = magazine->next;
		cache->nr_empty--;
		return magazine;
	}
	magazine = malloc(sizeof(*magazine));
	if (magazine) {
		magazine->count = 0;
		magazine->capacity = cache->capacity;
		memset(magazine->slots, 0, LAST_FREED * sizeof(void *));
	}
	return magazine;
}

static void magazines_free(struct magazine *magazine)
{
	for (struct magazine *next; magazine; magazine = next) {
		next = magazine->next;
		free(magazine);
	}
}

/* ---- slabs ------------------------------------------------------------- */

static int slab_add(struct mem_cache *cache)
{
	char *slab;

	if ((cache->nr_pages + (1ul << cache->slab_order)) * SYS_PAGE_SIZE > cache->limit)
		return -ENOMEM;
	if (cache->nr_slabs == cache->max_slabs) {
		size_t max = cache->max_slabs ? cache->max_slabs * 2 : 4;
		void **more = realloc(cache->slabs, max * sizeof(*more));

		if (!more)
			return -ENOMEM;
		cache->slabs = more;
		cache->max_slabs = max;
	}
	slab = region_run_alloc(cache->slab_order, cache->name);
	if (!slab)
		return -ENOMEM;
	if (mem_checks)
		mem_check_slab(cache, slab);
	region_own(slab, cache->slab_order, cache->id + 1);
	cache->slabs[cache->nr_slabs++] = slab;
	cache->nr_pages += 1ul << cache->slab_order;
	cache->cut = slab;
	cache->nr_cut = 0;
	return 0;
}

void cache_cut(struct mem_cache *cache, struct magazine *magazine)
{
	uint32_t wanted = (cache->capacity + 1) / 2;

	while (magazine->count < wanted) {
		void *object = cache->spare;

		if (object) {
			mem_show(object, sizeof(void *));
			cache->spare = *(void **)object;
		} else {
			if ((!cache->cut || cache->nr_cut == cache->slab_objects) && slab_add(cache) < 0)
				break;
			object = cache->cut + cache->nr_cut++ * cache->object_bytes;
		}
		magazine_push(magazine, object);
	}
}

void *object_start(const struct mem_cache *cache, const void *addr)
{
	char *slab = region_base + ((size_t)page_desc_of(addr)->run_first << SYS_PAGE_SHIFT);

	return slab + (size_t)((const char *)addr - slab) / cache->object_bytes * cache->object_bytes;
}

static struct page_desc *slab_desc_of(const void *object)
{
	return &page_descs[page_desc_of(object)->run_first];
}

static void push_spare(struct mem_cache *cache, void *object)
{
	if (mem_checks)
		mem_check_spare(cache, object);
	mem_show(object, sizeof(void *));
	*(void **)object = cache->spare;
	cache->spare = object;
}

void cache_spare(struct mem_cache *cache, void *object)
{
	pthread_mutex_lock(&cache->lock);
	push_spare(cache, object);
	cache->nr_frees++;
	pthread_mutex_unlock(&cache->lock);
}

/* All objects of the depot's full magazines onto the spare list; they leave the magazines. */
static void empty_magazines(struct mem_cache *cache)
{
	struct magazine *magazine;

	while ((magazine = cache->full)) {
		cache->full = magazine->next;
		cache->nr_full--;
		while (magazine->count)
			push_spare(cache, magazine_pop(magazine));
		magazine_return(cache, magazine);
	}
}

/* Slabs of which every object is spare leave; returns their pages. */
static size_t slabs_leave(struct mem_cache *cache)
{
	void *object = cache->spare, *next;
	size_t kept = 0, pages = 0;

	cache->spare = NULL;
	for (; object; object = next) {
		const struct page_desc *desc = slab_desc_of(object);

		next = *(void **)object;
		if (desc->nr_spare == slab_nr_cut(cache, region_base + ((size_t)desc->run_first << SYS_PAGE_SHIFT)))
			continue;
		*(void **)object = cache->spare;
		cache->spare = object;
	}
	for (size_t i = 0; i < cache->nr_slabs; i++) {
		void *slab = cache->slabs[i];
		struct page_desc *desc = page_desc_of(slab);
		bool leaves = desc->nr_spare == slab_nr_cut(cache, slab);

		desc->nr_spare = 0;
		if (!leaves) {
			cache->slabs[kept++] = slab;
			continue;
		}
		if (slab == cache->cut)
			cache->cut = NULL;
		region_own(slab, cache->slab_order, 0);
		sys_pages_free(slab, cache->slab_order, cache->name);
		pages += 1ul << cache->slab_order;
	}
	cache->nr_slabs = kept;
	cache->nr_pages -= pages;
	return pages;
}

size_t cache_trim(struct mem_cache *cache)
{
	size_t pages, magazine_bytes = cache->object_bytes * cache->capacity;
	uint32_t least = (uint32_t)(DEPOT_BYTES / magazine_bytes) + 1;

	empty_magazines(cache);
	for (void *object = cache->spare; object; object = *(void **)object)
		slab_desc_of(object)->nr_spare++;
	pages = slabs_leave(cache);
	magazines_free(cache->empty);
	cache->empty = NULL;
	cache->nr_empty = 0;
	/* Not again before half as much is free as is left: so trimming stays cheap beside what it follows. */
	cache->trim_at = (uint32_t)(cache->nr_pages * SYS_PAGE_SIZE / 2 / magazine_bytes);
	if (cache->trim_at < least)
		cache->trim_at = least;
	return pages;
}

/* ---- caches -------------------------------------------------------------- */

struct mem_cache *cache_make(const char *name, size_t bytes, size_t align)
{
	struct mem_cache *cache;
	size_t object_bytes;
	unsigned int id;

	if (align < 16)
		align = 16;
	if (align & (align - 1) || align > SYS_PAGE_SIZE || bytes > CLASS_BYTES_MAX)
		return NULL;
	bytes = (bytes + align - 1) & ~(align - 1);
	object_bytes = mem_check_object_bytes(bytes, align);
	if (object_bytes > CLASS_BYTES_MAX)
		return NULL;
	cache = aligned_alloc(64, (sizeof(*cache) + 63) & ~63ul);
	if (!cache)
		return NULL;
	memset(cache, 0, sizeof(*cache));
	cache->name = name;
	cache->object_bytes = object_bytes;
	cache->user_bytes = bytes;
	cache->limit = SIZE_MAX;
	cache->capacity = object_bytes > MAGAZINE_BYTES / MAGAZINE_MAX ? (uint32_t)(MAGAZINE_BYTES / object_bytes)
								       : MAGAZINE_MAX;
	if (cache->capacity < 1)
		cache->capacity = 1;
	cache->trim_at = (uint32_t)(DEPOT_BYTES / (object_bytes * cache->capacity)) + 1;
	/* A slab of 64 KiB, or of one object when that is larger. */
	while (cache->slab_order < SYS_ORDER_MAX && (SYS_PAGE_SIZE << cache->slab_order) < object_bytes)
		cache->slab_order++;
	while ((SYS_PAGE_SIZE << cache->slab_order) < 65536)
		cache->slab_order++;
	cache->slab_objects = (uint32_t)((SYS_PAGE_SIZE << cache->slab_order) / object_bytes);
	pthread_mutex_init(&cache->lock, NULL);

	pthread_mutex_lock(&caches_lock);
	for (id = 0; id < NR_CACHES && caches[id]; id++)
		;
	if (id < NR_CACHES) {
		cache->id = id;
		caches[id] = cache;
	}
	pthread_mutex_unlock(&caches_lock);
	if (id == NR_CACHES) {
		free(cache);
		return NULL;
	}
	return cache;
}

struct mem_cache *mem_cache_create(const char *name, size_t bytes, size_t align)
{
	mem_init();
	return cache_make(name, bytes, align);
}

unsigned int mem_cache_index(const struct mem_cache *cache) { return cache->id + 1; }

size_t mem_cache_limit_set(struct mem_cache *cache, size_t bytes)
{
	size_t before;

	pthread_mutex_lock(&cache->lock);
	before = cache->limit;
	cache->limit = bytes;
	pthread_mutex_unlock(&cache->lock);
	return before;
}

/* Counters of all threads, ended ones too; caches_lock is held. */
static struct mem_stats cache_stats(struct mem_cache *cache)
{
	struct mem_stats stats = { .name = cache->name, .object_bytes = cache->object_bytes };

	pthread_mutex_lock(&cache->lock);
	stats.nr_allocs = cache->nr_allocs;
	stats.nr_frees = cache->nr_frees;
	stats.nr_pages = cache->nr_pages;
	pthread_mutex_unlock(&cache->lock);
	for (struct thread_mem *mem = threads; mem; mem = mem->next) {
		const struct thread_cache *its = cache_of_thread(mem, cache);

		stats.nr_allocs += __atomic_load_n(&its->nr_allocs, __ATOMIC_RELAXED);
		stats.nr_frees += __atomic_load_n(&its->nr_frees, __ATOMIC_RELAXED);
	}
	stats.nr_used = stats.nr_allocs - stats.nr_frees - quarantine_objects(cache);
	return stats;
}

/* No thread may use the cache any more: that is what makes their magazines ours to take. */
int mem_cache_destroy(struct mem_cache *cache)
{
	struct mem_stats stats;

	if (mem_checks)
		quarantine_release();
	pthread_mutex_lock(&caches_lock);
	stats = cache_stats(cache);
	if (stats.nr_used) {
		pthread_mutex_unlock(&caches_lock);
		fprintf(stderr, "ring3: cache %s: %lu objects of %zu bytes are still in use\n", cache->name,
			(unsigned long)stats.nr_used, cache->user_bytes);
		mem_check_name_users(cache);
		return -EBUSY;
	}
	caches[cache->id] = NULL;
	for (struct thread_mem *mem = threads; mem; mem = mem->next) {
		struct thread_cache *mine = cache_of_thread(mem, cache);

		free(mine->loaded);
		free(mine->other);
		memset(mine, 0, sizeof(*mine));
	}
	pthread_mutex_unlock(&caches_lock);
	magazines_free(cache->full);
	magazines_free(cache->empty);
	for (size_t i = 0; i < cache->nr_slabs; i++) {
		region_own(cache->slabs[i], cache->slab_order, 0);
		sys_pages_free(cache->slabs[i], cache->slab_order, cache->name);
	}
	free(cache->slabs);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
	return 0;
}

void mem_stats_each(bool (*fn)(void *env, const struct mem_stats *stats), void *env)
{
	pthread_mutex_lock(&caches_lock);
	for (unsigned int id = 0; id < NR_CACHES; id++) {
		if (caches[id]) {
			struct mem_stats stats = cache_stats(caches[id]);

			if (!fn(env, &stats))
				break;
		}
	}
	pthread_mutex_unlock(&caches_lock);
}
