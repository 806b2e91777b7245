/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPAT_H
#define _LINUX_COMPAT_H

/*
 * What 32-bit programs pass to a 64-bit kernel.
 *
 * Differs from the kernel: there are no system calls here, of such programs or of others.
 */
#include <linux/types.h>

typedef u32	compat_uptr_t, compat_size_t, compat_uint_t, compat_ulong_t;
typedef s32	compat_ssize_t, compat_int_t, compat_long_t;

struct compat_iovec {
	compat_uptr_t	iov_base;
	compat_size_t	iov_len;
};

static inline void __user *compat_ptr(compat_uptr_t uptr) { return (void __user *)(unsigned long)uptr; }
static inline compat_uptr_t ptr_to_compat(void __user *uptr) { return (compat_uptr_t)(unsigned long)uptr; }
static inline bool in_compat_syscall(void) { return false; }
#define in_compat_syscall	in_compat_syscall

#endif /* _LINUX_COMPAT_H */
