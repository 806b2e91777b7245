/* SPDX-License-Identifier: MIT */
#ifndef _ASM_RWONCE_H
#define _ASM_RWONCE_H

#include <linux/compiler_types.h>

/* volatile, and so marked: TSan takes them for atomics (--param=tsan-distinguish-volatile=1). */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define __READ_ONCE(x)		READ_ONCE(x)
#define WRITE_ONCE(x, val)	do { *(volatile __typeof__(x) *)&(x) = (val); } while (0)
#define READ_ONCE_NOCHECK(x)	READ_ONCE(x)

/* May read bytes behind an object, never behind its page: not for the sanitizers to judge. */
__attribute__((__noinline__, __no_sanitize__("address", "thread"), __unused__))
static unsigned long read_word_at_a_time(const void *addr)
{
	return *(const unsigned long *)addr;
}

#endif /* _ASM_RWONCE_H */
