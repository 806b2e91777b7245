/* SPDX-License-Identifier: MIT */
/* bridge_memory.c - slab memory for a program of another language: ring3/bridge.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/bridge.h>

struct ring3_pool {
	struct kmem_cache	*cache;
	unsigned int		live;	/* atomic */
	char			name[];
};

struct ring3_pool *ring3_pool_new(const char *name, unsigned int bytes, unsigned int align)
{
	struct ring3_pool *pool;

	if (!bytes || bytes > 65536 || !is_power_of_2(align) || align > 4096)
		return NULL;
	pool = kzalloc(sizeof(*pool) + strlen(name) + 1, GFP_KERNEL);
	if (!pool)
		return NULL;
	memcpy(pool->name, name, strlen(name) + 1);
	pool->cache = kmem_cache_create(pool->name, bytes, align, 0, NULL);
	if (!pool->cache) {
		kfree(pool);
		return NULL;
	}
	return pool;
}

void *ring3_pool_alloc(struct ring3_pool *pool, int zero)
{
	void *object = kmem_cache_alloc(pool->cache, zero ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL);

	if (object)
		__atomic_fetch_add(&pool->live, 1, __ATOMIC_RELAXED);
	return object;
}

void ring3_pool_free(struct ring3_pool *pool, void *object)
{
	kmem_cache_free(pool->cache, object);
	__atomic_fetch_sub(&pool->live, 1, __ATOMIC_RELAXED);
}

int ring3_pool_destroy(struct ring3_pool *pool)
{
	if (__atomic_load_n(&pool->live, __ATOMIC_RELAXED))
		return -EBUSY;
	kmem_cache_destroy(pool->cache);
	kfree(pool);
	return 0;
}

void *ring3_kmalloc(unsigned long bytes, int zero)
{
	return kmalloc(bytes, zero ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL);
}

void ring3_kfree(void *memory)
{
	kfree(memory);
}
