/* SPDX-License-Identifier: MIT */
/* files.c - files of the host, through aio. See host.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "aio.h"
#include "host/host.h"
#include "sys_mem.h"
#include "sys_nofault.h"

static const enum aio_opcode opcodes[] = {
	[HOST_READ] = AIO_READ, [HOST_WRITE] = AIO_WRITE, [HOST_SYNC] = AIO_SYNC,
	[HOST_DISCARD] = AIO_DISCARD, [HOST_ZERO] = AIO_ZERO,
};

static struct aio_file *aio_of(struct host_file *file) { return (struct aio_file *)file; }

struct host_file *host_file_open(const char *path, int flags, unsigned int mode, int *err)
{
	struct aio_open_options options = { .read_only = (flags & O_ACCMODE) == O_RDONLY };
	/* aio reads what it writes. O_NONBLOCK: a fifo or a terminal is refused, not waited for. */
	int asked = (options.read_only ? O_RDONLY : O_RDWR) | (flags & (O_CREAT | O_EXCL | O_TRUNC | O_DIRECT));
	int fd = open(path, asked | O_NONBLOCK | O_CLOEXEC, mode & 07777);
	struct aio_file *file = NULL;
	const char *why;

	if (fd < 0) {
		*err = -errno;
		return NULL;
	}
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	*err = aio_file_open_fd(fd, &options, &file, &why);
	close(fd);
	return (struct host_file *)file;
}

int host_file_close(struct host_file *file) { return aio_file_close(aio_of(file)); }

long long host_file_size(struct host_file *file)
{
	aio_file_refresh(aio_of(file));
	return (long long)aio_file_size(aio_of(file));
}

unsigned int host_file_mode(struct host_file *file)
{
	struct stat st;

	return fstat(aio_file_fd(aio_of(file)), &st) ? 0 : st.st_mode;
}

long host_file_path(struct host_file *file, char *buf, host_size bytes)
{
	char link[40];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", aio_file_fd(aio_of(file)));
	len = readlink(link, buf, bytes);
	return len < 0 ? -errno : len;
}

const char *host_file_provider(struct host_file *file) { return aio_file_provider(aio_of(file)); }

long host_file_try(struct host_file *file, int op, int fua, long long offset, host_size size,
		   const struct host_vec *vec, unsigned int nr)
{
	return aio_try(aio_of(file), opcodes[op], fua ? AIO_FUA : 0, (uint64_t)offset, size,
		       (const struct iovec *)vec, nr);
}

long host_file_wait(struct host_file *file, int op, int fua, long long offset, host_size size,
		    const struct host_vec *vec, unsigned int nr)
{
	return aio_wait(aio_of(file), opcodes[op], fua ? AIO_FUA : 0, (uint64_t)offset, size,
			(const struct iovec *)vec, nr);
}

struct pending {
	struct aio_op	op;
	void		(*done)(void *arg, long result);
	void		*arg;
};

static void pending_done(struct aio_op *op)
{
	struct pending *pending = (struct pending *)op;
	void (*done)(void *arg, long result) = pending->done;
	void *arg = pending->arg;
	long result = op->result;

	mem_free(pending, "kiocb");
	done(arg, result);
}

int host_file_start(struct host_file *file, int op, int fua, long long offset, host_size size,
		    const struct host_vec *vec, unsigned int nr, void (*done)(void *arg, long result), void *arg)
{
	struct pending *pending = mem_alloc(sizeof(*pending), "kiocb");

	if (!pending)
		return -ENOMEM;
	memset(&pending->op, 0, sizeof(pending->op));
	pending->op.file = aio_of(file);
	pending->op.opcode = opcodes[op];
	pending->op.flags = fua ? AIO_FUA : 0;
	pending->op.offset = (uint64_t)offset;
	pending->op.size = size;
	pending->op.iov = (const struct iovec *)vec;
	pending->op.niov = nr;
	pending->op.fn = pending_done;
	pending->done = done;
	pending->arg = arg;
	aio_submit(&pending->op);
	return 0;
}

void *host_file_view(struct host_file *file, host_size bytes, int write)
{
	int fd = aio_file_fd(aio_of(file));
	struct statfs fs;
	void *view;

	/* Devices' nodes lie in memory; what they hold does not. */
	if (!bytes || !S_ISREG(host_file_mode(file)) || fstatfs(fd, &fs) ||
	    (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) || nofault_start())
		return NULL;
	view = mmap(NULL, bytes, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (view == MAP_FAILED)
		return NULL;
	/* Under mlockall(MCL_FUTURE) whatever may be touched is, at once: every hole of the file would become pages. */
	munlock(view, bytes);
	if (mprotect(view, bytes, write ? PROT_READ | PROT_WRITE : PROT_READ)) {
		munmap(view, bytes);
		return NULL;
	}
	/* The disk's contents are nothing for a core dump, nor for a child. */
	madvise(view, bytes, MADV_DONTDUMP);
	madvise(view, bytes, MADV_DONTFORK);
	return view;
}

int host_view_copy(void *to, const void *from, host_size bytes) { return nofault_copy(to, from, bytes); }

long long host_file_seek(struct host_file *file, long long offset, int whence)
{
	off_t at = lseek(aio_file_fd(aio_of(file)), offset, whence);

	return at < 0 ? -errno : at;
}
