/* SPDX-License-Identifier: MIT */
/* execute.c - one operation, by system calls that wait; and the try that does not. */
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "aio_impl.h"
#include "sys_mem.h"

#define SLOW_WRITE_NS	2000000u	/* a buffered write that took longer met a full page cache */
#define SLOW_PERIOD_NS	100000000u

typedef ssize_t (*vector_call)(int fd, const struct iovec *iov, int niov, off_t offset, int flags);

#define ROOM	64

/* Of the vector from byte @skip on, as much as @room takes. Returns how many places that fills. */
static unsigned int rest_of(const struct iovec *iov, unsigned int niov, uint64_t skip, struct iovec room[ROOM])
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < niov && count < ROOM; i++) {
		if (skip >= iov[i].iov_len) {
			skip -= iov[i].iov_len;
			continue;
		}
		room[count].iov_base = (char *)iov[i].iov_base + skip;
		room[count++].iov_len = iov[i].iov_len - skip;
		skip = 0;
	}
	return count;
}

/* All of it, or up to the end of the file, whatever the system call does at once. */
static ssize_t transfer(struct aio_file *file, vector_call call, uint64_t offset, uint64_t size,
			const struct iovec *iov, unsigned int niov, int flags)
{
	struct iovec room[ROOM];
	const struct iovec *rest = iov;
	unsigned int count = niov;
	uint64_t done = 0;

	while (done < size) {
		ssize_t n;

		if (done || niov > IOV_MAX) {
			rest = room;
			count = rest_of(iov, niov, done, room);
		}
		n = call(file->fd, rest, (int)count, (off_t)(offset + done), flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return done && flags & RWF_NOWAIT ? (ssize_t)-EAGAIN : -errno;
		if (n == 0)
			break;
		done += (uint64_t)n;
		if (done < size && flags & RWF_NOWAIT)
			return -EAGAIN;
	}
	return (ssize_t)done;
}

static ssize_t write_call(int fd, const struct iovec *iov, int niov, off_t offset, int flags)
{
	return pwritev2(fd, iov, niov, offset, flags);
}

static ssize_t read_call(int fd, const struct iovec *iov, int niov, off_t offset, int flags)
{
	return preadv2(fd, iov, niov, offset, flags);
}

/* A failed sync stays known: the pages it lost do not come back by asking again. */
static ssize_t do_sync(struct aio_file *file)
{
	int failed = atomic_load(&file->sync_error);

	if (failed)
		return failed;
	while (fdatasync(file->fd) < 0) {
		if (errno == EINTR)
			continue;
		failed = -errno;
		atomic_store(&file->sync_error, failed);
		return failed;
	}
	return 0;
}

static ssize_t write_zeroes(struct aio_file *file, uint64_t offset, uint64_t size)
{
	static const char zeroes[65536];
	uint64_t done = 0;

	while (done < size) {
		size_t part = size - done < sizeof(zeroes) ? size - done : sizeof(zeroes);
		ssize_t n = pwrite(file->fd, zeroes, part, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n < 0 ? 0 : (uint64_t)n;
	}
	return (ssize_t)size;
}

/* Discarded or zeroed, it reads as zeroes; where the file system cannot, zeroes are written. */
static ssize_t do_zero(struct aio_file *file, enum aio_opcode opcode, uint64_t offset, uint64_t size)
{
	uint64_t range[2] = { offset, size };
	int mode = opcode == AIO_DISCARD ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE :
					   FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, rc;

	if (!size)
		return 0;
	if (file->is_block)
		rc = ioctl(file->fd, BLKZEROOUT, range);
	else
		rc = fallocate(file->fd, mode, (off_t)offset, (off_t)size);
	if (!rc)
		return (ssize_t)size;
	return errno == EOPNOTSUPP || errno == ENOTTY ? write_zeroes(file, offset, size) : -errno;
}

ssize_t op_execute(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		   const struct iovec *iov, unsigned int niov)
{
	ssize_t done, synced;

	switch (opcode) {
	case AIO_READ:
		return transfer(file, read_call, offset, size, iov, niov, 0);
	case AIO_WRITE:
		done = transfer(file, write_call, offset, size, iov, niov, 0);
		break;
	case AIO_SYNC:
		return do_sync(file);
	case AIO_DISCARD:
	case AIO_ZERO:
		done = do_zero(file, opcode, offset, size);
		break;
	default:
		return -EINVAL;
	}
	if (done < 0 || !(flags & AIO_FUA))
		return done;
	synced = do_sync(file);
	return synced < 0 ? synced : done;
}

/* ---- without waiting ------------------------------------------------------------- */

ssize_t aio_try(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		const struct iovec *iov, unsigned int niov)
{
	sys_time_t start;
	ssize_t done;

	/* Where the file is memory, nothing waits, and a sync has nothing to do. */
	if (file->is_memory)
		return op_execute(file, opcode, 0, offset, size, iov, niov);
	if (file->direct || flags & AIO_FUA)
		return -EAGAIN;
	if (opcode == AIO_READ) {
		done = transfer(file, read_call, offset, size, iov, niov, RWF_NOWAIT);
		return done == -EOPNOTSUPP ? -EAGAIN : done;
	}
	if (opcode != AIO_WRITE || size > 65536)
		return -EAGAIN;
	/* Into the page cache: a copy, until the cache is full of dirty pages. */
	start = sys_time_now();
	if (start < atomic_load_explicit(&file->slow_until, memory_order_relaxed))
		return -EAGAIN;
	done = transfer(file, write_call, offset, size, iov, niov, 0);
	if (sys_time_now() - start > SLOW_WRITE_NS)
		atomic_store_explicit(&file->slow_until, start + SLOW_PERIOD_NS, memory_order_relaxed);
	return done;
}
