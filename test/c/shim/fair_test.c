/* SPDX-License-Identifier: MIT */
/*
 * The bounds that etask.h states, each with the other three kinds of work kept busy:
 * counted in handlers run in between, so that a slow machine changes nothing.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "task_kit.h"

enum { STEPS = 10, POLLS = 8, CALLBACKS = 40, FDS = 40, LOPRI = 20, ALARMS = 400 };

struct load {
	sys_event_task_t	task;
	struct etask_callback	callbacks[CALLBACKS], lopri[LOPRI];
	struct etask_poll	polls[FDS];
	struct etask_alarm	alarms[ALARMS];
	long			polled[FDS];
	atomic_long		rounds;		/* looks at the descriptors */
	/* handlers since the last look at the descriptors, and the most there were */
	long			since_callbacks, since_lopri, since_alarms, since_polls;
	long			most_callbacks, most_lopri, most_alarms, most_polls;
	long			lopri_waits, most_lopri_waits;	/* normal callbacks between low-priority ones */
	struct etask_hook	hook;
};

static struct load load;

static void raise_to(long *most, long now)
{
	if (now > *most)
		*most = now;
}

static bool round_begins(void *env)
{
	(void)env;
	raise_to(&load.most_callbacks, load.since_callbacks);
	raise_to(&load.most_lopri, load.since_lopri);
	raise_to(&load.most_alarms, load.since_alarms);
	raise_to(&load.most_polls, load.since_polls);
	load.since_callbacks = load.since_lopri = load.since_alarms = load.since_polls = 0;
	atomic_fetch_add(&load.rounds, 1);
	return false;
}

static void callback_again(struct etask_callback *cb)
{
	load.since_callbacks++;
	raise_to(&load.most_lopri_waits, ++load.lopri_waits);
	etask_post(load.task, cb);
}

static void lopri_again(struct etask_callback *cb)
{
	load.since_lopri++;
	load.lopri_waits = 0;
	etask_post_lopri(load.task, cb);
}

/* Level-triggered and never read: ready for ever. */
static void polled(struct etask_poll *poll, uint32_t revents)
{
	(void)revents;
	load.since_polls++;
	load.polled[poll - load.polls]++;
}

static void alarm_again(struct etask_alarm *alarm)
{
	load.since_alarms++;
	etask_alarm_arm(load.task, alarm, sys_time_now() - 1000000);
}

static void start_load(bool callbacks, bool lopri, bool polls, bool alarms)
{
	load.task = kit_alloc((struct sys_event_task_cfg){ .max_steps = STEPS, .max_polls = POLLS });
	load.hook.round_begin = round_begins;
	etask_hook_add(load.task, &load.hook);
	for (int i = 0; callbacks && i < CALLBACKS; i++) {
		etask_callback_init(&load.callbacks[i], callback_again, "busy");
		etask_post(load.task, &load.callbacks[i]);
	}
	for (int i = 0; lopri && i < LOPRI; i++) {
		etask_callback_init(&load.lopri[i], lopri_again, "busy low");
		etask_post_lopri(load.task, &load.lopri[i]);
	}
	for (int i = 0; polls && i < FDS; i++) {
		load.polls[i] = (struct etask_poll){
			.fd = eventfd(1, EFD_NONBLOCK), .events = EPOLLIN, .fn = polled, .whence = "busy fd",
		};
		CHECK_EQ(etask_poll_add(load.task, &load.polls[i]), 0);
	}
	for (int i = 0; alarms && i < ALARMS; i++) {
		etask_alarm_init(&load.alarms[i], alarm_again, "busy alarm");
		etask_alarm_arm(load.task, &load.alarms[i], sys_time_now());
	}
	CHECK_EQ(etask_start(load.task, "load", -1), 0);
}

static void run_rounds(long rounds)
{
	kit_wait(&load.rounds, rounds);
	etask_stop_join(load.task);
}

