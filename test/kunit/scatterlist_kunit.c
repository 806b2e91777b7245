/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists (lib/scatterlist.c, lib/sg_split.c, lib/sg_pool.c, unmodified): tables and chains, and copies
 * by lists of random shapes against a plain model, from a seed that a failure names.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define ORDER		6
#define BYTES		(PAGE_SIZE << ORDER)
#define ROUNDS		60

static unsigned long seed = 20261121;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of shapes and operations");

static u64 random_state;

static u32 below(u32 limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((random_state >> 33) % limit);
}

/* ---- tables --------------------------------------------------------------------------------- */

static unsigned int nr_chains(struct scatterlist *sgl)
{
	unsigned int nr = 0;

	for (; !sg_is_last(sgl); sgl = sg_is_chain(sgl + 1) ? sg_chain_ptr(sgl + 1) : sgl + 1)
		nr += sg_is_chain(sgl + 1);
	return nr;
}

static void tables_are_chained(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 127, 128, 129, 254, 255, 256, 1000, 5000 };
	struct sg_table table;
	struct scatterlist *sg, *last;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, SG_MAX_SINGLE_ALLOC, 128ul);
	KUNIT_EXPECT_EQ(test, sg_alloc_table(&table, 0, GFP_KERNEL), -EINVAL);
	for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
		unsigned int nents = sizes[s];

		KUNIT_ASSERT_EQ(test, sg_alloc_table(&table, nents, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, table.nents, nents);
		KUNIT_EXPECT_EQ(test, table.orig_nents, nents);
		KUNIT_EXPECT_EQ(test, sg_nents(table.sgl), (int)nents);
		/* Each but the last gives one entry to its link. */
		KUNIT_EXPECT_EQ(test, nr_chains(table.sgl), nents <= 128 ? 0 : (nents - 2) / 127);
		for_each_sgtable_sg(&table, sg, i) {
			sg->length = i + 1;
			last = sg;
		}
		KUNIT_EXPECT_EQ(test, i, nents);
		KUNIT_EXPECT_TRUE(test, sg_is_last(last));
		KUNIT_EXPECT_NULL(test, sg_next(last));
		KUNIT_EXPECT_PTR_EQ(test, sg_last(table.sgl, nents), last);
		KUNIT_EXPECT_EQ(test, sg_nents_for_len(table.sgl, 0), 0);
		KUNIT_EXPECT_EQ(test, sg_nents_for_len(table.sgl, 1), 1);
		KUNIT_EXPECT_EQ(test, sg_nents_for_len(table.sgl, nents * (nents + 1ull) / 2), (int)nents);
		KUNIT_EXPECT_EQ(test, sg_nents_for_len(table.sgl, nents * (nents + 1ull) / 2 + 1), -EINVAL);
		sg_free_table(&table);
		KUNIT_EXPECT_NULL(test, table.sgl);
	}
}

static int allocations, allowed;

static struct scatterlist *counted_alloc(unsigned int nents, gfp_t gfp)
{
	if (!allowed)
		return NULL;
	allowed--;
	allocations++;
	return kmalloc_array(nents, sizeof(struct scatterlist), gfp);
}

static void counted_free(struct scatterlist *sgl, unsigned int nents)
{
	allocations--;
	kfree(sgl);
}

/* By an allocator of one's own, behind a chunk of one's own, that runs dry at each place. */
static void tables_without_memory(struct kunit *test)
{
	struct scatterlist first[3];
	struct sg_table table;

	for (allowed = 0;; allowed++) {
		int most = allowed;
		int rc = __sg_alloc_table(&table, 12, 4, first, 3, GFP_KERNEL, counted_alloc);

		/* 3 - 1, then 4 - 1 twice, then 4. */
		KUNIT_ASSERT_EQ(test, rc, most < 3 ? -ENOMEM : 0);
		KUNIT_EXPECT_EQ(test, allocations, most);
		if (!rc)
			KUNIT_EXPECT_EQ(test, sg_nents(table.sgl), 12);
		__sg_free_table(&table, 4, 3, counted_free, table.orig_nents);
		KUNIT_EXPECT_EQ(test, allocations, 0);
		if (!rc)
			break;
		allowed = most;
	}
}

