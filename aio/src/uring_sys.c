/* SPDX-License-Identifier: MIT */
/* uring_sys.c - io_uring's system calls and shared memory. See uring_sys.h, io_uring_setup(2), io_uring_enter(2). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uring_sys.h"

/* Newer than the headers of some systems that we build on. */
#ifndef IORING_SETUP_CLAMP
#define IORING_SETUP_CLAMP		(1u << 4)
#endif
#ifndef IORING_SETUP_COOP_TASKRUN
#define IORING_SETUP_COOP_TASKRUN	(1u << 8)
#endif
#ifndef IORING_SETUP_TASKRUN_FLAG
#define IORING_SETUP_TASKRUN_FLAG	(1u << 9)
#endif
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER	(1u << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN	(1u << 13)
#endif
#ifndef IORING_SQ_TASKRUN
#define IORING_SQ_TASKRUN		(1u << 2)
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup		425
#define SYS_io_uring_enter		426
#define SYS_io_uring_register		427
#endif

static int sys_setup(unsigned int entries, struct io_uring_params *params)
{
	long rc = syscall(SYS_io_uring_setup, entries, params);

	return rc < 0 ? -errno : (int)rc;
}

static int sys_enter(int fd, unsigned int to_submit, unsigned int min_complete, unsigned int flags)
{
	long rc = syscall(SYS_io_uring_enter, fd, to_submit, min_complete, flags, NULL, 0);

	return rc < 0 ? -errno : (int)rc;
}

static int sys_register(int fd, unsigned int opcode, const void *arg, unsigned int nr)
{
	long rc = syscall(SYS_io_uring_register, fd, opcode, arg, nr);

	return rc < 0 ? -errno : (int)rc;
}

/* ---- opening --------------------------------------------------------------------------- */

/* Map part @index of the ring's memory. */
static void *map_part(struct uring *ring, unsigned int index, size_t bytes, uint64_t offset)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, (off_t)offset);

	if (at == MAP_FAILED)
		return NULL;
	ring->maps[index] = at;
	ring->map_bytes[index] = bytes;
	return at;
}

static int map_rings(struct uring *ring, const struct io_uring_params *p)
{
	size_t sq_bytes = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	size_t cq_bytes = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	bool single = p->features & IORING_FEAT_SINGLE_MMAP;
	char *sq, *cq;
	uint32_t *array;

	if (single && cq_bytes > sq_bytes)
		sq_bytes = cq_bytes;
	sq = map_part(ring, 0, sq_bytes, IORING_OFF_SQ_RING);
	cq = single ? sq : map_part(ring, 1, cq_bytes, IORING_OFF_CQ_RING);
	ring->sqes = map_part(ring, 2, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!sq || !cq || !ring->sqes)
		return -errno;
	ring->sq_head = (void *)(sq + p->sq_off.head);
	ring->sq_tail = (void *)(sq + p->sq_off.tail);
	ring->sq_flags = (void *)(sq + p->sq_off.flags);
	ring->sq_mask = *(uint32_t *)(void *)(sq + p->sq_off.ring_mask);
	ring->sq_entries = p->sq_entries;
	ring->cq_head = (void *)(cq + p->cq_off.head);
	ring->cq_tail = (void *)(cq + p->cq_off.tail);
	ring->cq_mask = *(uint32_t *)(void *)(cq + p->cq_off.ring_mask);
	ring->cq_entries = p->cq_entries;
	ring->cqes = (void *)(cq + p->cq_off.cqes);
	/* Entry n is always in place n: the kernel's indirection is set once. */
	array = (void *)(sq + p->sq_off.array);
	for (uint32_t i = 0; i < p->sq_entries; i++)
		array[i] = i;
	return 0;
}

/* Which operations the kernel has. IORING_REGISTER_PROBE came with Linux 5.6; before it there were these. */
static void learn_opcodes(struct uring *ring)
{
	enum { NR = 64 };
	struct io_uring_probe *probe = calloc(1, sizeof(*probe) + NR * sizeof(probe->ops[0]));

	ring->opcodes = 1ull << IORING_OP_NOP | 1ull << IORING_OP_READV | 1ull << IORING_OP_WRITEV |
			1ull << IORING_OP_FSYNC;
	if (probe && sys_register(ring->fd, IORING_REGISTER_PROBE, probe, NR) >= 0) {
		ring->opcodes = 0;
		for (unsigned int i = 0; i < probe->ops_len && i < NR; i++)
			if (probe->ops[i].flags & IO_URING_OP_SUPPORTED)
				ring->opcodes |= 1ull << probe->ops[i].op;
	}
	free(probe);
}

