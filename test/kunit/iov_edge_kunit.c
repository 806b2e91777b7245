/* SPDX-License-Identifier: MIT */
/* Iterators over pipes, of what users pass, and over memory that is not there (lib/iov_iter.c); checksums. */
#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/compat.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <net/checksum.h>

#define NOWHERE		((void __user *)~0xffful)	/* above what any process has */
#define NOT_THERE	((void __user *)64)
static const char readonly[64] = "constants may be read";

/* ---- pipes -------------------------------------------------------------------------------- */

#define MOST		(PIPE_DEF_BUFFERS * PAGE_SIZE)

struct pipe_test {
	struct kunit		*test;
	struct pipe_inode_info	*pipe;
	struct iov_iter		iter;
	struct page		*page;		/* somebody else's */
	u8			*model;		/* what the pipe should hold */
	size_t			bytes;
	u64			random;
};

static u32 below(struct pipe_test *t, u32 limit)
{
	t->random = t->random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((t->random >> 33) % limit);
}

static struct pipe_test *pipe_test(struct kunit *test)
{
	struct pipe_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	*t = (struct pipe_test){ .test = test, .pipe = alloc_pipe_info(), .page = alloc_page(GFP_KERNEL),
				 .model = kvmalloc(MOST, GFP_KERNEL), .random = 7 };
	KUNIT_ASSERT_NOT_NULL(test, t->pipe);
	memset(page_address(t->page), 0x77, PAGE_SIZE);
	return t;
}

static void pipe_test_ends(struct pipe_test *t)
{
	free_pipe_info(t->pipe);
	KUNIT_EXPECT_EQ(t->test, page_count(t->page), 1);
	put_page(t->page);
	kvfree(t->model);
}

static void pipe_is_the_model(struct pipe_test *t)
{
	size_t at = 0;

	for (unsigned int i = t->pipe->tail; i != t->pipe->head; i++) {
		struct pipe_buffer *buf = &t->pipe->bufs[i % t->pipe->ring_size];

		KUNIT_ASSERT_EQ(t->test, pipe_buf_confirm(t->pipe, buf), 0);
		KUNIT_ASSERT_LE(t->test, at + buf->len, t->bytes);
		KUNIT_ASSERT_EQ(t->test, memcmp(page_address(buf->page) + buf->offset, t->model + at, buf->len), 0);
		at += buf->len;
	}
	KUNIT_ASSERT_EQ(t->test, at, t->bytes);
}

static u8 *some_bytes(struct pipe_test *t, u8 *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = (u8)below(t, 256);
	return data;
}

static void pipe_takes(struct pipe_test *t, u8 *data)
{
	size_t bytes = 1 + below(t, 3000), room = MOST - t->bytes, offset, done;
	struct csum_state csum = { };

	switch (below(t, 5)) {
	case 0:
		done = copy_to_iter(some_bytes(t, data, bytes), bytes, &t->iter);
		break;
	case 1:
		done = iov_iter_zero(bytes, &t->iter);
		memset(data, 0, bytes);
		break;
	case 2:
		done = csum_and_copy_to_iter(some_bytes(t, data, bytes), bytes, &csum, &t->iter);
		KUNIT_ASSERT_EQ(t->test, csum.off, done);
		KUNIT_ASSERT_EQ(t->test, csum_fold(csum.csum), ip_compute_csum(data, (int)done));
		break;
	case 3:
		offset = below(t, 1000);
		done = copy_page_to_iter(t->page, offset, bytes, &t->iter);
		memset(data, 0x77, bytes);
		break;
	default:
		done = min(bytes, t->bytes);
		iov_iter_revert(&t->iter, done);
		t->bytes -= done;
		return;
	}
	KUNIT_ASSERT_LE(t->test, done, min(bytes, room));
	if (!pipe_full(t->pipe->head, t->pipe->tail, t->pipe->max_usage))
		KUNIT_ASSERT_EQ(t->test, done, bytes);
	memcpy(t->model + t->bytes, data, done);
	t->bytes += done;
}

