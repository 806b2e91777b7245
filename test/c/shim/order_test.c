/* SPDX-License-Identifier: MIT */
/*
 * order_test.c - what a client wrote before it added a poll, armed an alarm or posted
 * a callback is seen by the handler. Under TSan each plain field here is a witness.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "etask.h"
#include "harness.h"
#include "mtelib.h"

enum { ROUNDS = 200 };

struct client {
	struct etask_poll	poll;
	struct etask_alarm	alarm;
	struct etask_callback	cb;
	long			secret;		/* plain on purpose */
	atomic_int		*seen;
};

static sys_event_task_t start_task(void)
{
	sys_event_task_t task;

	sys_service_set(MTE_sys_service_get());
	task = sys_event_task_alloc(NULL);
	CHECK(task);
	CHECK_EQ(etask_start(task, "order", -1), 0);
	return task;
}

static void end_task(sys_event_task_t task)
{
	etask_stop_join(task);
	CHECK_EQ(sys_event_task_free(task), E_OK);
}

static void wait_for(atomic_int *counter, int value)
{
	for (int i = 0; i < 100000 && atomic_load_explicit(counter, memory_order_relaxed) < value; i++)
		usleep(50);
	CHECK_EQ(atomic_load(counter), value);
}

static void polled(struct etask_poll *poll, uint32_t revents)
{
	struct client *client = (struct client *)poll;
	uint64_t count;

	CHECK(revents & EPOLLIN);
	CHECK_EQ(client->secret, 0x5ec7e7);
	client->secret = 0;
	CHECK_EQ(read(poll->fd, &count, sizeof(count)), 8);
	/* relaxed: the counter must not be what orders them */
	atomic_fetch_add_explicit(client->seen, 1, memory_order_relaxed);
}

TEST(a_poll_sees_what_was_written_before_it_was_added)
{
	sys_event_task_t task = start_task();
	atomic_int seen = 0;
	struct client *clients = calloc(ROUNDS, sizeof(*clients));

	for (int i = 0; i < ROUNDS; i++) {
		struct client *client = &clients[i];

		client->poll = (struct etask_poll){
			.fd = eventfd(1, EFD_NONBLOCK), .events = EPOLLIN, .fn = polled, .whence = "test",
		};
		client->secret = 0x5ec7e7;
		client->seen = &seen;
		CHECK_EQ(etask_poll_add(task, &client->poll), 0);
	}
	wait_for(&seen, ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		etask_poll_remove_sync(&clients[i].poll);
		CHECK_EQ(clients[i].secret, 0);
		close(clients[i].poll.fd);
	}
	end_task(task);
	free(clients);
}

static void alarmed(struct etask_alarm *alarm)
{
	struct client *client = (struct client *)((char *)alarm - offsetof(struct client, alarm));

	CHECK_EQ(client->secret, 0x5ec7e7);
	client->secret = 0;
	atomic_fetch_add_explicit(client->seen, 1, memory_order_relaxed);
}

static void called(struct etask_callback *cb)
{
	struct client *client = (struct client *)((char *)cb - offsetof(struct client, cb));

	CHECK_EQ(client->secret, 0x5ec7e7);
	client->secret = 0;
	atomic_fetch_add_explicit(client->seen, 1, memory_order_relaxed);
}

TEST(alarms_and_callbacks_see_what_was_written_before)
{
	sys_event_task_t task = start_task();
	atomic_int seen = 0;
	struct client *clients = calloc(ROUNDS, sizeof(*clients));

	for (int i = 0; i < ROUNDS; i++) {
		struct client *client = &clients[i];

		client->secret = 0x5ec7e7;
		client->seen = &seen;
		etask_alarm_init(&client->alarm, alarmed, "test");
		etask_callback_init(&client->cb, called, "test");
		if (i % 2)
			etask_alarm_arm(task, &client->alarm, sys_time_now() + 1000u * (unsigned int)i);
		else
			etask_post(task, &client->cb);
	}
	wait_for(&seen, ROUNDS);
	for (int i = 0; i < ROUNDS; i++) {
		/* Nothing to cancel; what the handler wrote is seen after it. */
		CHECK(!etask_alarm_cancel_sync(task, &clients[i].alarm));
		CHECK(!etask_cancel_sync(task, &clients[i].cb));
		CHECK_EQ(clients[i].secret, 0);
	}
	end_task(task);
	free(clients);
}

