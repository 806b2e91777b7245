/* SPDX-License-Identifier: MIT */
/* execute.c - one operation on a descriptor, by system calls that wait; and the attempt that does not. */
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "aio_impl.h"
#include "sys_service.h"

#define SLOW_WRITE_NS	2000000u	/* a buffered write that took longer met a full page cache */
#define SLOW_PERIOD_NS	100000000u
#define QUICK_WRITE	65536u		/* bytes: no more at once without waiting */

typedef ssize_t (*vector_call)(int fd, const struct iovec *iov, int niov, off_t offset, int flags);

/* All of it, or up to the end of the file, whatever the system call does at once. */
static ssize_t transfer(struct aio_file *file, vector_call call, uint64_t offset, uint64_t size,
			const struct iovec *iov, unsigned int niov, int flags)
{
	struct iovec places[REST_PLACES];
	const struct iovec *rest = iov;
	unsigned int count = niov;
	uint64_t done = 0;

	while (done < size) {
		ssize_t n;

		if (done || niov > IOV_MAX) {
			rest = places;
			count = vector_rest(iov, niov, done, places);
		}
		n = call(file->fd, rest, (int)count, (off_t)(offset + done), flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return done && flags & RWF_NOWAIT ? (ssize_t)-EAGAIN : -errno;
		done += (uint64_t)n;
		if (n == 0 || !may_go_on(file, offset + done))
			break;
		if (done < size && flags & RWF_NOWAIT)
			return -EAGAIN;
	}
	return call == pwritev2 && done < size ? -EIO : (ssize_t)done;
}

/* preadv2() is a cancellation point, for which libc pays in each call; this one never waits. */
static ssize_t read_nowait(int fd, const struct iovec *iov, int niov, off_t offset, int flags)
{
	return syscall(SYS_preadv2, fd, iov, niov, (long)offset, (long)((uint64_t)offset >> 32), flags);
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
		note_loss(file, failed);
		return failed;
	}
	return 0;
}

/*
 * RWF_DSYNC makes this range durable and no other. ENOSPC from it has two meanings:
 * no room, so nothing was written; or earlier pages, cached before there was no room
 * for them, are lost. A write without it tells which.
 */
static ssize_t write_durably(struct aio_file *file, uint64_t offset, uint64_t size, const struct iovec *iov,
			     unsigned int niov)
{
	ssize_t done = transfer(file, pwritev2, offset, size, iov, niov, RWF_DSYNC), again;

	if (done >= 0 || (file->direct && done != -EOPNOTSUPP))
		return done;	/* direct, nothing earlier was cached */
	if (done == -EOPNOTSUPP) {	/* before Linux 4.7 */
		done = transfer(file, pwritev2, offset, size, iov, niov, 0);
		if (done < 0)
			return done;
		again = do_sync(file);
		return again < 0 ? again : done;
	}
	if (done == -EIO) {
		note_loss(file, done);
	} else if (done == -ENOSPC || done == -EDQUOT) {
		again = transfer(file, pwritev2, offset, size, iov, niov, 0);
		if (again >= 0)
			note_loss(file, done);
	}
	return done;
}

/* Up to the end of the file: it does not grow by zeroes. */
static ssize_t write_zeroes(struct aio_file *file, uint64_t offset, uint64_t size)
{
	static const char zeroes[65536] __attribute__((aligned(4096)));
	uint64_t end;
	int rc = aio_file_refresh(file);

	if (rc)
		return rc;
	end = aio_file_size(file) < offset + size ? aio_file_size(file) : offset + size;
	for (uint64_t at = offset; at < end;) {
		size_t part = end - at < sizeof(zeroes) ? end - at : sizeof(zeroes);
		ssize_t n = pwrite(file->fd, zeroes, part, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n < 0 ? 0 : (uint64_t)n;
	}
	return (ssize_t)size;
}

static bool not_there(int err)
{
	return err == EOPNOTSUPP || err == ENOTTY || err == ENODEV || err == ENOSYS;
}

/*
 * Discarded or zeroed, it reads as zeroes; where the file system or the device
 * cannot, zeroes are written. BLKDISCARD is not among the ways: a device may return
 * the old data after it, while fallocate() on a block device deallocates only where
 * zeroes are what is read then (blkdev_fallocate(), Linux 4.9).
 */
static ssize_t do_zero(struct aio_file *file, enum aio_opcode opcode, uint64_t offset, uint64_t size)
{
	uint64_t range[2] = { offset, size };
	int mode = opcode == AIO_DISCARD ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE, rc;

	if (!size)
		return 0;
	do {
		rc = fallocate(file->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0 && not_there(errno) && file->is_block)
		rc = ioctl(file->fd, BLKZEROOUT, range);
	if (!rc)
		return (ssize_t)size;
	return not_there(errno) ? write_zeroes(file, offset, size) : -errno;
}

ssize_t fd_execute(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		   const struct iovec *iov, unsigned int niov)
{
	ssize_t done, synced;

	if (file->is_memory)
		flags &= ~AIO_FUA;
	switch (opcode) {
	case AIO_READ:
		return transfer(file, preadv2, offset, size, iov, niov, 0);
	case AIO_WRITE:
		return flags & AIO_FUA ? write_durably(file, offset, size, iov, niov) :
					 transfer(file, pwritev2, offset, size, iov, niov, 0);
	case AIO_SYNC:
		return do_sync(file);
	case AIO_DISCARD:
	case AIO_ZERO:
		done = do_zero(file, opcode, offset, size);
		if (done < 0 || !(flags & AIO_FUA))
			return done;
		synced = do_sync(file);
		return synced < 0 ? synced : done;
	}
	return -EINVAL;
}

/* ---- without waiting ------------------------------------------------------------- */

ssize_t fd_attempt(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		   const struct iovec *iov, unsigned int niov)
{
	sys_time_t start;
	ssize_t done;

	/* Where the file is memory, nothing waits, and a sync has nothing to do. */
	if (file->is_memory)
		return fd_execute(file, opcode, 0, offset, size, iov, niov);
	if (file->direct || flags & AIO_FUA)
		return -EAGAIN;
	if (opcode == AIO_READ) {
		done = niov > IOV_MAX ? 0 : read_nowait(file->fd, iov, (int)niov, (off_t)offset, RWF_NOWAIT);
		/* The common case first, and cheaply: all of it is there. */
		if (done == (ssize_t)size)
			return done;
		/* EOPNOTSUPP: the file system cannot; ENOSYS: nor can a kernel before 4.14. */
		if (done < 0 && (errno == EAGAIN || errno == EOPNOTSUPP || errno == ENOSYS))
			return -EAGAIN;
		done = transfer(file, read_nowait, offset, size, iov, niov, RWF_NOWAIT);
		return done == -EOPNOTSUPP || done == -ENOSYS ? -EAGAIN : done;
	}
	if (opcode != AIO_WRITE || size > QUICK_WRITE)
		return -EAGAIN;
	/* Into the page cache: a copy, until the cache is full of dirty pages. */
	start = sys_time_now();
	if (start < atomic_load_explicit(&file->slow_until, memory_order_relaxed))
		return -EAGAIN;
	done = transfer(file, pwritev2, offset, size, iov, niov, 0);
	if (sys_time_now() - start > SLOW_WRITE_NS)
		atomic_store_explicit(&file->slow_until, start + SLOW_PERIOD_NS, memory_order_relaxed);
	return done;
}
