/* SPDX-License-Identifier: MIT */
#ifndef RING3_KERNEL_TEST_RIG_H
#define RING3_KERNEL_TEST_RIG_H

/* rig.h - a kernel of so many CPUs, threads that have all begun, and warnings that are counted. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "harness.h"

static inline void rig_start(unsigned int events, unsigned int others)
{
	struct ring3_kernel_options options = { .nr_event_cpus = events, .nr_other_cpus = others };

	CHECK_EQ(ring3_kernel_start(&options), 0);
}

static inline void rig_stop(void)
{
	CHECK_EQ(ring3_kernel_stop(), 0);
}

struct rig_thread {
	struct task_struct	*task;
	int			(*fn)(long number);
	long			number;
	int			begun;		/* atomic */
};

static inline int rig_thread_main(void *data)
{
	struct rig_thread *thread = data;

	__atomic_store_n(&thread->begun, 1, __ATOMIC_RELEASE);
	return thread->fn(thread->number);
}

/* Each runs fn(its number), on virtual CPU @cpu when that is >= 0; returns once all have begun. */
static inline void rig_threads_on(struct rig_thread *threads, int nr, int (*fn)(long number), int cpu)
{
	for (int i = 0; i < nr; i++) {
		threads[i] = (struct rig_thread){ .fn = fn, .number = i };
		threads[i].task = kthread_create(rig_thread_main, &threads[i], "test/%d", i);
		CHECK(!IS_ERR(threads[i].task));
		if (cpu >= 0)
			kthread_bind(threads[i].task, (unsigned int)cpu);
		wake_up_process(threads[i].task);
	}
	for (int i = 0; i < nr; i++)
		while (!__atomic_load_n(&threads[i].begun, __ATOMIC_ACQUIRE))
			usleep_range(50, 100);
}

static inline void rig_threads(struct rig_thread *threads, int nr, int (*fn)(long number))
{
	rig_threads_on(threads, nr, fn, -1);
}

/* All have returned 0. */
static inline void rig_join(struct rig_thread *threads, int nr)
{
	for (int i = 0; i < nr; i++)
		CHECK_EQ(kthread_stop(threads[i].task), 0);
}

/* true: a record with @text was printed since *@seq, which moves behind it or to the end. */
static inline bool rig_said(unsigned long long *seq, const char *text)
{
	char buf[512];
	int bytes;

	while ((bytes = ring3_dmesg(seq, buf, sizeof(buf) - 1)) > 0) {
		buf[bytes] = 0;
		if (text && strstr(buf, text))
			return true;
	}
	return false;
}

/* Warnings go to the log only; *@seq is its end. */
static inline void rig_quiet(unsigned long long *seq)
{
	ring3_console_loglevel(-1);
	*seq = 0;
	rig_said(seq, NULL);
}

#endif /* RING3_KERNEL_TEST_RIG_H */
