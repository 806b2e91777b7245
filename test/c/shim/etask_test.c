/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <sys/socket.h>

#include "etask.h"
#include "harness.h"
#include "mtelib.h"

static sys_event_task_t start_task(void)
{
	struct sys_event_task_cfg cfg = { 0 };
	sys_event_task_t task;

	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(sys_service_init(NULL), E_OK);
	task = sys_event_task_alloc(&cfg);
	CHECK(task);
	CHECK_EQ(etask_start(task, "test", -1), 0);
	return task;
}

static void end_task(sys_event_task_t task)
{
	etask_stop_join(task);
	CHECK_EQ(sys_event_task_free(task), E_OK);
}

static void wait_until(atomic_int *counter, int value)
{
	for (int i = 0; i < 20000 && atomic_load(counter) < value; i++)
		usleep(500);
	CHECK_GE(atomic_load(counter), value);
}

struct counted {
	struct etask_callback	cb;
	sys_event_task_t	task;
	atomic_int		runs;
	int			again;
};

static void count_run(struct etask_callback *cb)
{
	struct counted *counted = (struct counted *)cb;

	if (counted->again-- > 0)
		etask_post(counted->task, cb);
	atomic_fetch_add(&counted->runs, 1);
}

TEST(callback_reposts_itself)
{
	sys_event_task_t task = start_task();
	struct counted counted = { .task = task, .again = 999 };

	etask_callback_init(&counted.cb, count_run, "test");
	CHECK(etask_post(task, &counted.cb));
	wait_until(&counted.runs, 1000);
	CHECK(!etask_cancel_sync(task, &counted.cb));
	end_task(task);
}

/* Many producers: every post runs, and each producer's are in order. */
enum { PRODUCERS = 4, POSTS = 20000 };

struct message {
	struct etask_callback	cb;
	int			producer, number;
};

static atomic_int delivered;
static int last[PRODUCERS];

static void deliver(struct etask_callback *cb)
{
	struct message *message = (struct message *)cb;

	CHECK_EQ(message->number, last[message->producer] + 1);
	last[message->producer] = message->number;
	free(message);
	atomic_fetch_add(&delivered, 1);
}

static sys_event_task_t shared_task;

static errno_t produce(void *env)
{
	for (int i = 1; i <= POSTS; i++) {
		struct message *message = malloc(sizeof(*message));

		message->producer = (int)(intptr_t)env;
		message->number = i;
		etask_callback_init(&message->cb, deliver, "test");
		if (i % 3)
			etask_post(shared_task, &message->cb);
		else
			etask_post(shared_task, &message->cb);
	}
	return E_OK;
}

TEST(many_producers_keep_their_order)
{
	sys_thread_t threads[PRODUCERS];

	shared_task = start_task();
	for (intptr_t i = 0; i < PRODUCERS; i++) {
		threads[i] = sys_thread_alloc(produce, (void *)i, "producer");
		CHECK_EQ(sys_thread_start(threads[i]), E_OK);
	}
	for (int i = 0; i < PRODUCERS; i++)
		sys_thread_free(threads[i]);
	wait_until(&delivered, PRODUCERS * POSTS);
	end_task(shared_task);
}

struct alarmed {
	struct etask_alarm	alarm;
	sys_time_t		fired;
	atomic_int		runs;
};

static void alarm_fired(struct etask_alarm *alarm)
{
	struct alarmed *alarmed = (struct alarmed *)alarm;

	alarmed->fired = sys_time_now();
	atomic_fetch_add(&alarmed->runs, 1);
}

TEST(alarms_fire_never_early)
{
	sys_event_task_t task = start_task();
	struct alarmed alarms[64];

	for (int i = 0; i < 64; i++) {
		memset(&alarms[i], 0, sizeof(alarms[i]));
		etask_alarm_init(&alarms[i].alarm, alarm_fired, "test");
		alarms[i].alarm.expire = 0;
	}
	sys_time_t base = sys_time_now();

	for (int i = 0; i < 64; i++)
		etask_alarm_arm(task, &alarms[i].alarm, base + (sys_time_t)(i * i) * 30000);
	for (int i = 0; i < 64; i++) {
		wait_until(&alarms[i].runs, 1);
		CHECK_GE(alarms[i].fired, base + (sys_time_t)(i * i) * 30000);
		CHECK_EQ(alarms[i].runs, 1);
	}
	end_task(task);
}

TEST(cancelled_alarm_stays_quiet)
{
	sys_event_task_t task = start_task();
	struct alarmed alarmed = { 0 };

	etask_alarm_init(&alarmed.alarm, alarm_fired, "test");
	etask_alarm_arm(task, &alarmed.alarm, sys_time_now() + 20000000);
	CHECK(etask_alarm_cancel_sync(task, &alarmed.alarm));
	CHECK(!etask_alarm_cancel_sync(task, &alarmed.alarm));
	usleep(40000);
	CHECK_EQ(alarmed.runs, 0);
	/* Re-armed to an earlier time while the task sleeps long. */
	etask_alarm_arm(task, &alarmed.alarm, sys_time_now() + sys_time_delta_of_sec(60));
	usleep(5000);
	etask_alarm_arm(task, &alarmed.alarm, sys_time_now() + 1000000);
	wait_until(&alarmed.runs, 1);
	end_task(task);
}

static atomic_int bytes_seen;

static void read_one(struct etask_poll *poll, uint32_t revents)
{
	char byte;

	CHECK(revents & EPOLLIN);
	CHECK_EQ(read(poll->fd, &byte, 1), 1);
	atomic_fetch_add(&bytes_seen, 1);
}

TEST(poll_stays_armed_until_removed)
{
	sys_event_task_t task = start_task();
	int pair[2];
	struct etask_poll poll = { .events = EPOLLIN, .fn = read_one, .whence = "test" };

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	poll.fd = pair[0];
	CHECK_EQ(etask_poll_add(task, &poll), 0);
	CHECK_EQ(write(pair[1], "abc", 3), 3);
	wait_until(&bytes_seen, 3);
	etask_poll_remove_sync(&poll);
	CHECK_EQ(write(pair[1], "d", 1), 1);
	usleep(20000);
	CHECK_EQ(bytes_seen, 3);
	end_task(task);
}

static atomic_int handled;

static void handler(void *env, uintptr_t arg, errno_t err)
{
	(void)env;
	CHECK_EQ(err, E_OK);
	atomic_fetch_add(&handled, (int)arg);
}

TEST(stale_handles_are_told_apart)
{
	sys_event_task_t task = start_task();
	sys_sched_entry_t first = sys_callback_schedule(task, handler, NULL, 1, E_OK);
	sys_alarm_entry_t alarm;

	wait_until(&handled, 1);
	CHECK_EQ(sys_callback_cancel(task, first), EINVAL);
	alarm = sys_alarm_set(task, handler, NULL, sys_time_now() + sys_time_delta_of_sec(60), "later");
	CHECK_EQ(sys_callback_cancel(task, first), EINVAL);
	CHECK_EQ(sys_alarm_cancel(task, alarm), E_OK);
	CHECK_EQ(sys_alarm_cancel(task, alarm), EINVAL);
	end_task(task);
}

TEST(task_starts_again_after_a_stop)
{
	sys_event_task_t task = start_task();
	struct counted counted = { .task = task };

	etask_stop_join(task);
	etask_callback_init(&counted.cb, count_run, "test");
	etask_post(task, &counted.cb);
	CHECK_EQ(etask_start(task, "again", -1), 0);
	wait_until(&counted.runs, 1);
	end_task(task);
}
