/* SPDX-License-Identifier: MIT */
#ifndef RING3_MEM_CHECK_H
#define RING3_MEM_CHECK_H

/*
 * mem_check.h - private to shim/src: what RING3_MEM asks for.
 *
 * With any level on, mem.c sends each allocation and free through here. Beside the
 * region lies a table with a record for every 16 bytes of it: state, size and sites
 * of the object that starts there. So no overrun reaches what the report is made of.
 */
#include "mem_impl.h"
#include "sys_service.h"

/* The levels; 0: nothing is checked, and the short way may be taken. Fixed once region_init() has run. */
extern unsigned int mem_checks __attribute__((visibility("hidden")));

/* Whether the region asks for huge pages: no check, but chosen at the same place. */
extern bool mem_huge __attribute__((visibility("hidden")));

#define MEM_CHECK_ALL	((1u << 6) - 1)
#define MEM_HUGE	(1u << 30)
#define MEM_CHECK_ASAN	(1u << 31)	/* of a build for AddressSanitizer: what is free is poisoned for it */
#define MEM_CHECK_VALGRIND (1u << 29)	/* valgrind runs us, and is told what is free: mem_watch.h */

/* From region_init(): read RING3_MEM; then reserve the records of @bytes of region. */
void mem_check_init(void);
void mem_check_reserve(size_t bytes);

/* Bytes that an object of @bytes takes; @align is the least it must keep. */
size_t mem_check_object_bytes(size_t bytes, size_t align);
/* Of them behind the user's, at least. */
size_t mem_check_redzone(void);

void *mem_check_alloc(struct mem_cache *cache, size_t bytes, const char *whence);
void *mem_check_alloc_any(size_t bytes, const char *whence);
void mem_check_free(struct mem_cache *cache, void *object, const char *whence);
/* The bytes that were asked for. */
size_t mem_check_size(const struct mem_cache *cache, const void *object);
/* @addr is of no cache at all: says so, as well as it can. */
void __attribute__((cold, noreturn)) mem_check_foreign(const void *addr, const char *whence);

/* Where nothing is checked: @object of @cache is free already. */
void __attribute__((cold, noreturn)) mem_check_twice(const struct mem_cache *cache, const void *object,
						     const char *whence);

/* A slab was added; an object moves to the spare list, which writes its first word. Under cache->lock. */
void mem_check_slab(struct mem_cache *cache, char *slab);
void mem_check_spare(struct mem_cache *cache, void *object);

/* Print where the objects in use were allocated. */
void mem_check_name_users(struct mem_cache *cache);

/* Is this allocation one that mem_fail_after() makes fail? */
bool mem_check_fails_now(void);
static inline bool mem_check_fails(void)
{
	return unlikely(mem_checks & MEM_CHECK_FAIL) && mem_check_fails_now();
}

#endif /* RING3_MEM_CHECK_H */
