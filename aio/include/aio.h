/* SPDX-License-Identifier: MIT */
#ifndef RING3_AIO_H
#define RING3_AIO_H

/*
 * aio.h - asynchronous storage I/O, in the form its neighbours use.
 *
 * A file is opened once and served by one provider. An operation is a struct that
 * the caller owns from aio_submit() until its completion; the completion is a
 * callback on the event task that submitted it.
 *
 * Order: operations on one file may complete in any order, but a sync covers
 * every write that was completed, or submitted by the same event task, before it.
 *
 * Results are honest: a short read or write is continued inside, so a write is
 * all of its bytes or -errno, and a read is short only where the file ends. A
 * write that failed may have changed part of its range.
 *
 * Threads: aio_submit(), aio_cancel() on an event task that aio_task_init() made
 * able; aio_try() on any thread; a thread that is no event task uses aio_wait(),
 * which blocks it. All else: any thread, may block.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "etask.h"

enum aio_opcode {
	AIO_READ,
	AIO_WRITE,
	AIO_SYNC,	/* file data and what is needed to find it again */
	AIO_DISCARD,	/* deallocate; reads as zeroes afterwards */
	AIO_ZERO,	/* reads as zeroes, blocks may stay allocated */
};

#define AIO_FUA		(1u << 0)	/* a write, discard or zero is durable before it completes */

#define AIO_FILES_MAX	4096		/* open at once; one more is -ENFILE */

struct aio_file;	/* an open file or block device */
struct aio_lane;
struct aio_task;

struct aio_op {
	/* the caller's, unchanged until completion */
	struct aio_file		*file;
	enum aio_opcode		opcode;
	unsigned int		flags;
	uint64_t		offset;		/* bytes */
	uint64_t		size;		/* bytes; the sum of iov for read and write */
	const struct iovec	*iov;		/* lives until completion */
	unsigned int		niov;		/* any number: longer ones are split inside */
	void			(*fn)(struct aio_op *op);
	void			*env;

	/* at completion: bytes done (all of them), or -errno. A read past the end is short. */
	ssize_t			result;

	/* the provider's */
	struct aio_task		*task;
	struct aio_lane		*lane;
	struct aio_op		*next;
	struct iovec		*rest;		/* of the vector, after a short transfer */
	uint64_t		done;		/* bytes, of a transfer that was short */
	bool			pinned, durable, starting, waiting;
	uint64_t		begun;		/* CLOCK_MONOTONIC ns, for dumps */
	struct aio_op		*older, *younger;	/* in flight on this task */
};

struct aio_open_options {
	const char	*provider;	/* NULL = the preferred one, or $RING3_AIO's, or the best that works here */
	bool		read_only;
	bool		direct;		/* O_DIRECT: see aio_file_alignment() */
	bool		create;		/* create it when it is missing, with @size */
	uint64_t	size;		/* bytes; for create, and of a provider without a file: ram, null */

	/*
	 * Limits, for each event task; 0 = as said. Operations beyond them wait, in order; they are the
	 * caller's memory, so how many may wait is the caller's to say.
	 */
	unsigned int	max_in_flight;		/* begun and not ended (1024) */
	unsigned int	min_in_flight;		/* once the limit was met, begin again below this (max_in_flight) */
	unsigned int	max_per_dispatch;	/* begin no more in one round of the task (no limit) */
};

/*
 * Open @path, a regular file or block device; ram and null take no path.
 * Returns 0 and *@file, or -errno with *@why set to a sentence that lives until
 * this thread's next aio_file_open(). A provider that is not known is -EINVAL;
 * one that does not work here is -EOPNOTSUPP; @why names those that do.
 */
int aio_file_open(const char *path, const struct aio_open_options *options,
		  struct aio_file **file, const char **why);

/* The same of a descriptor, which is duplicated: @fd stays the caller's. path, create and direct do not apply. */
int aio_file_open_fd(int fd, const struct aio_open_options *options, struct aio_file **file, const char **why);

/*
 * Wait until what was submitted has completed, sync, close. May block. Returns
 * the sync's -errno; the file is closed all the same, except for -EBUSY: called on
 * an event task with operations of its own in flight, which it would wait for
 * in vain.
 */
int aio_file_close(struct aio_file *file);

uint64_t aio_file_size(const struct aio_file *file);		/* bytes, as last seen */
int aio_file_refresh(struct aio_file *file);			/* look at the size again: 0 or -errno */
int aio_file_fd(const struct aio_file *file);			/* -1 where there is none: ram, null */
bool aio_file_is_block(const struct aio_file *file);
/*
 * What offsets and sizes of reads and writes are multiples of, bytes, and *@memory what
 * addresses are (may be NULL); others are -EINVAL. Both are 1 unless it was opened direct.
 */
unsigned int aio_file_alignment(const struct aio_file *file, unsigned int *memory);
const char *aio_file_provider(const struct aio_file *file);	/* what serves it: "threads + io_uring"; static */

/*
 * Do it now if that needs no waiting (page cache, tmpfs). Returns
 * bytes or -errno; -EAGAIN when it would block: then use aio_submit(). Needs no
 * struct that outlives the call. On an event task or any other thread.
 */
ssize_t aio_try(struct aio_file *file, enum aio_opcode opcode, unsigned int flags,
		uint64_t offset, uint64_t size, const struct iovec *iov, unsigned int niov);

/*
 * Start @op; @op->fn is called on this event task exactly once, never from inside.
 * -EINVAL: a range beyond 2^63, a vector that is not @size long, a direct transfer that is
 * not aligned, an unknown flag. -EBADF: a change of a file opened read_only. -ECANCELED: the
 * task was stopped before it began.
 */
void aio_submit(struct aio_op *op);

/*
 * Take back @op, submitted on this event task and not completed yet. True when it
 * had not begun: it completes with -ECANCELED, never from inside. False: it is on
 * its way and completes by itself.
 */
bool aio_cancel(struct aio_op *op) __asm__("ring3_aio_cancel");	/* libc has an aio_cancel() too */

/*
 * Take back all operations on @file of this event task that have not begun: how many. So a
 * close that follows need not wait for them. On an event task.
 */
unsigned int aio_cancel_file(struct aio_file *file);

/* Do @op and wait for it. Not on an event task. Returns bytes or -errno. */
ssize_t aio_wait(struct aio_file *file, enum aio_opcode opcode, unsigned int flags,
		 uint64_t offset, uint64_t size, const struct iovec *iov, unsigned int niov);

/*
 * Make @task able to submit: before it runs, or on it. 0, -ENOMEM or -EEXIST.
 * When the task stops, what has begun is waited for, and what has not is -ECANCELED:
 * each completes on the task, before its thread ends.
 */
int aio_task_init(sys_event_task_t task);

/*
 * Undo it: once the task has stopped, or, on it, when it never will: then as when
 * it stops.
 */
void aio_task_fini(sys_event_task_t task);

/*
 * The providers, best first: 0 and *@name, and *@err = 0 or why it does not work
 * here (-ENOSYS, -EPERM, ...). -ENOENT: @index is past the last.
 */
int aio_provider_get(unsigned int index, const char **name, int *err);

/*
 * From now on @name serves the files that are opened without a provider of their own;
 * NULL: none is preferred. Errors and *@why are those of aio_file_open(); ram and null
 * serve no files.
 */
int aio_provider_prefer(const char *name, const char **why);

#endif /* RING3_AIO_H */
