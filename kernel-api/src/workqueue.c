/* SPDX-License-Identifier: MIT */
/*
 * workqueue.c - work in process context: queueing, flushing, cancelling; its workers are workqueue_worker.c.
 *
 * `pending` belongs to whoever set it: the one who queues, the timer, or the one who
 * cancels, who keeps it until the last run ended so that the work cannot come back.
 *
 * Locking: wq->lock guards lists and counters.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <ring3/kernel.h>

#include "owned.h"
#include "sched_impl.h"
#include "workqueue_impl.h"

#define SHOWN_MAX	32	/* of a queue's running works, and of those that wait, in a dump */

/* All of them, for dumps. A leaf but for the lock of one of them. */
static LIST_HEAD(all_queues);
static DEFINE_SPINLOCK(all_lock);

struct workqueue_struct *system_wq, *system_unbound_wq;
struct workqueue_struct *system_highpri_wq, *system_long_wq;

/* The caller has set `pending`. */
void work_enqueue(struct workqueue_struct *wq, struct work_struct *work)
{
	unsigned long flags;

	hold_wakes();
	spin_lock_irqsave(&wq->lock, flags);	/* works are queued with interrupts off as well */
	WRITE_ONCE(work->wq, wq);
	work->seq = ++wq->seq;
	list_add_tail(&work->entry, &wq->works);
	wq->nr_waiting++;
	if (!work_runs_now(wq, work))
		workers_call(wq);
	spin_unlock_irqrestore(&wq->lock, flags);
	make_wakes();
}

unsigned int work_cpu1(int cpu)
{
	return (unsigned int)cpu < nr_cpu_ids ? (unsigned int)cpu + 1 : 0;
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (__atomic_exchange_n(&work->pending, 1, __ATOMIC_ACQ_REL))
		return false;
	work->cpu1 = work_cpu1(cpu);
	work_enqueue(wq, work);
	return true;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	return queue_work_on(WORK_CPU_UNBOUND, wq, work);
}

/* ---- flushing ------------------------------------------------------------------ */

/* What was queued last of @work (or with NULL, of all): 0 = it neither waits nor runs. */
static u64 last_seq(struct workqueue_struct *wq, const struct work_struct *work)
{
	u64 seq = 0;

	spin_lock_bh(&wq->lock);
	if (!work)
		seq = wq->seq;
	else if (!list_empty(&work->entry))
		seq = work->seq;
	for (struct worker *worker = wq->workers; work && !seq && worker; worker = worker->next)
		if (worker != this_worker && worker->current_work == work)
			seq = worker->current_seq;
	spin_unlock_bh(&wq->lock);
	return seq;
}

/* Does @work (or with NULL, any) wait or run that was queued up to @seq? Its own worker's does not count. */
static bool busy(struct workqueue_struct *wq, const struct work_struct *work, u64 seq)
{
	struct work_struct *first;
	bool found;

	spin_lock_bh(&wq->lock);
	first = list_first_entry_or_null(&wq->works, struct work_struct, entry);
	found = work ? !list_empty(&work->entry) && work->seq <= seq : first && first->seq <= seq;
	for (struct worker *worker = wq->workers; worker && !found; worker = worker->next)
		found = worker != this_worker && worker->current_work && worker->current_seq <= seq &&
			(!work || worker->current_work == work);
	spin_unlock_bh(&wq->lock);
	return found;
}

bool flush_work(struct work_struct *work)
{
	struct workqueue_struct *wq = READ_ONCE(work->wq);
	u64 seq = wq ? last_seq(wq, work) : 0;

	might_sleep();
	if (!seq)
		return false;
	wait_event(wq->less, !busy(wq, work, seq));
	return true;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	u64 seq = last_seq(wq, NULL);

	might_sleep();
	wait_event(wq->less, !busy(wq, NULL, seq));
}

void drain_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	wait_event(wq->less, !busy(wq, NULL, U64_MAX));
}

/* ---- cancelling ------------------------------------------------------------------ */

bool work_grab(struct work_struct *work, struct timer_list *timer)
{
	for (;;) {
		struct workqueue_struct *wq;
		unsigned long flags;
		bool queued = false;

		if (timer && del_timer(timer))
			return true;
		if (!__atomic_exchange_n(&work->pending, 1, __ATOMIC_ACQ_REL))
			return false;
		wq = READ_ONCE(work->wq);
		if (wq) {
			spin_lock_irqsave(&wq->lock, flags);
			queued = work->wq == wq && !list_empty(&work->entry);
			if (queued) {
				list_del_init(&work->entry);
				wq->nr_waiting--;
			}
			spin_unlock_irqrestore(&wq->lock, flags);
		}
		if (queued) {
			wake_up_all(&wq->less);
			return true;
		}
		/* Between its owner's two steps, or another cancels it. */
		if (preemptible())
			usleep_range(50, 100);
		else
			cpu_relax();
	}
}

