/* SPDX-License-Identifier: MIT */
/*
 * libaio.c - the provider libaio: the kernel's older asynchronous I/O (io_setup(2), io_submit,
 * io_getevents), by its system calls; one context per event task, made at its first operation.
 *
 * It is asynchronous for direct transfers only, so those go to it; all else goes to threads,
 * and memory (tmpfs) is done on the spot. It serves kernels that have no io_uring, or forbid it.
 *
 * Submissions are handed over by one system call for each few, and at the end of the round. What
 * the kernel refuses a thread does, and so finds the true answer.
 *
 * Invariant: in_flight counts what the kernel has and what is gathered; it is never more than
 * the context has room for. What is beyond waits in the backlog, in order. Threads: all on-task.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/eventfd.h>

#include "aio_impl.h"
#include "backlog.h"
#include "sys_mem.h"

#define EVENTS_MAX	256u	/* of the 65536 that fs.aio-max-nr gives all processes together */
#define BATCH		4u	/* handed over early, so that the device works while the round makes more */

struct libaio_task {
	aio_context_t		context;
	bool			works;		/* or else the kernel gave no context: threads serve */
	int			evfd;		/* written by the kernel for completions */
	struct etask_poll	poll;
	struct aio_task		*task;
	unsigned int		in_flight;
	struct backlog		backlog;
	unsigned int		nr_gathered;
	struct iocb		gathered[BATCH];
};

static struct libaio_task *state_of(struct aio_task *task)
{
	return task->state[libaio_provider.index];
}

static long answer(long rc) { return rc < 0 ? -errno : rc; }

static long io_setup(unsigned int events, aio_context_t *context)
{
	return answer(syscall(SYS_io_setup, events, context));
}

static long io_submit(aio_context_t context, long nr, struct iocb **iocbs)
{
	return answer(syscall(SYS_io_submit, context, nr, iocbs));
}

static long io_getevents(aio_context_t context, long nr, struct io_event *events)
{
	struct timespec no_wait = { 0 };

	return answer(syscall(SYS_io_getevents, context, 0l, nr, events, &no_wait));
}

static int probe(void)
{
	aio_context_t context = 0;
	struct io_event none;
	struct iocb *no_iocb = NULL;
	long rc = io_setup(1, &context);

	if (rc < 0)
		return (int)rc;
	rc = io_submit(context, 0, &no_iocb);
	if (!rc)
		rc = io_getevents(context, 1, &none);
	syscall(SYS_io_destroy, context);
	return rc < 0 ? (int)rc : 0;
}

/* ---- to the kernel ------------------------------------------------------------------------ */

/*
 * The kernel takes as many as it likes, and says what is wrong with the first when that is why
 * it takes none.
 */
static void hand_over(struct libaio_task *l)
{
	struct iocb *iocbs[BATCH];
	unsigned int at = 0;

	for (unsigned int i = 0; i < l->nr_gathered; i++)
		iocbs[i] = &l->gathered[i];
	while (at < l->nr_gathered) {
		long rc = io_submit(l->context, l->nr_gathered - at, iocbs + at);

		if (rc == -EINTR)
			continue;
		if (rc > 0) {
			at += (unsigned int)rc;
			continue;
		}
		l->in_flight--;
		threads_submit((struct aio_op *)(uintptr_t)l->gathered[at++].aio_data);
	}
	l->nr_gathered = 0;
}

static bool gather(void *env, struct aio_op *op)
{
	struct libaio_task *l = env;
	const struct iovec *iov;
	unsigned int niov;
	struct iocb *iocb;

	if (l->in_flight >= EVENTS_MAX)
		return false;
	if (op_rest(op, &iov, &niov)) {
		threads_submit(op);	/* it needs no memory */
		return true;
	}
	iocb = &l->gathered[l->nr_gathered++];
	memset(iocb, 0, sizeof(*iocb));
	iocb->aio_data = (uint64_t)(uintptr_t)op;
	iocb->aio_lio_opcode = op->opcode == AIO_WRITE ? IOCB_CMD_PWRITEV : IOCB_CMD_PREADV;
	iocb->aio_fildes = (uint32_t)op->file->fd;
	iocb->aio_buf = (uint64_t)(uintptr_t)iov;
	iocb->aio_nbytes = niov;
	iocb->aio_offset = (int64_t)(op->offset + op->done);
	iocb->aio_rw_flags = op->opcode == AIO_WRITE && op->flags & AIO_FUA ? RWF_DSYNC : 0;
	iocb->aio_flags = IOCB_FLAG_RESFD;
	iocb->aio_resfd = (uint32_t)l->evfd;
	l->in_flight++;
	if (l->nr_gathered == BATCH)
		hand_over(l);
	return true;
}

