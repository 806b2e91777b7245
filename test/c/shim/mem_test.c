/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "mtelib.h"
#include "sys_mem.h"

TEST(every_size_is_usable_and_aligned)
{
	for (size_t bytes = 1; bytes <= 1 << 22; bytes += bytes / 3 + 1) {
		unsigned char *addr = mem_alloc(bytes, "test");

		CHECK(addr);
		CHECK_GE(mem_size(addr), bytes);
		CHECK_EQ((uintptr_t)addr % 16, 0);
		if (bytes >= 64 && !(bytes & (bytes - 1)))
			CHECK_EQ((uintptr_t)addr % (bytes > 4096 ? 4096 : bytes), 0);
		memset(addr, 0xa5, bytes);
		mem_free(addr, "test");
	}
	CHECK(!mem_alloc(1ul << 40, "test"));
	mem_free(NULL, "test");
}

TEST(page_runs_merge_again)
{
	char *runs[64];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 64; i++) {
			runs[i] = sys_pages_zalloc((unsigned int)i % 5, "test");
			CHECK_EQ((uintptr_t)runs[i] % (SYS_PAGE_SIZE << i % 5), 0);
			for (size_t byte = 0; byte < SYS_PAGE_SIZE << i % 5; byte += 512)
				CHECK_EQ(runs[i][byte], 0);
			memset(runs[i], 1, SYS_PAGE_SIZE << i % 5);
		}
		for (int i = 0; i < 64; i++)
			sys_pages_free(runs[i], (unsigned int)i % 5, "test");
	}
	CHECK_GT(mem_trim(), 0);
	runs[0] = sys_pages_alloc(SYS_ORDER_MAX, "test");
	CHECK(runs[0]);
	CHECK(!sys_pages_alloc(SYS_ORDER_MAX + 1, "test"));
}

TEST_DIES(freeing_a_run_twice_is_fatal)
{
	void *run = sys_pages_alloc(2, "test");

	sys_pages_free(run, 2, "test");
	sys_pages_free(run, 2, "test");
}

TEST_DIES(freeing_what_is_not_ours_is_fatal)
{
	static int mine;

	mem_free(&mine, "test");
}

enum { THREADS = 4, OBJECTS = 256, ROUNDS = 400 };

static void *exchanged[THREADS][OBJECTS];

/* Each thread frees what its neighbour left and leaves its own; the content must be whole. */
static void *exchange(void *arg)
{
	size_t me = (size_t)arg, next = (me + 1) % THREADS;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < OBJECTS; i++) {
			size_t bytes = 64ul << i % 8;
			size_t *fresh = mem_alloc(bytes, "test"), *old;

			fresh[0] = bytes;
			fresh[bytes / 8 - 1] = ~bytes;
			old = __atomic_exchange_n(&exchanged[next][i], fresh, __ATOMIC_ACQ_REL);
			if (old) {
				CHECK_EQ(old[old[0] / 8 - 1], ~old[0]);
				mem_free(old, "test");
			}
		}
	}
	return NULL;
}

static bool sum_used(void *env, const struct mem_stats *stats)
{
	*(uint64_t *)env += stats->nr_used;
	return true;
}

TEST(threads_free_what_others_allocated)
{
	pthread_t threads[THREADS];
	uint64_t used = 0;

	for (size_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, exchange, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < THREADS; i++)
		for (size_t j = 0; j < OBJECTS; j++)
			mem_free(exchanged[i][j], "test");
	mem_stats_each(sum_used, &used);
	CHECK_EQ(used, 0);
}

TEST(cache_with_objects_out_is_not_destroyed)
{
	struct mem_cache *cache = mem_cache_create("test", 100, 64);
	void *object = mem_cache_alloc(cache, "test");

	CHECK_EQ((uintptr_t)object % 64, 0);
	CHECK_EQ(mem_cache_destroy(cache), -EBUSY);
	mem_cache_free(cache, object, "test");
	CHECK_EQ(mem_cache_destroy(cache), 0);
}

