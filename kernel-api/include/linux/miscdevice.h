/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MISCDEVICE_H
#define _LINUX_MISCDEVICE_H

/*
 * Devices of major 10, and their attributes below /sys/devices/virtual/misc/NAME.
 *
 * Differs from the kernel: there are no device nodes, so nobody calls fops; no class folder with links.
 */
#include <linux/device.h>
#include <linux/list.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <linux/types.h>

#define MISC_MAJOR		10
#define MISC_DYNAMIC_MINOR	255

struct file_operations;

struct miscdevice {
	int			minor;		/* MISC_DYNAMIC_MINOR becomes one that is free */
	const char		*name;
	const struct file_operations *fops;
	struct list_head	list;
	struct device		*parent, *this_device;
	const struct attribute_group **groups;	/* of DEVICE_ATTR()s; a NULL ends them */
	const char		*nodename;
	umode_t			mode;
};

/*
 * With an uevent. 0; -EBUSY the minor is taken, or 128 are dynamic; -EEXIST the name is; -ENODEV no kernel
 * runs; -ENOMEM. The device's drvdata is @misc. May sleep.
 */
__visible int misc_register(struct miscdevice *misc);
__visible void misc_deregister(struct miscdevice *misc);	/* waits for attributes that are read */

#define MODULE_ALIAS_MISCDEV(minor)	MODULE_ALIAS("char-major-" __stringify(MISC_MAJOR) "-" __stringify(minor))

#endif /* _LINUX_MISCDEVICE_H */
