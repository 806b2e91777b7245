/* SPDX-License-Identifier: MIT */
/*
 * region.c - the reserved address range, and runs of 2^order pages out of it.
 *
 * A buddy allocator: a run is split until it fits, and merges with its buddy when
 * both are free. Fresh pages are taken from the end of what was used so far, in
 * blocks of the largest order, so that memory never touched costs nothing.
 *
 * Invariant: a free run's first page has a state other than RUN_IN_USE and stands in free_runs[order].
 * Locking:   region_lock guards all of it. Caches come here for whole slabs only.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mem_check.h"
#include "mem_watch.h"
#include "region.h"

#define REGION_BYTES_MAX	(64ul << 30)
#define REGION_BYTES_MIN	(256ul << 20)
#define REGION_BYTES_VALGRIND	(4ul << 30)	/* it has little address space, and shadows all that we reserve */
#define BLOCK_BYTES		(SYS_PAGE_SIZE << SYS_ORDER_MAX)

struct free_run {
	struct free_run *next, **pprev;
};

char *region_base;
size_t region_bytes;
struct page_desc *page_descs;

/* Where a run was allocated and freed; kept where checking is on. */
struct run_sites {
	const char *allocated, *freed;
};

static pthread_once_t region_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t region_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t region_used;
static struct run_sites *run_sites;
static struct free_run *free_runs[SYS_ORDER_MAX + 1];
static struct mem_usage usage;			/* under region_lock */