static void a_pipe_is_filled(struct kunit *test)
{
	struct pipe_test *t = pipe_test(test);
	u8 *data = kmalloc(3000, GFP_KERNEL);

	for (int round = 0; round < 50; round++) {
		iov_iter_pipe(&t->iter, ITER_DEST, t->pipe, MOST);
		for (int i = 0; i < 40; i++) {
			pipe_takes(t, data);
			KUNIT_ASSERT_EQ(test, iov_iter_count(&t->iter), MOST - t->bytes);
			pipe_is_the_model(t);
		}
		iov_iter_revert(&t->iter, t->bytes);	/* somebody has read it all */
		t->bytes = 0;
		KUNIT_ASSERT_TRUE(test, pipe_empty(t->pipe->head, t->pipe->tail));
		t->pipe->head = t->pipe->tail += (unsigned int)round;	/* not from the ring's start */
	}
	kfree(data);
	pipe_test_ends(t);
}

static void a_full_pipe_takes_no_more(struct kunit *test)
{
	struct pipe_test *t = pipe_test(test);

	t->pipe->max_usage = 3;
	iov_iter_pipe(&t->iter, ITER_DEST, t->pipe, MOST);
	KUNIT_EXPECT_EQ(test, iov_iter_npages(&t->iter, INT_MAX), 3);
	KUNIT_EXPECT_EQ(test, iov_iter_zero(PAGE_SIZE + 1, &t->iter), PAGE_SIZE + 1);
	KUNIT_EXPECT_EQ(test, iov_iter_npages(&t->iter, INT_MAX), 2);	/* one of them has some room */
	KUNIT_EXPECT_EQ(test, iov_iter_alignment(&t->iter), iov_iter_count(&t->iter) | 1);
	KUNIT_EXPECT_EQ(test, copy_page_to_iter(t->page, 0, 10, &t->iter), 10ul);
	KUNIT_EXPECT_EQ(test, copy_page_to_iter(t->page, 10, 5, &t->iter), 5ul);	/* more of the same */
	KUNIT_EXPECT_EQ(test, page_count(t->page), 2);
	KUNIT_EXPECT_EQ(test, copy_page_to_iter(t->page, 20, 5, &t->iter), 0ul);
	KUNIT_EXPECT_EQ(test, iov_iter_zero(1, &t->iter), 0ul);
	KUNIT_EXPECT_TRUE(test, pipe_full(t->pipe->head, t->pipe->tail, t->pipe->max_usage));
	KUNIT_EXPECT_FALSE(test, pipe_buf_try_steal(t->pipe, &t->pipe->bufs[0]));
	KUNIT_EXPECT_TRUE(test, pipe_buf_get(t->pipe, &t->pipe->bufs[2]));
	KUNIT_EXPECT_EQ(test, page_count(t->page), 3);
	put_page(t->page);
	pipe_test_ends(t);
}

static void pages_of_a_pipe_are_filled_later(struct kunit *test)
{
	struct pipe_test *t = pipe_test(test);
	struct page *pages[4];
	size_t start;

	iov_iter_pipe(&t->iter, ITER_DEST, t->pipe, MOST);
	KUNIT_EXPECT_EQ(test, iov_iter_zero(100, &t->iter), 100ul);
	KUNIT_ASSERT_EQ(test, iov_iter_get_pages2(&t->iter, pages, PAGE_SIZE + 50, 4, &start), (ssize_t)PAGE_SIZE + 50);
	KUNIT_EXPECT_EQ(test, start, 100ul);
	memset(page_address(pages[0]) + start, 1, PAGE_SIZE - start);
	memset(page_address(pages[1]), 2, 150);
	put_page(pages[0]);
	put_page(pages[1]);
	iov_iter_revert(&t->iter, 100);		/* 50 of them were not needed after all, nor the last 50 */
	memset(t->model, 0, 100);
	memset(t->model + 100, 1, PAGE_SIZE - 100);
	memset(t->model + PAGE_SIZE, 2, 50);
	t->bytes = PAGE_SIZE + 50;
	pipe_is_the_model(t);
	iov_iter_advance(&t->iter, 0);
	pipe_is_the_model(t);
	pipe_test_ends(t);
}

/* ---- what users pass ------------------------------------------------------------------------ */

static ssize_t import(const struct iovec *uvec, unsigned int nr, struct iov_iter *iter, struct iovec **heap)
{
	struct iovec fast[UIO_FASTIOV], *iov = fast;
	ssize_t rc = import_iovec(ITER_DEST, uvec, nr, UIO_FASTIOV, &iov, iter);

	*heap = iov;	/* what is of the stack is none to free */
	return rc;
}

