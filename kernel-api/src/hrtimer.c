/* SPDX-License-Identifier: MIT */
/*
 * hrtimer.c - timers of nanoseconds: an alarm of an event task each: hrtimer.h.
 *
 * Locking: timer->word over each change of when and whether it fires; a leaf, as in
 * timer.c. The function runs without it.
 */
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/smp.h>

#include "sched_impl.h"

static struct hrtimer *running_on[NR_CPUS];	/* atomic; set under the timer's lock */

static void lock(struct hrtimer *timer)
{
	preempt_disable();
	word_lock(&timer->word);
}

static void unlock(struct hrtimer *timer)
{
	word_unlock(&timer->word);
	preempt_enable();
}

ktime_t ring3_clock_now(clockid_t clock)
{
	return (ktime_t)host_clock_ns(clock);
}

/* CLOCK_MONOTONIC of a time of the timer's clock; never 0, which means none. */
static u64 host_time(clockid_t clock, ktime_t time)
{
	s64 left;

	if (clock == CLOCK_MONOTONIC)
		return (u64)max_t(s64, time, 1);
	left = time - ring3_clock_now(clock);
	return (u64)max_t(s64, ktime_add_safe(max_t(s64, left, 0), (ktime_t)host_now_ns()), 1);
}

/* The lock is held. */
static void arm(struct hrtimer *timer)
{
	timer->armed = true;
	host_alarm_arm(timer->cpu, timer->host, host_time(timer->clock, timer->_softexpires));
}

/* The function may free the timer, unless it restarts it. */
ring3_softirq_entry static void timer_run(void *storage)
{
	struct hrtimer *timer = container_of(storage, struct hrtimer, host);
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	int before = ring3_preempt_word;
	enum hrtimer_restart again;
	unsigned int cpu;
	bool soft;

	lock(timer);
	function = timer->function;
	cpu = timer->cpu;
	soft = timer->is_soft;
	timer->armed = false;
	__atomic_store_n(&running_on[cpu], timer, __ATOMIC_RELAXED);
	unlock(timer);
	if (!soft)
		preempt_count_add(HARDIRQ_OFFSET + RING3_IRQS_OFF);
	again = function(timer);
	if (!soft)
		preempt_count_sub(HARDIRQ_OFFSET + RING3_IRQS_OFF);
	if (again == HRTIMER_RESTART) {
		lock(timer);
		if (!timer->armed)	/* nobody has started it meanwhile */
			arm(timer);
		__atomic_store_n(&running_on[cpu], NULL, __ATOMIC_RELEASE);
		unlock(timer);
	} else {
		__atomic_store_n(&running_on[cpu], NULL, __ATOMIC_RELEASE);
	}
	if (unlikely(WARN(ring3_preempt_word != before, "hrtimer %pS: preempt word 0x%x before, 0x%x after", function,
			  before, ring3_preempt_word)))
		ring3_preempt_word = before;
}

void hrtimer_init(struct hrtimer *timer, clockid_t clock, enum hrtimer_mode mode)
{
	*timer = (struct hrtimer){
		.clock = clock, .is_soft = !!(mode & HRTIMER_MODE_SOFT), .is_rel = mode & HRTIMER_MODE_REL,
		.cpu = raw_smp_processor_id() % sched_nr_events(),
	};
	host_alarm_init(timer->host, timer_run);
}

void hrtimer_start_range_ns(struct hrtimer *timer, ktime_t time, u64 range_ns, enum hrtimer_mode mode)
{
	if (WARN_ON_ONCE(!timer->function))
		return;
	if (mode & HRTIMER_MODE_REL)
		time = ktime_add_safe(max_t(s64, time, 0), ring3_clock_now(timer->clock));
	lock(timer);
	timer->is_rel = mode & HRTIMER_MODE_REL;
	timer->_softexpires = time;
	arm(timer);
	unlock(timer);
}

static bool runs(const struct hrtimer *timer)
{
	return __atomic_load_n(&running_on[timer->cpu], __ATOMIC_ACQUIRE) == timer;
}

int hrtimer_try_to_cancel(struct hrtimer *timer)
{
	int was = -1;

	lock(timer);
	if (!runs(timer) && !(timer->armed && !host_alarm_armed(timer->host))) {
		was = host_alarm_cancel(timer->cpu, timer->host, 0);
		timer->armed = false;
	}
	unlock(timer);
	return was;
}

int hrtimer_cancel(struct hrtimer *timer)
{
	int was;

	if (unlikely(host_event_cpu() == (int)timer->cpu && runs(timer))) {
		pr_emerg("an hrtimer waits for the end of its own function\n");
		BUG();
	}
	while ((was = hrtimer_try_to_cancel(timer)) < 0) {
		cpu_relax();
		host_yield();
	}
	return was;
}

bool hrtimer_is_queued(struct hrtimer *timer)
{
	return host_alarm_armed(timer->host);
}

int hrtimer_callback_running(struct hrtimer *timer)
{
	return runs(timer);
}

bool hrtimer_active(const struct hrtimer *timer)
{
	return host_alarm_armed(timer->host) || runs(timer);
}

u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	s64 over = now - timer->_softexpires;
	u64 steps;

	if (over < 0)
		return 0;
	if (WARN_ON(hrtimer_is_queued(timer)))
		return 0;
	interval = max_t(s64, interval, hrtimer_resolution);
	steps = (u64)(over / interval) + 1;
	timer->_softexpires = ktime_add_safe(timer->_softexpires, (ktime_t)(steps * (u64)interval));
	return steps;
}

/* ---- sleeping ------------------------------------------------------------------------ */

static enum hrtimer_restart wake_sleeper_of(struct hrtimer *timer)
{
	struct hrtimer_sleeper *sleeper = container_of(timer, struct hrtimer_sleeper, timer);
	struct task_struct *task = sleeper->task;

	WRITE_ONCE(sleeper->task, NULL);
	if (task)
		wake_up_process(task);
	return HRTIMER_NORESTART;
}

void hrtimer_init_sleeper(struct hrtimer_sleeper *sleeper, clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(&sleeper->timer, clock, mode);
	sleeper->timer.function = wake_sleeper_of;
	sleeper->task = current;
}

int schedule_hrtimeout_range_clock(ktime_t *expires, u64 delta, enum hrtimer_mode mode, clockid_t clock)
{
	u64 until;

	if (!expires) {
		schedule();
		return -EINTR;
	}
	if (!*expires) {
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	until = mode & HRTIMER_MODE_REL ? host_now_ns() + (u64)max_t(s64, *expires, 0) : host_time(clock, *expires);
	sched_sleep_until(until);
	return host_now_ns() >= until ? 0 : -EINTR;
}
