/* SPDX-License-Identifier: MIT */
/*
 * Many threads schedule, cancel, arm, re-arm, poll, close and exchange memory on a few
 * tasks that are stopped and restarted meanwhile, all at random.
 *
 *	RING3_SEED=n		the same choices of every thread again (not the same interleaving)
 *	RING3_RANDOM_SECONDS=n	for how long; 2 without it
 *
 * What must hold: after a _sync cancel a handler neither runs nor will run; what was
 * posted and not cancelled ran exactly once; no alarm is early; a stale handle
 * answers EINVAL; at the end nothing is armed, added or allocated.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "sys_mem.h"
#include "task_kit.h"

enum { TASKS = 3, WORKERS = 4, CALLBACKS = 12, ALARMS = 12, POLLS = 6, HANDLES = 12, MAIL = 64 };

struct random { uint64_t state; };

static uint64_t next_random(struct random *random)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return random->state;
}

static unsigned int below(struct random *random, unsigned int limit)
{
	return (unsigned int)(next_random(random) % limit);
}

struct work_callback {
	struct etask_callback	cb;
	struct random		random;		/* the handler's */
	sys_event_task_t	task;
	atomic_bool		gone;		/* cancelled, and not posted since */
	atomic_bool		inside;
	long			posted, cancelled;	/* the worker's */
	atomic_long		ran, reposted;
};

struct work_alarm {
	struct etask_alarm	alarm;
	struct random		random;
	sys_event_task_t	task;
	atomic_bool		gone, inside;
	long			armed, cancelled;
	atomic_long		ran;
};

struct work_poll {
	struct etask_poll	poll;
	atomic_bool		gone, inside;
	bool			added;
	atomic_long		ran;
};

struct work_handle {
	sys_sched_entry_t	entry;
	sys_alarm_entry_t	alarm;
	sys_event_task_t	task;
	atomic_long		ran;
	long			expected;
};

struct worker {
	pthread_t		thread;
	struct random		random;
	struct work_callback	callbacks[CALLBACKS];
	struct work_alarm	alarms[ALARMS];
	struct work_poll	polls[POLLS];
	struct work_handle	handles[HANDLES];
};

static sys_event_task_t tasks[TASKS];
static struct worker workers[WORKERS];
static atomic_bool end;
static void *mail[MAIL];

/* ---- memory changes hands --------------------------------------------------------- */

static void exchange_memory(struct random *random)
{
	size_t bytes = 16 + below(random, 2000);
	unsigned char *fresh = mem_alloc(bytes, "random_test"), *old;

	CHECK(fresh);
	memset(fresh, 0x77, bytes);
	fresh[0] = fresh[15] = (unsigned char)bytes;
	old = __atomic_exchange_n(&mail[below(random, MAIL)], fresh, __ATOMIC_ACQ_REL);
	if (old)
		CHECK_EQ(old[0], old[15]);
	mem_free(old, "random_test");
}

/* ---- handlers ------------------------------------------------------------------------ */

static void enter(atomic_bool *gone, atomic_bool *inside)
{
	CHECK(!atomic_load(gone));
	CHECK(!atomic_exchange(inside, true));
}

static void callback_runs(struct etask_callback *cb)
{
	struct work_callback *work = member_of(cb, struct work_callback, cb);

	enter(&work->gone, &work->inside);
	CHECK(sys_event_task_current() == work->task);
	atomic_fetch_add(&work->ran, 1);
	switch (below(&work->random, 8)) {
	case 0:
		if (etask_post(work->task, cb))
			atomic_fetch_add(&work->reposted, 1);
		break;
	case 1:		/* posted and taken back: as if nothing was, unless the worker's post came between */
		if (etask_post(work->task, cb))
			atomic_fetch_add(&work->reposted, 1);
		if (etask_cancel_sync(work->task, cb))
			atomic_fetch_add(&work->ran, 1);
		break;
	case 2:
		exchange_memory(&work->random);
		break;
	default:
		break;
	}
	atomic_store(&work->inside, false);
}

static void alarm_runs(struct etask_alarm *alarm)
{
	struct work_alarm *work = member_of(alarm, struct work_alarm, alarm);

	enter(&work->gone, &work->inside);
	atomic_fetch_add(&work->ran, 1);
	if (below(&work->random, 6) == 0)
		exchange_memory(&work->random);
	atomic_store(&work->inside, false);
}

static void poll_runs(struct etask_poll *poll, uint32_t revents)
{
	struct work_poll *work = member_of(poll, struct work_poll, poll);
	uint64_t value;

	enter(&work->gone, &work->inside);
	CHECK(revents & EPOLLIN);
	if (read(poll->fd, &value, sizeof(value)) < 0)
		CHECK_EQ(errno, EAGAIN);
	atomic_fetch_add(&work->ran, 1);
	atomic_store(&work->inside, false);
}

