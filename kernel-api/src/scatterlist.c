/* SPDX-License-Identifier: MIT */
/* scatterlist.c - what the target needs of scatterlist.h; the rest is lib/scatterlist.c, of the hosted library. */
#include <linux/scatterlist.h>

struct scatterlist *sg_next(struct scatterlist *sg)
{
	if (sg_is_last(sg))
		return NULL;
	sg++;
	return unlikely(sg_is_chain(sg)) ? sg_chain_ptr(sg) : sg;
}

void sg_init_table(struct scatterlist *sgl, unsigned int nents)
{
	memset(sgl, 0, sizeof(*sgl) * nents);
	sg_init_marker(sgl, nents);
}

void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int buflen)
{
	sg_init_table(sg, 1);
	sg_set_buf(sg, buf, buflen);
}

static size_t sg_copy(struct scatterlist *sgl, unsigned int nents, char *buf, size_t len, off_t skip, bool to_buf)
{
	size_t done = 0;

	for (struct scatterlist *sg = sgl; nents-- && sg && done < len; sg = sg_next(sg)) {
		size_t part = sg->length;
		char *addr = sg_virt(sg);

		if (skip >= (off_t)part) {
			skip -= (off_t)part;
			continue;
		}
		addr += skip;
		part = min(part - (size_t)skip, len - done);
		skip = 0;
		memcpy(to_buf ? buf + done : addr, to_buf ? addr : buf + done, part);
		done += part;
	}
	return done;
}

size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t buflen, off_t skip)
{
	return sg_copy(sgl, nents, (void *)buf, buflen, skip, false);
}

size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen, off_t skip)
{
	return sg_copy(sgl, nents, buf, buflen, skip, true);
}

size_t sg_copy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t buflen)
{
	return sg_copy(sgl, nents, (void *)buf, buflen, 0, false);
}

size_t sg_copy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen)
{
	return sg_copy(sgl, nents, buf, buflen, 0, true);
}
