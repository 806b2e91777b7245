/* SPDX-License-Identifier: MIT */
/* io_test.c - an operation that never ends is shown by age and place, and told by the watchdog. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aio.h"
#include "diag.h"
#include "etask.h"
#include "helper.h"
#include "mtelib.h"
#include "victim.h"

/* Memory that nobody fills: who touches it waits, the kernel too. */
static void *bottomless(size_t bytes)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range.start = (uintptr_t)memory;
	range.range.len = bytes;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		test_skip("userfaultfd(2) is not permitted: %d", errno);
	return memory;
}

static struct aio_op op;
static struct iovec vec;

static void done(struct aio_op *ended)
{
	(void)ended;
}

static void submit(struct etask_callback *callback)
{
	(void)callback;
	aio_submit(&op);
}

static int nr_stalls;
static char stall_what[512];

static void on_stall(void *env, const struct diag_stall *stall)
{
	(void)env;
	if (stall->kind != DIAG_STALL_IO)
		return;
	snprintf(stall_what, sizeof(stall_what), "%s", stall->what);
	__atomic_fetch_add(&nr_stalls, 1, __ATOMIC_RELEASE);
}

TEST(io_that_hangs_is_told)
{
	const struct diag_budgets budgets = { .io_ns = 300000000 };
	struct aio_open_options options = { .provider = "threads" };
	char path[] = "/tmp/ring3-io-XXXXXX", *dump;
	struct sys_event_task_cfg cfg = { 0 };
	struct etask_callback callback;
	struct aio_file *file;
	sys_event_task_t task;
	const char *why;

	CHECK_EQ(ftruncate(mkstemp(path), 1 << 20), 0);
	sys_service_set(MTE_sys_service_get());
	sys_service_init(NULL);
	diag_budgets_set(&budgets);
	diag_on_stall(on_stall, NULL);
	CHECK_EQ(diag_start(DIAG_WATCH), 0);
	vec = (struct iovec){ bottomless(8192), 8192 };
	task = sys_event_task_alloc(&cfg);
	CHECK_EQ(aio_task_init(task), 0);
	CHECK_EQ(etask_start(task, "io", -1), 0);
	CHECK_EQ(aio_file_open(path, &options, &file, &why), 0);
	unlink(path);
	op = (struct aio_op){
		.file = file, .opcode = AIO_READ, .offset = 12288, .size = 8192, .iov = &vec, .niov = 1, .fn = done,
	};
	etask_callback_init(&callback, submit, "submit");
	etask_post(task, &callback);
	for (int i = 0; i < 2000 && !__atomic_load_n(&nr_stalls, __ATOMIC_ACQUIRE); i++)
		usleep(10000);
	CHECK_EQ(__atomic_load_n(&nr_stalls, __ATOMIC_ACQUIRE), 1);
	CHECK_SAYS(stall_what, "read of 8192 bytes at 12288 of file descriptor");
	dump = take_dump(true, DIAG_AIO | DIAG_THREADS);
	CHECK_SAYS(dump, "\"op\":\"read\"");
	CHECK_SAYS(dump, "\"offset\":12288,\"bytes\":8192,\"done\":0,\"ageUs\":");
	CHECK_SAYS(dump, "\"name\":\"ring3/aio\"");
	_exit(0);	/* the thread in it cannot be had back */
}
