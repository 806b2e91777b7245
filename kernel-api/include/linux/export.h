/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_EXPORT_H
#define _LINUX_EXPORT_H

#include <linux/compiler_types.h>

/*
 * Differs from the kernel: EXPORT_SYMBOL makes the ELF symbol visible, no more;
 * the licence is not looked at.
 */
#define EXPORT_SYMBOL(sym)	extern __typeof__(sym) sym __attribute__((__visibility__("default")))
#define EXPORT_SYMBOL_GPL(sym)	EXPORT_SYMBOL(sym)

#endif /* _LINUX_EXPORT_H */
