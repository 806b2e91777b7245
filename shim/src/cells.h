/* SPDX-License-Identifier: MIT */
#ifndef RING3_CELLS_H
#define RING3_CELLS_H

/*
 * cells.h - private to shim/src: where a slot of the wheel keeps the addresses of its alarms.
 *
 * A list through the alarms would touch two neighbours for a cancel and one more for a set: where
 * there are many alarms each is a cache miss. Here an alarm has a cell, a word in a chunk of one
 * cache line that belongs to its slot, and who goes through the cells can fetch ahead.
 *
 * A set takes the cell that was emptied first, not last: so it needs nothing that a cancel just
 * before it has to wait for, and the processor has the misses of several alarms on their way.
 *
 * Invariant: a cell in use holds the address of an alarm. An empty one has bit 0 set, and the
 *            rest of it is the address of the cell of the same slot that was emptied next, or 0.
 * Memory:    chunks come from slabs of the pool. A slot that has no cell in use any more gives its
 *            chunks back to the pool, unless it has one only; slabs stay until cell_pool_fini(). So a pool
 *            holds about 9.2 bytes for each cell that its slots once used at the same time, and
 *            at most CELLS_BYTES_MAX: enough for seven million.
 *
 * Not locked: the wheel's lock guards it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct etask_alarm;

#define CELLS_IN_CHUNK	7
#define CELLS_BYTES_MAX	(64ul << 20)

struct cell_chunk {
	struct cell_chunk	*next;
	uintptr_t		cells[CELLS_IN_CHUNK];
};

/* The cells of one slot; all zeros has none. */
struct cells {
	uintptr_t		*empty, *empty_last;	/* empty_last: nothing without an empty one */
	struct cell_chunk	*chunks, *last;	/* last: nothing without chunks */
	uint64_t		count;		/* in use */
};

struct cell_slab;

/* All zeros is an empty one, that may not grow. */
struct cell_pool {
	size_t			bytes_left;		/* that it may grow by */
	struct cell_chunk	*unused;
	struct cell_chunk	*fresh, *fresh_end;	/* never used yet, of the newest slab */
	struct cell_slab	*slabs;
};

/* No cell of it may be used any more. */
void cell_pool_fini(struct cell_pool *pool);

/* A chunk more for who has no empty cell; false: out of memory, or of what the pool may hold. */
bool cells_grow(struct cell_pool *pool, struct cells *cells);
void cells_release(struct cell_pool *pool, struct cells *cells);

static inline struct etask_alarm *cell_alarm(uintptr_t cell)
{
	return cell & 1 ? NULL : (struct etask_alarm *)cell;
}

/* @cells must have an empty one. */
static inline uintptr_t *cells_put(struct cells *cells, struct etask_alarm *alarm)
{
	uintptr_t *cell = cells->empty;

	cells->empty = (uintptr_t *)(*cell - 1);
	cells->count++;
	*cell = (uintptr_t)alarm;
	return cell;
}

/* Answers how many are left. */
static inline uint64_t cells_remove(struct cells *cells, uintptr_t *cell)
{
	*cell = 1;
	if (cells->empty)
		*cells->empty_last = (uintptr_t)cell + 1;
	else
		cells->empty = cell;
	cells->empty_last = cell;
	return --cells->count;
}

#endif /* RING3_CELLS_H */
