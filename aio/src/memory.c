/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the providers ram, a disk that ends with its close, and null, which
 * keeps nothing and reads as zeroes. Neither ever waits.
 *
 * Threads: any, as with a disk: transfers of the same bytes at the same time mix.
 */
#include <sys/mman.h>

#include "aio_impl.h"

#define PAGE_MASK	4095ul

typedef void (*piece_fn)(char *memory, void *piece, size_t bytes);

static int memory_open(struct aio_file *file, const char **why)
{
	void *memory;

	*why = "needs a size";
	if (!file->size)
		return -EINVAL;
	*why = "cannot be made so large";
	if (file->size > INT64_MAX)
		return -EFBIG;
	if (file->provider == &null_provider)
		return 0;
	memory = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	file->memory = memory;
	return 0;
}

static void memory_close(struct aio_file *file)
{
	munmap(file->memory, file->size);
}

/* Whole pages are given back, and come again as zeroes. */
static void clear(char *at, uint64_t bytes)
{
	char *first = (char *)(((uintptr_t)at + PAGE_MASK) & ~PAGE_MASK);
	char *last = (char *)((uintptr_t)(at + bytes) & ~PAGE_MASK);

	if (last <= first || madvise(first, (size_t)(last - first), MADV_DONTNEED) < 0) {
		memset(at, 0, bytes);
		return;
	}
	memset(at, 0, (size_t)(first - at));
	memset(last, 0, (size_t)(at + bytes - last));
}

static void to_piece(char *memory, void *piece, size_t bytes) { memcpy(piece, memory, bytes); }
static void from_piece(char *memory, void *piece, size_t bytes) { memcpy(memory, piece, bytes); }

static void zero_piece(char *memory, void *piece, size_t bytes)
{
	(void)memory;
	memset(piece, 0, bytes);
}

static ssize_t each_piece(char *memory, uint64_t bytes, const struct iovec *iov, piece_fn fn)
{
	for (uint64_t left = bytes; left; iov++) {
		size_t part = iov->iov_len < left ? iov->iov_len : left;

		fn(memory, iov->iov_base, part);
		memory += memory ? part : 0;
		left -= part;
	}
	return (ssize_t)bytes;
}

/* Of @size bytes at @offset, how many there are; a change must fit, as on a disk. */
static ssize_t room(const struct aio_file *file, enum aio_opcode opcode, uint64_t offset, uint64_t size)
{
	uint64_t left = offset < file->size ? file->size - offset : 0;

	if (size <= left)
		return (ssize_t)size;
	return opcode == AIO_READ ? (ssize_t)left : -ENOSPC;
}

static ssize_t ram_execute(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset,
			   uint64_t size, const struct iovec *iov, unsigned int niov)
{
	ssize_t bytes = room(file, opcode, offset, size);
	char *at = (char *)file->memory + offset;

	(void)flags;
	(void)niov;
	if (bytes <= 0)
		return bytes;
	switch (opcode) {
	case AIO_READ:
		return each_piece(at, (uint64_t)bytes, iov, to_piece);
	case AIO_WRITE:
		return each_piece(at, (uint64_t)bytes, iov, from_piece);
	case AIO_DISCARD:
	case AIO_ZERO:
		clear(at, (uint64_t)bytes);
		return bytes;
	default:
		return 0;
	}
}

static ssize_t null_execute(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset,
			    uint64_t size, const struct iovec *iov, unsigned int niov)
{
	ssize_t bytes = room(file, opcode, offset, size);

	(void)flags;
	(void)niov;
	return opcode == AIO_READ && bytes > 0 ? each_piece(NULL, (uint64_t)bytes, iov, zero_piece) : bytes;
}

struct aio_provider ram_provider = {
	.name = "ram",
	.text = "ram",
	.no_file = true,
	.only_asked = true,
	.open = memory_open,
	.close = memory_close,
	.execute = ram_execute,
	.attempt = ram_execute,
	.submit = inline_submit,
};

struct aio_provider null_provider = {
	.name = "null",
	.text = "null",
	.no_file = true,
	.only_asked = true,
	.open = memory_open,
	.execute = null_execute,
	.attempt = null_execute,
	.submit = inline_submit,
};
