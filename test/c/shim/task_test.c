/* SPDX-License-Identifier: MIT */
/*
 * A task's life: stop, restart, another thread, its end with things still on it; periodic
 * alarms; what others read of it; and each misuse that has a defined result.
 */
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "task_kit.h"

static const struct sys_event_task_cfg usual;
static sys_event_task_t task;
static atomic_long runs;

static void count(struct etask_callback *cb)
{
	(void)cb;
	atomic_fetch_add(&runs, 1);
}

static void count_alarm(struct etask_alarm *alarm)
{
	(void)alarm;
	atomic_fetch_add(&runs, 1);
}

static void count_poll(struct etask_poll *poll, uint32_t revents)
{
	eventfd_t value;

	(void)revents;
	CHECK_EQ(eventfd_read(poll->fd, &value), 0);
	atomic_fetch_add(&runs, 1);
}

/* ---- stop and restart -------------------------------------------------------- */

TEST(what_is_on_a_task_outlives_a_stop)
{
	struct etask_poll poll = { .fd = eventfd(0, EFD_NONBLOCK), .events = EPOLLIN, .fn = count_poll };
	struct etask_callback cb;
	struct etask_alarm alarm;

	task = kit_start(usual);
	etask_callback_init(&cb, count, "test");
	etask_alarm_init(&alarm, count_alarm, "test");
	CHECK_EQ(etask_poll_add(task, &poll), 0);
	for (long i = 0; i < 50; i++) {
		etask_stop_join(task);
		etask_stop_join(task);		/* twice is once */
		CHECK(etask_post(task, &cb));
		CHECK(!etask_post(task, &cb));
		etask_alarm_arm(task, &alarm, sys_time_now() + 1000);
		CHECK_EQ(eventfd_write(poll.fd, 1), 0);
		usleep(100);
		CHECK_EQ(atomic_load(&runs), 3 * i);
		CHECK_EQ(etask_start(task, "again", -1), 0);
		CHECK_EQ(etask_start(task, "twice", -1), -EBUSY);
		kit_wait(&runs, 3 * i + 3);
	}
	etask_poll_remove_sync(&poll);
	kit_end(task);
}

static void *run_it(void *arg)
{
	CHECK_EQ(sys_event_task_run(task), E_OK);
	return arg;
}

static void note_thread(struct etask_callback *cb)
{
	(void)cb;
	CHECK(sys_event_task_current() == task);
	atomic_store(&runs, syscall(SYS_gettid));
}

TEST(task_moves_to_another_thread)
{
	struct etask_callback cb;
	long before = 0;

	task = kit_alloc(usual);
	etask_callback_init(&cb, note_thread, "test");
	for (int i = 0; i < 20; i++) {
		pthread_t thread;

		atomic_store(&runs, 0);
		etask_post(task, &cb);
		CHECK_EQ(pthread_create(&thread, NULL, run_it, NULL), 0);
		kit_wait(&runs, 1);
		CHECK_NE(atomic_load(&runs), before);
		before = atomic_load(&runs);
		CHECK_EQ(sys_event_task_free(task), EBUSY);
		sys_event_task_stop(task);
		pthread_join(thread, NULL);
	}
	CHECK_EQ(sys_event_task_free(task), E_OK);
}

/* Stopped from inside its own handler. */
static void stop_here(struct etask_callback *cb)
{
	(void)cb;
	sys_event_task_stop(task);
}

TEST(task_stops_itself)
{
	struct etask_callback cb;

	task = kit_alloc(usual);
	etask_callback_init(&cb, stop_here, "test");
	etask_post(task, &cb);
	CHECK_EQ(sys_event_task_run(task), E_OK);
	CHECK(!sys_event_task_current());
	CHECK_EQ(sys_event_task_free(task), E_OK);
}

static void *post_and_cancel(void *arg)
{
	struct etask_callback cb;

	etask_callback_init(&cb, count, "test");
	while (!atomic_load((atomic_bool *)arg)) {
		etask_post(task, &cb);
		etask_cancel_sync(task, &cb);
	}
	return NULL;
}