static void tables_of_the_pool(struct kunit *test)
{
	struct scatterlist first[8];
	struct sg_table table = { .sgl = first };

	KUNIT_ASSERT_EQ(test, sg_alloc_table_chained(&table, 5, first, 8), 0);
	KUNIT_EXPECT_PTR_EQ(test, table.sgl, &first[0]);
	KUNIT_EXPECT_EQ(test, sg_nents(table.sgl), 5);
	sg_free_table_chained(&table, 8);
	for (int nents = 9; nents < 1000; nents += 61) {
		KUNIT_ASSERT_EQ(test, sg_alloc_table_chained(&table, nents, first, 8), 0);
		KUNIT_EXPECT_PTR_EQ(test, table.sgl, &first[0]);
		KUNIT_EXPECT_EQ(test, sg_nents(table.sgl), nents);
		KUNIT_EXPECT_TRUE(test, sg_is_chain(&first[7]));
		sg_free_table_chained(&table, 8);
		KUNIT_ASSERT_EQ(test, sg_alloc_table_chained(&table, nents, NULL, 0), 0);
		KUNIT_EXPECT_EQ(test, sg_nents(table.sgl), nents);
		sg_free_table_chained(&table, 0);
	}
}

static void lists_with_their_memory(struct kunit *test)
{
	unsigned int nents, bytes = 0;
	struct scatterlist *sgl = sgl_alloc_order(70000, 2, true, GFP_KERNEL, &nents), *sg;

	KUNIT_ASSERT_NOT_NULL(test, sgl);
	KUNIT_EXPECT_EQ(test, nents, 5u);
	for (sg = sgl; sg; sg = sg_next(sg)) {
		memset(sg_virt(sg), 1, sg->length);
		bytes += sg->length;
	}
	KUNIT_EXPECT_EQ(test, bytes, 70000u);
	sgl_free_order(sgl, 2);
	sgl = sgl_alloc(PAGE_SIZE + 1, GFP_KERNEL, &nents);
	KUNIT_ASSERT_NOT_NULL(test, sgl);
	KUNIT_EXPECT_EQ(test, nents, 2u);
	sgl_free(sgl);
	KUNIT_EXPECT_NULL(test, sgl_alloc_order(~0ull, 0, false, GFP_KERNEL, &nents));
}

/* ---- tables of pages ---------------------------------------------------------------------------- */

#define NR	200

/* Runs of pages that follow each other, by their places in the array; nothing looks into them. */
static void some_pages(struct page **pages)
{
	struct page *page = mem_map;

	for (unsigned int i = 0; i < NR; i++) {
		page += below(3) ? 1 : 2 + below(5);
		pages[i] = page;
	}
}

/* Entries that @nr pages make, of at most @most bytes each. */
static unsigned int nr_runs(struct page **pages, unsigned int nr, unsigned int most)
{
	unsigned int runs = 1, run = 1;

	for (unsigned int i = 1; i < nr; i++, run++) {
		if (pages[i] == pages[i - 1] + 1 && run < most / PAGE_SIZE)
			continue;
		runs++;
		run = 0;
	}
	return runs;
}

/* The list is @pages from @offset on, @size bytes. */
static void list_is(struct kunit *test, struct scatterlist *sgl, struct page **pages, size_t offset, size_t size)
{
	size_t at = offset;

	for (struct scatterlist *sg = sgl; sg && at < offset + size; sg = sg_next(sg)) {
		KUNIT_ASSERT_PTR_EQ(test, sg_page(sg), pages[at / PAGE_SIZE]);
		KUNIT_ASSERT_EQ(test, sg->offset, (unsigned int)(at % PAGE_SIZE));
		for (size_t i = 0; i < PFN_UP(sg->offset + sg->length); i++)
			KUNIT_ASSERT_PTR_EQ(test, sg_page(sg) + i, pages[at / PAGE_SIZE + i]);
		at += sg->length;
	}
	KUNIT_ASSERT_EQ(test, at, offset + size);
}

