/* SPDX-License-Identifier: MIT */
#ifndef RING3_MEM_QUARANTINE_H
#define RING3_MEM_QUARANTINE_H

/*
 * mem_quarantine.h - private to shim/src: freed objects that rest before their memory is had again, so that who still
 * uses one is found out.
 *
 * Threads: any.
 */
#include "mem_impl.h"

/* @object, which is free, rests; the oldest go where there are too many. */
void quarantine_put(struct mem_cache *cache, void *object);
/* Ends the rest of all. */
void quarantine_release(void);
uint64_t quarantine_objects(const struct mem_cache *cache);

/* mem_check.c's: @object has rested, and its memory goes back to @cache. Called without a lock. */
void mem_check_rested(struct mem_cache *cache, void *object);

#endif /* RING3_MEM_QUARANTINE_H */
