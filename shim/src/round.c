/* SPDX-License-Identifier: MIT */
/*
 * round.c - the rounds of an event task, and its sleep between them.
 *
 * A round makes one epoll_wait: without waiting while there is work, else with
 * the time to the next alarm as its limit. Falling asleep is announced first
 * (asleep = true) and the queues are looked at once more after; a poster pushes
 * first and looks at asleep after: so one of the two sees the other.
 */
#include <limits.h>
#include <sys/prctl.h>

#include "etask_impl.h"

static bool call_hooks(sys_event_task_t task, size_t member)
{
	bool worked = false;

	for (struct etask_hook *hook = task->hooks; hook; hook = hook->next) {
		bool (*fn)(void *env) = *(bool (**)(void *))((char *)hook + member);

		if (fn)
			worked |= fn(hook->env);
	}
	return worked;
}

static void sleep_hooks(sys_event_task_t task, bool before)
{
	for (struct etask_hook *hook = task->hooks; hook; hook = hook->next) {
		void (*fn)(void *env) = before ? hook->before_sleep : hook->after_sleep;

		if (fn)
			fn(hook->env);
	}
}

static atomic_bool no_pwait2;

static int wait_events(sys_event_task_t task, sys_time_t until)
{
	struct timespec limit;
	int count;

	task->steps_left = task->cfg.max_steps;
	task->lopri_left = task->cfg.max_steps / 4 + 1;
	task->alarms_left = ETASK_ALARMS_MAX;
	if (until == 0)
		return epoll_wait(task->epfd, task->batch, (int)task->cfg.max_polls, 0);
	if (sys_time_is_invalid(until))
		return epoll_wait(task->epfd, task->batch, (int)task->cfg.max_polls, -1);
	until = until > task->now ? until - task->now : 0;
	if (!atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
		limit.tv_sec = (time_t)(until / 1000000000u);
		limit.tv_nsec = (long)(until % 1000000000u);
		count = epoll_pwait2(task->epfd, task->batch, (int)task->cfg.max_polls, &limit, NULL);
		if (count >= 0 || errno != ENOSYS)
			return count;
		atomic_store_explicit(&no_pwait2, true, memory_order_relaxed);
	}
	/* Before Linux 5.11 there are milliseconds only, and no more than an int of them. */
	until = until / 1000000u + 1;
	return epoll_wait(task->epfd, task->batch, (int)task->cfg.max_polls, until < INT_MAX ? (int)until : INT_MAX);
}

/*
 * Look at the descriptors. Not when there was nothing at the last look a moment ago, and
 * callbacks and alarms have not used up what they may between two looks: a system call
 * each round would cost a task more that gets its callbacks one by one than they do.
 */
static void look(sys_event_task_t task)
{
	if (!task->found && task->steps_left && task->lopri_left && task->alarms_left &&
	    task->now - task->looked < ETASK_LOOK_NS)
		return;
	task->batch_count = wait_events(task, 0);
	if (task->batch_count < 0)
		task->batch_count = 0;
	task->found = task->batch_count > 0;
	task->looked = task->now = time_now();
}

/*
 * Whether a spin pays depends on where the scheduler puts the other side: beside an idle
 * CPU it saves the waking, on a full machine it takes the CPU the other side needs. So both
 * ways are tried in blocks of waits, and the one with the shorter waits is used, but
 * no spin where waits are longer than that.
 */
enum { WAITS_USED = 512, WAITS_TRIED = 32 };

static void start_block(sys_event_task_t task, bool spins, bool trial, unsigned int length)
{
	task->waits.spins = spins;
	task->waits.trial = trial;
	task->waits.left = task->waits.length = length;
	task->waits.sum_ns = 0;
}

static void waited(sys_event_task_t task, uint64_t ns)
{
	uint64_t *avg = task->waits.avg_ns;

	if (!task->spin_ns)
		return;
	/* One long wait says no more than that it was long. */
	task->waits.sum_ns += ns < 2 * task->spin_ns ? ns : 2 * task->spin_ns;
	if (--task->waits.left)
		return;
	avg[task->waits.spins] = task->waits.sum_ns / task->waits.length;
	if (task->waits.trial)
		start_block(task, avg[1] < avg[0] && avg[1] <= task->spin_ns, false, WAITS_USED);
	else
		start_block(task, !task->waits.spins, true, WAITS_TRIED);
}

/* Look for work without sleeping, for spin_ns or until the next alarm. */
static bool spin(sys_event_task_t task, sys_time_t from, sys_time_t until)
{
	sys_time_t end = until - from < task->spin_ns ? until : from + task->spin_ns;
	bool looked = !task->found && from - task->looked < ETASK_LOOK_NS;

	if (!task->spin_ns || !task->waits.spins)
		return false;
	stat_add(&task->stats.spins, 1);
	do {
		if (!looked) {
			task->batch_count = wait_events(task, 0);
			task->looked = from;
			if (task->batch_count > 0)
				return true;
		}
		looked = false;
		for (int i = 0; i < 16; i++) {
			if (!etask_queues_empty(task) || atomic_load(&task->stop))
				return true;
			__builtin_ia32_pause();
		}
	} while (time_now() < end);
	return end == until;
}