TEST(cancel_returns_while_the_task_stops_and_starts)
{
	atomic_bool end = false;
	pthread_t threads[3];

	task = kit_start(usual);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, post_and_cancel, &end), 0);
	for (int i = 0; i < 200; i++) {
		etask_stop_join(task);
		CHECK_EQ(etask_start(task, "again", -1), 0);
	}
	atomic_store(&end, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	kit_end(task);
}

/* ---- the end with things still on it --------------------------------------------- */

static void never(void *env, uintptr_t arg, errno_t err)
{
	(void)env, (void)arg, (void)err;
	test_fail(__FILE__, __LINE__, "a handler ran that should not");
}

TEST(freed_task_lets_go_of_all)
{
	struct etask_poll poll = { .fd = eventfd(1, EFD_NONBLOCK), .events = EPOLLIN, .fn = count_poll };
	struct etask_callback cb, low;
	struct etask_alarm alarm, last;
	sys_sched_entry_t handle;
	sys_alarm_entry_t alarm_handle;
	sys_poll_entry_t poll_handle;
	sys_event_task_t other;

	task = kit_alloc(usual);
	etask_callback_init(&cb, count, "test");
	etask_callback_init(&low, count, "test");
	etask_alarm_init(&alarm, count_alarm, "test");
	etask_alarm_init(&last, count_alarm, "test");
	CHECK(etask_post(task, &cb));
	CHECK(etask_post_lopri(task, &low));
	etask_alarm_arm(task, &alarm, 1);
	etask_alarm_arm_periodic(task, &last, sys_time_invalid(), 1000);
	CHECK_EQ(etask_poll_add(task, &poll), 0);
	handle = sys_callback_schedule(task, never, NULL, 0, E_OK);
	alarm_handle = sys_alarm_set(task, never, NULL, 1);
	poll_handle = sys_poll_enable(task, never, NULL, dup(poll.fd), EPOLLIN);
	CHECK(handle && alarm_handle && poll_handle);
	CHECK_EQ(sys_event_task_free(task), E_OK);

	CHECK(!poll.task && !alarm.task && !last.task);
	etask_poll_remove_sync(&poll);
	CHECK_EQ(etask_poll_mod(&poll, EPOLLOUT), -ENOENT);
	CHECK(!etask_alarm_cancel_sync(task, &alarm));
	CHECK(!etask_cancel_sync(task, &cb));
	CHECK_EQ(sys_callback_cancel(task, handle), EINVAL);
	CHECK_EQ(sys_alarm_cancel(task, alarm_handle), EINVAL);
	sys_poll_disable(task, poll_handle);

	/* All of them serve another task. */
	other = kit_start(usual);
	CHECK(etask_post(other, &cb));
	CHECK(etask_post_lopri(other, &low));
	etask_alarm_arm(other, &alarm, 1);
	CHECK_EQ(etask_poll_add(other, &poll), 0);
	kit_wait(&runs, 4);
	etask_poll_remove_sync(&poll);
	kit_end(other);
}

/* ---- periodic alarms ---------------------------------------------------------------- */

struct periodic {
	struct etask_alarm	alarm;
	sys_time_t		first, last;
	sys_time_delta_t	period;
	int			hold_us, until;
};

static void periodic_fired(struct etask_alarm *alarm)
{
	struct periodic *periodic = member_of(alarm, struct periodic, alarm);
	sys_time_t now = sys_time_now();

	/* It stands at its next time already, a multiple of the period from the first. */
	CHECK_EQ((alarm->expire - periodic->first) % periodic->period, 0);
	CHECK_GE(now, periodic->last + periodic->period);
	periodic->last = alarm->expire - periodic->period;
	if (periodic->hold_us)
		usleep((useconds_t)periodic->hold_us);
	if (atomic_fetch_add(&runs, 1) + 1 == periodic->until)
		CHECK(etask_alarm_cancel_sync(task, alarm));
}

static struct periodic periodic;

