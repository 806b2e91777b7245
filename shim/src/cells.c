/* SPDX-License-Identifier: MIT */
/* cells.c - see cells.h. */
#include <stdlib.h>

#include "cells.h"

enum { LINE = 64, FIRST_SLAB = 4096, LARGEST_SLAB = 1 << 18 };

_Static_assert(sizeof(struct cell_chunk) == LINE, "a chunk is one cache line");

struct cell_slab {
	struct cell_slab	*next;
	size_t			bytes;
};

void cell_pool_fini(struct cell_pool *pool)
{
	while (pool->slabs) {
		struct cell_slab *slab = pool->slabs;

		pool->slabs = slab->next;
		free(slab);
	}
	*pool = (struct cell_pool){ 0 };
}

/* Each slab is twice as large as the one before, up to a bound. */
static bool add_slab(struct cell_pool *pool)
{
	size_t bytes = pool->slabs ? pool->slabs->bytes * 2 : FIRST_SLAB;
	struct cell_slab *slab;

	if (bytes > LARGEST_SLAB)
		bytes = LARGEST_SLAB;
	if (bytes > pool->bytes_left)
		return false;
	slab = malloc(bytes);
	if (!slab)
		return false;
	pool->bytes_left -= bytes;
	slab->next = pool->slabs;
	slab->bytes = bytes;
	pool->slabs = slab;
	pool->fresh = (struct cell_chunk *)(((uintptr_t)(slab + 1) + LINE - 1) & ~(uintptr_t)(LINE - 1));
	pool->fresh_end = pool->fresh + ((uintptr_t)slab + bytes - (uintptr_t)pool->fresh) / LINE;
	return true;
}

static struct cell_chunk *chunk_get(struct cell_pool *pool)
{
	struct cell_chunk *chunk = pool->unused;

	if (chunk) {
		pool->unused = chunk->next;
		return chunk;
	}
	if (pool->fresh == pool->fresh_end && !add_slab(pool))
		return NULL;
	return pool->fresh++;
}

bool cells_grow(struct cell_pool *pool, struct cells *cells)
{
	struct cell_chunk *chunk = chunk_get(pool);

	if (!chunk)
		return false;
	for (int i = 0; i < CELLS_IN_CHUNK - 1; i++)
		chunk->cells[i] = (uintptr_t)&chunk->cells[i + 1] + 1;
	chunk->cells[CELLS_IN_CHUNK - 1] = 1;
	cells->empty = &chunk->cells[0];
	cells->empty_last = &chunk->cells[CELLS_IN_CHUNK - 1];
	if (!cells->chunks)
		cells->last = chunk;
	chunk->next = cells->chunks;
	cells->chunks = chunk;
	return true;
}

void cells_release(struct cell_pool *pool, struct cells *cells)
{
	if (cells->chunks) {
		cells->last->next = pool->unused;
		pool->unused = cells->chunks;
	}
	*cells = (struct cells){ 0 };
}
