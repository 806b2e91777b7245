/* SPDX-License-Identifier: MIT */
/*
 * uring.c - the provider io_uring: one ring per event task, made at its first operation.
 *
 * To the ring go direct transfers, reads that the page cache does not have, and
 * syncs. Buffered writes, discards and zeroes block in the kernel's submission
 * path, which would hand them to threads of its own: they go to ours at once.
 * Memory (tmpfs) is done on the spot.
 *
 * Submissions gather during a round and are handed over at its end, direct ones in small batches.
 * The task polls an eventfd that the kernel writes for completions.
 *
 * Invariant: in_flight <= the places of the completion ring, so none overflows;
 * what is beyond waits in the backlog, in order. Threads: all on-task.
 */
#include <fcntl.h>

#include "aio_impl.h"
#include "backlog.h"
#include "sys_mem.h"
#include "uring_sys.h"
#include "watch.h"

#define SQ_ENTRIES	256u
#define CQ_ENTRIES	1024u
#define BATCH		4u	/* direct ones, handed over early: the device works while the round makes more */
#define FILE_SLOTS	256u	/* registered files; those with a higher id go by descriptor */

struct uring_task {
	struct uring		ring;
	bool			works;		/* or else the kernel refused one more ring: threads serve */
	struct etask_poll	poll;
	struct etask_callback	reap;
	struct aio_task		*task;
	unsigned int		in_flight;	/* completions to come, or to be seen */
	bool			has_slots;
	bool			watched;	/* by valgrind: watch.h */
	struct backlog		backlog;
};

static struct uring_task *state_of(struct aio_task *task)
{
	return task->state[uring_provider.index];
}

/* ---- to the kernel ----------------------------------------------------------------------- */

/* The place of the lane's file among the registered ones, or -1. */
static int slot_of(struct uring_task *u, struct aio_lane *lane)
{
	unsigned int id = lane->file->id;

	if (lane->slot == -1 && u->has_slots)
		lane->slot = id < FILE_SLOTS && !uring_update_file(&u->ring, id, lane->file->fd) ? (int)id : -2;
	return lane->slot;
}

static void fill(struct uring_task *u, struct io_uring_sqe *sqe, struct aio_op *op, const struct iovec *iov,
		 unsigned int niov)
{
	bool write = op->opcode == AIO_WRITE;
	int slot = slot_of(u, op->lane);

	sqe->fd = slot >= 0 ? slot : op->file->fd;
	sqe->flags = slot >= 0 ? IOSQE_FIXED_FILE : 0;
	sqe->user_data = (uint64_t)(uintptr_t)op;
	if (op->opcode == AIO_SYNC) {
		sqe->opcode = IORING_OP_FSYNC;
		sqe->fsync_flags = IORING_FSYNC_DATASYNC;
		return;
	}
	sqe->off = op->offset + op->done;
	if (niov == 1 && iov->iov_len <= UINT32_MAX && uring_has(&u->ring, write ? IORING_OP_WRITE : IORING_OP_READ)) {
		sqe->opcode = write ? IORING_OP_WRITE : IORING_OP_READ;
		sqe->addr = (uint64_t)(uintptr_t)iov->iov_base;
		sqe->len = (uint32_t)iov->iov_len;
	} else {
		sqe->opcode = write ? IORING_OP_WRITEV : IORING_OP_READV;
		sqe->addr = (uint64_t)(uintptr_t)iov;
		sqe->len = niov;
	}
	if (op->flags & AIO_FUA)
		sqe->rw_flags = RWF_DSYNC;
}

/* A full ring is handed over early. False: the kernel takes nothing now. */
static bool issue(void *env, struct aio_op *op)
{
	struct uring_task *u = env;
	const struct iovec *iov = NULL;
	struct io_uring_sqe *sqe;
	unsigned int niov = 0;

	if (u->in_flight >= u->ring.cq_entries)
		return false;
	if (op->opcode != AIO_SYNC && op_rest(op, &iov, &niov)) {
		threads_submit(op);	/* it needs no memory */
		return true;
	}
	sqe = uring_get_sqe(&u->ring);
	if (!sqe) {
		uring_enter(&u->ring);
		sqe = uring_get_sqe(&u->ring);
	}
	if (!sqe)
		return false;
	fill(u, sqe, op, iov, niov);
	u->in_flight++;
	if (op->file->direct && uring_pending(&u->ring) >= BATCH)
		uring_enter(&u->ring);
	return true;
}

/* ---- from the kernel ---------------------------------------------------------------------- */

static void completed(struct uring_task *u, struct aio_op *op, ssize_t result)
{
	if (unlikely(u->watched) && op->opcode == AIO_READ && result > 0)
		watch_read(op->iov, op->done + (uint64_t)result);
	if (op_goes_on(op, &result)) {
		backlog_put(&u->backlog, op, issue, u);
	} else if (result == -EAGAIN || result == -EOPNOTSUPP) {
		/* This file system does not do that without waiting. A thread does, all of it once more. */
		threads_submit(op);
	} else {
		if (op->opcode == AIO_SYNC && result < 0)
			note_loss(op->file, result);
		op_finished(op, result);
	}
}

