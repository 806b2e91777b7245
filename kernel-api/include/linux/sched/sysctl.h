/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCHED_SYSCTL_H
#define _LINUX_SCHED_SYSCTL_H

/* Differs from the kernel: there is nothing to set. */
#include <linux/types.h>

#endif /* _LINUX_SCHED_SYSCTL_H */
