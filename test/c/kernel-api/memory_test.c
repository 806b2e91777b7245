/* SPDX-License-Identifier: MIT */
/* Pages that are referred to, memory that is not there, files by iterators, and what is not said too often. */
#include <linux/bvec.h>
#include <linux/completion.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pipe_fs_i.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/splice.h>
#include <linux/uaccess.h>

#include "rig.h"

int unlink(const char *path);

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

static DECLARE_COMPLETION(io_done);
static long io_result;

static void io_complete(struct kiocb *kiocb, long result)
{
	io_result = result;
	complete(&io_done);
}

static struct kiocb kiocb;

static void start_io(void *info)
{
	struct iov_iter *iter = info;
	struct file *file = kiocb.ki_filp;
	ssize_t done = iov_iter_rw(iter) == WRITE ? call_write_iter(file, &kiocb, iter) :
						    call_read_iter(file, &kiocb, iter);

	if (done != -EIOCBQUEUED)
		io_complete(&kiocb, done);
}

/* From an event CPU when @async. */
static ssize_t do_io(struct file *file, struct iov_iter *iter, loff_t pos, bool async)
{
	init_sync_kiocb(&kiocb, file);
	kiocb.ki_pos = pos;
	kiocb.ki_complete = async ? io_complete : NULL;
	kiocb.ki_flags = IOCB_DSYNC;		/* a write takes its time */
	if (async)
		CHECK_EQ(smp_call_function_single(0, start_io, iter, 1), 0);
	else
		start_io(iter);
	wait_for_completion(&io_done);
	if (io_result > 0)
		CHECK_EQ(kiocb.ki_pos, pos + io_result);
	return io_result;
}

#define NR_PIECES	1500		/* more than writev() takes at once */

/* @bytes of @data in pieces of 7, behind 2 bytes and before 20 that are not of it. */
static void in_pieces(struct iov_iter *iter, enum iter_type type, unsigned int direction, char *data, size_t bytes)
{
	static struct kvec kvec[NR_PIECES];
	static struct bio_vec bvec[NR_PIECES];

	for (unsigned int i = 0; i < NR_PIECES; i++) {
		kvec[i] = (struct kvec){ data + 7 * i, i == NR_PIECES - 1 ? 7 + 20 : 7 };
		bvec_set_page(&bvec[i], virt_to_page(data), (unsigned int)kvec[i].iov_len,
			      (unsigned int)(offset_in_page(data) + 7 * i));
	}
	*iter = (struct iov_iter){ .iter_type = type, .data_source = direction, .iov_offset = 2, .count = bytes,
				   .nr_segs = NR_PIECES, .kvec = kvec };
	if (type == ITER_BVEC)
		iter->bvec = bvec;
	if (type == ITER_UBUF)
		iter->ubuf = data;
}

TEST(files_take_iterators)
{
	static const enum iter_type types[] = { ITER_KVEC, ITER_IOVEC, ITER_BVEC, ITER_UBUF };
	const size_t bytes = NR_PIECES * 7 - 2;
	char *out = kzalloc(bytes + 22, GFP_KERNEL), *in = kmalloc(bytes + 22, GFP_KERNEL);
	struct file *file;
	struct iov_iter iter;

	rig_start(1, 1);
	unlink("/var/tmp/ring3-iter-test");
	file = filp_open("/var/tmp/ring3-iter-test", O_RDWR | O_CREAT, 0600);
	CHECK(!IS_ERR(file));
	for (unsigned int t = 0; t < 2 * ARRAY_SIZE(types); t++) {
		bool async = t & 1;

		for (size_t i = 0; i < bytes + 22; i++)
			out[i] = (char)(i * 31 + t);
		in_pieces(&iter, types[t / 2], ITER_SOURCE, out, bytes);
		CHECK_EQ(do_io(file, &iter, 100 + t, async), bytes);
		memset(in, 0x11, bytes + 22);
		in_pieces(&iter, types[t / 2], ITER_DEST, in, bytes);
		CHECK_EQ(do_io(file, &iter, 100 + t, async), bytes);
		CHECK_EQ(in[0] + in[1] + in[bytes + 2], 3 * 0x11);
		CHECK_MEMEQ(in + 2, out + 2, bytes);
		CHECK_EQ(i_size_read(file_inode(file)), 100 + t + bytes);
		/* Where the file ends, and what was done is behind the iterator. */
		in_pieces(&iter, types[t / 2], ITER_DEST, in, bytes);
		CHECK_EQ(do_io(file, &iter, 100 + t + bytes - 13, false), 13);
		CHECK_EQ(iter.count, bytes - 13);
		CHECK_EQ(iter.iov_offset, types[t / 2] == ITER_UBUF ? 15 : 1);
		CHECK_EQ(do_io(file, &iter, 100, false), bytes - 13);
		CHECK_EQ(do_io(file, &iter, 100, async), 0);
	}
	iov_iter_ubuf(&iter, ITER_DEST, NOWHERE, 10);
	CHECK_EQ(do_io(file, &iter, 0, false), -EFAULT);
	CHECK_EQ(iter.count, 10);
	CHECK_EQ(filp_close(file, NULL), 0);
	unlink("/var/tmp/ring3-iter-test");
	rig_stop();
	kfree(out);
	kfree(in);
}

TEST(files_refuse_pipes)
{
	struct file *file;
	struct iov_iter iter = { .iter_type = ITER_PIPE, .count = 2 };

	ring3_console_loglevel(-1);
	rig_start(1, 1);
	file = filp_open("/proc/self/exe", O_RDONLY, 0);
	CHECK(!IS_ERR(file));
	CHECK_EQ(do_io(file, &iter, 0, false), -EINVAL);
	iter.iter_type = ITER_XARRAY;
	CHECK_EQ(do_io(file, &iter, 0, false), -EINVAL);
	CHECK_EQ(iter.count, 2);
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
