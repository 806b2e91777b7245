/* SPDX-License-Identifier: MIT */
/*
 * workqueue.c - work in process context.
 *
 * Each queue has its own workers, made when work waits and none is idle, up to
 * max_active. One at a time is on its way, the one that was idle last first; it takes a work
 * and, where more can run, calls the next. A work function may free its work: nothing of it
 * is touched after the function was entered; flushing goes by the worker's `current_work`.
 * Work whose last run has not ended stays in the list, and is its worker's: it runs once at a time.
 *
 * `pending` belongs to whoever set it: the one who queues, the timer, or the one who
 * cancels, who keeps it until the last run ended so that the work cannot come back.
 *
 * Locking: wq->lock guards lists and counters.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <ring3/kernel.h>

#include "diag_notes.h"
#include "owned.h"
#include "sched_impl.h"

#define WORKERS_MAX	16

struct worker {
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
	struct worker		workers[WORKERS_MAX];
	char			name[TASK_COMM_LEN];
};

/* All of them, for dumps. A leaf but for the lock of one of them. */
static LIST_HEAD(all_queues);
static DEFINE_SPINLOCK(all_lock);

struct workqueue_struct *system_wq, *system_unbound_wq;
struct workqueue_struct *system_highpri_wq, *system_long_wq;
static __thread struct worker *this_worker;

struct work_struct *current_work(void)
{
	return this_worker ? this_worker->current_work : NULL;
}

/*
 * Does a worker run @work now? A work that freed itself may share its address with
 * another: the function tells them apart, and where it does not they only wait.
 */
static bool runs_now(struct workqueue_struct *wq, const struct work_struct *work)
{
	for (int i = 0; i < wq->nr_workers; i++)
		if (wq->workers[i].current_work == work && wq->workers[i].current_func == work->func)
			return true;
	return false;
}

static struct work_struct *first_runnable(struct workqueue_struct *wq)
{
	struct work_struct *work;

	list_for_each_entry(work, &wq->works, entry)
		if (!runs_now(wq, work))
			return work;
	return NULL;
}

static int worker_main(void *data);

static struct worker *new_worker(struct workqueue_struct *wq)
{
	struct worker *worker = &wq->workers[wq->nr_workers];
	struct task_struct *task;

	if (wq->nr_workers >= wq->max_active)
		return NULL;
	task = kthread_create(worker_main, wq, "%s/%d", wq->name, wq->nr_workers);
	if (IS_ERR(task)) {
		WARN(!wq->nr_workers, "no thread for work queue %s: %ld", wq->name, PTR_ERR(task));
		return NULL;
	}
	worker->task = task;
	wq->nr_workers++;
	return worker;
}

/* Work can run: somebody comes for it. wq->lock is held, and the wake-up is kept back until it is not. */
static void call_worker(struct workqueue_struct *wq)
{
	struct worker *worker = wq->idle;

	if (wq->nr_coming)
		return;
	if (worker) {
		wq->idle = worker->below;
		wq->nr_idle--;
		WRITE_ONCE(worker->idle, false);
	} else {
		worker = new_worker(wq);
		if (!worker)
			return;
	}
	worker->coming = true;
	wq->nr_coming++;
	wake_up_process(worker->task);
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
		worker->current_work = work;
		worker->current_func = work->func;
		worker->current_seq = work->seq;
		worker->current_cpu1 = work->cpu1;
		__atomic_store_n(&work->pending, 0, __ATOMIC_RELEASE);
		/* This one may wait for the next: somebody else must be there to run it. */
		if (first_runnable(wq))
			call_worker(wq);
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
	struct workqueue_struct *wq = data;
	struct work_struct *work;

	spin_lock_bh(&wq->lock);
	for (int i = 0; i < WORKERS_MAX; i++)
		if (wq->workers[i].task == current)
			this_worker = &wq->workers[i];
	spin_unlock_bh(&wq->lock);
	current->flags |= PF_WQ_WORKER;
	for (;;) {
		while ((work = take(wq, this_worker))) {
			move(this_worker->current_cpu1);
			this_worker->current_func(work);
			diag_lock_check_none("the function of a work");
			if (WARN(!preemptible(), "a work of %s returned with preempt_count 0x%x, interrupts %s",
				 wq->name, preempt_count(), irqs_disabled() ? "off" : "on"))
				ring3_cpu_disown(ring3_preempt_word);
		}
		if (!sleep_idle(this_worker))
			return 0;
	}
}

