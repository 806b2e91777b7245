/* SPDX-License-Identifier: MIT */
/*
 * softirq.c - what runs with bottom halves disabled, on a virtual CPU of its choice:
 * softirqs, tasklets (interrupt.h), calls between CPUs (smp.h).
 *
 * Each virtual CPU has a runner: an event CPU its event task, which a callback of ours is
 * posted to, another its ksoftirqd, made when it is first needed. Besides, the thread
 * that owns the CPU runs what was raised at its outermost local_bh_enable().
 *
 * Locking: the lists of a CPU are touched by its owner only, but for `calls`, a stack that
 * anyone pushes to. vcpu->pending and `kick` are atomic.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "rcu_impl.h"
#include "sched_impl.h"

#define CALL_SOFTIRQ	NR_SOFTIRQS	/* bit of vcpu->pending: `calls` is not empty */
#define RESTARTS	10		/* rounds of one run, then the runner's next turn */

struct list {
	struct tasklet_struct *first, **end;
};

struct softirq_cpu {
	u64			host[5];	/* struct etask_callback, of event CPUs */
	struct list		tasklets, tasklets_hi;
	call_single_data_t	*calls;		/* atomic; the newest first */
	u32			kick;		/* atomic, ksoftirqd's futex */
	u32			state;		/* atomic: 0 no ksoftirqd, 1 on its way, 2 there */
	struct task_struct	*ksoftirqd;
} __aligned(64);

static struct softirq_cpu *cpus;
static struct softirq_action actions[NR_SOFTIRQS];
static bool stopping;	/* atomic */

/* ---- running ------------------------------------------------------------------------ */

static void run_calls(struct softirq_cpu *cpu)
{
	call_single_data_t *csd = __atomic_exchange_n(&cpu->calls, NULL, __ATOMIC_ACQ_REL), *oldest = NULL, *next;

	for (; csd; csd = next) {
		next = (void *)csd->host[0];
		csd->host[0] = (u64)oldest;
		oldest = csd;
	}
	for (csd = oldest; csd; csd = next) {
		smp_call_func_t func = csd->func;
		void *info = csd->info;

		next = (void *)csd->host[0];
		/* Free again before it runs: the function may post it, or free what it lies in. */
		__atomic_store_n(&csd->locked, 0, __ATOMIC_RELEASE);
		func(info);
	}
}

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
		run_calls(cpu);
		return;
	}
	if (!WARN_ONCE(!actions[nr].action, "softirq %u was raised that nobody opened", nr))
		actions[nr].action(&actions[nr]);
}

static void kick(unsigned int nr);

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
		kick((unsigned int)(vcpu - vcpus));
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
			host_futex_wait(&cpu->kick, 0, 0);
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
static void kick(unsigned int nr)
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
	kick(cpu);
}

