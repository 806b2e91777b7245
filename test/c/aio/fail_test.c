/* SPDX-License-Identifier: MIT */
/* fail_test.c - what the system refuses, injected, and what then is answered. */
#include <fcntl.h>
#include <linux/fs.h>

#include "inject.h"
#include "rig.h"

#define SIZE	(1u << 20)

static const struct setup threads = { "threads", DISK, false, false };
static const struct setup uring_direct = { "io_uring", DISK, true, false };
static const struct setup libaio_direct = { "libaio", DISK, true, false };

/* The call that does a transfer of @setup. */
static enum call call_of(const struct setup *setup, enum aio_opcode opcode)
{
	bool file = setup->folder && strcmp(setup->folder, MEMORY);

	if (file && !strcmp(setup->provider, "io_uring") && (setup->direct || opcode == AIO_READ))
		return CALL_URING_RESULT;
	if (setup->direct && !strcmp(setup->provider, "libaio"))
		return CALL_IO_RESULT;
	return opcode == AIO_READ ? CALL_PREADV2 : CALL_PWRITEV2;
}

/* ---- transfers: interrupted, short, refused --------------------------------------------- */

TEST_EACH(an_interrupted_transfer_goes_on)
{
	char *out = page_memory(4 * PAGE, 1), *in = page_memory(4 * PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	inject(call_of(setup, AIO_WRITE), 0, 3, EINTR);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, out, 4 * PAGE), 4 * PAGE);
	inject(call_of(setup, AIO_READ), 0, 3, EINTR);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, 4 * PAGE), 4 * PAGE);
	if (!setup->forgets)
		CHECK_MEMEQ(in, out, 4 * PAGE);
	if (setup->folder)
		CHECK_GE(inject_hit(call_of(setup, AIO_READ)), 3);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_short_transfer_is_continued)
{
	enum { PARTS = 7, BYTES = PARTS * PAGE };
	char *out = page_memory(BYTES, 1), *in = page_memory(BYTES, 2);
	struct iovec to[PARTS], from[PARTS];
	uint64_t piece = setup->direct ? 1536 : 777;
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	for (int i = 0; i < PARTS; i++) {
		to[i] = (struct iovec){ out + i * PAGE, PAGE };
		from[i] = (struct iovec){ in + i * PAGE, PAGE };
	}
	for (int fua = 0; fua < 2; fua++) {
		memset(in, 0, BYTES);
		inject_short(call_of(setup, AIO_WRITE), 9, piece);
		CHECK_EQ(rig_do(&rig, SUBMIT, AIO_WRITE, fua, PAGE, BYTES, to, PARTS), BYTES);
		inject_end(call_of(setup, AIO_WRITE));
		inject_short(call_of(setup, AIO_READ), 9, piece);
		CHECK_EQ(rig_do(&rig, SUBMIT, AIO_READ, 0, PAGE, BYTES, from, PARTS), BYTES);
		inject_end(call_of(setup, AIO_READ));
		if (!setup->forgets)
			CHECK_MEMEQ(in, out, BYTES);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

/* From the middle of a sector direct I/O cannot go on. */
TEST_DIRECT(a_short_direct_transfer_off_the_sector_ends_there)
{
	char *data = page_memory(2 * PAGE, 1);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	inject_short(call_of(setup, AIO_WRITE), 1, 700);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, 2 * PAGE), -EIO);
	inject_end(call_of(setup, AIO_WRITE));
	inject_short(call_of(setup, AIO_READ), 1, 700);
	CHECK_LE(rig_read(&rig, SUBMIT, 0, data, 2 * PAGE), 700);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(errors_of_transfers_are_reported_as_they_are)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, EFBIG, EPERM, ENOMEM, EBADF };
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	if (!setup->folder)
		test_skip("it makes no system calls");
	rig_open(&rig, setup, SIZE);
	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		inject(call_of(setup, AIO_WRITE), 0, 1, errors[i]);
		CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), -errors[i]);
		inject(call_of(setup, AIO_READ), 0, 1, errors[i]);
		CHECK_EQ(rig_read(&rig, SUBMIT, 0, data, PAGE), -errors[i]);
	}
	/* Some of it done, and then no room: no success, and no short write. */
	inject_short(call_of(setup, AIO_WRITE), 1, 512);
	inject_end(call_of(setup, AIO_WRITE));
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), 0);	/* a failed write loses nothing cached */
	CHECK_EQ(rig_close(&rig), 0);
}

