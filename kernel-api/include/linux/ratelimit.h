/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RATELIMIT_H
#define _LINUX_RATELIMIT_H

/* How often something may be said: states made at run time. What counts is ratelimit_types.h's ___ratelimit(). */
#include <linux/printk.h>
#include <linux/ratelimit_types.h>
#include <linux/sched.h>

static inline void ratelimit_state_init(struct ratelimit_state *rs, int interval, int burst)
{
	*rs = (struct ratelimit_state)RATELIMIT_STATE_INIT(rs, interval, burst);
}
static inline void ratelimit_default_init(struct ratelimit_state *rs)
{
	ratelimit_state_init(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
}
static inline void ratelimit_set_flags(struct ratelimit_state *rs, unsigned long flags) { rs->flags = flags; }
static inline void ratelimit_state_exit(struct ratelimit_state *rs)
{
	if (rs->flags & RATELIMIT_MSG_ON_RELEASE && rs->missed)
		pr_warn("%s: %d messages were left out\n", current->comm, rs->missed);
	if (rs->flags & RATELIMIT_MSG_ON_RELEASE)
		rs->missed = 0;
}

#endif /* _LINUX_RATELIMIT_H */
