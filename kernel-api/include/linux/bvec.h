/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BVEC_H
#define _LINUX_BVEC_H

/*
 * Pieces of memory by page, of any number of pages each, and walks over arrays of them:
 * mp_bvec_ gives a piece as it is, bvec_ its part within one page.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>

struct bio_vec {
	struct page	*bv_page;
	unsigned int	bv_len;
	unsigned int	bv_offset;
};
static inline void bvec_set_page(struct bio_vec *bv, struct page *page, unsigned int len, unsigned int offset)
{
	*bv = (struct bio_vec){ page, len, offset };
}

struct bvec_iter {
	sector_t	bi_sector;	/* on the device */
	unsigned int	bi_size;	/* bytes left */
	unsigned int	bi_idx;		/* of the piece */
	unsigned int	bi_bvec_done;	/* bytes of that piece */
} __packed __aligned(4);

#define __bvec_iter_bvec(bvec, iter)	(&(bvec)[(iter).bi_idx])

#define mp_bvec_iter_page(bvec, iter)	(__bvec_iter_bvec((bvec), (iter))->bv_page)
#define mp_bvec_iter_len(bvec, iter) \
	min((iter).bi_size, __bvec_iter_bvec((bvec), (iter))->bv_len - (iter).bi_bvec_done)
#define mp_bvec_iter_offset(bvec, iter)	(__bvec_iter_bvec((bvec), (iter))->bv_offset + (iter).bi_bvec_done)
#define mp_bvec_iter_page_idx(bvec, iter) (mp_bvec_iter_offset((bvec), (iter)) / PAGE_SIZE)
#define mp_bvec_iter_bvec(bvec, iter) ((struct bio_vec){						\
	mp_bvec_iter_page((bvec), (iter)), mp_bvec_iter_len((bvec), (iter)), mp_bvec_iter_offset((bvec), (iter)) })

#define bvec_iter_page(bvec, iter)	(mp_bvec_iter_page((bvec), (iter)) + mp_bvec_iter_page_idx((bvec), (iter)))
#define bvec_iter_offset(bvec, iter)	((unsigned int)(mp_bvec_iter_offset((bvec), (iter)) % PAGE_SIZE))
#define bvec_iter_len(bvec, iter) \
	min_t(unsigned int, mp_bvec_iter_len((bvec), (iter)), PAGE_SIZE - bvec_iter_offset((bvec), (iter)))
#define bvec_iter_bvec(bvec, iter) ((struct bio_vec){							\
	bvec_iter_page((bvec), (iter)), bvec_iter_len((bvec), (iter)), bvec_iter_offset((bvec), (iter)) })

/* false: there are not as many @bytes, and none is left now. */
static inline bool bvec_iter_advance(const struct bio_vec *bv, struct bvec_iter *iter, unsigned int bytes)
{
	if (WARN_ONCE(bytes > iter->bi_size, "bvec_iter_advance() past the end\n")) {
		iter->bi_size = 0;
		return false;
	}
	iter->bi_size -= bytes;
	for (bytes += iter->bi_bvec_done; bytes && bytes >= bv[iter->bi_idx].bv_len; iter->bi_idx++)
		bytes -= bv[iter->bi_idx].bv_len;
	iter->bi_bvec_done = bytes;
	return true;
}
/* @bytes of one piece, unchecked. */
static inline void bvec_iter_advance_single(const struct bio_vec *bv, struct bvec_iter *iter, unsigned int bytes)
{
	iter->bi_size -= bytes;
	iter->bi_bvec_done += bytes;
	if (iter->bi_bvec_done == bv[iter->bi_idx].bv_len) {
		iter->bi_bvec_done = 0;
		iter->bi_idx++;
	}
}
#define for_each_bvec(bvl, bio_vec, iter, start)							\
	for ((iter) = (start); (iter).bi_size && (((bvl) = bvec_iter_bvec((bio_vec), (iter))), 1);	\
	     bvec_iter_advance_single((bio_vec), &(iter), (bvl).bv_len))

static inline void *bvec_virt(struct bio_vec *bvec) { return (char *)page_address(bvec->bv_page) + bvec->bv_offset; }
static inline void *bvec_kmap_local(struct bio_vec *bvec) { return bvec_virt(bvec); }
static inline void memcpy_from_bvec(char *to, struct bio_vec *bvec) { memcpy(to, bvec_virt(bvec), bvec->bv_len); }
static inline void memcpy_to_bvec(struct bio_vec *bvec, const char *from)
{
	memcpy(bvec_virt(bvec), from, bvec->bv_len);
}
static inline void memzero_bvec(struct bio_vec *bvec) { memset(bvec_virt(bvec), 0, bvec->bv_len); }

#endif /* _LINUX_BVEC_H */
