/* SPDX-License-Identifier: MIT */
/* valgrind_test.c - under valgrind: it knows of the engine's memory what is whose, and what was written. */
#include <string.h>

#include "harness.h"
#include "sys_mem.h"

#if __has_include(<valgrind/memcheck.h>) && !defined(__SANITIZE_ADDRESS__)
#include <valgrind/memcheck.h>

enum { KNOWN, UNKNOWN, CLOSED, MIXED };

/* What valgrind thinks of all of it; asking reports nothing. */
static int seen(const void *addr, size_t bytes)
{
	static unsigned char bits[65536];
	size_t unknown = 0;

	CHECK_LE(bytes, sizeof(bits));
	if (VALGRIND_GET_VBITS(addr, bits, bytes) == 3)
		return CLOSED;
	for (size_t i = 0; i < bytes; i++)
		unknown += bits[i] == 0xff;
	return !unknown ? KNOWN : unknown == bytes ? UNKNOWN : MIXED;
}

static void want_valgrind(void)
{
	if (!RUNNING_ON_VALGRIND)
		test_skip("not under valgrind");
}

static void check_object(char *object, size_t bytes)
{
	CHECK_EQ(seen(object, bytes), UNKNOWN);
	memset(object, 1, bytes / 2);
	CHECK_EQ(seen(object, bytes), MIXED);
	memset(object, 1, bytes);
	CHECK_EQ(seen(object, bytes), KNOWN);
}

TEST(valgrind_knows_what_is_fresh_in_use_and_free)
{
	static const size_t sizes[] = { 9, 100, 1000, 5000, 60000 };

	want_valgrind();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* The second time it is memory that was in use and written before. */
		for (int round = 0; round < 2; round++) {
			char *object = mem_alloc(sizes[i], "test");

			check_object(object, sizes[i]);
			CHECK_EQ(seen(object + sizes[i], 1), CLOSED);
			mem_free(object, "test");
			for (size_t at = 0; at < sizes[i]; at += sizes[i] / 9)
				CHECK_EQ(seen(object + at, 1), CLOSED);
			object = mem_zalloc(sizes[i], "test");
			CHECK_EQ(seen(object, sizes[i]), KNOWN);
			mem_free(object, "test");
		}
	}
}

TEST(valgrind_knows_caches_and_pages)
{
	struct mem_cache *cache;
	char *objects[200], *run;

	want_valgrind();
	cache = mem_cache_create("test", 80, 16);
	for (int i = 0; i < 200; i++) {
		objects[i] = mem_cache_alloc(cache, "test");
		check_object(objects[i], 80);
	}
	/* What goes to the spare list is linked there by its first word, which nobody else may read. */
	for (int i = 0; i < 200; i++)
		mem_cache_free(cache, objects[i], "test");
	mem_trim();
	objects[0] = mem_cache_alloc(cache, "test");
	check_object(objects[0], 80);
	mem_cache_free(cache, objects[0], "test");
	CHECK_EQ(mem_cache_destroy(cache), 0);

	run = sys_pages_alloc(1, "test");
	CHECK_EQ(seen(run, 2 * SYS_PAGE_SIZE), UNKNOWN);
	memset(run, 1, 2 * SYS_PAGE_SIZE);
	sys_pages_free(run, 1, "test");
	CHECK_EQ(seen(run + SYS_PAGE_SIZE, 1), CLOSED);
	run = sys_pages_zalloc(1, "test");
	CHECK_EQ(seen(run, 2 * SYS_PAGE_SIZE), KNOWN);
	sys_pages_free(run, 1, "test");
}

TEST(valgrind_sees_what_a_realloc_moves)
{
	char *text;

	want_valgrind();
	text = mem_alloc(40, "test");
	memset(text, 'x', 40);
	text = mem_realloc(text, 4000, "test");
	CHECK_EQ(seen(text, 40), KNOWN);
	CHECK_EQ(seen(text + 40, 3960), UNKNOWN);
	text = mem_realloc(text, 20, "test");
	CHECK_EQ(seen(text, 20), KNOWN);
	CHECK_EQ(seen(text + 20, 1), CLOSED);
	mem_free(text, "test");
}

#endif
