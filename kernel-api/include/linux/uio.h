/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_UIO_H
#define _LINUX_UIO_H

/*
 * Differs from the kernel: kvecs only.
 */
#include <linux/types.h>

struct kvec {
	void	*iov_base;
	size_t	iov_len;
};

#define ITER_SOURCE	1	/* data comes from it: a write */
#define ITER_DEST	0
#define READ		0
#define WRITE		1

struct iov_iter {
	bool			data_source;
	size_t			count;		/* bytes left */
	size_t			iov_offset;	/* into the first kvec */
	const struct kvec	*kvec;
	unsigned long		nr_segs;
};

static inline void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec,
				 unsigned long nr_segs, size_t count)
{
	*i = (struct iov_iter){ .data_source = direction == ITER_SOURCE, .count = count,
				.kvec = kvec, .nr_segs = nr_segs };
}
static inline size_t iov_iter_count(const struct iov_iter *i) { return i->count; }

#endif /* _LINUX_UIO_H */
