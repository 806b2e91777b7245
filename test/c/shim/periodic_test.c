/* SPDX-License-Identifier: MIT */
/* periodic_test.c - periodic alarms by handle: in time, counted, and misused. */
#include "task_kit.h"

#define MS	sys_time_delta_of_ms(1ul)

struct beat {
	sys_event_task_t	task;
	sys_alarm_entry_t	entry;
	atomic_long		fired, missed;
	long			most;		/* it cancels itself then; 0 = never */
	int			cancelled, again;
};

static void on_beat(void *env, uintptr_t arg, errno_t err)
{
	struct beat *beat = env;

	CHECK_EQ(err, E_OK);
	atomic_fetch_add(&beat->missed, (long)arg);
	if (atomic_fetch_add(&beat->fired, 1) + 1 == beat->most) {
		beat->cancelled = sys_alarm_cancel(beat->task, beat->entry);
		beat->again = sys_alarm_cancel(beat->task, beat->entry);
	}
}

/* A task that this thread turns. */
static sys_event_task_t turned(void)
{
	sys_event_task_t task = kit_alloc((struct sys_event_task_cfg){ 0 });

	etask_adopt(task);
	return task;
}

static void turn_until(sys_event_task_t task, atomic_long *counter, long value)
{
	sys_time_t end = sys_time_now() + sys_time_delta_of_sec(20ul);

	while (atomic_load(counter) < value && sys_time_now() < end)
		etask_turn(task);
	CHECK_GE(atomic_load(counter), value);
}

TEST(a_periodic_handle_fires_at_multiples_and_tells_its_misses)
{
	struct beat beat = { .task = turned() };
	sys_time_t first = sys_time_now() - 10 * MS - MS / 2, before;

	/* Ten times and a half are over when it is set. */
	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, first, MS);
	CHECK(beat.entry);
	etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 1);
	CHECK_GE(atomic_load(&beat.missed), 10);
	for (long i = 2; i <= 8; i++) {
		turn_until(beat.task, &beat.fired, i);
		/* None is early, none is lost. */
		CHECK_LE((long)(first + (sys_time_t)(beat.fired + beat.missed - 1) * MS), (long)sys_time_now());
	}
	/* A turn that comes late has one call, and what it left out in it. */
	before = sys_time_now();
	while (sys_time_now() < before + 5 * MS)
		;
	before = sys_time_now();
	etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 9);
	CHECK_GE((long)(first + (sys_time_t)(beat.fired + beat.missed) * MS), (long)before);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), E_OK);
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}

TEST(a_periodic_handle_is_cancelled_inside_its_handler_once)
{
	struct beat beat = { .task = turned(), .most = 3 }, other = { .task = beat.task };
	struct etask_stats stats;

	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), MS / 4, "beat");
	turn_until(beat.task, &beat.fired, 3);
	CHECK_EQ(beat.cancelled, E_OK);
	CHECK_EQ(beat.again, EINVAL);
	etask_stats_read(beat.task, &stats);
	CHECK_EQ(stats.alarms_armed, 0);
	/* Its entry serves another now, which the old handle does not name. */
	other.entry = sys_alarm_set_periodic(beat.task, on_beat, &other, sys_time_now(), MS / 4);
	CHECK_NE((long)other.entry, (long)beat.entry);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), EINVAL);
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now(), MS), EINVAL);
	turn_until(beat.task, &other.fired, 3);
	CHECK_EQ(atomic_load(&beat.fired), 3);
	CHECK_EQ(sys_alarm_cancel(beat.task, other.entry), E_OK);
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}

TEST(a_period_of_zero_fires_once_and_one_beyond_the_maximum_is_refused)
{
	struct beat beat = { .task = turned() };

	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), 0);
	CHECK(beat.entry);
	turn_until(beat.task, &beat.fired, 1);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), EINVAL);
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now(), MS), EINVAL);
	CHECK(!sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), SYS_ALARM_PERIOD_MAX + 1));
	CHECK(!sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), sys_time_invalid()));
	/* The longest one fires now, and then not for 292 years. */
	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), SYS_ALARM_PERIOD_MAX);
	turn_until(beat.task, &beat.fired, 2);
	for (int i = 0; i < 100; i++)
		etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 2);
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, 0, sys_time_invalid()), EINVAL);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), E_OK);
	/* The shortest one fires once a round at most, and others have their turn. */
	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, 0, 1);
	etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 3);
	turn_until(beat.task, &beat.fired, 6);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), E_OK);
	CHECK_EQ(sys_alarm_cancel(beat.task, NULL), EINVAL);
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}

