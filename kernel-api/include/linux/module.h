/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

/*
 * Modules: init, exit, reference counts, notifiers.
 *
 * Differs from the kernel: a crash in a module is a crash of the process; tables of devices are no
 * aliases (MODULE_ALIAS is: kmod.h). MODULE_* texts stand in .modinfo of the shared object.
 */
#include <linux/cache.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kmod.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/stringify.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define MODULE_NAME_LEN		56

enum module_state {
	MODULE_STATE_LIVE,
	MODULE_STATE_COMING,
	MODULE_STATE_GOING,
	MODULE_STATE_UNFORMED,
};

struct kunit_suite;
struct module {
	enum module_state	state;
	char			name[MODULE_NAME_LEN];
	const char		*version;
	int			refcnt;		/* atomic */
	int			going;		/* no new references */
	const struct ring3_module *info;
	struct loaded		*loaded;	/* the host's own */
	struct list_head	list;
	int			num_kunit_suites;
	struct kunit_suite	**kunit_suites;
};

/* What a module shows to the host, under the symbol ring3_module_info. */
struct ring3_module {
	unsigned int		abi;		/* RING3_MODULE_ABI */
	const initcall_t	*init_start, *init_end;
	const exitcall_t	*exit_start, *exit_end;
	struct kunit_suite	**suites_start, **suites_end;
	struct kernel_param	**params;
	struct module		*self;
};
#define RING3_MODULE_ABI	3

/* What a module and its host compare before any of its code runs; the first word must be the same. */
#ifdef __SANITIZE_ADDRESS__
#define RING3_SANITIZER		" asan"
#elif defined(__SANITIZE_THREAD__)
#define RING3_SANITIZER		" tsan"
#else
#define RING3_SANITIZER		""
#endif
#define RING3_VERMAGIC		"ring3-" __stringify(RING3_MODULE_ABI) RING3_SANITIZER

/* One per object, merged by the linker; the host fills it in before init runs. */
__weak struct module __this_module __attribute__((__visibility__("hidden")));

/* RING3_BUILTIN: what is part of vmlinux in the kernel, and loaded as a module here. */
/* lib/idr.c's: only where the hosted library is. */
#if __has_include(<linux/idr.h>)
#include <linux/idr.h>
#endif

#if defined(MODULE) || defined(RING3_BUILTIN)
#define RING3_TABLE(type, name)	extern type name[] __attribute__((__visibility__("hidden")))
RING3_TABLE(const initcall_t, ring3_init_start);
RING3_TABLE(const initcall_t, ring3_init_end);
RING3_TABLE(const exitcall_t, ring3_exit_start);
RING3_TABLE(const exitcall_t, ring3_exit_end);
#define RING3_SUITES(name, symbol) \
	extern struct kunit_suite *name[] __asm__(symbol) __attribute__((__visibility__("hidden")))
RING3_SUITES(ring3_suites_start, "__kunit_suites_start");
RING3_SUITES(ring3_suites_end, "__kunit_suites_end");
__weak __visible const struct ring3_module ring3_module_info = {
	.abi = RING3_MODULE_ABI,
	.init_start = ring3_init_start, .init_end = ring3_init_end,
	.exit_start = ring3_exit_start, .exit_end = ring3_exit_end,
	.suites_start = ring3_suites_start, .suites_end = ring3_suites_end,
	.params = &__module_params, .self = &__this_module,
};
#ifdef MODULE
RING3_MODINFO(vermagic, RING3_VERMAGIC);
#else
RING3_MODINFO(vermagic, RING3_VERMAGIC " builtin");
#endif
#endif

#ifdef MODULE
#define module_init(fn)		RING3_INITCALL(fn, 6)
#define module_exit(fn)		RING3_EXITCALL(fn)
#define pure_initcall(fn)	module_init(fn)
#define early_initcall(fn)	module_init(fn)
#define core_initcall(fn)	module_init(fn)
#define postcore_initcall(fn)	module_init(fn)
#define arch_initcall(fn)	module_init(fn)
#define subsys_initcall(fn)	module_init(fn)
#define fs_initcall(fn)		module_init(fn)
#define device_initcall(fn)	module_init(fn)
#define late_initcall(fn)	module_init(fn)
#define __setup(text, fn)
#define early_param(text, fn)
#else
#define module_init(fn)		device_initcall(fn)
#define module_exit(fn)		__exitcall(fn)
#endif

#define MODULE_INFO(tag, text)	RING3_MODINFO(tag, text)
#define MODULE_LICENSE(text)	MODULE_INFO(license, text)
#define MODULE_AUTHOR(text)	MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text) MODULE_INFO(description, text)
#define MODULE_VERSION(text)	MODULE_INFO(version, text)
#define MODULE_ALIAS(text)	MODULE_INFO(alias, text)
#define MODULE_SOFTDEP(text)	MODULE_INFO(softdep, text)
#define MODULE_FIRMWARE(text)	MODULE_INFO(firmware, text)
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, #ns)
#define MODULE_DEVICE_TABLE(type, name)

__visible bool try_module_get(struct module *module);	/* false: it is going */
__visible void __module_get(struct module *module);
__visible void module_put(struct module *module);
__visible int module_refcount(struct module *module);
static inline const char *module_name(struct module *module) { return module ? module->name : "kernel"; }
static inline bool module_is_live(struct module *module) { return module->state != MODULE_STATE_GOING; }

/* Called with MODULE_STATE_COMING before init, LIVE after it, GOING after exit or a failed init; may sleep. */
__visible int register_module_notifier(struct notifier_block *nb);
__visible int unregister_module_notifier(struct notifier_block *nb);

#endif /* _LINUX_MODULE_H */
