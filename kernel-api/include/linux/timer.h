/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TIMER_H
#define _LINUX_TIMER_H

/*
 * Timers: a function in softirq context on an event task, at a time in jiffies or up to one
 * of them later.
 *
 * Differs from the kernel: a timer stays with the event CPU it was armed on first (that of
 * the caller, or one picked by the caller's number) unless add_timer_on() says otherwise;
 * TIMER_DEFERRABLE, _PINNED and _IRQSAFE change nothing.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/types.h>

struct timer_list {
	unsigned long		expires;	/* jiffies */
	void			(*function)(struct timer_list *timer);	/* NULL: shut down */
	u32			flags;
	u32			word;		/* a lock: over each change of what follows */
	bool			ready;		/* host[] is set up */
	bool			armed;		/* and its function has not been entered since */
	unsigned int		cpu;		/* event CPU that fires it */
	u64			host[8];	/* struct etask_alarm */
};

#define TIMER_CPUMASK		0x0003ffff
#define TIMER_MIGRATING		0x00040000
#define TIMER_DEFERRABLE	0x00080000
#define TIMER_PINNED		0x00100000
#define TIMER_IRQSAFE		0x00200000

#define __TIMER_INITIALIZER(fn, fl)	{ .function = (fn), .flags = (fl) }
#define DEFINE_TIMER(name, fn)	struct timer_list name = __TIMER_INITIALIZER(fn, 0)
#define from_timer(var, callback_timer, field) container_of(callback_timer, __typeof__(*(var)), field)

__visible void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *), u32 flags);
#define timer_setup_on_stack(t, fn, flags)	timer_setup((t), (fn), (flags))
static inline void destroy_timer_on_stack(struct timer_list *timer) { }
/* Arm, or arm anew. 1: it was pending. Any context, also its own function. */
__visible int mod_timer(struct timer_list *timer, unsigned long expires);
__visible int mod_timer_pending(struct timer_list *timer, unsigned long expires);	/* only if it is pending */
__visible int timer_reduce(struct timer_list *timer, unsigned long expires);	/* only to make it sooner, or pending */
__visible void add_timer(struct timer_list *timer);		/* BUG when it is pending */
__visible void add_timer_on(struct timer_list *timer, int cpu);
__visible int del_timer(struct timer_list *timer);		/* 1: it was pending; its function may run still */
__visible int try_to_del_timer_sync(struct timer_list *timer);	/* -1: its function runs */
/* Its function does not run either: BUG when called from it. Waits, and so deadlocks on a lock that it wants. */
__visible int del_timer_sync(struct timer_list *timer);
/* And it can never be armed again. */
__visible int timer_shutdown(struct timer_list *timer);
__visible int timer_shutdown_sync(struct timer_list *timer);
__visible int timer_pending(const struct timer_list *timer);	/* false inside its function, until armed again */
#define timer_delete(t)		del_timer(t)
#define timer_delete_sync(t)	del_timer_sync(t)
#define del_singleshot_timer_sync(t) del_timer_sync(t)

/* To whole seconds, where a few more do not matter. */
__visible unsigned long round_jiffies(unsigned long j);
__visible unsigned long round_jiffies_relative(unsigned long j);
__visible unsigned long round_jiffies_up(unsigned long j);
__visible unsigned long round_jiffies_up_relative(unsigned long j);
#define __round_jiffies(j, cpu)			round_jiffies(j)
#define __round_jiffies_relative(j, cpu)	round_jiffies_relative(j)

#endif /* _LINUX_TIMER_H */