/* The caller has set pending. */
static void enqueue(struct workqueue_struct *wq, struct work_struct *work)
{
	unsigned long flags;

	hold_wakes();
	spin_lock_irqsave(&wq->lock, flags);	/* works are queued with interrupts off as well */
	WRITE_ONCE(work->wq, wq);
	work->seq = ++wq->seq;
	list_add_tail(&work->entry, &wq->works);
	wq->nr_waiting++;
	if (!runs_now(wq, work))
		call_worker(wq);
	spin_unlock_irqrestore(&wq->lock, flags);
	make_wakes();
}

static unsigned int cpu1_of(int cpu)
{
	return (unsigned int)cpu < nr_cpu_ids ? (unsigned int)cpu + 1 : 0;
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	if (__atomic_exchange_n(&work->pending, 1, __ATOMIC_ACQ_REL))
		return false;
	work->cpu1 = cpu1_of(cpu);
	enqueue(wq, work);
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
	for (int i = 0; work && !seq && i < wq->nr_workers; i++) {
		struct worker *worker = &wq->workers[i];

		if (worker != this_worker && worker->current_work == work)
			seq = worker->current_seq;
	}
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
	for (int i = 0; i < wq->nr_workers && !found; i++) {
		struct worker *worker = &wq->workers[i];

		found = worker != this_worker && worker->current_work && worker->current_seq <= seq &&
			(!work || worker->current_work == work);
	}
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

/* Own `pending`, wherever it is now; true: it was queued, or @timer had it. */
static bool grab(struct work_struct *work, struct timer_list *timer)
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

static bool cancel(struct work_struct *work, struct timer_list *timer, bool sync)
{
	bool was = grab(work, timer);

	if (sync)
		flush_work(work);
	__atomic_store_n(&work->pending, 0, __ATOMIC_RELEASE);
	return was;
}

bool cancel_work(struct work_struct *work)
{
	return cancel(work, NULL, false);
}

bool cancel_work_sync(struct work_struct *work)
{
	might_sleep();
	return cancel(work, NULL, true);
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
	wq->max_active = clamp(max_active ? max_active : WORKERS_MAX, 1, WORKERS_MAX);
	spin_lock_bh(&all_lock);
	list_add_tail(&wq->of_all, &all_queues);
	spin_unlock_bh(&all_lock);
	owned_add("work queue", wq, wq->name, __builtin_return_address(0));
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	drain_workqueue(wq);
	for (int i = 0; i < wq->nr_workers; i++)
		kthread_stop(wq->workers[i].task);
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
	for (int i = 0; i < wq->nr_workers; i++)
		if (wq->workers[i].current_work)
			done += scnprintf(buf + done, bytes - done, "%s{\"tid\":%d,\"function\":\"pc 0x%lx\"}",
					  shown++ ? "," : "", wq->workers[i].task->pid,
					  (unsigned long)wq->workers[i].current_func + 1);
	done += scnprintf(buf + done, bytes - done, "],\"next\":[");
	shown = 0;
	list_for_each_entry(work, &wq->works, entry) {
		if (shown == 16)
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

/* ---- delayed work ---------------------------------------------------------------- */

/* `pending` has been ours since the timer was set. */
void delayed_work_timer_fn(struct timer_list *timer)
{
	struct delayed_work *work = from_timer(work, timer, timer);

	enqueue(work->wq, &work->work);
}

static void queue_later(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	work->wq = wq;
	if (delay)
		mod_timer(&work->timer, jiffies + delay);
	else
		enqueue(wq, &work->work);
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	if (__atomic_exchange_n(&work->work.pending, 1, __ATOMIC_ACQ_REL))
		return false;
	work->work.cpu1 = cpu1_of(cpu);
	queue_later(wq, work, delay);
	return true;
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	return queue_delayed_work_on(WORK_CPU_UNBOUND, wq, work, delay);
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	bool was = grab(&work->work, &work->timer);

	work->work.cpu1 = cpu1_of(cpu);
	queue_later(wq, work, delay);
	return was;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	return mod_delayed_work_on(WORK_CPU_UNBOUND, wq, work, delay);
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

/* ---- after a grace period ---------------------------------------------------------- */

static void rcu_work_queue(struct rcu_head *head)
{
	struct rcu_work *rwork = container_of(head, struct rcu_work, rcu);

	enqueue(rwork->wq, &rwork->work);
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

bool cancel_delayed_work(struct delayed_work *work)
{
	return cancel(&work->work, &work->timer, false);
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	might_sleep();
	return cancel(&work->work, &work->timer, true);
}

bool flush_delayed_work(struct delayed_work *work)
{
	if (del_timer_sync(&work->timer))
		enqueue(work->wq, &work->work);
	return flush_work(&work->work);
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
