/* SPDX-License-Identifier: MIT */
/*
 * workqueue.c - work in process context.
 *
 * Each queue has its own workers, made when work waits and none is idle, up to
 * max_active. A work function may free its work: nothing of it is touched after
 * the function was entered; flushing goes by the worker's `current_work`.
 *
 * Locking: wq->lock guards lists and counters.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "sched_impl.h"

#define WORKERS_MAX	16

struct worker {
	struct task_struct	*task;
	struct work_struct	*current_work;
	u64			current_seq;
};

struct workqueue_struct {
	spinlock_t		lock;
	struct list_head	works;
	struct wait_queue_head	more;		/* workers wait here */
	struct wait_queue_head	less;		/* flushers wait here */
	int			nr_workers, nr_idle, max_active;
	unsigned int		nr_waiting;	/* in works */
	struct worker		workers[WORKERS_MAX];
	char			name[TASK_COMM_LEN];
};

struct workqueue_struct *system_wq, *system_unbound_wq;

static struct work_struct *take(struct workqueue_struct *wq, struct worker *worker)
{
	struct work_struct *work;

	spin_lock_bh(&wq->lock);
	worker->current_work = NULL;
	work = list_first_entry_or_null(&wq->works, struct work_struct, entry);
	if (work) {
		list_del_init(&work->entry);
		wq->nr_waiting--;
		worker->current_work = work;
		__atomic_store_n(&work->pending, 0, __ATOMIC_RELEASE);
	}
	spin_unlock_bh(&wq->lock);
	wake_up_all(&wq->less);
	return work;
}

static int worker_main(void *data)
{
	struct workqueue_struct *wq = data;
	struct worker *worker = NULL;
	struct work_struct *work;

	spin_lock_bh(&wq->lock);
	for (int i = 0; i < WORKERS_MAX; i++)
		if (wq->workers[i].task == current)
			worker = &wq->workers[i];
	spin_unlock_bh(&wq->lock);
	current->flags |= PF_WQ_WORKER;
	for (;;) {
		while ((work = take(wq, worker)))
			work->func(work);
		spin_lock_bh(&wq->lock);
		wq->nr_idle++;
		spin_unlock_bh(&wq->lock);
		wait_event(wq->more, READ_ONCE(wq->nr_waiting) || kthread_should_stop());
		spin_lock_bh(&wq->lock);
		wq->nr_idle--;
		spin_unlock_bh(&wq->lock);
		if (kthread_should_stop() && !READ_ONCE(wq->nr_waiting))
			return 0;
	}
}

/* One more worker where work waits and nobody is idle; wq->lock is held. */
static struct task_struct *add_worker(struct workqueue_struct *wq)
{
	struct task_struct *task;

	if (wq->nr_workers >= wq->max_active || wq->nr_idle)
		return NULL;
	task = kthread_create(worker_main, wq, "%s/%d", wq->name, wq->nr_workers);
	if (IS_ERR(task)) {
		WARN(!wq->nr_workers, "no thread for work queue %s: %ld", wq->name, PTR_ERR(task));
		return NULL;
	}
	wq->workers[wq->nr_workers++].task = task;
	return task;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	struct task_struct *fresh;

	if (__atomic_exchange_n(&work->pending, 1, __ATOMIC_ACQ_REL))
		return false;
	spin_lock_bh(&wq->lock);
	work->wq = wq;
	list_add_tail(&work->entry, &wq->works);
	wq->nr_waiting++;
	fresh = add_worker(wq);
	spin_unlock_bh(&wq->lock);
	if (fresh)
		wake_up_process(fresh);
	else
		wake_up(&wq->more);
	return true;
}

/* Is @work (or with NULL, anything) waiting or running? */
static bool busy(struct workqueue_struct *wq, struct work_struct *work)
{
	bool found = false;

	spin_lock_bh(&wq->lock);
	if (work ? !list_empty(&work->entry) : wq->nr_waiting != 0)
		found = true;
	for (int i = 0; i < wq->nr_workers && !found; i++) {
		struct worker *worker = &wq->workers[i];

		if (worker->task != current && worker->current_work &&
		    (!work || worker->current_work == work))
			found = true;
	}
	spin_unlock_bh(&wq->lock);
	return found;
}

bool flush_work(struct work_struct *work)
{
	struct workqueue_struct *wq = READ_ONCE(work->wq);

	if (!wq || !busy(wq, work))
		return false;
	wait_event(wq->less, !busy(wq, work));
	return true;
}

bool cancel_work_sync(struct work_struct *work)
{
	struct workqueue_struct *wq = READ_ONCE(work->wq);
	bool cancelled = false;

	if (!wq)
		return false;
	spin_lock_bh(&wq->lock);
	if (!list_empty(&work->entry)) {
		list_del_init(&work->entry);
		wq->nr_waiting--;
		__atomic_store_n(&work->pending, 0, __ATOMIC_RELEASE);
		cancelled = true;
	}
	spin_unlock_bh(&wq->lock);
	flush_work(work);
	return cancelled;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	wait_event(wq->less, !busy(wq, NULL));
}

struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	va_list args;

	if (!wq)
		return NULL;
	va_start(args, max_active);
	vsnprintf(wq->name, sizeof(wq->name), fmt, args);
	va_end(args);
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->works);
	init_waitqueue_head(&wq->more);
	init_waitqueue_head(&wq->less);
	wq->max_active = clamp(max_active ? max_active : WORKERS_MAX, 1, WORKERS_MAX);
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	for (int i = 0; i < wq->nr_workers; i++)
		kthread_stop(wq->workers[i].task);
	kfree(wq);
}

/* ---- delayed work ---------------------------------------------------------------- */

void delayed_work_timer_fn(struct timer_list *timer)
{
	struct delayed_work *work = from_timer(work, timer, timer);

	__atomic_store_n(&work->work.pending, 0, __ATOMIC_RELEASE);
	queue_work(work->wq, &work->work);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	if (!delay)
		return queue_work(wq, &work->work);
	if (__atomic_exchange_n(&work->work.pending, 1, __ATOMIC_ACQ_REL))
		return false;
	work->wq = wq;
	mod_timer(&work->timer, jiffies + delay);
	return true;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	bool was = del_timer(&work->timer);

	if (was)
		__atomic_store_n(&work->work.pending, 0, __ATOMIC_RELEASE);
	queue_delayed_work(wq, work, delay);
	return was;
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	if (del_timer_sync(&work->timer)) {
		__atomic_store_n(&work->work.pending, 0, __ATOMIC_RELEASE);
		return true;
	}
	return cancel_work_sync(&work->work);
}

int workqueue_init(void)
{
	system_wq = alloc_workqueue("events", 0, 0);
	system_unbound_wq = alloc_workqueue("unbound", WQ_UNBOUND, 0);
	return system_wq && system_unbound_wq ? 0 : -ENOMEM;
}

void workqueue_exit(void)
{
	destroy_workqueue(system_wq);
	destroy_workqueue(system_unbound_wq);
	system_wq = system_unbound_wq = NULL;
}
