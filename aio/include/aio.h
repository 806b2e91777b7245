/* SPDX-License-Identifier: MIT */
#ifndef RING3_AIO_H
#define RING3_AIO_H

/*
 * aio.h - asynchronous storage I/O, in the form its neighbours use.
 *
 * A file is opened once and served by one provider. An operation is a struct that
 * the caller owns from aio_submit() until
 * its completion; the completion is a callback on the event task that submitted
 * it.
 *
 * Order: operations on one file may complete in any order, but a sync covers
 * every write that was completed, or submitted by the same event task, before it.
 *
 * Threads: aio_submit() and aio_try() on any event task; a thread that is none
 * uses the _wait form, which blocks it. All else: any thread, may block.
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

#define AIO_FUA		(1u << 0)	/* a write is durable before it completes */

struct aio_file;	/* an open file or block device */

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
	sys_event_task_t	task;
	struct etask_callback	callback;
	struct aio_op		*next;
};

struct aio_open_options {
	const char	*provider;	/* NULL = the best that works here */
	bool		read_only;
	bool		direct;		/* O_DIRECT */
	bool		create;		/* create it when it is missing, with @size */
	uint64_t	size;		/* bytes; for create */
	unsigned int	max_in_flight;	/* 0 = 1024; beyond it operations wait in order */
};

/*
 * Open @path, a regular file or block device.
 * Returns 0 and *@file, or -errno with *@why set to a static sentence.
 */
int aio_file_open(const char *path, const struct aio_open_options *options,
		  struct aio_file **file, const char **why);

/* Wait for what is in flight, sync, close. Off-task; may block. Returns the sync's -errno. */
int aio_file_close(struct aio_file *file);

uint64_t aio_file_size(const struct aio_file *file);		/* bytes, as last seen */
int aio_file_refresh(struct aio_file *file);			/* look at the size again: 0 or -errno */
int aio_file_fd(const struct aio_file *file);
bool aio_file_is_block(const struct aio_file *file);
const char *aio_file_provider(const struct aio_file *file);	/* "threads" */

/*
 * Do it now if that needs no waiting (page cache, tmpfs). Returns
 * bytes or -errno; -EAGAIN when it would block: then use aio_submit(). Needs no
 * struct that outlives the call. On an event task or any other thread.
 */
ssize_t aio_try(struct aio_file *file, enum aio_opcode opcode, unsigned int flags,
		uint64_t offset, uint64_t size, const struct iovec *iov, unsigned int niov);

/* Start @op; @op->fn is called on this event task exactly once, never from inside. */
void aio_submit(struct aio_op *op);

/* Do @op and wait for it. Not on an event task. Returns bytes or -errno. */
ssize_t aio_wait(struct aio_file *file, enum aio_opcode opcode, unsigned int flags,
		 uint64_t offset, uint64_t size, const struct iovec *iov, unsigned int niov);

/* Make @task able to submit: before it runs. 0 or -errno. Undone once it has stopped. */
int aio_task_init(sys_event_task_t task);
void aio_task_fini(sys_event_task_t task);

#endif /* RING3_AIO_H */
