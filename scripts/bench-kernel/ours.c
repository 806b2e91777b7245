/* SPDX-License-Identifier: MIT */
/* ours.c - the kernel's primitives, as bench.h names them. Kernel flavour. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <ring3/kernel.h>

#include "bench.h"

int ours_start(void)
{
	/* As many CPUs that threads share as the tests with four of them use. */
	return ring3_kernel_start(&(struct ring3_kernel_options){ .nr_event_cpus = 1, .nr_other_cpus = 6 });
}

void ours_stop(void) { ring3_kernel_stop(); }

#define REPEAT(body) ({							\
	u64 start = ktime_get_ns();					\
	for (long i = 0; i < rounds; i++) {				\
		body;							\
		barrier();						\
	}								\
	ktime_get_ns() - start;						\
})

/* The same on an event task, which owns its CPU. */
struct there {
	bench_fn	fn;
	long		rounds;
	u64		ns;
};

static void there_run(void *arg)
{
	struct there *there = arg;

	there->ns = there->fn(there->rounds);
}

static u64 in_softirq_on_cpu_0(bench_fn fn, long rounds)
{
	struct there there = { fn, rounds, 0 };

	smp_call_function_single(0, there_run, &there, 1);
	return there.ns;
}

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(mutex);

unsigned long long ours_spin(long rounds) { return REPEAT(({ spin_lock(&spin); spin_unlock(&spin); })); }
static unsigned long long spin_there(long rounds)
{
	static DEFINE_SPINLOCK(there);

	return REPEAT(({ spin_lock(&there); spin_unlock(&there); }));
}
unsigned long long ours_spin_softirq(long rounds) { return in_softirq_on_cpu_0(spin_there, rounds); }
unsigned long long ours_mutex(long rounds) { return REPEAT(({ mutex_lock(&mutex); mutex_unlock(&mutex); })); }
unsigned long long ours_preempt(long rounds) { return REPEAT(({ preempt_disable(); preempt_enable(); })); }
unsigned long long ours_preempt_softirq(long rounds) { return in_softirq_on_cpu_0(ours_preempt, rounds); }
unsigned long long ours_rcu(long rounds) { return REPEAT(({ rcu_read_lock(); rcu_read_unlock(); })); }
unsigned long long ours_rcu_softirq(long rounds) { return in_softirq_on_cpu_0(ours_rcu, rounds); }
unsigned long long ours_rcu_sync(long rounds) { return REPEAT(synchronize_rcu()); }
unsigned long long ours_kmalloc(long rounds) { return REPEAT(kfree(kmalloc(64, GFP_KERNEL))); }

unsigned long long ours_cache(long rounds)
{
	struct kmem_cache *cache = kmem_cache_create("bench", 256, 64, 0, NULL);
	u64 ns = REPEAT(kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL)));

	kmem_cache_destroy(cache);
	return ns;
}

/* ---- four threads ---- */

static struct completion four_done;
static bench_fn four_fn;

static int four_thread(void *arg)
{
	four_fn(*(long *)arg);
	complete(&four_done);
	return 0;
}

static u64 by_four(bench_fn fn, long rounds)
{
	struct task_struct *threads[4];
	long each = rounds / 4;
	u64 start = ktime_get_ns(), ns;

	four_fn = fn;
	init_completion(&four_done);
	for (int i = 0; i < 4; i++)
		threads[i] = kthread_run(four_thread, &each, "bench/%d", i);
	for (int i = 0; i < 4; i++)
		wait_for_completion(&four_done);
	ns = ktime_get_ns() - start;
	for (int i = 0; i < 4; i++)
		kthread_stop(threads[i]);
	return ns;
}

unsigned long long ours_spin_four(long rounds) { return by_four(ours_spin, rounds); }
unsigned long long ours_mutex_four(long rounds) { return by_four(ours_mutex, rounds); }

/* ---- work and waking ---- */

static struct completion work_done;

static void work_fn(struct work_struct *work)
{
	complete(&work_done);
}

unsigned long long ours_work(long rounds)
{
	struct work_struct work;
	u64 ns;

	INIT_WORK(&work, work_fn);
	init_completion(&work_done);
	ns = REPEAT(({ queue_work(system_wq, &work); wait_for_completion(&work_done); }));
	flush_work(&work);
	return ns;
}

static DECLARE_WAIT_QUEUE_HEAD(ping_queue);
static DECLARE_WAIT_QUEUE_HEAD(pong_queue);
static long pings, pongs;

static int pong_main(void *arg)
{
	for (long i = 1; i <= *(long *)arg; i++) {
		wait_event(ping_queue, READ_ONCE(pings) >= i);
		WRITE_ONCE(pongs, i);
		wake_up(&pong_queue);
	}
	return 0;
}

/* There and back: two wake-ups a round. */
unsigned long long ours_wake(long rounds)
{
	struct task_struct *thread;
	u64 ns;

	pings = pongs = 0;
	thread = kthread_run(pong_main, &rounds, "pong");
	ns = REPEAT(({
		WRITE_ONCE(pings, i + 1);
		wake_up(&ping_queue);
		wait_event(pong_queue, READ_ONCE(pongs) > i);
	}));
	kthread_stop(thread);
	return ns;
}

static void never(struct timer_list *timer) { }

unsigned long long ours_timer(long rounds)
{
	struct timer_list timer;

	timer_setup(&timer, never, 0);
	return REPEAT(({ mod_timer(&timer, jiffies + 10000); del_timer(&timer); }));
}
