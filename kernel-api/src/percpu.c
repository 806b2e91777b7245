/* SPDX-License-Identifier: MIT */
/*
 * percpu.c - per-CPU data: chunks of one unit per virtual CPU, and the first values
 * of static data: percpu.h.
 *
 * A chunk is address space for NR_CPUS units in a row; an allocation is a run of
 * granules at the same place of each of them. `used` tells which are taken.
 *
 * Locking: percpu_lock guards chunks and areas; a leaf.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "host/host.h"
#include "sched_impl.h"

#define GRANULE		16ul
#define GRANULES	(RING3_PERCPU_UNIT / GRANULE)

struct chunk {
	struct chunk	*next;
	char		*base;			/* of CPU 0's unit */
	u16		nr_granules[GRANULES];	/* of the allocation that starts here */
	bool		used[GRANULES];
};

static DEFINE_SPINLOCK(percpu_lock);
static struct chunk *chunks;
static struct ring3_percpu *areas;
static bool running;		/* nr_cpu_ids is what it will be */

static struct chunk *chunk_new(void)
{
	struct chunk *chunk = host_map(sizeof(*chunk));

	if (!chunk)
		return NULL;
	chunk->base = host_map(NR_CPUS * RING3_PERCPU_UNIT);
	if (!chunk->base) {
		host_unmap(chunk, sizeof(*chunk));
		return NULL;
	}
	chunk->next = chunks;
	chunks = chunk;
	return chunk;
}

/* The first of @nr free granules in a row, aligned to @step of them; -1 = none. */
static long chunk_find(const struct chunk *chunk, unsigned long nr, unsigned long step)
{
	for (unsigned long at = 0; at + nr <= GRANULES; at += step) {
		unsigned long i = 0;

		while (i < nr && !chunk->used[at + i])
			i++;
		if (i == nr)
			return (long)at;
	}
	return -1;
}

static void *chunk_take(struct chunk *chunk, unsigned long nr, unsigned long step)
{
	long at = chunk_find(chunk, nr, step);

	if (at < 0)
		return NULL;
	memset(&chunk->used[at], true, nr);
	chunk->nr_granules[at] = (u16)(nr - 1);
	return chunk->base + (unsigned long)at * GRANULE;
}

void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	unsigned long nr = DIV_ROUND_UP(size, GRANULE), step = DIV_ROUND_UP(align, GRANULE);
	void *addr = NULL;

	if (WARN(!size || size > PCPU_MIN_UNIT_SIZE || align > 4096 || !is_power_of_2(align),
		 "per-CPU allocation of %zu bytes aligned to %zu", size, align))
		return NULL;
	spin_lock_bh(&percpu_lock);
	for (struct chunk *chunk = chunks; chunk && !addr; chunk = chunk->next)
		addr = chunk_take(chunk, nr, step);
	if (!addr) {
		struct chunk *chunk = chunk_new();

		addr = chunk ? chunk_take(chunk, nr, step) : NULL;
	}
	spin_unlock_bh(&percpu_lock);
	for (unsigned int cpu = 0; addr && cpu < nr_cpu_ids; cpu++)
		memset(per_cpu_ptr((char *)addr, cpu), 0, size);
	return addr;
}

void *__alloc_percpu(size_t size, size_t align)
{
	return __alloc_percpu_gfp(size, align, GFP_KERNEL);
}

void free_percpu(void *ptr)
{
	struct chunk *chunk;
	unsigned long at = 0;

	if (!ptr)
		return;
	spin_lock_bh(&percpu_lock);
	for (chunk = chunks; chunk; chunk = chunk->next) {
		at = (unsigned long)((char *)ptr - chunk->base);
		if (at < RING3_PERCPU_UNIT)
			break;
	}
	if (WARN(!chunk || at % GRANULE || !chunk->used[at / GRANULE], "free_percpu(%p): not allocated", ptr))
		goto out;
	at /= GRANULE;
	memset(&chunk->used[at], false, chunk->nr_granules[at] + 1ul);
out:
	spin_unlock_bh(&percpu_lock);
}

/* ---- static data ------------------------------------------------------------------ */

static void area_copy(const struct ring3_percpu *area)
{
	for (unsigned int cpu = 1; cpu < nr_cpu_ids; cpu++)
		memcpy(per_cpu_ptr(area->start, cpu), area->start, (size_t)(area->end - area->start));
}

/* From a constructor: one call per translation unit, one area per object. */
void ring3_percpu_register(struct ring3_percpu *area)
{
	BUG_ON((size_t)(area->end - area->start) > RING3_PERCPU_UNIT);
	spin_lock_bh(&percpu_lock);
	if (!area->registered) {
		area->registered = true;
		area->next = areas;
		areas = area;
		if (running)
			area_copy(area);
	}
	spin_unlock_bh(&percpu_lock);
}

/* nr_cpu_ids is known from here on. */
void percpu_init(void)
{
	spin_lock_bh(&percpu_lock);
	if (!running)
		for (const struct ring3_percpu *area = areas; area; area = area->next)
			area_copy(area);
	running = true;
	spin_unlock_bh(&percpu_lock);
}
