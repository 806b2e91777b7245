/* SPDX-License-Identifier: MIT */
#ifndef RING3_WORKQUEUE_IMPL_H
#define RING3_WORKQUEUE_IMPL_H

/* workqueue_impl.h - private to kernel-api/src: what work that is queued later asks of work queues. */
#include <linux/timer.h>
#include <linux/workqueue.h>

/* Any context. The caller has set `pending`, and @work->cpu1. */
void work_enqueue(struct workqueue_struct *wq, struct work_struct *work);
unsigned int work_cpu1(int cpu);	/* for @work->cpu1: none of the CPUs is any */

/* Own `pending`, wherever it is now; true: it was queued, or @timer (or NULL) had it. */
bool work_grab(struct work_struct *work, struct timer_list *timer);
bool work_cancel(struct work_struct *work, struct timer_list *timer, bool sync);

#endif /* RING3_WORKQUEUE_IMPL_H */
