/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PROPERTY_H
#define _LINUX_PROPERTY_H

/*
 * Trees of named nodes made by software.
 *
 * Differs from the kernel: names and parents only; properties and references are absent.
 */
#include <linux/fwnode.h>
#include <linux/types.h>

struct property_entry;
struct software_node {
	const char			*name;
	const struct software_node	*parent;
	const struct property_entry	*properties;
};

/* An array that ends with a node without a name; parents first. -ENOMEM, -EEXIST, -EINVAL. */
__visible int software_node_register_nodes(const struct software_node *nodes);
__visible void software_node_unregister_nodes(const struct software_node *nodes);
__visible struct fwnode_handle *software_node_fwnode(const struct software_node *node);	/* NULL: not registered */
__visible const char *fwnode_get_name(const struct fwnode_handle *fwnode);
__visible const char *fwnode_get_name_prefix(const struct fwnode_handle *fwnode);	/* "" or "/" */
__visible unsigned int fwnode_count_parents(const struct fwnode_handle *fwnode);
__visible struct fwnode_handle *fwnode_get_nth_parent(struct fwnode_handle *fwnode, unsigned int depth);
static inline void fwnode_handle_put(struct fwnode_handle *fwnode) { }

#endif /* _LINUX_PROPERTY_H */
