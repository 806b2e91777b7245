/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

/*
 * Memory, over sys_mem.h: a hit in this thread's magazine takes no lock.
 *
 * Differs from the kernel: a constructor runs at each allocation, not once per object.
 */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/percpu-defs.h>
#include <linux/kernel.h>
#include <linux/types.h>

/* Flags of kmem_cache_create(); accepted. */
#define SLAB_HWCACHE_ALIGN	0x2000u
#define SLAB_PANIC		0x40000u
#define SLAB_MEM_SPREAD		0
#define SLAB_RECLAIM_ACCOUNT	0

#define SLAB_ACCOUNT		0
#define SLAB_POISON		0
#define SLAB_RED_ZONE		0
#define SLAB_STORE_USER		0
#define SLAB_NO_USER_FLAGS	0
#define SLAB_TYPESAFE_BY_RCU	0x80000u	/* freed objects stay objects until readers have ended */
#define KMALLOC_MAX_SIZE	(1ul << 22)
#define KMALLOC_MAX_CACHE_SIZE	(1ul << 13)
#define KMALLOC_MIN_SIZE	8
#define ARCH_KMALLOC_MINALIGN	8
#define ZERO_SIZE_PTR		((void *)16)	/* what kmalloc(0) is */
#define ZERO_OR_NULL_PTR(x)	((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)

struct kmem_cache;

__visible void *kmalloc(size_t size, gfp_t gfp);
__visible void kfree(const void *addr);
__visible void *krealloc(const void *addr, size_t size, gfp_t gfp) __must_check;
__visible size_t ksize(const void *addr);
__visible void *kvmalloc(size_t size, gfp_t gfp);
__visible void kvfree(const void *addr);

static inline void *kzalloc(size_t size, gfp_t gfp) { return kmalloc(size, gfp | __GFP_ZERO); }
static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kmalloc(bytes, gfp);
}
static inline void *kcalloc(size_t n, size_t size, gfp_t gfp) { return kmalloc_array(n, size, gfp | __GFP_ZERO); }
static inline void *kvzalloc(size_t size, gfp_t gfp) { return kvmalloc(size, gfp | __GFP_ZERO); }
static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kvmalloc(bytes, gfp | __GFP_ZERO);
}
#define kmalloc_node(size, gfp, node)			kmalloc((size), (gfp))
#define kzalloc_node(size, gfp, node)			kzalloc((size), (gfp))
#define kvmalloc_node(size, gfp, node)			kvmalloc((size), (gfp))
#define kvzalloc_node(size, gfp, node)			kvzalloc((size), (gfp))
#define kmalloc_array_node(n, size, gfp, node)		kmalloc_array((n), (size), (gfp))
#define kcalloc_node(n, size, gfp, node)		kcalloc((n), (size), (gfp))
#define kmalloc_track_caller(size, gfp)			kmalloc((size), (gfp))
#define kmalloc_node_track_caller(size, gfp, node)	kmalloc((size), (gfp))
static inline void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kvmalloc(bytes, gfp);
}
static inline void *__must_check krealloc_array(void *addr, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : krealloc(addr, bytes, gfp);
}
static inline void kfree_sensitive(const void *addr)
{
	if (addr)
		__builtin_memset((void *)addr, 0, ksize(addr));
	kfree(addr);
}

__visible struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
					       slab_flags_t flags, void (*ctor)(void *obj));
/* Says what is known of an address, in the log. */
__visible void mem_dump_obj(void *object);
#define kmem_dump_obj(object)	mem_dump_obj(object)
__visible void kmem_cache_destroy(struct kmem_cache *cache);
__visible void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
__visible void kmem_cache_free(struct kmem_cache *cache, void *obj);
static inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}
#define kmem_cache_alloc_node(cache, gfp, node)	kmem_cache_alloc((cache), (gfp))
#define kmem_cache_alloc_lru(cache, lru, gfp)	kmem_cache_alloc((cache), (gfp))
/* All of them or 0. */
__visible int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objs);
__visible void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objs);
__visible unsigned int kmem_cache_size(struct kmem_cache *cache);
static inline int kmem_cache_shrink(struct kmem_cache *cache) { return 0; }
#define kmem_cache_create_usercopy(name, size, align, flags, offset, length, ctor) \
	kmem_cache_create((name), (size), (align), (flags), (ctor))
#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), NULL)

#endif /* _LINUX_SLAB_H */
