/* SPDX-License-Identifier: MIT */
/* alarms.c - setting and cancelling beside a million that are armed, and how exactly they fire. */
#if __has_include(<uv.h>)
#include <uv.h>
#define HAVE_UV 1
#endif
#if __has_include(<event2/event.h>)
#include <event2/event.h>
#include <event2/event_struct.h>
#define HAVE_EVENT 1
#endif

#include "bench.h"
#include "etask.h"

enum { ARMED = 1000000, BATCH = 1000, FIRINGS = 400 };

static uint64_t seed = 88172645463325252ul;

/* From a second to an hour away, ms. */
static uint64_t later_ms(void)
{
	return 1000 + bench_random(&seed) % 3600000;
}

/* A million of them, zeroed, the first at the start of a cache line. */
static void *make_lines(size_t bytes)
{
	void *memory = aligned_alloc(64, ARMED * bytes);

	bench_must(memory != NULL, "aligned_alloc");
	return memset(memory, 0, ARMED * bytes);
}

/* ns for one @change: a cancel of a random one of the million, and a set of it. */
static double time_changes(void (*change)(size_t which))
{
	uint64_t from = worked_ns(), until = from + (uint64_t)(bench_seconds * 1e9), count = 0;

	do {
		for (int i = 0; i < BATCH; i++)
			change(bench_random(&seed) % ARMED);
		count += BATCH;
	} while (worked_ns() < until);
	return (double)(worked_ns() - from) / (double)count;
}

static sys_event_task_t task;
static struct etask_alarm *alarms;
static double result;

static void never(struct etask_alarm *alarm)
{
	(void)alarm;
}

static void ring3_change(size_t which)
{
	etask_alarm_cancel(task, &alarms[which]);
	etask_alarm_arm(task, &alarms[which], etask_now(task) + later_ms() * 1000000);
}

static void ring3_on_task(struct etask_callback *cb)
{
	(void)cb;
	result = time_changes(ring3_change);
	sys_event_task_stop(task);
}

MEASURE(alarms_ring3, "alarm/cancel+set, 1 M armed/ring3", "ns")
{
	struct etask_callback cb;

	task = sys_event_task_alloc(NULL);
	alarms = make_lines(sizeof(*alarms));
	for (size_t i = 0; i < ARMED; i++) {
		etask_alarm_init(&alarms[i], never, "bench");
		etask_alarm_arm(task, &alarms[i], now_ns() + later_ms() * 1000000);
	}
	etask_callback_init(&cb, ring3_on_task, "bench");
	etask_post(task, &cb);
	sys_event_task_run(task);
	return result;
}

#ifdef HAVE_UV
static uv_timer_t *timers;

static void uv_never(uv_timer_t *timer)
{
	(void)timer;
}

static void uv_change(size_t which)
{
	uv_timer_stop(&timers[which]);
	uv_timer_start(&timers[which], uv_never, later_ms(), 0);
}

MEASURE(alarms_uv, "alarm/cancel+set, 1 M armed/libuv", "ns")
{
	timers = make_lines(sizeof(*timers));
	for (size_t i = 0; i < ARMED; i++) {
		uv_timer_init(uv_default_loop(), &timers[i]);
		uv_timer_start(&timers[i], uv_never, later_ms(), 0);
	}
	return time_changes(uv_change);
}
#endif

#ifdef HAVE_EVENT
static struct event *events;

static void event_never(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static struct timeval later_timeval(void)
{
	uint64_t ms = later_ms();

	return (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

static void event_change(size_t which)
{
	struct timeval later = later_timeval();

	event_del(&events[which]);
	event_add(&events[which], &later);
}

MEASURE(alarms_event, "alarm/cancel+set, 1 M armed/libevent", "ns")
{
	struct event_base *base = event_base_new();

	events = make_lines(sizeof(*events));
	for (size_t i = 0; i < ARMED; i++) {
		struct timeval later = later_timeval();

		event_assign(&events[i], base, -1, 0, event_never, NULL);
		event_add(&events[i], &later);
	}
	return time_changes(event_change);
}
#endif

/* ---- how late, on an idle machine --------------------------------------------------------- */

static double errors_us[FIRINGS];
static int fired;
static uint64_t expected;

static uint64_t next_wait_ns(void)
{
	return 1000000 + bench_random(&seed) % 2000000;
}

static void fires(struct etask_alarm *alarm)
{
	errors_us[fired++] = (double)(now_ns() - alarm->expire) / 1000;
	if (fired == FIRINGS)
		sys_event_task_stop(task);
	else
		etask_alarm_arm(task, alarm, now_ns() + next_wait_ns());
}

MEASURE(late_ring3, "alarm/p99 late, idle/ring3", "us")
{
	struct etask_alarm alarm;

	task = sys_event_task_alloc(NULL);
	etask_alarm_init(&alarm, fires, "bench");
	etask_alarm_arm(task, &alarm, now_ns() + next_wait_ns());
	sys_event_task_run(task);
	return bench_percentile(errors_us, FIRINGS, 99);
}

#ifdef HAVE_UV
/* Whole milliseconds are all it takes, so it is asked for these; early counts as much as late. */
static void uv_fires(uv_timer_t *timer)
{
	double error = ((double)now_ns() - (double)expected) / 1000;
	uint64_t wait = 1 + bench_random(&seed) % 3;

	errors_us[fired++] = error < 0 ? -error : error;
	if (fired == FIRINGS) {
		uv_stop(timer->loop);
		return;
	}
	expected = now_ns() + wait * 1000000;
	uv_update_time(timer->loop);
	uv_timer_start(timer, uv_fires, wait, 0);
}

MEASURE(late_uv, "alarm/p99 late, idle/libuv", "us")
{
	uv_timer_t timer;

	uv_timer_init(uv_default_loop(), &timer);
	expected = now_ns() + 1000000;
	uv_timer_start(&timer, uv_fires, 1, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return bench_percentile(errors_us, FIRINGS, 99);
}
#endif

#ifdef HAVE_EVENT
static struct event *late_event;

static void arm_event(void)
{
	uint64_t wait = next_wait_ns();
	struct timeval in = { .tv_sec = 0, .tv_usec = (suseconds_t)(wait / 1000) };

	expected = now_ns() + wait / 1000 * 1000;
	event_add(late_event, &in);
}

static void event_fires(evutil_socket_t fd, short what, void *arg)
{
	double error = ((double)now_ns() - (double)expected) / 1000;

	(void)fd, (void)what;
	errors_us[fired++] = error < 0 ? -error : error;
	if (fired == FIRINGS)
		event_base_loopbreak(arg);
	else
		arm_event();
}

MEASURE(late_libevent, "alarm/p99 late, idle/libevent", "us")
{
	struct event_base *base = event_base_new();

	late_event = event_new(base, -1, 0, event_fires, base);
	arm_event();
	event_base_dispatch(base);
	return bench_percentile(errors_us, FIRINGS, 99);
}
#endif
