/* SPDX-License-Identifier: MIT */
/*
 * workqueue_worker.c - the threads that run works.
 *
 * Each queue has its own workers, made when work waits and none is idle: a few at once, and
 * up to max_active where none of them takes a work for a while, since they may wait for what
 * is queued. One at a time is on its way, the one that was idle last first; it takes a work
 * and, where more can run, calls the next. A work function may free its work: nothing of it
 * is touched after the function was entered; flushing goes by the worker's `current_work`.
 * Work whose last run has not ended stays in the list, and is its worker's: it runs once at a time.
 *
 * Locking: wq->lock guards the workers and the list they take from.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/wait.h>
#include <ring3/kernel.h>

#include "diag_notes.h"
#include "sched_impl.h"
#include "workqueue_impl.h"

#define WORKERS_EAGER	16	/* beyond as many another is made only where nothing moves, */
#define STALLED_MS	10	/* for so long */

__thread struct worker *this_worker;

struct work_struct *current_work(void)
{
	return this_worker ? this_worker->current_work : NULL;
}

/*
 * A work that freed itself may share its address with another: the function tells them apart, and where it does not
 * they only wait.
 */
bool work_runs_now(struct workqueue_struct *wq, const struct work_struct *work)
{
	for (struct worker *worker = wq->workers; worker; worker = worker->next)
		if (worker->current_work == work && worker->current_func == work->func)
			return true;
	return false;
}

static struct work_struct *first_runnable(struct workqueue_struct *wq)
{
	struct work_struct *work;

	list_for_each_entry(work, &wq->works, entry)
		if (!work_runs_now(wq, work))
			return work;
	return NULL;
}

static int worker_main(void *data);

static struct worker *new_worker(struct workqueue_struct *wq)
{
	struct worker *worker;
	struct task_struct *task;

	if (wq->nr_workers >= wq->max_active)
		return NULL;
	worker = kzalloc(sizeof(*worker), GFP_ATOMIC);
	task = worker ? kthread_create(worker_main, worker, "%s/%d", wq->name, wq->nr_workers) : ERR_PTR(-ENOMEM);
	if (IS_ERR(task)) {
		WARN(!wq->nr_workers, "no thread for work queue %s: %ld", wq->name, PTR_ERR(task));
		kfree(worker);
		return NULL;
	}
	worker->wq = wq;
	worker->task = task;
	worker->next = wq->workers;
	wq->workers = worker;
	wq->nr_workers++;
	return worker;
}

static void watch_stall(struct workqueue_struct *wq)
{
	if (timer_pending(&wq->stalled) || wq->nr_workers == wq->max_active)
		return;
	wq->taken_before = wq->nr_taken;
	mod_timer(&wq->stalled, jiffies + msecs_to_jiffies(STALLED_MS));
}

static void send_worker(struct workqueue_struct *wq, struct worker *worker)
{
	worker->coming = true;
	wq->nr_coming++;
	wake_up_process(worker->task);
}

void workers_call(struct workqueue_struct *wq)
{
	struct worker *worker = wq->idle;

	if (wq->nr_coming)
		return;
	if (worker) {
		wq->idle = worker->below;
		wq->nr_idle--;
		WRITE_ONCE(worker->idle, false);
	} else if (wq->nr_workers < WORKERS_EAGER) {
		worker = new_worker(wq);
	} else {
		watch_stall(wq);
	}
	if (worker)
		send_worker(wq, worker);
}

static void stalled_fn(struct timer_list *timer)
{
	struct workqueue_struct *wq = from_timer(wq, timer, stalled);
	struct worker *worker = NULL;
	unsigned long flags;

	hold_wakes();
	spin_lock_irqsave(&wq->lock, flags);
	if (!wq->nr_coming && !wq->idle && first_runnable(wq)) {
		if (wq->taken_before == wq->nr_taken)
			worker = new_worker(wq);
		if (worker)
			send_worker(wq, worker);
		watch_stall(wq);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
	make_wakes();
}

/* The next one for this worker, whose last one has ended; NULL: it is idle from now on. */
static struct work_struct *take(struct workqueue_struct *wq, struct worker *worker)
{
	struct work_struct *work;

	hold_wakes();
	spin_lock_bh(&wq->lock);
	if (worker->coming) {
		worker->coming = false;
		wq->nr_coming--;
	}
	worker->current_work = NULL;
	work = first_runnable(wq);
	if (work) {
		list_del_init(&work->entry);
		wq->nr_waiting--;
		wq->nr_taken++;
		worker->current_work = work;
		worker->current_func = work->func;
		worker->current_seq = work->seq;
		worker->current_cpu1 = work->cpu1;
		/* A fence: who finds it pending still has stored before what the function looks at after. */
		__atomic_exchange_n(&work->pending, 0, __ATOMIC_SEQ_CST);
		/* This one may wait for the next: somebody else must be there to run it. */
		if (first_runnable(wq))
			workers_call(wq);
	} else {
		WRITE_ONCE(worker->idle, true);
		worker->below = wq->idle;
		wq->idle = worker;
		wq->nr_idle++;
	}
	spin_unlock_bh(&wq->lock);
	wake_up_all(&wq->less);
	make_wakes();
	return work;
}

/* false: to be stopped, which destroy_workqueue() does when nothing is queued any more. */
static bool sleep_idle(struct worker *worker)
{
	bool stop;

	for (;;) {
		set_current_state(TASK_IDLE);
		stop = kthread_should_stop();
		if (stop || !READ_ONCE(worker->idle))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return !stop;
}

/* Onto the CPU that the work was queued for, and off it again for the next one that names none. */
static void move(unsigned int cpu1)
{
	struct task_struct *task = current;

	if (cpu1) {
		sched_move(task, cpu1 - 1);
		task->flags |= PF_NO_SETAFFINITY;
	} else if (task->flags & PF_NO_SETAFFINITY) {
		task->flags &= ~PF_NO_SETAFFINITY;
		sched_place(task);
	}
	ring3_cpu_id = task_cpu(task);
}

static int worker_main(void *data)
{
	struct worker *worker = this_worker = data;
	struct workqueue_struct *wq = worker->wq;
	struct work_struct *work;

	current->flags |= PF_WQ_WORKER;
	for (;;) {
		while ((work = take(wq, worker))) {
			move(worker->current_cpu1);
			worker->current_func(work);
			diag_lock_check_none("the function of a work");
			if (WARN(!preemptible(), "a work of %s returned with preempt_count 0x%x, interrupts %s",
				 wq->name, preempt_count(), irqs_disabled() ? "off" : "on"))
				ring3_cpu_disown(ring3_preempt_word);
		}
		if (!sleep_idle(worker))
			return 0;
	}
}

void workers_init(struct workqueue_struct *wq)
{
	timer_setup(&wq->stalled, stalled_fn, 0);
}

void workers_stop(struct workqueue_struct *wq)
{
	struct worker *worker;

	del_timer_sync(&wq->stalled);
	while ((worker = wq->workers)) {
		wq->workers = worker->next;
		kthread_stop(worker->task);
		kfree(worker);
	}
}
