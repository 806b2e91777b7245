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
	u32			ready;		/* atomic: 0 static and never used, 1 on its way, 2 host is set up */
	unsigned int		cpu;		/* whose event task fires it */
	u64			host[8];	/* struct etask_alarm */
};

#define TIMER_DEFERRABLE	0
#define TIMER_IRQSAFE		0
#define TIMER_PINNED		0
#define DEFINE_TIMER(name, fn)	struct timer_list name = { .function = (fn) }
#define from_timer(var, callback_timer, field) container_of(callback_timer, __typeof__(*(var)), field)

/* Softirq context on the event task that set it up, or event CPU 0. */
__visible void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *), u32 flags);
__visible int mod_timer(struct timer_list *timer, unsigned long expires);	/* 1: it was pending */
__visible int del_timer(struct timer_list *timer);
__visible int del_timer_sync(struct timer_list *timer);	/* and its function is not running */
__visible int timer_pending(const struct timer_list *timer);
static inline void add_timer(struct timer_list *timer) { mod_timer(timer, timer->expires); }
/* @expires only if that is sooner, or the timer is not pending. */
__visible int timer_reduce(struct timer_list *timer, unsigned long expires);
static inline int mod_timer_pending(struct timer_list *timer, unsigned long expires)
{
	return timer_pending(timer) ? mod_timer(timer, expires) : 0;
}
/* It never fires again: arming it does nothing from now on. */
__visible int timer_shutdown_sync(struct timer_list *timer);
#define timer_setup_on_stack(t, fn, flags)	timer_setup((t), (fn), (flags))
#define destroy_timer_on_stack(t)		do { } while (0)
#define try_to_del_timer_sync(t)		del_timer(t)
#define timer_delete_sync(t)	del_timer_sync(t)

#endif /* _LINUX_TIMER_H */
