/* SPDX-License-Identifier: MIT */
/*
 * The checking levels: each misuse in a child process, whose report must name what is
 * wrong, where the memory was allocated and where it was freed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "mtelib.h"
#include "piece.h"
#include "sys_mem.h"

/* It must die, and its report hold each of the words. */
#define DIES(levels, fn, words...)						\
	do {									\
		const char *each[] = { words };					\
		CHECK(WIFSIGNALED(run_with((levels), #fn)));			\
		for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)	\
			must_say(each[i]);					\
	} while (0)

#ifdef __SANITIZE_ADDRESS__
#define ASAN 1
#else
#define ASAN 0
#endif

/* What AddressSanitizer itself would report at the access is hidden from it. */
static void __attribute__((no_sanitize("address"))) poke(char *addr, char value)
{
	*(volatile char *)addr = value;
}

PIECE(free_twice)
{
	void *addr = mem_alloc(100, "site-a:1");

	mem_free(addr, "site-b:2");
	mem_free(addr, "site-c:3");
}

TEST(double_free_is_told_with_both_sites)
{
	DIES("count", free_twice, "site-c:3", "freed twice", "100 bytes", "allocated at site-a:1",
	     "freed at site-b:2");
	DIES("quarantine", free_twice, "site-c:3", "freed twice", "allocated at site-a:1", "freed at site-b:2");
}

PIECE(free_twice_with_one_between)
{
	void *addr = mem_alloc(5000, "site-a:1"), *other = mem_alloc(5000, "site-a:2");

	mem_free(addr, "site-b:2");
	mem_free(other, "site-b:3");
	mem_free(addr, "site-c:3");
}

PIECE(free_twice_into_a_cache)
{
	struct mem_cache *cache = mem_cache_create("twice", 96, 16);
	void *object = mem_cache_alloc(cache, "site-a:1");

	mem_cache_free(cache, object, "site-b:2");
	mem_cache_free(cache, object, "site-c:3");
}

/* However many are free, and wherever the magazine ends. */
PIECE(free_the_last_of_many_twice)
{
	enum { NR = 200 };
	int last = atoi(getenv("RING3_TEST_LAST"));
	void *objects[NR];

	for (int i = 0; i < NR; i++)
		objects[i] = mem_alloc(64, "site-a:1");
	for (int i = 0; i <= last; i++)
		mem_free(objects[i], "site-b:2");
	mem_free(objects[last], "site-c:3");
}

TEST(an_object_freed_twice_at_once_is_told_without_any_level)
{
	static const int lasts[] = { 0, 1, 2, 62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 193, 199 };

	DIES(NULL, free_twice, "site-c:3", "freed twice", "of cache size-128");
	DIES(NULL, free_twice_with_one_between, "site-c:3", "freed twice", "of cache size-6144");
	DIES(NULL, free_twice_into_a_cache, "site-c:3", "freed twice", "of cache twice");
	for (size_t i = 0; i < sizeof(lasts) / sizeof(lasts[0]); i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", lasts[i]);
		setenv("RING3_TEST_LAST", text, 1);
		DIES(NULL, free_the_last_of_many_twice, "site-c:3", "freed twice", "of cache size-64");
	}
}

PIECE(free_alloc_and_free_again)
{
	for (int i = 0; i < 1000; i++) {
		void *addr = mem_alloc(100, "site-a:1"), *other = mem_alloc(100, "site-a:2");

		/* The same memory again and again, in either order: nothing is wrong with it. */
		mem_free(i % 2 ? addr : other, "site-b:1");
		mem_free(i % 2 ? other : addr, "site-b:2");
	}
}

TEST(an_object_freed_once_each_time_is_not_told)
{
	must_work(NULL, "free_alloc_and_free_again");
	must_work("count", "free_alloc_and_free_again");
}

static void *free_it(void *addr)
{
	mem_free(addr, "site-other:1");
	return NULL;
}

PIECE(free_in_two_threads)
{
	void *addr = mem_alloc(64, "site-a:1");
	pthread_t thread;

	pthread_create(&thread, NULL, free_it, addr);
	pthread_join(thread, NULL);
	mem_free(addr, "site-main:2");
}

TEST(double_free_across_threads_is_told)
{
	DIES("redzone", free_in_two_threads, "site-main:2", "freed twice", "freed at site-other:1");
}

PIECE(overrun)
{
	char *addr = mem_alloc(61, "site-a:1");

	poke(addr + 61, 0);
	mem_free(addr, "site-b:2");
}

PIECE(overrun_full_class)
{
	char *addr = mem_alloc(4096, "site-a:1");

	CHECK_EQ((uintptr_t)addr % 4096, 0);
	poke(addr + 4096, 1);
	mem_free(addr, "site-b:2");
}

PIECE(overrun_of_the_largest)
{
	size_t bytes = (SYS_PAGE_SIZE << SYS_ORDER_MAX) - 16;
	char *addr = mem_alloc(bytes, "site-a:1");

	CHECK(!mem_alloc(bytes + 1, "site-a:2"));
	poke(addr + bytes, 1);
	mem_free(addr, "site-b:2");
}

TEST(overrun_is_told_with_both_sites)
{
	DIES("redzone", overrun, "site-b:2", "overrun", "byte 0 behind the end", "61 bytes", "allocated at site-a:1");
	DIES("redzone", overrun_full_class, "overrun", "4096 bytes", "allocated at site-a:1");
	DIES("redzone", overrun_of_the_largest, "overrun", "allocated at site-a:1");
}

/* Seen when the memory is handed out again, or when somebody asks for all to be checked. */
PIECE(write_after_free)
{
	char *addr = mem_alloc(200, "site-a:1");

	mem_free(addr, "site-b:2");
	poke(addr + 17, 42);
	for (int i = 0; i < 1000; i++)
		mem_alloc(200, "site-c:3");
}

PIECE(write_after_free_in_quarantine)
{
	char *addr = mem_alloc(200, "site-a:1");

	mem_free(addr, "site-b:2");
	poke(addr + 199, 42);
	mem_check_all();
}

TEST(write_after_free_is_told_with_both_sites)
{
	DIES("poison", write_after_free, "site-c:3", "written after it was freed", "byte 17 is 0x2a",
	     "allocated at site-a:1", "freed at site-b:2");
	DIES("quarantine", write_after_free_in_quarantine, "byte 199 is 0x2a", "freed at site-b:2");
}

PIECE(free_the_inside)
{
	char *addr = mem_alloc(128, "site-a:1");

	mem_free(addr + 16, "site-b:2");
}

PIECE(free_a_stack_address)
{
	int here = 0;

	mem_free(&here, "site-b:2");
}

PIECE(free_pages_as_memory)
{
	mem_free(sys_pages_alloc(2, "site-a:1"), "site-b:2");
}

PIECE(free_into_another_cache)
{
	struct mem_cache *one = mem_cache_create("one", 64, 0), *two = mem_cache_create("two", 64, 0);

	mem_cache_free(two, mem_cache_alloc(one, "site-a:1"), "site-b:2");
}

TEST(foreign_pointers_are_told)
{
	DIES("redzone", free_the_inside, "site-b:2", "inside of an allocation", "allocated at site-a:1");
	DIES(NULL, free_a_stack_address, "site-b:2", "not from mem_alloc");
	DIES("all", free_a_stack_address, "site-b:2", "not from mem_alloc");
	DIES(NULL, free_pages_as_memory, "site-b:2", "no start of an allocation");
	DIES("poison", free_into_another_cache, "site-b:2", "cache two", "of cache one", "allocated at site-a:1");
}

PIECE(free_pages_twice)
{
	void *run = sys_pages_alloc(3, "site-a:1");

	sys_pages_free(run, 3, "site-b:2");
	sys_pages_free(run, 3, "site-c:3");
}

TEST(pages_freed_twice_are_told_with_both_sites)
{
	DIES("count", free_pages_twice, "site-c:3", "free already", "allocated at site-a:1", "freed at site-b:2");
	DIES(NULL, free_pages_twice, "site-c:3", "free already");
}

PIECE(leak_some)
{
	void *freed = mem_alloc(10, "site-a:1");
	struct mem_cache *cache = mem_cache_create("leaky", 100, 0);

	sys_service_set(MTE_sys_service_get());
	sys_service_init(NULL);
	for (int i = 0; i < 3; i++)
		CHECK(mem_alloc(1000, "site-leak:7"));
	CHECK(mem_cache_alloc(cache, "site-object:8"));
	CHECK(sys_pages_alloc(1, "site-pages:9"));
	mem_free(freed, "site-a:2");
	sys_service_fini();
}

TEST(leaks_are_reported_by_site_when_the_service_ends)
{
	must_work("leaks", "leak_some");
	must_say("still in use: 5 objects, ");
	must_say("3 objects,       3000 bytes, allocated at site-leak:7");
	must_say("1 objects,        112 bytes, allocated at site-object:8");
	must_say("1 objects,       8192 bytes, allocated at site-pages:9");
	CHECK(!strstr(said, "site-a:1"));
	must_work("count", "leak_some");
	CHECK(!strstr(said, "still in use"));
}

static const char *renamed(void *env, const char *whence, size_t bytes)
{
	if (strcmp(whence, "site-leak:7") && strcmp(whence, "site-pages:9"))
		return whence;
	*(size_t *)env += bytes;
	return "site-moved:1";
}

PIECE(rename_some)
{
	void *kept = mem_alloc(10, "site-kept:3");
	size_t bytes = 0;

	CHECK(mem_alloc(1000, "site-leak:7"));
	CHECK(sys_pages_alloc(1, "site-pages:9"));
	mem_users_each(renamed, &bytes);
	CHECK_EQ(bytes, 9192);
	mem_users_each(renamed, &bytes);
	CHECK_EQ(bytes, 9192);
	CHECK(kept);
	CHECK_EQ(mem_report_leaks(), 3);
}

TEST(what_is_in_use_may_be_known_by_another_site)
{
	must_work("leaks", "rename_some");
	must_say("2 objects,       9192 bytes, allocated at site-moved:1");
	must_say("1 objects,         10 bytes, allocated at site-kept:3");
}

PIECE(start_with_a_wrong_word)
{
	mem_alloc(1, "test");
}

TEST(unknown_levels_end_the_process)
{
	int status = run_with("count,pioson", "start_with_a_wrong_word");

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 64);
	must_say("pioson");
	must_say("expected count, redzone");
	CHECK_EQ(run_with(",,leaks,", "start_with_a_wrong_word"), 0);
}

struct sum {
	const char	*whence;
	struct mem_site	seen;
};

static bool find_site(void *env, const struct mem_site *site)
{
	struct sum *sum = env;

	if (!strcmp(site->whence, sum->whence)) {
		sum->seen = *site;
		return false;
	}
	return true;
}

enum { COUNTED = 10000, COUNTERS = 4 };

static void *count_some(void *arg)
{
	(void)arg;
	for (int i = 0; i < COUNTED; i++) {
		void *kept = mem_alloc(32, "site-counted:1"), *gone = mem_alloc(64, "site-counted:1");

		CHECK(kept && gone);
		mem_free(gone, "site-freed:2");
	}
	return NULL;
}

PIECE(count_by_site)
{
	struct sum sum = { .whence = "site-counted:1" };
	pthread_t threads[COUNTERS];
	void *given;

	for (int i = 0; i < COUNTERS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, count_some, NULL), 0);
	for (int i = 0; i < COUNTERS; i++)
		pthread_join(threads[i], NULL);
	mem_sites_each(find_site, &sum);
	CHECK_EQ(sum.seen.nr_allocs, 2 * COUNTED * COUNTERS);
	CHECK_EQ(sum.seen.nr_frees, COUNTED * COUNTERS);
	CHECK_EQ(sum.seen.bytes_used, 32 * COUNTED * COUNTERS);

	given = mem_alloc(500, "site-counted:1");
	mem_whence_set(given, "site-given:3");
	sum.whence = "site-given:3";
	mem_sites_each(find_site, &sum);
	CHECK_EQ(sum.seen.bytes_used, 500);
}

