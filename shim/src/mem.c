/* SPDX-License-Identifier: MIT */
/*
 * mem.c - allocating and freeing, by way of magazines.
 *
 * Every thread keeps two magazines per cache; only when both are empty, or both
 * full, does it exchange one with the cache's depot. So a thread that frees what
 * another allocated moves whole magazines, not objects, across the lock.
 *
 * Invariant: an object is in use, in one magazine, on its cache's spare list, or not yet cut.
 * Locking:   cache->lock guards depot and spare list; a thread's magazines are its
 *            own. A thread that ends hands its magazines to the depots.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem_check.h"
#include "mem_quarantine.h"
#include "mem_impl.h"

static pthread_once_t mem_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;

/* initial-exec: a load, not a call. Two words of a process's static TLS. */
static __thread struct thread_mem *thread_mem __attribute__((tls_model("initial-exec")));
__thread struct thread_mem *mem_fast;	/* the same, but only where nothing is checked */

/* ---- size classes: 16, 32, 48, 64, 96, 128, 192, ... 32 MiB ------------ */

static inline unsigned int class_of(size_t bytes)
{
	unsigned int log2;

	if (bytes <= 64)
		return bytes ? (unsigned int)(bytes - 1) / 16 : 0;
	log2 = 63 - (unsigned int)__builtin_clzl(bytes - 1);	/* 2^log2 < bytes <= 2^(log2+1) */
	return 4 + (log2 - 6) * 2 + (bytes > 3ul << (log2 - 1));
}

uint8_t mem_small_class[SMALL_MAX / 16 + 1];

static size_t class_bytes(unsigned int class)
{
	if (class < 4)
		return (class + 1) * 16ul;
	return (class & 1) ? 128ul << ((class - 4) / 2) : 96ul << ((class - 4) / 2);
}

struct mem_cache *class_for(size_t bytes)
{
	return bytes <= CLASS_BYTES_MAX ? caches[class_of(bytes)] : NULL;
}

/* ---- threads ------------------------------------------------------------ */

static void thread_exit(void *arg)
{
	struct thread_mem *mem = arg;

	thread_mem = mem_fast = NULL;
	pthread_mutex_lock(&caches_lock);
	*mem->pprev = mem->next;
	if (mem->next)
		mem->next->pprev = mem->pprev;
	for (unsigned int id = 0; id < NR_CACHES; id++) {
		struct mem_cache *cache = caches[id];
		struct thread_cache *mine;

		if (!cache)
			continue;
		mine = cache_of_thread(mem, cache);
		pthread_mutex_lock(&cache->lock);
		magazine_return(cache, mine->loaded);
		magazine_return(cache, mine->other);
		cache->nr_allocs += mine->nr_allocs;
		cache->nr_frees += mine->nr_frees;
		pthread_mutex_unlock(&cache->lock);
	}
	pthread_mutex_unlock(&caches_lock);
	free(mem);
}

static void init_once(void)
{
	static char names[NR_CLASSES][24];

	sys_region_base();
	pthread_key_create(&thread_key, thread_exit);
	for (size_t i = 0; i <= SMALL_MAX / 16; i++)
		mem_small_class[i] = (uint8_t)(class_of(i * 16) + 1);
	for (unsigned int i = 0; i < NR_CLASSES && class_bytes(i) <= CLASS_BYTES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "size-%zu", class_bytes(i));
		size_t bytes = class_bytes(i);

		/* The largest one has its red zone inside. */
		if (bytes == CLASS_BYTES_MAX)
			bytes -= mem_check_redzone();
		if (!cache_make(names[i], bytes, 16)) {
			fprintf(stderr, "ring3: no memory for the size classes\n");
			abort();	/* some 15 kB, at the first allocation of the process */
		}
	}
}

void mem_init(void)
{
	pthread_once(&mem_once, init_once);
}

static __attribute__((noinline)) struct thread_mem *thread_start(void)
{
	struct thread_mem *mem;

	mem_init();
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return NULL;
	pthread_mutex_lock(&caches_lock);
	mem->next = threads;
	mem->pprev = &threads;
	if (threads)
		threads->pprev = &mem->next;
	threads = mem;
	pthread_mutex_unlock(&caches_lock);
	pthread_setspecific(thread_key, mem);
	thread_mem = mem;
	if (!mem_checks)
		mem_fast = mem;
	return mem;
}

