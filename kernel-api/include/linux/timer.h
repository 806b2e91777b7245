/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TIMER_H
#define _LINUX_TIMER_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/types.h>

struct timer_list {
	unsigned long		expires;	/* jiffies */
	void			(*function)(struct timer_list *timer);
	u32			flags;
	unsigned int		cpu;		/* whose event task fires it */
	u64			host[8];	/* struct etask_alarm */
};

#define TIMER_DEFERRABLE	0
#define from_timer(var, callback_timer, field) container_of(callback_timer, __typeof__(*(var)), field)

/* Softirq context on the event task that set it up, or event CPU 0. */
__visible void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *), u32 flags);
__visible int mod_timer(struct timer_list *timer, unsigned long expires);	/* 1: it was pending */
__visible int del_timer(struct timer_list *timer);
__visible int del_timer_sync(struct timer_list *timer);	/* and its function is not running */
__visible int timer_pending(const struct timer_list *timer);
static inline void add_timer(struct timer_list *timer) { mod_timer(timer, timer->expires); }
#define timer_delete_sync(t)	del_timer_sync(t)

#endif /* _LINUX_TIMER_H */
