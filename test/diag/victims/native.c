/* SPDX-License-Identifier: MIT */
/*
 * native.c - see native.h. The line a dump should name is marked with the word that planted.ts looks for it by: its
 * function, and what it does there when there are several. None of these functions may be inlined or cloned.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/userfaultfd.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aio.h"
#include "diag.h"
#include "etask.h"
#include "mtelib.h"
#include "native.h"
#include "sys_debug.h"
#include "sys_mem.h"

#define CULPRIT __attribute__((noipa))

static volatile int zero, sheep = 3;

static void ready(void)
{
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		_exit(3);
}

static pthread_t run(void *(*fn)(void *arg))
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	if (pthread_create(&thread, &attr, fn, NULL))
		_exit(4);
	pthread_attr_destroy(&attr);
	return thread;
}

static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

/* ---- at work, or waiting ----------------------------------------------------------------- */

static CULPRIT void spin_here(void)
{
	ready();
	while (!zero) {}	/* culprit: spin_here */
}

static CULPRIT void read_blocked(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		_exit(4);
	ready();
	while (read(ends[0], &byte, 1) < 1) {}	/* culprit: read_blocked */
}

static CULPRIT void *wait_in_a_crowd(void *arg)
{
	for (;;)
		pause();	/* culprit: wait_in_a_crowd */
	return arg;
}

static void thousand(void)
{
	for (int i = 0; i < 1000; i++)
		run(wait_in_a_crowd);
	ready();
	stay();
}

/* ---- with a lock that a dump might want --------------------------------------------------- */

static CULPRIT void stay_in_fault(int signum)
{
	(void)signum;
	ready();
	stay();
}

/*
 * malloc() faults on the page it wants to begin the next block in, with the lock of its arena, and does not come back.
 * Only memory that nobody has is taken away: what it keeps behind the last block.
 */
static CULPRIT void hold_allocator(void)
{
	struct sigaction action = { .sa_handler = stay_in_fault };
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), free_from, end;
	void *volatile some;

	sigaction(SIGSEGV, &action, NULL);
	do {
		some = malloc(10000);
		end = (uintptr_t)sbrk(0);
		free_from = (end - mallinfo2().keepcost + 2 * page) & -page;
	} while (free_from + page > end);
	(void)some;
	if (mprotect((void *)free_from, end - free_from, PROT_NONE))
		_exit(4);
	for (int i = 0; i < 10000; i++) {
		void *volatile more = malloc(100000);	/* culprit: hold_allocator */

		(void)more;
	}
	_exit(4);
}

static CULPRIT int stay_in_linker(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	(void)info;
	(void)bytes;
	(void)arg;
	ready();
	stay();
}

static CULPRIT void hold_linker(void)
{
	dl_iterate_phdr(stay_in_linker, NULL);	/* culprit: hold_linker */
	zero = 0;
}

/* It does not get ahead with a stack that cannot be read. */
static CULPRIT void hold_symboliser(void)
{
	struct sigaction action = { .sa_handler = stay_in_fault };
	void *const *frames = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char words[1024];

	sigaction(SIGSEGV, &action, NULL);
	zero = (int)diag_frames_text(frames, 1, words, sizeof(words));	/* culprit: hold_symboliser */
}

static CULPRIT void *print_blocked(void *arg)
{
	ready();
	fputs("never\n", stderr);	/* culprit: print_blocked */
	return arg;
}

static CULPRIT void hold_stdio(void)
{
	flockfile(stderr);
	run(print_blocked);
	for (;;)
		pause();	/* culprit: hold_stdio */
}

static CULPRIT bool stay_in_stats(void *env, const struct mem_stats *stats)
{
	(void)env;
	(void)stats;
	ready();
	for (;;)
		pause();	/* culprit: stay_in_stats */
	return false;
}

static void hold_engine_memory(void)
{
	zero = mem_alloc(1, FL_STR) == NULL;	/* a cache, to have statistics of */
	mem_stats_each(stay_in_stats, NULL);
}

static CULPRIT void spin_without_memory(void)
{
	struct rlimit limit = { 4096, 4096 };
	void *volatile some;

	setrlimit(RLIMIT_DATA, &limit);
	for (size_t bytes = 1 << 20; bytes >= 16; bytes /= 2)
		while ((some = malloc(bytes)))
			;
	ready();
	while (!zero) {}	/* culprit: spin_without_memory */
}

