/* SPDX-License-Identifier: MIT */
/* watch_test.c - watchdogs of event tasks: who is blamed, how often it is told, and what is counted. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "etask.h"
#include "helper.h"
#include "mtelib.h"
#include "victim.h"

enum { MS = 1000000, BUDGET_MS = 150, SLOW_MS = 500, TIDY = 300, TIDY_MS = 10 };

static int told;	/* of callbacks; atomic */
static int named;	/* and with its culprit; atomic */
static uint64_t told_count;	/* atomic */

static void on_stall(void *env, const struct diag_stall *stall)
{
	(void)env;
	if (stall->kind != DIAG_STALL_CALLBACK)
		return;
	__atomic_store_n(&told_count, stall->count, __ATOMIC_RELAXED);
	/* A sanitizer hands on signals late: there the callback may be over. */
	if (strstr(stall->what, "a callback on event task \"watched\"") && strstr(stall->what, "slow to see") &&
	    (victim_sanitized() || strstr(stall->stack, "slow_callback at watch_test.c:")))
		__atomic_store_n(&named, 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&told, 1, __ATOMIC_RELEASE);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MS;
}

static void busy(uint64_t ms)
{
	uint64_t until = now_ms() + ms;

	while (now_ms() < until)
		;
}

static sys_event_task_t start(uint64_t callback_ms)
{
	const struct diag_budgets budgets = { .callback_ns = callback_ms * MS, .task_ns = UINT64_MAX };
	struct sys_event_task_cfg cfg = { 0 };
	sys_event_task_t task;

	sys_service_set(MTE_sys_service_get());
	sys_service_init(NULL);
	diag_budgets_set(&budgets);
	diag_on_stall(on_stall, NULL);
	CHECK_EQ(diag_start(DIAG_WATCH), 0);
	task = sys_event_task_alloc(&cfg);
	CHECK_EQ(etask_start(task, "watched", -1), 0);
	return task;
}

static int nr_slow;	/* callbacks that ended; atomic */

static void slow_callback(struct etask_callback *callback)
{
	(void)callback;
	busy(SLOW_MS);
	__atomic_fetch_add(&nr_slow, 1, __ATOMIC_RELEASE);
}

static void run_slow(sys_event_task_t task, struct etask_callback *callback)
{
	int before = __atomic_load_n(&nr_slow, __ATOMIC_ACQUIRE);

	CHECK(etask_post(task, callback));
	for (int i = 0; i < 2000 && __atomic_load_n(&nr_slow, __ATOMIC_ACQUIRE) == before; i++)
		usleep(10000);
	CHECK_GT(__atomic_load_n(&nr_slow, __ATOMIC_ACQUIRE), before);
}

TEST(a_callback_over_its_budget_is_named)
{
	sys_event_task_t task = start(BUDGET_MS);
	struct etask_callback callback;

	etask_callback_init(&callback, slow_callback, "slow to see");
	for (int i = 0; i < 40 && !__atomic_load_n(&named, __ATOMIC_ACQUIRE); i++)
		run_slow(task, &callback);
	CHECK(__atomic_load_n(&named, __ATOMIC_ACQUIRE));
}

TEST(slow_callbacks_are_counted_and_told_once_a_second)
{
	sys_event_task_t task = start(BUDGET_MS);
	uint64_t from = now_ms(), counted, last, times;
	struct etask_callback callback;
	const char *count;

	etask_callback_init(&callback, slow_callback, "slow to see");
	for (int i = 0; i < 6; i++)
		run_slow(task, &callback);
	last = __atomic_load_n(&told_count, __ATOMIC_RELAXED);
	times = (uint64_t)__atomic_load_n(&told, __ATOMIC_ACQUIRE);
	count = strstr(take_dump(true, DIAG_WATCHDOGS), "\"callback\":");
	CHECK(count);
	counted = strtoull(count + 11, NULL, 10);
	CHECK_LE(counted, 6);			/* an episode counts once */
	CHECK_LE(last, counted);
	CHECK_LE(times, (now_ms() - from) / 1000 + 1);
}

static int nr_tidy;	/* atomic */

static void tidy_callback(struct etask_callback *callback)
{
	(void)callback;
	busy(TIDY_MS);
	__atomic_fetch_add(&nr_tidy, 1, __ATOMIC_RELEASE);
}

/* Three seconds of a round that never ends, and no callback of it is to blame. */
TEST(many_short_callbacks_are_not_one_slow_one)
{
	static struct etask_callback callbacks[TIDY];
	sys_event_task_t task = start(1000);

	for (int i = 0; i < TIDY; i++) {
		etask_callback_init(&callbacks[i], tidy_callback, "tidy");
		CHECK(etask_post(task, &callbacks[i]));
	}
	for (int i = 0; i < 2000 && __atomic_load_n(&nr_tidy, __ATOMIC_ACQUIRE) < TIDY; i++)
		usleep(10000);
	CHECK_EQ(__atomic_load_n(&nr_tidy, __ATOMIC_ACQUIRE), TIDY);
	CHECK_EQ(__atomic_load_n(&told, __ATOMIC_ACQUIRE), 0);
}
