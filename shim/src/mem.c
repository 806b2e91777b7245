/* SPDX-License-Identifier: MIT */
/*
 * mem.c - caches of equal objects, and size classes made of them.
 *
 * A cache cuts slabs (runs of pages) into objects. Every thread keeps two
 * magazines per cache; only when both are empty, or both full, does it exchange
 * one with the cache's depot. So a thread that frees what another allocated
 * moves whole magazines, not objects, across the lock.
 *
 * Invariant: an object is in use, in one magazine, or on its cache's spare list.
 * Locking:   cache->lock (leaf) guards depot and spare list; a thread's magazines
 *            are its own. A thread that ends hands its magazines to the depots.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include "region.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, bytes)		((void)(addr), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(addr, bytes)	((void)(addr), (void)(bytes))
#endif

#define NR_CACHES	512
#define MAGAZINE_MAX	64
#define MAGAZINE_BYTES	(1ul << 20)	/* a magazine of large objects holds no more than this */
#define CLASS_BYTES_MAX	(SYS_PAGE_SIZE << SYS_ORDER_MAX)
#define NR_CLASSES	48

struct magazine {
	struct magazine	*next;
	uint32_t	count;
	void		*objects[MAGAZINE_MAX];
};

struct mem_cache {
	const char	*name;
	size_t		object_bytes;
	uint32_t	id;
	uint32_t	capacity;	/* objects to a magazine */
	unsigned int	slab_order;
	uint32_t	slab_objects;

	pthread_mutex_t	lock __attribute__((aligned(64)));
	struct magazine	*full, *empty;
	void		*spare;		/* objects, linked by their first word */
	uint64_t	nr_pages;
	uint64_t	nr_allocs, nr_frees;	/* of threads that ended */
	void		**slabs;
	size_t		nr_slabs;
};

/* What a thread has of one cache. Counters are read racily by mem_stats_each(). */
struct thread_cache {
	struct magazine	*loaded, *other;
	uint64_t	nr_allocs, nr_frees;
};

struct thread_mem {
	struct thread_mem	*next, **pprev;
	struct thread_cache	caches[NR_CACHES];
};

static struct mem_cache *caches[NR_CACHES];
static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;	/* caches[], threads */
static struct thread_mem *threads;
static struct mem_cache *classes[NR_CLASSES];
static pthread_once_t classes_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;
static __thread struct thread_mem *thread_mem;

/* ---- size classes: 16, 32, 48, 64, 96, 128, 192, ... 32 MiB ------------ */

static unsigned int class_of(size_t bytes)
{
	unsigned int log2;

	if (bytes <= 64)
		return bytes ? (unsigned int)(bytes - 1) / 16 : 0;
	log2 = 63 - (unsigned int)__builtin_clzl(bytes - 1);	/* 2^log2 < bytes <= 2^(log2+1) */
	return 4 + (log2 - 6) * 2 + (bytes > 3ul << (log2 - 1));
}

static size_t class_bytes(unsigned int class)
{
	if (class < 4)
		return (class + 1) * 16ul;
	return (class & 1) ? 128ul << ((class - 4) / 2) : 96ul << ((class - 4) / 2);
}

/* ---- slabs ------------------------------------------------------------- */

/* Cut one more slab; cache->lock is held. */
static int slab_add(struct mem_cache *cache)
{
	size_t slots = cache->nr_slabs;
	char *slab = sys_pages_alloc(cache->slab_order, cache->name);

	if (!slab)
		return -ENOMEM;
	if (!(slots & (slots - 1))) {
		void **more = realloc(cache->slabs, (slots ? slots * 2 : 1) * sizeof(*more));

		if (!more) {
			sys_pages_free(slab, cache->slab_order, cache->name);
			return -ENOMEM;
		}
		cache->slabs = more;
	}
	cache->slabs[cache->nr_slabs++] = slab;
	cache->nr_pages += 1ul << cache->slab_order;
	region_own(slab, cache->slab_order, cache);
	for (uint32_t i = cache->slab_objects; i-- > 0;) {
		void **object = (void **)(slab + i * cache->object_bytes);

		*object = cache->spare;
		cache->spare = object;
	}
	return 0;
}

/* ---- threads ------------------------------------------------------------ */

static void magazine_return(struct mem_cache *cache, struct magazine *magazine)
{
	struct magazine **list;

	if (!magazine)
		return;
	list = magazine->count ? &cache->full : &cache->empty;
	magazine->next = *list;
	*list = magazine;
}

