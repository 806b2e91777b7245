/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MEMPOOL_H
#define _LINUX_MEMPOOL_H

/*
 * Elements that can always be had: min_nr of them are kept for when memory is out. Who
 * may wait gets one for certain, once another is given back.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

typedef void *(mempool_alloc_t)(gfp_t gfp_mask, void *pool_data);
typedef void (mempool_free_t)(void *element, void *pool_data);

typedef struct mempool_s {
	spinlock_t		lock;		/* guards the two below */
	int			curr_nr;	/* of elements[] that are there */
	void			**elements;
	int			min_nr;
	void			*pool_data;
	mempool_alloc_t		*alloc;
	mempool_free_t		*free;
	wait_queue_head_t	wait;
} mempool_t;

static inline bool mempool_initialized(mempool_t *pool) { return pool->elements != NULL; }

/* 0 or -ENOMEM; may sleep. */
__visible int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			   void *pool_data);
__visible void mempool_exit(mempool_t *pool);	/* all elements are back */
__visible mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
				    void *pool_data);
__visible void mempool_destroy(mempool_t *pool);	/* NULL is allowed */
/* NULL only where @gfp_mask forbids to wait. */
__visible void *mempool_alloc(mempool_t *pool, gfp_t gfp_mask);
__visible void mempool_free(void *element, mempool_t *pool);	/* any context; NULL is allowed */

__visible void *mempool_alloc_slab(gfp_t gfp_mask, void *pool_data);
__visible void mempool_free_slab(void *element, void *pool_data);
__visible void *mempool_kmalloc(gfp_t gfp_mask, void *pool_data);
__visible void mempool_kfree(void *element, void *pool_data);
__visible void *mempool_alloc_pages(gfp_t gfp_mask, void *pool_data);
__visible void mempool_free_pages(void *element, void *pool_data);
static inline mempool_t *mempool_create_slab_pool(int min_nr, struct kmem_cache *cache)
{
	return mempool_create(min_nr, mempool_alloc_slab, mempool_free_slab, cache);
}
static inline mempool_t *mempool_create_kmalloc_pool(int min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}
static inline mempool_t *mempool_create_page_pool(int min_nr, int order)
{
	return mempool_create(min_nr, mempool_alloc_pages, mempool_free_pages, (void *)(long)order);
}
static inline int mempool_init_slab_pool(mempool_t *pool, int min_nr, struct kmem_cache *cache)
{
	return mempool_init(pool, min_nr, mempool_alloc_slab, mempool_free_slab, cache);
}
static inline int mempool_init_kmalloc_pool(mempool_t *pool, int min_nr, size_t size)
{
	return mempool_init(pool, min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}

#endif /* _LINUX_MEMPOOL_H */
