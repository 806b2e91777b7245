/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H

/*
 * Initcalls: pointers in sections that kernel-api/module.lds puts in the order of their
 * levels; the module host calls them as an object is loaded.
 *
 * Differs from the kernel: init code and data stay; early_param() and __setup() are
 * never called, since there is no command line.
 */
#include <linux/compiler.h>
#include <linux/stringify.h>
#include <linux/types.h>

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

#define __init
#define __exit
#define __initdata
#define __initconst
#define __exitdata
#define __exitconst
#define __meminit
#define __devinit
#define __ref
#define __refdata
#define __refconst
#define __init_or_module
#define __initdata_or_module
#define __init_memblock

#define RING3_INITCALL(fn, level)							\
	static initcall_t __used __section(".ring3_init." #level) __PASTE(__initcall_, fn) = (fn);
#define RING3_EXITCALL(fn)								\
	static exitcall_t __used __section(".ring3_exit") __PASTE(__exitcall_, fn) = (fn);

#ifndef MODULE
#define pure_initcall(fn)	RING3_INITCALL(fn, 0)
#define core_initcall(fn)	RING3_INITCALL(fn, 1)
#define postcore_initcall(fn)	RING3_INITCALL(fn, 2)
#define arch_initcall(fn)	RING3_INITCALL(fn, 3)
#define subsys_initcall(fn)	RING3_INITCALL(fn, 4)
#define fs_initcall(fn)		RING3_INITCALL(fn, 5)
#define rootfs_initcall(fn)	RING3_INITCALL(fn, 5)
#define device_initcall(fn)	RING3_INITCALL(fn, 6)
#define late_initcall(fn)	RING3_INITCALL(fn, 7)
#define early_initcall(fn)	pure_initcall(fn)
#define __initcall(fn)		device_initcall(fn)
#define __exitcall(fn)		RING3_EXITCALL(fn)
#define __setup(text, fn)	static void *__used __PASTE(__setup_, fn) = (fn);
#define early_param(text, fn)	__setup(text, fn)
#endif

#endif /* _LINUX_INIT_H */