static void tables_of_pages(struct kunit *test)
{
	struct page **pages = kmalloc_array(NR, sizeof(*pages), GFP_KERNEL);
	struct sg_page_iter piter;
	struct sg_table table;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned int nr = 1 + below(NR), offset = below(PAGE_SIZE), at = below(nr);
		unsigned int most = round & 1 ? UINT_MAX : (unsigned int)PAGE_SIZE * (1 + below(4)) + below(PAGE_SIZE);
		size_t size = nr * PAGE_SIZE - offset - (nr > 1 ? below(PAGE_SIZE) : 0);

		some_pages(pages);
		if (most == UINT_MAX)
			KUNIT_ASSERT_EQ(test, sg_alloc_table_from_pages(&table, pages, nr, offset, size, GFP_KERNEL), 0);
		else
			KUNIT_ASSERT_EQ(test, sg_alloc_table_from_pages_segment(&table, pages, nr, offset, size, most,
										GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ_MSG(test, table.nents, nr_runs(pages, nr, most), "seed %lu, round %d", seed, round);
		list_is(test, table.sgl, pages, offset, size);
		for_each_sgtable_page(&table, &piter, at)
			KUNIT_ASSERT_PTR_EQ(test, sg_page_iter_page(&piter), pages[at++]);
		KUNIT_EXPECT_EQ(test, at, nr);
		sg_free_table(&table);
	}
	kfree(pages);
}

static void tables_grow(struct kunit *test)
{
	struct page **pages = kmalloc_array(NR, sizeof(*pages), GFP_KERNEL);

	for (int round = 0; round < ROUNDS; round++) {
		struct sg_append_table table = { };
		unsigned int done = 0, offset = below(PAGE_SIZE);

		some_pages(pages);
		while (done < NR) {
			unsigned int nr = min(1 + below(40), NR - done), from = done ? 0 : offset;
			int rc = sg_alloc_append_table_from_pages(&table, pages + done, nr, from, nr * PAGE_SIZE - from,
								  UINT_MAX, NR - done - nr, GFP_KERNEL);

			KUNIT_ASSERT_EQ(test, rc, 0);
			done += nr;
			list_is(test, table.sgt.sgl, pages, offset, done * PAGE_SIZE - offset);
		}
		KUNIT_EXPECT_EQ(test, table.sgt.nents, nr_runs(pages, NR, UINT_MAX));
		KUNIT_EXPECT_TRUE(test, sg_is_last(table.prv));
		KUNIT_EXPECT_GE(test, table.total_nents, table.sgt.orig_nents);
		sg_free_append_table(&table);
	}
	kfree(pages);
}

/* ---- lists and what they are over --------------------------------------------------------------- */

struct shape {
	struct kunit	*test;
	unsigned int	round;
	struct sg_table	table;
	unsigned int	nents;
	size_t		total;
	u8		*memory, *model;	/* BYTES each */
	u8		*data;
	u32		*at;			/* of each byte of the list: its place in both */
};

#define SAME(s, a, b) \
	KUNIT_ASSERT_EQ_MSG((s)->test, (u64)(a), (u64)(b), "seed %lu, round %u", seed, (s)->round)

static void make_shape(struct shape *s)
{
	unsigned int i, most = 1 + below(below(2) ? 10 : 400);
	struct page *page = virt_to_page(s->memory);
	u32 at = below(PAGE_SIZE);
	struct scatterlist *sg;

	SAME(s, sg_alloc_table(&s->table, most, GFP_KERNEL), 0);
	s->total = s->nents = 0;
	for_each_sgtable_sg(&s->table, sg, i) {
		u32 len = 1 + (below(8) ? below(300) : below(3 * PAGE_SIZE)), first = below(at / PAGE_SIZE + 1);

		if (at + len > BYTES)
			break;
		/* Of any page before it, so that offsets may be of many pages. */
		sg_set_page(sg, page + first, len, at - first * (u32)PAGE_SIZE);
		for (u32 j = 0; j < len; j++)
			s->at[s->total++] = at + j;
		at += len + (below(2) ? below(100) : 0);
		s->nents++;
	}
}

static void with_shapes(struct kunit *test, void (*fn)(struct shape *s))
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, ORDER);
	struct shape s = { .test = test, .memory = page_address(pages), .model = vmalloc(BYTES), .data = vmalloc(BYTES),
			   .at = vmalloc(BYTES * sizeof(u32)) };

	random_state = seed;
	for (unsigned int i = 0; i < BYTES; i++)
		s.memory[i] = s.model[i] = (u8)below(256);
	for (; s.round < ROUNDS; s.round++) {
		make_shape(&s);
		fn(&s);
		SAME(&s, memcmp(s.memory, s.model, BYTES), 0);	/* between the pieces as well */
		sg_free_table(&s.table);
	}
	put_page(pages);
	vfree(s.model);
	vfree(s.data);
	vfree(s.at);
}

