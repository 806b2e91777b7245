/* SPDX-License-Identifier: MIT */
#ifndef RING3_UIO_IMPL_H
#define RING3_UIO_IMPL_H

/* uio_impl.h - iterators as the host wants them: of kvecs, iovecs, bio_vecs, and of one buffer. */
#include <linux/uio.h>

#include "host/host.h"

static inline bool uio_has_pieces(const struct iov_iter *i)
{
	return iov_iter_is_kvec(i) || iter_is_iovec(i) || iov_iter_is_bvec(i) || iter_is_ubuf(i);
}

/* What is ahead of @i: at most as many pieces as it has segments; how many. */
unsigned int uio_pieces(const struct iov_iter *i, struct host_vec *vec);
void uio_advance(struct iov_iter *i, size_t bytes);	/* at most iov_iter_count() */

#endif /* RING3_UIO_IMPL_H */
