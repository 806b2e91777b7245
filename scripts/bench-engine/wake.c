/* SPDX-License-Identifier: MIT */
/*
 * wake.c - from a post on one thread to the handler on another: the median.
 *
 * "asleep": a post each ms, so that the other thread sleeps. "spinning": the next post
 * 3 us after the last one was seen, so that whoever spins has not gone to sleep.
 */
#if __has_include(<uv.h>)
#include <uv.h>
#define HAVE_UV 1
#endif
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "bench.h"
#include "etask.h"

enum { POSTS_MAX = 200000 };

static double *waits_us;
static atomic_int seen;
static uint64_t stamp;

static void saw(void)
{
	waits_us[atomic_load_explicit(&seen, memory_order_relaxed)] = (double)(now_ns() - stamp) / 1000;
	atomic_fetch_add_explicit(&seen, 1, memory_order_release);
}

static double run_posts(void (*post)(void), uint64_t gap_ns)
{
	uint64_t until = now_ns() + (uint64_t)(bench_seconds * 1e9);
	int posted = 0;

	do {
		uint64_t from = now_ns();

		if (gap_ns > 100000)
			usleep((useconds_t)(gap_ns / 1000));
		while (now_ns() - from < gap_ns)
			__builtin_ia32_pause();
		stamp = now_ns();
		atomic_thread_fence(memory_order_release);
		post();
		posted++;
		for (int turn = 0; atomic_load_explicit(&seen, memory_order_acquire) < posted; turn++)
			__builtin_ia32_pause();
	} while (now_ns() < until && posted < POSTS_MAX);
	return bench_percentile(waits_us, (size_t)posted, 50);
}

static void prepare(void)
{
	waits_us = calloc(POSTS_MAX + 1, sizeof(*waits_us));
	/* Touched, so that no page fault is measured. */
	memset(waits_us, 1, (POSTS_MAX + 1) * sizeof(*waits_us));
}

static void start(void *(*fn)(void *arg))
{
	pthread_t thread;

	bench_must(!pthread_create(&thread, NULL, fn, NULL), "pthread_create");
	usleep(20000);
}

static sys_event_task_t task;
static struct etask_callback cb;

static void ring3_handler(struct etask_callback *callback)
{
	(void)callback;
	saw();
}

static void ring3_post(void)
{
	etask_post(task, &cb);
}

static double ring3_wake(uint64_t gap_ns)
{
	prepare();
	task = sys_event_task_alloc(NULL);
	etask_callback_init(&cb, ring3_handler, "bench");
	bench_must(task && !etask_start(task, "bench", -1), "etask_start");
	usleep(20000);
	return run_posts(ring3_post, gap_ns);
}

MEASURE(wake_ring3, "wake/asleep/ring3", "us") { return ring3_wake(1000000); }
MEASURE(spin_ring3, "wake/spinning/ring3", "us") { return ring3_wake(3000); }

static int efd;

static void *eventfd_thread(void *arg)
{
	eventfd_t value;

	while (eventfd_read(efd, &value) == 0)
		saw();
	return arg;
}

static void eventfd_post(void)
{
	eventfd_write(efd, 1);
}

static double eventfd_wake(uint64_t gap_ns)
{
	prepare();
	efd = eventfd(0, 0);
	start(eventfd_thread);
	return run_posts(eventfd_post, gap_ns);
}

MEASURE(wake_eventfd, "wake/asleep/bare eventfd", "us") { return eventfd_wake(1000000); }
MEASURE(spin_eventfd, "wake/spinning/bare eventfd", "us") { return eventfd_wake(3000); }

static _Atomic(uint32_t) word;

static void *futex_thread(void *arg)
{
	for (;;) {
		while (!atomic_load(&word))
			syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL);
		atomic_store(&word, 0);
		saw();
	}
	return arg;
}

static void futex_post(void)
{
	atomic_store(&word, 1);
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}

MEASURE(wake_futex, "wake/asleep/bare futex", "us")
{
	prepare();
	start(futex_thread);
	return run_posts(futex_post, 1000000);
}

static void *spin_thread(void *arg)
{
	for (;;) {
		while (!atomic_load_explicit(&word, memory_order_acquire))
			__builtin_ia32_pause();
		atomic_store(&word, 0);
		saw();
	}
	return arg;
}

static void spin_post(void)
{
	atomic_store(&word, 1);
}

MEASURE(spin_bare, "wake/spinning/bare flag", "us")
{
	prepare();
	start(spin_thread);
	return run_posts(spin_post, 3000);
}

#ifdef HAVE_UV
static uv_async_t async;

static void uv_handler(uv_async_t *handle)
{
	(void)handle;
	saw();
}

static void *uv_loop_thread(void *arg)
{
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return arg;
}

static void uv_post(void)
{
	uv_async_send(&async);
}

static double uv_wake(uint64_t gap_ns)
{
	prepare();
	uv_async_init(uv_default_loop(), &async, uv_handler);
	start(uv_loop_thread);
	return run_posts(uv_post, gap_ns);
}

MEASURE(wake_uv, "wake/asleep/libuv async", "us") { return uv_wake(1000000); }
MEASURE(spin_uv, "wake/spinning/libuv async", "us") { return uv_wake(3000); }
#endif
