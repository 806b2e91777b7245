/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_OF_H
#define _LINUX_OF_H

/*
 * Differs from the kernel: device trees are types only; CONFIG_OF is off, and every node is none.
 */
#include <linux/errno.h>
#include <linux/fwnode.h>
#include <linux/types.h>

#define OF_DYNAMIC		1
#define OF_DETACHED		2
#define OF_POPULATED		3
#define OF_POPULATED_BUS	4

struct property;
struct device_node {
	const char		*name, *full_name;
	u32			phandle;
	struct fwnode_handle	fwnode;
};
#define of_fwnode_handle(node)	((struct fwnode_handle *)(node))
static inline int of_node_check_flag(const struct device_node *node, unsigned long flag) { return 0; }
static inline int of_property_read_string(const struct device_node *node, const char *name, const char **out)
{
	return -ENOSYS;
}
#define of_property_for_each_string(node, name, prop, s)	while (0)

#endif /* _LINUX_OF_H */
