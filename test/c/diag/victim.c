/* SPDX-License-Identifier: MIT */
/* victim.c - see victim.h. */
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "victim.h"

static atomic_int nr_ready;
static atomic_bool stop;
static int result;

static void ready(void)
{
	atomic_fetch_add(&nr_ready, 1);
}

void victim_wait_for(int nr)
{
	while (atomic_load(&nr_ready) < nr)
		usleep(1000);
}

void victim_wait(void)
{
	victim_wait_for(1);
}

void victim_stop(void)
{
	atomic_store(&stop, true);
}

bool victim_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

static __attribute__((noinline)) void spin_here(void)
{
	while (!atomic_load(&stop))
		if (victim_sanitized())
			getppid();	/* a sanitizer delivers signals at calls of libc */
}

void *victim_spins(void *arg)
{
	ready();
	spin_here();
	return arg;
}

const int victim_sleeps_line = __LINE__ + 8;
void *victim_sleeps(void *arg)
{
	struct timespec hour = { 3600, 0 };

	pthread_detach(pthread_self());
	ready();
	for (;;)	/* a dump's signal ends a sleep early */
		nanosleep(&hour, NULL);
	return arg;
}

static inline __attribute__((always_inline)) void inner_inlined(void)
{
	while (!atomic_load(&stop))
		if (victim_sanitized())
			getppid();
}

void *victim_inlined(void *arg)
{
	ready();
	inner_inlined();
	return arg;
}

void *victim_blocks_signals(void *arg)
{
	struct timespec hour = { 3600, 0 };
	sigset_t all;

	sigfillset(&all);
	pthread_detach(pthread_self());
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	ready();
	nanosleep(&hour, NULL);
	return arg;
}

static atomic_bool in_handler, let_go, trimmed;

static __attribute__((noinline)) void stay_in_handler(int signum)
{
	(void)signum;
	atomic_store(&in_handler, true);
	while (!atomic_load(&let_go) && !atomic_load(&stop))
		getppid();
	atomic_store(&in_handler, false);
}

static void *victim_holds_malloc(void *arg)
{
	while (!atomic_load(&stop)) {
		void *volatile some = malloc(70000);

		free(some);
	}
	return arg;
}

static void *trim(void *arg)
{
	malloc_trim(0);		/* takes every arena's lock */
	atomic_store(&trimmed, true);
	return arg;
}

bool victim_hold_malloc(pthread_t *thread)
{
	struct sigaction action = { .sa_handler = stay_in_handler };

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(thread, NULL, victim_holds_malloc, NULL);
	for (int i = 0; i < 200 && !victim_sanitized(); i++) {
		pthread_t trimmer;

		atomic_store(&let_go, false);
		atomic_store(&trimmed, false);
		pthread_kill(*thread, SIGUSR1);
		while (!atomic_load(&in_handler))
			usleep(100);
		pthread_create(&trimmer, NULL, trim, NULL);
		pthread_detach(trimmer);
		usleep(20000);
		if (!atomic_load(&trimmed))
			return true;
		atomic_store(&let_go, true);
		while (atomic_load(&in_handler))
			usleep(100);
	}
	atomic_store(&stop, true);
	pthread_join(*thread, NULL);
	return false;
}

void *victim_prints(void *arg)
{
	ready();
	fputs("", stderr);
	putc('\0', stderr);
	return arg;
}

pthread_mutex_t victim_mutex_a = PTHREAD_MUTEX_INITIALIZER, victim_mutex_b = PTHREAD_MUTEX_INITIALIZER;

const int victim_ab_line = __LINE__ + 7;
void *victim_deadlock_ab(void *arg)
{
	pthread_detach(pthread_self());
	pthread_mutex_lock(&victim_mutex_a);
	ready();
	victim_wait_for(2);
	pthread_mutex_lock(&victim_mutex_b);
	return arg;
}

const int victim_ba_line = __LINE__ + 7;
void *victim_deadlock_ba(void *arg)
{
	pthread_detach(pthread_self());
	pthread_mutex_lock(&victim_mutex_b);
	ready();
	victim_wait_for(2);
	pthread_mutex_lock(&victim_mutex_a);
	return arg;
}

void *victim_dumps_into(void *fd)
{
	ready();
	result = diag_dump(*(int *)fd, false, 0, "into a pipe nobody reads");
	return NULL;
}

int victim_result(void)
{
	return result;
}

static pthread_mutex_t barrier_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t barrier = PTHREAD_COND_INITIALIZER;
static bool released;

void victim_wait_barrier(void)
{
	pthread_mutex_lock(&barrier_lock);
	while (!released)
		pthread_cond_wait(&barrier, &barrier_lock);
	pthread_mutex_unlock(&barrier_lock);
}

void victim_release_barrier(void)
{
	pthread_mutex_lock(&barrier_lock);
	released = true;
	pthread_cond_broadcast(&barrier);
	pthread_mutex_unlock(&barrier_lock);
}
