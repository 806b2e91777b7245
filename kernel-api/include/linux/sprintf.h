/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPRINTF_H
#define _LINUX_SPRINTF_H

/*
 * Formatted text; the process's own formatting, until the hosted library is loaded: then
 * its lib/vsprintf.c formats for all, the log included.
 *
 * Differs from the kernel: without the hosted library %p prints the address, and its
 * extensions (%pe, %pI4 ...) are not there.
 */
#include <linux/types.h>
#include <stdarg.h>

__visible int snprintf(char *buf, size_t size, const char *fmt, ...) __kernel_symbol(snprintf) __printf(3, 4);
__visible int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
	__kernel_symbol(vsnprintf) __printf(3, 0);
__visible int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
__visible int vscnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
__visible char *kvasprintf(gfp_t gfp, const char *fmt, va_list args) __printf(2, 0);
__visible char *kasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);

/* Who formats from now on, for the whole process; NULL = the process's own again. */
__visible void ring3_set_vsnprintf(int (*fn)(char *buf, size_t size, const char *fmt, va_list args));

/* lib/vsprintf.c and lib/kasprintf.c of the hosted library. */
int (sprintf)(char *buf, const char *fmt, ...) __kernel_symbol(sprintf) __printf(2, 3);
int (vsprintf)(char *buf, const char *fmt, va_list args) __kernel_symbol(vsprintf) __printf(2, 0);
int sscanf(const char *buf, const char *fmt, ...) __kernel_symbol(sscanf) __scanf(2, 3);
int vsscanf(const char *buf, const char *fmt, va_list args) __kernel_symbol(vsscanf) __scanf(2, 0);
int num_to_str(char *buf, int size, unsigned long long num, unsigned int width);
const char *kvasprintf_const(gfp_t gfp, const char *fmt, va_list args) __printf(2, 0);
extern bool no_hash_pointers;
int no_hash_pointers_enable(char *str);

#endif /* _LINUX_SPRINTF_H */