static void arm_periodic(sys_time_delta_t period, int hold_us, int until)
{
	task = kit_start(usual);
	periodic.period = period;
	periodic.hold_us = hold_us;
	periodic.until = until;
	periodic.first = sys_time_now() + 1000000;
	periodic.last = periodic.first - period;
	etask_alarm_init(&periodic.alarm, periodic_fired, "periodic");
	etask_alarm_arm_periodic(task, &periodic.alarm, periodic.first, period);
}

TEST(periodic_alarm_does_not_drift_and_cancels_itself)
{
	arm_periodic(500000, 0, 200);
	kit_wait(&runs, 200);
	CHECK_GE(sys_time_now(), periodic.first + 199 * 500000ul);
	usleep(5000);
	CHECK_EQ(atomic_load(&runs), 200);
	CHECK(!etask_alarm_cancel_sync(task, &periodic.alarm));
	/* 200 served and the missed ones are all there were. */
	CHECK_EQ(periodic.alarm.expire, periodic.first + (200 + periodic.alarm.missed) * 500000);
	kit_end(task);
}

TEST(periodic_alarm_leaves_out_what_it_missed)
{
	arm_periodic(1000000, 5500, 20);
	kit_wait(&runs, 20);
	kit_end(task);
	/* Each handler takes five periods and a half: four or five go by in it. */
	CHECK_GE(periodic.alarm.missed, 4 * 19);
	CHECK_EQ(periodic.alarm.expire, periodic.first + (20 + periodic.alarm.missed) * 1000000ul);
}

static void rearm_slower(struct etask_alarm *alarm)
{
	if (atomic_fetch_add(&runs, 1) == 0)
		etask_alarm_arm(task, alarm, sys_time_now() + 1000000);
}

TEST(periodic_alarm_armed_anew_in_its_handler_fires_once_more)
{
	struct etask_alarm alarm;

	task = kit_start(usual);
	etask_alarm_init(&alarm, rearm_slower, "test");
	etask_alarm_arm_periodic(task, &alarm, sys_time_now(), 100000);
	kit_wait(&runs, 2);
	usleep(5000);
	CHECK_EQ(atomic_load(&runs), 2);
	kit_end(task);
}

/* ---- misuse with a defined result ---------------------------------------------------- */

static void cancel_self(struct etask_callback *cb)
{
	/* Running, not queued: nothing to cancel; and what it posts itself can be. */
	CHECK(!etask_cancel_sync(task, cb));
	CHECK(etask_post(task, cb));
	CHECK(etask_cancel_sync(task, cb));
	CHECK(!etask_cancel_sync(task, cb));
	atomic_fetch_add(&runs, 1);
}

TEST(cancel_inside_the_handler)
{
	struct etask_callback cb;

	task = kit_start(usual);
	etask_callback_init(&cb, cancel_self, "test");
	etask_post(task, &cb);
	kit_wait(&runs, 1);
	usleep(5000);
	CHECK_EQ(atomic_load(&runs), 1);
	kit_end(task);
}

static sys_alarm_entry_t self_handle;

static void cancel_own_handle(void *env, uintptr_t arg, errno_t err)
{
	(void)env, (void)arg;
	CHECK_EQ(err, E_OK);
	CHECK_EQ(sys_alarm_cancel(task, self_handle), EINVAL);
	atomic_fetch_add(&runs, 1);
}

TEST(handle_is_stale_inside_its_handler)
{
	task = kit_alloc(usual);
	self_handle = sys_alarm_set(task, cancel_own_handle, NULL, sys_time_now());
	CHECK_EQ(etask_start(task, "test", -1), 0);
	kit_wait(&runs, 1);
	CHECK_EQ(sys_alarm_cancel(task, NULL), EINVAL);
	CHECK_EQ(sys_alarm_cancel(task, (void *)~0ul), EINVAL);
	CHECK_EQ(sys_callback_cancel(task, (sys_sched_entry_t)self_handle), EINVAL);
	kit_end(task);
}

static void remove_self(struct etask_poll *poll, uint32_t revents)
{
	(void)revents;
	etask_poll_remove_sync(poll);
	etask_poll_remove_sync(poll);
	CHECK_EQ(etask_poll_mod(poll, EPOLLOUT), -ENOENT);
	close(poll->fd);
	atomic_fetch_add(&runs, 1);
}

