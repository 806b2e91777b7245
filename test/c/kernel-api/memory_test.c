/* SPDX-License-Identifier: MIT */
/* Pages that are referred to, memory that is not there, and what is not said too often. */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pipe_fs_i.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/splice.h>
#include <linux/uaccess.h>

#include "rig.h"

#define NOWHERE	((void __user *)~0xffful)
static const char readonly[PAGE_SIZE] = "constants";

TEST(page_of_a_compound_is_the_whole)
{
	struct page *head = alloc_pages(GFP_KERNEL | __GFP_COMP, 3), *tail = head + 7;

	CHECK(PageTail(tail) && !PageTail(head) && compound_head(tail) == head);
	CHECK_EQ(page_size(head), 8 * PAGE_SIZE);
	get_page(tail);
	CHECK_EQ(page_count(head), 2);
	put_page(head);
	memset(page_address(head), 1, 8 * PAGE_SIZE);
	CHECK_EQ(page_count(tail), 1);
	put_page(tail);
	CHECK(!PageCompound(head) && !PageCompound(tail));
	/* Those that come next are no part of it. */
	head = alloc_pages(GFP_KERNEL, 3);
	for (int i = 0; i < 8; i++)
		CHECK(!PageCompound(head + i));
	__free_pages(head, 3);
}

TEST(page_of_the_slab_is_not_given_back)
{
	char *object = kmalloc(64, GFP_KERNEL);
	struct page *page = virt_to_page(object);

	memset(object, 7, 64);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(get_user_pages_fast((unsigned long)object, 1, FOLL_WRITE, &page), 1);
		CHECK(page == virt_to_page(object));
		put_page(page);
	}
	for (int i = 0; i < 64; i++)
		CHECK_EQ(object[i], 7);
	kfree(object);
}

TEST(pages_of_other_memory_are_refused)
{
	struct page *page = alloc_page(GFP_KERNEL), *pages[2];
	char local = 0;

	CHECK_EQ(get_user_pages_fast((unsigned long)&local, 1, 0, pages), -EFAULT);
	CHECK_EQ(get_user_pages_fast(0, 1, 0, pages), -EFAULT);
	CHECK_EQ(get_user_pages_fast((unsigned long)page_address(page) + 5, 1, 0, pages), 1);
	CHECK_EQ(page_count(page), 2);
	put_page(page);
	put_page(page);
}