bool work_cancel(struct work_struct *work, struct timer_list *timer, bool sync)
{
	bool was = work_grab(work, timer);

	if (sync)
		flush_work(work);
	__atomic_store_n(&work->pending, 0, __ATOMIC_RELEASE);
	return was;
}

bool cancel_work(struct work_struct *work)
{
	return work_cancel(work, NULL, false);
}

bool cancel_work_sync(struct work_struct *work)
{
	might_sleep();
	return work_cancel(work, NULL, true);
}

int schedule_on_each_cpu(work_func_t func)
{
	struct work_struct *works = kcalloc(nr_cpu_ids, sizeof(*works), GFP_KERNEL);

	if (!works)
		return -ENOMEM;
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		INIT_WORK(&works[cpu], func);
		schedule_work_on((int)cpu, &works[cpu]);
	}
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		flush_work(&works[cpu]);
	kfree(works);
	return 0;
}

/* ---- queues ------------------------------------------------------------------------ */

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
	init_waitqueue_head(&wq->less);
	workers_init(wq);
	wq->max_active = clamp(max_active ? max_active : WQ_DFL_ACTIVE, 1, WQ_MAX_ACTIVE);
	spin_lock_bh(&all_lock);
	list_add_tail(&wq->of_all, &all_queues);
	spin_unlock_bh(&all_lock);
	owned_add("work queue", wq, wq->name, __builtin_return_address(0));
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	drain_workqueue(wq);
	workers_stop(wq);
	spin_lock_bh(&all_lock);
	list_del(&wq->of_all);
	spin_unlock_bh(&all_lock);
	owned_del(wq);
	kfree(wq);
}

/* ---- for dumps: ring3/kernel.h --------------------------------------------------- */

static int show_queue(struct workqueue_struct *wq, char *buf, size_t bytes)
{
	struct work_struct *work;
	int done, shown = 0;

	spin_lock_bh(&wq->lock);
	done = scnprintf(buf, bytes, "{\"name\":\"%s\",\"waiting\":%u,\"workers\":%d,\"idle\":%d,\"maxActive\":%d,"
			 "\"running\":[", wq->name, wq->nr_waiting, wq->nr_workers, wq->nr_idle, wq->max_active);
	for (struct worker *worker = wq->workers; worker && shown < SHOWN_MAX; worker = worker->next)
		if (worker->current_work)
			done += scnprintf(buf + done, bytes - done, "%s{\"tid\":%d,\"function\":\"pc 0x%lx\"}",
					  shown++ ? "," : "", worker->task->pid,
					  (unsigned long)worker->current_func + 1);
	done += scnprintf(buf + done, bytes - done, "],\"next\":[");
	shown = 0;
	list_for_each_entry(work, &wq->works, entry) {
		if (shown == SHOWN_MAX)
			break;
		done += scnprintf(buf + done, bytes - done, "%s\"pc 0x%lx\"", shown++ ? "," : "",
				  (unsigned long)work->func + 1);
	}
	done += scnprintf(buf + done, bytes - done, "]}");
	spin_unlock_bh(&wq->lock);
	return done;
}

long ring3_workqueues(char *buf, unsigned long bytes)
{
	struct workqueue_struct *wq;
	int done = scnprintf(buf, bytes, "[");

	spin_lock_bh(&all_lock);
	list_for_each_entry(wq, &all_queues, of_all) {
		if (done + 4096ul > bytes)
			break;
		done += scnprintf(buf + done, bytes - done, done > 1 ? "," : "");
		done += show_queue(wq, buf + done, bytes - done);
	}
	spin_unlock_bh(&all_lock);
	done += scnprintf(buf + done, bytes - done, "]");
	return done;
}

int workqueue_init(void)
{
	system_wq = alloc_workqueue("events", 0, 0);
	system_unbound_wq = alloc_workqueue("unbound", WQ_UNBOUND, 0);
	system_highpri_wq = alloc_workqueue("highpri", WQ_HIGHPRI, 0);
	system_long_wq = alloc_workqueue("long", 0, 0);
	return system_wq && system_unbound_wq && system_highpri_wq && system_long_wq ? 0 : -ENOMEM;
}

void workqueue_exit(void)
{
	destroy_workqueue(system_wq);
	destroy_workqueue(system_unbound_wq);
	destroy_workqueue(system_highpri_wq);
	destroy_workqueue(system_long_wq);
	system_wq = system_unbound_wq = system_highpri_wq = system_long_wq = NULL;
}

void works_collect(struct owned_functions *functions)
{
	struct workqueue_struct *queues[] = { system_wq, system_unbound_wq, system_highpri_wq, system_long_wq };
	struct work_struct *work;

	for (unsigned int i = 0; i < ARRAY_SIZE(queues); i++) {
		spin_lock_bh(&queues[i]->lock);
		list_for_each_entry(work, &queues[i]->works, entry)
			owned_collect(functions, (const void *)work->func);
		spin_unlock_bh(&queues[i]->lock);
	}
}