static void copies(struct shape *s)
{
	for (int i = 0; i < 12; i++) {
		size_t skip = i < 6 ? 0 : below((u32)s->total + 100), done;
		size_t bytes = min(1ul + below((u32)s->total + 100), (unsigned long)BYTES);
		size_t there = min(bytes, s->total - min(skip, s->total));

		switch (i % 6) {
		case 0:
		case 1:
			for (size_t j = 0; j < bytes; j++)
				s->data[j] = (u8)below(256);
			done = i % 2 ? sg_pcopy_from_buffer(s->table.sgl, s->nents, s->data, bytes, (off_t)skip)
				     : sg_copy_buffer(s->table.sgl, s->nents, s->data, bytes, (off_t)skip, false);
			for (size_t j = 0; j < there; j++)
				s->model[s->at[skip + j]] = s->data[j];
			break;
		case 2:
			done = sg_zero_buffer(s->table.sgl, s->nents, bytes, (off_t)skip);
			for (size_t j = 0; j < there; j++)
				s->model[s->at[skip + j]] = 0;
			break;
		case 3:
			skip = 0;
			there = min(bytes, s->total);
			memcpy(s->data, s->model, bytes);
			done = sg_copy_from_buffer(s->table.sgl, s->nents, s->data, bytes);
			for (size_t j = 0; j < there; j++)
				s->model[s->at[j]] = s->data[j];
			break;
		default:
			done = i % 2 ? sg_pcopy_to_buffer(s->table.sgl, s->nents, s->data, bytes, (off_t)skip)
				     : sg_copy_to_buffer(s->table.sgl, s->nents, s->data, bytes);
			if (!(i % 2))
				skip = 0, there = min(bytes, s->total);
			for (size_t j = 0; j < there; j++)
				SAME(s, s->data[j], s->model[s->at[skip + j]]);
		}
		SAME(s, done, there);
	}
}

static void copies_by_lists(struct kunit *test)
{
	with_shapes(test, copies);
}

/* Piece by piece, none of them over two pages, consumed in part or whole, and some of them skipped. */
static void pieces(struct shape *s)
{
	unsigned int flags = (s->round & 1 ? SG_MITER_TO_SG : SG_MITER_FROM_SG) | (s->round & 2 ? SG_MITER_ATOMIC : 0);
	struct sg_mapping_iter miter;
	size_t pos = 0;

	sg_miter_start(&miter, s->table.sgl, s->nents, flags);
	while (sg_miter_next(&miter)) {
		SAME(s, pagefault_disabled(), !!(flags & SG_MITER_ATOMIC));
		SAME(s, offset_in_page(miter.addr) + miter.length <= PAGE_SIZE, true);
		SAME(s, (u8 *)miter.addr - s->memory, s->at[pos]);
		SAME(s, virt_to_page(miter.addr) - miter.page, 0);
		for (size_t i = 0; i < miter.length; i++) {
			u8 *byte = (u8 *)miter.addr + i;

			SAME(s, *byte, s->model[s->at[pos + i]]);
			if (flags & SG_MITER_TO_SG)
				s->model[s->at[pos + i]] = ++*byte;
		}
		if (!below(4))
			miter.consumed = 1 + below((u32)miter.length);
		pos += miter.consumed;
		if (!below(4)) {
			size_t skip = below(500);

			SAME(s, sg_miter_skip(&miter, (off_t)skip), skip <= s->total - pos);
			pos = min(pos + skip, s->total);
		}
	}
	SAME(s, pos, s->total);
	sg_miter_stop(&miter);
	SAME(s, pagefault_disabled(), 0);
}

