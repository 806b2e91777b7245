/* SPDX-License-Identifier: MIT */
/*
 * bench-aio.c - random reads of 4 KiB by one thread, in one way, for some seconds: prints the rate.
 *
 *	aio-bench WAY FILE SECONDS DEPTH CPU
 *
 * The rate is in I/O per second; behind it, the CPU time of all threads, microseconds per I/O.
 *
 * WAY: try - aio_try() in a callback; submit, submit-libaio, submit-threads - aio_submit(), DEPTH at
 * once, direct; cached-submit - the same through the page cache. And what they are measured against:
 * pread - the system call; uring, uring-plain, uring-fixed - io_uring alone through the page cache, DEPTH
 * a batch: with a registered file, without, and with registered memory too. scripts/bench-aio.ts runs
 * them in turn, beside fio.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "aio.h"
#include "mtelib.h"
#include "uring_sys.h"

enum { BLOCK = 4096, DEPTH_MAX = 256 };

static const char *path;
static uint64_t blocks, random_state = 0x9e3779b97f4a7c15ull, nr_done;
static unsigned int depth;
static double seconds;
static sys_time_t start, end;
static double start_cpu_s;
static char *memory;

static void fail(const char *what, int err)
{
	fprintf(stderr, "aio-bench: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static uint64_t next_offset(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % blocks * BLOCK;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void begin_clock(void)
{
	start = sys_time_now();
	start_cpu_s = cpu_seconds();
	end = start + (sys_time_t)(seconds * 1e9);
}

static bool over(void) { return sys_time_now() >= end; }

static int open_file(int flags)
{
	int fd = open(path, O_RDONLY | flags);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (size < BLOCK)
		fail(path, fd < 0 ? errno : EINVAL);
	blocks = (uint64_t)size / BLOCK;
	return fd;
}

static void run_pread(void)
{
	int fd = open_file(0);

	begin_clock();
	while (!over())
		for (int i = 0; i < 64; i++, nr_done++)
			if (pread(fd, memory, BLOCK, (off_t)next_offset()) != BLOCK)
				fail("pread", errno);
}

static void fill(struct io_uring_sqe *sqe, unsigned int i, int fd, bool fixed)
{
	sqe->opcode = fixed ? IORING_OP_READ_FIXED : IORING_OP_READ;
	sqe->flags = fd < 0 ? IOSQE_FIXED_FILE : 0;
	sqe->fd = fd < 0 ? 0 : fd;
	sqe->addr = (uint64_t)(uintptr_t)(memory + (size_t)i * BLOCK);
	sqe->len = BLOCK;
	sqe->off = next_offset();
}

/* Submit a batch, take what has completed, until the batch is back. */
static void run_uring(bool plain, bool fixed)
{
	struct iovec all = { memory, (size_t)DEPTH_MAX * BLOCK };
	int fd = open_file(0), rc;
	struct uring ring;
	uint64_t user_data;

	rc = uring_open(&ring, DEPTH_MAX, DEPTH_MAX * 2);
	if (!rc)
		rc = uring_register_files(&ring, 1);
	if (!rc)
		rc = uring_update_file(&ring, 0, fd);
	if (!rc && fixed && syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &all, 1) < 0)
		rc = -errno;
	if (rc)
		fail("io_uring", rc);
	begin_clock();
	while (!over()) {
		for (unsigned int i = 0; i < depth; i++)
			fill(uring_get_sqe(&ring), i, plain ? fd : -1, fixed);
		for (unsigned int taken = 0; taken < depth;) {
			uring_enter(&ring);
			for (; uring_ready(&ring); taken++)
				if (uring_take(&ring, &user_data) != BLOCK)
					fail("io_uring", EIO);
		}
		nr_done += depth;
	}
}

/* ---- aio, on an event task --------------------------------------------------------------- */

static struct aio_file *file;
static sys_event_task_t task;
static sem_t finished;
static unsigned int nr_out;

static struct request {
	struct aio_op	op;
	struct iovec	iov;
} requests[DEPTH_MAX];

