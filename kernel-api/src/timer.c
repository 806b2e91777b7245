/* SPDX-License-Identifier: MIT */
/*
 * timer.c - timers: an alarm of an event task each: timer.h.
 *
 * Locking: timer->word over each change of when and whether it fires; a leaf. The timer's
 * function runs without it. An alarm is armed on one event task, so that one which is to
 * move is cancelled first.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <linux/smp.h>

#include "owned.h"
#include "sched_impl.h"

static struct timer_list *running_on[NR_CPUS];	/* atomic; set under the timer's lock */

static void lock(struct timer_list *timer)
{
	preempt_disable();
	word_lock(&timer->word);
}

static void unlock(struct timer_list *timer)
{
	word_unlock(&timer->word);
	preempt_enable();
}

/* The function may free the timer. */
ring3_softirq_entry static void timer_run(void *storage)
{
	struct timer_list *timer = container_of(storage, struct timer_list, host);
	void (*function)(struct timer_list *timer);
	int before = preempt_count();
	unsigned int cpu;

	lock(timer);
	function = timer->function;
	cpu = timer->cpu;
	timer->armed = false;
	__atomic_store_n(&running_on[cpu], timer, __ATOMIC_RELAXED);
	unlock(timer);
	if (function)
		function(timer);
	__atomic_store_n(&running_on[cpu], NULL, __ATOMIC_RELEASE);
	if (unlikely(WARN(preempt_count() != before, "timer %pS: preempt_count 0x%x before, 0x%x after", function,
			  before, preempt_count())))
		ring3_preempt_word += before - preempt_count();
}

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *), u32 flags)
{
	*timer = (struct timer_list)__TIMER_INITIALIZER(function, flags);
}

static bool pending(const struct timer_list *timer)
{
	return timer->ready && host_alarm_armed(timer->host);
}

int timer_pending(const struct timer_list *timer)
{
	return __atomic_load_n(&timer->ready, __ATOMIC_ACQUIRE) && host_alarm_armed(timer->host);
}

static void make_ready(struct timer_list *timer, unsigned int cpu)
{
	timer->cpu = cpu % sched_nr_events();
	host_alarm_init(timer->host, timer_run);
	__atomic_store_n(&timer->ready, true, __ATOMIC_RELEASE);
}

/* The lock is held. */
static int arm(struct timer_list *timer, unsigned long expires)
{
	if (unlikely(!timer->ready))
		make_ready(timer, raw_smp_processor_id());
	WRITE_ONCE(timer->expires, expires);
	timer->armed = true;
	return host_alarm_arm(timer->cpu, timer->host, sched_ns_of_jiffies(expires));
}

enum when { ALWAYS, IF_PENDING, IF_SOONER };

static int modify(struct timer_list *timer, unsigned long expires, enum when when)
{
	int was;

	lock(timer);
	was = pending(timer);
	if (!timer->function || (when == IF_PENDING && !was) ||
	    (when == IF_SOONER && was && time_before_eq(timer->expires, expires)))
		goto out;
	arm(timer, expires);
out:
	unlock(timer);
	return was;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	return modify(timer, expires, ALWAYS);
}

int mod_timer_pending(struct timer_list *timer, unsigned long expires)
{
	return modify(timer, expires, IF_PENDING);
}

int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	return modify(timer, expires, IF_SOONER);
}

void add_timer(struct timer_list *timer)
{
	BUG_ON(timer_pending(timer));
	WARN_ONCE(!timer->function, "a timer without a function is added: never set up, or shut down");
	mod_timer(timer, READ_ONCE(timer->expires));
}

void add_timer_on(struct timer_list *timer, int cpu)
{
	BUG_ON(timer_pending(timer));
	lock(timer);
	if (timer->function) {
		if (!timer->ready)
			make_ready(timer, (unsigned int)cpu);
		host_alarm_cancel(timer->cpu, timer->host, 0);
		timer->cpu = (unsigned int)cpu % sched_nr_events();
		arm(timer, timer->expires);
	}
	unlock(timer);
}

static int del(struct timer_list *timer, bool for_ever)
{
	int was;

	lock(timer);
	was = timer->ready && host_alarm_cancel(timer->cpu, timer->host, 0);
	if (was)
		timer->armed = false;
	if (for_ever)
		timer->function = NULL;
	unlock(timer);
	return was;
}

/* Until the function that may run has returned; when it armed itself meanwhile, once more. */
static int del_sync(struct timer_list *timer, bool for_ever)
{
	int was;

	if (unlikely(host_event_cpu() == (int)timer->cpu && timer->ready &&
		     __atomic_load_n(&running_on[timer->cpu], __ATOMIC_RELAXED) == timer)) {
		pr_emerg("a timer waits for the end of its own function\n");
		BUG();
	}
	was = del(timer, for_ever);
	if (!__atomic_load_n(&timer->ready, __ATOMIC_ACQUIRE))
		return was;
	was |= host_alarm_cancel(timer->cpu, timer->host, 1);
	lock(timer);
	timer->armed &= host_alarm_armed(timer->host);
	unlock(timer);
	return was;
}

/* Where its function runs, or is about to, it is left alone. */
int try_to_del_timer_sync(struct timer_list *timer)
{
	bool runs;
	int was = -1;

	lock(timer);
	runs = timer->ready && ((timer->armed && !host_alarm_armed(timer->host)) ||
				__atomic_load_n(&running_on[timer->cpu], __ATOMIC_ACQUIRE) == timer);
	if (!runs) {
		was = timer->ready && host_alarm_cancel(timer->cpu, timer->host, 0);
		timer->armed = false;
	}
	unlock(timer);
	return was;
}

int del_timer(struct timer_list *timer) { return del(timer, false); }
int timer_shutdown(struct timer_list *timer) { return del(timer, true); }
int del_timer_sync(struct timer_list *timer) { return del_sync(timer, false); }
int timer_shutdown_sync(struct timer_list *timer) { return del_sync(timer, true); }

/* ---- rounding --------------------------------------------------------------------------- */

/* The nearest whole second, or the next one; never into the past. */
static unsigned long round_to_second(unsigned long j, bool up)
{
	unsigned long rem = j % HZ, to = rem < HZ / 4 && !up ? j - rem : j - rem + HZ;

	return time_is_after_jiffies(to) ? to : j;
}

unsigned long round_jiffies(unsigned long j) { return round_to_second(j, false); }
unsigned long round_jiffies_up(unsigned long j) { return round_to_second(j, true); }

unsigned long round_jiffies_relative(unsigned long j)
{
	unsigned long now = jiffies;

	return round_to_second(j + now, false) - now;
}

unsigned long round_jiffies_up_relative(unsigned long j)
{
	unsigned long now = jiffies;

	return round_to_second(j + now, true) - now;
}

/* ---- whose they are ---------------------------------------------------------------------- */

static void collect(void *storage, void *arg)
{
	const struct timer_list *timer = container_of(storage, struct timer_list, host);
	const void *function = (const void *)READ_ONCE(timer->function);

	if (function == (const void *)delayed_work_timer_fn)
		function = (const void *)container_of(timer, struct delayed_work, timer)->work.func;
	owned_collect(arg, function);
}

void timers_collect(struct owned_functions *functions)
{
	host_each_alarm(timer_run, collect, functions);
}
