/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPILER_TYPES_H
#define _LINUX_COMPILER_TYPES_H

/*
 * Attributes and address-space marks; included before anything else.
 *
 * Differs from the kernel: __user, __rcu and friends are empty.
 */
#ifdef __KERNEL__
#define __user
#define __iomem
#define __rcu
#define __percpu
#define __force
#define __bitwise
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)

#define inline			inline __attribute__((__always_inline__))
#define noinline		__attribute__((__noinline__))
#define __always_inline		inline
#define __always_unused		__attribute__((__unused__))
#define __maybe_unused		__attribute__((__unused__))
#define __used			__attribute__((__used__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __packed		__attribute__((__packed__))
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __section(s)		__attribute__((__section__(s)))
#define __noreturn		__attribute__((__noreturn__))
#define __cold			__attribute__((__cold__))
#define __pure			__attribute__((__pure__))
#define __weak			__attribute__((__weak__))
#define __visible		__attribute__((__visibility__("default")))
#define fallthrough		__attribute__((__fallthrough__))
#define notrace
#define __init
#define __exit
#define __initdata
#define __read_mostly
#define __ro_after_init
#define asmlinkage

/* A kernel function whose name libc has as well: called by another in the object file. */
#define __kernel_symbol(name)	__asm__("ring3_" #name)
#endif

#endif /* _LINUX_COMPILER_TYPES_H */
