/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CACHE_H
#define _LINUX_CACHE_H

#include <linux/align.h>
#include <linux/compiler_types.h>

#define L1_CACHE_SHIFT			6
#define L1_CACHE_BYTES			64
#define SMP_CACHE_BYTES			L1_CACHE_BYTES
#define INTERNODE_CACHE_SHIFT		L1_CACHE_SHIFT
#define L1_CACHE_ALIGN(x)		ALIGN(x, L1_CACHE_BYTES)
#define cache_line_size()		L1_CACHE_BYTES
#define ____cacheline_aligned		__aligned(L1_CACHE_BYTES)
#define ____cacheline_aligned_in_smp	____cacheline_aligned
#define __cacheline_aligned		____cacheline_aligned
#define __cacheline_aligned_in_smp	____cacheline_aligned
#define ____cacheline_internodealigned_in_smp ____cacheline_aligned
#define __read_mostly
#define __ro_after_init

#endif /* _LINUX_CACHE_H */
