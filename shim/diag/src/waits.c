/* SPDX-License-Identifier: MIT */
/*
 * waits.c - wait queues with their waiters. Where they are is kernel-api's to know (diag_waits.h); here is who
 * sleeps, out of the threads' records, and what is told.
 *
 * Threads: the collector's. Locking: none, as everywhere in here.
 */
#include "diag_impl.h"
#include "diag_waits.h"

void (*diag_wait_queues)(const struct diag_wait_show *show);

static int peek(const void *addr, void *into, unsigned long bytes)
{
	return space_get(collector_space(), (uintptr_t)addr, into, bytes);
}

static void emit_function(struct dump *dump, const void *fn)
{
	char text[256];

	/* Its first byte, not the call before: what runs next. */
	site_text(dump->space, (const char *)fn + 1, text, sizeof(text));
	out_str(dump->out, "function", text);
}

static void emit_waiter(struct dump *dump, const struct diag_waiter *waiter)
{
	struct diag_out *out = dump->out;

	out_object(out, NULL);
	if (waiter->tid) {
		out_str(out, "task", waiter->name);
		out_num(out, "tid", waiter->tid);
		if (waiter->since && dump->started > waiter->since)
			out_num(out, "sinceMs", (int64_t)(dump->started - waiter->since) / 1000000);
		else if (!waiter->asleep)
			out_bool(out, "awake", true);
	}
	out_bool(out, "exclusive", waiter->exclusive);
	if (!waiter->tid)
		emit_function(dump, waiter->fn);
	out_end(out);
}

static void emit_queue(void *env, const struct diag_wait_queue *queue)
{
	struct dump *dump = env;
	struct diag_out *out = dump->out;
	const struct place *place = space_place(dump->space, (uintptr_t)queue->head, true);
	char name[128];

	/* One that has a symbol is called so; others as they were written where they were set up. */
	if ((place->function && !place->offset) || !queue->name ||
	    !space_string(dump->space, (uintptr_t)queue->name, name, sizeof(name)))
		space_name(dump->space, (uintptr_t)queue->head, name, sizeof(name));
	out_object(out, NULL);
	out_str(out, "name", name);
	out_hex(out, "address", (uintptr_t)queue->head);
	if (queue->busy)
		out_bool(out, "busy", true);
	if (queue->lock_owner)
		out_num(out, "lockedBy", queue->lock_owner);
	out_num(out, "nrWaiters", queue->nr_waiters);
	out_list(out, "waiters");
	for (unsigned int i = 0; i < queue->nr_shown; i++)
		emit_waiter(dump, &queue->waiters[i]);
	out_end(out);
	out_end(out);
}

void waits_emit(struct dump *dump)
{
	struct diag_sleeper *sleepers = arena_take(dump->arena, RECORDS_MAX * sizeof(*sleepers));
	struct diag_wait_show show = { .peek = peek, .tell = emit_queue, .env = dump, .sleepers = sleepers };
	struct record copy;

	if (!diag_wait_queues || !sleepers)
		return;
	for (unsigned int i = 0; i < __atomic_load_n(&diag_nr_records, __ATOMIC_ACQUIRE); i++) {
		record_read(&diag_records[i], &copy);
		if (copy.tid && copy.sleep_what && copy.sleep_object)
			sleepers[show.nr_sleepers++] = (struct diag_sleeper){
				.task = copy.sleep_object, .since = copy.sleep_since, .tid = copy.tid,
			};
	}
	out_list(dump->out, "waitQueues");
	diag_wait_queues(&show);
	out_end(dump->out);
}