static void vectors_are_imported(struct kunit *test)
{
	struct iovec *uvec = kcalloc(UIO_MAXIOV + 1, sizeof(*uvec), GFP_KERNEL), *heap;
	struct iov_iter iter;
	char text[10];

	for (int i = 0; i <= UIO_MAXIOV; i++)
		uvec[i] = (struct iovec){ text + i % 10, 1 };
	KUNIT_EXPECT_EQ(test, import(uvec, 0, &iter, &heap), 0l);
	KUNIT_EXPECT_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, import(uvec, UIO_FASTIOV, &iter, &heap), (ssize_t)UIO_FASTIOV);
	KUNIT_EXPECT_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, import(uvec, UIO_MAXIOV, &iter, &heap), (ssize_t)UIO_MAXIOV);
	KUNIT_ASSERT_NOT_NULL(test, heap);
	KUNIT_EXPECT_TRUE(test, iter_is_iovec(&iter));
	memset(uvec, 0, UIO_MAXIOV * sizeof(*uvec));	/* what was imported stays */
	KUNIT_EXPECT_EQ(test, copy_to_iter("0123456789", 10, &iter), 10ul);
	KUNIT_EXPECT_EQ(test, memcmp(text, "0123456789", 10), 0);
	kfree(heap);
	KUNIT_EXPECT_EQ(test, import(uvec, UIO_MAXIOV + 1, &iter, &heap), (ssize_t)-EINVAL);
	KUNIT_EXPECT_NULL(test, heap);
	kfree(uvec);
}

static void bad_vectors_are_refused(struct kunit *test)
{
	char text[10];
	struct iovec negative[] = { { text, 1 }, { text, (size_t)-1 } }, nowhere[] = { { text, 1 }, { NOWHERE, 1 } };
	struct iovec many[20] = { { text, 1 } }, huge[] = { { NULL, 1ul << 30 }, { NULL, 1ul << 46 }, { NULL, 7 } };
	struct iovec *heap, one;
	struct iov_iter iter;

	KUNIT_EXPECT_EQ(test, import(negative, 2, &iter, &heap), (ssize_t)-EINVAL);
	KUNIT_EXPECT_EQ(test, import(nowhere, 2, &iter, &heap), (ssize_t)-EFAULT);
	KUNIT_EXPECT_EQ(test, import((struct iovec *)NOWHERE, 2, &iter, &heap), (ssize_t)-EFAULT);
	many[19] = nowhere[1];
	KUNIT_EXPECT_EQ(test, import(many, 20, &iter, &heap), (ssize_t)-EFAULT);
	KUNIT_EXPECT_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, import(huge, 3, &iter, &heap), (ssize_t)MAX_RW_COUNT);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), (size_t)MAX_RW_COUNT);
	KUNIT_EXPECT_EQ(test, import_single_range(ITER_DEST, NOWHERE, 1, &one, &iter), -EFAULT);
	KUNIT_EXPECT_EQ(test, import_single_range(ITER_DEST, text, ~0ul, &one, &iter), 0);
	KUNIT_EXPECT_EQ(test, one.iov_len, (size_t)MAX_RW_COUNT);
}

static void vectors_of_32_bits(struct kunit *test)
{
	struct compat_iovec uvec[] = { { 0x1000, 10 }, { 0xfffff000, 20 } };
	struct iovec fast[2], *iov = fast;
	struct iov_iter iter;

	KUNIT_EXPECT_FALSE(test, in_compat_syscall());
	KUNIT_EXPECT_PTR_EQ(test, iovec_from_user((void *)uvec, 2, 2, fast, true), &fast[0]);
	KUNIT_EXPECT_PTR_EQ(test, fast[1].iov_base, compat_ptr(0xfffff000));
	KUNIT_EXPECT_EQ(test, fast[1].iov_len, 20ul);
	KUNIT_EXPECT_EQ(test, __import_iovec(ITER_DEST, (void *)uvec, 2, 2, &iov, &iter, true), 30l);
	uvec[1].iov_len = 0x80000000;
	KUNIT_EXPECT_EQ(test, PTR_ERR(iovec_from_user((void *)uvec, 2, 1, fast, true)), (long)-EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(iovec_from_user(NOWHERE, 2, 1, fast, true)), (long)-EFAULT);
}

