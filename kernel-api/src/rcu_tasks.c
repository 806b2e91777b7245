/* SPDX-License-Identifier: MIT */
/*
 * rcu_tasks.c - Tasks RCU and its rude and tracing kinds: rcupdate.h, rcupdate_trace.h.
 *
 * A grace period of the first waits until each kthread has slept of its own will, or sleeps.
 * task->sleeps counts: odd while it sleeps, one more at each end. A kthread whose count was even
 * as the grace period began is waited for until the count is another. Handlers of event tasks,
 * and what owns a virtual CPU, are regions of the usual RCU, whose grace period comes before
 * and after. A rude one waits for those regions only. The tracing kind is an SRCU domain whose
 * index the task keeps.
 *
 * Locking: gp_lock of a kind over its grace period; its `lock` over the callbacks. task->tasks_seen
 * is of who holds the gp_lock of the first kind.
 */
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_trace.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "rcu_impl.h"
#include "sched_impl.h"

__visible void show_rcu_tasks_classic_gp_kthread(void);
__visible void show_rcu_tasks_rude_gp_kthread(void);
__visible void show_rcu_tasks_trace_gp_kthread(void);

struct tasks_kind {
	void			(*grace_period)(void);
	struct mutex		gp_lock;
	unsigned long		begun, ended;	/* atomic: grace periods */
	spinlock_t		lock;		/* over what follows */
	struct rcu_head		*first, **last;	/* callbacks */
	bool			working;
	struct work_struct	work;
};

static void run_callbacks(struct work_struct *work);

#define TASKS_KIND(name, fn)								\
static struct tasks_kind name = {							\
	.grace_period = (fn), .gp_lock = __MUTEX_INITIALIZER((name).gp_lock),		\
	.lock = __SPIN_LOCK_UNLOCKED((name).lock), .last = &(name).first,		\
	.work = { .func = run_callbacks, .entry = LIST_HEAD_INIT((name).work.entry) },	\
}

static void wait_for_tasks(void)
{
	u64 pause = 10000, since = host_now_ns(), stall = since + RCU_STALL_NS;

	synchronize_rcu();
	rcu_tasks_note();
	while (rcu_tasks_left(false)) {
		u64 now = host_now_ns();

		if (now >= stall) {
			stall = now + RCU_STALL_NS;
			rcu_tasks_left(true);
		}
		task_sleeps(current);
		host_sleep_ns(pause);
		task_wakes(current);
		pause = min_t(u64, pause * 2, NSEC_PER_MSEC);
	}
	synchronize_rcu();
}

TASKS_KIND(classic, wait_for_tasks);
TASKS_KIND(rude, synchronize_rcu);
DEFINE_STATIC_SRCU(trace_srcu);
struct lockdep_map rcu_trace_lock_map;

/* ---- waiting -------------------------------------------------------------------------- */

static void synchronize(struct tasks_kind *kind)
{
	unsigned long want;

	might_sleep();
	if (!vcpus)
		return;		/* one thread, and nobody to wait for */
	smp_mb();
	want = __atomic_load_n(&kind->begun, __ATOMIC_SEQ_CST) + 1;
	while ((long)(__atomic_load_n(&kind->ended, __ATOMIC_SEQ_CST) - want) < 0) {
		mutex_lock(&kind->gp_lock);
		if ((long)(__atomic_load_n(&kind->ended, __ATOMIC_SEQ_CST) - want) < 0) {
			unsigned long nr = __atomic_add_fetch(&kind->begun, 1, __ATOMIC_SEQ_CST);

			kind->grace_period();
			__atomic_store_n(&kind->ended, nr, __ATOMIC_SEQ_CST);
		}
		mutex_unlock(&kind->gp_lock);
	}
	smp_mb();
}

void synchronize_rcu_tasks(void) { synchronize(&classic); }
void synchronize_rcu_tasks_rude(void) { synchronize(&rude); }
void synchronize_rcu_tasks_trace(void) { synchronize_srcu(&trace_srcu); }