/* ---- magazines ------------------------------------------------------------ */

static inline void swap_magazines(struct thread_cache *mine)
{
	struct magazine *other = mine->other;

	mine->other = mine->loaded;
	mine->loaded = other;
}

/* Both magazines are empty: get a full one, or have one filled. */
static bool refill(struct mem_cache *cache, struct thread_cache *mine)
{
	struct magazine *magazine;

	pthread_mutex_lock(&cache->lock);
	magazine = cache->full;
	if (magazine) {
		cache->full = magazine->next;
		cache->nr_full--;
		magazine_return(cache, mine->loaded);
		mine->loaded = magazine;
	} else {
		if (!mine->loaded)
			mine->loaded = magazine_get(cache);
		magazine = mine->loaded;
		if (magazine)
			cache_cut(cache, magazine);
	}
	pthread_mutex_unlock(&cache->lock);
	return magazine && magazine->count;
}

/* Both magazines are full: leave one in the depot, and get an empty one. */
static bool make_room(struct mem_cache *cache, struct thread_cache *mine)
{
	struct magazine *empty;
	size_t pages = 0;

	pthread_mutex_lock(&cache->lock);
	empty = magazine_get(cache);
	if (empty) {
		magazine_return(cache, mine->loaded);
		mine->loaded = empty;
		if (cache->nr_full >= cache->trim_at)
			pages = cache_trim(cache);
	}
	pthread_mutex_unlock(&cache->lock);
	if (pages)
		region_give_back(4);
	return empty != NULL;
}

/* ---- one object ------------------------------------------------------------ */

static __attribute__((noinline)) void *alloc_slowly(struct thread_mem *mem, struct mem_cache *cache)
{
	struct thread_cache *mine = cache_of_thread(mem, cache);

	if (mine->other && mine->other->count)
		swap_magazines(mine);
	else if (!refill(cache, mine))
		return NULL;
	mem_count(&mine->nr_allocs);
	return magazine_pop(mine->loaded);
}

/* There is always room: without memory for a magazine the object goes to the spare list. */
static __attribute__((noinline)) void free_slowly(struct thread_mem *mem, struct mem_cache *cache, void *object)
{
	struct thread_cache *mine = mem ? cache_of_thread(mem, cache) : NULL;

	if (mine && mine->other && mine->other->count < mine->other->capacity) {
		swap_magazines(mine);
	} else if (!mine || !make_room(cache, mine)) {
		cache_spare(cache, object);
		return;
	}
	mem_count(&mine->nr_frees);
	magazine_push(mine->loaded, object);
}

/* Of the objects that this thread freed last @object is one: told without any level, as it costs nothing. */
static bool freed_just_now(const struct thread_cache *mine, const void *object)
{
	return (mine->loaded && magazine_has_last(mine->loaded, mine->loaded->count, object)) ||
	       (mine->other && magazine_has_last(mine->other, mine->other->count, object));
}

void *raw_alloc(struct mem_cache *cache)
{
	struct thread_mem *mem = thread_mem ? thread_mem : thread_start();
	void *object;

	if (!mem)
		return NULL;
	object = mem_take(cache_of_thread(mem, cache));
	return object ? object : alloc_slowly(mem, cache);
}

void raw_free(struct mem_cache *cache, void *object)
{
	struct thread_mem *mem = thread_mem ? thread_mem : thread_start();

	if (!mem || !mem_put(cache_of_thread(mem, cache), object))
		free_slowly(mem, cache, object);
}

void *mem_cache_alloc(struct mem_cache *cache, const char *whence)
{
	struct thread_mem *mem = mem_fast;
	void *object = likely(mem) ? mem_take(cache_of_thread(mem, cache)) : NULL;

	if (likely(object))
		return object;
	mem_init();
	return mem_checks ? mem_check_alloc(cache, cache->user_bytes, whence) : raw_alloc(cache);
}

