/* SPDX-License-Identifier: MIT */
/* ratelimit.c - not too often: ratelimit.h, printk.h's _ratelimited. */
#include <linux/jiffies.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>

int ___ratelimit(struct ratelimit_state *rs, const char *func)
{
	int interval = READ_ONCE(rs->interval), burst = READ_ONCE(rs->burst), missed = 0;
	unsigned long flags;
	bool allowed;

	if (!interval)
		return 1;
	/* Who meets another here is one too many. */
	if (!raw_spin_trylock_irqsave(&rs->lock, flags))
		return 0;
	if (!rs->begin)
		rs->begin = jiffies;
	if (time_is_before_jiffies(rs->begin + (unsigned long)interval)) {
		if (!(rs->flags & RATELIMIT_MSG_ON_RELEASE)) {
			missed = rs->missed;
			rs->missed = 0;
		}
		rs->begin = jiffies;
		rs->printed = 0;
	}
	allowed = rs->printed < burst;
	if (allowed)
		rs->printed++;
	else
		rs->missed++;
	raw_spin_unlock_irqrestore(&rs->lock, flags);
	if (missed)
		pr_warn("%s: %d messages like the next were left out\n", func, missed);
	return allowed;
}