TEST(buffers_live_as_long_as_they_are_held)
{
	sys_buf_cache_t cache;
	sys_buf_t buf;

	sys_service_set(MTE_sys_service_get());
	cache = sys_buf_cache_create("test", 1000, 64);
	buf = sys_buf_zalloc(cache);
	sys_buf_hold(buf);
	sys_buf_drop(buf);
	sys_buf_check(buf);
	CHECK_EQ(sys_buf_cache_destroy(cache), EBUSY);
	sys_buf_drop(buf);
	CHECK_EQ(sys_buf_cache_destroy(cache), E_OK);
}

/* Sizes are judged as they are without checking. */
static void only_unchecked(void)
{
	if (mem_check_levels())
		test_skip("RING3_MEM makes objects larger, or keeps them");
}

TEST(caches_have_a_limit)
{
	struct mem_cache *caches[600];
	int got = 0;

	while (got < 600 && (caches[got] = mem_cache_create("many", 64, 0)))
		got++;
	CHECK_GT(got, 300);
	CHECK_LT(got, 512);	/* the size classes are some of the 512 */
	while (got)
		CHECK_EQ(mem_cache_destroy(caches[--got]), 0);
	CHECK(mem_cache_create("again", 64, 0));
	CHECK(!mem_cache_create("crooked", 64, 48));
	CHECK(!mem_cache_create("wide", 64, 8192));
	CHECK(!mem_cache_create("huge", (SYS_PAGE_SIZE << SYS_ORDER_MAX) + 1, 0));
}

/* ---- limits ---------------------------------------------------------------- */

TEST(beyond_the_limit_allocations_answer_null)
{
	struct mem_usage usage;
	size_t before, got = 0;
	void *objects[4096];

	only_unchecked();
	mem_usage_read(&usage);
	CHECK_EQ(usage.limit, usage.reserved);
	before = mem_limit_set(usage.used + (8ul << 20));
	while (got < 4096 && (objects[got] = mem_alloc(65536, "test")))
		got++;
	CHECK_GT(got, 64);
	CHECK_LE(got, 128);
	CHECK(!sys_pages_alloc(5, "test"));
	mem_usage_read(&usage);
	CHECK_LE(usage.used, usage.limit);
	CHECK_LE(usage.used, usage.peak);
	while (got)
		mem_free(objects[--got], "test");
	objects[0] = mem_alloc(65536, "test");
	CHECK(objects[0]);
	CHECK_EQ(mem_limit_set(before), usage.limit);
	CHECK(mem_alloc(16 << 20, "test"));
}

TEST(cache_beyond_its_limit_answers_null)
{
	struct mem_cache *cache = mem_cache_create("small", 1000, 0);
	void *objects[512];
	size_t got = 0;

	only_unchecked();
	CHECK_EQ(mem_cache_limit_set(cache, 4 * 65536), SIZE_MAX);
	while (got < 512 && (objects[got] = mem_cache_alloc(cache, "test")))
		got++;
	CHECK_GT(got, 4 * 56);
	CHECK_LT(got, 4 * 66);
	mem_cache_free(cache, objects[--got], "test");
	CHECK((objects[got] = mem_cache_alloc(cache, "test")) != NULL);
	CHECK_EQ(mem_cache_limit_set(cache, 5 * 65536), 4 * 65536);
	CHECK(objects[++got] = mem_cache_alloc(cache, "test"));
	do
		mem_cache_free(cache, objects[got], "test");
	while (got--);
	CHECK_EQ(mem_cache_destroy(cache), 0);
}

/* ---- trimming --------------------------------------------------------------- */

/* Where a checker's own memory hides ours. */
static bool shadowed(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded && strstr(preloaded, "vgpreload");
#endif
}

static size_t resident_bytes(void)
{
	unsigned long total, resident;
	FILE *file = fopen("/proc/self/statm", "r");

	CHECK_EQ(fscanf(file, "%lu %lu", &total, &resident), 2);
	fclose(file);
	return resident * 4096;
}

static size_t burst_bytes;

