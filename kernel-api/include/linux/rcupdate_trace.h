/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RCUPDATE_TRACE_H
#define _LINUX_RCUPDATE_TRACE_H

/* Differs from the kernel: absent but for the header, as with CONFIG_TASKS_TRACE_RCU not set. */
#include <linux/rcupdate.h>

static inline int rcu_read_lock_trace_held(void) { return 1; }

#endif /* _LINUX_RCUPDATE_TRACE_H */
