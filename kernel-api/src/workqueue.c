/* SPDX-License-Identifier: MIT */
/*
 * workqueue.c - work in process context.
 *
 * Each queue has its own workers, made when work waits and none is idle: a few at once, and
 * up to max_active where none of them takes a work for a while, since they may wait for what
 * is queued. One at a time is on its way, the one that was idle last first; it takes a work
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
#include "workqueue_impl.h"

#define WORKERS_EAGER	16	/* beyond as many another is made only where nothing moves, */
#define STALLED_MS	10	/* for so long */
#define SHOWN_MAX	32	/* of a queue's running works, and of those that wait, in a dump */

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
	for (struct worker *worker = wq->workers; worker; worker = worker->next)
		if (worker->current_work == work && worker->current_func == work->func)
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

/* The caller has set pending. */
void work_enqueue(struct workqueue_struct *wq, struct work_struct *work)
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
	timer_setup(&wq->stalled, stalled_fn, 0);
	wq->max_active = clamp(max_active ? max_active : WQ_DFL_ACTIVE, 1, WQ_MAX_ACTIVE);
	spin_lock_bh(&all_lock);
	list_add_tail(&wq->of_all, &all_queues);
	spin_unlock_bh(&all_lock);
	owned_add("work queue", wq, wq->name, __builtin_return_address(0));
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	struct worker *worker;

	drain_workqueue(wq);
	del_timer_sync(&wq->stalled);
	while ((worker = wq->workers)) {
		wq->workers = worker->next;
		kthread_stop(worker->task);
		kfree(worker);
	}
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
