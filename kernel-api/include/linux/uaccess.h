/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_UACCESS_H
#define _LINUX_UACCESS_H

/*
 * Differs from the kernel: "user" memory is this process's own, so copies do not fault
 * but crash; their value, the bytes that were not copied, is 0.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/thread_info.h>

static inline unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n)
{
	memcpy(to, (const void *)from, n);
	return 0;
}
static inline unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n)
{
	memcpy((void *)to, from, n);
	return 0;
}
#define __copy_from_user(to, from, n)		copy_from_user((to), (from), (n))
#define __copy_to_user(to, from, n)		copy_to_user((to), (from), (n))
#define __copy_from_user_inatomic(to, from, n)	copy_from_user((to), (from), (n))
#define __copy_to_user_inatomic(to, from, n)	copy_to_user((to), (from), (n))
#define copy_from_user_nofault(to, from, n)	(memcpy((to), (const void *)(from), (n)), 0L)
#define copy_from_kernel_nofault(to, from, n)	(memcpy((to), (from), (n)), 0L)
static inline unsigned long clear_user(void __user *to, unsigned long n)
{
	memset((void *)to, 0, n);
	return 0;
}
#define __clear_user(to, n)	clear_user((to), (n))
#define get_user(x, ptr)	({ (x) = *(ptr); 0; })
#define put_user(x, ptr)	({ *(ptr) = (x); 0; })
#define __get_user(x, ptr)	get_user(x, ptr)
#define __put_user(x, ptr)	put_user(x, ptr)
#define access_ok(addr, size)	1
static inline long strncpy_from_user(char *to, const char __user *from, long count)
{
	size_t len = strnlen((const char *)from, (size_t)count);

	memcpy(to, (const char *)from, min_t(size_t, len + 1, (size_t)count));
	return (long)len;
}
static inline long strnlen_user(const char __user *s, long n)
{
	return (long)strnlen((const char *)s, (size_t)n) + 1;
}
#define pagefault_disable()	do { } while (0)
#define pagefault_enable()	do { } while (0)

#endif /* _LINUX_UACCESS_H */
