/* SPDX-License-Identifier: MIT */
/*
 * overflow_test.c - children whose stack overflows, of the main thread and of threads that have and have not heard of
 * us: told with who recursed and who began.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"

static volatile int bottom;

static __attribute__((noinline)) int overflow(int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	frame[1023] = (char)depth;
	if (bottom)
		return depth;
	return overflow(depth + 1) + frame[depth & 1023];
}

static void *overflow_thread(void *arg)
{
	diag_thread_enter();
	overflow(0);
	return arg;
}

static void overflow_in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, overflow_thread, NULL);
	pthread_join(thread, NULL);
}

/* A thread that has never heard of us; when the collector finds it, it has an alternate stack. */
static void *stranger(void *arg)
{
	stack_t stack;

	for (int i = 0; i < 100; i++) {
		if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE))
			overflow(0);
		usleep(10000);
	}
	return arg;
}

/*
 * The thread sanitizer gives a handler a copy of the context, unless the thread sits in a call that blocks. One that
 * was found in the moments when it does not has no alternate stack from it: so there may be others after it.
 */
static void overflow_in_stranger(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, stranger, NULL);
		pthread_join(thread, NULL);
	}
	_exit(5);
}

static void *come_and_go(void *arg)
{
	usleep(300);
	return arg;
}

/* Many come and go first, so that stacks are lent again. */
static void overflow_after_many(void)
{
	for (int i = 0; i < 200; i++) {
		pthread_t threads[8];

		for (int j = 0; j < 8; j++)
			pthread_create(&threads[j], NULL, come_and_go, NULL);
		usleep(5000);
		for (int j = 0; j < 8; j++)
			pthread_join(threads[j], NULL);
	}
	overflow_in_stranger();
}

static void overflow_here(void)
{
	overflow(0);
}

TEST(an_overflowed_stack_of_the_main_thread)
{
	char *text;

	check_died(crash_in_child(overflow_here, &text), SIGSEGV);
	CHECK_SAYS(text, "stack overflow of thread");
	CHECK_SAYS(text, "overflow at overflow_test.c:");
}

static void check_stranger(void (*fn)(void))
{
	char *text;

	check_died(crash_in_child(fn, &text), SIGSEGV);
	CHECK_SAYS(text, "stack overflow of thread");
	CHECK_SAYS(text, "overflow at overflow_test.c:");
	CHECK_SAYS(text, " frames ...");
	CHECK_SAYS(text, "stranger at overflow_test.c:");		/* who began it */
}

TEST(an_overflowed_stack_of_a_thread_that_is_none_of_ours)
{
	check_stranger(overflow_in_stranger);
}

static pthread_t early;
static sem_t released;

/* One that was there before diagnostics were, and asks nobody whether it has an alternate stack. */
static void *stranger_from_before(void *arg)
{
	while (sem_wait(&released))	/* a signal ends it */
		;
	overflow(0);
	return arg;
}

static void begin_stranger(void)
{
	sem_init(&released, 0, 0);
	pthread_create(&early, NULL, stranger_from_before, NULL);
}

static void overflow_in_early_stranger(void)
{
	sem_post(&released);
	pthread_join(early, NULL);
}

TEST(an_overflowed_stack_of_a_thread_from_before_at_once)
{
	char *text;

#if defined(__SANITIZE_THREAD__)
	test_skip("the thread sanitizer's handlers are given a copy of the context, if the thread does not sleep yet");
#endif
	check_died(crash_in_child_after(begin_stranger, overflow_in_early_stranger, &text), SIGSEGV);
	CHECK_SAYS(text, "stack overflow of thread");
	CHECK_SAYS(text, "overflow at overflow_test.c:");
	CHECK_SAYS(text, "stranger_from_before at overflow_test.c:");
}

TEST(an_overflowed_stack_after_many_threads_came_and_went)
{
	check_stranger(overflow_after_many);
}

TEST(an_overflowed_stack_of_a_thread)
{
	char *text;

	check_died(crash_in_child(overflow_in_thread, &text), SIGSEGV);
	CHECK_SAYS(text, "stack overflow of thread");
	CHECK_SAYS(text, "overflow at overflow_test.c:");
}