/* ---- threads and locks ---------------------------------------------------------------------- */

static pthread_mutex_t native_first = PTHREAD_MUTEX_INITIALIZER, native_second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static CULPRIT void *lock_first(void *arg)
{
	pthread_mutex_lock(&native_first);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&native_second);	/* culprit: lock_first */
	pthread_mutex_unlock(&native_second);
	return arg;
}

static CULPRIT void *lock_second(void *arg)
{
	pthread_mutex_lock(&native_second);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&native_first);	/* culprit: lock_second */
	pthread_mutex_unlock(&native_first);
	return arg;
}

static void deadlock(void)
{
	pthread_barrier_init(&both, NULL, 2);
	run(lock_first);
	run(lock_second);
	ready();
	stay();
}

static CULPRIT void *want_first(void *arg)
{
	pthread_mutex_lock(&native_first);	/* culprit: want_first */
	pthread_mutex_unlock(&native_first);
	return arg;
}

static CULPRIT void sleep_with_lock(void)
{
	pthread_mutex_lock(&native_first);
	run(want_first);
	ready();
	for (;;)
		sleep(3600);	/* culprit: sleep_with_lock */
}

static CULPRIT int forget_unlock(int fail)
{
	pthread_mutex_lock(&native_first);
	if (fail)
		return -EIO;	/* the planted bug */
	pthread_mutex_unlock(&native_first);
	return 0;
}

static void error_path(void)
{
	forget_unlock(1);
	run(want_first);
	ready();
	stay();
}

/* The condition came true, and nobody was told. */
static CULPRIT void *wait_for_signal(void *arg)
{
	static pthread_cond_t came = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&native_first);
	for (;;)
		pthread_cond_wait(&came, &native_first);	/* culprit: wait_for_signal */
	return arg;
}

static void lost_wakeup(void)
{
	run(wait_for_signal);
	ready();
	stay();
}

/* ---- event tasks ------------------------------------------------------------------------------ */

static CULPRIT void loop_in_callback(struct etask_callback *callback)
{
	(void)callback;
	while (!zero) {}	/* culprit: loop_in_callback */
}

/* Each time it comes, longer than a callback should; it comes again, and its event task lives. */
static CULPRIT void slow_callback(struct etask_callback *callback)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);	/* culprit: slow_callback */
	while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < 500);
	etask_post(sys_event_task_current(), callback);
}

static void in_event_task(void (*fn)(struct etask_callback *callback))
{
	static struct etask_callback callback;
	struct sys_event_task_cfg cfg = { 0 };
	sys_event_task_t task;

	sys_service_set(MTE_sys_service_get());
	sys_service_init(NULL);
	task = sys_event_task_alloc(&cfg);
	if (aio_task_init(task) || etask_start(task, "native", -1))
		_exit(4);
	etask_callback_init(&callback, fn, "native.c");
	etask_post(task, &callback);
	ready();
	stay();
}

static void event_loop(void)
{
	in_event_task(loop_in_callback);
}

static void slow_callbacks(void)
{
	in_event_task(slow_callback);
}

void *native_bottomless(size_t bytes)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	range.range.start = (uintptr_t)memory;
	range.range.len = bytes;
	return fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range) ? NULL : memory;
}

static void read_done(struct aio_op *op)
{
	(void)op;
}

static void read_into_nothing(struct etask_callback *callback)
{
	static struct aio_op op;
	static struct iovec vec;
	struct aio_open_options options = { .provider = "threads", .read_only = true };
	struct aio_file *file;
	const char *why;

	(void)callback;
	vec = (struct iovec){ native_bottomless(4096), 4096 };
	if (!vec.iov_base || aio_file_open("/proc/self/exe", &options, &file, &why))
		_exit(77);
	op = (struct aio_op){
		.file = file, .opcode = AIO_READ, .offset = 4096, .size = 4096, .iov = &vec, .niov = 1, .fn = read_done,
	};
	aio_submit(&op);
}

static void hung_io(void)
{
	in_event_task(read_into_nothing);
}

/* ---- memory of the engine ---------------------------------------------------------------------- */

struct node {
	struct node	*next;
	char		rest[24];
};

