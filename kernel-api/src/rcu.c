/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - grace periods: rcupdate.h.
 *
 * Every task of a thread stands in the list of tasks and marks itself in rcu_seq from its
 * outermost read section, or from where its preempt count leaves 0, until the end of it.
 * A grace period takes a new number and waits until no task is left that marked itself
 * with an older one. Event tasks mark nothing: a callback posted to each of them runs
 * between two handlers, and so after all that had begun.
 *
 * Order: an updater's change, then the new number, then the look at a mark; a reader's
 * mark, then what it reads; full fences between. So either the look finds the mark, or
 * the reader finds the change.
 *
 * Threads: one, "rcu", does all of this; it sleeps while no callback is queued.
 * Locking: tasks_lock, a bare futex word, guards the list of tasks; a leaf.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "host/host.h"
#include "rcu_impl.h"
#include "sched_impl.h"

unsigned long ring3_rcu_seq = 1;

static struct list_head tasks = LIST_HEAD_INIT(tasks);
static u32 tasks_lock;

static void lock_tasks(void)
{
	while (__atomic_exchange_n(&tasks_lock, 1, __ATOMIC_ACQUIRE))
		host_yield();
}

static void unlock_tasks(void)
{
	__atomic_store_n(&tasks_lock, 0, __ATOMIC_RELEASE);
}

void rcu_task_add(struct task_struct *task)
{
	lock_tasks();
	list_add_tail(&task->rcu_entry, &tasks);
	unlock_tasks();
}

void rcu_task_remove(struct task_struct *task)
{
	lock_tasks();
	list_del_init(&task->rcu_entry);
	unlock_tasks();
}

/* ---- one grace period -------------------------------------------------------------- */

struct event_pass {
	u64	storage[5];	/* struct etask_callback */
	u32	ran;		/* atomic, a futex */
};

static void event_pass_run(void *storage)
{
	struct event_pass *pass = container_of(storage, struct event_pass, storage);

	__atomic_store_n(&pass->ran, 1, __ATOMIC_RELEASE);
	host_futex_wake(&pass->ran, 1);
}

static struct event_pass *passes;	/* one per event CPU; the rcu thread's */
static unsigned int nr_passes;

static void post_event_passes(void)
{
	for (unsigned int cpu = 0; cpu < nr_passes; cpu++) {
		__atomic_store_n(&passes[cpu].ran, 0, __ATOMIC_RELAXED);
		host_callback_init(passes[cpu].storage, event_pass_run);
		host_callback_post(cpu, passes[cpu].storage);
	}
}

static void wait_for_event_passes(void)
{
	for (unsigned int cpu = 0; cpu < nr_passes; cpu++)
		while (!__atomic_load_n(&passes[cpu].ran, __ATOMIC_ACQUIRE))
			host_futex_wait(&passes[cpu].ran, 0, 0);
}

/* Does any task read since before grace period @seq began? */
static bool readers_before(unsigned long seq)
{
	struct task_struct *task;
	bool found = false;

	lock_tasks();
	list_for_each_entry(task, &tasks, rcu_entry) {
		unsigned long began = __atomic_load_n(&task->rcu_seq, __ATOMIC_ACQUIRE);

		if (began && began < seq && task != current) {
			found = true;
			break;
		}
	}
	unlock_tasks();
	return found;
}

static void grace_period(void)
{
	unsigned long seq;
	u64 pause_ns = 1000;

	smp_mb();
	seq = __atomic_add_fetch(&ring3_rcu_seq, 1, __ATOMIC_SEQ_CST);
	smp_mb();
	post_event_passes();
	for (int spins = 0; readers_before(seq); spins++) {
		if (spins < 20) {
			host_yield();
			continue;
		}
		host_sleep_ns(pause_ns);
		pause_ns = min_t(u64, pause_ns * 2, NSEC_PER_MSEC);
	}
	wait_for_event_passes();
	smp_mb();
}

/* ---- callbacks ------------------------------------------------------------------------ */

/* A stack per virtual CPU that anyone may push to; the rcu thread takes it whole. */
struct queue {
	struct rcu_head	*top;	/* atomic */
} __aligned(64);

static struct queue *queues;
static unsigned int nr_queues;
static u32 work;		/* atomic, a futex: something is queued */
static unsigned long gp_started, gp_ended;	/* atomic: numbers of passes */
static struct task_struct *thread;
static bool stopping;		/* atomic */