static bool flush(struct aio_task *task)
{
	struct libaio_task *l = state_of(task);

	hand_over(l);
	backlog_drain(&l->backlog, gather, l);
	return l->nr_gathered != 0;
}

/* ---- from the kernel ------------------------------------------------------------------------ */

static void completed(struct libaio_task *l, struct aio_op *op, ssize_t result)
{
	if (op_goes_on(op, &result))
		backlog_put(&l->backlog, op, gather, l);
	else if (result == -EAGAIN || result == -EOPNOTSUPP)
		threads_submit(op);
	else
		op_finished(op, result);
}

/* As many as are there now: those that come in meanwhile are for the next time, others have a turn. */
static void reap(struct aio_task *task)
{
	struct libaio_task *l = state_of(task);
	unsigned int left = l->in_flight - l->nr_gathered;
	struct io_event events[64];
	long nr;

	while (left) {
		nr = io_getevents(l->context, left < 64 ? left : 64, events);
		if (nr <= 0 && nr != -EINTR)
			break;
		for (long i = 0; i < nr; i++) {
			l->in_flight--;
			left--;
			completed(l, (struct aio_op *)(uintptr_t)events[i].data, events[i].res);
		}
	}
	backlog_drain(&l->backlog, gather, l);
	if (l->nr_gathered)
		task_kick(task);
}

static void poll_handler(struct etask_poll *poll, uint32_t revents)
{
	(void)revents;
	reap(((struct libaio_task *)((char *)poll - offsetof(struct libaio_task, poll)))->task);
}

/* ---- the provider --------------------------------------------------------------------------- */

/* The context of @task, made when it is missing; NULL where the kernel gives no more. */
static struct libaio_task *context_of(struct aio_task *task)
{
	struct libaio_task *l = state_of(task);

	if (l)
		return l->works ? l : NULL;
	l = mem_zalloc(sizeof(*l), FL_STR);
	if (!l)
		return NULL;
	task->state[libaio_provider.index] = l;
	l->task = task;
	backlog_init(&l->backlog);
	l->evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->evfd < 0)
		return NULL;
	if (io_setup(EVENTS_MAX, &l->context) < 0) {
		close(l->evfd);
		return NULL;
	}
	l->poll = (struct etask_poll){
		.fd = l->evfd, .events = EPOLLIN | EPOLLET, .fn = poll_handler, .whence = "libaio",
	};
	if (etask_poll_add(task->etask, &l->poll)) {
		syscall(SYS_io_destroy, l->context);
		close(l->evfd);
		return NULL;
	}
	l->works = true;
	return l;
}

static void submit(struct aio_op *op)
{
	struct libaio_task *l = NULL;

	if (op->file->is_memory) {
		inline_submit(op);
		return;
	}
	if (op->file->direct && (op->opcode == AIO_READ || op->opcode == AIO_WRITE))
		l = context_of(op->task);
	if (l)
		backlog_put(&l->backlog, op, gather, l);
	else
		threads_submit(op);
}

static void stop(struct aio_task *task)
{
	struct libaio_task *l = state_of(task);

	if (l->works) {
		etask_poll_remove_sync(&l->poll);
		syscall(SYS_io_destroy, l->context);
		close(l->evfd);
	}
	mem_free(l, FL_STR);
	task->state[libaio_provider.index] = NULL;
}

struct aio_provider libaio_provider = {
	.name = "libaio",
	.text = "threads + libaio",
	.probe = probe,
	.open = threads_start,
	.execute = fd_execute,
	.attempt = fd_attempt,
	.submit = submit,
	.flush = flush,
	.reap = reap,
	.stop = stop,
};