TEST(poll_removed_in_its_handler)
{
	struct etask_poll poll = { .fd = eventfd(1, EFD_NONBLOCK), .events = EPOLLIN, .fn = remove_self };

	task = kit_start(usual);
	CHECK_EQ(etask_poll_add(task, &poll), 0);
	kit_wait(&runs, 1);
	usleep(2000);
	CHECK_EQ(atomic_load(&runs), 1);
	kit_end(task);
}

TEST(bad_descriptors_are_refused)
{
	struct etask_poll poll = { .fd = -1, .events = EPOLLIN, .fn = remove_self };
	int fd = eventfd(0, EFD_NONBLOCK);

	task = kit_start(usual);
	CHECK_EQ(etask_poll_add(task, &poll), -EBADF);
	poll.fd = 1 << 20;
	CHECK_EQ(etask_poll_add(task, &poll), -EMFILE);
	poll.fd = fd;
	CHECK_EQ(etask_poll_add(task, &poll), 0);
	CHECK_EQ(etask_poll_add(task, &poll), -EEXIST);
	close(fd);
	CHECK_EQ(etask_poll_mod(&poll, EPOLLOUT), -EBADF);
	etask_poll_remove_sync(&poll);
	CHECK_EQ(etask_poll_add(task, &poll), -EBADF);
	CHECK(!poll.task);
	CHECK(!sys_poll_enable(task, never, NULL, fd, EPOLLIN));
	kit_end(task);
}

/* A million entries by handle, and not one more; freeing the task frees them. */
TEST(handles_have_a_limit)
{
	enum { LIMIT = 1 << 20 };
	sys_sched_entry_t first;
	long got = 1;

	task = kit_alloc(usual);
	first = sys_callback_schedule(task, never, NULL, 0, E_OK);
	while (got <= LIMIT && sys_callback_schedule_lopri(task, never, NULL, 0, E_OK))
		got++;
	CHECK_EQ(got, LIMIT);
	CHECK(!sys_alarm_set(task, never, NULL, 1));
	CHECK_EQ(sys_callback_cancel(task, first), E_OK);
	CHECK(sys_alarm_set(task, never, NULL, 1));
	CHECK_EQ(sys_event_task_free(task), E_OK);
	task = kit_alloc(usual);
	for (got = 0; got < 100; got++)
		CHECK(sys_alarm_set(task, never, NULL, sys_time_invalid()));
	CHECK_EQ(sys_event_task_free(task), E_OK);
}

/* ---- what others read of it ----------------------------------------------------------- */

static atomic_bool held;

static void hold(struct etask_callback *cb)
{
	(void)cb;
	atomic_store(&held, true);
	while (atomic_load(&held))
		usleep(100);
}

TEST(stuck_task_is_told_by_its_heartbeat_and_what_it_runs)
{
	struct etask_stats stats;
	struct etask_callback cb;
	struct etask_alarm alarm;
	string_t text;

	task = kit_start(usual);
	etask_callback_init(&cb, hold, "stuck.c:17");
	etask_alarm_init(&alarm, count_alarm, "test");
	etask_alarm_arm(task, &alarm, sys_time_invalid());
	for (int i = 0; i < 10000 && !etask_asleep(task); i++)
		usleep(500);
	CHECK(etask_asleep(task));
	CHECK(!etask_running(task));
	text = sys_event_task_fmt(task);
	CHECK(strstr(text, "asleep") && strstr(text, "(1 armed)"));
	sys_mem_free(text);

	etask_post(task, &cb);
	while (!atomic_load(&held))
		usleep(100);
	usleep(20000);
	CHECK(!etask_asleep(task));
	CHECK_STREQ(etask_running(task), "stuck.c:17");
	etask_stats_read(task, &stats);
	CHECK_GE(sys_time_now() - stats.heartbeat, 20000000);
	CHECK_EQ(stats.alarms_armed, 1);
	text = sys_event_task_fmt(task);
	CHECK(strstr(text, "in stuck.c:17"));
	sys_mem_free(text);

	atomic_store(&held, false);
	for (int i = 0; i < 10000 && !etask_asleep(task); i++)
		usleep(500);
	etask_stats_read(task, &stats);
	CHECK_GE(stats.longest_round_ns, 20000000);
	CHECK_GE(stats.callbacks, 1);
	kit_end(task);
}

