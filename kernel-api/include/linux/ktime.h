/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KTIME_H
#define _LINUX_KTIME_H

/*
 * Nanoseconds, signed. What reads a clock is in linux/timekeeping.h.
 */
#include <linux/time64.h>
#include <linux/types.h>

static inline ktime_t ktime_set(s64 secs, unsigned long nsecs)
{
	return secs >= KTIME_SEC_MAX ? KTIME_MAX : secs * NSEC_PER_SEC + (s64)nsecs;
}
#define ktime_add(a, b)		((a) + (b))
#define ktime_sub(a, b)		((a) - (b))
#define ktime_add_unsafe(a, b)	((s64)((u64)(a) + (u64)(b)))
#define ktime_add_ns(t, ns)	((t) + (s64)(ns))
#define ktime_sub_ns(t, ns)	((t) - (s64)(ns))
static inline ktime_t ktime_add_us(ktime_t t, u64 us) { return t + (s64)us * NSEC_PER_USEC; }
static inline ktime_t ktime_add_ms(ktime_t t, u64 ms) { return t + (s64)ms * NSEC_PER_MSEC; }
static inline ktime_t ktime_sub_us(ktime_t t, u64 us) { return t - (s64)us * NSEC_PER_USEC; }
static inline ktime_t ktime_sub_ms(ktime_t t, u64 ms) { return t - (s64)ms * NSEC_PER_MSEC; }
/* KTIME_MAX instead of an overflow. */
static inline ktime_t ktime_add_safe(ktime_t a, ktime_t b)
{
	s64 sum;

	return __builtin_add_overflow(a, b, &sum) || sum < 0 ? KTIME_MAX : sum;
}
static inline int ktime_compare(ktime_t a, ktime_t b) { return a < b ? -1 : a > b; }
static inline bool ktime_after(ktime_t a, ktime_t b) { return a > b; }
static inline bool ktime_before(ktime_t a, ktime_t b) { return a < b; }
static inline s64 ktime_divns(ktime_t t, s64 div) { return t / div; }
static inline s64 ktime_to_ns(ktime_t t) { return t; }
static inline s64 ktime_to_us(ktime_t t) { return t / NSEC_PER_USEC; }
static inline s64 ktime_to_ms(ktime_t t) { return t / NSEC_PER_MSEC; }
static inline s64 ktime_us_delta(ktime_t later, ktime_t earlier) { return ktime_to_us(later - earlier); }
static inline s64 ktime_ms_delta(ktime_t later, ktime_t earlier) { return ktime_to_ms(later - earlier); }
static inline ktime_t ns_to_ktime(u64 ns) { return (ktime_t)ns; }
static inline ktime_t us_to_ktime(u64 us) { return (ktime_t)us * NSEC_PER_USEC; }
static inline ktime_t ms_to_ktime(u64 ms) { return (ktime_t)ms * NSEC_PER_MSEC; }
static inline struct timespec64 ktime_to_timespec64(ktime_t t) { return ns_to_timespec64(t); }
static inline ktime_t timespec64_to_ktime(struct timespec64 ts)
{
	return ktime_set(ts.tv_sec, (unsigned long)ts.tv_nsec);
}

#include <linux/timekeeping.h>

#endif /* _LINUX_KTIME_H */