/* ---- memory that is not there ----------------------------------------------------------------- */

static void copies_end_where_no_process_has_memory(struct kunit *test)
{
	char text[10] = "abcdefghi", into[20];
	struct iovec iov[] = { { text, 9 }, { NOWHERE, 100 } };
	struct iov_iter iter;
	__wsum sum = 0;

	iov_iter_init(&iter, ITER_SOURCE, iov, 2, 109);
	KUNIT_EXPECT_EQ(test, copy_from_iter(into, 20, &iter), 9ul);
	KUNIT_EXPECT_EQ(test, copy_from_iter(into, 20, &iter), 0ul);
	KUNIT_EXPECT_EQ(test, csum_and_copy_from_iter(into, 20, &sum, &iter), 0ul);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 100ul);
	iov_iter_revert(&iter, 4);
	KUNIT_EXPECT_FALSE(test, copy_from_iter_full(into, 5, &iter));
	KUNIT_EXPECT_TRUE(test, copy_from_iter_full(into, 4, &iter));
	KUNIT_EXPECT_EQ(test, memcmp(into, "fghi", 4), 0);
	iov_iter_ubuf(&iter, ITER_DEST, NOWHERE, 10);
	KUNIT_EXPECT_EQ(test, copy_to_iter(text, 5, &iter), 0ul);
	KUNIT_EXPECT_EQ(test, iov_iter_zero(5, &iter), 0ul);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 10ul);
}

static void numbers_of_users(struct kunit *test)
{
	u32 number = 5, got = 1;

	KUNIT_EXPECT_EQ(test, get_user(got, &number), 0);
	KUNIT_EXPECT_EQ(test, got, 5u);
	KUNIT_EXPECT_EQ(test, get_user(got, (u32 __user *)NOWHERE), -EFAULT);
	KUNIT_EXPECT_EQ(test, got, 0u);
	KUNIT_EXPECT_EQ(test, put_user(6, &number), 0);
	KUNIT_EXPECT_EQ(test, put_user(7, (u32 __user *)NOWHERE), -EFAULT);
	KUNIT_EXPECT_EQ(test, number, 6u);
	got = 9;
	KUNIT_EXPECT_EQ(test, copy_from_user(&got, NOWHERE, 4), 4ul);
	KUNIT_EXPECT_EQ(test, got, 0u);		/* nothing old is left in it */
	KUNIT_EXPECT_EQ(test, copy_to_user(NOWHERE, &got, 4), 4ul);
	KUNIT_EXPECT_EQ(test, clear_user(NOWHERE, 4), 4ul);
	KUNIT_EXPECT_FALSE(test, user_access_begin(&number, ~0ul));
	KUNIT_ASSERT_TRUE(test, user_access_begin(&number, sizeof(number)));
	unsafe_get_user(got, &number, fault);
	unsafe_put_user(got + 1, &number, fault);
	user_access_end();
	KUNIT_EXPECT_EQ(test, number, 7u);
	return;
fault:
	user_access_end();
	KUNIT_FAIL(test, "memory of ours is there");
}

static void memory_is_made_present(struct kunit *test)
{
	size_t bytes = 3 * PAGE_SIZE;
	char *room = vmalloc(bytes), got[4];
	struct iovec iov[] = { { room + 10, bytes - 10 }, { (void *)readonly, 64 }, { NOT_THERE, 1000 } };
	struct iov_iter iter;

	iov_iter_init(&iter, ITER_SOURCE, iov, 3, bytes - 10 + 1064);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_readable(&iter, bytes + 54), 0ul);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_readable(&iter, bytes + 60), 6ul);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_readable(&iter, ~0ul), ~0ul - bytes - 54);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_writeable(&iter, bytes - 10), 0ul);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_writeable(&iter, bytes - 9), 1ul);
	iov_iter_ubuf(&iter, ITER_SOURCE, NOT_THERE, 100);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_readable(&iter, 100), 100ul);
	iov_iter_kvec(&iter, ITER_SOURCE, (struct kvec *)iov, 3, 100);
	KUNIT_EXPECT_EQ(test, fault_in_iov_iter_readable(&iter, 1000), 0ul);	/* not asked of the kernel's */
	for (size_t i = 0; i < bytes; i++)
		KUNIT_ASSERT_EQ(test, room[i], (char)0);
	KUNIT_EXPECT_EQ(test, fault_in_writeable((char *)readonly, 1), 1ul);
	KUNIT_EXPECT_EQ(test, fault_in_readable((char *)NOWHERE, 3), 3ul);
	KUNIT_EXPECT_EQ(test, copy_from_kernel_nofault(got, NOT_THERE, 4), (long)-EFAULT);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(got, NOWHERE, 4), (long)-EFAULT);
	KUNIT_EXPECT_EQ(test, copy_from_user_nofault(got, readonly, 4), 0l);
	KUNIT_EXPECT_EQ(test, memcmp(got, "cons", 4), 0);
	vfree(room);
}

