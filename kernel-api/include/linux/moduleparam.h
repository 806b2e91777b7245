/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MODULEPARAM_H
#define _LINUX_MODULEPARAM_H

/*
 * Module parameters: int, uint, ulong, bool, charp.
 *
 * Differs from the kernel: permissions are ignored, there is no sysfs file.
 */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/types.h>

struct kernel_param;

struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
};

/* One parameter; chained by a constructor, read by the module host. */
struct kernel_param {
	const char			*name;
	const struct kernel_param_ops	*ops;
	void				*arg;
	unsigned int			len;	/* of a string's array, bytes */
	struct kernel_param		*next;
};

extern const struct kernel_param_ops param_ops_int, param_ops_uint, param_ops_ulong, param_ops_bool, param_ops_charp;

#define module_param_named(pname, var, type, perm)					\
	static struct kernel_param __param_##pname = {					\
		.name = #pname, .ops = &param_ops_##type, .arg = &(var),		\
	};										\
	__attribute__((__constructor__)) static void __param_add_##pname(void)		\
	{										\
		__param_##pname.next = __module_params;					\
		__module_params = &__param_##pname;					\
	}
#define module_param(name, type, perm)		module_param_named(name, name, type, perm)
#define MODULE_PARM_DESC(name, text)

/* Hidden in each module: its own list. */
__weak struct kernel_param *__module_params __attribute__((__visibility__("hidden")));

#endif /* _LINUX_MODULEPARAM_H */
