/* SPDX-License-Identifier: MIT */
/*
 * Iterators over memory (lib/iov_iter.c, unmodified) against a plain model: an array of bytes beside the
 * memory, and where each piece lies in it. Shapes and operations are random, from a seed that a failure names.
 */
#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/uio.h>
#include <net/checksum.h>

#define ORDER		4
#define NR_PAGES	(1 << ORDER)
#define BYTES		(NR_PAGES * PAGE_SIZE)
#define MOST_PIECES	24
#define ROUNDS		200
#define STEPS		25

static unsigned long seed = 20261121;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of shapes and operations");

struct place {
	struct kunit	*test;
	unsigned int	round;
	u64		random;
	struct page	*pages[NR_PAGES];
	bool		one;		/* the pages are one allocation */
	u8		*model;		/* what should be in them */
	u8		*data;		/* of a copy; BYTES */
	u8		*addr[MOST_PIECES];
	size_t		at[MOST_PIECES], len[MOST_PIECES];	/* pieces: where in the model */
	unsigned int	nr;
	size_t		total;
	struct iovec	iov[MOST_PIECES];
	struct bio_vec	bvec[MOST_PIECES];
	struct xarray	xarray;
	struct iov_iter	iter;
	size_t		pos;		/* bytes that are behind the iterator */
};

#define SAME(p, a, b) \
	KUNIT_ASSERT_EQ_MSG((p)->test, (u64)(a), (u64)(b), "seed %lu, round %u, type %u", seed, (p)->round, \
			    (p)->iter.iter_type)

static u32 below(struct place *p, u32 limit)
{
	p->random = p->random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((p->random >> 33) % limit);
}

static void fill(struct place *p, u8 *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (u8)below(p, 256);
}

/* The model's byte for each of @bytes from @pos on, in order. */
static u8 *model_at(struct place *p, size_t pos)
{
	unsigned int i = 0;

	for (; i < p->nr && pos >= p->len[i]; i++)
		pos -= p->len[i];
	return p->model + p->at[i] + pos;
}

static void model_write(struct place *p, size_t pos, const u8 *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*model_at(p, pos + i) = from ? from[i] : 0;
}

static bool model_is(struct place *p, size_t pos, const u8 *bytes, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (*model_at(p, pos + i) != bytes[i])
			return false;
	return true;
}

/* All of the memory, between the pieces as well. */
static void memory_is_the_model(struct place *p)
{
	for (unsigned int i = 0; i < NR_PAGES; i++)
		SAME(p, memcmp(page_address(p->pages[i]), p->model + i * PAGE_SIZE, PAGE_SIZE), 0);
}

/* ---- shapes ------------------------------------------------------------------------------- */

static void add_piece(struct place *p, size_t at, size_t len)
{
	p->addr[p->nr] = (u8 *)page_address(p->pages[at / PAGE_SIZE]) + at % PAGE_SIZE;
	p->at[p->nr] = at;
	p->len[p->nr++] = len;
	p->total += len;
}

/* Pieces that do not overlap, with gaps, short and long; none of them empty unless @empty. */
static void make_pieces(struct place *p, bool empty)
{
	size_t at = below(p, 3 * PAGE_SIZE);

	while (p->nr < MOST_PIECES) {
		size_t len = below(p, 3) ? below(p, 300) : below(p, 3 * PAGE_SIZE);

		len += !empty && !len;
		if (at + len > BYTES)
			break;
		add_piece(p, at, len);
		at += len + (below(p, 2) ? below(p, 200) : 0);
	}
}

static void make_xarray(struct place *p, unsigned int direction)
{
	size_t start = below(p, BYTES), count = 1 + below(p, (u32)(BYTES - start));
	pgoff_t first = below(p, 1000);

	xa_init(&p->xarray);
	for (unsigned int i = 0; i < NR_PAGES; i++)
		SAME(p, xa_err(xa_store(&p->xarray, first + i, p->pages[i], GFP_KERNEL)), 0);
	for (size_t at = start, end = start + count; at < end; at += p->len[p->nr - 1])
		add_piece(p, at, min(end - at, PAGE_SIZE - at % PAGE_SIZE));
	iov_iter_xarray(&p->iter, direction, &p->xarray, (loff_t)(first * PAGE_SIZE + start), count);
}

