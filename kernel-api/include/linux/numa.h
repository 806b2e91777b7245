/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NUMA_H
#define _LINUX_NUMA_H

/*
 * Differs from the kernel: one node.
 */
#define NODES_SHIFT	0
#define MAX_NUMNODES	1
#define NUMA_NO_NODE	(-1)
#define first_online_node	0
#define first_memory_node	0
#define for_each_online_node(node) for ((node) = 0; (node) < 1; (node)++)
#define for_each_node(node)	for_each_online_node(node)
#define numa_node_id()		0
#define numa_mem_id()		0
#define cpu_to_node(cpu)	((void)(cpu), 0)
#define node_online(node)	((node) == 0)
#define num_online_nodes()	1
#define nr_node_ids		1u

#endif /* _LINUX_NUMA_H */