static sys_time_t next_alarm(sys_event_task_t task, bool sleeps)
{
	sys_time_t next;

	lock_alarms(task);
	next = wheel_next(&task->wheel);
	if (sleeps)
		task->sleeps_until = next;
	unlock_alarms(task);
	return next;
}

/* Until there is something to do. What comes out of the wait is the next round's look. */
static void sleep_until_work(sys_event_task_t task)
{
	sys_time_t from = task->now, until = sys_time_invalid();
	uint64_t idle;

	if (alarms_armed(task))
		until = next_alarm(task, false);
	if (until <= from || spin(task, from, until))
		goto out;

	sleep_hooks(task, true);
	/* Asleep first: who arms an earlier alarm from now on wakes us. */
	atomic_store(&task->asleep, true);
	until = next_alarm(task, true);
	if (etask_queues_empty(task) && !atomic_load(&task->stop)) {
		stat_add(&task->stats.sleeps, 1);
		task->batch_count = wait_events(task, until ? until : 1);
		task->looked = from;
	}
	atomic_store(&task->asleep, false);
	lock_alarms(task);
	task->sleeps_until = 0;
	unlock_alarms(task);
	sleep_hooks(task, false);
out:
	if (task->batch_count < 0)
		task->batch_count = 0;	/* EINTR */
	task->now = time_now();
	task->found = task->batch_count > 0;
	idle = task->now - from;
	stat_add(&task->stats.idle_ns, idle);
	waited(task, idle);
	stat_set(&task->stats.heartbeat, task->now);
}

/*
 * One round up to its end; true when there is more to do at once. Descriptors alone are
 * no reason, unless there were more than a round takes: the wait that follows is a look, too.
 */
static bool do_round(sys_event_task_t task)
{
	bool more = task->batch_count == (int)task->cfg.max_polls;
	sys_time_t end;

	stat_add(&task->stats.rounds, 1);
	stat_set(&task->stats.heartbeat, task->now);
	task->in_round = true;
	more |= call_hooks(task, offsetof(struct etask_hook, round_begin));
	etask_run_polls(task);
	etask_run_callbacks(task);
	etask_run_alarms(task);
	more |= call_hooks(task, offsetof(struct etask_hook, round_end));
	task->in_round = false;
	enter_handler(task, NULL);
	end = time_now();
	stat_add(&task->stats.busy_ns, end - task->now);
	if (end - task->now > task->stats.longest_round_ns)
		stat_set(&task->stats.longest_round_ns, end - task->now);
	task->now = end;
	return more || !etask_queues_empty(task);
}

errno_t etask_run(sys_event_task_t task)
{
	bool more = true;

	etask_adopt(task);
	/* A sleep to the next alarm may end this much late: the system's default is 50 us. */
	prctl(PR_SET_TIMERSLACK, 1000ul);
	for (struct etask_hook *hook = task->hooks; hook; hook = hook->next)
		if (hook->start)
			hook->start(hook->env, task);
	while (!atomic_load(&task->stop)) {
		if (more)
			look(task);
		else
			sleep_until_work(task);
		more = do_round(task);
	}
	for (struct etask_hook *hook = task->hooks; hook; hook = hook->next)
		if (hook->stop)
			hook->stop(hook->env);
	pthread_mutex_lock(&task->call_lock);
	etask_finish_calls(task);
	sys_event_task = NULL;
	atomic_store(&task->stop, false);
	atomic_store(&task->tid, 0);
	pthread_mutex_unlock(&task->call_lock);
	return E_OK;
}

sys_time_t etask_next_alarm(sys_event_task_t task)
{
	sys_time_t next;

	lock_alarms(task);
	next = wheel_next(&task->wheel);
	task->sleeps_until = next;
	unlock_alarms(task);
	return next;
}

sys_time_t etask_turn(sys_event_task_t task)
{
	int turns = 0;

	atomic_store(&task->asleep, false);
	do {
		task->batch_count = wait_events(task, 0);
		if (task->batch_count < 0)
			task->batch_count = 0;
		task->now = time_now();
		do_round(task);
		atomic_store(&task->asleep, true);
	} while (!etask_queues_empty(task) && ++turns < 16);
	/* More than a turn's share: come again at once. */
	if (!etask_queues_empty(task))
		etask_wake(task);
	return etask_next_alarm(task);
}

void etask_spin_set(sys_event_task_t task, uint64_t spin_ns)
{
	task->spin_ns = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? spin_ns : 0;
	start_block(task, true, false, WAITS_TRIED);
}
