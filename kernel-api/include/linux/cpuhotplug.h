/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CPUHOTPLUG_H
#define _LINUX_CPUHOTPLUG_H

/*
 * Differs from the kernel: CPUs neither come nor go: a start-up callback runs at once for each
 * CPU, and one for a CPU that goes never does.
 */
#include <linux/cpumask.h>

enum cpuhp_state {
	CPUHP_OFFLINE, CPUHP_RADIX_DEAD, CPUHP_PERCPU_CNT_DEAD, CPUHP_IRQ_POLL_DEAD, CPUHP_MM_WRITEBACK_DEAD,
	CPUHP_BLK_MQ_DEAD, CPUHP_SLUB_DEAD, CPUHP_BP_PREPARE_DYN, CPUHP_AP_ONLINE_DYN, CPUHP_ONLINE,
};
static inline int cpuhp_setup_state(enum cpuhp_state state, const char *name, int (*startup)(unsigned int cpu),
				    int (*teardown)(unsigned int cpu))
{
	unsigned int cpu;
	int rc = 0;

	for_each_online_cpu(cpu)
		if (!rc && startup)
			rc = startup(cpu);
	return rc;
}
static inline int cpuhp_setup_state_nocalls(enum cpuhp_state state, const char *name,
					    int (*startup)(unsigned int cpu), int (*teardown)(unsigned int cpu))
{
	return 0;
}
static inline void cpuhp_remove_state(enum cpuhp_state state) { }
static inline void cpuhp_remove_state_nocalls(enum cpuhp_state state) { }

#endif /* _LINUX_CPUHOTPLUG_H */
