/* SPDX-License-Identifier: MIT */
/* uio.c - what files need of uio.h; the rest is lib/iov_iter.c, of the hosted library. */
#include <linux/bug.h>
#include <linux/bvec.h>
#include <linux/uio.h>

#include "uio_impl.h"

void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec, unsigned long nr_segs,
		   size_t count)
{
	WARN_ON(direction & ~1u);
	*i = (struct iov_iter){ .iter_type = ITER_KVEC, .data_source = direction, .kvec = kvec, .nr_segs = nr_segs,
				.count = count };
}

/* kvecs and iovecs look the same. */
static size_t segment_len(const struct iov_iter *i)
{
	return iov_iter_is_bvec(i) ? i->bvec->bv_len : i->kvec->iov_len;
}

static char *segment_base(const struct iov_iter *i)
{
	return iov_iter_is_bvec(i) ? (char *)page_address(i->bvec->bv_page) + i->bvec->bv_offset : i->kvec->iov_base;
}

static void next_segment(struct iov_iter *i)
{
	if (iov_iter_is_bvec(i))
		i->bvec++;
	else
		i->kvec++;
	i->nr_segs--;
	i->iov_offset = 0;
}

unsigned int uio_pieces(const struct iov_iter *from, struct host_vec *vec)
{
	struct iov_iter i = *from;
	unsigned int nr = 0;

	if (iter_is_ubuf(&i)) {
		vec[0] = (struct host_vec){ (char *)i.ubuf + i.iov_offset, i.count };
		return 1;
	}
	for (; i.nr_segs && i.count; next_segment(&i)) {
		size_t len = min(segment_len(&i) - i.iov_offset, i.count);

		vec[nr++] = (struct host_vec){ segment_base(&i) + i.iov_offset, len };
		i.count -= len;
	}
	return nr;
}

void uio_advance(struct iov_iter *i, size_t bytes)
{
	i->count -= bytes;
	i->iov_offset += bytes;
	while (!iter_is_ubuf(i) && i->nr_segs && i->iov_offset >= segment_len(i)) {
		size_t over = i->iov_offset - segment_len(i);

		next_segment(i);
		i->iov_offset = over;
	}
}
