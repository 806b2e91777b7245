/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - grace periods and callbacks: rcupdate.h.
 *
 * A thread that owns a virtual CPU is a reader until it gives it up: each vcpu counts in
 * `passes` the times its owner did, or an event task's round ended. Another thread marks
 * itself in its task, with the number of the newest grace period, from its outermost
 * rcu_read_lock() to the end of it; where that end lies inside a region that owns a CPU
 * the mark goes when the CPU does, and where a region ends inside rcu_read_lock() the mark
 * is set then, as old as can be.
 *
 * A grace period takes a new number; first each CPU must have been free or passed once,
 * then no task may be left with a mark that is older. CPUs before tasks, because a reader
 * may move from the one to the other, and back only as a new one.
 *
 * Order: an updater's change, the new number, the look at CPUs and marks; a reader's mark,
 * what it reads. host_barrier() puts a fence into every thread between; readers
 * themselves need one only where the host has no such call.
 *
 * Threads: "rcu" runs grace periods for callbacks; who waits runs one itself.
 * Locking: gp_lock (sleeps) is held over a grace period; tasks_lock, a bare word, guards
 * the list of tasks; done_lock of a CPU its list of callbacks that may run. Both leaves.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_wait.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/wait.h>

#include "rcu_impl.h"
#include "sched_impl.h"

#define BATCH		256	/* callbacks in a row of one softirq */

/* Callbacks of a virtual CPU: a stack that anyone may push to, and those whose time has come. */
struct rcu_cpu {
	struct rcu_head	*queued;	/* atomic; the newest first */
	u32		done_lock;
	struct rcu_head	*done, **done_end;
} __aligned(64);

__thread int ring3_rcu_nesting;
unsigned long ring3_rcu_gp = 1;
bool ring3_rcu_fences = true;
struct lockdep_map rcu_lock_map, rcu_bh_lock_map, rcu_sched_lock_map, rcu_callback_map;

static LIST_HEAD(tasks);
static u32 tasks_lock;
static DEFINE_MUTEX(gp_lock);
static unsigned long gp_ended = 1;	/* atomic: number of the last one that ended */
static u64 *seen;			/* passes of each CPU as the grace period began; gp_lock */
static struct rcu_cpu *cpus;
static struct task_struct *thread;
static bool stopping;			/* atomic */
static u32 wanted;			/* atomic, a futex: a callback is queued, or a grace period asked for */

void ring3_rcu_unbalanced(void)
{
	pr_emerg("%s: rcu_read_unlock() without rcu_read_lock()\n", current->comm);
	BUG();
}

void rcu_task_add(struct task_struct *task)
{
	word_lock(&tasks_lock);
	list_add_tail(&task->rcu_entry, &tasks);
	word_unlock(&tasks_lock);
}

void rcu_task_remove(struct task_struct *task)
{
	word_lock(&tasks_lock);
	list_del_init(&task->rcu_entry);
	word_unlock(&tasks_lock);
}

void rcu_cpu_released(struct task_struct *task)
{
	if (!ring3_rcu_nesting)
		__atomic_store_n(&task->rcu_mark, 0, __ATOMIC_RELEASE);
	else if (!task->rcu_mark)
		__atomic_store_n(&task->rcu_mark, 1, __ATOMIC_RELAXED);	/* the CPU's release follows */
}

/* ---- one grace period -------------------------------------------------------------- */

static void fence_all(void)
{
	smp_mb();
	if (!ring3_rcu_fences)
		host_barrier();
}

/* Between two looks: quick ones first. */
struct patience {
	u64	since, pause, stall;
	int	looks;
	bool	hurry;
};

/* true: it is time to say who is waited for. */
static bool pause_a_while(struct patience *p)
{
	u64 now;

	if (p->looks++ < 100) {
		cpu_pause();
		return false;
	}
	if (p->looks < 120 || p->hurry) {
		host_yield();
	} else {
		task_sleeps(current);
		host_sleep_ns(p->pause);
		task_wakes(current);
		p->pause = min_t(u64, p->pause * 2, NSEC_PER_MSEC);
	}
	now = host_now_ns();
	if (!p->since) {
		p->since = now;
		p->stall = now + RCU_STALL_NS;
	}
	if (now < p->stall)
		return false;
	p->stall = now + RCU_STALL_NS;
	return true;
}

static void wait_for_cpu(unsigned int cpu, struct patience *p)
{
	while (__atomic_load_n(&vcpus[cpu].passes, __ATOMIC_ACQUIRE) == seen[cpu] && vcpu_owned(&vcpus[cpu]))
		if (pause_a_while(p))
			pr_err("rcu: a grace period waits %llu s for virtual CPU %u\n",
			       (host_now_ns() - p->since) / NSEC_PER_SEC, cpu);
}

