/* SPDX-License-Identifier: MIT */
/*
 * alarm.c - alarms of an event task: its wheel under a lock of its own, which is
 * a leaf and almost never contended, so any thread may arm and cancel.
 */
#include "etask_impl.h"

void etask_alarm_init(struct etask_alarm *alarm, void (*fn)(struct etask_alarm *alarm), const char *whence)
{
	memset(alarm, 0, sizeof(*alarm));
	alarm->fn = fn;
	alarm->whence = whence;
}

/* Under alarm_lock; read without it by those who only ask whether it is armed. */
static void task_set(struct etask_alarm *alarm, sys_event_task_t task)
{
	__atomic_store_n(&alarm->task, task, __ATOMIC_RELAXED);
}

static inline void disarm(sys_event_task_t task, struct etask_alarm *alarm)
{
	wheel_remove(&task->wheel, alarm);
	task_set(alarm, NULL);
}

static __attribute__((noinline)) void arm_slowly(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t first,
						 sys_time_delta_t period)
{
	bool wake;

	lock_alarms(task);
	if (alarm->task)
		wheel_remove(&task->wheel, alarm);
	task_set(alarm, task);
	alarm->expire = first;
	alarm->period = period;
	wheel_add(&task->wheel, alarm);
	wake = !etask_is_current(task) && first < task->sleeps_until;
	unlock_alarms(task);
	if (wake)
		etask_wake(task);
}

/* By the bias already; the alarm is filled in. */
static __attribute__((noinline)) void place_slowly(sys_event_task_t task, struct etask_alarm *alarm)
{
	wheel_place_slowly(&task->wheel, alarm);
	wheel_count(&task->wheel, 1);
	bias_leave(&task->alarm_lock);
}

/* All that is seldom is called last of all, so that what is often needs no frame for it. */
static inline __attribute__((always_inline)) void arm(sys_event_task_t task, struct etask_alarm *alarm,
						      sys_time_t first, sys_time_delta_t period)
{
	if (unlikely(!etask_is_current(task) || !bias_enter(&task->alarm_lock))) {
		arm_slowly(task, alarm, first, period);
		return;
	}
	if (unlikely(alarm->task != NULL)) {
		bias_leave(&task->alarm_lock);
		arm_slowly(task, alarm, first, period);
		return;
	}
	task_set(alarm, task);
	alarm->expire = first;
	alarm->period = period;
	if (unlikely(!wheel_place_quickly(&task->wheel, alarm, first))) {
		place_slowly(task, alarm);
		return;
	}
	wheel_count(&task->wheel, 1);
	bias_leave(&task->alarm_lock);
}

void etask_alarm_arm_periodic(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t first,
			      sys_time_delta_t period)
{
	arm(task, alarm, first, period);
}

void etask_alarm_arm(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t expire)
{
	arm(task, alarm, expire, 0);
}

static __attribute__((noinline)) bool cancel_slowly(sys_event_task_t task, struct etask_alarm *alarm)
{
	bool was_armed;

	lock_alarms(task);
	was_armed = alarm->task != NULL;
	if (was_armed)
		disarm(task, alarm);
	unlock_alarms(task);
	return was_armed;
}

static __attribute__((noinline)) bool cancel_last(sys_event_task_t task, unsigned int number)
{
	wheel_cells_emptied(&task->wheel, number);
	bias_leave(&task->alarm_lock);
	return true;
}

bool etask_alarm_cancel(sys_event_task_t task, struct etask_alarm *alarm)
{
	unsigned int number;

	if (unlikely(!etask_is_current(task) || !bias_enter(&task->alarm_lock)))
		return cancel_slowly(task, alarm);
	if (unlikely(!alarm->task)) {
		bias_leave(&task->alarm_lock);
		return false;
	}
	number = alarm->state;
	if (unlikely(number >= WHEEL_DUE)) {
		bias_leave(&task->alarm_lock);
		return cancel_slowly(task, alarm);
	}
	task_set(alarm, NULL);
	wheel_count(&task->wheel, (uint64_t)-1);
	if (unlikely(!cells_remove(&task->wheel.cells[number], (uintptr_t *)alarm->pprev)))
		return cancel_last(task, number);
	bias_leave(&task->alarm_lock);
	return true;
}

bool etask_alarm_cancel_sync(sys_event_task_t task, struct etask_alarm *alarm)
{
	bool was_armed;

	lock_alarms(task);
	was_armed = alarm->task != NULL;
	if (was_armed)
		disarm(task, alarm);
	while (task->alarm_running == alarm && !etask_is_current(task)) {
		unlock_alarms(task);
		sched_yield();
		lock_alarms(task);
	}
	/* Its handler may have armed it again while we waited. */
	if (alarm->task && !etask_is_current(task)) {
		disarm(task, alarm);
		was_armed = true;
	}
	unlock_alarms(task);
	return was_armed;
}

/* A periodic alarm goes to its next time that is not over yet; the lock is held. */
static void arm_next(sys_event_task_t task, struct etask_alarm *alarm)
{
	uint64_t over = (task->now - alarm->expire) / alarm->period;

	alarm->missed += (uint32_t)over;
	alarm->expire += (over + 1) * alarm->period;
	wheel_add(&task->wheel, alarm);
}

/* Fire what was due when the round came here; one armed for the past meanwhile waits for the next round. */
unsigned int etask_run_alarms(sys_event_task_t task)
{
	unsigned int fired = 0, most = task->alarms_left;

	/* Without the lock: one armed at this moment is seen in the next round, or before the sleep. */
	if (!alarms_armed(task))
		return 0;
	lock_alarms(task);
	wheel_advance(&task->wheel, task->now);
	if (task->wheel.due_count < most)
		most = (unsigned int)task->wheel.due_count;
	while (fired < most) {
		struct etask_alarm *alarm = wheel_pop(&task->wheel);

		if (!alarm)
			break;
		if (alarm->period)
			arm_next(task, alarm);
		else
			task_set(alarm, NULL);
		task->alarm_running = alarm;
		unlock_alarms(task);
		enter_handler(task, alarm->whence);
		alarm->fn(alarm);
		fired++;
		lock_alarms(task);
		task->alarm_running = NULL;
	}
	unlock_alarms(task);
	task->alarms_left -= fired;
	stat_add(&task->stats.alarms, fired);
	return fired;
}

void etask_each_alarm(sys_event_task_t task, void (*fn)(struct etask_alarm *alarm, void *arg), void *arg)
{
	lock_alarms(task);
	wheel_each(&task->wheel, fn, arg);
	unlock_alarms(task);
}

void etask_forget_alarms(sys_event_task_t task)
{
	struct etask_alarm *alarm;

	lock_alarms(task);
	while (task->wheel.count) {
		wheel_advance(&task->wheel, wheel_next(&task->wheel));
		while ((alarm = wheel_pop(&task->wheel)))
			task_set(alarm, NULL);
	}
	wheel_fini(&task->wheel);
	unlock_alarms(task);
}
