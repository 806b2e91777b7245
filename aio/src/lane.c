/* SPDX-License-Identifier: MIT */
/*
 * lane.c - the order of an event task's operations on one file. See struct aio_lane.
 *
 * All of it runs on the task, so nothing of it is locked; the list of a file's
 * lanes is, as a file may be closed by any thread.
 */
#include <stdlib.h>

#include "aio_impl.h"
#include "sys_mem.h"

int op_check(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
	     const struct iovec *iov, unsigned int niov)
{
	uintptr_t addresses = 0;
	uint64_t sum = 0;

	if (offset > INT64_MAX || size > INT64_MAX - offset || opcode > AIO_ZERO || flags & ~AIO_FUA)
		return -EINVAL;
	if (changes(opcode) && file->read_only)
		return -EBADF;
	if (opcode != AIO_READ && opcode != AIO_WRITE)
		return 0;
	for (unsigned int i = 0; i < niov; i++) {
		addresses |= (uintptr_t)iov[i].iov_base;
		if (__builtin_add_overflow(sum, iov[i].iov_len, &sum))
			return -EINVAL;
	}
	/* Some file systems would quietly go through the page cache instead (ext4). */
	if ((offset | size) & (file->align_offset - 1) || addresses & (file->align_memory - 1))
		return -EINVAL;
	return sum == size ? 0 : -EINVAL;
}

/* ---- starting -------------------------------------------------------------------------- */

void op_begin(struct aio_op *op)
{
	if (op_is_durable(op->file, op->opcode, op->flags) && !durable_begin(op))
		return;
	if (op->task)
		op->file->provider->submit(op);
	else
		threads_submit(op);
}

/* One more may begin; when not, it is known when to look again. */
static bool may_begin(struct aio_lane *lane)
{
	const struct aio_file *file = lane->file;
	struct aio_task *task = lane->task;

	if (lane->in_flight >= file->max_in_flight)
		lane->full = true;
	if (lane->full && lane->in_flight >= file->min_in_flight)
		return false;
	lane->full = false;
	/* A sync covers the changes before it: they have to have ended. */
	if (lane->waiting->opcode == AIO_SYNC && lane->changes_in_flight)
		return false;
	if (lane->round != task->round) {
		lane->round = task->round;
		lane->begun = 0;
	}
	if (lane->begun < file->max_per_dispatch)
		return true;
	if (!lane->limited) {
		lane->limited = true;
		lane->next_limited = task->limited;
		task->limited = lane;
	}
	return false;
}

static void lane_start(struct aio_lane *lane)
{
	while (lane->waiting && may_begin(lane)) {
		struct aio_op *op = lane->waiting;

		lane->waiting = op->next;
		if (!lane->waiting)
			lane->waiting_tail = &lane->waiting;
		op->waiting = false;
		lane->begun++;
		lane->in_flight++;
		lane->task->in_flight++;
		lane->changes_in_flight += changes(op->opcode);
		flight_begin(op);
		op_begin(op);
	}
}

void lanes_resume(struct aio_task *task)
{
	struct aio_lane *lane = task->limited, *next;

	task->limited = NULL;
	for (; lane; lane = next) {
		next = lane->next_limited;
		lane->limited = false;
		lane_start(lane);
	}
}

static void lane_unlimit(struct aio_lane *lane)
{
	struct aio_lane **at = &lane->task->limited;

	if (!lane->limited)
		return;
	while (*at != lane)
		at = &(*at)->next_limited;
	*at = lane->next_limited;
	lane->limited = false;
}

/* The lane of @file on @task, made when it is missing; NULL = no memory. */
static struct aio_lane *lane_of(struct aio_task *task, struct aio_file *file)
{
	struct aio_lane *lane;

	if (file->id >= task->nr_lanes) {
		unsigned int nr = (file->id | 15) + 1;
		struct aio_lane **lanes = mem_realloc(task->lanes, nr * sizeof(struct aio_lane *), FL_STR);

		if (!lanes)
			return NULL;
		memset(lanes + task->nr_lanes, 0, (nr - task->nr_lanes) * sizeof(struct aio_lane *));
		task->lanes = lanes;
		task->nr_lanes = nr;
	}
	lane = task->lanes[file->id];
	if (lane)
		return lane;
	lane = mem_zalloc(sizeof(*lane), FL_STR);
	if (!lane)
		return NULL;
	lane->file = file;
	lane->task = task;
	lane->waiting_tail = &lane->waiting;
	lane->slot = -1;
	task->lanes[file->id] = lane;
	pthread_mutex_lock(&file->lock);
	lane->next_of_file = file->lanes;
	file->lanes = lane;
	pthread_mutex_unlock(&file->lock);
	return lane;
}

