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

void etask_alarm_arm(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t expire)
{
	bool wake;

	pthread_mutex_lock(&task->alarm_lock);
	if (alarm->task)
		wheel_remove(&task->wheel, alarm);
	task_set(alarm, task);
	alarm->expire = expire;
	wheel_add(&task->wheel, alarm);
	wake = !etask_is_current(task) && expire < task->sleeps_until;
	pthread_mutex_unlock(&task->alarm_lock);
	if (wake)
		etask_wake(task);
}

bool etask_alarm_cancel(sys_event_task_t task, struct etask_alarm *alarm)
{
	bool was_armed;

	pthread_mutex_lock(&task->alarm_lock);
	was_armed = alarm->task != NULL;
	if (was_armed) {
		wheel_remove(&task->wheel, alarm);
		task_set(alarm, NULL);
	}
	pthread_mutex_unlock(&task->alarm_lock);
	return was_armed;
}

bool etask_alarm_cancel_sync(sys_event_task_t task, struct etask_alarm *alarm)
{
	bool was_armed;

	pthread_mutex_lock(&task->alarm_lock);
	was_armed = alarm->task != NULL;
	if (was_armed) {
		wheel_remove(&task->wheel, alarm);
		task_set(alarm, NULL);
	}
	while (task->alarm_running == alarm && !etask_is_current(task)) {
		pthread_mutex_unlock(&task->alarm_lock);
		sched_yield();
		pthread_mutex_lock(&task->alarm_lock);
	}
	/* Its handler may have armed it again while we waited. */
	if (alarm->task && !etask_is_current(task)) {
		wheel_remove(&task->wheel, alarm);
		task_set(alarm, NULL);
		was_armed = true;
	}
	pthread_mutex_unlock(&task->alarm_lock);
	return was_armed;
}

/* Fire what is due; one armed for the past by a handler waits for the next round. */
unsigned int etask_run_alarms(sys_event_task_t task)
{
	unsigned int fired = 0;
	uint64_t most;

	pthread_mutex_lock(&task->alarm_lock);
	if (!task->wheel.count) {
		pthread_mutex_unlock(&task->alarm_lock);
		return 0;
	}
	wheel_advance(&task->wheel, task->now);
	most = task->wheel.count;
	while (fired < most) {
		struct etask_alarm *alarm = wheel_pop(&task->wheel);

		if (!alarm)
			break;
		task_set(alarm, NULL);
		task->alarm_running = alarm;
		pthread_mutex_unlock(&task->alarm_lock);
		alarm->fn(alarm);
		fired++;
		pthread_mutex_lock(&task->alarm_lock);
		task->alarm_running = NULL;
	}
	pthread_mutex_unlock(&task->alarm_lock);
	stat_add(&task->stats.alarms, fired);
	return fired;
}