int uring_open(struct uring *ring, unsigned int entries, unsigned int completions)
{
	/*
	 * Best first. DEFER_TASKRUN (Linux 6.1): completions come in only when we enter, so nothing
	 * interrupts the task; COOP_TASKRUN (5.19): they come with any system call.
	 */
	static const unsigned int ways[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		0,
	};
	struct io_uring_params params;
	int rc = -EINVAL;

	memset(ring, 0, sizeof(*ring));
	for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]) && rc == -EINVAL; i++) {
		memset(&params, 0, sizeof(params));
		params.flags = ways[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
		params.cq_entries = completions;
		rc = sys_setup(entries, &params);
	}
	if (rc < 0)
		return rc;
	ring->fd = rc;
	ring->flags = params.flags;
	ring->features = params.features;
	/*
	 * Not the ring's own descriptor: with DEFER_TASKRUN it does not wake who polls it when
	 * work comes in (seen on Linux 6.18).
	 */
	ring->evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = ring->evfd < 0 ? -errno : map_rings(ring, &params);
	if (!rc)
		rc = sys_register(ring->fd, IORING_REGISTER_EVENTFD, &ring->evfd, 1);
	if (rc) {
		uring_close(ring);
		return rc;
	}
	learn_opcodes(ring);
	return 0;
}

void uring_close(struct uring *ring)
{
	for (unsigned int i = 0; i < 3; i++)
		if (ring->maps[i])
			munmap(ring->maps[i], ring->map_bytes[i]);
	close(ring->fd);
	if (ring->evfd >= 0)
		close(ring->evfd);
	memset(ring, 0, sizeof(*ring));
	ring->fd = ring->evfd = -1;
}

int uring_probe(void)
{
	static const unsigned int needed[] = { IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC };
	struct uring ring;
	uint64_t user_data;
	int rc = uring_open(&ring, 4, 8);

	if (rc)
		return rc;
	for (unsigned int i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!uring_has(&ring, needed[i]))
			rc = -EOPNOTSUPP;
	/* A filter may allow the setup and refuse the rest. */
	if (!rc) {
		uring_get_sqe(&ring)->opcode = IORING_OP_NOP;
		rc = uring_enter(&ring);
		rc = rc < 0 ? rc : uring_ready(&ring) == 1 && !uring_take(&ring, &user_data) ? 0 : -EIO;
	}
	uring_close(&ring);
	return rc;
}

/* ---- submitting ------------------------------------------------------------------------- */

unsigned int uring_pending(const struct uring *ring)
{
	return ring->sq_next - atomic_load_explicit(ring->sq_head, memory_order_acquire);
}

struct io_uring_sqe *uring_get_sqe(struct uring *ring)
{
	struct io_uring_sqe *sqe;

	if (uring_pending(ring) >= ring->sq_entries)
		return NULL;
	sqe = &ring->sqes[ring->sq_next++ & ring->sq_mask];
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

int uring_enter(struct uring *ring)
{
	unsigned int to_submit = uring_pending(ring);
	/* Without a wish for events a ring that defers completions would keep them. */
	unsigned int flags = ring->flags & IORING_SETUP_DEFER_TASKRUN ? IORING_ENTER_GETEVENTS : 0;
	int rc;

	atomic_store_explicit(ring->sq_tail, ring->sq_next, memory_order_release);
	do {
		rc = sys_enter(ring->fd, to_submit, 0, flags);
	} while (rc == -EINTR);
	return rc;
}

uint64_t uring_take_back(struct uring *ring)
{
	ring->sq_next--;
	atomic_store_explicit(ring->sq_tail, ring->sq_next, memory_order_release);
	return ring->sqes[ring->sq_next & ring->sq_mask].user_data;
}

bool uring_has_deferred(const struct uring *ring)
{
	return atomic_load_explicit(ring->sq_flags, memory_order_relaxed) &
	       (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

/* ---- completing -------------------------------------------------------------------------- */

unsigned int uring_ready(const struct uring *ring)
{
	return atomic_load_explicit(ring->cq_tail, memory_order_acquire) -
	       atomic_load_explicit(ring->cq_head, memory_order_relaxed);
}

int32_t uring_take(struct uring *ring, uint64_t *user_data)
{
	uint32_t head = atomic_load_explicit(ring->cq_head, memory_order_relaxed);
	const struct io_uring_cqe *cqe = &ring->cqes[head & ring->cq_mask];
	int32_t result = cqe->res;

	*user_data = cqe->user_data;
	/* Read before the place is given back. */
	atomic_store_explicit(ring->cq_head, head + 1, memory_order_release);
	return result;
}

/* ---- registering ------------------------------------------------------------------------- */

int uring_register_files(struct uring *ring, unsigned int nr)
{
	int *none = malloc(nr * sizeof(*none)), rc;

	if (!none)
		return -ENOMEM;
	memset(none, -1, nr * sizeof(*none));
	rc = sys_register(ring->fd, IORING_REGISTER_FILES, none, nr);
	free(none);
	return rc;
}

int uring_update_file(struct uring *ring, unsigned int slot, int fd)
{
	struct io_uring_files_update update = { .offset = slot, .fds = (uint64_t)(uintptr_t)&fd };
	int rc = sys_register(ring->fd, IORING_REGISTER_FILES_UPDATE, &update, 1);

	return rc < 0 ? rc : 0;
}
