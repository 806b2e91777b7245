/* SPDX-License-Identifier: MIT */
/* mempool: what it promises when the allocator fails. */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mempool.h>
#include <linux/nospec.h>
#include <ring3/kernel.h>

#include "harness.h"

static int room, out;	/* the allocator's: how many more it gives; how many are not back; atomic */

static void *scarce_alloc(gfp_t gfp, void *data)
{
	if (__atomic_fetch_sub(&room, 1, __ATOMIC_RELAXED) <= 0) {
		__atomic_fetch_add(&room, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	__atomic_fetch_add(&out, 1, __ATOMIC_RELAXED);
	return kmalloc(16, gfp);
}

static void scarce_free(void *element, void *data)
{
	__atomic_fetch_sub(&out, 1, __ATOMIC_RELAXED);
	kfree(element);
}

TEST(a_pool_has_its_reserve_when_memory_is_out)
{
	void *elements[5];
	mempool_t *pool;

	room = 5;
	pool = mempool_create(3, scarce_alloc, scarce_free, NULL);
	CHECK(pool);
	for (int i = 0; i < 5; i++)
		CHECK(elements[i] = mempool_alloc(pool, GFP_ATOMIC));
	CHECK(!mempool_alloc(pool, GFP_ATOMIC));
	for (int i = 0; i < 5; i++)
		mempool_free(elements[i], pool);
	mempool_free(NULL, pool);
	CHECK_EQ(out, 3);	/* the reserve is full again, the rest went back */
	mempool_destroy(pool);
	mempool_destroy(NULL);
	CHECK_EQ(out, 0);
}

TEST(a_pool_that_cannot_be_filled_is_none)
{
	room = 2;
	CHECK(!mempool_create(3, scarce_alloc, scarce_free, NULL));
	CHECK_EQ(out, 0);
}

static mempool_t *shared_pool;

static int give_back(void *element)
{
	msleep(20);
	mempool_free(element, shared_pool);
	return 0;
}

TEST(who_may_wait_gets_an_element_for_certain)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 1, .nr_other_cpus = 2 };
	struct task_struct *thread;
	void *element;

	CHECK_EQ(ring3_kernel_start(&options), 0);
	room = 1;
	shared_pool = mempool_create(1, scarce_alloc, scarce_free, NULL);
	element = mempool_alloc(shared_pool, GFP_KERNEL);
	thread = kthread_run(give_back, element, "gives");
	element = mempool_alloc(shared_pool, GFP_KERNEL);	/* waits */
	CHECK(element);
	mempool_free(element, shared_pool);
	kthread_stop(thread);
	mempool_destroy(shared_pool);
	CHECK_EQ(ring3_kernel_stop(), 0);
}

TEST(pools_of_pages_and_their_addresses)
{
	mempool_t *pool = mempool_create_page_pool(2, 0);
	struct page *page = mempool_alloc(pool, GFP_KERNEL);
	char text[8] = "";

	memcpy_to_page(page, 100, "highmem", 8);
	memcpy_from_page(text, page, 100, 8);
	CHECK_STREQ(text, "highmem");
	CHECK(kmap(page) == page_address(page));
	mempool_free(page, pool);
	mempool_destroy(pool);
}

TEST(an_index_outside_becomes_0)
{
	CHECK_EQ(array_index_nospec(3, 4), 3);
	CHECK_EQ(array_index_nospec(4, 4), 0);
	CHECK_EQ(array_index_nospec(~0ul, 4), 0);
	CHECK_EQ(array_index_nospec(0, 1), 0);
}