void lane_retire(struct aio_lane *lane)
{
	struct aio_file *file = lane->file;
	struct aio_lane **at;
	bool asked;

	if (file->provider->forget && lane->task->state[file->provider->index])
		file->provider->forget(lane);
	lane_unlimit(lane);
	lane->task->lanes[file->id] = NULL;
	pthread_mutex_lock(&file->lock);
	for (at = &file->lanes; *at != lane; at = &(*at)->next_of_file)
		;
	*at = lane->next_of_file;
	asked = lane->asked;
	/* Still under the lock: once it is given back the file may be gone. */
	if (!file->lanes)
		pthread_cond_broadcast(&file->no_lanes);
	pthread_mutex_unlock(&file->lock);
	if (asked)
		etask_cancel_sync(lane->task->etask, &lane->retire);
	mem_free(lane, FL_STR);
}

void aio_submit(struct aio_op *op)
{
	struct aio_task *task = aio_task_current;
	struct aio_lane *lane;
	int rc;

	if (!task) {
		fputs("aio_submit() on a thread that aio_task_init() did not make able\n", stderr);
		abort();
	}
	op->task = task;
	op->lane = NULL;
	op->next = NULL;
	op->rest = NULL;
	op->done = 0;
	op->pinned = op->durable = op->starting = op->waiting = false;
	task_kick(task);
	rc = task->stopping ? -ECANCELED : op_check(op->file, op->opcode, op->flags, op->offset, op->size,
							     op->iov, op->niov);
	if (!rc) {
		lane = lane_of(task, op->file);
		rc = lane ? 0 : -ENOMEM;
	}
	if (rc) {
		op_home(op, rc);
		return;
	}
	op->lane = lane;
	op->waiting = true;
	*lane->waiting_tail = op;
	lane->waiting_tail = &op->next;
	lane_start(lane);
}

/* ---- ending ---------------------------------------------------------------------------- */

void op_end(struct aio_op *op, ssize_t result)
{
	struct aio_lane *lane = op->lane;
	unsigned int change = changes(op->opcode);

	op->result = result;
	mem_free(op->rest, FL_STR);
	if (!lane) {
		op->fn(op);	/* it never began */
		return;
	}
	flight_end(op);
	/* In flight until its owner has seen it: a sync or a close from in there comes after. */
	op->fn(op);
	lane->in_flight--;
	lane->task->in_flight--;
	lane->changes_in_flight -= change;
	lane_start(lane);
	if (lane->closing && !lane->in_flight && !lane->waiting)
		lane_retire(lane);
}

void op_finished(struct aio_op *op, ssize_t result)
{
	if (op->durable)
		durable_end(op, result);
	else if (op->task && op->task == aio_task_current && !op->pinned)
		op_end(op, result);
	else
		op_home(op, result);
}

/* Take @op out of the queue and send it home. */
static void cancel(struct aio_lane *lane, struct aio_op **at)
{
	struct aio_op *op = *at;

	*at = op->next;
	if (lane->waiting_tail == &op->next)
		lane->waiting_tail = at;
	op->waiting = false;
	op->lane = NULL;
	op_home(op, -ECANCELED);
}

void lane_cancel_waiting(struct aio_lane *lane)
{
	while (lane->waiting)
		cancel(lane, &lane->waiting);
}

bool aio_cancel(struct aio_op *op)
{
	struct aio_lane *lane = op->lane;
	struct aio_op **at;

	if (!op->waiting) {
		if (!lane || !threads_take_back(op, NULL))
			return false;
		op_finished(op, -ECANCELED);
		return true;
	}
	for (at = &lane->waiting; *at != op; at = &(*at)->next)
		;
	cancel(lane, at);
	/* It may have been what held up those behind it. */
	lane_start(lane);
	return true;
}

unsigned int aio_cancel_file(struct aio_file *file)
{
	struct aio_task *task = aio_task_current;
	struct aio_lane *lane = task && file->id < task->nr_lanes ? task->lanes[file->id] : NULL;
	unsigned int nr = 0;
	struct aio_op *op;

	if (!lane)
		return 0;
	for (; lane->waiting; nr++)
		cancel(lane, &lane->waiting);
	for (; (op = threads_take_back(NULL, lane)); nr++)
		op_finished(op, -ECANCELED);
	return nr;
}
