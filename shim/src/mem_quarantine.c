/* SPDX-License-Identifier: MIT */
/*
 * mem_quarantine.c - see mem_quarantine.h.
 *
 * Invariant: at most REST_OBJECTS rest, of at most REST_BYTES together; one object alone may have more.
 * Locking: rest_lock guards the ring, and is a leaf: it is let go of while an object leaves.
 */
#include <stdatomic.h>

#include "mem_quarantine.h"

#define REST_BYTES	(32ul << 20)
#define REST_OBJECTS	65536

static pthread_mutex_t rest_lock = PTHREAD_MUTEX_INITIALIZER;
static void *resting[REST_OBJECTS];		/* the oldest at rest_first */
static size_t rest_first, rest_count, rest_bytes;
static _Atomic(uint64_t) resting_of[NR_CACHES];

/* rest_lock is held, and let go of meanwhile. */
static void let_oldest_go(void)
{
	void *oldest = resting[rest_first];
	struct mem_cache *its = cache_of(oldest);

	rest_first = (rest_first + 1) % REST_OBJECTS;
	rest_count--;
	rest_bytes -= its->object_bytes;
	pthread_mutex_unlock(&rest_lock);
	atomic_fetch_sub(&resting_of[its->id], 1);
	mem_check_rested(its, oldest);
	pthread_mutex_lock(&rest_lock);
}

void quarantine_put(struct mem_cache *cache, void *object)
{
	pthread_mutex_lock(&rest_lock);
	while (rest_count && (rest_count == REST_OBJECTS || rest_bytes + cache->object_bytes > REST_BYTES))
		let_oldest_go();
	resting[(rest_first + rest_count++) % REST_OBJECTS] = object;
	rest_bytes += cache->object_bytes;
	atomic_fetch_add(&resting_of[cache->id], 1);
	pthread_mutex_unlock(&rest_lock);
}

void quarantine_release(void)
{
	pthread_mutex_lock(&rest_lock);
	while (rest_count)
		let_oldest_go();
	pthread_mutex_unlock(&rest_lock);
}

uint64_t quarantine_objects(const struct mem_cache *cache)
{
	return atomic_load(&resting_of[cache->id]);
}
