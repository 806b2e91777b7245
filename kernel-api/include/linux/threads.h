/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_THREADS_H
#define _LINUX_THREADS_H

#define NR_CPUS			256u		/* the most virtual CPUs there can be */
#define CONFIG_NR_CPUS_MAX	NR_CPUS

#endif /* _LINUX_THREADS_H */
