/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TOPOLOGY_H
#define _LINUX_TOPOLOGY_H

#include <linux/cpumask.h>
#include <linux/numa.h>

#define cpumask_of_node(node)	((void)(node), cpu_online_mask)
#define topology_core_id(cpu)	(cpu)

#endif /* _LINUX_TOPOLOGY_H */
