/* SPDX-License-Identifier: MIT */
/*
 * Each allocation and each system call of the engine fails once, in its turn: whatever
 * the scenario was doing must answer with an error, take everything down again, and
 * leave no descriptor, object or thread behind.
 *
 * The calls are interposed here: a program's own definition comes before libc's.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "piece.h"
#include "sys_mem.h"
#include "task_kit.h"

/* ---- the calls that fail ------------------------------------------------------- */

static atomic_long calls_left = -1;	/* until one fails; -1: none does */
static atomic_long failures;

static bool fails(void)
{
	long left = atomic_load(&calls_left);

	while (left > 0 && !atomic_compare_exchange_weak(&calls_left, &left, left - 1))
		;
	if (left != 1)
		return false;
	atomic_fetch_add(&failures, 1);
	atomic_store(&calls_left, -1);
	return true;
}

#define REAL(name)								\
	static void *_Atomic found;						\
	__typeof__(name) *real = (__typeof__(name) *)atomic_load(&found);	\
	if (!real) {								\
		real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);		\
		atomic_store(&found, (void *)real);				\
	}

int epoll_create1(int flags)
{
	REAL(epoll_create1)

	if (fails()) {
		errno = EMFILE;
		return -1;
	}
	return real(flags);
}

int eventfd(unsigned int count, int flags)
{
	REAL(eventfd)

	if (fails()) {
		errno = EMFILE;
		return -1;
	}
	return real(count, flags);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	REAL(epoll_ctl)

	/* Taking out does not fail for want of memory. */
	if (op != EPOLL_CTL_DEL && fails()) {
		errno = ENOMEM;
		return -1;
	}
	return real(epfd, op, fd, event);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *arg), void *arg)
{
	REAL(pthread_create)

	if (fails())
		return EAGAIN;
	return real(thread, attr, fn, arg);
}

/* Interrupted and nothing else: a wait may not take that for an event, nor for an end. */
int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	REAL(epoll_wait)

	if (fails()) {
		errno = EINTR;
		return -1;
	}
	return real(epfd, events, max, timeout);
}

int epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout, const sigset_t *mask)
{
	REAL(epoll_pwait2)

	if (fails()) {
		errno = EINTR;
		return -1;
	}
	return real(epfd, events, max, timeout, mask);
}

#if !SLOW_BUILD	/* a sanitizer has these itself */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *addr, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

void *malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *addr, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(addr, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return fails() ? NULL : __libc_memalign(align, bytes);
}
#endif

/* ---- what is left behind --------------------------------------------------------- */