static void thread_exit(void *arg)
{
	struct thread_mem *mem = arg;

	thread_mem = NULL;
	pthread_mutex_lock(&caches_lock);
	*mem->pprev = mem->next;
	if (mem->next)
		mem->next->pprev = mem->pprev;
	for (unsigned int id = 0; id < NR_CACHES; id++) {
		struct thread_cache *mine = &mem->caches[id];
		struct mem_cache *cache = caches[id];

		if (!cache)
			continue;
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

static struct mem_cache *cache_make(const char *name, size_t bytes, size_t align);

static void classes_init(void)
{
	static char names[NR_CLASSES][24];

	pthread_key_create(&thread_key, thread_exit);
	for (unsigned int i = 0; i < NR_CLASSES && class_bytes(i) <= CLASS_BYTES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "size-%zu", class_bytes(i));
		classes[i] = cache_make(names[i], class_bytes(i), 16);
	}
}

static struct thread_mem *thread_start(void)
{
	struct thread_mem *mem;

	pthread_once(&classes_once, classes_init);
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
	return mem;
}

/* ---- allocating --------------------------------------------------------- */

/* Both magazines are empty: get a full one, or fill one from the spare list. */
static bool refill(struct mem_cache *cache, struct thread_cache *mine)
{
	struct magazine *magazine;

	pthread_mutex_lock(&cache->lock);
	magazine = cache->full;
	if (magazine) {
		cache->full = magazine->next;
		magazine_return(cache, mine->loaded);
		mine->loaded = magazine;
	} else {
		if (!mine->loaded)
			mine->loaded = cache->empty;
		if (mine->loaded && mine->loaded == cache->empty)
			cache->empty = mine->loaded->next;
		if (!mine->loaded)
			mine->loaded = calloc(1, sizeof(*mine->loaded));
		magazine = mine->loaded;
		while (magazine && magazine->count < (cache->capacity + 1) / 2) {
			if (!cache->spare && slab_add(cache) < 0)
				break;
			magazine->objects[magazine->count++] = cache->spare;
			cache->spare = *(void **)cache->spare;
		}
	}
	pthread_mutex_unlock(&cache->lock);
	return magazine && magazine->count;
}

/* Both magazines are full: leave one in the depot, and get an empty one. */
static bool make_room(struct mem_cache *cache, struct thread_cache *mine)
{
	struct magazine *empty;

	pthread_mutex_lock(&cache->lock);
	empty = cache->empty;
	if (empty)
		cache->empty = empty->next;
	else
		empty = calloc(1, sizeof(*empty));
	if (empty) {
		magazine_return(cache, mine->loaded);
		mine->loaded = empty;
	}
	pthread_mutex_unlock(&cache->lock);
	return empty != NULL;
}

static inline void swap_magazines(struct thread_cache *mine)
{
	struct magazine *other = mine->other;

	mine->other = mine->loaded;
	mine->loaded = other;
}

void *mem_cache_alloc(struct mem_cache *cache, const char *whence)
{
	struct thread_mem *mem = thread_mem ? thread_mem : thread_start();
	struct thread_cache *mine;
	void *object;

	(void)whence;
	if (!mem)
		return NULL;
	mine = &mem->caches[cache->id];
	if (!mine->loaded || !mine->loaded->count) {
		if (mine->other && mine->other->count)
			swap_magazines(mine);
		else if (!refill(cache, mine))
			return NULL;
	}
	object = mine->loaded->objects[--mine->loaded->count];
	__atomic_store_n(&mine->nr_allocs, mine->nr_allocs + 1, __ATOMIC_RELAXED);
	ASAN_UNPOISON_MEMORY_REGION(object, cache->object_bytes);
	return object;
}

void mem_cache_free(struct mem_cache *cache, void *object, const char *whence)
{
	struct thread_mem *mem = thread_mem ? thread_mem : thread_start();
	struct thread_cache *mine;

	(void)whence;
	if (!mem)
		return;	/* out of memory for bookkeeping: the object is lost, nothing else */
	mine = &mem->caches[cache->id];
	__atomic_store_n(&mine->nr_frees, mine->nr_frees + 1, __ATOMIC_RELAXED);
	if (!mine->loaded || mine->loaded->count >= cache->capacity) {
		if (mine->other && mine->other->count < cache->capacity)
			swap_magazines(mine);
		else if (!make_room(cache, mine))
			return;
	}
	/* The first word may link the object on the spare list: not poisoned. */
	ASAN_POISON_MEMORY_REGION((char *)object + 8, cache->object_bytes - 8);
	mine->loaded->objects[mine->loaded->count++] = object;
}

/* ---- caches -------------------------------------------------------------- */

static struct mem_cache *cache_make(const char *name, size_t bytes, size_t align)
{
	struct mem_cache *cache;
	unsigned int id;

	if (align < 16)
		align = 16;
	bytes = (bytes + align - 1) & ~(align - 1);
	if (align & (align - 1) || align > SYS_PAGE_SIZE || bytes > CLASS_BYTES_MAX)
		return NULL;
	cache = aligned_alloc(64, (sizeof(*cache) + 63) & ~63ul);
	if (!cache)
		return NULL;
	memset(cache, 0, sizeof(*cache));
	cache->name = name;
	cache->object_bytes = bytes;
	cache->capacity = bytes > MAGAZINE_BYTES / MAGAZINE_MAX ? (uint32_t)(MAGAZINE_BYTES / bytes) : MAGAZINE_MAX;
	if (cache->capacity < 1)
		cache->capacity = 1;
	/* A slab of eight objects or 64 KiB, whichever is more; large objects have one each. */
	while (cache->slab_order < SYS_ORDER_MAX && (SYS_PAGE_SIZE << cache->slab_order) < bytes)
		cache->slab_order++;
	while ((SYS_PAGE_SIZE << cache->slab_order) < 65536)
		cache->slab_order++;
	cache->slab_objects = (uint32_t)((SYS_PAGE_SIZE << cache->slab_order) / bytes);
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
	pthread_once(&classes_once, classes_init);
	return cache_make(name, bytes, align);
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
		stats.nr_allocs += __atomic_load_n(&mem->caches[cache->id].nr_allocs, __ATOMIC_RELAXED);
		stats.nr_frees += __atomic_load_n(&mem->caches[cache->id].nr_frees, __ATOMIC_RELAXED);
	}
	stats.nr_used = stats.nr_allocs - stats.nr_frees;
	return stats;
}