TEST(memory_that_is_not_there_is_said_to_be)
{
	char *room = vmalloc(3 * PAGE_SIZE), got[9];

	CHECK_EQ(fault_in_writeable(room + 1, 3 * PAGE_SIZE - 1), 0);
	CHECK_EQ(room[PAGE_SIZE], 0);
	CHECK_EQ(fault_in_readable(readonly, PAGE_SIZE), 0);
	CHECK_EQ(fault_in_writeable((char *)readonly, PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(fault_in_readable((char *)PAGE_SIZE, 100), 100);
	CHECK_EQ(fault_in_safe_writeable(NULL, 1), 1);
	CHECK_EQ(fault_in_readable(NULL, 0), 0);
	CHECK_EQ(copy_from_kernel_nofault(got, readonly, 9), 0);
	CHECK_MEMEQ(got, "constants", 9);
	CHECK_EQ(copy_from_kernel_nofault(got, NULL, 1), -EFAULT);
	CHECK_EQ(copy_from_user_nofault(got, NOWHERE, 1), -EFAULT);
	vfree(room);
}

TEST(addresses_that_no_process_has_are_refused)
{
	char got[4] = "abc";
	int number = 3;

	CHECK(access_ok(&number, sizeof(number)));
	CHECK(!access_ok(&number, ~0ul));
	CHECK(!access_ok(NOWHERE, 1));
	CHECK(access_ok(NULL, TASK_SIZE_MAX) && !access_ok((void *)1, TASK_SIZE_MAX));
	CHECK_EQ(copy_from_user(got, NOWHERE, 4), 4);
	CHECK_MEMEQ(got, "\0\0\0", 4);
	CHECK_EQ(copy_to_user(NOWHERE, got, 4), 4);
	CHECK_EQ(get_user(number, (int __user *)NOWHERE), -EFAULT);
	CHECK_EQ(number, 0);
	CHECK_EQ(put_user(1, (int __user *)NOWHERE), -EFAULT);
	CHECK_EQ(strncpy_from_user(got, NOWHERE, 4), -EFAULT);
	CHECK_EQ(strnlen_user(NOWHERE, 4), 0);
	CHECK_EQ(strncpy_from_user(got, "xy", 4), 2);
}

TEST(pipes_hold_references)
{
	struct pipe_inode_info *pipe = alloc_pipe_info();
	struct page *page = alloc_page(GFP_KERNEL);

	for (unsigned int i = 0; i < 3; i++) {
		get_page(page);
		pipe->bufs[pipe->head++] = (struct pipe_buffer){ .page = page, .ops = &page_cache_pipe_buf_ops };
	}
	pipe_lock(pipe);
	CHECK_EQ(pipe_occupancy(pipe->head, pipe->tail), 3);
	pipe_buf_release(pipe, &pipe->bufs[pipe->tail++]);
	pipe_discard_from(pipe, 2);
	CHECK_EQ(page_count(page), 2);
	pipe_unlock(pipe);
	free_pipe_info(pipe);
	CHECK_EQ(page_count(page), 1);
	put_page(page);
}

TEST(files_take_kvecs_only)
{
	struct file *file;
	char byte[2] = { 1, 1 };
	struct kvec vec = { byte, 2 };
	struct kiocb kiocb;
	struct iov_iter iter;

	ring3_console_loglevel(-1);
	rig_start(1, 1);
	file = filp_open("/proc/self/exe", O_RDONLY, 0);
	CHECK(!IS_ERR(file));
	init_sync_kiocb(&kiocb, file);
	iov_iter_ubuf(&iter, ITER_DEST, byte, 2);
	CHECK_EQ(call_read_iter(file, &kiocb, &iter), -EINVAL);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, 2);
	iter.iov_offset = 1;
	CHECK_EQ(call_read_iter(file, &kiocb, &iter), -EINVAL);
	CHECK_EQ(byte[0] + byte[1], 2);
	CHECK_EQ(filp_close(file, NULL), 0);
	rig_stop();
}

TEST(ratelimit_is_kept)
{
	DEFINE_RATELIMIT_STATE(state, 10 * 60 * HZ, 3);
	struct ratelimit_state always = RATELIMIT_STATE_INIT_DISABLED;

	rig_start(1, 1);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(__ratelimit(&state), i < 3);
		CHECK_EQ(__ratelimit(&always), 1);
	}
	CHECK_EQ(state.missed, 7);
	state.begin -= 10ul * 60 * HZ + 1;	/* the interval is over */
	CHECK_EQ(__ratelimit(&state), 1);
	CHECK_EQ(state.missed, 0);
	CHECK_EQ(state.printed, 1);
	ratelimit_set_flags(&state, RATELIMIT_MSG_ON_RELEASE);
	while (__ratelimit(&state))
		;
	state.begin -= 10ul * 60 * HZ + 1;
	CHECK_EQ(__ratelimit(&state), 1);
	CHECK_EQ(state.missed, 1);		/* told at the end only */
	ratelimit_state_exit(&state);
	CHECK_EQ(state.missed, 0);
	raw_spin_lock(&state.lock);
	CHECK_EQ(__ratelimit(&state), 0);	/* somebody else asks just now */
	raw_spin_unlock(&state.lock);
	ratelimit_state_init(&state, 1, 0);
	CHECK_EQ(__ratelimit(&state), 0);
	ratelimit_default_init(&state);
	CHECK_EQ(state.burst, DEFAULT_RATELIMIT_BURST);
	rig_stop();
}
