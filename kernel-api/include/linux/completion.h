/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_COMPLETION_H
#define _LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int		done;		/* complete()s not used up; UINT_MAX after complete_all() */
	struct wait_queue_head	wait;
};

#define COMPLETION_INITIALIZER(work)	{ 0, __WAIT_QUEUE_HEAD_INITIALIZER((work).wait) }
#define DECLARE_COMPLETION(work)	struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) DECLARE_COMPLETION(work)
static inline void init_completion(struct completion *x) { x->done = 0; init_waitqueue_head(&x->wait); }
static inline void reinit_completion(struct completion *x) { x->done = 0; }
__visible void complete(struct completion *x);		/* any context */
__visible void complete_all(struct completion *x);
__visible void wait_for_completion(struct completion *x);
__visible unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
__visible bool try_wait_for_completion(struct completion *x);
__visible bool completion_done(struct completion *x);

#endif /* _LINUX_COMPLETION_H */