static void pieces_of_lists(struct kunit *test)
{
	with_shapes(test, pieces);
}

static void parts(struct shape *s)
{
	size_t sizes[5], skip = below((u32)s->total), pos = skip;
	int nr = 0, nents[5];
	struct scatterlist *out[5];

	while (nr < 5 && pos < s->total) {
		sizes[nr] = 1 + below((u32)(s->total - pos));
		pos += sizes[nr++];
	}
	sg_mark_end(sg_last(s->table.sgl, s->table.nents));
	if (s->nents < s->table.nents)
		return;		/* entries without a page are no list */
	SAME(s, sg_split(s->table.sgl, 0, (off_t)skip, nr, sizes, out, nents, GFP_KERNEL), 0);
	pos = skip;
	for (int i = 0; i < nr; i++) {
		size_t got = sg_copy_to_buffer(out[i], (unsigned int)sg_nents(out[i]), s->data, BYTES);

		/* The last part, where it ends within an entry, has those behind it as well: 6.1's way. */
		SAME(s, i < nr - 1 || pos + sizes[i] == s->total ? got == sizes[i] : got >= sizes[i], true);
		for (size_t j = 0; j < sizes[i]; j++)
			SAME(s, s->data[j], s->model[s->at[pos + j]]);
		pos += sizes[i];
		kfree(out[i]);
	}
	sizes[0] = s->total - skip + 1;
	SAME(s, sg_split(s->table.sgl, 0, (off_t)skip, 1, sizes, out, nents, GFP_KERNEL), -EINVAL);
}

static void parts_of_lists(struct kunit *test)
{
	with_shapes(test, parts);
}

/* Mapped by some device as fewer, longer entries: sg_dma_len() is not the length. */
static void mapped_lists(struct kunit *test)
{
	struct sg_dma_page_iter dma;
	struct scatterlist sgl[3];
	unsigned int pages = 0;

	sg_init_table(sgl, 3);
	for (int i = 0; i < 3; i++) {
		sg_set_page(&sgl[i], mem_map + i, PAGE_SIZE, 0);
		KUNIT_EXPECT_EQ(test, sg_phys(&sgl[i]), (dma_addr_t)i * PAGE_SIZE);
		sg_dma_address(&sgl[i]) = i ? 0x900000 : 0x500000;
		sg_dma_len(&sgl[i]) = i ? PAGE_SIZE : 2 * PAGE_SIZE;
	}
	for_each_sg_dma_page(sgl, &dma, 2, 0)
		KUNIT_EXPECT_EQ(test, sg_page_iter_dma_address(&dma),
				pages++ < 2 ? 0x500000 + (pages - 1) * PAGE_SIZE : 0x900000);
	KUNIT_EXPECT_EQ(test, pages, 3u);
	sg_unmark_end(&sgl[2]);
	KUNIT_EXPECT_FALSE(test, sg_is_last(&sgl[2]));
	sg_init_marker(sgl, 2);
	KUNIT_EXPECT_EQ(test, sg_nents(sgl), 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tables_are_chained), KUNIT_CASE(tables_without_memory), KUNIT_CASE(tables_of_the_pool),
	KUNIT_CASE(lists_with_their_memory), KUNIT_CASE(tables_of_pages), KUNIT_CASE(tables_grow),
	KUNIT_CASE(copies_by_lists), KUNIT_CASE(pieces_of_lists), KUNIT_CASE(parts_of_lists),
	KUNIT_CASE(mapped_lists), { }
};
static struct kunit_suite suite = { .name = "scatterlist", .test_cases = cases };
kunit_test_suites(&suite);

MODULE_LICENSE("Dual MIT/GPL");