/* Allocates and writes 192 MiB of objects of one size, and frees all of it. */
static void *burst(void *arg)
{
	size_t bytes = (size_t)arg, count = (192ul << 20) / bytes;
	void **objects = calloc(count, sizeof(*objects));

	for (size_t i = 0; i < count; i++) {
		objects[i] = mem_alloc(bytes, "test");
		CHECK(objects[i]);
		memset(objects[i], 1, bytes);
	}
	burst_bytes = resident_bytes();
	for (size_t i = 0; i < count; i++)
		mem_free(objects[i], "test");
	free(objects);
	return NULL;
}

TEST(burst_is_given_back_to_the_system)
{
	only_unchecked();
	for (size_t bytes = 256; bytes <= 1 << 20; bytes *= 16) {
		size_t before = resident_bytes(), after;
		struct mem_usage usage;

		burst((void *)bytes);
		after = resident_bytes();
		if (!shadowed()) {
			CHECK_GT(burst_bytes, before + (190ul << 20));
			/* Without being asked: what a depot keeps is bounded. */
			CHECK_LT(after, before + (112ul << 20));
		}
		mem_trim();
		after = resident_bytes();
		if (!shadowed())
			CHECK_LT(after, before + (12ul << 20));
		mem_usage_read(&usage);
		CHECK_GT(usage.given, 100ul << 20);
		CHECK_LT(usage.used, 16ul << 20);
		CHECK_GT(usage.peak, 190ul << 20);
	}
}

TEST(thread_that_ended_leaves_nothing_behind)
{
	size_t before = resident_bytes();

	only_unchecked();
	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		CHECK_EQ(pthread_create(&thread, NULL, burst, (void *)4096), 0);
		pthread_join(thread, NULL);
	}
	mem_trim();
	if (!shadowed())
		CHECK_LT(resident_bytes(), before + (12ul << 20));
}

/* An object in use keeps its slab, and its content, through any number of trims. */
TEST(trimming_keeps_what_is_in_use)
{
	enum { COUNT = 20000 };
	static uint64_t *objects[COUNT];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < COUNT; i++) {
			if (objects[i])
				continue;
			objects[i] = mem_alloc(320, "test");
			objects[i][0] = objects[i][39] = (uint64_t)i * 77;
		}
		for (int i = 0; i < COUNT; i++) {
			if (i % 50 == round)
				continue;
			mem_free(objects[i], "test");
			objects[i] = NULL;
		}
		mem_trim();
		for (int i = 0; i < COUNT; i++)
			if (objects[i])
				CHECK(objects[i][0] == (uint64_t)i * 77 && objects[i][39] == (uint64_t)i * 77);
	}
}

static void *trim_often(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_ACQUIRE)) {
		mem_trim();
		usleep(500);
	}
	return NULL;
}

TEST(trimming_beside_threads_that_allocate)
{
	pthread_t threads[THREADS], trimmer;
	bool end = false;

	CHECK_EQ(pthread_create(&trimmer, NULL, trim_often, &end), 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, exchange, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&end, true, __ATOMIC_RELEASE);
	pthread_join(trimmer, NULL);
	for (size_t i = 0; i < THREADS; i++)
		for (size_t j = 0; j < OBJECTS; j++)
			mem_free(exchanged[i][j], "test");
}

TEST(realloc_keeps_content_and_gives_back)
{
	size_t bytes = 1;
	unsigned char *addr = mem_alloc(bytes, "test");

	addr[0] = 7;
	while (bytes < 1 << 20) {
		addr = mem_realloc(addr, bytes * 2, "test");
		for (size_t i = bytes; i < bytes * 2; i++)
			addr[i] = (unsigned char)(i * 31);
		bytes *= 2;
	}
	addr = mem_realloc(addr, 1000, "test");
	CHECK_LT(mem_size(addr), 4096);
	CHECK_EQ(addr[0], 7);
	for (size_t i = 1; i < 1000; i++)
		CHECK_EQ(addr[i], (unsigned char)(i * 31));
	CHECK(!mem_realloc(addr, 1ul << 40, "test"));
	CHECK_EQ(addr[0], 7);
	mem_free(addr, "test");
}