static CULPRIT void use_freed(void)
{
	struct node *node = mem_alloc(sizeof(*node), FL_STR);	/* culprit: use_freed, allocated */
	struct node *volatile stale = node;

	node->next = node;
	mem_free(node, FL_STR);	/* culprit: use_freed, freed */
	zero = stale->next->rest[0];	/* culprit: use_freed */
}

/* One word too many, which is found when it is freed. */
static CULPRIT void overrun(void)
{
	char *text = mem_alloc(40, FL_STR);	/* culprit: overrun, allocated */

	memset(text, 1, (size_t)sheep + 45);
	mem_free(text, FL_STR);	/* culprit: overrun */
	zero = 0;
}

/* A pointer that is none: it was read behind the end, out of the red zone. */
static CULPRIT void follow_red_zone(void)
{
	struct node **nodes = mem_alloc(5 * sizeof(*nodes), FL_STR);	/* culprit: follow_red_zone, allocated */

	zero = nodes[(size_t)sheep + 2]->rest[0];	/* culprit: follow_red_zone */
}

static CULPRIT void *leak_here(void)
{
	void *addr = mem_alloc(100, FL_STR);	/* culprit: leak_here, allocated */

	memset(addr, 0, 100);
	return addr;
}

static void leak(void)
{
	void *volatile leaked;

	ready();
	for (;;) {
		leaked = leak_here();
		usleep(1000);
	}
	(void)leaked;
}

/* ---- crashes ------------------------------------------------------------------------------------- */

static CULPRIT void read_null(void)
{
	struct node *volatile nowhere = NULL;

	zero = nowhere->rest[4];	/* culprit: read_null */
}

static char *volatile others;

static CULPRIT void *show_stack(void *arg)
{
	char here;

	others = &here;
	stay();
	return arg;
}

/* Down from another thread's stack, to the page below it. */
static CULPRIT void touch_guard(void)
{
	pthread_attr_t attr;
	size_t bytes;
	void *stack;
	pthread_t thread = run(show_stack);

	while (!others)
		usleep(1000);
	pthread_getattr_np(thread, &attr);
	pthread_attr_getstack(&attr, &stack, &bytes);
	*((volatile char *)stack - 8) = 1;	/* culprit: touch_guard */
}

static CULPRIT void beyond_file(void)
{
	const volatile char *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memfd_create("short", 0), 0);

	zero = *at;	/* culprit: beyond_file */
}

static CULPRIT void no_instruction(void)
{
	__asm__ volatile("ud2");	/* culprit: no_instruction */
}

static CULPRIT void divide(void)
{
	sheep = 100 / zero;	/* culprit: divide */
}

static CULPRIT void give_up(void)
{
	abort();	/* culprit: give_up */
}

static CULPRIT void count_sheep(void)
{
	sys_service_set(MTE_sys_service_get());
	verify_eq(sheep, 4, "of the flock");	/* culprit: count_sheep */
}

static CULPRIT int fall(int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	if (depth < 0)
		return depth;
	return fall(depth + 1) + frame[0];	/* culprit: fall */
}

static void overflow(void)
{
	fall(1);
}

bool native_state(const char *name)
{
	static const struct { const char *name; void (*fn)(void); } states[] = {
		{ "spin", spin_here }, { "blocked", read_blocked }, { "thousand", thousand },
		{ "allocator", hold_allocator }, { "linker", hold_linker }, { "symboliser", hold_symboliser },
		{ "stdio", hold_stdio }, { "engine-memory", hold_engine_memory }, { "no-memory", spin_without_memory },
		{ "deadlock", deadlock }, { "lock-over-sleep", sleep_with_lock },
		{ "error-path", error_path }, { "lost-wakeup", lost_wakeup }, { "event-loop", event_loop },
		{ "slow-callback", slow_callbacks }, { "hung-io", hung_io }, { "use-after-free", use_freed },
		{ "overrun", overrun }, { "red-zone", follow_red_zone }, { "leak", leak },
		{ "null", read_null }, { "guard-page", touch_guard }, { "bus", beyond_file },
		{ "ill", no_instruction }, { "fpe", divide }, { "abort", give_up },
		{ "verify", count_sheep }, { "overflow", overflow },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i].name, name)) {
			states[i].fn();
			return true;
		}
	return false;
}
