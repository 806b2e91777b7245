/* SPDX-License-Identifier: MIT */
#ifndef RING3_WORKQUEUE_IMPL_H
#define RING3_WORKQUEUE_IMPL_H

/* workqueue_impl.h - private to kernel-api/src: a work queue, its workers, and work that is queued later. */
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct worker {
	struct workqueue_struct	*wq;
	struct worker		*next;		/* of all of its queue's */
	struct task_struct	*task;
	struct worker		*below;		/* in the stack of those that are idle */
	bool			idle;		/* atomic for the worker's own look; and in that stack */
	bool			coming;		/* called or made, and has not looked yet */
	struct work_struct	*current_work;
	work_func_t		current_func;
	u64			current_seq;
	unsigned int		current_cpu1;
};

struct workqueue_struct {
	struct list_head	of_all;
	spinlock_t		lock;
	struct list_head	works;		/* in the order of seq */
	struct wait_queue_head	less;		/* flushers wait here */
	struct worker		*idle;		/* the one that went last; below it the others */
	int			nr_workers, nr_idle, nr_coming, max_active;
	unsigned int		nr_waiting;	/* in works */
	u64			seq;		/* of the last one queued */
	u64			nr_taken;
	u64			taken_before;	/* as the timer was set */
	struct timer_list	stalled;	/* set while work can run, and all workers run */
	struct worker		*workers;	/* all, the youngest first; they live as long as the queue */
	char			name[TASK_COMM_LEN];
};

/* ---- workqueue_worker.c: with wq->lock held, but for the last two ------------------------ */

extern __thread struct worker *this_worker;	/* NULL: this thread is none */

/* Does a worker run @work now? */
bool work_runs_now(struct workqueue_struct *wq, const struct work_struct *work);
/* Work can run: somebody comes for it. The wake-up must be kept back until the lock is not held: hold_wakes(). */
void workers_call(struct workqueue_struct *wq);
void workers_init(struct workqueue_struct *wq);
void workers_stop(struct workqueue_struct *wq);	/* of a queue that is drained: ends them all; sleeps */

/* ---- workqueue.c --------------------------------------------------------------------------- */

/* Any context. The caller has set `pending`, and @work->cpu1. */
void work_enqueue(struct workqueue_struct *wq, struct work_struct *work);
unsigned int work_cpu1(int cpu);	/* for @work->cpu1: none of the CPUs is any */

/* Own `pending`, wherever it is now; true: it was queued, or @timer (or NULL) had it. */
bool work_grab(struct work_struct *work, struct timer_list *timer);
bool work_cancel(struct work_struct *work, struct timer_list *timer, bool sync);

#endif /* RING3_WORKQUEUE_IMPL_H */
