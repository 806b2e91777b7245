/* SPDX-License-Identifier: MIT */
/* service_test.c - a client of MTE's aio_service.h, as one is written: includes mtelib.h and nothing of ours. */
#include "mtelib.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "harness.h"
#include "inject.h"

enum { BLOCK = 4096, NR = 64 };

static char path[64];
static aio_service_handle_t service;
static atomic_int nr_threads_begun, nr_threads_ended;

void aios_thread_init(void *unused);
void aios_thread_exit(void *unused);

void aios_thread_init(void *unused)
{
	(void)unused;
	atomic_fetch_add(&nr_threads_begun, 1);
}

void aios_thread_exit(void *unused)
{
	(void)unused;
	atomic_fetch_add(&nr_threads_ended, 1);
}

static aio_handle_t begin(struct MTE_aio_service_cfg *cfg, uint64_t bytes)
{
	uint64_t size = 0;
	aio_handle_t file;
	int fd;

	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(sys_service_init(NULL), E_OK);
	snprintf(path, sizeof(path), "/var/tmp/ring3-aio-service-%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK_EQ(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
	service = MTE_aio_service_get();
	CHECK_EQ(aio_service_init(service, cfg), 0);
	file = aio_open(service, path, false, &size);
	CHECK(file);
	CHECK_EQ(size, bytes);
	return file;
}

static void end(void)
{
	unlink(path);
	while (aio_service_fini(service) == EBUSY)
		usleep(500);
	CHECK_EQ(aio_service_fini(service), EINVAL);
	CHECK_EQ(MTE_aio_service_put(service), E_OK);
	CHECK_GE(nr_threads_begun, 1);
	CHECK_EQ(nr_threads_ended, nr_threads_begun);
}

struct request {
	sem_t		done;
	error_t		err;
	uintptr_t	op;
	pthread_t	thread;
};

static void completed(void *env, uintptr_t op, error_t err)
{
	struct request *request = env;

	CHECK(sys_event_task_current());
	request->err = err;
	request->op = op;
	request->thread = pthread_self();
	sem_post(&request->done);
}

static error_t wait_for(struct request *request)
{
	while (sem_wait(&request->done))
		;
	return request->err;
}

TEST(a_client_writes_syncs_and_reads)
{
	aio_handle_t file = begin(NULL, 1 << 20);
	static char out[2][BLOCK], in[2][BLOCK];
	struct iovec to[2] = { { out[0], BLOCK }, { out[1], BLOCK } };
	struct iovec from[2] = { { in[0], BLOCK }, { in[1], BLOCK } };
	void *private = calloc(1, service->op_private_bytes);
	struct request request;
	const char *text;

	sem_init(&request.done, 0, 0);
	memset(out, 0x5a, sizeof(out));
	CHECK_EQ(aio_writev(file, private, completed, &request, BLOCK, 2 * BLOCK, 2, to), 0);
	CHECK_EQ(wait_for(&request), 0);
	CHECK_EQ(request.op, (uintptr_t)private);
	CHECK(!pthread_equal(request.thread, pthread_self()));
	CHECK_EQ(aio_sync(file, NULL, completed, &request), 0);
	CHECK_EQ(wait_for(&request), 0);
	CHECK_EQ(aio_readv(file, NULL, completed, &request, BLOCK, 2 * BLOCK, 2, from), 0);
	CHECK_EQ(wait_for(&request), 0);
	CHECK_MEMEQ(in, out, sizeof(in));
	text = aio_fmt(file);
	CHECK(strstr(text, path) && strstr(text, "reads=1 writes=1 syncs=1 ended=3 failed=0"));
	sys_mem_free(text);
	aio_service_dump(service);
	CHECK_EQ(aio_service_fini(service), EBUSY);
	CHECK_EQ(MTE_aio_service_put(service), EBUSY);
	aio_close(file);
	free(private);
	end();
}

TEST(errors_come_with_the_completion)
{
	aio_handle_t file = begin(NULL, 3 * BLOCK), zero;
	static char data[2 * BLOCK];
	struct iovec iov = { data, sizeof(data) };
	struct request request;
	uint64_t size;
	int fd;

	sem_init(&request.done, 0, 0);
	CHECK_EQ(aio_readv(file, NULL, NULL, &request, 0, BLOCK, 1, &iov), EINVAL);
	CHECK_EQ(aio_readv(file, NULL, completed, &request, 2 * BLOCK, 2 * BLOCK, 1, &iov), 0);
	CHECK_EQ(wait_for(&request), EIO);	/* half of it is not there */
	CHECK_EQ(aio_readv(file, NULL, completed, &request, 0, BLOCK, 1, &iov), 0);
	CHECK_EQ(wait_for(&request), EINVAL);	/* a vector of another size */
	inject(CALL_FDATASYNC, 0, 1, EIO);
	inject(CALL_URING_RESULT, 0, 1, EIO);
	CHECK_EQ(aio_sync(file, NULL, completed, &request), 0);
	CHECK_EQ(wait_for(&request), EIO);
	inject_end(CALL_FDATASYNC);
	inject_end(CALL_URING_RESULT);
	inject(CALL_MEM, 0, 1, ENOMEM);
	CHECK_EQ(aio_sync(file, NULL, completed, &request), ENOMEM);
	aio_close(file);

	CHECK(!aio_open(service, "/nowhere/at/all", true, &size));
	CHECK_EQ(errno, ENOENT);
	CHECK(!aio_open(service, "/dev/null", true, &size));
	CHECK_EQ(errno, EINVAL);
	CHECK(!aio_fopen(service, 999, &size, "nothing"));
	CHECK_EQ(errno, EBADF);
	inject(CALL_MEM, 0, 1, ENOMEM);
	CHECK(!aio_open(service, path, true, &size));
	CHECK_EQ(errno, ENOMEM);
	inject(CALL_PTHREAD_CREATE, 0, 1, EAGAIN);
	CHECK(!aio_open(service, path, true, &size));
	CHECK_EQ(errno, EAGAIN);

	zero = aio_open(service, "/dev/zero", false, &size);
	CHECK(zero);
	CHECK_EQ(size, 1ull << 50);
	CHECK_EQ(aio_writev(zero, NULL, completed, &request, 1ull << 49, 2 * BLOCK, 1, &iov), 0);
	CHECK_EQ(wait_for(&request), 0);
	aio_close(zero);

	fd = open(path, O_RDONLY);
	file = aio_fopen(service, fd, &size, "mine");
	CHECK(file);
	CHECK_EQ(aio_writev(file, NULL, completed, &request, 0, 2 * BLOCK, 1, &iov), 0);
	CHECK_EQ(wait_for(&request), EBADF);
	aio_close(file);
	CHECK_EQ(fcntl(fd, F_GETFD) & ~FD_CLOEXEC, 0);	/* still open */
	close(fd);
	end();
}

TEST(a_service_is_initialised_once)
{
	struct MTE_aio_service_cfg bad = { .max_ops_outstanding = 2, .min_ops_outstanding = 3 };
	uint64_t size;

	sys_service_set(MTE_sys_service_get());
	service = MTE_aio_service_get();
	CHECK(!aio_open(service, "/dev/zero", false, &size));
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(aio_service_init(service, &bad), EINVAL);
	CHECK_EQ(aio_service_init(service, NULL), 0);
	CHECK_EQ(aio_service_init(service, NULL), EINVAL);
	CHECK_EQ(aio_service_fini(service), 0);
	CHECK_EQ(MTE_aio_service_put(service), E_OK);
}

/* ---- many at once, from several threads; a sync behind them; a close in a completion -------- */

static aio_handle_t shared;
static atomic_int nr_written, nr_closed;
static struct MTE_aio_service_cfg narrow = {
	.max_ops_outstanding = 8, .min_ops_outstanding = 4, .max_ops_per_dispatch = 3,
};

static void written(void *env, uintptr_t op, error_t err)
{
	(void)env;
	(void)op;
	CHECK_EQ(err, 0);
	atomic_fetch_add(&nr_written, 1);
}

static void *write_many(void *arg)
{
	static char data[BLOCK];
	static struct iovec iov = { data, BLOCK };
	uint64_t at = (uintptr_t)arg;

	for (uint64_t i = 0; i < NR; i++)
		CHECK_EQ(aio_writev(shared, NULL, written, NULL, (at * NR + i) * BLOCK, BLOCK, 1, &iov), 0);
	return NULL;
}

static void close_it(void *env, uintptr_t op, error_t err)
{
	(void)env;
	(void)op;
	CHECK_EQ(err, 0);
	CHECK_EQ(atomic_load(&nr_written), 4 * NR);	/* the sync passed none */
	aio_close(shared);
	atomic_store(&nr_closed, 1);
}

TEST(threads_share_a_file_and_a_completion_closes_it)
{
	pthread_t threads[4];

	shared = begin(&narrow, 4 * NR * BLOCK);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_many, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(aio_sync(shared, NULL, close_it, NULL), 0);
	while (!atomic_load(&nr_closed))
		usleep(500);
	end();
}

TEST(a_close_waits_for_what_was_started)
{
	shared = begin(&narrow, 4 * NR * BLOCK);
	write_many(NULL);
	aio_close(shared);
	CHECK_EQ(nr_written, NR);
	end();
}
