/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BH_H
#define _LINUX_BH_H

#include <linux/preempt.h>

static inline bool local_bh_blocked(void) { return false; }

#endif /* _LINUX_BH_H */