static void *reserve(size_t bytes)
{
	void *addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

/* Less is reserved where an address-space limit (ulimit -v) refuses more. */
static void region_init(void)
{
	size_t bytes = REGION_BYTES_MAX;
	char *addr;

	mem_check_init();
	if (mem_checks & MEM_CHECK_VALGRIND)
		bytes = REGION_BYTES_VALGRIND;
	while (!(addr = reserve(bytes + BLOCK_BYTES)) && bytes > REGION_BYTES_MIN)
		bytes /= 2;
	if (addr)
		page_descs = reserve(bytes / SYS_PAGE_SIZE * sizeof(*page_descs));
	if (mem_checks)
		run_sites = reserve(bytes / SYS_PAGE_SIZE * sizeof(*run_sites));
	if (!page_descs) {
		fprintf(stderr, "ring3: cannot reserve %zu MiB of address space; see ulimit -v\n",
			bytes >> 20);
		abort();
	}
	region_base = (char *)(((uintptr_t)addr + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1));
	region_bytes = bytes;
	usage.limit = bytes;
	usage.reserved = bytes;
	if (mem_checks)
		mem_check_reserve(bytes);
	madvise(region_base, region_bytes, MADV_DONTDUMP);
	/* A wish: the system may have none, or not offer them. */
	if (mem_huge)
		madvise(region_base, region_bytes, MADV_HUGEPAGE);
}

void *sys_region_base(void)
{
	pthread_once(&region_once, region_init);
	return region_base;
}

size_t sys_region_bytes(void)
{
	pthread_once(&region_once, region_init);
	return region_bytes;
}

static void run_push(char *run, unsigned int order, enum run_state state)
{
	struct free_run *entry = (struct free_run *)run;
	struct page_desc *desc = page_desc_of(run);

	mem_show(entry, sizeof(*entry));
	desc->order = (uint8_t)order;
	desc->state = state;
	desc->cache_id = 0;
	entry->next = free_runs[order];
	entry->pprev = &free_runs[order];
	if (entry->next)
		entry->next->pprev = &entry->next;
	free_runs[order] = entry;
}

static void run_unlink(char *run)
{
	struct free_run *entry = (struct free_run *)run;

	*entry->pprev = entry->next;
	if (entry->next)
		entry->next->pprev = entry->pprev;
	page_desc_of(run)->state = RUN_IN_USE;
}

/* A run of at least @order, split down to it; the lock is held. */
static char *run_take(unsigned int order)
{
	unsigned int have = order;
	enum run_state state;
	char *run;

	while (have <= SYS_ORDER_MAX && !free_runs[have])
		have++;
	if (have <= SYS_ORDER_MAX) {
		run = (char *)free_runs[have];
		state = page_desc_of(run)->state;
		run_unlink(run);
	} else {
		if (region_used + BLOCK_BYTES > region_bytes)
			return NULL;
		run = region_base + region_used;
		region_used += BLOCK_BYTES;
		mem_hide(run, BLOCK_BYTES);
		have = SYS_ORDER_MAX;
		state = RUN_GIVEN;	/* never touched */
	}
	while (have > order) {
		have--;
		run_push(run + (SYS_PAGE_SIZE << have), have, state);
	}
	return run;
}

void *region_run_alloc(unsigned int order, const char *whence)
{
	char *run = NULL;

	if (order > SYS_ORDER_MAX)
		return NULL;
	pthread_once(&region_once, region_init);
	pthread_mutex_lock(&region_lock);
	if (usage.used + (SYS_PAGE_SIZE << order) <= usage.limit)
		run = run_take(order);
	if (run) {
		struct page_desc *desc = page_desc_of(run);

		desc->order = (uint8_t)order;
		desc->state = RUN_IN_USE;
		desc->cache_id = 0;
		desc->run_first = (uint32_t)page_index(run);
		usage.used += SYS_PAGE_SIZE << order;
		if (usage.used > usage.peak)
			usage.peak = usage.used;
		if (run_sites)
			run_sites[desc->run_first].allocated = whence;
	}
	pthread_mutex_unlock(&region_lock);
	if (run)
		mem_fresh(run, SYS_PAGE_SIZE << order);
	return run;
}

void *sys_pages_alloc(unsigned int order, const char *whence)
{
	return mem_check_fails() ? NULL : region_run_alloc(order, whence);
}

void *sys_pages_zalloc(unsigned int order, const char *whence)
{
	void *run = sys_pages_alloc(order, whence);

	return run ? memset(run, 0, SYS_PAGE_SIZE << order) : NULL;
}

/* Says what is wrong with freeing @addr as a run of @order, with the sites when they are known. */
static void __attribute__((cold, noreturn)) bad_free(const char *addr, unsigned int order, const char *whence)
{
	const struct page_desc *desc = region_has(addr) ? page_desc_of(addr) : NULL;
	const struct run_sites *sites = desc && run_sites ? &run_sites[page_index(addr)] : NULL;

	fprintf(stderr, "ring3: %s: sys_pages_free(%p, %u): no such run (", whence, (const void *)addr, order);
	if (!desc)
		fprintf(stderr, "not in the region");
	else
		fprintf(stderr, "order is %d%s", desc->order, desc->state != RUN_IN_USE ? ", free already" : "");
	if (sites && sites->allocated)
		fprintf(stderr, "; allocated at %s", sites->allocated);
	if (sites && sites->freed && desc->state != RUN_IN_USE)
		fprintf(stderr, "; freed at %s", sites->freed);
	fprintf(stderr, ")\n");
	abort();
}

void sys_pages_free(void *addr, unsigned int order, const char *whence)
{
	char *run = addr;

	if (!run)
		return;
	pthread_mutex_lock(&region_lock);
	if (!region_has(run) || page_desc_of(run)->state != RUN_IN_USE || page_desc_of(run)->order != order ||
	    page_desc_of(run)->run_first != page_index(run) || (uintptr_t)run % SYS_PAGE_SIZE)
		bad_free(run, order, whence);
	if (run_sites)
		run_sites[page_index(run)].freed = whence;
	mem_hide(run, SYS_PAGE_SIZE << order);
	usage.used -= SYS_PAGE_SIZE << order;
	while (order < SYS_ORDER_MAX) {
		char *buddy = region_base + ((size_t)(run - region_base) ^ (SYS_PAGE_SIZE << order));
		struct page_desc *desc = page_desc_of(buddy);

		if (desc->state == RUN_IN_USE || desc->order != order)
			break;
		run_unlink(buddy);
		/* What is freed once more must not look like a run of its own. */
		page_desc_of(run)->state = RUN_FREE;
		desc->state = RUN_FREE;
		if (buddy < run)
			run = buddy;
		order++;
	}
	run_push(run, order, RUN_FREE);
	pthread_mutex_unlock(&region_lock);
}

void region_own(void *run, unsigned int order, unsigned int cache_id)
{
	struct page_desc *desc = page_desc_of(run);
	uint32_t first = (uint32_t)page_index(run);

	for (size_t i = 0; i < 1ul << order; i++) {
		desc[i].cache_id = (uint16_t)cache_id;
		desc[i].run_first = first;
	}
	desc->nr_spare = 0;
}

/* A run keeps its first page, where the list entry lies. */
size_t region_give_back(unsigned int least)
{
	size_t given = 0;

	pthread_mutex_lock(&region_lock);
	for (unsigned int order = least; order <= SYS_ORDER_MAX; order++) {
		for (struct free_run *run = free_runs[order]; run; run = run->next) {
			size_t bytes = (SYS_PAGE_SIZE << order) - SYS_PAGE_SIZE;
			struct page_desc *desc = page_desc_of(run);

			if (desc->state == RUN_GIVEN || madvise((char *)run + SYS_PAGE_SIZE, bytes, MADV_DONTNEED))
				continue;
			desc->state = RUN_GIVEN;
			given += bytes;
		}
	}
	usage.given += given;
	pthread_mutex_unlock(&region_lock);
	return given;
}

void region_each_run(const char *(*fn)(void *env, const char *whence, size_t bytes), void *env)
{
	if (!run_sites)
		return;
	pthread_mutex_lock(&region_lock);
	for (size_t page = 0; page < region_used / SYS_PAGE_SIZE; page += 1ul << page_descs[page].order) {
		const struct page_desc *desc = &page_descs[page];

		if (desc->state == RUN_IN_USE && !desc->cache_id)
			run_sites[page].allocated = fn(env, run_sites[page].allocated, SYS_PAGE_SIZE << desc->order);
	}
	pthread_mutex_unlock(&region_lock);
}

void mem_usage_read(struct mem_usage *out)
{
	pthread_once(&region_once, region_init);
	pthread_mutex_lock(&region_lock);
	*out = usage;
	pthread_mutex_unlock(&region_lock);
}

size_t mem_limit_set(size_t bytes)
{
	size_t before;

	pthread_once(&region_once, region_init);
	pthread_mutex_lock(&region_lock);
	before = usage.limit;
	usage.limit = bytes < region_bytes ? bytes : region_bytes;
	pthread_mutex_unlock(&region_lock);
	return before;
}
