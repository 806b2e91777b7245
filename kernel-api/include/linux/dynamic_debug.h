/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DYNAMIC_DEBUG_H
#define _LINUX_DYNAMIC_DEBUG_H

/*
 * Differs from the kernel: CONFIG_DYNAMIC_DEBUG is off, so that no message can be turned on while it runs.
 */
#include <linux/printk.h>

#define DYNAMIC_DEBUG_BRANCH(descriptor)	false
#define DECLARE_DYNDBG_CLASSMAP(name, type, base, ...)
#define dynamic_pr_debug(fmt, ...)		no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define dynamic_dev_dbg(dev, fmt, ...)		({ (void)(dev); no_printk(KERN_DEBUG fmt, ##__VA_ARGS__); })

#endif /* _LINUX_DYNAMIC_DEBUG_H */
