/* SPDX-License-Identifier: MIT */
#ifndef SYS_FREELIST_H
#define SYS_FREELIST_H

/*
 * sys_freelist.h - items that wait to be used again: a hoard for each CPU over a common list.
 *
 * A hoard holds up to its limit; beyond that half of it goes to the common list, and
 * an empty one fills by half from there. So a CPU that only adds and one that only
 * takes meet at the common list once in limit / 2 items. What lies in another CPU's
 * hoard is not found: a take may answer NULL while items are left.
 * Interface: MTE's, by its names. Threads: any. Nothing sleeps.
 */
#include "sys_fifo.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	sys_fifo_t	hoard;
	int64mt_t	nitem_add, nitem_take, ntake_empty, nxfers_in, nxfers_out;
} __attribute__((aligned(64))) sys_freelist_hoard_t;

typedef struct {
	sys_fifo_t		common;
	sys_freelist_hoard_t	*hoards;
	uint32_t		nhoard;		/* a power of two; 0: no memory for hoards, the common list serves */
	int32mt_t		hoard_limit;
} sys_freelist_t;

void sys_freelist_init(sys_freelist_t *list, uint32_t hoard_limit);	/* cannot fail */
/* It must be empty: a fatal report otherwise. */
void sys_freelist_deinit(sys_freelist_t *list);

void sys_freelist_add(sys_freelist_t *list, sys_link_t *item);
sys_link_t *sys_freelist_take(sys_freelist_t *list);		/* of this CPU's hoard, or NULL */
sys_link_t *sys_freelist_hoard_take(sys_freelist_t *list, uint32_t hoard);
/* From whatever hoard has one: slower, finds the last. */
sys_link_t *sys_freelist_take_any(sys_freelist_t *list);
#define sys_freelist_take_entry(list, type, member)	enclosing_record(sys_freelist_take(list), type, member)
#define sys_freelist_hoard_take_entry(list, hoard, type, member)				\
	enclosing_record(sys_freelist_hoard_take((list), (hoard)), type, member)

/* Text about every hoard; free with sys_mem_free(). NULL: out of memory. */
string_t sys_freelist_stats(sys_freelist_t *list);

#ifdef __cplusplus
}
#endif

#endif /* SYS_FREELIST_H */
