/* SPDX-License-Identifier: MIT */
/*
 * softirq.c - what runs with bottom halves disabled, on a virtual CPU of its choice:
 * softirqs and tasklets (interrupt.h).
 *
 * Each virtual CPU has a runner: an event CPU its event task, which a callback of ours is
 * posted to, another its ksoftirqd, made when it is first needed. Besides, the thread
 * that owns the CPU runs what was raised at its outermost local_bh_enable().
 *
 * Locking: the lists of a CPU are touched by its owner only. vcpu->pending and `kick` are
 * atomic.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "rcu_impl.h"
#include "sched_impl.h"

#define RESTARTS	10		/* rounds of one run, then the runner's next turn */

struct list {
	struct tasklet_struct *first, **end;
};

struct softirq_cpu {
	u64			host[5];	/* struct etask_callback, of event CPUs */
	struct list		tasklets, tasklets_hi;
	u32			kick;		/* atomic, ksoftirqd's futex */
	u32			state;		/* atomic: 0 no ksoftirqd, 1 on its way, 2 there */
	struct task_struct	*ksoftirqd;
} __aligned(64);

static struct softirq_cpu *cpus;
static struct softirq_action actions[NR_SOFTIRQS];
static bool stopping;	/* atomic */

/* ---- running ------------------------------------------------------------------------ */

static void list_push(struct list *list, struct tasklet_struct *t)
{
	t->next = NULL;
	*list->end = t;
	list->end = &t->next;
}

static void run_tasklets(struct list *list, unsigned int nr)
{
	struct tasklet_struct *t = list->first, *next;

	list->first = NULL;
	list->end = &list->first;
	for (; t; t = next) {
		next = t->next;
		if (!test_and_set_bit_lock(TASKLET_STATE_RUN, &t->state)) {
			if (!__atomic_load_n(&t->count.counter, __ATOMIC_SEQ_CST)) {
				if (!test_and_clear_bit(TASKLET_STATE_SCHED, &t->state))
					WARN_ONCE(1, "tasklet %pS was queued and not scheduled", t->func);
				if (t->use_callback)
					t->callback(t);
				else
					t->func(t->data);
				clear_bit_unlock(TASKLET_STATE_RUN, &t->state);
				continue;
			}
			clear_bit_unlock(TASKLET_STATE_RUN, &t->state);
		}
		/* Disabled, or it runs on another CPU: later. */
		list_push(list, t);
		raise_softirq(nr);
	}
}

static void run_one(struct softirq_cpu *cpu, unsigned int nr)
{
	switch (nr) {
	case HI_SOFTIRQ:
		run_tasklets(&cpu->tasklets_hi, nr);
		return;
	case TASKLET_SOFTIRQ:
		run_tasklets(&cpu->tasklets, nr);
		return;
	case RCU_SOFTIRQ:
		rcu_softirq();
		return;
	case CALL_SOFTIRQ:
		smp_run_calls(&vcpus[cpu - cpus]);
		return;
	}
	if (!WARN_ONCE(!actions[nr].action, "softirq %u was raised that nobody opened", nr))
		actions[nr].action(&actions[nr]);
}

ring3_softirq_entry void softirq_run_pending(struct vcpu *vcpu)
{
	struct softirq_cpu *cpu = &cpus[vcpu - vcpus];
	unsigned int pending;

	for (int restart = 0; restart < RESTARTS; restart++) {
		pending = __atomic_exchange_n(&vcpu->pending, 0, __ATOMIC_ACQ_REL);
		if (!pending)
			return;
		for (; pending; pending &= pending - 1) {
			unsigned int nr = (unsigned int)__builtin_ctz(pending);
			int before = preempt_count();

			run_one(cpu, nr);
			if (unlikely(WARN(preempt_count() != before, "softirq %u: preempt_count 0x%x before, 0x%x after",
					  nr, before, preempt_count())))
				ring3_preempt_word += before - preempt_count();
		}
	}
	if (__atomic_load_n(&vcpu->pending, __ATOMIC_RELAXED))
		softirq_kick((unsigned int)(vcpu - vcpus));
}

/* On an event task. */
static void event_run(void *storage)
{
	struct softirq_cpu *cpu = container_of(storage, struct softirq_cpu, host);

	softirq_run_pending(&vcpus[cpu - cpus]);
}

static int ksoftirqd_main(void *data)
{
	struct softirq_cpu *cpu = data;

	while (!__atomic_load_n(&stopping, __ATOMIC_SEQ_CST)) {
		if (!__atomic_exchange_n(&cpu->kick, 0, __ATOMIC_SEQ_CST)) {
			task_sleeps(current);
			host_futex_wait(&cpu->kick, 0, 0);
			task_wakes(current);
			continue;
		}
		preempt_count_add(SOFTIRQ_OFFSET);
		softirq_run_pending(&vcpus[cpu - cpus]);
		preempt_count_sub(SOFTIRQ_OFFSET);
	}
	return 0;
}

/* ---- raising -------------------------------------------------------------------------- */

