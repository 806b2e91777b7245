/* SPDX-License-Identifier: MIT */
/*
 * tsan.c - volatile accesses, for ThreadSanitizer builds.
 *
 * With tsan-distinguish-volatile gcc calls one of these before each volatile
 * access, and its own run-time library has none of them. A volatile access is how
 * kernel-style code spells a relaxed atomic one (READ_ONCE, WRITE_ONCE), so that is
 * what TSan is told. Weak: another part of the program may bring its own.
 */
#ifdef __SANITIZE_THREAD__
#include <stdint.h>

#define VOLATILE_ACCESS(bits, bytes)									\
	void __tsan_volatile_read##bytes(void *addr);							\
	void __tsan_volatile_write##bytes(void *addr);							\
	void __tsan_unaligned_volatile_read##bytes(void *addr);						\
	void __tsan_unaligned_volatile_write##bytes(void *addr);					\
	__attribute__((weak)) void __tsan_volatile_read##bytes(void *addr)				\
	{												\
		(void)__atomic_load_n((uint##bits##_t *)addr, __ATOMIC_RELAXED);			\
	}												\
	/* The value is not known here; leaving it as it is marks the address as written. */		\
	__attribute__((weak)) void __tsan_volatile_write##bytes(void *addr)				\
	{												\
		(void)__atomic_fetch_or((uint##bits##_t *)addr, 0, __ATOMIC_RELAXED);			\
	}												\
	__attribute__((weak)) void __tsan_unaligned_volatile_read##bytes(void *addr)			\
	{												\
		(void)addr;										\
	}												\
	__attribute__((weak)) void __tsan_unaligned_volatile_write##bytes(void *addr)			\
	{												\
		(void)addr;										\
	}

VOLATILE_ACCESS(8, 1)
VOLATILE_ACCESS(16, 2)
VOLATILE_ACCESS(32, 4)
VOLATILE_ACCESS(64, 8)
#endif

typedef int tsan_is_not_empty;
