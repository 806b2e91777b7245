/* SPDX-License-Identifier: MIT */
/*
 * delayed_work.c - work that is queued later: when a timer fires, or when a grace period is over.
 *
 * Meanwhile `pending` is the timer's, or the RCU callback's; see workqueue.c.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "workqueue_impl.h"

/* `pending` has been ours since the timer was set. */
void delayed_work_timer_fn(struct timer_list *timer)
{
	struct delayed_work *work = from_timer(work, timer, timer);

	work_enqueue(work->wq, &work->work);
}

static void queue_later(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	work->wq = wq;
	if (delay)
		mod_timer(&work->timer, jiffies + delay);
	else
		work_enqueue(wq, &work->work);
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	if (__atomic_exchange_n(&work->work.pending, 1, __ATOMIC_ACQ_REL))
		return false;
	work->work.cpu1 = work_cpu1(cpu);
	queue_later(wq, work, delay);
	return true;
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	return queue_delayed_work_on(WORK_CPU_UNBOUND, wq, work, delay);
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	bool was = work_grab(&work->work, &work->timer);

	work->work.cpu1 = work_cpu1(cpu);
	queue_later(wq, work, delay);
	return was;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	return mod_delayed_work_on(WORK_CPU_UNBOUND, wq, work, delay);
}

bool cancel_delayed_work(struct delayed_work *work)
{
	return work_cancel(&work->work, &work->timer, false);
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	might_sleep();
	return work_cancel(&work->work, &work->timer, true);
}

bool flush_delayed_work(struct delayed_work *work)
{
	if (del_timer_sync(&work->timer))
		work_enqueue(work->wq, &work->work);
	return flush_work(&work->work);
}

/* ---- after a grace period ---------------------------------------------------------- */

static void rcu_work_queue(struct rcu_head *head)
{
	struct rcu_work *rwork = container_of(head, struct rcu_work, rcu);

	work_enqueue(rwork->wq, &rwork->work);
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *rwork)
{
	if (__atomic_exchange_n(&rwork->work.pending, 1, __ATOMIC_ACQ_REL))
		return false;
	rwork->work.cpu1 = 0;
	rwork->wq = wq;
	call_rcu(&rwork->rcu, rcu_work_queue);
	return true;
}

bool flush_rcu_work(struct rcu_work *rwork)
{
	if (!work_pending(&rwork->work))
		return flush_work(&rwork->work);
	rcu_barrier();
	flush_work(&rwork->work);
	return true;
}
