/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RATELIMIT_TYPES_H
#define _LINUX_RATELIMIT_TYPES_H

#include <linux/types.h>

/* At most @burst messages in @interval jiffies (HZ = 1000); 0 = 10 in 5 seconds. */
struct ratelimit_state {
	u64		begin_ns;
	int		interval, burst;
	int		printed, missed;
};
#define RATELIMIT_STATE_INIT(name, i, b)	{ .interval = (i), .burst = (b) }
#define DEFINE_RATELIMIT_STATE(name, i, b)	struct ratelimit_state name = RATELIMIT_STATE_INIT(name, i, b)
#define DEFAULT_RATELIMIT_INTERVAL	(5 * 1000)
#define DEFAULT_RATELIMIT_BURST		10
__visible int ___ratelimit(struct ratelimit_state *rs, const char *func);
#define __ratelimit(state)	___ratelimit((state), __func__)

#endif /* _LINUX_RATELIMIT_TYPES_H */
