/* SPDX-License-Identifier: MIT */
/*
 * kthread_worker.c - work for one thread, in the order of queueing: kthread.h.
 *
 * A work that waits for its timer is in no list; its `worker` says where it goes.
 *
 * Locking: worker->lock guards the list, and node, worker and canceling of its works.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>

void kthread_init_worker(struct kthread_worker *worker)
{
	*worker = (struct kthread_worker){ .work_list = LIST_HEAD_INIT(worker->work_list) };
	raw_spin_lock_init(&worker->lock);
}

int kthread_worker_fn(void *data)
{
	struct kthread_worker *worker = data;

	raw_spin_lock_irq(&worker->lock);
	WARN_ON(worker->task && worker->task != current);
	if (!worker->task)	/* of kthread_create_worker() it is known already */
		worker->task = current;
	raw_spin_unlock_irq(&worker->lock);
	for (;;) {
		struct kthread_work *work = NULL;
		kthread_work_func_t func = NULL;

		set_current_state(TASK_INTERRUPTIBLE);
		raw_spin_lock_irq(&worker->lock);
		worker->current_work = NULL;
		if (!list_empty(&worker->work_list)) {
			work = list_first_entry(&worker->work_list, struct kthread_work, node);
			list_del_init(&work->node);
			func = work->func;
		}
		worker->current_work = work;
		raw_spin_unlock_irq(&worker->lock);
		if (work) {
			__set_current_state(TASK_RUNNING);
			func(work);	/* may free it */
		} else if (kthread_should_stop()) {
			__set_current_state(TASK_RUNNING);
			return 0;
		} else {
			schedule();
		}
	}
}

static struct kthread_worker *create(int cpu, const char *fmt, va_list args)
{
	struct kthread_worker *worker = kzalloc(sizeof(*worker), GFP_KERNEL);
	char name[TASK_COMM_LEN];
	struct task_struct *task;

	if (!worker)
		return ERR_PTR(-ENOMEM);
	kthread_init_worker(worker);
	vsnprintf(name, sizeof(name), fmt, args);
	task = kthread_create(kthread_worker_fn, worker, "%s", name);
	if (IS_ERR(task)) {
		kfree(worker);
		return ERR_CAST(task);
	}
	if (cpu >= 0)
		kthread_bind(task, (unsigned int)cpu);
	worker->task = task;
	wake_up_process(task);
	return worker;
}

struct kthread_worker *kthread_create_worker(unsigned int flags, const char *fmt, ...)
{
	struct kthread_worker *worker;
	va_list args;

	va_start(args, fmt);
	worker = create(-1, fmt, args);
	va_end(args);
	return worker;
}

struct kthread_worker *kthread_create_worker_on_cpu(int cpu, unsigned int flags, const char *fmt, ...)
{
	struct kthread_worker *worker;
	va_list args;

	va_start(args, fmt);
	worker = create(cpu, fmt, args);
	va_end(args);
	return worker;
}

/* The lock is held; @at: before which. */
static void insert(struct kthread_worker *worker, struct kthread_work *work, struct list_head *at)
{
	list_add_tail(&work->node, at);
	WRITE_ONCE(work->worker, worker);
	if (!worker->current_work && worker->task)
		wake_up_process(worker->task);
}

bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work)
{
	unsigned long flags;
	bool queued;

	raw_spin_lock_irqsave(&worker->lock, flags);
	queued = list_empty(&work->node) && !work->canceling;
	if (queued)
		insert(worker, work, &worker->work_list);
	raw_spin_unlock_irqrestore(&worker->lock, flags);
	return queued;
}

void kthread_delayed_work_timer_fn(struct timer_list *timer)
{
	struct kthread_delayed_work *dwork = from_timer(dwork, timer, timer);

	kthread_queue_work(READ_ONCE(dwork->work.worker), &dwork->work);
}

bool kthread_queue_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork, unsigned long delay)
{
	struct kthread_work *work = &dwork->work;
	unsigned long flags;
	bool queued;

	raw_spin_lock_irqsave(&worker->lock, flags);
	queued = list_empty(&work->node) && !work->canceling && !timer_pending(&dwork->timer);
	if (queued && delay) {
		WRITE_ONCE(work->worker, worker);
		mod_timer(&dwork->timer, jiffies + delay);
	} else if (queued) {
		insert(worker, work, &worker->work_list);
	}
	raw_spin_unlock_irqrestore(&worker->lock, flags);
	return queued;
}

bool kthread_mod_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork, unsigned long delay)
{
	struct kthread_work *work = &dwork->work;
	unsigned long flags;
	bool was = del_timer(&dwork->timer);

	raw_spin_lock_irqsave(&worker->lock, flags);
	if (!list_empty(&work->node)) {
		list_del_init(&work->node);
		was = true;
	}
	raw_spin_unlock_irqrestore(&worker->lock, flags);
	kthread_queue_delayed_work(worker, dwork, delay);
	return was;
}

/* ---- waiting --------------------------------------------------------------------------- */

struct flush {
	struct kthread_work	work;
	struct completion	done;
};

static void flush_run(struct kthread_work *work)
{
	complete(&container_of(work, struct flush, work)->done);
}

void kthread_flush_worker(struct kthread_worker *worker)
{
	struct flush flush = { .work = KTHREAD_WORK_INIT(flush.work, flush_run) };

	init_completion(&flush.done);
	kthread_queue_work(worker, &flush.work);
	wait_for_completion(&flush.done);
}

/* A work of our own right behind it. */
void kthread_flush_work(struct kthread_work *work)
{
	struct flush flush = { .work = KTHREAD_WORK_INIT(flush.work, flush_run) };
	struct kthread_worker *worker = READ_ONCE(work->worker);
	bool wait = true;

	might_sleep();
	if (!worker)
		return;
	init_completion(&flush.done);
	raw_spin_lock_irq(&worker->lock);
	WARN_ON_ONCE(work->worker != worker);
	if (!list_empty(&work->node))
		insert(worker, &flush.work, work->node.next);
	else if (worker->current_work == work)
		insert(worker, &flush.work, worker->work_list.next);
	else
		wait = false;
	raw_spin_unlock_irq(&worker->lock);
	if (wait)
		wait_for_completion(&flush.done);
}

static bool cancel(struct kthread_work *work, struct timer_list *timer)
{
	struct kthread_worker *worker = READ_ONCE(work->worker);
	bool was = false;

	might_sleep();
	if (!worker)
		return false;
	raw_spin_lock_irq(&worker->lock);
	work->canceling++;
	raw_spin_unlock_irq(&worker->lock);
	if (timer)
		was = del_timer_sync(timer);
	raw_spin_lock_irq(&worker->lock);
	if (!list_empty(&work->node)) {
		list_del_init(&work->node);
		was = true;
	}
	raw_spin_unlock_irq(&worker->lock);
	kthread_flush_work(work);
	raw_spin_lock_irq(&worker->lock);
	work->canceling--;
	raw_spin_unlock_irq(&worker->lock);
	return was;
}

bool kthread_cancel_work_sync(struct kthread_work *work) { return cancel(work, NULL); }

bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work *dwork)
{
	return cancel(&dwork->work, &dwork->timer);
}

void kthread_destroy_worker(struct kthread_worker *worker)
{
	if (WARN_ON(!worker->task))
		return;
	kthread_flush_worker(worker);
	kthread_stop(worker->task);
	WARN_ON(!list_empty(&worker->work_list));
	kfree(worker);
}
