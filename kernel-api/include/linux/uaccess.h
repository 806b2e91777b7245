/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_UACCESS_H
#define _LINUX_UACCESS_H

/*
 * Differs from the kernel: "user" memory is this process's own. Addresses that no process has are
 * refused; at others copies do not fault but crash, unless they are said to be _nofault.
 */
#include <asm/page.h>
#include <linux/errno.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/instrumented.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/thread_info.h>

#define TASK_SIZE_MAX	((1ul << 47) - PAGE_SIZE)

static inline bool ring3_access_ok(unsigned long addr, unsigned long size)
{
	return size <= TASK_SIZE_MAX && addr <= TASK_SIZE_MAX - size;
}
#define access_ok(addr, size)	likely(ring3_access_ok((unsigned long)(addr), (unsigned long)(size)))

/* Of all these the value is the bytes that were not copied: all, or none. */
static inline unsigned long __must_check raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	memcpy(to, (const void *)from, n);
	return 0;
}
static inline unsigned long __must_check raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	memcpy((void *)to, from, n);
	return 0;
}
static inline unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if (access_ok(from, n))
		return raw_copy_from_user(to, from, n);
	memset(to, 0, n);
	return n;
}
static inline unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return access_ok(to, n) ? raw_copy_to_user(to, from, n) : n;
}
static inline unsigned long __must_check clear_user(void __user *to, unsigned long n)
{
	if (!access_ok(to, n))
		return n;
	memset((void *)to, 0, n);
	return 0;
}
#define __copy_from_user(to, from, n)		raw_copy_from_user((to), (from), (n))
#define __copy_to_user(to, from, n)		raw_copy_to_user((to), (from), (n))
#define __copy_from_user_inatomic(to, from, n)	raw_copy_from_user((to), (from), (n))
#define __copy_to_user_inatomic(to, from, n)	raw_copy_to_user((to), (from), (n))
static inline int __copy_from_user_inatomic_nocache(void *to, const void __user *from, unsigned int n)
{
	return (int)raw_copy_from_user(to, from, n);
}
#define __clear_user(to, n)	clear_user((to), (n))

/* Nobody tells of machine checks here: memory that is broken ends the process. */
static inline unsigned long __must_check copy_mc_to_kernel(void *dst, const void *src, size_t cnt)
{
	memcpy(dst, src, cnt);
	return 0;
}

/* One number: 0, or -EFAULT and it is 0. */
#define __get_user(x, ptr)	({ (x) = *(ptr); 0; })
#define __put_user(x, ptr)	({ *(ptr) = (x); 0; })
#define get_user(x, ptr) ({								\
	__auto_type __gu_ptr = (ptr);							\
	bool __gu_ok = access_ok(__gu_ptr, sizeof(*__gu_ptr));				\
	(x) = __gu_ok ? *__gu_ptr : (__typeof__(*__gu_ptr))0;				\
	__gu_ok ? 0 : -EFAULT;								\
})
#define put_user(x, ptr) ({								\
	__auto_type __pu_ptr = (ptr);							\
	bool __pu_ok = access_ok(__pu_ptr, sizeof(*__pu_ptr));				\
	if (__pu_ok)									\
		*__pu_ptr = (x);							\
	__pu_ok ? 0 : -EFAULT;								\
})

/* Many numbers of what was looked at once; they go to @label where it is not there. */
static inline bool __must_check ring3_user_access_begin(const void __user *ptr, size_t len)
{
	return access_ok(ptr, len);
}
#define user_access_begin(ptr, len)		ring3_user_access_begin((ptr), (len))
#define user_access_end()			do { } while (0)
#define user_read_access_begin(ptr, len)	user_access_begin((ptr), (len))
#define user_read_access_end()			user_access_end()
#define user_write_access_begin(ptr, len)	user_access_begin((ptr), (len))
#define user_write_access_end()			user_access_end()
#define unsafe_get_user(x, ptr, label)		do { if (__get_user((x), (ptr))) goto label; } while (0)
#define unsafe_put_user(x, ptr, label)		do { if (__put_user((x), (ptr))) goto label; } while (0)

static inline long strncpy_from_user(char *to, const char __user *from, long count)
{
	size_t len;

	if (!access_ok(from, 1))
		return -EFAULT;
	len = strnlen((const char *)from, (size_t)count);
	memcpy(to, (const char *)from, min_t(size_t, len + 1, (size_t)count));
	return (long)len;
}
static inline long strnlen_user(const char __user *s, long n)
{
	return access_ok(s, 1) ? (long)strnlen((const char *)s, (size_t)n) + 1 : 0;
}

/* These may be asked of any address: 0, or -EFAULT. A system call each. */
__visible long copy_from_kernel_nofault(void *dst, const void *src, size_t size);
__visible long copy_from_user_nofault(void *dst, const void __user *src, size_t size);

static inline void pagefault_disable(void) { current->pagefault_disabled++; }
static inline void pagefault_enable(void) { current->pagefault_disabled--; }
static inline bool pagefault_disabled(void) { return current->pagefault_disabled; }
#define faulthandler_disabled()	(pagefault_disabled() || in_atomic())

#endif /* _LINUX_UACCESS_H */