TEST(allocations_are_counted_by_site)
{
	must_work("count", "count_by_site");
}

static size_t huge_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	size_t kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

PIECE(use_huge_pages)
{
	size_t before = huge_bytes();

	CHECK_EQ(mem_check_levels(), 0);
	memset(mem_alloc(16 << 20, "test"), 1, 16 << 20);
	fprintf(stderr, "%zu", huge_bytes() - before);
}

TEST(huge_pages_are_used_when_asked_for)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	char line[64] = "";

	if (!file || !fgets(line, sizeof(line), file) || strstr(line, "[never]"))
		test_skip("this system offers no huge pages");
	fclose(file);
	must_work("huge", "use_huge_pages");
	CHECK_GE(atol(said), 8 << 20);
}

/* All levels at once, much exchange, nothing wrong: nothing may be reported. */
enum { BUSY = 4, SLOTS = 512 };

static void *slots[SLOTS];

static void *be_busy(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < 20000; i++) {
		size_t bytes = (size_t)(rand_r(&seed) % 3000);
		char *fresh = mem_alloc(bytes, "test"), *old;

		CHECK(fresh);
		CHECK_EQ(mem_size(fresh), bytes);
		memset(fresh, 0x5a, bytes);
		old = __atomic_exchange_n(&slots[rand_r(&seed) % SLOTS], fresh, __ATOMIC_ACQ_REL);
		if (old && i % 7 == 0)
			old = mem_realloc(old, bytes + 1, "test");
		mem_free(old, "test");
		if (i % 5000 == 4999)
			mem_trim();
	}
	return NULL;
}

