/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FWNODE_H
#define _LINUX_FWNODE_H

/* A node of a description of hardware, of which there is none: see linux/property.h. */
#include <linux/types.h>

struct fwnode_handle {
	const struct software_node *swnode;
};

#endif /* _LINUX_FWNODE_H */
