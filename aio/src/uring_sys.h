/* SPDX-License-Identifier: MIT */
#ifndef RING3_URING_SYS_H
#define RING3_URING_SYS_H

/*
 * uring_sys.h - io_uring by its system calls (io_uring_setup(2), _enter, _register): two
 * rings in shared memory, and nothing of what operations mean.
 *
 * Threads: a ring belongs to the thread that opened it; no function here may be
 * called from another, uring_probe() excepted. Errors are -errno.
 */
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uring {
	int			fd, evfd;	/* evfd: written by the kernel for completions; poll it edge-triggered */
	unsigned int		flags;		/* IORING_SETUP_*, those the kernel took */
	unsigned int		features;	/* IORING_FEAT_* */

	/* submission: we own the tail, the kernel the head */
	_Atomic uint32_t	*sq_head, *sq_tail;
	uint32_t		sq_entries, sq_mask;
	uint32_t		sq_next;	/* the tail to be published */
	struct io_uring_sqe	*sqes;

	/* completion: the other way round */
	_Atomic uint32_t	*cq_head, *cq_tail, *sq_flags;
	uint32_t		cq_entries, cq_mask;
	const struct io_uring_cqe *cqes;

	void			*maps[3];
	size_t			map_bytes[3];
	uint64_t		opcodes;	/* a bit for each below 64 that the kernel has */
};

/* Does io_uring work here: set up, probe, and a round trip of nothing. 0, -ENOSYS, -EPERM, ... */
int uring_probe(void);

/* At least @entries submissions at once, and @completions that wait to be seen. */
int uring_open(struct uring *ring, unsigned int entries, unsigned int completions);
void uring_close(struct uring *ring);

static inline bool uring_has(const struct uring *ring, unsigned int opcode)
{
	return opcode < 64 && ring->opcodes >> opcode & 1;
}

/* A zeroed entry that the next uring_enter() hands over, or NULL: the ring is full. */
struct io_uring_sqe *uring_get_sqe(struct uring *ring);
unsigned int uring_pending(const struct uring *ring);	/* entries that the kernel has not taken yet */

/*
 * Hand over what is pending, and let completions that the kernel put off come in. Returns
 * how many entries it took; -EAGAIN, -EBUSY: none now, try again after completions.
 */
int uring_enter(struct uring *ring);

/* The user_data of the last entry that is pending, which is not any more; only when uring_pending(). */
uint64_t uring_take_back(struct uring *ring);

/* The kernel has completions that only uring_enter() brings in. */
bool uring_has_deferred(const struct uring *ring);

unsigned int uring_ready(const struct uring *ring);	/* completions to see */
/* The result of the next one, and its *@user_data; only when uring_ready(). */
int32_t uring_take(struct uring *ring, uint64_t *user_data);

/* A table of @nr empty places for descriptors; then one filled with @fd, or emptied with -1. */
int uring_register_files(struct uring *ring, unsigned int nr);
int uring_update_file(struct uring *ring, unsigned int slot, int fd);

#endif /* RING3_URING_SYS_H */