static void make_iter(struct place *p, enum iter_type type, unsigned int direction)
{
	p->nr = 0;
	p->total = p->pos = 0;
	if (type == ITER_XARRAY)
		return make_xarray(p, direction);
	if (type == ITER_UBUF) {
		size_t at = below(p, BYTES);

		add_piece(p, at, below(p, (u32)(BYTES - at)));
		return iov_iter_ubuf(&p->iter, direction, p->addr[0], p->total);
	}
	make_pieces(p, type != ITER_BVEC);
	for (unsigned int i = 0; i < p->nr; i++) {
		struct page *page = p->pages[0] + below(p, (u32)(p->at[i] / PAGE_SIZE) + 1);

		p->iov[i] = (struct iovec){ p->addr[i], p->len[i] };
		bvec_set_page(&p->bvec[i], page, (unsigned int)p->len[i],
			      (unsigned int)(p->addr[i] - (u8 *)page_address(page)));
	}
	if (type == ITER_BVEC)
		iov_iter_bvec(&p->iter, direction, p->bvec, p->nr, p->total);
	else if (type == ITER_KVEC)
		iov_iter_kvec(&p->iter, direction, (struct kvec *)p->iov, p->nr, p->total);
	else
		iov_iter_init(&p->iter, direction, p->iov, p->nr, p->total);
}

static struct place *make_place(struct kunit *test, bool one)
{
	struct place *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	*p = (struct place){ .test = test, .random = seed, .one = one, .model = kvmalloc(BYTES, GFP_KERNEL),
			     .data = kvmalloc(BYTES, GFP_KERNEL) };
	p->pages[0] = one ? alloc_pages(GFP_KERNEL | __GFP_COMP, ORDER) : NULL;
	for (unsigned int i = 0; i < NR_PAGES; i++) {
		p->pages[i] = one ? p->pages[0] + i : alloc_page(GFP_KERNEL);
		fill(p, page_address(p->pages[i]), PAGE_SIZE);
		memcpy(p->model + i * PAGE_SIZE, page_address(p->pages[i]), PAGE_SIZE);
	}
	return p;
}

static void free_place(struct place *p)
{
	for (unsigned int i = 0; i < (p->one ? 1 : NR_PAGES); i++) {
		SAME(p, page_count(p->pages[i]), 1);
		put_page(p->pages[i]);
	}
	kvfree(p->model);
	kvfree(p->data);
}

/* @fn with iterators of all types that are memory, in both directions. */
static void with_all(struct kunit *test, void (*fn)(struct place *p))
{
	static const enum iter_type types[] = { ITER_UBUF, ITER_IOVEC, ITER_KVEC, ITER_BVEC, ITER_XARRAY };

	for (unsigned int t = 0; t < ARRAY_SIZE(types); t++) {
		struct place *p = make_place(test, types[t] != ITER_XARRAY);

		for (p->round = 0; p->round < ROUNDS; p->round++) {
			make_iter(p, types[t], p->round & 1 ? ITER_SOURCE : ITER_DEST);
			SAME(p, iov_iter_rw(&p->iter), p->round & 1 ? WRITE : READ);
			SAME(p, user_backed_iter(&p->iter), types[t] == ITER_UBUF || types[t] == ITER_IOVEC);
			fn(p);
			memory_is_the_model(p);
			if (types[t] == ITER_XARRAY)
				xa_destroy(&p->xarray);
		}
		free_place(p);
	}
}

/* ---- copies ------------------------------------------------------------------------------- */

/* The Internet checksum the slow way; 0 and 0xffff are both none. */
static u16 plain_sum(const u8 *data, size_t bytes)
{
	u64 sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += i & 1 ? data[i] << 8 : data[i];
	return (u16)(sum % 0xffff);
}

static u16 folded(__wsum sum)
{
	return (u16)~csum_fold(sum) % 0xffff;
}