TEST(a_write_that_makes_no_headway_is_an_error)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	inject(CALL_PWRITEV2, 0, 1, 0);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), -EIO);
	inject(CALL_PWRITEV2, 0, 1, 0);
	CHECK_EQ(rig_write(&rig, WAIT, AIO_FUA, 0, data, PAGE), -EIO);
	inject_end(CALL_PWRITEV2);
	inject(CALL_PREADV2, 0, 1, 0);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, data, PAGE), 0);	/* the end of the file, it said */
	inject_end(CALL_PREADV2);
	/* that write was taken for a loss, as all durable ones with EIO are */
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), -EIO);
	CHECK_EQ(rig_close(&rig), -EIO);
}

/* The kernel may put off a direct transfer (EAGAIN), or not have it without waiting: a thread does it. */
TEST_DIRECT(what_the_kernel_puts_off_a_thread_does)
{
	static const int errors[] = { EAGAIN, EOPNOTSUPP };
	char *out = page_memory(PAGE, 1), *in = page_memory(PAGE, 2);
	unsigned int seen;
	struct rig rig;

	if (!strcmp(setup->provider, "threads"))
		test_skip("it has threads only");
	rig_open(&rig, setup, SIZE);
	for (int i = 0; i < 2; i++) {
		seen = inject_seen(CALL_PWRITEV2) + inject_seen(CALL_PREADV2);
		inject(call_of(setup, AIO_WRITE), 0, 2, errors[i]);
		memset(in, i, PAGE);
		CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, out, PAGE), PAGE);
		CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, PAGE), PAGE);
		CHECK_MEMEQ(in, out, PAGE);
		CHECK_EQ(inject_seen(CALL_PWRITEV2) + inject_seen(CALL_PREADV2), seen + 2);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST(a_try_that_does_not_get_all_at_once_says_so)
{
	static const int not_so[] = { EAGAIN, EOPNOTSUPP, ENOSYS };
	char *data = page_memory(PAGE, 1);
	struct iovec iov = { data, PAGE };
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	for (int i = 0; i < 3; i++) {
		inject(CALL_PREADV2, 0, 1, not_so[i]);
		CHECK_EQ(aio_try(rig.file, AIO_READ, 0, 0, PAGE, &iov, 1), -EAGAIN);
	}
	inject_short(CALL_PREADV2, 2, 100);	/* the rest is not in the page cache */
	CHECK_EQ(aio_try(rig.file, AIO_READ, 0, 0, PAGE, &iov, 1), -EAGAIN);
	inject(CALL_PREADV2, 0, 2, EINTR);
	CHECK_EQ(aio_try(rig.file, AIO_READ, 0, 0, PAGE, &iov, 1), PAGE);
	inject(CALL_PREADV2, 0, 2, EIO);
	CHECK_EQ(aio_try(rig.file, AIO_READ, 0, 0, PAGE, &iov, 1), -EIO);
	inject(CALL_PWRITEV2, 0, 1, ENOSPC);
	CHECK_EQ(aio_try(rig.file, AIO_WRITE, 0, 0, PAGE, &iov, 1), -ENOSPC);
	CHECK_EQ(rig_close(&rig), 0);
}

/* A full page cache makes writers wait: the next ones go to threads for a while. */
TEST(writes_that_were_slow_are_not_tried)
{
	char *data = page_memory(PAGE, 1);
	struct iovec iov = { data, PAGE }, large = { page_memory(32 * PAGE, 1), 32 * PAGE };
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	CHECK_EQ(aio_try(rig.file, AIO_WRITE, 0, 0, 32 * PAGE, &large, 1), -EAGAIN);	/* 64 KiB at most */
	inject_delay(CALL_PWRITEV2, 3000);
	CHECK_EQ(aio_try(rig.file, AIO_WRITE, 0, 0, PAGE, &iov, 1), PAGE);
	CHECK_EQ(aio_try(rig.file, AIO_WRITE, 0, 0, PAGE, &iov, 1), -EAGAIN);
	inject_end(CALL_PWRITEV2);
	usleep(120000);
	CHECK_EQ(aio_try(rig.file, AIO_WRITE, 0, 0, PAGE, &iov, 1), PAGE);
	CHECK_EQ(rig_close(&rig), 0);
}

/* ---- durability -------------------------------------------------------------------------- */

