/* SPDX-License-Identifier: MIT */
/* rivals.c - what libc, liburcu and mimalloc have for the same; and main(). */
#include <mimalloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>

#include "bench.h"

#define RUNS	5

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

#define REPEAT(body) ({							\
	unsigned long long start = now_ns();				\
	for (long i = 0; i < rounds; i++) {				\
		body;							\
		__asm__ __volatile__("" ::: "memory");			\
	}								\
	now_ns() - start;						\
})

static pthread_spinlock_t spin;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

unsigned long long theirs_spin(long rounds)
{
	return REPEAT(({ pthread_spin_lock(&spin); pthread_spin_unlock(&spin); }));
}

unsigned long long theirs_mutex(long rounds)
{
	return REPEAT(({ pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex); }));
}

unsigned long long theirs_rcu_memb(long rounds)
{
	return REPEAT(({ urcu_memb_read_lock(); urcu_memb_read_unlock(); }));
}

/* Its readers do nothing: what it has in their place is a quiescent state now and then. */
unsigned long long theirs_rcu_qsbr(long rounds)
{
	return REPEAT(({ urcu_qsbr_read_lock(); urcu_qsbr_read_unlock(); urcu_qsbr_quiescent_state(); }));
}

unsigned long long theirs_rcu_sync(long rounds) { return REPEAT(urcu_memb_synchronize_rcu()); }

/* Through a volatile, or else the compiler leaves the pair out. */
static void *volatile kept;
unsigned long long theirs_malloc(long rounds) { return REPEAT(({ kept = malloc(64); free(kept); })); }
unsigned long long theirs_malloc_256(long rounds) { return REPEAT(({ kept = malloc(256); free(kept); })); }
unsigned long long theirs_mimalloc(long rounds) { return REPEAT(({ kept = mi_malloc(64); mi_free(kept); })); }

/* ---- four threads ---- */

static bench_fn four_fn;

static void *four_thread(void *arg)
{
	four_fn(*(long *)arg);
	return NULL;
}

static unsigned long long by_four(bench_fn fn, long rounds)
{
	pthread_t threads[4];
	long each = rounds / 4;
	unsigned long long start = now_ns();

	four_fn = fn;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, four_thread, &each);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return now_ns() - start;
}

unsigned long long theirs_spin_four(long rounds) { return by_four(theirs_spin, rounds); }
unsigned long long theirs_mutex_four(long rounds) { return by_four(theirs_mutex, rounds); }

/* ---- handing over: two condition variables ---- */

static pthread_cond_t ping = PTHREAD_COND_INITIALIZER, pong = PTHREAD_COND_INITIALIZER;
static long pings, pongs;

static void *pong_main(void *arg)
{
	long rounds = *(long *)arg;

	pthread_mutex_lock(&mutex);
	for (long i = 1; i <= rounds; i++) {
		while (pings < i)
			pthread_cond_wait(&ping, &mutex);
		pongs = i;
		pthread_cond_signal(&pong);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

unsigned long long theirs_wake(long rounds)
{
	unsigned long long ns;
	pthread_t thread;

	pings = pongs = 0;
	pthread_create(&thread, NULL, pong_main, &rounds);
	ns = REPEAT(({
		pthread_mutex_lock(&mutex);
		pings = i + 1;
		pthread_cond_signal(&ping);
		while (pongs <= i)
			pthread_cond_wait(&pong, &mutex);
		pthread_mutex_unlock(&mutex);
	}));
	pthread_join(thread, NULL);
	return ns;
}

unsigned long long theirs_work(long rounds) { return theirs_wake(rounds); }

unsigned long long theirs_timer(long rounds)
{
	struct itimerspec in_10s = { .it_value = { .tv_sec = 10 } }, off = { 0 };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	unsigned long long ns = REPEAT(({ timerfd_settime(fd, 0, &in_10s, NULL); timerfd_settime(fd, 0, &off, NULL); }));

	close(fd);
	return ns;
}

/* ---- main ---- */

static const struct bench benches[] = {
	{ "spin_lock, spin_unlock", "pthread_spin_lock", 2000000, ours_spin, theirs_spin },
	{ "the same on an event task", "pthread_spin_lock", 2000000, ours_spin_softirq, theirs_spin },
	{ "the same by 4 threads", "pthread_spin_lock", 2000000, ours_spin_four, theirs_spin_four },
	{ "mutex_lock, mutex_unlock", "pthread_mutex_lock", 2000000, ours_mutex, theirs_mutex },
	{ "the same by 4 threads", "pthread_mutex_lock", 2000000, ours_mutex_four, theirs_mutex_four },
	{ "preempt_disable, _enable", "pthread_spin_lock", 2000000, ours_preempt, theirs_spin },
	{ "the same on an event task", "pthread_spin_lock", 2000000, ours_preempt_softirq, theirs_spin },
	{ "rcu_read_lock, _unlock", "liburcu memb", 5000000, ours_rcu, theirs_rcu_memb },
	{ "the same on an event task", "liburcu qsbr", 5000000, ours_rcu_softirq, theirs_rcu_qsbr },
	{ "synchronize_rcu", "liburcu memb", 2000, ours_rcu_sync, theirs_rcu_sync },
	{ "kmalloc, kfree of 64 bytes", "glibc malloc", 2000000, ours_kmalloc, theirs_malloc },
	{ "the same", "mimalloc", 2000000, ours_kmalloc, theirs_mimalloc },
	{ "kmem_cache of 256 bytes", "glibc malloc", 2000000, ours_cache, theirs_malloc_256 },
	{ "queue_work to run and back", "pthread_cond_signal", 5000, ours_work, theirs_work },
	{ "wake_up to run and back", "pthread_cond_signal", 5000, ours_wake, theirs_wake },
	{ "mod_timer, del_timer", "timerfd_settime", 500000, ours_timer, theirs_timer },
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/*
 * One line per bench: NAME, RIVAL, median ns a round of both, tab-separated. Runs of both take turns.
 * Arguments: parts of the names of those wanted.
 */
int main(int argc, char **argv)
{
	int rc = ours_start();

	if (rc) {
		fprintf(stderr, "bench-kernel: the kernel does not start: %d\n", rc);
		return 1;
	}
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	urcu_memb_register_thread();
	urcu_qsbr_register_thread();
	for (size_t n = 0; n < sizeof(benches) / sizeof(benches[0]); n++) {
		const struct bench *bench = &benches[n];
		double ours[RUNS], theirs[RUNS];
		int wanted = argc < 2;

		for (int i = 1; i < argc; i++)
			wanted |= strstr(bench->name, argv[i]) != NULL;
		if (!wanted)
			continue;
		for (int run = 0; run < RUNS; run++) {
			ours[run] = (double)bench->ours(bench->rounds) / (double)bench->rounds;
			theirs[run] = (double)bench->theirs(bench->rounds) / (double)bench->rounds;
		}
		qsort(ours, RUNS, sizeof(double), by_value);
		qsort(theirs, RUNS, sizeof(double), by_value);
		printf("%s\t%s\t%.2f\t%.2f\n", bench->name, bench->rival, ours[RUNS / 2], theirs[RUNS / 2]);
		fflush(stdout);
	}
	urcu_qsbr_unregister_thread();
	urcu_memb_unregister_thread();
	ours_stop();
	return 0;
}