static size_t copy_in(struct place *p, size_t bytes)
{
	struct csum_state csum = { };
	size_t offset, done;
	u8 *from = p->data;

	fill(p, p->data, min(bytes, (size_t)BYTES));
	switch (below(p, 4)) {
	case 0:
		done = copy_to_iter(p->data, bytes, &p->iter);
		break;
	case 1:
		done = iov_iter_zero(bytes, &p->iter);
		from = NULL;
		break;
	case 2:		/* twice, so that the second may begin at an odd byte */
		done = csum_and_copy_to_iter(p->data, bytes / 3, &csum, &p->iter);
		done += csum_and_copy_to_iter(p->data + done, bytes - bytes / 3, &csum, &p->iter);
		SAME(p, csum.off, done);
		SAME(p, folded(csum.csum), plain_sum(p->data, done));
		break;
	default:	/* out of one of our own pages, that the iterator is not over */
		offset = below(p, PAGE_SIZE);
		bytes = min(bytes, PAGE_SIZE - offset);
		from = (u8 *)get_zeroed_page(GFP_KERNEL);
		memcpy(from + offset, p->data, bytes);
		done = copy_page_to_iter(virt_to_page(from), offset, bytes, &p->iter);
		free_page((unsigned long)from);
		from = p->data;
	}
	SAME(p, done, min(bytes, p->total - p->pos));
	model_write(p, p->pos, from, done);
	return done;
}

static size_t copy_out(struct place *p, size_t bytes)
{
	size_t left = p->total - p->pos, done;
	__wsum csum = 0;
	u8 *page;

	memset(p->data, 0x5a, BYTES);
	switch (below(p, 6)) {
	case 0:
		done = copy_from_iter(p->data, bytes, &p->iter);
		break;
	case 1:
		done = copy_from_iter_nocache(p->data, bytes, &p->iter);
		break;
	case 2:		/* all or nothing */
		done = copy_from_iter_full(p->data, bytes, &p->iter) ? bytes : 0;
		SAME(p, done, bytes <= left ? bytes : 0);
		return done;
	case 3:
		done = csum_and_copy_from_iter(p->data, bytes, &csum, &p->iter);
		SAME(p, folded(csum), plain_sum(p->data, done));
		break;
	default:
		page = (u8 *)get_zeroed_page(GFP_KERNEL);
		bytes = min(bytes, PAGE_SIZE - 11ul);
		if (below(p, 2))
			done = copy_page_from_iter(virt_to_page(page), 11, bytes, &p->iter);
		else
			done = copy_page_from_iter_atomic(virt_to_page(page), 11, bytes, &p->iter);
		SAME(p, page[10] | page[11 + done], 0);
		memcpy(p->data, page + 11, done);
		free_page((unsigned long)page);
	}
	SAME(p, done, min(bytes, left));
	SAME(p, model_is(p, p->pos, p->data, done), true);
	return done;
}

static void step(struct place *p)
{
	struct iov_iter_state state;
	size_t bytes = below(p, 3) ? below(p, 400) : below(p, BYTES), left = p->total - p->pos, pos = p->pos;

	switch (below(p, 8)) {
	case 0:
		iov_iter_advance(&p->iter, bytes);
		p->pos += min(bytes, left);
		break;
	case 1:
		bytes = min(bytes, p->pos);
		iov_iter_revert(&p->iter, bytes);
		p->pos -= bytes;
		break;
	case 2:		/* a part of it only, and back */
		iov_iter_truncate(&p->iter, bytes);
		SAME(p, iov_iter_count(&p->iter), min(bytes, left));
		iov_iter_reexpand(&p->iter, left);
		break;
	case 3:
		if (!iter_is_iovec(&p->iter) && !iov_iter_is_bvec(&p->iter))
			break;	/* 6.1 warns of others */
		iov_iter_save_state(&p->iter, &state);
		p->pos += iov_iter_rw(&p->iter) == WRITE ? copy_out(p, bytes) : copy_in(p, bytes);
		SAME(p, iov_iter_count(&p->iter), p->total - p->pos);
		iov_iter_restore(&p->iter, &state);
		p->pos = pos;
		break;
	default:
		p->pos += iov_iter_rw(&p->iter) == WRITE ? copy_out(p, bytes) : copy_in(p, bytes);
	}
	SAME(p, iov_iter_count(&p->iter), p->total - p->pos);
}

