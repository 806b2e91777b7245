/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H

/*
 * Differs from the kernel: vmalloc() memory is zeroed too.
 */
#include <linux/types.h>

/* Page-aligned memory of any size, mapped on first touch, zeroed: outside the region. */
__visible void *vmalloc(unsigned long size);
__visible void *vzalloc(unsigned long size);
__visible void *__vmalloc(unsigned long size, gfp_t gfp);
/* At a multiple of @align, a power of 2; the node and who asks make no difference. */
__visible void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller);
#define vmalloc_node(size, node)	vmalloc(size)
#define vzalloc_node(size, node)	vzalloc(size)
#define vmalloc_user(size)		vzalloc(size)
#define vmalloc_32(size)		vmalloc(size)
__visible void vfree(const void *addr);

#endif /* _LINUX_VMALLOC_H */