static void handle_runs(void *env, uintptr_t arg, errno_t err)
{
	struct work_handle *work = env;

	(void)arg;
	CHECK_EQ(err, E_OK);
	atomic_fetch_add(&work->ran, 1);
}

/* ---- what a worker does ---------------------------------------------------------------- */

static void leave(atomic_bool *gone, atomic_bool *inside)
{
	CHECK(!atomic_load(inside));
	atomic_store(gone, true);
}

static void cancel_callback(struct work_callback *work)
{
	work->cancelled += etask_cancel_sync(work->task, &work->cb);
	leave(&work->gone, &work->inside);
}

static void do_callback(struct worker *me, struct work_callback *work)
{
	switch (below(&me->random, 4)) {
	case 0:
		cancel_callback(work);
		work->task = tasks[below(&me->random, TASKS)];
		break;
	case 1:
		cancel_callback(work);
		break;
	default:
		atomic_store(&work->gone, false);
		work->posted += below(&me->random, 3) ? etask_post(work->task, &work->cb)
						      : etask_post_lopri(work->task, &work->cb);
		break;
	}
}

static void cancel_alarm(struct work_alarm *work)
{
	work->cancelled += etask_alarm_cancel_sync(work->task, &work->alarm);
	leave(&work->gone, &work->inside);
}

static void do_alarm(struct worker *me, struct work_alarm *work)
{
	sys_time_t expire = sys_time_now() + below(&me->random, 3000000) - 500000;

	switch (below(&me->random, 6)) {
	case 0:
		cancel_alarm(work);
		work->task = tasks[below(&me->random, TASKS)];
		break;
	case 1:
		cancel_alarm(work);
		atomic_store(&work->gone, false);
		etask_alarm_arm_periodic(work->task, &work->alarm, expire, 1 + below(&me->random, 2000000));
		break;
	case 2:
		/* Not _sync: it may be running still. */
		etask_alarm_cancel(work->task, &work->alarm);
		break;
	default:
		atomic_store(&work->gone, false);
		etask_alarm_arm(work->task, &work->alarm, expire);
		break;
	}
}

static void remove_poll(struct work_poll *work)
{
	etask_poll_remove_sync(&work->poll);
	leave(&work->gone, &work->inside);
	work->added = false;
}

static void do_poll(struct worker *me, struct work_poll *work)
{
	uint32_t events = EPOLLIN | (below(&me->random, 2) ? EPOLLET : 0);
	uint64_t one = 1;

	if (!work->added) {
		atomic_store(&work->gone, false);
		work->poll.events = events;
		CHECK_EQ(etask_poll_add(tasks[below(&me->random, TASKS)], &work->poll), 0);
		work->added = true;
		return;
	}
	switch (below(&me->random, 8)) {
	case 0:
		remove_poll(work);
		break;
	case 1:		/* the right order: removed, then closed */
		remove_poll(work);
		close(work->poll.fd);
		work->poll.fd = eventfd(0, EFD_NONBLOCK);
		break;
	case 2:
		CHECK_EQ(etask_poll_mod(&work->poll, events), 0);
		break;
	default:
		CHECK_EQ(write(work->poll.fd, &one, sizeof(one)), sizeof(one));
		break;
	}
}

/* Closed under its poll; the number may be another thread's at once: so all of them are refused or served. */
static void close_under(struct worker *me, struct work_poll *work)
{
	int other;

	if (!work->added)
		return;
	other = eventfd(0, EFD_NONBLOCK);
	/* Another file takes the place in one step, so that no number is ever free for a neighbour to get. */
	CHECK_EQ(dup2(other, work->poll.fd), work->poll.fd);
	close(other);
	remove_poll(work);
	(void)me;
}

static void do_handle(struct worker *me, struct work_handle *work)
{
	if (work->entry) {
		errno_t rc = sys_callback_cancel(work->task, work->entry);

		CHECK(rc == E_OK || rc == EINVAL);
		work->expected -= rc == E_OK;
		CHECK_EQ(atomic_load(&work->ran), work->expected);
		CHECK_EQ(sys_callback_cancel(work->task, work->entry), EINVAL);
		work->entry = NULL;
	} else if (work->alarm) {
		errno_t rc = sys_alarm_cancel(work->task, work->alarm);

		CHECK(rc == E_OK || rc == EINVAL);
		work->expected -= rc == E_OK;
		CHECK_EQ(atomic_load(&work->ran), work->expected);
		CHECK_EQ(sys_alarm_cancel(work->task, work->alarm), EINVAL);
		work->alarm = NULL;
	} else {
		work->task = tasks[below(&me->random, TASKS)];
		work->expected++;
		switch (below(&me->random, 3)) {
		case 0:
			work->entry = sys_callback_schedule(work->task, handle_runs, work, 0, E_OK);
			break;
		case 1:
			work->entry = sys_callback_schedule_lopri(work->task, handle_runs, work, 0, E_OK);
			break;
		default:
			work->alarm = sys_alarm_set(work->task, handle_runs, work,
						    sys_time_now() + below(&me->random, 2000000));
			break;
		}
		CHECK(work->entry || work->alarm);
	}
}

