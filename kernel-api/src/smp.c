/* SPDX-License-Identifier: MIT */
/*
 * smp.c - calls between virtual CPUs: smp.h, and cpu_relax() of asm/barrier.h.
 *
 * A call that nobody waits for is a softirq: a callback of the event task, or on the list `calls`
 * of a CPU that threads share. One that is waited for is on the list `waited`: whoever owns the CPU
 * runs it as soon as it looks, which is when softirqs run and wherever it waits with interrupts on.
 * No such call runs inside another: an interrupt handler is not interrupted there either.
 *
 * Locking: both lists are stacks that anyone pushes to and the CPU's owner empties.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "sched_impl.h"

/* ---- running ------------------------------------------------------------------------ */

static void push(call_single_data_t **list, call_single_data_t *csd)
{
	call_single_data_t *top = __atomic_load_n(list, __ATOMIC_RELAXED);

	do {
		csd->host[0] = (u64)top;
	} while (!__atomic_compare_exchange_n(list, &top, csd, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

/* All of a list, the oldest first. Each is free again before it runs: it may post itself, or free what it lies in. */
static void run_list(call_single_data_t **list)
{
	call_single_data_t *csd = __atomic_exchange_n(list, NULL, __ATOMIC_ACQ_REL), *oldest = NULL, *next;

	for (; csd; csd = next) {
		next = (void *)csd->host[0];
		csd->host[0] = (u64)oldest;
		oldest = csd;
	}
	for (csd = oldest; csd; csd = next) {
		smp_call_func_t func = csd->func;
		void *info = csd->info;

		next = (void *)csd->host[0];
		__atomic_store_n(&csd->locked, 0, __ATOMIC_RELEASE);
		func(info);
	}
}

/* The caller owns the CPU. What its softirqs are asked meanwhile, they do later. */
ring3_softirq_entry static void run_waited(struct vcpu *vcpu)
{
	int before = preempt_count(), offset = in_serving_softirq() ? 0 : SOFTIRQ_OFFSET;

	vcpu->calling = true;
	ring3_preempt_word += offset;
	run_list(&vcpu->waited);
	ring3_preempt_word -= offset;
	vcpu->calling = false;
	if (unlikely(WARN(preempt_count() != before, "a call left preempt_count 0x%x, it was 0x%x", preempt_count(),
			  before)))
		ring3_preempt_word += before - preempt_count();
	if (__atomic_load_n(&vcpu->pending, __ATOMIC_RELAXED) && !softirq_count())
		softirq_kick((unsigned int)(vcpu - vcpus));
}

/* First those for which others wait. */
void smp_run_calls(struct vcpu *vcpu)
{
	if (!vcpu->calling)
		run_waited(vcpu);
	run_list(&vcpu->calls);
}

static void look_for_calls(void)
{
	struct vcpu *vcpu = this_vcpu;

	if (vcpu && unlikely(__atomic_load_n(&vcpu->waited, __ATOMIC_RELAXED)) && !irqs_disabled() &&
	    !hardirq_count() && !vcpu->calling)
		run_waited(vcpu);
}

void ring3_cpu_relax(void)
{
	cpu_pause();
	if (ring3_preempt_word)
		look_for_calls();
}

/* ---- calling ------------------------------------------------------------------------ */

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
	if ((unsigned int)nr >= nr_cpu_ids)
		return -ENXIO;
	if (__atomic_exchange_n(&csd->locked, 1, __ATOMIC_ACQUIRE))
		return -EBUSY;
	if ((unsigned int)nr < sched_nr_events()) {
		host_callback_init(csd->host, csd_run);
		host_callback_post((unsigned int)nr, csd->host);
		return 0;
	}
	push(&vcpus[nr].calls, csd);
	softirq_raise_on((unsigned int)nr, CALL_SOFTIRQ);
	return 0;
}

struct call {
	call_single_data_t	csd;
	smp_call_func_t		func;
	void			*info;
	struct completion	done;
};

static void call_run(void *arg)
{
	struct call *call = arg;

	call->func(call->info);
	complete(&call->done);
}

static void call_run_and_free(void *arg)
{
	struct call *call = arg;

	call->func(call->info);
	kfree(call);
}

static void call_start(struct call *call, unsigned int cpu, smp_call_func_t func, void *info)
{
	call->func = func;
	call->info = info;
	INIT_CSD(&call->csd, call_run, call);
	init_completion(&call->done);
	push(&vcpus[cpu].waited, &call->csd);
	softirq_raise_on(cpu, CALL_SOFTIRQ);
}

/* Who may not sleep spins. */
static void call_wait(struct call *call)
{
	WARN_ONCE(in_serving_softirq(), "smp_call_function_single() waits in softirq context");
	WARN_ONCE(irqs_disabled(), "smp_call_function_single() waits with interrupts off");
	if (!ring3_preempt_word && !rcu_preempt_depth()) {
		wait_for_completion(&call->done);
		return;
	}
	for (int looks = 0; !try_wait_for_completion(&call->done); looks++) {
		cpu_relax();
		if (looks >= 100)
			host_yield();
	}
}

int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait)
{
	struct call here, *call;

	if ((unsigned int)cpu >= nr_cpu_ids)
		return -ENXIO;
	preempt_disable();
	if (smp_processor_id() == (unsigned int)cpu) {
		func(info);
		preempt_enable();
		return 0;
	}
	preempt_enable();
	if (wait) {
		call_start(&here, (unsigned int)cpu, func, info);
		call_wait(&here);
		return 0;
	}
	call = kmalloc(sizeof(*call), GFP_ATOMIC);
	if (!call)
		return -ENOMEM;
	call->func = func;
	call->info = info;
	INIT_CSD(&call->csd, call_run_and_free, call);
	return smp_call_function_single_async(cpu, &call->csd);
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
	struct call *calls = wait ? kcalloc(nr_cpu_ids, sizeof(*calls), GFP_ATOMIC) : NULL;
	unsigned int self = (unsigned int)get_cpu();

	/* Without memory one by one, and waited for: slower, not less. */
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (cpu == self || (cond && !cond((int)cpu, info)))
			continue;
		if (calls)
			call_start(&calls[cpu], cpu, func, info);
		else if (wait || smp_call_function_single((int)cpu, func, info, 0))
			smp_call_function_single((int)cpu, func, info, 1);
	}
	if (here && (!cond || cond((int)self, info)))
		func(info);
	for (unsigned int cpu = 0; calls && cpu < nr_cpu_ids; cpu++)
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
