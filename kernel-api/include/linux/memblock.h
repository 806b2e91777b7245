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

#endif /* _LINUX_MEMBLOCK_H */