PIECE(use_well)
{
	pthread_t threads[BUSY];

	CHECK(mem_check_levels());
	for (uintptr_t i = 0; i < BUSY; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, be_busy, (void *)i), 0);
	for (int i = 0; i < BUSY; i++)
		pthread_join(threads[i], NULL);
	CHECK_GT(mem_check_all(), SLOTS / 2);
	CHECK_GT(mem_report_leaks(), SLOTS / 2);
	for (int i = 0; i < SLOTS; i++)
		mem_free(slots[i], "test");
	mem_check_all();
	CHECK_EQ(mem_report_leaks(), 0);
	CHECK_GT(mem_trim(), 0);
	mem_check_all();
}

TEST(good_use_is_not_reported_with_all_levels)
{
	must_work("all", "use_well");
}

TEST(good_use_is_not_reported_with_poison)
{
	must_work("poison,redzone", "use_well");
}

PIECE(fail_as_told)
{
	struct mem_cache *cache;

	cache = mem_cache_create("failing", 64, 0);
	CHECK(mem_alloc(10, "test"));
	mem_fail_after(3);
	CHECK(mem_alloc(10, "test"));
	CHECK(mem_cache_alloc(cache, "test"));
	CHECK(!mem_alloc(10, "test"));
	CHECK(!mem_cache_alloc(cache, "test"));
	CHECK(!mem_zalloc(10, "test"));
	CHECK(!mem_realloc(NULL, 10, "test"));
	CHECK(!sys_pages_alloc(0, "test"));
	mem_fail_after(0);
	CHECK(mem_alloc(10, "test"));
}

TEST(allocations_fail_when_told_to)
{
	must_work("fail", "fail_as_told");
}

PIECE(read_freed_buffer)
{
	volatile char *addr = mem_alloc(64, "test");

	mem_free((void *)addr, "test");
	addr[8] = 1;
}

PIECE(write_behind_the_end)
{
	volatile char *addr = mem_alloc(50, "test");

	addr[50] = 1;
}

TEST(address_sanitizer_sees_misuse_of_the_pools)
{
	if (!ASAN)
		test_skip("this is not a build for AddressSanitizer");
	CHECK(run_with(NULL, "read_freed_buffer") != 0);
	must_say("use-after-poison");
	CHECK(run_with(NULL, "write_behind_the_end") != 0);
	must_say("use-after-poison");
}

PIECES_END
