/* SPDX-License-Identifier: MIT */
#ifndef RING3_AIO_WATCH_H
#define RING3_AIO_WATCH_H

/*
 * watch.h - private to aio/src: valgrind sees what system calls write, and not what a ring does. So what was read
 * is told to it, where it runs us and its header was there when we were built.
 */
#include "aio.h"

#if !defined(__SANITIZE_ADDRESS__) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>

static inline bool watched(void)
{
	return RUNNING_ON_VALGRIND;
}

/* The first @bytes of the vector were written. */
static inline void watch_read(const struct iovec *iov, uint64_t bytes)
{
	for (; bytes; iov++) {
		uint64_t here = iov->iov_len < bytes ? iov->iov_len : bytes;

		VALGRIND_MAKE_MEM_DEFINED(iov->iov_base, here);
		bytes -= here;
	}
}
#else
static inline bool watched(void)
{
	return false;
}

static inline void watch_read(const struct iovec *iov, uint64_t bytes)
{
	(void)iov;
	(void)bytes;
}
#endif

#endif /* RING3_AIO_WATCH_H */
