/* SPDX-License-Identifier: MIT */
/* scatterlist.c - copying between a buffer and a scatterlist. */
#include <linux/scatterlist.h>

static size_t sg_copy(struct scatterlist *sgl, unsigned int nents, void *buf, size_t len, loff_t skip, bool to_buf)
{
	struct scatterlist *sg;
	size_t done = 0;
	unsigned int i;

	for_each_sg(sgl, sg, nents, i) {
		size_t part = sg->length;
		char *addr = sg_virt(sg);

		if (skip >= (loff_t)part) {
			skip -= (loff_t)part;
			continue;
		}
		addr += skip;
		part = min_t(size_t, part - (size_t)skip, len - done);
		skip = 0;
		if (to_buf)
			memcpy((char *)buf + done, addr, part);
		else
			memcpy(addr, (char *)buf + done, part);
		done += part;
		if (done == len)
			break;
	}
	return done;
}

size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t len, loff_t skip)
{
	return sg_copy(sgl, nents, (void *)buf, len, skip, false);
}

size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t len, loff_t skip)
{
	return sg_copy(sgl, nents, buf, len, skip, true);
}

size_t sg_copy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t len)
{
	return sg_copy(sgl, nents, (void *)buf, len, 0, false);
}

size_t sg_copy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t len)
{
	return sg_copy(sgl, nents, buf, len, 0, true);
}
