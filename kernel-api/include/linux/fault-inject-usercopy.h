/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_FAULT_INJECT_USERCOPY_H
#define _LINUX_FAULT_INJECT_USERCOPY_H

/*
 * Differs from the kernel: CONFIG_FAULT_INJECTION_USERCOPY is off.
 */
#include <linux/types.h>

static inline bool should_fail_usercopy(void) { return false; }

#endif /* _LINUX_FAULT_INJECT_USERCOPY_H */