static void steps(struct place *p)
{
	for (unsigned int i = 0; i < STEPS; i++)
		step(p);
}

static void copies_and_moves(struct kunit *test)
{
	with_all(test, steps);
}

/* ---- what is asked of one ------------------------------------------------------------------- */

/* The pieces that are ahead, the first without what is behind. */
#define for_each_ahead(p, i, a, n)									\
	for (size_t i = 0, skip = (p)->pos, n, a; i < (p)->nr; skip -= min(skip, (p)->len[i]), i++)	\
		if (a = (size_t)(p)->addr[i] + min(skip, (p)->len[i]),					\
		    n = (p)->len[i] - min(skip, (p)->len[i]), n)

static void questions(struct place *p)
{
	unsigned long addresses = 0, lengths = 0, gaps = 0, end = 0;
	size_t npages = 0, first = 0;
	unsigned int mask;

	if (p->total) {
		p->pos = below(p, (u32)p->total);
		iov_iter_advance(&p->iter, p->pos);
	}
	for_each_ahead(p, i, a, n) {
		addresses |= a;
		lengths |= n;
		npages += DIV_ROUND_UP(a % PAGE_SIZE + n, PAGE_SIZE);
		gaps |= end ? a | end : 0;
		end = a + n;
		first = first ?: n;
	}
	if (iov_iter_is_xarray(&p->iter))
		addresses = p->iter.xarray_start + p->iter.iov_offset, lengths = p->iter.count;
	SAME(p, iov_iter_npages(&p->iter, INT_MAX), npages);
	SAME(p, iov_iter_npages(&p->iter, 3), min(npages, (size_t)3));
	SAME(p, iov_iter_npages_cap(&p->iter, INT_MAX, 1), p->pos < p->total);
	/* A piece of many pages is named by any of them: only offsets into pages are the same. */
	SAME(p, iov_iter_alignment(&p->iter) % PAGE_SIZE, (addresses | lengths) % PAGE_SIZE);
	if (p->iter.nr_segs > 1 && !iov_iter_is_xarray(&p->iter) && p->pos < p->total)
		SAME(p, iov_iter_single_seg_count(&p->iter), first);
	if (iter_is_iovec(&p->iter) && !p->iter.iov_offset)
		SAME(p, iov_iter_gap_alignment(&p->iter), gaps);
	mask = (1u << below(p, 5)) - 1;
	if (p->iter.count && !(iter_is_iovec(&p->iter) || iov_iter_is_kvec(&p->iter)))
		SAME(p, iov_iter_is_aligned(&p->iter, mask, mask), !((addresses | lengths) & mask));
}

static void answers(struct kunit *test)
{
	with_all(test, questions);
}

static void whole_pieces_are_aligned(struct kunit *test)
{
	struct iovec iov[2] = { { (void *)0x1000, 0x200 }, { (void *)0x2200, 0x600 } };
	struct iov_iter iter;

	iov_iter_init(&iter, ITER_DEST, iov, 2, 0x800);
	KUNIT_EXPECT_TRUE(test, iov_iter_is_aligned(&iter, 0x1ff, 0x1ff));
	KUNIT_EXPECT_FALSE(test, iov_iter_is_aligned(&iter, 0x3ff, 0x1ff));
	KUNIT_EXPECT_FALSE(test, iov_iter_is_aligned(&iter, 0x1ff, 0x3ff));
	iov_iter_truncate(&iter, 0x300);
	KUNIT_EXPECT_FALSE(test, iov_iter_is_aligned(&iter, 0x1ff, 0x1ff));
	KUNIT_EXPECT_TRUE(test, iov_iter_is_aligned(&iter, 0x1ff, 0xff));
	KUNIT_EXPECT_EQ(test, iov_length(iov, 2), 0x800ul);
	iov_iter_advance(&iter, 0x210);
	KUNIT_EXPECT_EQ(test, (unsigned long)iov_iter_iovec(&iter).iov_base, 0x2210ul);
	KUNIT_EXPECT_EQ(test, iov_iter_iovec(&iter).iov_len, 0xf0ul);
}

