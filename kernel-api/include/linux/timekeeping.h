/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TIMEKEEPING_H
#define _LINUX_TIMEKEEPING_H

/*
 * The clocks, all the host's. Any context.
 *
 * Differs from the kernel: the coarse and the fast ones are the precise ones; nothing can
 * be set.
 */
#include <linux/ktime.h>

__visible u64 ktime_get_ns(void);		/* CLOCK_MONOTONIC */
__visible u64 ktime_get_real_ns(void);		/* CLOCK_REALTIME */
__visible u64 ktime_get_boottime_ns(void);
__visible u64 ktime_get_raw_ns(void);
__visible u64 ktime_get_clocktai_ns(void);

#define RING3_CLOCK(name)								\
static inline ktime_t ktime_get##name(void) { return (ktime_t)ktime_get##name##_ns(); }	\
static inline void ktime_get##name##_ts64(struct timespec64 *ts)				\
{											\
	*ts = ns_to_timespec64((s64)ktime_get##name##_ns());				\
}											\
static inline time64_t ktime_get##name##_seconds(void) { return (time64_t)(ktime_get##name##_ns() / NSEC_PER_SEC); }

RING3_CLOCK()
RING3_CLOCK(_real)
RING3_CLOCK(_boottime)
RING3_CLOCK(_raw)
RING3_CLOCK(_clocktai)
#undef RING3_CLOCK

static inline ktime_t ktime_get_coarse(void) { return ktime_get(); }
static inline u64 ktime_get_coarse_ns(void) { return ktime_get_ns(); }
static inline ktime_t ktime_get_coarse_real(void) { return ktime_get_real(); }
static inline ktime_t ktime_get_coarse_boottime(void) { return ktime_get_boottime(); }
static inline void ktime_get_coarse_ts64(struct timespec64 *ts) { ktime_get_ts64(ts); }
static inline void ktime_get_coarse_real_ts64(struct timespec64 *ts) { ktime_get_real_ts64(ts); }
static inline u64 ktime_get_mono_fast_ns(void) { return ktime_get_ns(); }
static inline u64 ktime_get_raw_fast_ns(void) { return ktime_get_raw_ns(); }
static inline u64 ktime_get_boot_fast_ns(void) { return ktime_get_boottime_ns(); }
static inline u64 ktime_get_real_fast_ns(void) { return ktime_get_real_ns(); }
static inline ktime_t ktime_mono_to_real(ktime_t mono) { return mono + (ktime_get_real() - ktime_get()); }

#endif /* _LINUX_TIMEKEEPING_H */
