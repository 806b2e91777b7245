/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

/*
 * Modules: init, exit, reference counts.
 *
 * Differs from the kernel: MODULE_* texts are dropped, one initcall level.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/types.h>

#define MODULE_NAME_LEN		56

struct module {
	char			name[MODULE_NAME_LEN];
	int			refcnt;		/* atomic */
	int			going;		/* no new references */
	const struct ring3_module *info;
	void			*handle;	/* dlopen's */
	struct list_head	list;
};

/* What a module shows to the host, under the symbol ring3_module_info. */
struct ring3_module {
	unsigned int		abi;		/* RING3_MODULE_ABI */
	initcall_t		init;
	exitcall_t		*exit;
	struct kernel_param	**params;
	struct module		*self;
};
#define RING3_MODULE_ABI	1

/* One per object, merged by the linker; the host fills it in before init runs. */
__weak struct module __this_module __attribute__((__visibility__("hidden")));
#define THIS_MODULE		(&__this_module)

/* Exit stands in a variable that module_exit() fills when the object is loaded. */
__weak exitcall_t __module_exit __attribute__((__visibility__("hidden")));

#define module_init(fn)									\
	const struct ring3_module ring3_module_info __visible = {			\
		.abi = RING3_MODULE_ABI, .init = (fn), .exit = &__module_exit,		\
		.params = &__module_params, .self = &__this_module,			\
	}
#define module_exit(fn)									\
	__attribute__((__constructor__)) static void __module_set_exit(void)		\
	{										\
		__module_exit = (fn);							\
	}										\
	_Static_assert(1, "")

#define MODULE_LICENSE(text)
#define MODULE_AUTHOR(text)
#define MODULE_DESCRIPTION(text)
#define MODULE_VERSION(text)
#define MODULE_ALIAS(text)
#define MODULE_INFO(tag, text)

__visible bool try_module_get(struct module *module);	/* false: it is going */
__visible void __module_get(struct module *module);
__visible void module_put(struct module *module);

#endif /* _LINUX_MODULE_H */