void mem_cache_free(struct mem_cache *cache, void *object, const char *whence)
{
	struct thread_mem *mem = mem_fast;

	if (likely(mem) && likely(mem_put(cache_of_thread(mem, cache), object)))
		return;
	mem_init();
	if (mem_checks) {
		mem_check_free(cache, object, whence);
		return;
	}
	if (unlikely(mem && freed_just_now(cache_of_thread(mem, cache), object)))
		mem_check_twice(cache, object, whence);
	raw_free(cache, object);
}

/* ---- any size ------------------------------------------------------------ */

static __attribute__((noinline)) void *any_size_slowly(size_t bytes, const char *whence)
{
	if (bytes > CLASS_BYTES_MAX)
		return NULL;
	mem_init();
	return mem_checks ? mem_check_alloc_any(bytes, whence) : raw_alloc(caches[class_of(bytes)]);
}

void *mem_alloc(size_t bytes, const char *whence)
{
	struct thread_mem *mem = mem_fast;
	void *object;

	if (unlikely(!mem))
		return any_size_slowly(bytes, whence);
	if (likely(bytes <= SMALL_MAX))
		object = mem_take(&mem->caches[mem_small_class[(bytes + 15) / 16]]);
	else if (likely(bytes <= CLASS_BYTES_MAX))
		object = mem_take(&mem->caches[class_of(bytes) + 1]);
	else
		return NULL;
	return likely(object) ? object : any_size_slowly(bytes, whence);
}

void *mem_zalloc(size_t bytes, const char *whence)
{
	void *addr = mem_alloc(bytes, whence);

	return addr ? memset(addr, 0, bytes) : NULL;
}

struct mem_cache *cache_of(const void *addr)
{
	unsigned int id = region_has(addr) ? page_desc_of(addr)->cache_id : 0;

	return id ? caches[id - 1] : NULL;
}

/* The same; what is no object of any cache is a bug of the caller's, named. */
static struct mem_cache *cache_of_or_die(const void *addr, const char *whence)
{
	struct mem_cache *cache;

	mem_init();
	cache = cache_of(addr);
	if (unlikely(!cache))
		mem_check_foreign(addr, whence);
	return cache;
}

static __attribute__((noinline)) void free_any_slowly(void *addr, const char *whence)
{
	if (addr)
		mem_cache_free(cache_of_or_die(addr, whence), addr, whence);
}

void mem_free(const void *addr, const char *whence)
{
	if (unlikely(!mem_put_any((void *)addr)))
		free_any_slowly((void *)addr, whence);
}

size_t mem_size(const void *addr)
{
	struct mem_cache *cache = cache_of_or_die(addr, "mem_size");

	return mem_checks ? mem_check_size(cache, addr) : cache->object_bytes;
}

void *mem_realloc(void *addr, size_t bytes, const char *whence)
{
	size_t old = addr ? mem_size(addr) : 0;
	void *fresh;

	/* Where it fits and wastes no more than half it stays; checking wants each size known. */
	if (addr && bytes <= old && bytes > old / 2 && !mem_checks)
		return addr;
	fresh = mem_alloc(bytes, whence);
	if (fresh && addr) {
		memcpy(fresh, addr, bytes < old ? bytes : old);
		mem_free(addr, whence);
	}
	return fresh;
}

size_t mem_trim(void)
{
	struct thread_mem *mem = thread_mem;

	mem_init();
	if (mem_checks)
		quarantine_release();
	pthread_mutex_lock(&caches_lock);
	for (unsigned int id = 0; id < NR_CACHES; id++) {
		struct mem_cache *cache = caches[id];

		if (!cache)
			continue;
		pthread_mutex_lock(&cache->lock);
		if (mem) {
			struct thread_cache *mine = cache_of_thread(mem, cache);

			magazine_return(cache, mine->loaded);
			magazine_return(cache, mine->other);
			mine->loaded = mine->other = NULL;
		}
		cache_trim(cache);
		pthread_mutex_unlock(&cache->lock);
	}
	pthread_mutex_unlock(&caches_lock);
	return region_give_back(1);
}
