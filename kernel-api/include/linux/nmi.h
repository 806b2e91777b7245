/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NMI_H
#define _LINUX_NMI_H

/* Differs from the kernel: no NMIs; the engine has a watchdog of its own for event tasks, which needs no touch. */
#include <linux/types.h>

static inline void touch_softlockup_watchdog(void) { }
static inline void touch_all_softlockup_watchdogs(void) { }
static inline void touch_nmi_watchdog(void) { }
static inline bool trigger_all_cpu_backtrace(void) { return false; }
static inline bool trigger_single_cpu_backtrace(int cpu) { return false; }

#endif /* _LINUX_NMI_H */
