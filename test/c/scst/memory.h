/* SPDX-License-Identifier: MIT */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

/*
 * memory.h - allocations of the modules under test: made to fail, and counted. The test
 * binary's kmalloc() and friends come before the library's, for every module it loads.
 *
 * Only the modules' own fail, in whatever context; not the library's, nor the test's.
 * Threads: any.
 */
#include <linux/types.h>

void memory_fail_at(u32 nth);	/* the @nth from now fails, once; 0: none */
void memory_fail_all(bool all);	/* all fail until further notice */
u32 memory_failed(void);	/* how many did, since the last of these two calls */
long memory_live(void);		/* allocations that were not freed yet */

#endif /* TEST_MEMORY_H */