static void only_the_region_has_pages(struct kunit *test)
{
	char *room = vmalloc(PAGE_SIZE), *object = kmalloc(100, GFP_KERNEL);
	struct page *pages[2], *page;
	struct iov_iter iter;
	size_t start;

	iov_iter_ubuf(&iter, ITER_DEST, room, 10);
	KUNIT_EXPECT_EQ(test, iov_iter_get_pages2(&iter, pages, 10, 2, &start), (ssize_t)-EFAULT);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&iter), 10ul);
	KUNIT_EXPECT_EQ(test, get_user_pages_fast((unsigned long)&iter, 1, FOLL_WRITE, pages), -EFAULT);
	iov_iter_ubuf(&iter, ITER_DEST, object, 100);
	KUNIT_ASSERT_GT(test, iov_iter_get_pages2(&iter, pages, 10, 1, &start), 0l);
	KUNIT_EXPECT_PTR_EQ(test, page_address(pages[0]) + start, (void *)object);
	put_page(pages[0]);
	memset(object, 1, 100);		/* it is still there */
	page = virt_to_page(object);
	kfree(object);
	KUNIT_EXPECT_EQ(test, page_count(page), 0);
	vfree(room);
}

static void pages_that_belong_together(struct kunit *test)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 2);
	struct page *tail = folio_page(folio, 3), *plain = alloc_pages(GFP_KERNEL, 1);

	KUNIT_EXPECT_TRUE(test, PageTail(tail) && PageHead(&folio->page) && PageCompound(tail));
	KUNIT_EXPECT_FALSE(test, PageCompound(plain) || PageCompound(plain + 1));
	KUNIT_EXPECT_EQ(test, folio_size(folio), 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, folio_nr_pages(folio) + folio_order(folio), 6ul);
	KUNIT_EXPECT_EQ(test, page_size(plain), PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, page_folio(tail), folio);
	KUNIT_EXPECT_PTR_EQ(test, find_subpage(&folio->page, 7), tail);
	KUNIT_EXPECT_EQ(test, offset_in_folio(folio, 5 * PAGE_SIZE + 3), PAGE_SIZE + 3);
	get_page(tail);
	folio_get(folio);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 3);
	folio_put(folio);
	put_page(&folio->page);
	memset(folio_address(folio), 1, folio_size(folio));	/* its last reference is the tail's */
	put_page(tail);
	KUNIT_EXPECT_FALSE(test, PageCompound(tail) || PageCompound(&folio->page));
	__free_pages(plain, 1);
}

/* ---- checksums, and walks over bio_vecs ---------------------------------------------------------- */

