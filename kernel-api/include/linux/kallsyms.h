/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KALLSYMS_H
#define _LINUX_KALLSYMS_H

/*
 * Names of addresses: symbols that an object exports, by the dynamic linker.
 *
 * Differs from the kernel: static functions have no name; offsets are from the last
 * exported symbol.
 */
#include <linux/bug.h>
#include <linux/types.h>

#define KSYM_NAME_LEN		512
#define KSYM_SYMBOL_LEN		(KSYM_NAME_LEN + 64)
/* "name+0xoffset [object]", or the address; the length. @buffer has KSYM_SYMBOL_LEN bytes. */
__visible int sprint_symbol(char *buffer, unsigned long address);
__visible int sprint_symbol_no_offset(char *buffer, unsigned long address);
#define sprint_symbol_build_id(buffer, address)		sprint_symbol((buffer), (address))
#define sprint_backtrace(buffer, address)		sprint_symbol((buffer), (address))
#define sprint_backtrace_build_id(buffer, address)	sprint_symbol((buffer), (address))
#define dereference_symbol_descriptor(ptr)		(ptr)

#endif /* _LINUX_KALLSYMS_H */
