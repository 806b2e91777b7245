/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KMEMLEAK_H
#define _LINUX_KMEMLEAK_H

/*
 * Differs from the kernel: nobody searches memory; the end of a kmem_cache tells what is in it, RING3_MEM=leaks what
 * a module did not free.
 */
#include <linux/types.h>

#define kmemleak_alloc(ptr, size, min_count, gfp)	do { } while (0)
#define kmemleak_free(ptr)				do { } while (0)
#define kmemleak_not_leak(ptr)				do { (void)(ptr); } while (0)
#define kmemleak_ignore(ptr)				do { (void)(ptr); } while (0)
#define kmemleak_update_trace(ptr)			do { (void)(ptr); } while (0)
#define kmemleak_alloc_recursive(ptr, size, min_count, flags, gfp) do { } while (0)
#define kmemleak_free_recursive(ptr, flags)		do { } while (0)

#endif /* _LINUX_KMEMLEAK_H */
