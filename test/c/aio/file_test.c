/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>

#include "aio.h"
#include "harness.h"
#include "mtelib.h"

static char path[64];

static struct aio_file *open_file(const char *folder, uint64_t size)
{
	struct aio_open_options options = { .create = true, .size = size };
	struct aio_file *file;
	const char *why;

	sys_service_set(MTE_sys_service_get());
	snprintf(path, sizeof(path), "%s/ring3-aio-%d", folder, getpid());
	CHECK_EQ(aio_file_open(path, &options, &file, &why), 0);
	CHECK_EQ(aio_file_size(file), size);
	return file;
}

static void end_file(struct aio_file *file)
{
	CHECK_EQ(aio_file_close(file), 0);
	unlink(path);
}

static void write_and_read(const char *folder)
{
	struct aio_file *file = open_file(folder, 1 << 20);
	static char out[3][4096], in[3][4096];
	struct iovec to[3], from[3];

	for (int i = 0; i < 3; i++) {
		memset(out[i], 'a' + i, sizeof(out[i]));
		to[i] = (struct iovec){ out[i], sizeof(out[i]) };
		from[i] = (struct iovec){ in[i], sizeof(in[i]) };
	}
	CHECK_EQ(aio_wait(file, AIO_WRITE, AIO_FUA, 8192, sizeof(out), to, 3), sizeof(out));
	CHECK_EQ(aio_wait(file, AIO_READ, 0, 8192, sizeof(in), from, 3), sizeof(in));
	CHECK_MEMEQ(in, out, sizeof(in));
	/* Past the end: short, and the rest untouched. */
	CHECK_EQ(aio_wait(file, AIO_READ, 0, (1 << 20) - 100, sizeof(in), from, 3), 100);
	CHECK_EQ(aio_wait(file, AIO_DISCARD, 0, 8192, 4096, NULL, 0), 4096);
	CHECK_EQ(aio_wait(file, AIO_READ, 0, 8192, 4096, from, 1), 4096);
	CHECK_EQ(in[0][0], 0);
	CHECK_EQ(aio_wait(file, AIO_ZERO, 0, 12288, 4096, NULL, 0), 4096);
	CHECK_EQ(aio_wait(file, AIO_READ, 0, 12288, 4096, from, 1), 4096);
	CHECK_EQ(in[0][4095], 0);
	CHECK_EQ(aio_file_size(file), 1 << 20);
	end_file(file);
}

TEST(writes_are_read_again_on_disk)
{
	write_and_read("/var/tmp");
}

TEST(writes_are_read_again_in_memory)
{
	if (access("/dev/shm", W_OK))
		test_skip("no /dev/shm");
	write_and_read("/dev/shm");
}

TEST(long_vectors_are_split)
{
	struct aio_file *file = open_file("/var/tmp", 1 << 20);
	enum { PARTS = 3000 };
	static char byte[PARTS], back[PARTS];
	static struct iovec to[PARTS], from[PARTS];

	for (int i = 0; i < PARTS; i++) {
		byte[i] = (char)(i * 7);
		to[i] = (struct iovec){ &byte[i], 1 };
		from[i] = (struct iovec){ &back[i], 1 };
	}
	CHECK_EQ(aio_wait(file, AIO_WRITE, 0, 5, PARTS, to, PARTS), PARTS);
	CHECK_EQ(aio_wait(file, AIO_READ, 0, 5, PARTS, from, PARTS), PARTS);
	CHECK_MEMEQ(byte, back, PARTS);
	end_file(file);
}

/* ---- on an event task: completions, their thread, the order of a sync ---------------- */

enum { WRITES = 64 };

struct write_op {
	struct aio_op	op;
	struct iovec	iov;
	char		data[4096];
};

static struct aio_file *file;
static sys_event_task_t task;
static struct write_op writes[WRITES];
static struct aio_op sync_op;
static atomic_int nr_written, written_at_sync, synced;

static void written(struct aio_op *op)
{
	CHECK_EQ(sys_event_task_current() == task, 1);
	CHECK_EQ(op->result, 4096);
	atomic_fetch_add(&nr_written, 1);
}

static void sync_done(struct aio_op *op)
{
	CHECK_EQ(op->result, 0);
	atomic_store(&written_at_sync, atomic_load(&nr_written));
	atomic_store(&synced, 1);
}

static void submit_all(struct etask_callback *callback)
{
	(void)callback;
	for (int i = 0; i < WRITES; i++) {
		memset(writes[i].data, i, 4096);
		writes[i].iov = (struct iovec){ writes[i].data, 4096 };
		writes[i].op = (struct aio_op){
			.file = file, .opcode = AIO_WRITE, .offset = (uint64_t)i * 4096, .size = 4096,
			.iov = &writes[i].iov, .niov = 1, .fn = written,
		};
		aio_submit(&writes[i].op);
	}
	sync_op = (struct aio_op){ .file = file, .opcode = AIO_SYNC, .fn = sync_done };
	aio_submit(&sync_op);
}

TEST(a_sync_passes_no_earlier_write)
{
	struct sys_event_task_cfg cfg = { 0 };
	struct etask_callback callback;

	file = open_file("/var/tmp", 1 << 20);
	task = sys_event_task_alloc(&cfg);
	CHECK_EQ(aio_task_init(task), 0);
	CHECK_EQ(etask_start(task, "test", -1), 0);
	etask_callback_init(&callback, submit_all, "test");
	etask_post(task, &callback);
	for (int i = 0; i < 20000 && !atomic_load(&synced); i++)
		usleep(500);
	CHECK_EQ(synced, 1);
	CHECK_EQ(written_at_sync, WRITES);
	etask_stop_join(task);
	sys_event_task_free(task);
	end_file(file);
}

/* ---- bad use ---------------------------------------------------------------------------- */

TEST(opening_says_what_is_wrong)
{
	struct aio_open_options options = { 0 };
	struct aio_file *none = NULL;
	const char *why = NULL;

	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(aio_file_open("/nowhere/at/all", &options, &none, &why), -ENOENT);
	CHECK_STREQ(why, "cannot be opened");
	CHECK_EQ(aio_file_open("/dev/null", &options, &none, &why), -EINVAL);
	CHECK_STREQ(why, "is neither a regular file nor a block device");
	options.read_only = true;
	CHECK_EQ(aio_file_open("/tmp", &options, &none, &why), -EISDIR);
	options.provider = "tape";
	CHECK_EQ(aio_file_open("/tmp", &options, &none, &why), -EINVAL);
	CHECK(strstr(why, "threads"));
}

TEST(a_full_disk_is_reported_as_such)
{
	struct rlimit limit = { 8192, 8192 };
	struct aio_file *small = open_file("/var/tmp", 4096);
	static char data[16384];
	struct iovec iov = { data, sizeof(data) };

	/* The kernel's own limit on a file's size: EFBIG at the first byte beyond, short before. */
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_EQ(aio_wait(small, AIO_WRITE, 0, 0, sizeof(data), &iov, 1), -EFBIG);
	end_file(small);
}
