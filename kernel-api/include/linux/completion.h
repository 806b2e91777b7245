/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPLETION_H
#define _LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int		done;		/* complete()s not used up; UINT_MAX after complete_all() */
	struct wait_queue_head	wait;
};

#define COMPLETION_INITIALIZER(work)	{ 0, RING3_WAIT_QUEUE_INIT((work).wait, #work) }
#define DECLARE_COMPLETION(work)	struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) DECLARE_COMPLETION(work)
#define DECLARE_COMPLETION_ONSTACK_MAP(work, map) DECLARE_COMPLETION(work)
static inline void ring3_completion_init(struct completion *x, const char *name)
{
	x->done = 0;
	ring3_waitqueue_init(&x->wait, name);
}
#define init_completion(x)		ring3_completion_init((x), #x)
static inline void reinit_completion(struct completion *x) { x->done = 0; }
__visible void complete(struct completion *x);		/* any context */
__visible void complete_all(struct completion *x);	/* for ever, until reinit_completion() */
/* May sleep. Of those with a time, 0: it was over; else what is left of it, at least 1. */
__visible void wait_for_completion(struct completion *x);
__visible unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
__visible int __must_check wait_for_completion_interruptible(struct completion *x);	/* 0 or -ERESTARTSYS */
__visible int __must_check wait_for_completion_killable(struct completion *x);
__visible int __must_check wait_for_completion_state(struct completion *x, unsigned int state);
__visible long __must_check wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout);
__visible long __must_check wait_for_completion_killable_timeout(struct completion *x, unsigned long timeout);
#define wait_for_completion_io(x)			wait_for_completion(x)
#define wait_for_completion_io_timeout(x, timeout)	wait_for_completion_timeout((x), (timeout))
__visible bool try_wait_for_completion(struct completion *x);	/* any context */
__visible bool completion_done(struct completion *x);

#endif /* _LINUX_COMPLETION_H */