static void *read_often(void *arg)
{
	struct etask_stats before = { 0 }, now;

	while (!atomic_load((atomic_bool *)arg)) {
		etask_stats_read(task, &now);
		CHECK_GE(now.rounds, before.rounds);
		CHECK_GE(now.callbacks, before.callbacks);
		CHECK_GE(now.heartbeat, before.heartbeat);
		CHECK_GE(now.busy_ns + now.idle_ns, before.busy_ns + before.idle_ns);
		before = now;
		sys_mem_free(sys_event_task_fmt(task));
	}
	return NULL;
}

static void again(struct etask_callback *cb)
{
	if (atomic_fetch_add(&runs, 1) < 200000)
		etask_post(task, cb);
}

TEST(numbers_are_read_while_the_task_works)
{
	struct etask_callback cb;
	atomic_bool end = false;
	pthread_t reader;

	task = kit_start(usual);
	CHECK_EQ(pthread_create(&reader, NULL, read_often, &end), 0);
	etask_callback_init(&cb, again, "test");
	etask_post(task, &cb);
	kit_wait(&runs, 200000);
	atomic_store(&end, true);
	pthread_join(reader, NULL);
	kit_end(task);
}

/* ---- spinning ---------------------------------------------------------------------------- */

static struct etask_callback ping, pong;
static sys_event_task_t far_task;

static void on_ping(struct etask_callback *cb)
{
	(void)cb;
	etask_post(task, &pong);
}

static void on_pong(struct etask_callback *cb)
{
	(void)cb;
	if (atomic_fetch_add(&runs, 1) < 2000)
		etask_post(far_task, &ping);
}

static struct etask_stats volley(uint64_t spin_ns)
{
	struct etask_stats stats;

	atomic_store(&runs, 0);
	task = kit_alloc(usual);
	far_task = kit_alloc(usual);
	etask_spin_set(task, spin_ns);
	etask_spin_set(far_task, spin_ns);
	CHECK_EQ(etask_start(task, "near", -1), 0);
	CHECK_EQ(etask_start(far_task, "far", -1), 0);
	etask_callback_init(&ping, on_ping, "ping");
	etask_callback_init(&pong, on_pong, "pong");
	etask_post(far_task, &ping);
	kit_wait(&runs, 2000);
	etask_stop_join(task);
	etask_stop_join(far_task);
	etask_stats_read(task, &stats);
	CHECK_EQ(sys_event_task_free(task), E_OK);
	CHECK_EQ(sys_event_task_free(far_task), E_OK);
	return stats;
}

TEST(spinning_replaces_sleeps_and_zero_turns_it_off)
{
	struct etask_stats without = volley(0), with = volley(1000000);

	CHECK_EQ(without.spins, 0);
	CHECK_GT(without.sleeps, 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) == 1) {
		CHECK_EQ(with.spins, 0);	/* it stays off */
	} else {
		CHECK_GT(with.spins, 0);
		CHECK_LT(with.sleeps, 2000);
	}
}

/* Waits are long: it gives up spinning, but for a try now and then. */
TEST(spinning_stops_where_waits_are_long)
{
	struct etask_stats stats;
	struct etask_alarm alarm;

	task = kit_alloc(usual);
	etask_spin_set(task, 50000);
	etask_alarm_init(&alarm, count_alarm, "test");
	etask_alarm_arm_periodic(task, &alarm, sys_time_now(), 1000000);
	CHECK_EQ(etask_start(task, "test", -1), 0);
	kit_wait(&runs, 200);
	etask_stop_join(task);
	etask_stats_read(task, &stats);
	CHECK_GT(stats.sleeps, 100);
	CHECK_LT(stats.spins, stats.sleeps / 4);
	CHECK_EQ(sys_event_task_free(task), E_OK);
}