static void again(struct etask_callback *callback)
{
	struct iovec iov = { memory, BLOCK };

	for (int i = 0; i < 64; i++) {
		ssize_t n = aio_try(file, AIO_READ, 0, next_offset(), BLOCK, &iov, 1);

		if (n == BLOCK)
			nr_done++;
		else if (n != -EAGAIN)	/* a page that is not there any more does not count */
			fail("aio_try", (int)n);
	}
	if (over())
		sem_post(&finished);
	else
		etask_post(task, callback);
}

static void request_done(struct aio_op *op)
{
	if (op->result != BLOCK)
		fail("aio_submit", (int)op->result);
	nr_done++;
	/* The clock is read as seldom as in the other ways. */
	if (nr_done % 64 == 0 && over())
		end = 0;
	if (!end) {
		if (!--nr_out)
			sem_post(&finished);
		return;
	}
	op->offset = next_offset();
	aio_submit(op);
}

static void submit_all(struct etask_callback *callback)
{
	(void)callback;
	nr_out = depth;
	for (unsigned int i = 0; i < depth; i++) {
		struct request *request = &requests[i];

		request->iov = (struct iovec){ memory + (size_t)i * BLOCK, BLOCK };
		request->op = (struct aio_op){
			.file = file, .opcode = AIO_READ, .offset = next_offset(), .size = BLOCK,
			.iov = &request->iov, .niov = 1, .fn = request_done,
		};
		aio_submit(&request->op);
	}
}

static void run_aio(const char *provider, bool direct, void (*fn)(struct etask_callback *), int cpu)
{
	struct aio_open_options options = { .provider = provider, .direct = direct, .read_only = true };
	struct sys_event_task_cfg cfg = { 0 };
	static struct etask_callback callback;
	const char *why;
	int rc = aio_file_open(path, &options, &file, &why);

	if (rc)
		fail(why, rc);
	blocks = aio_file_size(file) / BLOCK;
	sem_init(&finished, 0, 0);
	task = sys_event_task_alloc(&cfg);
	rc = task ? aio_task_init(task) : -ENOMEM;
	if (!rc)
		rc = etask_start(task, "aio-bench", cpu);
	if (rc)
		fail("event task", rc);
	begin_clock();
	etask_callback_init(&callback, fn, "aio-bench");
	etask_post(task, &callback);
	while (sem_wait(&finished) < 0)
		;
}

/* A process with threads looks up its descriptors more slowly: each way is measured in such a one. */
static void *idle(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	cpu_set_t set;
	int cpu;

	if (argc != 6) {
		fprintf(stderr, "usage: aio-bench WAY FILE SECONDS DEPTH CPU; see scripts/bench-aio.c\n");
		return 64;
	}
	sys_service_set(MTE_sys_service_get());
	path = argv[2];
	seconds = atof(argv[3]);
	depth = (unsigned int)atoi(argv[4]);
	cpu = atoi(argv[5]);
	if (!depth || depth > DEPTH_MAX || seconds <= 0)
		fail("arguments", EINVAL);
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);	/* threads of the pool too */
	memory = mmap(NULL, (size_t)DEPTH_MAX * BLOCK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	pthread_create(&thread, NULL, idle, NULL);
	if (!strcmp(argv[1], "pread"))
		run_pread();
	else if (!strcmp(argv[1], "uring"))
		run_uring(false, false);
	else if (!strcmp(argv[1], "uring-plain"))
		run_uring(true, false);
	else if (!strcmp(argv[1], "uring-fixed"))
		run_uring(false, true);
	else if (!strcmp(argv[1], "try"))
		run_aio("threads", false, again, cpu);
	else if (!strcmp(argv[1], "cached-submit"))
		run_aio("io_uring", false, submit_all, cpu);
	else if (!strcmp(argv[1], "submit"))
		run_aio("io_uring", true, submit_all, cpu);
	else if (!strcmp(argv[1], "submit-libaio"))
		run_aio("libaio", true, submit_all, cpu);
	else if (!strcmp(argv[1], "submit-threads"))
		run_aio("threads", true, submit_all, cpu);
	else
		fail(argv[1], EINVAL);
	printf("%.0f %.4f\n", (double)nr_done / ((double)(sys_time_now() - start) / 1e9),
	       (cpu_seconds() - start_cpu_s) * 1e6 / (double)nr_done);
	_exit(fflush(stdout));
}