static void queue_push(struct queue *queue, struct rcu_head *head)
{
	struct rcu_head *top = __atomic_load_n(&queue->top, __ATOMIC_RELAXED);

	do {
		head->next = top;
	} while (!__atomic_compare_exchange_n(&queue->top, &top, head, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (!__atomic_exchange_n(&work, 1, __ATOMIC_SEQ_CST))
		host_futex_wake(&work, 1);
}

void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	BUG_ON(!queues);	/* before ring3_kernel_start() */
	head->func = func;
	queue_push(&queues[current->cpu % nr_queues], head);
}

/* All that is queued, of each CPU in the order of queueing. */
static struct rcu_head *take_all(void)
{
	struct rcu_head *list = NULL;

	for (unsigned int cpu = 0; cpu < nr_queues; cpu++) {
		struct rcu_head *head = __atomic_exchange_n(&queues[cpu].top, NULL, __ATOMIC_ACQ_REL), *next;
		struct rcu_head *before = list;
		struct rcu_head *reversed = NULL, *last = head;

		for (; head; head = next) {
			next = head->next;
			head->next = reversed;
			reversed = head;
		}
		if (reversed) {
			last->next = before;
			list = reversed;
		}
	}
	return list;
}

static void run_callbacks(struct rcu_head *head)
{
	preempt_count_add(SOFTIRQ_OFFSET);
	for (struct rcu_head *next; head; head = next) {
		rcu_callback_t func = head->func;

		next = head->next;
		if ((unsigned long)func < 4096)	/* kfree_rcu(): where in its object the head lies */
			kvfree((char *)head - (unsigned long)func);
		else
			func(head);
	}
	preempt_count_sub(SOFTIRQ_OFFSET);
}

static int rcu_thread(void *data)
{
	while (!__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)) {
		struct rcu_head *list;

		if (!__atomic_exchange_n(&work, 0, __ATOMIC_SEQ_CST)) {
			host_futex_wait(&work, 0, 0);
			continue;
		}
		list = take_all();
		__atomic_fetch_add(&gp_started, 1, __ATOMIC_SEQ_CST);
		grace_period();
		__atomic_fetch_add(&gp_ended, 1, __ATOMIC_SEQ_CST);
		run_callbacks(list);
	}
	return 0;
}

/* ---- waiting --------------------------------------------------------------------------- */

struct waiter {
	struct rcu_head		head;
	struct completion	done;
};

static void waiter_run(struct rcu_head *head)
{
	complete(&container_of(head, struct waiter, head)->done);
}

void synchronize_rcu(void)
{
	struct waiter waiter;

	might_sleep();
	init_completion(&waiter.done);
	call_rcu(&waiter.head, waiter_run);
	wait_for_completion(&waiter.done);
}

struct barrier_state {
	atomic_t		left;
	struct completion	done;
};
struct barrier_head {
	struct rcu_head		head;
	struct barrier_state	*state;
};

static void barrier_run(struct rcu_head *head)
{
	struct barrier_state *state = container_of(head, struct barrier_head, head)->state;

	if (atomic_dec_and_test(&state->left))
		complete(&state->done);
}

void rcu_barrier(void)
{
	struct barrier_state state = { .left = ATOMIC_INIT((int)nr_queues) };
	struct barrier_head *heads = kcalloc(nr_queues, sizeof(*heads), GFP_KERNEL);

	might_sleep();
	BUG_ON(!heads);
	init_completion(&state.done);
	for (unsigned int cpu = 0; cpu < nr_queues; cpu++) {
		heads[cpu].state = &state;
		heads[cpu].head.func = barrier_run;
		queue_push(&queues[cpu], &heads[cpu].head);
	}
	wait_for_completion(&state.done);
	kfree(heads);
}

/* A pass that starts after this call covers it: the next one, or the one behind what runs now. */
unsigned long get_state_synchronize_rcu(void)
{
	smp_mb();
	return __atomic_load_n(&gp_started, __ATOMIC_SEQ_CST) + 1;
}

bool poll_state_synchronize_rcu(unsigned long state)
{
	return (long)(__atomic_load_n(&gp_ended, __ATOMIC_SEQ_CST) - state) >= 0;
}

static void nothing(struct rcu_head *head)
{
	kfree(head);
}

unsigned long start_poll_synchronize_rcu(void)
{
	unsigned long state = get_state_synchronize_rcu();
	struct rcu_head *head = kmalloc(sizeof(*head), GFP_ATOMIC);

	if (head)	/* without memory somebody else's callback has to start the pass */
		call_rcu(head, nothing);
	return state;
}

void cond_synchronize_rcu(unsigned long state)
{
	if (!poll_state_synchronize_rcu(state))
		synchronize_rcu();
}

void ring3_kvfree_call_rcu(struct rcu_head *head, void *ptr)
{
	if (!head) {
		synchronize_rcu();
		kvfree(ptr);
		return;
	}
	head->func = (rcu_callback_t)(unsigned long)((char *)head - (char *)ptr);
	queue_push(&queues[current->cpu % nr_queues], head);
}

/* ---- start and stop --------------------------------------------------------------------- */

int rcu_init(void)
{
	nr_queues = nr_cpu_ids;
	nr_passes = sched_nr_events();
	queues = kcalloc(nr_queues, sizeof(*queues), GFP_KERNEL);
	passes = kcalloc(nr_passes, sizeof(*passes), GFP_KERNEL);
	if (!queues || !passes)
		return -ENOMEM;
	thread = kthread_run(rcu_thread, NULL, "rcu");
	return IS_ERR(thread) ? (int)PTR_ERR(thread) : 0;
}

/* What is queued runs before it returns. */
void rcu_exit(void)
{
	rcu_barrier();
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	__atomic_store_n(&work, 1, __ATOMIC_SEQ_CST);
	host_futex_wake(&work, 1);
	kthread_stop(thread);
	stopping = false;
	kfree(queues);
	kfree(passes);
	queues = NULL;
	passes = NULL;
	__atomic_store_n(&work, 0, __ATOMIC_SEQ_CST);
}
