/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SPRINTF_H
#define _LINUX_SPRINTF_H

/*
 * Formatted text; the process's own formatting.
 *
 * Differs from the kernel: %p prints the address; its extensions (%pe, %pI4 ...) are not there.
 */
#include <linux/types.h>
#include <stdarg.h>

__visible int snprintf(char *buf, size_t size, const char *fmt, ...) __kernel_symbol(snprintf) __printf(3, 4);
__visible int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __kernel_symbol(vsnprintf);
__visible int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
__visible int vscnprintf(char *buf, size_t size, const char *fmt, va_list args);

#endif /* _LINUX_SPRINTF_H */
