/* SPDX-License-Identifier: MIT */
/* uio.c - what files need of uio.h; the rest is lib/iov_iter.c, of the hosted library. */
#include <linux/bug.h>
#include <linux/uio.h>

void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec, unsigned long nr_segs,
		   size_t count)
{
	WARN_ON(direction & ~1u);
	*i = (struct iov_iter){ .iter_type = ITER_KVEC, .data_source = direction, .kvec = kvec, .nr_segs = nr_segs,
				.count = count };
}
