/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_INSTRUMENTED_H
#define _LINUX_INSTRUMENTED_H

/*
 * What assembler touches, told to KASAN and KCSAN.
 *
 * Differs from the kernel: copies are in C, and the compiler's sanitizers see for themselves.
 */
#include <linux/compiler.h>
#include <linux/types.h>

static inline void instrument_read(const volatile void *v, size_t size) { }
static inline void instrument_write(const volatile void *v, size_t size) { }
static inline void instrument_read_write(const volatile void *v, size_t size) { }
static inline void instrument_copy_to_user(void __user *to, const void *from, unsigned long n) { }
static inline void instrument_copy_from_user_before(const void *to, const void __user *from, unsigned long n) { }
static inline void instrument_copy_from_user_after(const void *to, const void __user *from, unsigned long n,
						    unsigned long left) { }

#endif /* _LINUX_INSTRUMENTED_H */