static void checksums_of_the_internet(struct kunit *test)
{
	/* An IPv4 header whose checksum, at 10, is known; and RFC 1071, 3's example. */
	static const u8 header[20] __aligned(4) = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x00,
						    0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };
	static const u8 words[8] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	__wsum sum = csum_partial(words, 3, 0), rest = csum_partial(words + 3, 5, 0);
	u8 copy[8];

	KUNIT_EXPECT_EQ(test, ip_fast_csum(header, 5), (__sum16)htons(0xb861));
	KUNIT_EXPECT_EQ(test, ip_compute_csum(words, 8), (__sum16)~htons(0xddf2));
	KUNIT_EXPECT_EQ(test, csum_fold(csum_block_add(sum, rest, 3)), (__sum16)~htons(0xddf2));
	sum = csum_block_add(sum, rest, 3);
	KUNIT_EXPECT_EQ(test, csum_fold(csum_block_sub(sum, rest, 3)), csum_fold(csum_partial(words, 3, 0)));
	KUNIT_EXPECT_EQ(test, csum_fold(csum_partial_copy_nocheck(words, copy, 8)), (__sum16)~htons(0xddf2));
	KUNIT_EXPECT_EQ(test, memcmp(copy, words, 8), 0);
	KUNIT_EXPECT_EQ(test, csum_fold(csum_and_copy_to_user(words, copy, 8)), (__sum16)~htons(0xddf2));
	KUNIT_EXPECT_EQ(test, csum_and_copy_to_user(words, NOWHERE, 8), 0u);
	KUNIT_EXPECT_EQ(test, csum_and_copy_from_user(NOWHERE, copy, 8), 0u);
	KUNIT_EXPECT_EQ(test, csum16_sub(csum16_add(0xfff0, 0x20), 0x20), (__sum16)0xfff0);
	/* 192.168.0.1 to 192.168.0.199, UDP, 0x5f bytes: the words' sum, by hand. */
	KUNIT_EXPECT_EQ(test, csum_tcpudp_magic(htonl(0xc0a80001), htonl(0xc0a800c7), 0x5f, 17, 0),
			(__sum16)~htons(0x8289));
}

static void walks_over_bio_vecs(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	struct bio_vec bvec[2], part;
	struct bvec_iter iter, all = { .bi_size = 6000 };
	char *data = kmalloc(6000, GFP_KERNEL);
	unsigned int at = 0, parts = 0;

	bvec_set_page(&bvec[0], pages, 5000, 100);
	bvec_set_page(&bvec[1], pages + 2, 1000, 7);
	memset(page_address(pages), 0xee, 4 * PAGE_SIZE);
	for (unsigned int i = 0; i < 6000; i++)
		data[i] = (char)(i * 7);
	for_each_bvec(part, bvec, iter, all) {
		KUNIT_EXPECT_LE(test, part.bv_offset + part.bv_len, (unsigned int)PAGE_SIZE);
		memcpy_to_bvec(&part, data + at);
		at += part.bv_len;
		parts++;
	}
	KUNIT_EXPECT_EQ(test, at, 6000u);
	KUNIT_EXPECT_EQ(test, parts, 3u);
	KUNIT_EXPECT_EQ(test, memcmp(bvec_virt(&bvec[0]), data, 5000), 0);
	KUNIT_EXPECT_EQ(test, memcmp(bvec_kmap_local(&bvec[1]), data + 5000, 1000), 0);
	KUNIT_EXPECT_EQ(test, *(u8 *)page_address(pages + 2), 0xee);
	iter = all;
	KUNIT_EXPECT_TRUE(test, bvec_iter_advance(bvec, &iter, 5300));
	KUNIT_EXPECT_EQ(test, mp_bvec_iter_len(bvec, iter), 700u);
	KUNIT_EXPECT_EQ(test, mp_bvec_iter_bvec(bvec, iter).bv_offset, 307u);
	part = bvec_iter_bvec(bvec, iter);
	memzero_bvec(&part);
	memcpy_from_bvec(data, &bvec[1]);
	KUNIT_EXPECT_EQ(test, data[299], (char)(5299 * 7));
	KUNIT_EXPECT_NULL(test, memchr_inv(data + 300, 0, 700));
	kfree(data);
	put_page(pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_pipe_is_filled), KUNIT_CASE(a_full_pipe_takes_no_more),
	KUNIT_CASE(pages_of_a_pipe_are_filled_later), KUNIT_CASE(vectors_are_imported),
	KUNIT_CASE(bad_vectors_are_refused), KUNIT_CASE(vectors_of_32_bits),
	KUNIT_CASE(copies_end_where_no_process_has_memory), KUNIT_CASE(numbers_of_users),
	KUNIT_CASE(memory_is_made_present), KUNIT_CASE(only_the_region_has_pages),
	KUNIT_CASE(pages_that_belong_together), KUNIT_CASE(checksums_of_the_internet),
	KUNIT_CASE(walks_over_bio_vecs), { }
};
static struct kunit_suite suite = { .name = "iov_edge", .test_cases = cases };
kunit_test_suites(&suite);

MODULE_LICENSE("Dual MIT/GPL");