static void *work(void *arg)
{
	struct worker *me = arg;

	while (!atomic_load(&end)) {
		switch (below(&me->random, 10)) {
		case 0: case 1: case 2:
			do_callback(me, &me->callbacks[below(&me->random, CALLBACKS)]);
			break;
		case 3: case 4: case 5:
			do_alarm(me, &me->alarms[below(&me->random, ALARMS)]);
			break;
		case 6: case 7:
			do_poll(me, &me->polls[below(&me->random, POLLS)]);
			break;
		case 8:
			do_handle(me, &me->handles[below(&me->random, HANDLES)]);
			break;
		default:
			if (below(&me->random, 8) == 0)
				close_under(me, &me->polls[below(&me->random, POLLS)]);
			else if (below(&me->random, 200) == 0)
				mem_trim();
			else
				exchange_memory(&me->random);
			break;
		}
	}
	return NULL;
}

/* Takes everything back, and adds up. */
static void finish(struct worker *me)
{
	for (int i = 0; i < CALLBACKS; i++) {
		struct work_callback *work = &me->callbacks[i];

		cancel_callback(work);
		CHECK_EQ(work->posted + work->reposted, work->ran + work->cancelled);
	}
	for (int i = 0; i < ALARMS; i++)
		cancel_alarm(&me->alarms[i]);
	for (int i = 0; i < POLLS; i++) {
		remove_poll(&me->polls[i]);
		close(me->polls[i].poll.fd);
	}
	for (int i = 0; i < HANDLES; i++) {
		struct work_handle *work = &me->handles[i];

		if (work->entry || work->alarm)
			do_handle(me, work);
		CHECK_EQ(work->ran, work->expected);
	}
}

static void prepare(struct worker *me, uint64_t seed)
{
	me->random.state = seed;
	for (int i = 0; i < CALLBACKS; i++) {
		etask_callback_init(&me->callbacks[i].cb, callback_runs, "random");
		me->callbacks[i].task = tasks[below(&me->random, TASKS)];
		me->callbacks[i].random.state = next_random(&me->random) | 1;
	}
	for (int i = 0; i < ALARMS; i++) {
		etask_alarm_init(&me->alarms[i].alarm, alarm_runs, "random");
		me->alarms[i].task = tasks[below(&me->random, TASKS)];
		me->alarms[i].random.state = next_random(&me->random) | 1;
	}
	for (int i = 0; i < POLLS; i++)
		me->polls[i].poll = (struct etask_poll){
			.fd = eventfd(0, EFD_NONBLOCK), .fn = poll_runs, .whence = "random",
		};
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t fresh_seed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000003 ^ (uint64_t)now.tv_nsec;
}

static void check_tasks_empty(void)
{
	for (int i = 0; i < TASKS; i++) {
		struct etask_stats stats;

		etask_stats_read(tasks[i], &stats);
		CHECK_EQ(stats.alarms_armed, 0);
		CHECK_EQ(stats.polls_added, 0);
		kit_end(tasks[i]);
	}
}

static bool add_used(void *env, const struct mem_stats *stats)
{
	*(uint64_t *)env += stats->nr_used;
	return true;
}

TEST(random_use_by_many_threads)
{
	uint64_t seed = number_from("RING3_SEED", fresh_seed()), used = 0;
	uint64_t seconds = number_from("RING3_RANDOM_SECONDS", 2);
	struct random random = { seed | 1 };
	sys_time_t until;

	printf("# RING3_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	for (int i = 0; i < TASKS; i++)
		tasks[i] = kit_start((struct sys_event_task_cfg){ .max_steps = 1 + below(&random, 40) });
	for (int i = 0; i < WORKERS; i++)
		prepare(&workers[i], next_random(&random) | 1);
	for (int i = 0; i < WORKERS; i++)
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	/* Tasks stop and start again beside all that. */
	until = sys_time_now() + sys_time_delta_of_sec(seconds);
	while (sys_time_now() < until) {
		sys_event_task_t task = tasks[below(&random, TASKS)];

		usleep(1000 + below(&random, 10000));
		etask_stop_join(task);
		CHECK_EQ(etask_start(task, "random", -1), 0);
	}
	atomic_store(&end, true);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	for (int i = 0; i < WORKERS; i++)
		finish(&workers[i]);
	check_tasks_empty();
	for (int i = 0; i < MAIL; i++)
		mem_free(mail[i], "random_test");
	mem_stats_each(add_used, &used);
	CHECK_EQ(used, 0);
}
