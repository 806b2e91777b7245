/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_HRTIMER_H
#define _LINUX_HRTIMER_H

/*
 * Timers of nanoseconds: a function on an event task, at its time or up to 16.4 us (a
 * tick of the wheel) later.
 *
 * Differs from the kernel: those which are not soft run as softirqs as well, with a
 * hardirq counted and interrupts off; a slack is accepted and not used; a clock that is set
 * while a timer of it waits does not move it.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/types.h>

#ifndef CLOCK_REALTIME
#define CLOCK_REALTIME		0
#define CLOCK_MONOTONIC		1
#define CLOCK_BOOTTIME		7
#define CLOCK_TAI		11
#endif

enum hrtimer_mode {
	HRTIMER_MODE_ABS	= 0x00,
	HRTIMER_MODE_REL	= 0x01,
	HRTIMER_MODE_PINNED	= 0x02,
	HRTIMER_MODE_SOFT	= 0x04,
	HRTIMER_MODE_HARD	= 0x08,
	HRTIMER_MODE_ABS_PINNED	= HRTIMER_MODE_ABS | HRTIMER_MODE_PINNED,
	HRTIMER_MODE_REL_PINNED	= HRTIMER_MODE_REL | HRTIMER_MODE_PINNED,
	HRTIMER_MODE_ABS_SOFT	= HRTIMER_MODE_ABS | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_REL_SOFT	= HRTIMER_MODE_REL | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_ABS_PINNED_SOFT = HRTIMER_MODE_ABS_PINNED | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_REL_PINNED_SOFT = HRTIMER_MODE_REL_PINNED | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_ABS_HARD	= HRTIMER_MODE_ABS | HRTIMER_MODE_HARD,
	HRTIMER_MODE_REL_HARD	= HRTIMER_MODE_REL | HRTIMER_MODE_HARD,
	HRTIMER_MODE_ABS_PINNED_HARD = HRTIMER_MODE_ABS_PINNED | HRTIMER_MODE_HARD,
	HRTIMER_MODE_REL_PINNED_HARD = HRTIMER_MODE_REL_PINNED | HRTIMER_MODE_HARD,
};

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };

struct hrtimer {
	ktime_t			_softexpires;	/* of its clock */
	enum hrtimer_restart	(*function)(struct hrtimer *timer);
	clockid_t		clock;
	u8			is_soft, is_rel;
	bool			armed;		/* and its function has not been entered since */
	u32			word;		/* a lock: over each change of when it fires */
	unsigned int		cpu;		/* event CPU that fires it */
	u64			host[8];	/* struct etask_alarm */
};

struct hrtimer_sleeper {
	struct hrtimer		timer;
	struct task_struct	*task;		/* NULL once its time has come */
};

__visible void hrtimer_init(struct hrtimer *timer, clockid_t clock, enum hrtimer_mode mode);
#define hrtimer_init_on_stack(timer, clock, mode)	hrtimer_init((timer), (clock), (mode))
#define destroy_hrtimer_on_stack(timer)			do { } while (0)
__visible void hrtimer_init_sleeper(struct hrtimer_sleeper *sleeper, clockid_t clock, enum hrtimer_mode mode);
#define hrtimer_init_sleeper_on_stack(s, clock, mode)	hrtimer_init_sleeper((s), (clock), (mode))

/* Any context, also its own function. */
__visible void hrtimer_start_range_ns(struct hrtimer *timer, ktime_t time, u64 range_ns, enum hrtimer_mode mode);
static inline void hrtimer_start(struct hrtimer *timer, ktime_t time, enum hrtimer_mode mode)
{
	hrtimer_start_range_ns(timer, time, 0, mode);
}
/* 1: it was queued, and is not any more; 0: it was not; -1, of try: its function runs. */
__visible int hrtimer_try_to_cancel(struct hrtimer *timer);
__visible int hrtimer_cancel(struct hrtimer *timer);	/* waits for its function; BUG in it */
__visible bool hrtimer_active(const struct hrtimer *timer);	/* queued, or its function runs */
__visible bool hrtimer_is_queued(struct hrtimer *timer);
__visible int hrtimer_callback_running(struct hrtimer *timer);
__visible ktime_t ring3_clock_now(clockid_t clock);
#define hrtimer_cb_get_time(timer)	ring3_clock_now((timer)->clock)
/* By whole intervals beyond @now; how many. Not while it is queued. */
__visible u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval);
static inline u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval)
{
	return hrtimer_forward(timer, hrtimer_cb_get_time(timer), interval);
}

static inline ktime_t hrtimer_get_expires(const struct hrtimer *timer) { return timer->_softexpires; }
static inline ktime_t hrtimer_get_softexpires(const struct hrtimer *timer) { return timer->_softexpires; }
static inline s64 hrtimer_get_expires_ns(const struct hrtimer *timer) { return timer->_softexpires; }
static inline void hrtimer_set_expires(struct hrtimer *timer, ktime_t time) { timer->_softexpires = time; }
static inline void hrtimer_set_expires_range_ns(struct hrtimer *timer, ktime_t time, u64 delta)
{
	timer->_softexpires = time;
}
static inline void hrtimer_add_expires(struct hrtimer *timer, ktime_t time)
{
	timer->_softexpires = ktime_add_safe(timer->_softexpires, time);
}
static inline void hrtimer_add_expires_ns(struct hrtimer *timer, u64 ns) { hrtimer_add_expires(timer, (ktime_t)ns); }
static inline ktime_t hrtimer_expires_remaining(const struct hrtimer *timer)
{
	return timer->_softexpires - hrtimer_cb_get_time(timer);
}
#define hrtimer_get_remaining(timer)	hrtimer_expires_remaining(timer)
static inline void hrtimer_start_expires(struct hrtimer *timer, enum hrtimer_mode mode)
{
	hrtimer_start(timer, timer->_softexpires, (enum hrtimer_mode)(mode & ~HRTIMER_MODE_REL));
}
static inline void hrtimer_restart(struct hrtimer *timer) { hrtimer_start_expires(timer, HRTIMER_MODE_ABS); }
static inline void hrtimer_sleeper_start_expires(struct hrtimer_sleeper *sleeper, enum hrtimer_mode mode)
{
	hrtimer_start_expires(&sleeper->timer, mode);
}

/* Sleep in the state that is set: 0: the time has come, -EINTR: woken before. NULL = for ever. */
__visible int schedule_hrtimeout_range_clock(ktime_t *expires, u64 delta, enum hrtimer_mode mode, clockid_t clock);
static inline int schedule_hrtimeout_range(ktime_t *expires, u64 delta, enum hrtimer_mode mode)
{
	return schedule_hrtimeout_range_clock(expires, delta, mode, CLOCK_MONOTONIC);
}
static inline int schedule_hrtimeout(ktime_t *expires, enum hrtimer_mode mode)
{
	return schedule_hrtimeout_range(expires, 0, mode);
}

#define HRTIMER_MAX_CLOCK_BASES	8
#define hrtimer_resolution	((unsigned int)NSEC_PER_USEC)
#define MONOTONIC_RES_NSEC	1

#endif /* _LINUX_HRTIMER_H */
