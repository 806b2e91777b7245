/* SPDX-License-Identifier: MIT */
/*
 * flight.c - operations in flight, for dumps and the watchdog: by age, file and place.
 *
 * Each event task lists what has begun on it, the oldest first: two pointers of the
 * operation, written on-task only. Who looks does so from another thread, without a
 * lock, through diag_peek(): what is torn reads odd, and the walk is bounded.
 */
#include <stdarg.h>
#include <stdio.h>

#include "aio_impl.h"
#include "diag.h"
#include "diag_table.h"

enum { TASKS_MAX = 1024, SHOWN_MAX = 256, WALK_MAX = 65536 };

static void *flights[TASKS_MAX];	/* struct aio_task *, atomic */

void flight_begin(struct aio_op *op)
{
	struct aio_task *task = op->task;

	if (!task)
		return;
	op->begun = etask_now(task->etask);
	op->younger = NULL;
	op->older = task->youngest;
	*(op->older ? &op->older->younger : &task->oldest) = op;
	task->youngest = op;
}

void flight_end(struct aio_op *op)
{
	struct aio_task *task = op->task;

	if (!task)
		return;
	*(op->older ? &op->older->younger : &task->oldest) = op->younger;
	*(op->younger ? &op->younger->older : &task->youngest) = op->older;
}

/* ---- looking ------------------------------------------------------------------------- */

static const char *opcode_name(unsigned int opcode)
{
	static const char *const names[] = { "read", "write", "sync", "discard", "zero" };

	return opcode < sizeof(names) / sizeof(names[0]) ? names[opcode] : "?";
}

struct text {
	char		*buf;
	unsigned long	bytes, used;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text->buf + text->used, text->bytes - text->used, format, args);
	va_end(args);
	text->used += (unsigned long)length;
	if (text->used >= text->bytes)
		text->used = text->bytes - 1;
}

static void write_ops(struct text *text, const struct aio_task *task, uint64_t now)
{
	unsigned int shown = 0;
	struct aio_op op;

	for (const struct aio_op *at = task->oldest; at && shown < SHOWN_MAX && diag_peek(at, &op, sizeof(op));
	     at = op.younger) {
		struct aio_file file = { .fd = -1 };

		diag_peek(op.file, &file, sizeof(file));
		add(text, "%s{\"op\":\"%s\",\"file\":%u,\"fd\":%d,\"offset\":%" PRIu64 ",\"bytes\":%" PRIu64
		    ",\"done\":%" PRIu64 ",\"ageUs\":%" PRId64 "}", shown++ ? "," : "", opcode_name(op.opcode), file.id,
		    file.fd, op.offset, op.size, op.done, (int64_t)(now - op.begun) / 1000);
	}
}

static long write_section(char *buf, unsigned long bytes)
{
	struct text text = { buf, bytes, 0 };
	bool first = true;

	add(&text, "[");
	for (unsigned int i = 0; i < TASKS_MAX; i++) {
		const struct aio_task *task = __atomic_load_n(&flights[i], __ATOMIC_ACQUIRE);
		struct aio_task copy;

		if (!task || !diag_peek(task, &copy, sizeof(copy)))
			continue;
		add(&text, "%s{\"task\":%u,\"inFlight\":%u,\"operations\":[", first ? "" : ",", i, copy.in_flight);
		write_ops(&text, &copy, sys_time_now());
		add(&text, "]}");
		first = false;
	}
	add(&text, "]");
	return text.used + 1 < bytes ? (long)text.used : -1;	/* cut JSON is none */
}

/* For the watchdog: the oldest of all; false = nothing is in flight. On the collector: no lock, no libc. */
static bool oldest(struct diag_io *io)
{
	bool found = false;

	for (unsigned int i = 0; i < TASKS_MAX; i++) {
		const struct aio_task *task = __atomic_load_n(&flights[i], __ATOMIC_ACQUIRE);
		struct aio_file file = { .fd = -1 };
		struct aio_task copy;
		struct aio_op op;

		if (!task || !diag_peek(task, &copy, sizeof(copy)) || !copy.oldest ||
		    !diag_peek(copy.oldest, &op, sizeof(op)) || (found && op.begun >= io->begun))
			continue;
		diag_peek(op.file, &file, sizeof(file));
		found = true;
		*io = (struct diag_io){ .begun = op.begun, .what = opcode_name(op.opcode), .fd = file.fd,
					.offset = op.offset, .bytes = op.size };
	}
	return found;
}

/* ---- tasks ------------------------------------------------------------------------------ */

static struct diag_section section = { .name = "aio", .bit = DIAG_AIO, .write = write_section };

__attribute__((constructor)) static void flight_init(void)
{
	diag_section_add(&section);
	diag_io_oldest = oldest;
}

void flight_task_add(struct aio_task *task)
{
	diag_table_add(flights, TASKS_MAX, task);
}

void flight_task_remove(struct aio_task *task)
{
	diag_table_remove(flights, TASKS_MAX, task);
}
