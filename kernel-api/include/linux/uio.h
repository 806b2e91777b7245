/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_UIO_H
#define _LINUX_UIO_H

/*
 * A place in memory that data goes to or comes from, piece by piece.
 *
 * Differs from the kernel: iov_iter_kvec() and iov_iter_ubuf() are always there, all else that is no
 * inline function is lib/iov_iter.c's of the hosted library. What it does not export is for modules here as
 * well (code that is built in there is one). "User" memory is this process's own:
 * only addresses that no process has are refused. Pages of it are had of the region only (kmalloc(),
 * alloc_pages()), others are -EFAULT. There is no crypto, and so no hash_and_copy_to_iter().
 */
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/thread_info.h>
#include <linux/types.h>
#include <uapi/linux/uio.h>

struct bio_vec;
struct pipe_inode_info;
struct xarray;

struct kvec {
	void	*iov_base;
	size_t	iov_len;
};

enum iter_type { ITER_IOVEC, ITER_KVEC, ITER_BVEC, ITER_PIPE, ITER_XARRAY, ITER_DISCARD, ITER_UBUF };

#define ITER_SOURCE	1	/* WRITE: data comes from it */
#define ITER_DEST	0	/* READ */

struct iov_iter {
	u8			iter_type;
	bool			nofault;
	bool			data_source;
	bool			user_backed;
	union {
		size_t		iov_offset;	/* into the first segment */
		int		last_offset;	/* of a pipe: where its last buffer ends; < 0: a page that was given */
	};
	size_t			count;		/* bytes left */
	union {
		const struct iovec	*iov;
		const struct kvec	*kvec;
		const struct bio_vec	*bvec;
		struct xarray		*xarray;	/* of pages, by their index */
		struct pipe_inode_info	*pipe;
		void __user		*ubuf;
	};
	union {
		unsigned long	nr_segs;
		struct {
			unsigned int	head, start_head;	/* of a pipe */
		};
		loff_t		xarray_start;	/* bytes */
	};
};

struct iov_iter_state {
	size_t		iov_offset;
	size_t		count;
	unsigned long	nr_segs;
};

static inline enum iter_type iov_iter_type(const struct iov_iter *i) { return i->iter_type; }
static inline bool iter_is_ubuf(const struct iov_iter *i) { return i->iter_type == ITER_UBUF; }
static inline bool iter_is_iovec(const struct iov_iter *i) { return i->iter_type == ITER_IOVEC; }
static inline bool iov_iter_is_kvec(const struct iov_iter *i) { return i->iter_type == ITER_KVEC; }
static inline bool iov_iter_is_bvec(const struct iov_iter *i) { return i->iter_type == ITER_BVEC; }
static inline bool iov_iter_is_pipe(const struct iov_iter *i) { return i->iter_type == ITER_PIPE; }
static inline bool iov_iter_is_discard(const struct iov_iter *i) { return i->iter_type == ITER_DISCARD; }
static inline bool iov_iter_is_xarray(const struct iov_iter *i) { return i->iter_type == ITER_XARRAY; }
static inline unsigned char iov_iter_rw(const struct iov_iter *i) { return i->data_source ? WRITE : READ; }
static inline bool user_backed_iter(const struct iov_iter *i) { return i->user_backed; }
static inline size_t iov_iter_count(const struct iov_iter *i) { return i->count; }

static inline size_t iov_length(const struct iovec *iov, unsigned long nr_segs)
{
	size_t bytes = 0;

	while (nr_segs--)
		bytes += iov++->iov_len;
	return bytes;
}
/* The rest of the first segment. */
static inline struct iovec iov_iter_iovec(const struct iov_iter *iter)
{
	return (struct iovec){
		.iov_base = (char *)iter->iov->iov_base + iter->iov_offset,
		.iov_len = min(iter->count, iter->iov->iov_len - iter->iov_offset),
	};
}

__visible void iov_iter_kvec(struct iov_iter *i, unsigned int direction, const struct kvec *kvec,
			     unsigned long nr_segs, size_t count);
static inline void iov_iter_ubuf(struct iov_iter *i, unsigned int direction, void __user *buf, size_t count)
{
	WARN_ON(direction & ~1u);
	*i = (struct iov_iter){ .iter_type = ITER_UBUF, .user_backed = true, .data_source = direction,
				.ubuf = buf, .count = count };
}
void iov_iter_init(struct iov_iter *i, unsigned int direction, const struct iovec *iov, unsigned long nr_segs,
		   size_t count);
void iov_iter_bvec(struct iov_iter *i, unsigned int direction, const struct bio_vec *bvec, unsigned long nr_segs,
		   size_t count);
void iov_iter_pipe(struct iov_iter *i, unsigned int direction, struct pipe_inode_info *pipe, size_t count);
void iov_iter_discard(struct iov_iter *i, unsigned int direction, size_t count);
void iov_iter_xarray(struct iov_iter *i, unsigned int direction, struct xarray *xarray, loff_t start, size_t count);
const void *dup_iter(struct iov_iter *new, struct iov_iter *old, gfp_t flags);