/* ---- its pages ------------------------------------------------------------------------------ */

static void all_pages(struct place *p)
{
	bool alloc = below(p, 2);
	struct page *page;
	size_t none;

	if (iov_iter_is_kvec(&p->iter)) {
		SAME(p, iov_iter_get_pages2(&p->iter, &page, 1, 1, &none), p->total ? -EFAULT : 0);
		return;
	}
	p->iter.nofault = p->round % 3 == 0;
	while (p->pos < p->total) {
		size_t want = 1 + below(p, 3 * PAGE_SIZE), start = ~0ul;
		struct page *few[3], **pages = few;
		ssize_t got;

		if (alloc)
			got = iov_iter_get_pages_alloc2(&p->iter, &pages, want, &start);
		else
			got = iov_iter_get_pages2(&p->iter, few, want, 1 + below(p, 3), &start);
		KUNIT_ASSERT_GT_MSG(p->test, got, 0l, "seed %lu, round %u", seed, p->round);
		KUNIT_ASSERT_LE(p->test, got, (ssize_t)want);
		SAME(p, p->iter.count, p->total - p->pos - (size_t)got);
		for (size_t at = start; at < start + (size_t)got; at++) {
			u8 *byte = (u8 *)page_address(pages[at / PAGE_SIZE]) + at % PAGE_SIZE;

			SAME(p, *byte, *model_at(p, p->pos + at - start));
		}
		for (size_t i = 0; i < DIV_ROUND_UP(start + (size_t)got, PAGE_SIZE); i++) {
			KUNIT_ASSERT_GE(p->test, page_count(pages[i]), 2);
			put_page(pages[i]);
		}
		if (alloc)
			kvfree(pages);
		p->pos += (size_t)got;
	}
	SAME(p, iov_iter_get_pages2(&p->iter, &page, 1, 1, &none), 0);
}

static void pages_are_lent(struct kunit *test)
{
	with_all(test, all_pages);
}

/* ---- copies of one -------------------------------------------------------------------------- */

static void twins(struct place *p)
{
	struct iov_iter twin;
	const void *vecs = dup_iter(&twin, &p->iter, GFP_KERNEL);
	bool has_vecs = !iter_is_ubuf(&p->iter) && !iov_iter_is_xarray(&p->iter);

	SAME(p, !!vecs, has_vecs);
	if (has_vecs)
		memset(p->iov, 0, sizeof(p->iov)), memset(p->bvec, 0, sizeof(p->bvec));
	p->iter = twin;
	steps(p);
	kfree(vecs);
}

static void duplicates_stand_alone(struct kunit *test)
{
	with_all(test, twins);
}

static void what_is_discarded_is_counted(struct kunit *test)
{
	struct iov_iter iter;

	iov_iter_discard(&iter, ITER_DEST, 1000);
	KUNIT_EXPECT_EQ(test, copy_to_iter("abc", 3, &iter), 3ul);
	KUNIT_EXPECT_EQ(test, iov_iter_zero(7, &iter), 7ul);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 990ul);
	iov_iter_advance(&iter, 2000);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 0ul);
	iov_iter_revert(&iter, 5);
	KUNIT_EXPECT_EQ(test, copy_to_iter("1234567", 7, &iter), 5ul);
	KUNIT_EXPECT_EQ(test, iov_iter_npages(&iter, 5), 0);
	KUNIT_EXPECT_EQ(test, iov_iter_alignment(&iter), 0ul);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(copies_and_moves), KUNIT_CASE(answers), KUNIT_CASE(whole_pieces_are_aligned),
	KUNIT_CASE(pages_are_lent), KUNIT_CASE(duplicates_stand_alone), KUNIT_CASE(what_is_discarded_is_counted), { }
};
static struct kunit_suite suite = { .name = "iov_iter", .test_cases = cases };
kunit_test_suites(&suite);

MODULE_LICENSE("Dual MIT/GPL");