TEST(busy_queue_does_not_starve_polls)
{
	start_load(true, true, true, false);
	run_rounds(2000);
	CHECK_EQ(load.most_callbacks, STEPS);
	CHECK_EQ(load.most_lopri, STEPS / 4 + 1);
	CHECK_EQ(load.most_polls, POLLS);
	/* Each of the descriptors, once in FDS / POLLS rounds; two more for the rounds at both ends. */
	for (int i = 0; i < FDS; i++)
		CHECK_GE(load.polled[i], load.rounds / (FDS / POLLS) - 2);
}

TEST(low_priority_is_not_starved)
{
	start_load(true, true, true, true);
	run_rounds(2000);
	CHECK_GT(load.most_lopri, 0);
	CHECK_LE(load.most_lopri_waits, STEPS);
}

TEST(alarms_armed_for_the_past_do_not_starve_the_rest)
{
	start_load(true, false, true, true);
	run_rounds(500);
	CHECK_EQ(load.most_alarms, ETASK_ALARMS_MAX);
	CHECK_EQ(load.most_callbacks, STEPS);
	for (int i = 0; i < FDS; i++)
		CHECK_GE(load.polled[i], load.rounds / (FDS / POLLS) - 2);
}

/* One alarm only, which arms itself for the past: once a round, however many others are armed for later. */
TEST(alarm_that_is_always_due_fires_once_a_round)
{
	start_load(false, false, false, false);
	etask_stop_join(load.task);
	for (int i = 0; i < ALARMS; i++) {
		etask_alarm_init(&load.alarms[i], alarm_again, "later");
		etask_alarm_arm(load.task, &load.alarms[i], sys_time_now() + (i ? sys_time_delta_of_hour(1) : 0));
	}
	load.since_alarms = load.most_alarms = 0;
	CHECK_EQ(etask_start(load.task, "load", -1), 0);
	run_rounds(500);
	CHECK_EQ(load.most_alarms, 1);
}

/* Looked at in each handler: has an alarm been due for longer than the bound allows? */
struct due {
	struct etask_alarm	alarm;
	long			rounds_late, most_rounds_late;
	atomic_long		fired;
};

static struct due due;

static void due_fired(struct etask_alarm *alarm)
{
	(void)alarm;
	due.rounds_late = 0;
	atomic_fetch_add(&due.fired, 1);
}

static bool count_lateness(void *env)
{
	(void)env;
	if (etask_now(load.task) > due.alarm.expire + 2 * 16384)
		raise_to(&due.most_rounds_late, due.rounds_late++);
	return false;
}

TEST(busy_descriptors_and_queues_do_not_starve_alarms)
{
	struct etask_hook hook = { .round_end = count_lateness };

	start_load(true, true, true, false);
	etask_stop_join(load.task);
	etask_hook_add(load.task, &hook);
	etask_alarm_init(&due.alarm, due_fired, "due");
	etask_alarm_arm_periodic(load.task, &due.alarm, sys_time_now(), 200000);
	CHECK_EQ(etask_start(load.task, "load", -1), 0);
	kit_wait(&due.fired, 500);
	etask_stop_join(load.task);
	/* What is due when a round reads the time fires in that round. */
	CHECK_LE(due.most_rounds_late, 1);
}

/* Four threads that never stop posting: the descriptors are looked at all the same. */
static atomic_bool end_posting;

static void *post_for_ever(void *arg)
{
	struct etask_callback *callbacks = arg;

	while (!atomic_load(&end_posting))
		for (int i = 0; i < 256; i++)
			etask_post(load.task, &callbacks[i]);
	return NULL;
}

static void count_callback(struct etask_callback *cb)
{
	(void)cb;
	load.since_callbacks++;
}

TEST(threads_that_never_stop_posting_do_not_starve_polls)
{
	static struct etask_callback callbacks[4][256];
	pthread_t threads[4];

	start_load(false, false, true, false);
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 256; k++)
			etask_callback_init(&callbacks[i][k], count_callback, "flood");
		CHECK_EQ(pthread_create(&threads[i], NULL, post_for_ever, callbacks[i]), 0);
	}
	kit_wait(&load.rounds, 2000);
	atomic_store(&end_posting, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	etask_stop_join(load.task);
	CHECK_LE(load.most_callbacks, STEPS);
	for (int i = 0; i < FDS; i++)
		CHECK_GE(load.polled[i], load.rounds / (FDS / POLLS) - 2);
}
