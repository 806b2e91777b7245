/* SPDX-License-Identifier: MIT */
#ifndef RING3_AIO_IMPL_H
#define RING3_AIO_IMPL_H

/* aio_impl.h - private to aio/src. */
#include <pthread.h>
#include <stdatomic.h>

#include "aio.h"

/*
 * An open file. Operations wait in one queue and start in its order: at most
 * max_in_flight at a time, and a sync only when all before it have ended, and
 * before all behind it: that is how it covers every write submitted earlier.
 */
struct aio_file {
	int			fd;
	bool			is_block, is_memory, direct, read_only;
	_Atomic uint64_t	size;
	unsigned int		max_in_flight;
	_Atomic int		sync_error;	/* of a sync that failed: reported by the next one, too */
	_Atomic uint64_t	slow_until;	/* buffered writes go to threads until then */

	pthread_mutex_t		lock;		/* what follows */
	pthread_cond_t		idle;
	struct aio_op		*waiting, **waiting_tail;
	unsigned int		in_flight;
	bool			sync_in_flight;
};

/* Do @op here and now, however long it takes. Bytes or -errno. */
ssize_t op_execute(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		   const struct iovec *iov, unsigned int niov);

/* The worker pool: takes @op, calls op_execute() and then op_done(). 0 or -errno. */
int threads_start(void);
void threads_submit(struct aio_op *op);
void op_done(struct aio_op *op, ssize_t result);

#endif /* RING3_AIO_IMPL_H */