/* ---- callbacks ------------------------------------------------------------------------ */

static struct rcu_head *take(struct tasks_kind *kind)
{
	struct rcu_head *list;

	spin_lock_irq(&kind->lock);
	list = kind->first;
	kind->first = NULL;
	kind->last = &kind->first;
	if (!list)
		kind->working = false;
	spin_unlock_irq(&kind->lock);
	return list;
}

static void run_callbacks(struct work_struct *work)
{
	struct tasks_kind *kind = container_of(work, struct tasks_kind, work);
	struct rcu_head *list, *next;

	while ((list = take(kind))) {
		synchronize(kind);
		for (; list; list = next) {
			next = list->next;
			local_bh_disable();
			list->func(list);
			local_bh_enable();
			cond_resched_tasks_rcu_qs();
		}
	}
}

static void queue(struct tasks_kind *kind, struct rcu_head *head, rcu_callback_t func)
{
	unsigned long flags;
	bool start;

	WRITE_ONCE(head->func, func);
	head->next = NULL;
	spin_lock_irqsave(&kind->lock, flags);
	*kind->last = head;
	kind->last = &head->next;
	start = !kind->working;
	kind->working = true;
	spin_unlock_irqrestore(&kind->lock, flags);
	if (start)
		queue_work(system_unbound_wq, &kind->work);
}

void call_rcu_tasks(struct rcu_head *head, rcu_callback_t func) { queue(&classic, head, func); }
void call_rcu_tasks_rude(struct rcu_head *head, rcu_callback_t func) { queue(&rude, head, func); }
void call_rcu_tasks_trace(struct rcu_head *head, rcu_callback_t func) { call_srcu(&trace_srcu, head, func); }

struct waiter {
	struct rcu_head		head;
	struct completion	done;
};

static void waiter_run(struct rcu_head *head)
{
	complete(&container_of(head, struct waiter, head)->done);
}

static void barrier_of(struct tasks_kind *kind)
{
	struct waiter waiter;

	might_sleep();
	init_completion(&waiter.done);
	queue(kind, &waiter.head, waiter_run);
	wait_for_completion(&waiter.done);
}

void rcu_barrier_tasks(void) { barrier_of(&classic); }
void rcu_barrier_tasks_rude(void) { barrier_of(&rude); }
void rcu_barrier_tasks_trace(void) { srcu_barrier(&trace_srcu); }

/* Nobody queues any more. */
void rcu_tasks_exit(void)
{
	flush_work(&classic.work);
	flush_work(&rude.work);
	flush_work(&trace_srcu.work);
}

/* ---- readers of the tracing kind, and who says that he has slept -------------------------- */

void ring3_rcu_trace_lock(struct task_struct *task)
{
	task->trc_idx = srcu_read_lock(&trace_srcu);
}

void ring3_rcu_trace_unlock(struct task_struct *task)
{
	if (WARN(task->trc_reader_nesting < 0, "%s: rcu_read_unlock_trace() without rcu_read_lock_trace()",
		 task->comm)) {
		task->trc_reader_nesting = 0;
		return;
	}
	srcu_read_unlock(&trace_srcu, task->trc_idx);
}

int cond_resched_tasks_rcu_qs(void)
{
	struct task_struct *task = current;

	task_sleeps(task);
	task_wakes(task);
	return cond_resched();
}

/* ---- for rcutorture ------------------------------------------------------------------- */

static void show(const char *name, const struct tasks_kind *kind)
{
	pr_info("%s: grace period %lu began last, %lu has ended\n", name, READ_ONCE(kind->begun),
		READ_ONCE(kind->ended));
}

void show_rcu_tasks_classic_gp_kthread(void) { show("rcu_tasks", &classic); }
void show_rcu_tasks_rude_gp_kthread(void) { show("rcu_tasks_rude", &rude); }
void show_rcu_tasks_trace_gp_kthread(void)
{
	srcu_torture_stats_print(&trace_srcu, "rcu_tasks_trace", ":");
}
