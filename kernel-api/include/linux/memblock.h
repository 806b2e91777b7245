/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MEMBLOCK_H
#define _LINUX_MEMBLOCK_H

/*
 * Differs from the kernel: memory before the allocators run is memory as any: there is no such
 * time here.
 */
#include <linux/slab.h>

#define SMP_CACHE_BYTES_MEMBLOCK	64
#define memblock_alloc(size, align)		kzalloc((size), GFP_KERNEL)
#define memblock_alloc_low(size, align)		kzalloc((size), GFP_KERNEL)
#define memblock_free(ptr, size)		kfree(ptr)
#define memblock_alloc_node(size, align, node)	kzalloc((size), GFP_KERNEL)

#define HASH_EARLY	1	/* means nothing: there is no early */
#define HASH_SMALL	2	/* may be less than a page */
#define HASH_ZERO	4	/* they all are */
/*
 * A table of a power of 2 of buckets, of @bucketsize bytes each: of @numentries rounded up, or
 * with 0 one for 2^@scale bytes of memory; from @low_limit to @high_limit, 0 = a 16th of memory.
 * It stays for ever. Panics without memory. May sleep.
 */
__visible void *alloc_large_system_hash(const char *tablename, unsigned long bucketsize, unsigned long numentries,
					int scale, int flags, unsigned int *hash_shift, unsigned int *hash_mask,
					unsigned long low_limit, unsigned long high_limit);

#endif /* _LINUX_MEMBLOCK_H */
