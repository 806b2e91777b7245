/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SCATTERLIST_H
#define _LINUX_SCATTERLIST_H

/*
 * An entry may span any number of pages that follow each other: the region is linear.
 *
 * Differs from the kernel: mem_map covers vmalloc memory too, since pages are found by arithmetic
 * from the region's base; only sg_page() refcounts make no sense there.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

struct scatterlist {
	unsigned long	page_link;	/* the page, or the next table; bit 0: chain, bit 1: end */
	unsigned int	offset;
	unsigned int	length;
};

#define SG_CHAIN	1ul
#define SG_END		2ul
#define sg_is_chain(sg)	((sg)->page_link & SG_CHAIN)
#define sg_is_last(sg)	((sg)->page_link & SG_END)
#define sg_chain_ptr(sg) ((struct scatterlist *)((sg)->page_link & ~3ul))

static inline void sg_assign_page(struct scatterlist *sg, struct page *page)
{
	sg->page_link = (unsigned long)page | (sg->page_link & SG_END);
}
static inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len, unsigned int offset)
{
	sg_assign_page(sg, page);
	sg->offset = offset;
	sg->length = len;
}
static inline struct page *sg_page(const struct scatterlist *sg) { return (struct page *)(sg->page_link & ~3ul); }
static inline void *sg_virt(const struct scatterlist *sg) { return (char *)page_address(sg_page(sg)) + sg->offset; }
static inline void sg_mark_end(struct scatterlist *sg) { sg->page_link |= SG_END; }
static inline void sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int len)
{
	sg_set_page(sg, virt_to_page(buf), len, (unsigned int)offset_in_page(buf));
}
static inline struct scatterlist *sg_next(struct scatterlist *sg)
{
	if (sg_is_last(sg))
		return NULL;
	sg++;
	return unlikely(sg_is_chain(sg)) ? sg_chain_ptr(sg) : sg;
}
static inline void sg_init_table(struct scatterlist *sg, unsigned int nents)
{
	memset(sg, 0, sizeof(*sg) * nents);
	sg_mark_end(&sg[nents - 1]);
}
static inline void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int len)
{
	sg_init_table(sg, 1);
	sg_set_buf(sg, buf, len);
}
#define for_each_sg(sglist, sg, nr, i) \
	for ((i) = 0, (sg) = (sglist); (i) < (nr); (i)++, (sg) = sg_next(sg))

__visible size_t sg_copy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t len);
__visible size_t sg_copy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t len);
__visible size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t len,
				      loff_t skip);
__visible size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t len,
				    loff_t skip);

#endif /* _LINUX_SCATTERLIST_H */
