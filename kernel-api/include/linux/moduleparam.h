/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MODULEPARAM_H
#define _LINUX_MODULEPARAM_H

/*
 * Module parameters: "name=value" at insmod, and later through what stands for
 * /sys/module/NAME/parameters (ring3/kernel.h), as far as the permissions allow it to anyone.
 *
 * Differs from the kernel: one lock for the parameters of all modules, not one per module.
 */
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/stringify.h>
#include <linux/types.h>

struct module;
struct kernel_param;
enum { KERNEL_PARAM_OPS_FL_NOARG = 1 << 0 };	/* may come without "=value" */

struct kernel_param_ops {
	unsigned int	flags;
	int		(*set)(const char *val, const struct kernel_param *kp);		/* 0 or -errno */
	int		(*get)(char *buffer, const struct kernel_param *kp);		/* a page; bytes or -errno */
	void		(*free)(void *arg);
};

struct kparam_string {
	unsigned int	maxlen;
	char		*string;
};

struct kparam_array {
	unsigned int			max, elemsize;
	unsigned int			*num;		/* may be NULL */
	const struct kernel_param_ops	*ops;
	void				*elem;
};

/* One parameter; chained by a constructor, read by the module host. */
struct kernel_param {
	const char			*name;
	struct module			*mod;
	const struct kernel_param_ops	*ops;
	u16				perm;
	s8				level;
	u8				flags;
	union {
		void				*arg;
		const struct kparam_string	*str;
		const struct kparam_array	*arr;
	};
	struct kernel_param		*next;
};

#define RING3_PARAM_TYPE(type)								\
	__visible extern const struct kernel_param_ops param_ops_##type;		\
	__visible int param_set_##type(const char *val, const struct kernel_param *kp);	\
	__visible int param_get_##type(char *buffer, const struct kernel_param *kp)
RING3_PARAM_TYPE(byte);
RING3_PARAM_TYPE(short);
RING3_PARAM_TYPE(ushort);
RING3_PARAM_TYPE(int);
RING3_PARAM_TYPE(uint);
RING3_PARAM_TYPE(long);
RING3_PARAM_TYPE(ulong);
RING3_PARAM_TYPE(ullong);
RING3_PARAM_TYPE(hexint);
RING3_PARAM_TYPE(bool);
RING3_PARAM_TYPE(invbool);
RING3_PARAM_TYPE(charp);
__visible extern const struct kernel_param_ops param_ops_bool_enable_only;
__visible int param_set_bool_enable_only(const char *val, const struct kernel_param *kp);	/* -EROFS: it was on */
__visible void param_free_charp(void *arg);
__visible extern const struct kernel_param_ops param_ops_string, param_array_ops;
__visible int param_set_copystring(const char *val, const struct kernel_param *kp);
__visible int param_get_string(char *buffer, const struct kernel_param *kp);
__visible int param_set_uint_minmax(const char *val, const struct kernel_param *kp, unsigned int min,
				    unsigned int max);

/* Hidden in each module: its own list. */
__weak struct kernel_param *__module_params __attribute__((__visibility__("hidden")));

/* What sysfs takes: octal, not writable for all, no right for a group that the owner has not. */
#define RING3_CHECK_PERM(pperm)								\
	_Static_assert((pperm) >= 0 && (pperm) <= 0777 && !((pperm) & 0002) &&		\
		       !(((pperm) & 0060) & ~(((pperm) >> 3) & 0060)) &&		\
		       !(((pperm) & 0004) & ~(((pperm) >> 3) & 0004)), "permissions of a parameter")
#define __module_param_call(prefix, pname, pops, parg, pperm)				\
	RING3_CHECK_PERM(pperm);							\
	static struct kernel_param __param_##pname = {					\
		.name = #pname, .ops = (pops), .perm = (pperm), .arg = (void *)(parg),	\
	};										\
	__attribute__((__constructor__)) static void __param_add_##pname(void)		\
	{										\
		__param_##pname.next = __module_params;					\
		__module_params = &__param_##pname;					\
	}										\
	_Static_assert(1, "")
#define module_param_cb(name, ops, arg, perm)	__module_param_call("", name, ops, arg, perm)
#define module_param_named(name, value, type, perm) \
	__module_param_call("", name, &param_ops_##type, &(value), perm)
#define module_param(name, type, perm)		module_param_named(name, name, type, perm)
#define module_param_unsafe(name, type, perm)	module_param(name, type, perm)
#define module_param_string(name, string_, len, perm)					\
	static const struct kparam_string __param_string_##name = { (len), (string_) };	\
	__module_param_call("", name, &param_ops_string, &__param_string_##name, perm)
#define module_param_array_named(name, array, type, nump, perm)				\
	static const struct kparam_array __param_arr_##name = {				\
		.max = sizeof(array) / sizeof((array)[0]), .elemsize = sizeof((array)[0]),	\
		.num = (nump), .ops = &param_ops_##type, .elem = (array),		\
	};										\
	__module_param_call("", name, &param_array_ops, &__param_arr_##name, perm)
#define module_param_array(name, type, nump, perm) module_param_array_named(name, name, type, nump, perm)
#define core_param(name, var, type, perm)	module_param_named(name, var, type, perm)
#define core_param_cb(name, ops, arg, perm)	module_param_cb(name, ops, arg, perm)
#define MODULE_PARM_DESC(name, text)	RING3_MODINFO(parm, #name ":" text)
__visible void kernel_param_lock(struct module *mod);
__visible void kernel_param_unlock(struct module *mod);

#endif /* _LINUX_MODULEPARAM_H */