/* No thread may use the cache any more: that is what makes their magazines ours to take. */
int mem_cache_destroy(struct mem_cache *cache)
{
	struct mem_stats stats;

	pthread_mutex_lock(&caches_lock);
	stats = cache_stats(cache);
	if (stats.nr_used) {
		pthread_mutex_unlock(&caches_lock);
		fprintf(stderr, "ring3: cache %s: %lu objects of %zu bytes are still in use\n", cache->name,
			(unsigned long)stats.nr_used, cache->object_bytes);
		return -EBUSY;
	}
	caches[cache->id] = NULL;
	for (struct thread_mem *mem = threads; mem; mem = mem->next) {
		struct thread_cache *mine = &mem->caches[cache->id];

		free(mine->loaded);
		free(mine->other);
		memset(mine, 0, sizeof(*mine));
	}
	pthread_mutex_unlock(&caches_lock);
	for (struct magazine *next, *magazine = cache->full; magazine; magazine = next) {
		next = magazine->next;
		free(magazine);
	}
	for (struct magazine *next, *magazine = cache->empty; magazine; magazine = next) {
		next = magazine->next;
		free(magazine);
	}
	for (size_t i = 0; i < cache->nr_slabs; i++)
		sys_pages_free(cache->slabs[i], cache->slab_order, cache->name);
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

/* ---- any size ------------------------------------------------------------ */

void *mem_alloc(size_t bytes, const char *whence)
{
	if (bytes > CLASS_BYTES_MAX)
		return NULL;
	pthread_once(&classes_once, classes_init);
	return mem_cache_alloc(classes[class_of(bytes)], whence);
}

void *mem_zalloc(size_t bytes, const char *whence)
{
	void *addr = mem_alloc(bytes, whence);

	return addr ? memset(addr, 0, bytes) : NULL;
}

/* The cache of @addr; what is no object of any is a bug of the caller's, named. */
static struct mem_cache *cache_of(const void *addr, const char *whence)
{
	struct mem_cache *cache = sys_region_has(addr) ? page_desc_of(addr)->cache : NULL;

	if (!cache) {
		fprintf(stderr, "ring3: %s: %p is not from mem_alloc()\n", whence, addr);
		abort();
	}
	return cache;
}

void mem_free(const void *addr, const char *whence)
{
	if (addr)
		mem_cache_free(cache_of(addr, whence), (void *)addr, whence);
}

size_t mem_size(const void *addr)
{
	return cache_of(addr, "mem_size")->object_bytes;
}

void *mem_realloc(void *addr, size_t bytes, const char *whence)
{
	size_t old = addr ? mem_size(addr) : 0;
	void *fresh;

	if (addr && bytes <= old && bytes > old / 2)
		return addr;
	fresh = mem_alloc(bytes, whence);
	if (fresh && addr) {
		memcpy(fresh, addr, bytes < old ? bytes : old);
		mem_free(addr, whence);
	}
	return fresh;
}
