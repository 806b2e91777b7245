/* SPDX-License-Identifier: MIT */
/* softirq.c - what runs on event tasks: tasklets, calls between CPUs, timers. */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/smp.h>
#include <linux/timer.h>

#include "host/host.h"
#include "sched_impl.h"

/* The event CPU of this thread, or 0 for one that has none. */
static unsigned int home_cpu(void)
{
	int cpu = host_event_cpu();

	return cpu < 0 ? 0 : (unsigned int)cpu;
}

/* ---- tasklets ----------------------------------------------------------------- */

static void tasklet_run(void *storage)
{
	struct tasklet_struct *t = container_of(storage, struct tasklet_struct, host);

	t->callback(t);
}

void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *))
{
	t->callback = callback;
	t->data = 0;
	t->cpu = home_cpu();
	host_callback_init(t->host, tasklet_run);
}

void tasklet_schedule(struct tasklet_struct *t)
{
	unsigned int cpu = home_cpu();

	if (READ_ONCE(t->cpu) != cpu)
		WRITE_ONCE(t->cpu, cpu);
	host_callback_post(cpu, t->host);
}

void tasklet_kill(struct tasklet_struct *t)
{
	host_callback_cancel(READ_ONCE(t->cpu), t->host);
}

/* ---- calls ---------------------------------------------------------------------- */

static void csd_run(void *storage)
{
	call_single_data_t *csd = container_of(storage, call_single_data_t, host);

	smp_call_func_t func = csd->func;
	void *info = csd->info;

	/* Free again before it runs: the function may post it, or free what it lies in. */
	__atomic_store_n(&csd->locked, 0, __ATOMIC_RELEASE);
	func(info);
}

int smp_call_function_single_async(int cpu, call_single_data_t *csd)
{
	if ((unsigned int)cpu >= sched_nr_events())
		return -ENXIO;
	if (__atomic_exchange_n(&csd->locked, 1, __ATOMIC_ACQUIRE))
		return -EBUSY;
	host_callback_init(csd->host, csd_run);
	host_callback_post((unsigned int)cpu, csd->host);
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

int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait)
{
	struct call call = { .func = func, .info = info };

	if ((unsigned int)cpu >= sched_nr_events())
		return -ENXIO;
	if (host_event_cpu() == cpu) {
		func(info);
		return 0;
	}
	BUG_ON(!wait);	/* without a csd of the caller's there is nothing to queue */
	INIT_CSD(&call.csd, call_run, &call);
	init_completion(&call.done);
	smp_call_function_single_async(cpu, &call.csd);
	wait_for_completion(&call.done);
	return 0;
}

/* ---- timers ----------------------------------------------------------------------- */

static void timer_run(void *storage)
{
	struct timer_list *timer = container_of(storage, struct timer_list, host);

	void (*function)(struct timer_list *timer) = READ_ONCE(timer->function);

	if (function)
		function(timer);
}

/* A timer of DEFINE_TIMER() is set up as it is used first. */
static void timer_prepare(struct timer_list *timer)
{
	u32 is = 0;

	if (__atomic_load_n(&timer->ready, __ATOMIC_ACQUIRE) == 2)
		return;
	if (__atomic_compare_exchange_n(&timer->ready, &is, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		timer->cpu = home_cpu();
		host_alarm_init(timer->host, timer_run);
		__atomic_store_n(&timer->ready, 2, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&timer->ready, __ATOMIC_ACQUIRE) != 2)
		host_yield();
}

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *), u32 flags)
{
	timer->function = function;
	timer->flags = flags;
	timer->expires = 0;
	timer->cpu = home_cpu();
	host_alarm_init(timer->host, timer_run);
	__atomic_store_n(&timer->ready, 2, __ATOMIC_RELEASE);
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	timer_prepare(timer);
	if (!READ_ONCE(timer->function))	/* shut down */
		return 0;
	timer->expires = expires;
	return host_alarm_arm(timer->cpu, timer->host, sched_ns_of_jiffies(expires));
}

int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	if (timer_pending(timer) && time_before_eq(READ_ONCE(timer->expires), expires))
		return 1;
	return mod_timer(timer, expires);
}

int timer_shutdown_sync(struct timer_list *timer)
{
	int was = del_timer_sync(timer);

	WRITE_ONCE(timer->function, NULL);
	return del_timer_sync(timer) || was;
}

int del_timer(struct timer_list *timer)
{
	timer_prepare(timer);
	return host_alarm_cancel(timer->cpu, timer->host, 0);
}

int del_timer_sync(struct timer_list *timer)
{
	timer_prepare(timer);
	return host_alarm_cancel(timer->cpu, timer->host, 1);
}

int timer_pending(const struct timer_list *timer)
{
	return __atomic_load_n(&timer->ready, __ATOMIC_ACQUIRE) == 2 && host_alarm_armed(timer->host);
}
