/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - event tasks, read from outside: polls, alarms, queues, heartbeat.
 *
 * A task's structures are its thread's; here they are copied through the kernel, list
 * by list and bounded, while they change. What is torn reads odd; nothing faults.
 */
#include <string.h>

#include "../../src/etask_impl.h"
#include "diag_impl.h"
#include "diag_table.h"

enum { LIST_MAX = 4096, SHOWN_MAX = 64 };

static void *tasks[TASKS_MAX];	/* struct sys_event_task *, atomic; NULL = free */

void diag_task_add(struct sys_event_task *task)
{
	diag_table_add(tasks, TASKS_MAX, task);
}

void diag_task_remove(struct sys_event_task *task)
{
	diag_table_remove(tasks, TASKS_MAX, task);
}

static struct sys_event_task copy;	/* the collector's, one task at a time */

static bool read_task(unsigned int index, struct task_view *view)
{
	const struct sys_event_task *task = __atomic_load_n(&tasks[index], __ATOMIC_ACQUIRE);

	if (!task || !space_get(collector_space(), (uintptr_t)task, &copy, sizeof(copy)))
		return false;
	*view = (struct task_view){
		.index = index, .addr = (uintptr_t)task, .nr_handlers = copy.nr_handlers, .tid = copy.tid,
		.asleep = copy.asleep, .in_round = copy.in_round, .adopted = !copy.has_thread,
		.heartbeat = copy.stats.heartbeat, .longest_round_ns = copy.stats.longest_round_ns,
	};
	if (copy.running)
		space_string(collector_space(), (uintptr_t)copy.running, view->running, sizeof(view->running));
	space_string(collector_space(), (uintptr_t)copy.name, view->name, sizeof(view->name));
	return true;
}

void tasks_each(void (*fn)(void *env, const struct task_view *view), void *env)
{
	struct task_view view;

	for (unsigned int i = 0; i < TASKS_MAX; i++)
		if (read_task(i, &view))
			fn(env, &view);
}

/* ---- lists ------------------------------------------------------------------------------ */

static unsigned int queue_length(const struct etask_queue *queue)
{
	const struct etask_callback *heads[2] = { queue->head, queue->incoming };
	unsigned int nr = 0;

	for (int i = 0; i < 2; i++)
		for (const struct etask_callback *at = heads[i]; at && nr < LIST_MAX; nr++) {
			struct etask_callback callback;

			if (!space_get(collector_space(), (uintptr_t)at, &callback, sizeof(callback)))
				break;
			at = callback.next;
		}
	return nr;
}

static void emit_name(struct dump *dump, const char *whence, const void *fn)
{
	char text[128];

	if (whence && space_string(dump->space, (uintptr_t)whence, text, sizeof(text)))
		out_str(dump->out, "name", text);
	space_name(dump->space, (uintptr_t)fn, text, sizeof(text));
	out_str(dump->out, "function", text);
}

static void emit_polls(struct dump *dump)
{
	static struct watch chunk[WATCH_CHUNK];
	unsigned int nr = 0;

	out_list(dump->out, "polls");
	for (unsigned int i = 0; i < WATCH_CHUNKS; i++) {
		if (!copy.watches[i] || !space_get(dump->space, (uintptr_t)copy.watches[i], chunk, sizeof(chunk)))
			continue;
		for (unsigned int j = 0; j < WATCH_CHUNK; j++) {
			struct etask_poll poll;

			if (!chunk[j].poll || !space_get(dump->space, (uintptr_t)chunk[j].poll, &poll, sizeof(poll)))
				continue;
			if (nr++ >= SHOWN_MAX)
				continue;
			out_object(dump->out, NULL);
			out_num(dump->out, "fd", poll.fd);
			out_hex(dump->out, "events", poll.events);
			emit_name(dump, poll.whence, (const void *)poll.fn);
			out_end(dump->out);
		}
	}
	out_end(dump->out);
	out_num(dump->out, "nrPolls", nr);
}

/* The soonest of what stands in the wheel; its slots are in no order. */
struct soonest {
	struct etask_alarm	alarms[SHOWN_MAX];
	unsigned int		nr, seen;
};