static atomic_int first_bytes;

struct reader {
	char	expected;
	int	fd;
};

static void read_handler(void *env, uintptr_t events, errno_t err)
{
	struct reader *reader = env;
	char byte = 0;

	CHECK_EQ(err, E_OK);
	CHECK(events & EPOLLIN);
	CHECK_EQ(read(reader->fd, &byte, 1), 1);
	CHECK_EQ(byte, reader->expected);
	reader->expected = 'z';
	atomic_fetch_add_explicit(&first_bytes, 1, memory_order_relaxed);
}

TEST(polls_by_handle_see_their_env)
{
	sys_event_task_t task = start_task();

	for (int i = 0; i < ROUNDS; i++) {
		struct reader *reader = malloc(sizeof(*reader));
		sys_poll_entry_t entry;
		int pair[2];

		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		CHECK_EQ(write(pair[1], "a", 1), 1);
		reader->expected = 'a';
		reader->fd = pair[0];
		entry = sys_poll_enable(task, read_handler, reader, pair[0], SYS_SOCKET_RECV_ET);
		CHECK(entry);
		wait_for(&first_bytes, i + 1);
		sys_poll_disable(task, entry);
		CHECK_EQ(reader->expected, 'z');
		free(reader);
		close(pair[0]);
		close(pair[1]);
	}
	end_task(task);
}

/* ---- the order of posts by threads that wait for each other -------------------------------- */

enum { POSTERS = 3, TURNS = 1000 };

struct turn {
	struct etask_callback	cb;
	int			number;
};

static struct {
	sys_event_task_t	task;
	struct turn		turns[TURNS];
	sem_t			go[POSTERS];
	int			next;		/* on-task: whose turn it is to run */
	atomic_int		ran;
} relay;

static void turn_called(struct etask_callback *cb)
{
	CHECK_EQ(((struct turn *)cb)->number, relay.next);
	relay.next++;
	atomic_fetch_add(&relay.ran, 1);
}

/* Posts each POSTERS-th, when the one before it has been posted by another. */
static void *post_in_turn(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = me; i < TURNS; i += POSTERS) {
		while (sem_wait(&relay.go[me]) < 0)
			;
		CHECK(etask_post(relay.task, &relay.turns[i].cb));
		sem_post(&relay.go[(me + 1) % POSTERS]);
	}
	return NULL;
}

TEST(callbacks_of_threads_that_wait_for_each_other_run_in_the_order_posted)
{
	pthread_t posters[POSTERS];

	relay.task = start_task();
	for (int i = 0; i < TURNS; i++) {
		etask_callback_init(&relay.turns[i].cb, turn_called, "test");
		relay.turns[i].number = i;
	}
	for (int i = 0; i < POSTERS; i++)
		sem_init(&relay.go[i], 0, i == 0);
	for (int i = 0; i < POSTERS; i++)
		CHECK_EQ(pthread_create(&posters[i], NULL, post_in_turn, (void *)(intptr_t)i), 0);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(posters[i], NULL);
	wait_for(&relay.ran, TURNS);
	end_task(relay.task);
}

struct last_post {
	struct etask_callback	cb;
	sys_event_task_t	task;
	atomic_int		delivered;
};

static void last_called(struct etask_callback *cb)
{
	atomic_store(&((struct last_post *)cb)->delivered, 1);
}

static errno_t post_last(void *env)
{
	struct last_post *last = env;

	etask_post(last->task, &last->cb);
	return E_OK;
}

/* The poster may still be on its way out of etask_post() when the task has gone. */
TEST(a_task_may_be_freed_once_its_last_callback_ran)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct last_post *last = calloc(1, sizeof(*last));
		sys_thread_t thread;

		last->task = start_task();
		etask_callback_init(&last->cb, last_called, "test");
		thread = sys_thread_alloc(post_last, last, "poster");
		CHECK_EQ(sys_thread_start(thread), E_OK);
		while (!atomic_load(&last->delivered))
			sched_yield();
		end_task(last->task);
		sys_thread_free(thread);
		free(last);
	}
}
