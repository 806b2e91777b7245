/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CPUMASK_H
#define _LINUX_CPUMASK_H

#include <linux/types.h>

#define NR_CPUS			256u		/* the most virtual CPUs there can be */
__visible extern unsigned int nr_cpu_ids;	/* event CPUs first, then the others */
#define num_possible_cpus()	nr_cpu_ids
#define num_online_cpus()	nr_cpu_ids
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)
#define for_each_online_cpu(cpu)	for_each_possible_cpu(cpu)
#define cpu_online(cpu)		((unsigned int)(cpu) < nr_cpu_ids)

#endif /* _LINUX_CPUMASK_H */
