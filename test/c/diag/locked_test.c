/* SPDX-License-Identifier: MIT */
/*
 * locked_test.c - dumps while what a dump might want is taken: memory, the dynamic linker's lock, printk's way out.
 * Each is whole, names the culprit, and comes in time.
 */
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"
#include "ring3/kernel.h"
#include "victim.h"

static char text[8 << 20];

/* As take_dump(), without any memory but what is there. */
static const char *take_dump_here(unsigned int sections)
{
	int fd = memfd_create("dump", 0);
	ssize_t got;

	CHECK(fd >= 0);
	CHECK_EQ(diag_dump(fd, false, sections, "test"), 0);
	got = pread(fd, text, sizeof(text) - 1, 0);
	CHECK(got > 0);
	text[got] = 0;
	close(fd);
	return text;
}

TEST(works_while_memory_is_exhausted)
{
	struct rlimit limit;
	pthread_t thread;
	void *volatile some;

	if (victim_sanitized())
		test_skip("a sanitizer ends the process that has no memory");
	CHECK_EQ(diag_start(0), 0);
	pthread_create(&thread, NULL, victim_spins, NULL);
	victim_wait();
	getrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur = 4096;
	CHECK_EQ(setrlimit(RLIMIT_DATA, &limit), 0);
	for (size_t bytes = 1 << 20; bytes >= 16; bytes /= 2)
		while ((some = malloc(bytes)))
			;
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	CHECK_SAYS(take_dump_here(0), "spin_here at victim.c:");
	CHECK_SAYS(text, "\ndumpMs=");
	victim_stop();
}

static int held, let_go;	/* atomic */

static int stay(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	(void)info;
	(void)bytes;
	(void)arg;
	__atomic_store_n(&held, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&let_go, __ATOMIC_ACQUIRE))
		usleep(1000);
	return 1;
}

static __attribute__((noinline)) void *holds_the_linker(void *arg)
{
	dl_iterate_phdr(stay, NULL);
	return arg;
}

TEST(works_while_the_dynamic_linker_is_locked)
{
	pthread_t thread;

	CHECK_EQ(diag_start(0), 0);
	pthread_create(&thread, NULL, holds_the_linker, NULL);
	while (!__atomic_load_n(&held, __ATOMIC_ACQUIRE))
		usleep(1000);
	CHECK_SAYS(take_dump_here(0), "stay at locked_test.c:");
	CHECK_SAYS(text, "holds_the_linker at locked_test.c:");
	CHECK_SAYS(text, "\ndumpMs=");
	__atomic_store_n(&let_go, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

static void load(const char *what)
{
	const struct ring3_kernel_options options = { .nr_event_cpus = 1, .nr_other_cpus = 4 };
	char path[512], params[64];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);

	CHECK(length > 0);
	path[length] = 0;
	snprintf(strrchr(path, '/'), 32, "/diag_victim.ko.so");
	snprintf(params, sizeof(params), "what=%s", what);
	CHECK_EQ(ring3_kernel_start(&options), 0);
	CHECK_EQ(ring3_insmod(path, params), 0);
}

/* Dumps until one says @part. */
static void dump_until(unsigned int sections, const char *part)
{
	for (int i = 0; i < 400 && !strstr(take_dump_here(sections), part); i++)
		usleep(50000);
	CHECK_SAYS(text, part);
}

static void **nowhere;

static void stay_in_fault(int signum)
{
	(void)signum;
	__atomic_store_n(&held, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&let_go, __ATOMIC_ACQUIRE))
		usleep(1000);
	mprotect(nowhere, 4096, PROT_READ);
}

static __attribute__((noinline)) void *symbolises(void *arg)
{
	static char words[4096];

	diag_frames_text(nowhere, 1, words, sizeof(words));
	return arg;
}

/* Words for stacks of panics and warnings are found for one at a time. This thread does not get ahead with its own. */
TEST(works_while_the_symboliser_is_locked)
{
	struct sigaction action = { .sa_handler = stay_in_fault };
	void *frame = __builtin_return_address(0);
	pthread_t thread;
	char words[4096];

	CHECK_EQ(diag_start(0), 0);
	CHECK(diag_frames_text(&frame, 1, words, sizeof(words)) > 0);
	nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(nowhere != MAP_FAILED);
	sigaction(SIGSEGV, &action, NULL);
	pthread_create(&thread, NULL, symbolises, NULL);
	while (!__atomic_load_n(&held, __ATOMIC_ACQUIRE))
		usleep(1000);
	CHECK_EQ(diag_frames_text(&frame, 1, words, sizeof(words)), 0);
	dump_until(0, "stay_in_fault at locked_test.c:");	/* a sanitizer's handler takes no signals */
	CHECK_SAYS(text, "diag_frames_text at frames.c:");
	CHECK_SAYS(text, "symbolises at locked_test.c:");
	CHECK_SAYS(text, "\ndumpMs=");
	__atomic_store_n(&let_go, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	CHECK(diag_frames_text(&frame, 1, words, sizeof(words)) > 0);
}

/* stderr is a pipe that is full: who prints waits there, with what printk() holds meanwhile. */
TEST(works_while_printk_waits)
{
	int ends[2], saved = dup(STDERR_FILENO);

	CHECK_EQ(pipe(ends), 0);
	CHECK_EQ(diag_start(0), 0);
	CHECK(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) >= 0);
	load("chatter");
	/* From here on this thread must not want what they hold, a virtual CPU for one. */
	CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
	dump_until(DIAG_THREADS | DIAG_LOCKS, "syscall=write");
	dup2(saved, STDERR_FILENO);
	CHECK_SAYS(text, "chatter_thread at diag_victim.c:");
	CHECK_SAYS(text, "\ndumpMs=");
	_exit(0);	/* it chatters on */
}

TEST(a_lock_that_is_fought_for_is_told_by_its_places)
{
	CHECK_EQ(diag_start(0), 0);
	load("fight");
	dump_until(DIAG_LOCKS, "waits=");
	CHECK_SAYS(text, "contention:");
	CHECK_SAYS(strstr(text, "contention:"), "fight_thread at diag_victim.c:");
}

TEST(equal_stacks_are_shown_once)
{
	pthread_t threads[6];
	unsigned int nr = 0;

	CHECK_EQ(diag_start(0), 0);
	for (int i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, victim_sleeps, NULL);
	victim_wait_for(6);
	/* One whose sleep a signal has just ended stands elsewhere for a moment. */
	for (int i = 0; i < 100 && nr != 1; i++) {
		nr = 0;
		for (const char *at = take_dump_here(DIAG_THREADS); (at = strstr(at, "victim_sleeps at victim.c:")); at++)
			nr++;
	}
	CHECK_EQ(nr, 1);
}