TEST(rearming_moves_an_alarm_and_changes_its_period)
{
	struct beat beat = { .task = turned() };

	/* From once, and far away, to periodic, and now. */
	beat.entry = sys_alarm_set(beat.task, on_beat, &beat, sys_time_now() + sys_time_delta_of_hour(1ul));
	etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 0);
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now(), MS / 2), E_OK);
	turn_until(beat.task, &beat.fired, 3);
	/* Twice is armed once. */
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now() + sys_time_delta_of_hour(1ul), MS), E_OK);
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now() + sys_time_delta_of_hour(2ul), MS), E_OK);
	for (int i = 0; i < 100; i++)
		etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 3);
	/* To once: after that it is gone. */
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now(), 0), E_OK);
	turn_until(beat.task, &beat.fired, 4);
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now(), 0), EINVAL);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), EINVAL);
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}

static void on_rearm(void *env, uintptr_t arg, errno_t err)
{
	struct beat *beat = env;

	(void)arg;
	(void)err;
	if (atomic_fetch_add(&beat->fired, 1) + 1 < 5)
		CHECK_EQ(sys_alarm_rearm(beat->task, beat->entry, sys_time_now(), sys_time_delta_of_hour(1ul)), E_OK);
}

TEST(a_periodic_handle_is_rearmed_inside_its_handler)
{
	struct beat beat = { .task = turned() };

	beat.entry = sys_alarm_set_periodic(beat.task, on_rearm, &beat, sys_time_now(), sys_time_delta_of_hour(1ul));
	turn_until(beat.task, &beat.fired, 5);
	for (int i = 0; i < 100; i++)
		etask_turn(beat.task);
	CHECK_EQ(atomic_load(&beat.fired), 5);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), E_OK);
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}

TEST(a_periodic_handle_cancelled_by_another_thread_is_quiet_at_once)
{
	struct beat beat = { .task = kit_start((struct sys_event_task_cfg){ 0 }) };

	for (int i = 0; i < 200; i++) {
		long fired;

		beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), MS / 20);
		CHECK(beat.entry);
		kit_wait(&beat.fired, atomic_load(&beat.fired) + 1 + i % 3);
		if (i % 2)
			CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, sys_time_now(), MS / 30), E_OK);
		CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), E_OK);
		fired = atomic_load(&beat.fired);
		CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), EINVAL);
		CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, 0, MS), EINVAL);
		CHECK_EQ(atomic_load(&beat.fired), fired);
	}
	kit_end(beat.task);
}

TEST(a_handle_of_another_task_names_nothing)
{
	struct beat beat = { .task = kit_start((struct sys_event_task_cfg){ 0 }) };
	sys_event_task_t other = kit_start((struct sys_event_task_cfg){ 0 });
	sys_sched_entry_t callback;

	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), MS);
	CHECK_EQ(sys_alarm_cancel(other, beat.entry), EINVAL);
	CHECK_EQ(sys_alarm_rearm(other, beat.entry, sys_time_now() + sys_time_delta_of_hour(1ul), 0), EINVAL);
	kit_wait(&beat.fired, atomic_load(&beat.fired) + 3);
	CHECK_EQ(sys_alarm_cancel(beat.task, beat.entry), E_OK);
	etask_stop_join(beat.task);
	callback = sys_callback_schedule(beat.task, on_beat, &beat, 0, E_OK);
	CHECK_EQ(sys_callback_cancel(other, callback), EINVAL);
	CHECK_EQ(sys_callback_cancel(beat.task, callback), E_OK);
	kit_end(other);
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}

TEST(a_periodic_handle_waits_while_its_task_is_stopped_and_ends_with_it)
{
	struct beat beat = { .task = kit_start((struct sys_event_task_cfg){ 0 }) };
	sys_event_task_t other;
	long fired;

	beat.entry = sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), MS / 2);
	kit_wait(&beat.fired, 2);
	etask_stop_join(beat.task);
	fired = atomic_load(&beat.fired);
	usleep(5000);
	CHECK_EQ(atomic_load(&beat.fired), fired);
	CHECK_EQ(etask_start(beat.task, "again", -1), 0);
	kit_wait(&beat.fired, fired + 2);
	/* What went by meanwhile was left out, and told. */
	CHECK_GE(atomic_load(&beat.missed), 8);
	kit_end(beat.task);
	other = kit_start((struct sys_event_task_cfg){ 0 });
	CHECK_EQ(sys_alarm_cancel(other, beat.entry), EINVAL);
	CHECK_EQ(sys_alarm_rearm(other, beat.entry, 0, MS), EINVAL);
	kit_end(other);
}

TEST(a_provider_without_periodic_alarms_says_so)
{
	struct beat beat = { .task = turned() };
	struct sys_service_handle old = *MTE_sys_service_get();

	old.op.ETASK_alarm_set_periodic = NULL;
	old.op.ETASK_alarm_rearm_sync = NULL;
	sys_service_set(&old);
	CHECK(!sys_alarm_set_periodic(beat.task, on_beat, &beat, sys_time_now(), MS));
	beat.entry = sys_alarm_set(beat.task, on_beat, &beat, sys_time_now());
	CHECK_EQ(sys_alarm_rearm(beat.task, beat.entry, 0, 0), EOPNOTSUPP);
	turn_until(beat.task, &beat.fired, 1);
	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(sys_event_task_free(beat.task), E_OK);
}
