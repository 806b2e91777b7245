/* SPDX-License-Identifier: MIT */
#ifndef RING3_MEM_WATCH_H
#define RING3_MEM_WATCH_H

/*
 * mem_watch.h - private to shim/src: tells who watches the process's accesses, AddressSanitizer or valgrind's
 * memcheck, which of our memory is whose. Without one of the two none of this does anything.
 *
 * A build for AddressSanitizer is watched by it always. Any other one can be watched by valgrind where its
 * header was there when we were built; MEM_CHECK_VALGRIND is set where it runs us, and sends
 * each allocation through mem_check.c, as the levels do. So a process on its own pays nothing.
 */
#include "mem_check.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#elif __has_include(<valgrind/memcheck.h>)
#define RING3_HAS_VALGRIND	1
#include <valgrind/memcheck.h>
#endif

/* The levels that there are for a watcher alone. */
static inline unsigned int mem_watch_levels(void)
{
#ifdef __SANITIZE_ADDRESS__
	return MEM_CHECK_ASAN;
#elif defined(RING3_HAS_VALGRIND)
	return RUNNING_ON_VALGRIND ? MEM_CHECK_VALGRIND : 0;
#else
	return 0;
#endif
}

#ifdef __SANITIZE_ADDRESS__
#define MEM_TELL(asan, valgrind, addr, bytes)	ASAN_##asan##_MEMORY_REGION(addr, bytes)
#elif defined(RING3_HAS_VALGRIND)
#define MEM_TELL(asan, valgrind, addr, bytes)						\
	do {										\
		if (unlikely(mem_checks & MEM_CHECK_VALGRIND))				\
			VALGRIND_MAKE_MEM_##valgrind(addr, bytes);			\
	} while (0)
#else
#define MEM_TELL(asan, valgrind, addr, bytes)	((void)(addr), (void)(bytes))
#endif

/* Nobody may touch it. */
static inline void mem_hide(const void *addr, size_t bytes)
{
	MEM_TELL(POISON, NOACCESS, addr, bytes);
}

/* The engine itself looks at it, or writes it; what is there counts as written. */
static inline void mem_show(const void *addr, size_t bytes)
{
	MEM_TELL(UNPOISON, DEFINED, addr, bytes);
}

/* Somebody may touch it; what is there counts as never written. */
static inline void mem_fresh(const void *addr, size_t bytes)
{
	MEM_TELL(UNPOISON, UNDEFINED, addr, bytes);
}

/* An object that its user gets, fresh, and gives back: valgrind tells then where that was. */
static inline void mem_watch_alloc(const void *object, size_t bytes)
{
#ifdef RING3_HAS_VALGRIND
	if (unlikely(mem_checks & MEM_CHECK_VALGRIND))
		VALGRIND_MALLOCLIKE_BLOCK(object, bytes, 0, 0);
#else
	(void)object;
	(void)bytes;
#endif
}

static inline void mem_watch_free(const void *object)
{
#ifdef RING3_HAS_VALGRIND
	if (unlikely(mem_checks & MEM_CHECK_VALGRIND))
		VALGRIND_FREELIKE_BLOCK(object, 0);
#else
	(void)object;
#endif
}

#endif /* RING3_MEM_WATCH_H */
