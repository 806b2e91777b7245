/* SPDX-License-Identifier: MIT */
/* Copies that no page may be there for: right where there are pages, ended where not, and nobody else's fault. */
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "harness.h"
#include "sys_nofault.h"
#include "sys_service.h"

enum { PAGE = 4096, PAGES = 4 };

static int fd;
static uint8_t *view, pattern[PAGES * PAGE];

static void start(void)
{
	CHECK_EQ(nofault_start(), 0);
	fd = memfd_create("ring3-nofault", 0);
	CHECK_GE(fd, 0);
	CHECK_EQ(ftruncate(fd, PAGES * PAGE), 0);
	view = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(view != MAP_FAILED);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
}

TEST(nofault_copies_what_it_is_told_to)
{
	uint8_t seen[300], before[300];

	start();
	for (size_t bytes = 0; bytes < 80; bytes++) {
		for (size_t at = 0; at < 10; at++) {
			memset(seen, 0xee, sizeof(seen));
			memcpy(before, seen, sizeof(before));
			memcpy(before + 16 + at, pattern + at * 3, bytes);
			CHECK(nofault_copy(seen + 16 + at, pattern + at * 3, bytes));
			CHECK_MEMEQ(seen, before, sizeof(seen));
		}
	}
	CHECK(nofault_copy(view, pattern, sizeof(pattern)));
	CHECK_MEMEQ(view, pattern, sizeof(pattern));
}

TEST(nofault_ends_behind_the_end_of_the_file)
{
	uint8_t seen[2 * PAGE];

	start();
	CHECK(nofault_copy(view, pattern, sizeof(pattern)));
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	for (int i = 0; i < 100; i++) {
		CHECK(!nofault_copy(view + PAGE, pattern, 8));
		CHECK(!nofault_copy(view + PAGE, pattern, 5));	/* the tail's instruction */
		CHECK(!nofault_copy(seen, view, 2 * PAGE));
		CHECK(!nofault_copy(view, pattern, 2 * PAGE));
		CHECK(nofault_copy(seen, view, PAGE));
		CHECK_MEMEQ(seen, pattern, PAGE);
	}
	CHECK_EQ(ftruncate(fd, PAGES * PAGE), 0);
	CHECK(nofault_copy(view + PAGE, pattern, PAGE));
	CHECK_MEMEQ(view + PAGE, pattern, PAGE);
}

/* Each fault is its own thread's. */
static void *copy_beyond(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++)
		CHECK(!nofault_copy(view + PAGE, pattern, PAGE));
	return NULL;
}

TEST(nofault_on_many_threads)
{
	pthread_t threads[4];

	start();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, copy_beyond, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void exit_well(int signum, siginfo_t *info, void *context)
{
	(void)context;
	_exit(signum == SIGBUS && info->si_addr == view + PAGE ? 0 : 1);
}

/* What is not a copy goes to who was there before. */
TEST(nofault_leaves_other_faults_alone)
{
	struct sigaction action = { .sa_sigaction = exit_well, .sa_flags = SA_SIGINFO };

	CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
	start();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK(!nofault_copy(view + PAGE, pattern, 8));
	*(volatile uint8_t *)(view + PAGE) = 1;
	test_fail(__FILE__, __LINE__, "that was no fault");
}

static void fix_or_exit(int signum, siginfo_t *info, void *context)
{
	(void)signum;
	if (!nofault_fixup(info, context))
		_exit(0);
}

/* ... or who came later, and asks. */
TEST(nofault_works_below_a_later_handler)
{
	struct sigaction action = { .sa_sigaction = fix_or_exit, .sa_flags = SA_SIGINFO };

	start();
	CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK(!nofault_copy(view + PAGE, pattern, 8));
	*(volatile uint8_t *)(view + PAGE) = 1;
	test_fail(__FILE__, __LINE__, "that was no fault");
}

/* Who wants to be called once is called of his own fault, not of a copy's. */
TEST(nofault_leaves_a_handler_that_is_called_once)
{
	struct sigaction action = { .sa_sigaction = exit_well, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND };

	CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
	start();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	for (int i = 0; i < 3; i++)
		CHECK(!nofault_copy(view + PAGE, pattern, 8));
	*(volatile uint8_t *)(view + PAGE) = 1;
	test_fail(__FILE__, __LINE__, "that was no fault");
}

static void return_at_once(int signum)
{
	(void)signum;
}

TEST_DIES(nofault_calls_it_once)
{
	struct sigaction action = { .sa_handler = return_at_once, .sa_flags = (int)SA_RESETHAND };

	CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
	start();
	raise(SIGBUS);
	raise(SIGBUS);
}

TEST(nofault_ignores_what_is_ignored)
{
	signal(SIGBUS, SIG_IGN);
	start();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	for (int i = 0; i < 3; i++) {
		raise(SIGBUS);
		CHECK(!nofault_copy(view + PAGE, pattern, 8));
	}
}

static void nothing(uint32_t signum)
{
	(void)signum;
}

/* Who listens for signals, this one among them, is such a handler. */
TEST(nofault_works_below_a_listener)
{
	start();
	CHECK_EQ(mte_signal_handler_set(SIGBUS, nothing), E_OK);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	for (int i = 0; i < 3; i++)
		CHECK(!nofault_copy(view + PAGE, pattern, 8));
}

static int judged;

static void judge(int signum, siginfo_t *info, void *context)
{
	siginfo_t sent = *info, of_another_page = *info, other = *info;

	sent.si_code = SI_TKILL;
	of_another_page.si_code = BUS_MCEERR_AO;
	other.si_signo = SIGSEGV;
	judged += !nofault_fixup(&sent, context) && !nofault_fixup(&of_another_page, context) &&
		  !nofault_fixup(&other, context);
	if (signum != SIGBUS || !nofault_fixup(info, context))
		_exit(1);
}

/* A signal that comes while something is copied is not the copy's. */
TEST(nofault_takes_no_signal_that_was_sent)
{
	struct sigaction action = { .sa_sigaction = judge, .sa_flags = SA_SIGINFO };

	start();
	CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	CHECK(!nofault_copy(view + PAGE, pattern, 8));
	CHECK_EQ(judged, 1);
}

static void *enter_and_copy(void *arg)
{
	nofault_thread_enter();
	CHECK(!nofault_copy(view + PAGE, pattern, PAGE));
	return arg;
}

TEST(nofault_in_a_program_that_blocks_all_signals)
{
	pthread_t thread;
	sigset_t all;

	start();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	sigfillset(&all);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &all, NULL), 0);
	CHECK_EQ(pthread_create(&thread, NULL, enter_and_copy, NULL), 0);
	pthread_join(thread, NULL);
}

TEST_DIES(nofault_dies_of_what_is_sent)
{
	start();
	raise(SIGBUS);
}

TEST_DIES(nofault_dies_of_what_nobody_handles)
{
	start();
	CHECK_EQ(ftruncate(fd, PAGE), 0);
	*(volatile uint8_t *)(view + PAGE) = 1;
}

/* A fault that is not SIGBUS is our bug, also in a copy. */
TEST_DIES(nofault_dies_of_a_wild_pointer)
{
	start();
	nofault_copy((void *)16, pattern, 8);
}
