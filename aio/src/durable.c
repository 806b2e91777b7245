/* SPDX-License-Identifier: MIT */
/*
 * durable.c - operations that ask the system to make cached data durable.
 *
 * The kernel reports lost writes once per open file (fsync(2), Linux 4.13 and
 * later): of two syncs at the same time one is told of the error and the other
 * is told that all is well. So these operations run in batches: none reports
 * before all of its batch have ended, a failure of one is the failure of all, and
 * the next batch starts after that. Direct I/O has nothing cached and is exempt.
 *
 * Locking: file->lock, a leaf; held for a few instructions per operation.
 */
#include "aio_impl.h"

bool op_is_durable(const struct aio_file *file, enum aio_opcode opcode, unsigned int flags)
{
	if (file->direct || file->is_memory || file->provider->no_file)
		return false;
	return opcode == AIO_SYNC || (flags & AIO_FUA && changes(opcode));
}

bool durable_begin(struct aio_op *op)
{
	struct aio_file *file = op->file;
	bool now;

	op->durable = true;
	op_pin(op);
	pthread_mutex_lock(&file->lock);
	now = !file->durable_held && !file->durable_parked;
	if (now) {
		if (!file->durable_in_flight++)
			file->durable_losses = atomic_load(&file->losses);
	} else {
		op->next = NULL;
		*file->durable_tail = op;
		file->durable_tail = &op->next;
	}
	pthread_mutex_unlock(&file->lock);
	return now;
}

/* A want of memory, or of a file to sync, loses nothing: those may be tried again. */
void note_loss(struct aio_file *file, ssize_t error)
{
	int none = 0;

	if (error != -EIO && error != -ENOSPC && error != -EDQUOT)
		return;
	atomic_compare_exchange_strong(&file->sync_error, &none, (int)error);
	atomic_fetch_add(&file->losses, 1);
}

void durable_end(struct aio_op *op, ssize_t result)
{
	struct aio_op *held = NULL, *parked = NULL, *next;
	struct aio_file *file = op->file;
	int error = 0;

	op->result = result;
	pthread_mutex_lock(&file->lock);
	op->next = file->durable_held;
	file->durable_held = op;
	if (!--file->durable_in_flight) {
		held = file->durable_held;
		parked = file->durable_parked;
		file->durable_held = file->durable_parked = NULL;
		file->durable_tail = &file->durable_parked;
		if (atomic_load(&file->losses) != file->durable_losses)
			error = atomic_load(&file->sync_error);
		file->durable_losses = atomic_load(&file->losses);
		for (next = parked; next; next = next->next)
			file->durable_in_flight++;
	}
	pthread_mutex_unlock(&file->lock);
	/* The last one to go home may take the file with it. */
	for (; parked; parked = next) {
		next = parked->next;
		parked->starting = true;
		op_home(parked, 0);
	}
	for (; held; held = next) {
		next = held->next;
		op_home(held, error && held->result >= 0 ? error : held->result);
	}
}
