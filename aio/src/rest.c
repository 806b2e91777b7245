/* SPDX-License-Identifier: MIT */
/*
 * rest.c - a transfer that the system does in pieces: what is left after each.
 *
 * The system may do less than it was asked for at any time (2 GiB at most in one
 * call, a signal, a full disk); our callers get all of it, or an error.
 */
#include <limits.h>

#include "aio_impl.h"
#include "sys_mem.h"

#define SECTOR_MIN	512u

unsigned int vector_rest(const struct iovec *iov, unsigned int niov, uint64_t skip, struct iovec rest[REST_PLACES])
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < niov && count < REST_PLACES; i++) {
		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		rest[count].iov_base = (char *)iov[i].iov_base + skip;
		rest[count++].iov_len = iov[i].iov_len - skip;
		skip = 0;
	}
	return count;
}

bool may_go_on(const struct aio_file *file, uint64_t offset)
{
	return !file->direct || offset % SECTOR_MIN == 0;
}

int op_rest(struct aio_op *op, const struct iovec **iov, unsigned int *niov)
{
	if (!op->done && op->niov <= IOV_MAX) {
		*iov = op->iov;
		*niov = op->niov;
		return 0;
	}
	if (!op->rest)
		op->rest = mem_alloc(REST_PLACES * sizeof(*op->rest), FL_STR);
	if (!op->rest)
		return -ENOMEM;
	*iov = op->rest;
	*niov = vector_rest(op->iov, op->niov, op->done, op->rest);
	return 0;
}

bool op_goes_on(struct aio_op *op, ssize_t *result)
{
	if (*result == -EINTR)
		return true;
	if (*result < 0 || (op->opcode != AIO_READ && op->opcode != AIO_WRITE))
		return false;
	op->done += (uint64_t)*result;
	if (op->done < op->size && *result > 0 && may_go_on(op->file, op->offset + op->done))
		return true;
	/* A read ends where the file does; a write has no reason to. */
	*result = op->opcode == AIO_WRITE && op->done < op->size ? -EIO : (ssize_t)op->done;
	return false;
}
