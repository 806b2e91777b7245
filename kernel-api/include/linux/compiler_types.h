/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPILER_TYPES_H
#define _LINUX_COMPILER_TYPES_H

/*
 * Attributes and address-space marks; included before anything else.
 *
 * Differs from the kernel: __user, __rcu and friends are empty; init and exit code is
 * kept, in no section of its own.
 */
#ifdef __KERNEL__
#define __user
#define __iomem
#define __rcu
#define __percpu
#define __kernel
#define __force
#define __nocast
#define __safe
#define __private
#define __bitwise
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __acquire(x)		((void)0)
#define __release(x)		((void)0)
#define __cond_lock(x, c)	(c)
#define __chk_user_ptr(x)	((void)0)
#define ACCESS_PRIVATE(p, member) ((p)->member)

#define inline			inline __attribute__((__always_inline__, __unused__))
#define noinline		__attribute__((__noinline__))
#define noinline_for_stack	noinline
#define __always_inline		inline
#define __always_unused		__attribute__((__unused__))
#define __maybe_unused		__attribute__((__unused__))
#define __used			__attribute__((__used__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __packed		__attribute__((__packed__))
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __alias(symbol)		__attribute__((__alias__(#symbol)))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __scanf(a, b)		__attribute__((__format__(scanf, a, b)))
#define __section(s)		__attribute__((__section__(s)))
#define __noreturn		__attribute__((__noreturn__))
#define __cold			__attribute__((__cold__))
#define __pure			__attribute__((__pure__))
#define __attribute_const__	__attribute__((__const__))
#define __malloc		__attribute__((__malloc__))
#define __alloc_size(x, ...)	__attribute__((__alloc_size__(x, ##__VA_ARGS__)))
#define __assume_aligned(a, ...) __attribute__((__assume_aligned__(a, ##__VA_ARGS__)))
#define __mode(x)		__attribute__((__mode__(x)))
#define __nonstring		__attribute__((__nonstring__))
#define __deprecated
#define __gnu_inline		__attribute__((__gnu_inline__))
#define __cleanup(func)		__attribute__((__cleanup__(func)))
#define __noclone		__attribute__((__noclone__))
#define __flatten		__attribute__((__flatten__))
#define __designated_init	__attribute__((__designated_init__))
#define __weak			__attribute__((__weak__))
#define __visible		__attribute__((__visibility__("default")))
#define __diag_push()
#define __diag_pop()
#define __diag_ignore_all(option, comment)
#define fallthrough		__attribute__((__fallthrough__))
#define notrace
#define nokprobe_inline		inline
#define noinstr			noinline
#define __no_kcsan
#define __no_sanitize_or_inline	inline
#define __no_kasan_or_inline	inline
#define __latent_entropy
#define __randomize_layout
#define __no_randomize_layout
#define randomized_struct_fields_start
#define randomized_struct_fields_end
#define __counted_by(member)
#define asmlinkage
#define asm_volatile_goto(x...)	asm goto(x)

#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __native_word(t)	(sizeof(t) == 1 || sizeof(t) == 2 || sizeof(t) == 4 || sizeof(t) == 8)
/* The type without const and volatile; what is not arithmetic keeps its own. */
#define __unqual_scalar_typeof(x) __typeof__(_Generic((x),					\
	char: (char)0, unsigned char: (unsigned char)0, signed char: (signed char)0,		\
	unsigned short: (unsigned short)0, short: (short)0, unsigned int: 0u, int: 0,		\
	unsigned long: 0ul, long: 0l, unsigned long long: 0ull, long long: 0ll, default: (x)))

/* Thread-local data of the library: at a fixed place, no call to find it. */
#define RING3_TLS		__attribute__((__tls_model__("initial-exec")))

/* A kernel function whose name libc has as well: called by another in the object file. */
#define __kernel_symbol(name)	__asm__("ring3_" #name)
#endif

#endif /* _LINUX_COMPILER_TYPES_H */