void iov_iter_advance(struct iov_iter *i, size_t bytes);
void iov_iter_revert(struct iov_iter *i, size_t bytes);
static inline void iov_iter_truncate(struct iov_iter *i, u64 count)
{
	if (i->count > count)
		i->count = count;
}
static inline void iov_iter_reexpand(struct iov_iter *i, size_t count) { i->count = count; }
static inline void iov_iter_save_state(struct iov_iter *iter, struct iov_iter_state *state)
{
	*state = (struct iov_iter_state){ iter->iov_offset, iter->count, iter->nr_segs };
}
__visible void iov_iter_restore(struct iov_iter *i, struct iov_iter_state *state);

size_t iov_iter_single_seg_count(const struct iov_iter *i);
bool iov_iter_is_aligned(const struct iov_iter *i, unsigned int addr_mask, unsigned int len_mask);
unsigned long iov_iter_alignment(const struct iov_iter *i);
unsigned long iov_iter_gap_alignment(const struct iov_iter *i);
int iov_iter_npages(const struct iov_iter *i, int maxpages);
static inline int iov_iter_npages_cap(struct iov_iter *i, int maxpages, size_t max_bytes)
{
	size_t count = i->count;
	int npages;

	iov_iter_truncate(i, max_bytes);
	npages = iov_iter_npages(i, maxpages);
	iov_iter_reexpand(i, count);
	return npages;
}
/* Bytes in pages that the caller has to put_page(), from *@start in the first; the iterator goes past them. */
ssize_t iov_iter_get_pages2(struct iov_iter *i, struct page **pages, size_t maxsize, unsigned int maxpages,
			    size_t *start);
ssize_t iov_iter_get_pages_alloc2(struct iov_iter *i, struct page ***pages, size_t maxsize, size_t *start);
/* Bytes at the end of the first @bytes that are not there. */
size_t fault_in_iov_iter_readable(const struct iov_iter *i, size_t bytes);
size_t fault_in_iov_iter_writeable(const struct iov_iter *i, size_t bytes);

/* Bytes copied; the iterator goes past them. */
size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);
size_t copy_page_from_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i);
size_t copy_page_from_iter_atomic(struct page *page, unsigned int offset, size_t bytes, struct iov_iter *i);
size_t _copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i);
size_t _copy_from_iter(void *addr, size_t bytes, struct iov_iter *i);
size_t _copy_from_iter_nocache(void *addr, size_t bytes, struct iov_iter *i);
#define _copy_from_iter_flushcache	_copy_from_iter_nocache
#define _copy_mc_to_iter		_copy_to_iter
size_t iov_iter_zero(size_t bytes, struct iov_iter *i);

static inline size_t copy_folio_to_iter(struct folio *folio, size_t offset, size_t bytes, struct iov_iter *i)
{
	return copy_page_to_iter(&folio->page, offset, bytes, i);
}
static inline size_t __must_check copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	return check_copy_size(addr, bytes, true) ? _copy_to_iter(addr, bytes, i) : 0;
}
static inline size_t __must_check copy_from_iter(void *addr, size_t bytes, struct iov_iter *i)
{
	return check_copy_size(addr, bytes, false) ? _copy_from_iter(addr, bytes, i) : 0;
}
static inline size_t __must_check copy_from_iter_nocache(void *addr, size_t bytes, struct iov_iter *i)
{
	return check_copy_size(addr, bytes, false) ? _copy_from_iter_nocache(addr, bytes, i) : 0;
}
/* All of it, or nothing. */
static inline bool ring3_iter_whole(size_t copied, size_t bytes, struct iov_iter *i)
{
	if (likely(copied == bytes))
		return true;
	iov_iter_revert(i, copied);
	return false;
}
static inline bool __must_check copy_from_iter_full(void *addr, size_t bytes, struct iov_iter *i)
{
	return ring3_iter_whole(copy_from_iter(addr, bytes, i), bytes, i);
}
static inline bool __must_check copy_from_iter_full_nocache(void *addr, size_t bytes, struct iov_iter *i)
{
	return ring3_iter_whole(copy_from_iter_nocache(addr, bytes, i), bytes, i);
}

struct csum_state {
	__wsum	csum;
	size_t	off;
};
size_t csum_and_copy_to_iter(const void *addr, size_t bytes, void *csstate, struct iov_iter *i);
size_t csum_and_copy_from_iter(void *addr, size_t bytes, __wsum *csum, struct iov_iter *i);
static inline bool __must_check csum_and_copy_from_iter_full(void *addr, size_t bytes, __wsum *csum,
							      struct iov_iter *i)
{
	return ring3_iter_whole(csum_and_copy_from_iter(addr, bytes, csum, i), bytes, i);
}

/* @fast_iov where it suffices, else of kmalloc(); or ERR_PTR(-EINVAL, -EFAULT, -ENOMEM). @compat: compat_iovecs. */
__visible struct iovec *iovec_from_user(const struct iovec __user *uvec, unsigned long nr_segs,
					unsigned long fast_segs, struct iovec *fast_iov, bool compat);
/* Bytes or -errno; *@iovp, which held @fast_segs, is then what to kfree(). */
ssize_t import_iovec(int type, const struct iovec __user *uvec, unsigned int nr_segs, unsigned int fast_segs,
		     struct iovec **iovp, struct iov_iter *i);
__visible ssize_t __import_iovec(int type, const struct iovec __user *uvec, unsigned int nr_segs,
				 unsigned int fast_segs, struct iovec **iovp, struct iov_iter *i, bool compat);
int import_single_range(int type, void __user *buf, size_t len, struct iovec *iov, struct iov_iter *i);

#endif /* _LINUX_UIO_H */
