/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CPU_H
#define _LINUX_CPU_H

/*
 * Differs from the kernel: CPUs neither come nor go, so there is nothing to hold off.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/errno.h>

#define cpus_read_lock()		do { } while (0)
#define cpus_read_unlock()		do { } while (0)
#define cpus_read_trylock()		1
#define cpus_write_lock()		do { } while (0)
#define cpus_write_unlock()		do { } while (0)
#define lockdep_assert_cpus_held()	do { } while (0)
#define cpu_hotplug_disable()		do { } while (0)
#define cpu_hotplug_enable()		do { } while (0)
#define get_online_cpus()		cpus_read_lock()
#define put_online_cpus()		cpus_read_unlock()

#endif /* _LINUX_CPU_H */
