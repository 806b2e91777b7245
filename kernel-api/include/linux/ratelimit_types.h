/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RATELIMIT_TYPES_H
#define _LINUX_RATELIMIT_TYPES_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

#define DEFAULT_RATELIMIT_INTERVAL	(5 * 1000)	/* jiffies */
#define DEFAULT_RATELIMIT_BURST		10
#define RATELIMIT_MSG_ON_RELEASE	(1ul << 0)	/* what was left out is told by ratelimit_state_exit() only */

/* At most @burst times in @interval jiffies; @interval 0: always. */
struct ratelimit_state {
	raw_spinlock_t	lock;		/* guards the rest */
	int		interval, burst;
	int		printed, missed;	/* since @begin */
	unsigned long	begin;			/* jiffies; 0: not yet */
	unsigned long	flags;
};
#define RATELIMIT_STATE_INIT_FLAGS(name, i, b, f) \
	{ .lock = __RAW_SPIN_LOCK_UNLOCKED(name.lock), .interval = (i), .burst = (b), .flags = (f) }
#define RATELIMIT_STATE_INIT(name, i, b)	RATELIMIT_STATE_INIT_FLAGS(name, i, b, 0)
#define RATELIMIT_STATE_INIT_DISABLED		RATELIMIT_STATE_INIT(ratelimit_state, 0, DEFAULT_RATELIMIT_BURST)
#define DEFINE_RATELIMIT_STATE(name, i, b)	struct ratelimit_state name = RATELIMIT_STATE_INIT(name, i, b)

/* 1: go ahead. Any context; 0 as well while another asks. */
__visible int ___ratelimit(struct ratelimit_state *rs, const char *func);
#define __ratelimit(state)	___ratelimit((state), __func__)

#endif /* _LINUX_RATELIMIT_TYPES_H */