/* Inside bottom halves the runner is there already, or will come by at the outermost enable. */
void raise_softirq(unsigned int nr)
{
	unsigned int cpu;

	preempt_disable();
	cpu = smp_processor_id();
	__atomic_fetch_or(&vcpus[cpu].pending, 1u << nr, __ATOMIC_SEQ_CST);
	if (cpu < sched_nr_events() || softirq_count() < SOFTIRQ_OFFSET)
		kick(cpu);
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

/* ---- calls ---------------------------------------------------------------------------- */

ring3_softirq_entry static void csd_run(void *storage)
{
	call_single_data_t *csd = container_of(storage, call_single_data_t, host);
	smp_call_func_t func = csd->func;
	void *info = csd->info;

	__atomic_store_n(&csd->locked, 0, __ATOMIC_RELEASE);
	func(info);
}

int smp_call_function_single_async(int nr, call_single_data_t *csd)
{
	struct softirq_cpu *cpu = &cpus[nr];
	call_single_data_t *top;

	if ((unsigned int)nr >= nr_cpu_ids)
		return -ENXIO;
	if (__atomic_exchange_n(&csd->locked, 1, __ATOMIC_ACQUIRE))
		return -EBUSY;
	if ((unsigned int)nr < sched_nr_events()) {
		host_callback_init(csd->host, csd_run);
		host_callback_post((unsigned int)nr, csd->host);
		return 0;
	}
	top = __atomic_load_n(&cpu->calls, __ATOMIC_RELAXED);
	do {
		csd->host[0] = (u64)top;
	} while (!__atomic_compare_exchange_n(&cpu->calls, &top, csd, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	softirq_raise_on((unsigned int)nr, CALL_SOFTIRQ);
	return 0;
}

struct call {
	call_single_data_t	csd;
	smp_call_func_t		func;
	void			*info;
	bool			mine;		/* to free */
	struct completion	done;
};

static void call_run(void *arg)
{
	struct call *call = arg;

	call->func(call->info);
	if (call->mine)
		kfree(call);
	else
		complete(&call->done);
}

/* Who may not sleep spins, and runs what others want of this CPU, who may spin for it as well. */
static void call_wait(struct call *call)
{
	if (!ring3_preempt_word) {
		wait_for_completion(&call->done);
		return;
	}
	while (!try_wait_for_completion(&call->done)) {
		if (!in_interrupt() && ring3_cpu_id >= sched_nr_events()) {
			preempt_count_add(SOFTIRQ_OFFSET);
			run_calls(&cpus[ring3_cpu_id]);
			preempt_count_sub(SOFTIRQ_OFFSET);
		}
		host_yield();
	}
}

int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait)
{
	struct call here = { .func = func, .info = info }, *call = &here;

	if ((unsigned int)cpu >= nr_cpu_ids)
		return -ENXIO;
	preempt_disable();
	if (smp_processor_id() == (unsigned int)cpu) {
		func(info);
		preempt_enable();
		return 0;
	}
	preempt_enable();
	WARN_ONCE(wait && in_serving_softirq(), "smp_call_function_single() waits in softirq context");
	if (!wait) {
		call = kmalloc(sizeof(*call), GFP_ATOMIC);
		if (!call)
			return -ENOMEM;
		*call = (struct call){ .func = func, .info = info, .mine = true };
	}
	INIT_CSD(&call->csd, call_run, call);
	init_completion(&call->done);
	smp_call_function_single_async(cpu, &call->csd);
	if (wait)
		call_wait(call);
	return 0;
}

struct call_on {
	int	(*func)(void *arg);
	void	*arg;
};

static int call_on_main(void *data)
{
	struct call_on *on = data;

	return on->func(on->arg);
}

/* One that is stopped before it ran has not called it: so wait for its end, and not only for it to be told. */
int smp_call_on_cpu(unsigned int cpu, int (*func)(void *), void *arg, bool phys)
{
	struct call_on on = { func, arg };
	struct task_struct *task;

	if (cpu >= nr_cpu_ids)
		return -ENXIO;
	task = kthread_create(call_on_main, &on, "call/%u", cpu);
	if (IS_ERR(task))
		return (int)PTR_ERR(task);
	kthread_bind(task, cpu);
	wake_up_process(task);
	return kthread_wait(task);
}

static void call_many(smp_cond_func_t cond, smp_call_func_t func, void *info, bool wait, bool here)
{
	struct call *calls = kcalloc(nr_cpu_ids, sizeof(*calls), GFP_ATOMIC);
	int self = get_cpu();

	/* Without memory one by one: slower, not less. */
	for (int cpu = 0; cpu < (int)nr_cpu_ids; cpu++) {
		if (cpu == self || (cond && !cond(cpu, info)))
			continue;
		if (!calls || !wait) {
			smp_call_function_single(cpu, func, info, wait || !calls);
			continue;
		}
		calls[cpu].func = func;
		calls[cpu].info = info;
		INIT_CSD(&calls[cpu].csd, call_run, &calls[cpu]);
		init_completion(&calls[cpu].done);
		smp_call_function_single_async(cpu, &calls[cpu].csd);
	}
	if (here && (!cond || cond(self, info)))
		func(info);
	for (int cpu = 0; calls && wait && cpu < (int)nr_cpu_ids; cpu++)
		if (calls[cpu].func)
			call_wait(&calls[cpu]);
	put_cpu();
	kfree(calls);
}

void smp_call_function(smp_call_func_t func, void *info, int wait)
{
	call_many(NULL, func, info, wait, false);
}

void on_each_cpu(smp_call_func_t func, void *info, int wait)
{
	call_many(NULL, func, info, wait, true);
}

void on_each_cpu_cond(smp_cond_func_t cond, smp_call_func_t func, void *info, bool wait)
{
	call_many(cond, func, info, wait, true);
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
