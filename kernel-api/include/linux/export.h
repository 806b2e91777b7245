/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_EXPORT_H
#define _LINUX_EXPORT_H

#include <linux/compiler_types.h>

/*
 * Differs from the kernel: EXPORT_SYMBOL makes the ELF symbol visible; EXPORT_SYMBOL_GPL also
 * leaves its name in .modinfo, where the module host looks for those that others may not use.
 */
#define EXPORT_SYMBOL(sym)	extern __typeof__(sym) sym __attribute__((__visibility__("default")))
#define EXPORT_SYMBOL_GPL(sym)	EXPORT_SYMBOL(sym); RING3_MODINFO(export_gpl, #sym)

/* One "tag=text" in the section that a module host reads without loading the file. */
#define RING3_MODINFO_1(name, tag, text) \
	static const char name[] __used __section(".modinfo") __attribute__((__aligned__(1))) = #tag "=" text
#define RING3_MODINFO_2(id, tag, text)	RING3_MODINFO_1(__modinfo_ ## tag ## id, tag, text)
#define RING3_MODINFO_3(id, tag, text)	RING3_MODINFO_2(id, tag, text)
#define RING3_MODINFO(tag, text)	RING3_MODINFO_3(__COUNTER__, tag, text)

/* The module that this is compiled for; module.h has it. */
struct module;
#ifdef MODULE
extern struct module __this_module __attribute__((__weak__, __visibility__("hidden")));
#define THIS_MODULE		(&__this_module)
#else
#define THIS_MODULE		((struct module *)0)
#endif

#endif /* _LINUX_EXPORT_H */