TEST(fua_asks_for_this_range_and_no_other)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, data, PAGE), PAGE);
	CHECK_EQ(atomic_load(&inject_last_flags), RWF_DSYNC);
	CHECK_EQ(inject_seen(CALL_FDATASYNC), 0);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	CHECK_EQ(atomic_load(&inject_last_flags), 0);
	/* Without RWF_DSYNC: write, then sync. */
	inject(CALL_PWRITEV2, 0, 1, EOPNOTSUPP);
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, data, PAGE), PAGE);
	CHECK_EQ(atomic_load(&inject_last_flags), 0);
	CHECK_EQ(inject_seen(CALL_FDATASYNC), 1);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_failed_sync_stays_failed)
{
	bool ring = setup->direct && !strcmp(setup->provider, "io_uring");
	enum call call = ring || !strcmp(setup->provider, "io_uring") ? CALL_URING_RESULT : CALL_FDATASYNC;
	char *data = page_memory(PAGE, 1);
	struct rig rig;
	unsigned int seen;

	if (!setup->folder || !strcmp(setup->folder, MEMORY))
		test_skip("nothing to sync");
	rig_open(&rig, setup, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	inject(call, 0, 1, EIO);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), -EIO);
	CHECK_EQ(inject_hit(call), 1);
	/* The system would say yes to the next one: the pages that it lost are clean now. It is not asked. */
	seen = inject_seen(CALL_FDATASYNC) + inject_seen(CALL_URING_RESULT);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), -EIO);
	CHECK_EQ(rig_do(&rig, WAIT, AIO_SYNC, 0, 0, 0, NULL, 0), -EIO);
	CHECK_EQ(inject_seen(CALL_FDATASYNC) + inject_seen(CALL_URING_RESULT), seen);
	/* It can be read and written all the same, and a durable write of its own is its own. */
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, data, PAGE), PAGE);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, data, PAGE), PAGE);
	CHECK_EQ(rig_close(&rig), -EIO);
}

/* A want of memory loses nothing: such a sync may be tried again. */
TEST(a_sync_without_memory_may_be_tried_again)
{
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	inject(CALL_FDATASYNC, 0, 1, ENOMEM);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), -ENOMEM);
	inject(CALL_FDATASYNC, 0, 5, EINTR);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
	CHECK_EQ(rig_close(&rig), 0);
}

/* The kernel tells one of two syncs at the same time; both are told here. */
static atomic_int nr_synced, nr_failed;

static void sync_ended(struct aio_op *op)
{
	atomic_fetch_add(&nr_failed, op->result == -EIO);
	atomic_fetch_add(&nr_synced, 1);
}

static void submit_syncs(void *arg)
{
	static struct aio_op ops[8];
	struct rig *rig = arg;

	for (int i = 0; i < 8; i++) {
		ops[i] = (struct aio_op){ .file = rig->file, .opcode = AIO_SYNC, .fn = sync_ended };
		aio_submit(&ops[i]);
	}
}

TEST(all_syncs_at_the_same_time_hear_of_a_loss)
{
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	inject_delay(CALL_FDATASYNC, 100000);	/* so that all have begun */
	inject(CALL_FDATASYNC, 3, 1, EIO);
	rig_run(&rig, submit_syncs, &rig);
	while (atomic_load(&nr_synced) < 8)
		usleep(1000);
	CHECK_EQ(nr_failed, 8);
	CHECK_EQ(rig_close(&rig), -EIO);
}

TEST(a_durable_write_that_finds_earlier_pages_lost_says_so_for_good)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	/* ENOSPC with RWF_DSYNC, and none without: it was not this write that had no room. */
	inject(CALL_PWRITEV2, 0, 1, ENOSPC);
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, data, PAGE), -ENOSPC);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), -ENOSPC);
	CHECK_EQ(rig_close(&rig), -ENOSPC);
}

TEST(a_durable_write_without_room_loses_nothing_else)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	inject(CALL_PWRITEV2, 0, 2, ENOSPC);
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, data, PAGE), -ENOSPC);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
	CHECK_EQ(rig_close(&rig), 0);
}

/* ---- discard, zero -------------------------------------------------------------------------- */

