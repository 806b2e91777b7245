/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TRACE_CLOCK_H
#define _LINUX_TRACE_CLOCK_H

#include <linux/ktime.h>

static inline u64 trace_clock_local(void) { return ktime_get_ns(); }
static inline u64 trace_clock(void) { return ktime_get_ns(); }
static inline u64 trace_clock_global(void) { return ktime_get_ns(); }

#endif /* _LINUX_TRACE_CLOCK_H */
