/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

/*
 * Memory, over sys_mem.h: a hit in this thread's magazine takes no lock.
 *
 * Differs from the kernel: a constructor runs at each allocation, not once per object.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/types.h>

/* Flags of kmem_cache_create(); accepted. */
#define SLAB_HWCACHE_ALIGN	0x2000u
#define SLAB_PANIC		0x40000u
#define SLAB_MEM_SPREAD		0
#define SLAB_RECLAIM_ACCOUNT	0

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
static inline void kfree_sensitive(const void *addr)
{
	if (addr)
		__builtin_memset((void *)addr, 0, ksize(addr));
	kfree(addr);
}
__visible char *kasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);

__visible struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
					       slab_flags_t flags, void (*ctor)(void *obj));
__visible void kmem_cache_destroy(struct kmem_cache *cache);
__visible void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
__visible void kmem_cache_free(struct kmem_cache *cache, void *obj);
static inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}
#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), NULL)

#endif /* _LINUX_SLAB_H */
