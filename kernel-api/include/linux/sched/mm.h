/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_MM_H
#define _LINUX_SCHED_MM_H

/*
 * Differs from the kernel: memory is given out the same way to all: contexts mean nothing.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#define might_alloc(gfp)		might_sleep_if(gfpflags_allow_blocking(gfp))
static inline unsigned int memalloc_noio_save(void) { return 0; }
static inline void memalloc_noio_restore(unsigned int flags) { }
static inline unsigned int memalloc_nofs_save(void) { return 0; }
static inline void memalloc_nofs_restore(unsigned int flags) { }
static inline unsigned int memalloc_noreclaim_save(void) { return 0; }
static inline void memalloc_noreclaim_restore(unsigned int flags) { }
static inline gfp_t current_gfp_context(gfp_t gfp) { return gfp; }

#endif /* _LINUX_SCHED_MM_H */