static void zero_without_fallocate(enum aio_opcode opcode)
{
	char *out = page_memory(64 * PAGE, 1), *in = page_memory(64 * PAGE, 2);
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, SIZE - 64 * PAGE, out, 64 * PAGE), 64 * PAGE);
	inject(CALL_FALLOCATE, 0, -1, EOPNOTSUPP);
	inject(CALL_PWRITE, 1, 1, EINTR);
	CHECK_EQ(rig_do(&rig, SUBMIT, opcode, 0, SIZE - 63 * PAGE, 70 * PAGE, NULL, 0), 70 * PAGE);
	CHECK_EQ(rig_read(&rig, SUBMIT, SIZE - 64 * PAGE, in, 64 * PAGE), 64 * PAGE);
	CHECK_MEMEQ(in, out, PAGE);
	CHECK(all_are(in + PAGE, 0, 63 * PAGE));
	CHECK_EQ(aio_file_refresh(rig.file), 0);
	CHECK_EQ(aio_file_size(rig.file), SIZE);	/* not longer by zeroes */
	inject(CALL_PWRITE, 0, 1, ENOSPC);
	CHECK_EQ(rig_do(&rig, SUBMIT, opcode, 0, 0, PAGE, NULL, 0), -ENOSPC);
	inject(CALL_PWRITE, 0, 1, 0);
	CHECK_EQ(rig_do(&rig, SUBMIT, opcode, 0, 0, PAGE, NULL, 0), -EIO);
	inject_end(CALL_FALLOCATE);
	inject(CALL_FALLOCATE, 0, 4, EINTR);
	CHECK_EQ(rig_do(&rig, SUBMIT, opcode, 0, 0, PAGE, NULL, 0), PAGE);
	inject(CALL_FALLOCATE, 0, 1, ENOSPC);
	CHECK_EQ(rig_do(&rig, SUBMIT, opcode, 0, 0, PAGE, NULL, 0), -ENOSPC);
	inject(CALL_FDATASYNC, 0, 1, EIO);
	CHECK_EQ(rig_do(&rig, SUBMIT, opcode, AIO_FUA, 0, PAGE, NULL, 0), -EIO);
	CHECK_EQ(rig_close(&rig), -EIO);
}

TEST(a_discard_without_fallocate_writes_zeroes) { zero_without_fallocate(AIO_DISCARD); }
TEST(a_zero_without_fallocate_writes_zeroes) { zero_without_fallocate(AIO_ZERO); }

/* ---- opening, and what a task needs ------------------------------------------------------------ */

TEST(without_a_thread_nothing_is_opened)
{
	struct aio_open_options options = { .provider = "threads", .create = true, .size = PAGE };
	struct aio_file *file;
	const char *why;
	char path[64];

	sys_service_set(MTE_sys_service_get());
	snprintf(path, sizeof(path), DISK "/ring3-aio-%d", getpid());
	inject(CALL_PTHREAD_CREATE, 0, 1, EAGAIN);
	CHECK_EQ(aio_file_open(path, &options, &file, &why), -EAGAIN);
	CHECK_STREQ(why, "no thread can be made");
	CHECK_EQ(aio_file_open(path, &options, &file, &why), 0);
	CHECK_EQ(aio_file_close(file), 0);
	unlink(path);
}

TEST(with_one_thread_all_is_done)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, &threads, SIZE);
	inject(CALL_PTHREAD_CREATE, 0, -1, EAGAIN);
	inject_delay(CALL_PWRITEV2, 100);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST_EACH(a_want_of_memory_is_reported_and_leaves_nothing)
{
	struct aio_open_options options = { .provider = setup->provider, .direct = setup->direct, .create = true,
					    .size = SIZE };
	struct sys_event_task_cfg cfg = { 0 };
	char *data = page_memory(PAGE, 1);
	struct aio_file *file;
	const char *why;
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	inject(CALL_MEM, 0, 1, ENOMEM);
	CHECK_EQ(aio_file_open(setup->folder ? rig.path : NULL, &options, &file, &why), -ENOMEM);
	CHECK_STREQ(why, "no memory");
	/* The table of lanes, a lane, the state of a provider, in this order. */
	inject(CALL_MEM, 0, 1, ENOMEM);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), -ENOMEM);
	inject(CALL_MEM, 1, 1, ENOMEM);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), -ENOMEM);
	inject(CALL_MEM, 1, -1, ENOMEM);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);	/* a thread needs none */
	inject_end(CALL_MEM);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	CHECK_EQ(rig_close(&rig), 0);

	rig.task = sys_event_task_alloc(&cfg);
	inject(CALL_MEM, 0, 1, ENOMEM);
	CHECK_EQ(aio_task_init(rig.task), -ENOMEM);
	CHECK_EQ(aio_task_init(rig.task), 0);
	CHECK_EQ(aio_task_init(rig.task), -EEXIST);
	aio_task_fini(rig.task);
	aio_task_fini(rig.task);
	sys_event_task_free(rig.task);
}

/* A continued vector needs memory for what is left of it. */
TEST_DIRECT(a_continued_transfer_without_memory_is_done_by_a_thread)
{
	char *out = page_memory(4 * PAGE, 1), *in = page_memory(4 * PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, PAGE), PAGE);
	inject_short(call_of(setup, AIO_WRITE), 1, PAGE);
	inject(CALL_MEM, 0, -1, ENOMEM);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, out, 4 * PAGE), 4 * PAGE);
	inject_end(CALL_MEM);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, 4 * PAGE), 4 * PAGE);
	CHECK_MEMEQ(in, out, 4 * PAGE);
	CHECK_EQ(rig_close(&rig), 0);
}

