/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BUILD_BUG_H
#define _LINUX_BUILD_BUG_H

#include <linux/compiler.h>

/*
 * What the compiler knows is false is an error, of the linker where only the optimiser
 * knows.
 */
#define RING3_BUILD_BUG(fn, condition) do {						\
	extern void fn(void) __attribute__((__error__("BUILD_BUG_ON failed")));		\
	if (condition)									\
		fn();									\
} while (0)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Instrumented code is not optimised enough to know: the plain build has judged it. */
#define BUILD_BUG_ON_MSG(condition, message) do { } while (0 && (condition))
#else
#define BUILD_BUG_ON_MSG(condition, message) RING3_BUILD_BUG(__UNIQUE_ID(build_bug_), condition)
#endif
#define BUILD_BUG_ON(condition)		BUILD_BUG_ON_MSG(condition, #condition)
#define BUILD_BUG()			BUILD_BUG_ON(1)
#define BUILD_BUG_ON_ZERO(e)		RING3_ZERO_UNLESS(e)
#define BUILD_BUG_ON_INVALID(e)		((void)sizeof((long)(e)))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n)	BUILD_BUG_ON((n) == 0 || ((n) & ((n) - 1)) != 0)
#define RING3_STATIC_ASSERT(expr, text, ...) _Static_assert(expr, text)
#define static_assert(expr, ...)	RING3_STATIC_ASSERT(expr, ##__VA_ARGS__, #expr)

#endif /* _LINUX_BUILD_BUG_H */
