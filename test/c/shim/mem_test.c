/* SPDX-License-Identifier: MIT */
#include <pthread.h>
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