static void one_more_fails(const struct setup *setup, enum call call, int skip, int err)
{
	char *out = page_memory(PAGE, 1), *in = page_memory(PAGE, 2);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	inject(call, skip, -1, err);
	CHECK_EQ(rig_write(&rig, SUBMIT, AIO_FUA, 0, out, PAGE), PAGE);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, PAGE), PAGE);
	CHECK_MEMEQ(in, out, PAGE);
	CHECK_GE(inject_hit(call), 1);
	inject_end(call);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST(one_ring_more_is_refused) { one_more_fails(&uring_direct, CALL_URING_SETUP, 0, ENOMEM); }
TEST(a_ring_cannot_be_polled) { one_more_fails(&uring_direct, CALL_EPOLL_CTL, 0, ENOSPC); }
TEST(a_ring_registers_no_event) { one_more_fails(&uring_direct, CALL_URING_REGISTER, 0, EPERM); }
TEST(a_ring_registers_no_files) { one_more_fails(&uring_direct, CALL_URING_REGISTER, 2, ENOMEM); }
TEST(a_ring_takes_nothing) { one_more_fails(&uring_direct, CALL_URING_ENTER, 0, ENOSYS); }
TEST(one_context_more_is_refused) { one_more_fails(&libaio_direct, CALL_IO_SETUP, 0, EAGAIN); }
TEST(a_context_cannot_be_polled) { one_more_fails(&libaio_direct, CALL_EPOLL_CTL, 0, ENOSPC); }
TEST(a_context_takes_nothing) { one_more_fails(&libaio_direct, CALL_IO_SUBMIT, 0, EAGAIN); }

/*
 * Kernels before 6.1 know no DEFER_TASKRUN, before 5.19 no COOP_TASKRUN, before 5.6 no READ and WRITE and
 * no question for what there is. @ways of setting up are refused, and the question as well when @old.
 */
static void older_kernel(int ways, bool old)
{
	enum { NR = 40 };
	char *out = page_memory(NR * PAGE, 1), *in = page_memory(NR * PAGE, 2);
	struct rig rig;

	rig_open(&rig, &uring_direct, SIZE);
	inject(CALL_URING_SETUP, 0, ways, EINVAL);
	if (old)
		inject(CALL_URING_REGISTER, 1, 1, EINVAL);
	for (int i = 0; i < NR; i++)
		CHECK_EQ(rig_write(&rig, SUBMIT, 0, (uint64_t)i * PAGE, out + i * PAGE, PAGE), PAGE);
	CHECK_EQ(inject_hit(CALL_URING_SETUP), ways);
	CHECK_EQ(inject_hit(CALL_URING_REGISTER), old);
	CHECK_GE(inject_seen(CALL_URING_RESULT), NR);
	CHECK_EQ(rig_do(&rig, SUBMIT, AIO_SYNC, 0, 0, 0, NULL, 0), 0);
	CHECK_EQ(rig_read(&rig, SUBMIT, 0, in, NR * PAGE), NR * PAGE);
	CHECK_MEMEQ(in, out, NR * PAGE);
	CHECK_EQ(rig_close(&rig), 0);
}

TEST(a_ring_without_deferred_completions) { older_kernel(1, false); }
TEST(a_ring_without_cooperation) { older_kernel(2, false); }
TEST(a_ring_of_the_first_kernels) { older_kernel(2, true); }

static void for_a_while(const struct setup *setup, enum call call, int err)
{
	char *data = page_memory(PAGE, 1);
	struct rig rig;

	rig_open(&rig, setup, SIZE);
	CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	for (int i = 0; i < 10; i++) {
		inject(call, 0, 5, err);
		CHECK_EQ(rig_write(&rig, SUBMIT, 0, 0, data, PAGE), PAGE);
	}
	CHECK_EQ(rig_close(&rig), 0);
}

TEST(a_ring_is_busy_for_a_while) { for_a_while(&uring_direct, CALL_URING_ENTER, EBUSY); }
TEST(a_ring_has_no_memory_for_a_while) { for_a_while(&uring_direct, CALL_URING_ENTER, EAGAIN); }
TEST(entering_a_ring_is_interrupted) { for_a_while(&uring_direct, CALL_URING_ENTER, EINTR); }
TEST(submitting_to_a_context_is_interrupted) { for_a_while(&libaio_direct, CALL_IO_SUBMIT, EINTR); }
TEST(looking_at_a_context_is_interrupted) { for_a_while(&libaio_direct, CALL_IO_GETEVENTS, EINTR); }
