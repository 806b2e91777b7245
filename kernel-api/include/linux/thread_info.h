/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_THREAD_INFO_H
#define _LINUX_THREAD_INFO_H

#include <linux/bug.h>
#include <linux/restart_block.h>
#include <linux/types.h>

#define THREAD_SIZE	(8ul << 20)	/* what a thread's stack may grow to */
#define THREAD_ALIGN	THREAD_SIZE

/* Sizes the caller could have known are checked by nobody here. */
static inline void check_object_size(const void *ptr, unsigned long n, bool to_user) { }
static inline bool check_copy_size(const void *addr, size_t bytes, bool is_source) { return true; }

#endif /* _LINUX_THREAD_INFO_H */