static void make_ksoftirqd(struct softirq_cpu *cpu, unsigned int nr)
{
	struct task_struct *task;
	u32 none = 0;

	if (!__atomic_compare_exchange_n(&cpu->state, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	task = kthread_create(ksoftirqd_main, cpu, "ksoftirqd/%u", nr);
	if (WARN(IS_ERR(task), "no thread for the softirqs of virtual CPU %u: %ld", nr, PTR_ERR(task))) {
		__atomic_store_n(&cpu->state, 0, __ATOMIC_RELEASE);
		return;
	}
	kthread_bind(task, nr);
	cpu->ksoftirqd = task;
	__atomic_store_n(&cpu->state, 2, __ATOMIC_RELEASE);
	wake_up_process(task);
}

/* Its runner looks at what is pending, soon. */
void softirq_kick(unsigned int nr)
{
	struct softirq_cpu *cpu = &cpus[nr];

	if (nr < sched_nr_events()) {
		host_callback_post(nr, cpu->host);
		return;
	}
	if (unlikely(!__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE)))
		make_ksoftirqd(cpu, nr);
	if (!__atomic_exchange_n(&cpu->kick, 1, __ATOMIC_SEQ_CST))
		host_futex_wake(&cpu->kick, 1);
}

void softirq_raise_on(unsigned int cpu, unsigned int nr)
{
	__atomic_fetch_or(&vcpus[cpu].pending, 1u << nr, __ATOMIC_SEQ_CST);
	softirq_kick(cpu);
}

/* Inside bottom halves the runner is there already, or will come by at the outermost enable. */
void raise_softirq(unsigned int nr)
{
	unsigned int cpu;

	preempt_disable();
	cpu = smp_processor_id();
	__atomic_fetch_or(&vcpus[cpu].pending, 1u << nr, __ATOMIC_SEQ_CST);
	if (cpu < sched_nr_events() || softirq_count() < SOFTIRQ_OFFSET)
		softirq_kick(cpu);
	preempt_enable();
}

unsigned int ring3_softirq_pending(void)
{
	return vcpus ? __atomic_load_n(&vcpus[raw_smp_processor_id()].pending, __ATOMIC_RELAXED) : 0;
}

void open_softirq(int nr, void (*action)(struct softirq_action *action))
{
	BUG_ON(nr < 0 || nr >= NR_SOFTIRQS);
	WRITE_ONCE(actions[nr].action, action);
}

/* ---- tasklets ------------------------------------------------------------------------- */

void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *))
{
	*t = (struct tasklet_struct){ .callback = callback, .use_callback = true };
}

void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long), unsigned long data)
{
	*t = (struct tasklet_struct){ .func = func, .data = data };
}

static void schedule_on_list(struct tasklet_struct *t, bool hi)
{
	struct softirq_cpu *cpu;

	WARN_ONCE(!t->func, "a tasklet was scheduled before tasklet_setup()");
	if (test_and_set_bit(TASKLET_STATE_SCHED, &t->state))
		return;
	preempt_disable();
	cpu = &cpus[smp_processor_id()];
	list_push(hi ? &cpu->tasklets_hi : &cpu->tasklets, t);
	raise_softirq(hi ? HI_SOFTIRQ : TASKLET_SOFTIRQ);
	preempt_enable();
}

void tasklet_schedule(struct tasklet_struct *t)
{
	schedule_on_list(t, false);
}

void tasklet_hi_schedule(struct tasklet_struct *t)
{
	schedule_on_list(t, true);
}

void tasklet_unlock_wait(struct tasklet_struct *t)
{
	for (int i = 0; test_bit(TASKLET_STATE_RUN, &t->state); i++) {
		cpu_relax();
		if (i > 100)
			host_yield();
	}
	smp_mb();
}

/* SCHED is ours from when nobody has queued it: so it cannot come back in between. */
void tasklet_kill(struct tasklet_struct *t)
{
	WARN_ONCE(in_interrupt(), "tasklet_kill() in softirq context");
	while (test_and_set_bit(TASKLET_STATE_SCHED, &t->state))
		host_sleep_ns(20000);
	tasklet_unlock_wait(t);
	clear_bit_unlock(TASKLET_STATE_SCHED, &t->state);
}

/* ---- start and stop --------------------------------------------------------------------- */

int softirq_init(void)
{
	cpus = kcalloc(nr_cpu_ids, sizeof(*cpus), GFP_KERNEL);
	if (!cpus)
		return -ENOMEM;
	for (unsigned int nr = 0; nr < nr_cpu_ids; nr++) {
		cpus[nr].tasklets.end = &cpus[nr].tasklets.first;
		cpus[nr].tasklets_hi.end = &cpus[nr].tasklets_hi.first;
		host_callback_init(cpus[nr].host, event_run);
	}
	return 0;
}

/* After the event tasks have ended. */
void softirq_exit(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	for (unsigned int nr = 0; nr < nr_cpu_ids; nr++) {
		if (!cpus[nr].ksoftirqd)
			continue;
		__atomic_store_n(&cpus[nr].kick, 1, __ATOMIC_SEQ_CST);
		host_futex_wake(&cpus[nr].kick, 1);
		kthread_stop(cpus[nr].ksoftirqd);
	}
	stopping = false;
	kfree(cpus);
	cpus = NULL;
}