/* Does a task read since before grace period @gp? If so and @tell, say which. */
static bool old_reader(unsigned long gp, bool tell)
{
	struct task_struct *task;
	bool found = false;

	word_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, rcu_entry) {
		unsigned long mark = __atomic_load_n(&task->rcu_mark, __ATOMIC_ACQUIRE);

		if (!mark || mark >= gp)
			continue;
		found = true;
		if (tell)
			pr_err("rcu: a grace period waits for %s, thread %d\n", task->comm, READ_ONCE(task->pid));
		else
			break;
	}
	word_unlock(&tasks_lock);
	return found;
}

void rcu_tasks_note(void)
{
	struct task_struct *task;

	fence_all();
	word_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, rcu_entry) {
		unsigned long sleeps = __atomic_load_n(&task->sleeps, __ATOMIC_ACQUIRE);

		task->tasks_seen = task->kthread && task != current && !(sleeps & 1) ? sleeps + 1 : 0;
	}
	word_unlock(&tasks_lock);
}

bool rcu_tasks_left(bool tell)
{
	struct task_struct *task;
	bool found = false;

	word_lock(&tasks_lock);
	list_for_each_entry(task, &tasks, rcu_entry) {
		if (!task->tasks_seen)
			continue;
		if (__atomic_load_n(&task->sleeps, __ATOMIC_ACQUIRE) + 1 != task->tasks_seen) {
			task->tasks_seen = 0;
			continue;
		}
		found = true;
		if (tell)
			pr_err("rcu_tasks: a grace period waits for %s, thread %d\n", task->comm,
			       READ_ONCE(task->pid));
		else
			break;
	}
	word_unlock(&tasks_lock);
	return found;
}

/* gp_lock is held, and this thread owns no CPU and reads nothing. */
static void grace_period(bool hurry)
{
	struct patience p = { .pause = 10000, .hurry = hurry };
	unsigned long gp;

	smp_mb();
	gp = __atomic_add_fetch(&ring3_rcu_gp, 1, __ATOMIC_SEQ_CST);
	fence_all();
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		seen[cpu] = __atomic_load_n(&vcpus[cpu].passes, __ATOMIC_ACQUIRE);
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		wait_for_cpu(cpu, &p);
	while (old_reader(gp, false))
		if (pause_a_while(&p))
			old_reader(gp, true);
	fence_all();
	__atomic_store_n(&gp_ended, gp, __ATOMIC_SEQ_CST);
}

unsigned long rcu_ended(void)
{
	return __atomic_load_n(&gp_ended, __ATOMIC_SEQ_CST);
}

/* ---- waiting for one ------------------------------------------------------------------ */

unsigned long get_state_synchronize_rcu(void)
{
	smp_mb();
	return __atomic_load_n(&ring3_rcu_gp, __ATOMIC_SEQ_CST) + 1;
}

bool poll_state_synchronize_rcu(unsigned long state)
{
	if ((long)(__atomic_load_n(&gp_ended, __ATOMIC_SEQ_CST) - state) < 0)
		return false;
	smp_mb();
	return true;
}

static void want_one(void)
{
	if (!__atomic_exchange_n(&wanted, 1, __ATOMIC_SEQ_CST))
		host_futex_wake(&wanted, 1);
}

unsigned long start_poll_synchronize_rcu(void)
{
	unsigned long state = get_state_synchronize_rcu();

	want_one();
	return state;
}

static void wait_for_state(unsigned long state, bool hurry)
{
	might_sleep();
	while (!poll_state_synchronize_rcu(state)) {
		mutex_lock(&gp_lock);
		if (!poll_state_synchronize_rcu(state))
			grace_period(hurry);
		mutex_unlock(&gp_lock);
	}
}

/* Before ring3_kernel_start() there is one thread, and nobody to wait for. */
void synchronize_rcu(void)
{
	if (vcpus)
		wait_for_state(get_state_synchronize_rcu(), false);
}

void synchronize_rcu_expedited(void)
{
	if (vcpus)
		wait_for_state(get_state_synchronize_rcu(), true);
}

void cond_synchronize_rcu(unsigned long state)
{
	if (vcpus)
		wait_for_state(state, false);
}

/* ---- callbacks ------------------------------------------------------------------------ */

static __thread bool in_callback;

int lock_is_held(const struct lockdep_map *map)
{
	return map != &rcu_callback_map || in_callback;
}

