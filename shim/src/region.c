/* SPDX-License-Identifier: MIT */
/*
 * region.c - the reserved address range, and runs of 2^order pages out of it.
 *
 * A buddy allocator: a run is split until it fits, and merges with its buddy when
 * both are free. Fresh pages are taken from the end of what was used so far, in
 * blocks of the largest order, so that memory never touched costs nothing.
 *
 * Invariant: a free run's first page has is_free set and stands in free_runs[order].
 * Locking:   region_lock guards all of it. Caches come here for whole slabs only.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "region.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(addr, bytes)		((void)(addr), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(addr, bytes)	((void)(addr), (void)(bytes))
#endif

#define REGION_BYTES_MAX	(64ul << 30)
#define REGION_BYTES_MIN	(256ul << 20)
#define BLOCK_BYTES		(SYS_PAGE_SIZE << SYS_ORDER_MAX)

struct free_run {
	struct free_run *next, **pprev;
};

static pthread_once_t region_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t region_lock = PTHREAD_MUTEX_INITIALIZER;
static char *region_base;
static size_t region_bytes, region_used;
static struct page_desc *page_descs;
static struct free_run *free_runs[SYS_ORDER_MAX + 1];

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

	while (!(addr = reserve(bytes + BLOCK_BYTES)) && bytes > REGION_BYTES_MIN)
		bytes /= 2;
	if (addr)
		page_descs = reserve(bytes / SYS_PAGE_SIZE * sizeof(*page_descs));
	if (!page_descs) {
		fprintf(stderr, "ring3: cannot reserve %zu MiB of address space; see ulimit -v\n",
			bytes >> 20);
		abort();
	}
	region_base = (char *)(((uintptr_t)addr + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1));
	region_bytes = bytes;
	madvise(region_base, region_bytes, MADV_DONTDUMP);
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

static size_t page_index(const void *addr)
{
	return (size_t)((const char *)addr - region_base) >> SYS_PAGE_SHIFT;
}

struct page_desc *page_desc_of(const void *addr)
{
	return &page_descs[page_index(addr)];
}

static void run_push(char *run, unsigned int order)
{
	struct free_run *entry = (struct free_run *)run;
	struct page_desc *desc = page_desc_of(run);

	ASAN_UNPOISON_MEMORY_REGION(entry, sizeof(*entry));
	desc->order = (uint8_t)order;
	desc->is_free = 1;
	desc->cache = NULL;
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
	page_desc_of(run)->is_free = 0;
}

/* A run of at least @order, split down to it; the lock is held. */
static char *run_take(unsigned int order)
{
	unsigned int have = order;
	char *run;

	while (have <= SYS_ORDER_MAX && !free_runs[have])
		have++;
	if (have <= SYS_ORDER_MAX) {
		run = (char *)free_runs[have];
		run_unlink(run);
	} else {
		if (region_used + BLOCK_BYTES > region_bytes)
			return NULL;
		run = region_base + region_used;
		region_used += BLOCK_BYTES;
		ASAN_POISON_MEMORY_REGION(run, BLOCK_BYTES);
		have = SYS_ORDER_MAX;
	}
	while (have > order) {
		have--;
		run_push(run + (SYS_PAGE_SIZE << have), have);
	}
	return run;
}

void *sys_pages_alloc(unsigned int order, const char *whence)
{
	char *run;

	(void)whence;
	if (order > SYS_ORDER_MAX)
		return NULL;
	pthread_once(&region_once, region_init);
	pthread_mutex_lock(&region_lock);
	run = run_take(order);
	if (run) {
		struct page_desc *desc = page_desc_of(run);

		desc->order = (uint8_t)order;
		desc->is_free = 0;
		desc->cache = NULL;
		desc->run_first = (uint32_t)page_index(run);
	}
	pthread_mutex_unlock(&region_lock);
	if (run)
		ASAN_UNPOISON_MEMORY_REGION(run, SYS_PAGE_SIZE << order);
	return run;
}

void *sys_pages_zalloc(unsigned int order, const char *whence)
{
	void *run = sys_pages_alloc(order, whence);

	return run ? memset(run, 0, SYS_PAGE_SIZE << order) : NULL;
}

void sys_pages_free(void *addr, unsigned int order, const char *whence)
{
	char *run = addr;

	if (!run)
		return;
	if (!sys_region_has(run) || page_desc_of(run)->is_free || page_desc_of(run)->order != order) {
		fprintf(stderr, "ring3: %s: sys_pages_free(%p, %u): no such run (order is %d%s)\n", whence, addr,
			order, sys_region_has(run) ? page_desc_of(run)->order : -1,
			sys_region_has(run) && page_desc_of(run)->is_free ? ", free already" : "");
		abort();
	}
	ASAN_POISON_MEMORY_REGION(run, SYS_PAGE_SIZE << order);
	pthread_mutex_lock(&region_lock);
	while (order < SYS_ORDER_MAX) {
		char *buddy = region_base + ((size_t)(run - region_base) ^ (SYS_PAGE_SIZE << order));
		struct page_desc *desc = page_desc_of(buddy);

		if (!desc->is_free || desc->order != order)
			break;
		run_unlink(buddy);
		if (buddy < run)
			run = buddy;
		order++;
	}
	run_push(run, order);
	pthread_mutex_unlock(&region_lock);
}

void region_own(void *run, unsigned int order, struct mem_cache *cache)
{
	struct page_desc *desc = page_desc_of(run);
	uint32_t first = (uint32_t)page_index(run);

	for (size_t i = 0; i < 1ul << order; i++) {
		desc[i].cache = cache;
		desc[i].run_first = first;
	}
}

/* Whole free blocks keep their first page, where the list entry lies. */
size_t mem_trim(void)
{
	size_t given = 0;

	pthread_mutex_lock(&region_lock);
	for (unsigned int order = 1; order <= SYS_ORDER_MAX; order++) {
		for (struct free_run *run = free_runs[order]; run; run = run->next) {
			size_t bytes = (SYS_PAGE_SIZE << order) - SYS_PAGE_SIZE;

			if (!madvise((char *)run + SYS_PAGE_SIZE, bytes, MADV_DONTNEED))
				given += bytes;
		}
	}
	pthread_mutex_unlock(&region_lock);
	return given;
}