static int count_in(const char *folder)
{
	DIR *dir = opendir(folder);
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static bool add_used(void *env, const struct mem_stats *stats)
{
	*(uint64_t *)env += stats->nr_used;
	return true;
}

struct left {
	int		fds, threads;
	uint64_t	objects;
};

static struct left look(void)
{
	struct left left = { .fds = count_in("/proc/self/fd"), .threads = count_in("/proc/self/task") };

	mem_stats_each(add_used, &left.objects);
	return left;
}

/* ---- the scenario ------------------------------------------------------------------ */

static atomic_long ran;

static void handler(void *env, uintptr_t arg, errno_t err)
{
	(void)env, (void)arg;
	CHECK_EQ(err, E_OK);
	atomic_fetch_add(&ran, 1);
}

static void poll_ran(struct etask_poll *poll, uint32_t revents)
{
	uint64_t value;

	(void)revents;
	if (read(poll->fd, &value, sizeof(value)) == sizeof(value))
		atomic_fetch_add(&ran, 1);
}

static void callback_ran(struct etask_callback *cb)
{
	(void)cb;
	atomic_fetch_add(&ran, 1);
}

static errno_t thread_ran(void *env)
{
	(void)env;
	atomic_fetch_add(&ran, 1);
	return E_OK;
}

/* Memory, caches, a thread. Returns what it did not get. */
static int use_memory(void)
{
	sys_buf_cache_t cache = sys_buf_cache_create("failing", 5000, 64);
	sys_buf_t buf = cache ? sys_buf_zalloc(cache) : NULL;
	void *memory = sys_mem_alloc(100), *more = memory ? sys_mem_realloc(memory, 10000) : NULL;
	void *pages = sys_pages_alloc(3, "fail_test");
	sys_thread_t thread = sys_thread_alloc(thread_ran, NULL, "failing");
	int missing = !buf + !more + !pages + !thread;

	if (thread) {
		missing += sys_thread_start(thread) != E_OK;
		sys_thread_free(thread);
	}
	sys_pages_free(pages, 3, "fail_test");
	sys_mem_free(more ? more : memory);
	if (buf)
		sys_buf_drop(buf);
	if (cache)
		CHECK_EQ(sys_buf_cache_destroy(cache), E_OK);
	return missing;
}

/* A task with a poll, alarms and callbacks by handle and embedded. Returns what it did not get. */
static int use_task(int fd)
{
	struct sys_event_task_cfg cfg = { 0 };
	sys_event_task_t task = sys_event_task_alloc(&cfg);
	struct etask_poll poll = { .fd = fd, .events = EPOLLIN, .fn = poll_ran, .whence = "fail_test" };
	sys_sched_entry_t entry;
	sys_alarm_entry_t alarm;
	struct etask_callback cb;
	int missing = 0, runs = 1;	/* cb */

	if (!task)
		return 1;
	etask_callback_init(&cb, callback_ran, "fail_test");
	atomic_store(&ran, 0);
	if (etask_start(task, "failing", -1) < 0) {
		CHECK_EQ(sys_event_task_free(task), E_OK);
		return 1;
	}
	if (etask_poll_add(task, &poll) == 0) {
		uint64_t one = 1;

		runs++;
		CHECK_EQ(write(fd, &one, sizeof(one)), sizeof(one));
	} else {
		CHECK(!poll.task);
		missing++;
	}
	entry = sys_callback_schedule(task, handler, NULL, 0, E_OK);
	alarm = sys_alarm_set(task, handler, NULL, sys_time_now());
	missing += !entry + !alarm;
	runs += !!entry + !!alarm;
	CHECK(etask_post(task, &cb));
	/* What was promised happens, whatever failed beside it. */
	kit_wait(&ran, runs);
	etask_poll_remove_sync(&poll);
	etask_stop_join(task);
	CHECK_EQ(atomic_load(&ran), runs);
	CHECK_EQ(sys_event_task_free(task), E_OK);
	return missing;
}

static int scenario(int fd)
{
	return use_memory() + use_task(fd);
}

/* Once without failing: what is made once and kept is made. */
static int prepare(void)
{
	int fd;

	sys_service_set(MTE_sys_service_get());
	CHECK_EQ(sys_service_init(NULL), E_OK);
	fd = eventfd(0, EFD_NONBLOCK);
	CHECK_EQ(scenario(fd), 0);
	return fd;
}

static void check_left(struct left before, long number)
{
	struct left after = look();

	/* A thread that was joined may stand in /proc a moment longer. */
	for (int i = 0; i < 1000 && after.threads > before.threads; i++) {
		usleep(1000);
		after = look();
	}
	if (after.fds != before.fds || after.objects != before.objects || after.threads != before.threads)
		test_fail(__FILE__, __LINE__, "call %ld failed: %d descriptors, %d threads, %lu objects were; now %d, %d, %lu",
			  number, before.fds, before.threads, (unsigned long)before.objects, after.fds, after.threads,
			  (unsigned long)after.objects);
}

TEST(each_system_call_and_libc_allocation_fails_once)
{
	int fd = prepare();
	struct left before = look();
	long number = 0, failed, missed = 0;

	do {
		failed = atomic_load(&failures);
		atomic_store(&calls_left, ++number);
		missed += scenario(fd) > 0;
		atomic_store(&calls_left, -1);
		check_left(before, number);
		CHECK_LT(number, 1000);
	} while (atomic_load(&failures) > failed);
	/* Not all failures are seen by the caller: an interrupted wait is none of its business. */
	CHECK_GE(number, 8);
	CHECK_GE(missed, 5);
	CHECK_EQ(scenario(fd), 0);
}

PIECE(allocations_fail)
{
	int fd = prepare();
	struct left before = look();
	long number = 0, missed = 0;
	int missing;

	do {
		mem_fail_after((uint64_t)++number);
		missing = scenario(fd);
		mem_fail_after(0);
		missed += missing > 0;
		check_left(before, number);
		CHECK_LT(number, 1000);
	} while (missing);
	CHECK_GE(missed, 5);
	CHECK_EQ(mem_report_leaks(), 0);
}

TEST(each_allocation_and_all_after_it_fail)
{
	must_work("fail,leaks", "allocations_fail");
}

/* A system that has no more at all, for a while: nothing works, nothing hangs, and then all works again. */
PIECE(limit_is_reached)
{
	int fd = prepare();
	struct left before = look();
	size_t limit = mem_limit_set(0);

	for (int i = 0; i < 20; i++)
		scenario(fd);
	mem_limit_set(limit);
	check_left(before, 0);
	CHECK_EQ(scenario(fd), 0);
}

TEST(memory_limit_is_survived)
{
	must_work("fail", "limit_is_reached");
}

PIECES_END