static void push(struct rcu_cpu *cpu, struct rcu_head *head)
{
	struct rcu_head *top = __atomic_load_n(&cpu->queued, __ATOMIC_RELAXED);

	do {
		head->next = top;
	} while (!__atomic_compare_exchange_n(&cpu->queued, &top, head, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (!__atomic_load_n(&wanted, __ATOMIC_SEQ_CST))
		want_one();
}

void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	BUG_ON(!cpus);	/* before ring3_kernel_start() */
	WRITE_ONCE(head->func, func);
	push(&cpus[raw_smp_processor_id() % nr_cpu_ids], head);
}

void kvfree_call_rcu(struct rcu_head *head, void *ptr)
{
	if (head) {
		call_rcu(head, (rcu_callback_t)((char *)head - (char *)ptr));
		return;
	}
	synchronize_rcu();
	kvfree(ptr);
}

/* What was queued on @cpu, the oldest first. */
static struct rcu_head *take(struct rcu_cpu *cpu)
{
	struct rcu_head *head = __atomic_exchange_n(&cpu->queued, NULL, __ATOMIC_ACQ_REL), *oldest = NULL;

	while (head) {
		struct rcu_head *next = head->next;

		head->next = oldest;
		oldest = head;
		head = next;
	}
	return oldest;
}

static void hand_out(unsigned int nr, struct rcu_head *list)
{
	struct rcu_cpu *cpu = &cpus[nr];

	preempt_disable();
	word_lock(&cpu->done_lock);
	*cpu->done_end = list;
	while (*cpu->done_end)
		cpu->done_end = &(*cpu->done_end)->next;
	word_unlock(&cpu->done_lock);
	preempt_enable();
	softirq_raise_on(nr, RCU_SOFTIRQ);
}

void rcu_softirq(void)
{
	struct rcu_cpu *cpu = &cpus[raw_smp_processor_id()];
	struct rcu_head *list, *next, **last = &list;

	word_lock(&cpu->done_lock);
	list = cpu->done;
	for (int i = 0; i < BATCH && *last; i++)
		last = &(*last)->next;
	cpu->done = *last;
	*last = NULL;
	if (!cpu->done)
		cpu->done_end = &cpu->done;
	else
		raise_softirq(RCU_SOFTIRQ);
	word_unlock(&cpu->done_lock);

	in_callback = true;
	for (; list; list = next) {
		rcu_callback_t func = list->func;

		next = list->next;
		if (__is_kvfree_rcu_offset((unsigned long)func))
			kvfree((char *)list - (unsigned long)func);
		else
			func(list);
	}
	in_callback = false;
}

static int rcu_main(void *unused)
{
	struct rcu_head **lists = kcalloc(nr_cpu_ids, sizeof(*lists), GFP_KERNEL);

	BUG_ON(!lists);
	while (!__atomic_load_n(&stopping, __ATOMIC_SEQ_CST)) {
		bool any = false;

		if (!__atomic_exchange_n(&wanted, 0, __ATOMIC_SEQ_CST)) {
			task_sleeps(current);
			host_futex_wait(&wanted, 0, 0);
			task_wakes(current);
			continue;
		}
		for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
			lists[cpu] = take(&cpus[cpu]);
			any |= lists[cpu] != NULL;
		}
		mutex_lock(&gp_lock);
		grace_period(false);
		mutex_unlock(&gp_lock);
		for (unsigned int cpu = 0; any && cpu < nr_cpu_ids; cpu++)
			if (lists[cpu])
				hand_out(cpu, lists[cpu]);
	}
	kfree(lists);
	return 0;
}

/* ---- rcu_barrier() ---------------------------------------------------------------------- */

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

/* One more callback behind the last of each CPU. */
void rcu_barrier(void)
{
	struct barrier_state state = { .left = ATOMIC_INIT((int)nr_cpu_ids) };
	struct barrier_head *heads;

	might_sleep();
	if (!cpus)
		return;
	heads = kcalloc(nr_cpu_ids, sizeof(*heads), GFP_KERNEL);
	BUG_ON(!heads);
	init_completion(&state.done);
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		heads[cpu].state = &state;
		heads[cpu].head.func = barrier_run;
		push(&cpus[cpu], &heads[cpu].head);
	}
	wait_for_completion(&state.done);
	kfree(heads);
}

/* ---- several flavours at once ---------------------------------------------------------- */

void wakeme_after_rcu(struct rcu_head *head)
{
	complete(&container_of(head, struct rcu_synchronize, head)->completion);
}

void __wait_rcu_gp(int n, call_rcu_func_t *funcs, struct rcu_synchronize *waits)
{
	might_sleep();
	for (int i = 0; i < n; i++) {
		init_completion(&waits[i].completion);
		funcs[i](&waits[i].head, wakeme_after_rcu);
	}
	for (int i = 0; i < n; i++)
		wait_for_completion(&waits[i].completion);
}

/* ---- start and stop --------------------------------------------------------------------- */

int rcu_init(void)
{
	seen = kcalloc(nr_cpu_ids, sizeof(*seen), GFP_KERNEL);
	cpus = kcalloc(nr_cpu_ids, sizeof(*cpus), GFP_KERNEL);
	if (!seen || !cpus)
		return -ENOMEM;
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		cpus[cpu].done_end = &cpus[cpu].done;
	thread = kthread_run(rcu_main, NULL, "rcu");
	return IS_ERR(thread) ? (int)PTR_ERR(thread) : 0;
}

void rcu_exit(void)
{
	rcu_barrier();
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	want_one();
	kthread_stop(thread);
	stopping = false;
	__atomic_store_n(&wanted, 0, __ATOMIC_SEQ_CST);
	kfree(cpus);
	kfree(seen);
	cpus = NULL;
	seen = NULL;
}
