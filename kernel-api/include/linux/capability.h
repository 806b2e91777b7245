/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CAPABILITY_H
#define _LINUX_CAPABILITY_H

/*
 * Differs from the kernel: hosted code may do all that the process may.
 */
#include <linux/types.h>

#define CAP_SYSLOG	34
#define CAP_SYS_ADMIN	21
#define CAP_NET_ADMIN	12
struct task_struct;
static inline bool capable(int cap) { return true; }
static inline bool has_capability_noaudit(struct task_struct *task, int cap) { return true; }

#endif /* _LINUX_CAPABILITY_H */