/* False when it cannot be read. */
static bool gather_alarm(struct dump *dump, uintptr_t addr, struct soonest *soonest, struct etask_alarm *alarm)
{
	unsigned int place;

	soonest->seen++;
	if (!space_get(dump->space, addr, alarm, sizeof(*alarm)))
		return false;
	for (place = soonest->nr; place && soonest->alarms[place - 1].expire > alarm->expire; place--)
		if (place < SHOWN_MAX)
			soonest->alarms[place] = soonest->alarms[place - 1];
	if (place < SHOWN_MAX)
		soonest->alarms[place] = *alarm;
	if (soonest->nr < SHOWN_MAX)
		soonest->nr++;
	return true;
}

static void gather_list(struct dump *dump, const struct etask_alarm *at, struct soonest *soonest)
{
	struct etask_alarm alarm;

	for (; at && soonest->seen < LIST_MAX; at = alarm.next)
		if (!gather_alarm(dump, (uintptr_t)at, soonest, &alarm))
			return;
}

static void gather_cells(struct dump *dump, const struct cell_chunk *at, struct soonest *soonest)
{
	struct cell_chunk chunk;
	struct etask_alarm alarm;

	for (unsigned int nr = 0; at && nr < LIST_MAX && soonest->seen < LIST_MAX; at = chunk.next, nr++) {
		if (!space_get(dump->space, (uintptr_t)at, &chunk, sizeof(chunk)))
			return;
		for (int i = 0; i < CELLS_IN_CHUNK; i++)
			if (cell_alarm(chunk.cells[i]))
				gather_alarm(dump, chunk.cells[i], soonest, &alarm);
	}
}

static void gather_alarms(struct dump *dump, struct soonest *soonest)
{
	soonest->nr = soonest->seen = 0;
	gather_list(dump, copy.wheel.due, soonest);
	for (unsigned int number = 0; number < WHEEL_LEVELS * WHEEL_SLOTS; number++) {
		gather_cells(dump, copy.wheel.cells[number].chunks, soonest);
		gather_list(dump, copy.wheel.lists[number], soonest);
	}
}

static void emit_alarms(struct dump *dump)
{
	static struct soonest soonest;
	int64_t now = (int64_t)diag_now();

	gather_alarms(dump, &soonest);
	out_list(dump->out, "alarms");
	for (unsigned int i = 0; i < soonest.nr; i++) {
		out_object(dump->out, NULL);
		out_num(dump->out, "dueInUs", ((int64_t)soonest.alarms[i].expire - now) / 1000);
		emit_name(dump, soonest.alarms[i].whence, (const void *)soonest.alarms[i].fn);
		out_end(dump->out);
	}
	out_end(dump->out);
	out_num(dump->out, "nrAlarms", (int64_t)copy.wheel.count);
}

static void emit_task(struct dump *dump, const struct task_view *view)
{
	const struct etask_stats *stats = &copy.stats;
	struct diag_out *out = dump->out;

	out_object(out, NULL);
	out_str(out, "name", view->name);
	out_num(out, "tid", view->tid);
	out_str(out, "state", view->in_round ? "runs a round" : view->asleep ? "sleeps" : "between rounds");
	if (view->heartbeat)
		out_num(out, "heartbeatMs", (int64_t)(dump->started - view->heartbeat) / 1000000);
	if (view->running[0])
		out_str(out, "runs", view->running);
	out_num(out, "queued", queue_length(&copy.queue));
	out_num(out, "queuedLow", queue_length(&copy.lopri));
	out_num(out, "mostInARound", (int64_t)stats->queue_max);
	out_num(out, "longestRoundUs", (int64_t)stats->longest_round_ns / 1000);
	out_num(out, "rounds", (int64_t)stats->rounds);
	out_num(out, "sleeps", (int64_t)stats->sleeps);
	out_num(out, "callbacks", (int64_t)(stats->callbacks + stats->callbacks_lopri));
	out_num(out, "busyMs", (int64_t)stats->busy_ns / 1000000);
	out_num(out, "idleMs", (int64_t)stats->idle_ns / 1000000);
	emit_polls(dump);
	emit_alarms(dump);
	out_end(out);
}

void tasks_emit(struct dump *dump)
{
	struct task_view view;

	out_list(dump->out, "tasks");
	for (unsigned int i = 0; i < TASKS_MAX; i++)
		if (read_task(i, &view))
			emit_task(dump, &view);
	out_end(dump->out);
}