static void reap(struct uring_task *u)
{
	if (uring_has_deferred(&u->ring) && uring_enter(&u->ring) < 0)
		etask_post(u->task->etask, &u->reap);	/* refused, and nothing will wake us for these again */
	/* Those that come in meanwhile are for the next time: others have a turn. */
	for (unsigned int nr = uring_ready(&u->ring); nr; nr--) {
		uint64_t user_data;
		int32_t result = uring_take(&u->ring, &user_data);

		u->in_flight--;
		completed(u, (struct aio_op *)(uintptr_t)user_data, result);
	}
	backlog_drain(&u->backlog, issue, u);
}

static void poll_handler(struct etask_poll *poll, uint32_t revents)
{
	(void)revents;
	reap((struct uring_task *)((char *)poll - offsetof(struct uring_task, poll)));
}

static void reap_handler(struct etask_callback *callback)
{
	reap((struct uring_task *)((char *)callback - offsetof(struct uring_task, reap)));
}

static bool passes(int err) { return err == -EAGAIN || err == -EBUSY || err == -ENOMEM; }

static void close_ring(struct uring_task *u)
{
	etask_poll_remove_sync(&u->poll);
	etask_cancel_sync(u->task->etask, &u->reap);
	uring_close(&u->ring);
}

static bool to_thread(void *env, struct aio_op *op)
{
	(void)env;
	threads_submit(op);
	return true;
}

/* The kernel takes nothing any more (a filter came, say), and has nothing of ours: threads serve from now on. */
static void give_up(struct uring_task *u)
{
	u->works = false;
	u->in_flight = 0;
	while (uring_pending(&u->ring))
		threads_submit((struct aio_op *)(uintptr_t)uring_take_back(&u->ring));
	backlog_drain(&u->backlog, to_thread, NULL);
	close_ring(u);
}

static bool uring_flush(struct aio_task *task)
{
	struct uring_task *u = state_of(task);
	int rc = 0;

	if (!u->works)
		return false;
	if (uring_pending(&u->ring))
		rc = uring_enter(&u->ring);
	if (rc < 0 && !passes(rc) && u->in_flight == uring_pending(&u->ring)) {
		give_up(u);
		return false;
	}
	if (uring_ready(&u->ring))
		etask_post(task->etask, &u->reap);
	/* What the kernel did not take it is offered again. */
	return uring_pending(&u->ring) != 0;
}

static void uring_reap(struct aio_task *task)
{
	struct uring_task *u = state_of(task);

	if (u->works) {
		uring_enter(&u->ring);
		reap(u);
	}
}

/* ---- the provider ------------------------------------------------------------------------- */

/* The ring of @task, made when it is missing; NULL where the kernel gives no more. */
static struct uring_task *ring_of(struct aio_task *task)
{
	struct uring_task *u = state_of(task);

	if (u)
		return u->works ? u : NULL;
	u = mem_zalloc(sizeof(*u), FL_STR);
	if (!u)
		return NULL;
	task->state[uring_provider.index] = u;
	u->task = task;
	u->watched = watched();
	backlog_init(&u->backlog);
	etask_callback_init(&u->reap, reap_handler, "io_uring");
	if (uring_open(&u->ring, SQ_ENTRIES, CQ_ENTRIES))
		return NULL;
	u->poll = (struct etask_poll){
		.fd = u->ring.evfd, .events = EPOLLIN | EPOLLET, .fn = poll_handler, .whence = "io_uring",
	};
	if (etask_poll_add(task->etask, &u->poll)) {
		uring_close(&u->ring);
		return NULL;
	}
	u->has_slots = !uring_register_files(&u->ring, FILE_SLOTS);
	u->works = true;
	return u;
}

static void uring_submit(struct aio_op *op)
{
	struct aio_file *file = op->file;
	struct uring_task *u;

	if (file->is_memory) {
		inline_submit(op);
		return;
	}
	if (op->opcode == AIO_DISCARD || op->opcode == AIO_ZERO || (op->opcode == AIO_WRITE && !file->direct)) {
		threads_submit(op);
		return;
	}
	if (op->opcode == AIO_SYNC && atomic_load(&file->sync_error)) {
		threads_submit(op);	/* its answer is known, and there */
		return;
	}
	u = ring_of(op->task);
	if (u)
		backlog_put(&u->backlog, op, issue, u);
	else
		threads_submit(op);
}

static void uring_forget(struct aio_lane *lane)
{
	/* A registered file stays open until its place is emptied. */
	if (lane->slot >= 0 && state_of(lane->task)->works)
		uring_update_file(&state_of(lane->task)->ring, (unsigned int)lane->slot, -1);
}

static void uring_stop(struct aio_task *task)
{
	struct uring_task *u = state_of(task);

	if (u->works)
		close_ring(u);
	mem_free(u, FL_STR);
	task->state[uring_provider.index] = NULL;
}

struct aio_provider uring_provider = {
	.name = "io_uring",
	.text = "threads + io_uring",
	.probe = uring_probe,
	.open = threads_start,
	.execute = fd_execute,
	.attempt = fd_attempt,
	.submit = uring_submit,
	.flush = uring_flush,
	.reap = uring_reap,
	.forget = uring_forget,
	.stop = uring_stop,
};
