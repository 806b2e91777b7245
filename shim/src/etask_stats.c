/* SPDX-License-Identifier: MIT */
/* etask_stats.c - what others may read of a task while it runs: without a lock, each number by itself. */
#include "etask_impl.h"
#include "sys_mem.h"

void etask_stats_read(sys_event_task_t task, struct etask_stats *stats)
{
	const uint64_t *from = (const uint64_t *)&task->stats;
	uint64_t *to = (uint64_t *)stats;

	for (size_t i = 0; i < sizeof(*stats) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	stats->alarms_armed = alarms_armed(task);	/* the wheel counts */
}

bool etask_asleep(sys_event_task_t task)
{
	return atomic_load(&task->asleep);
}

const char *etask_running(sys_event_task_t task)
{
	return __atomic_load_n(&task->running, __ATOMIC_RELAXED);
}

string_t etask_fmt(sys_event_task_t task)
{
	enum { BYTES = 768 };
	const char *running = etask_running(task);
	char *text = mem_alloc(BYTES, FL_STR);
	struct etask_stats stats;
	pid_t tid = atomic_load(&task->tid);
	uint64_t lived;

	if (!text)
		return NULL;
	etask_stats_read(task, &stats);
	lived = stats.busy_ns + stats.idle_ns;
	snprintf(text, BYTES,
		 "%s: tid %d, %s%s, busy %" PRIu64 "%%, heartbeat %" PRIu64 " us ago; %" PRIu64 " rounds (longest %" PRIu64
		 " us), %" PRIu64 " sleeps, %" PRIu64 " spins, %" PRIu64 " wake-ups; %" PRIu64 " callbacks (%" PRIu64
		 " of low priority, most in a round %" PRIu64 "), %" PRIu64 " polls (%" PRIu64 " added), %" PRIu64
		 " alarms (%" PRIu64 " armed)", task->name, tid,
		 !tid ? "not running" : etask_asleep(task) ? "asleep" : running ? "in " : "awake",
		 tid && !etask_asleep(task) && running ? running : "", lived ? stats.busy_ns * 100 / lived : 0,
		 stats.heartbeat ? (time_now() - stats.heartbeat) / 1000 : 0, stats.rounds,
		 stats.longest_round_ns / 1000, stats.sleeps, stats.spins, stats.wakeups,
		 stats.callbacks + stats.callbacks_lopri, stats.callbacks_lopri, stats.queue_max, stats.polls,
		 stats.polls_added, stats.alarms, stats.alarms_armed);
	return text;
}
