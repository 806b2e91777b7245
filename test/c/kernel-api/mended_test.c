/* SPDX-License-Identifier: MIT */
/* What once went wrong: each test failed, hung or was found by a sanitizer before its cause was mended. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <ring3/kernel.h>

#include "harness.h"

int socketpair(int domain, int type, int protocol, int fds[2]);
long write(int fd, const void *buf, unsigned long bytes);
int close(int fd);

static void start(unsigned int events, unsigned int others)
{
	struct ring3_kernel_options options = { .nr_event_cpus = events, .nr_other_cpus = others };

	CHECK_EQ(ring3_kernel_start(&options), 0);
}

static void stop(void)
{
	CHECK_EQ(ring3_kernel_stop(), 0);
}

/* ---- schedule_timeout --------------------------------------------------------------- */

TEST(schedule_timeout_of_nothing_returns_at_once)
{
	unsigned long before;

	start(1, 1);
	before = jiffies;
	CHECK_EQ(schedule_timeout_interruptible(0), 0);
	CHECK_EQ(schedule_timeout_uninterruptible(0), 0);
	CHECK_EQ(READ_ONCE(current->__state), TASK_RUNNING);
	msleep(0);
	CHECK_LT(jiffies - before, 1000);
	stop();
}

TEST(schedule_timeout_of_a_negative_time_is_refused)
{
	start(1, 1);
	ring3_console_loglevel(-1);
	CHECK_EQ(schedule_timeout_uninterruptible(-5), 0);
	CHECK_EQ(READ_ONCE(current->__state), TASK_RUNNING);
	stop();
}

/* ---- a socket released by its own callback ------------------------------------------- */

static struct completion released;
static int callbacks;

static void release_in_callback(struct sock *sk)
{
	callbacks++;
	sock_release(sk->sk_socket);
	complete(&released);
}

static void counts_too(struct sock *sk)
{
	callbacks++;
}

static void nothing(void *info)
{
}

TEST(a_socket_may_be_released_by_its_callback)
{
	start(2, 1);
	for (int i = 0; i < 200; i++) {
		int fds[2], err, cpu = i % 2;
		struct socket *sock;

		CHECK_EQ(socketpair(1, 1, 0, fds), 0);
		sock = sockfd_lookup(fds[0], &err);
		CHECK(sock);
		callbacks = 0;
		init_completion(&released);
		sock->sk->sk_write_space = release_in_callback;
		sock->sk->sk_data_ready = counts_too;
		sock->sk->sk_state_change = counts_too;
		/* All three events at once: the first callback releases, the others must not come. */
		CHECK_EQ(write(fds[1], "x", 1), 1);
		CHECK_EQ(close(fds[1]), 0);
		CHECK_EQ(sock_setsockopt(sock, SOL_SOCKET, SO_INCOMING_CPU, KERNEL_SOCKPTR(&cpu), sizeof(cpu)), 0);
		wait_for_completion(&released);
		CHECK_EQ(smp_call_function_single(cpu, nothing, NULL, 1), 0);
		CHECK_EQ(callbacks, 1);
	}
	stop();
}

/* ---- work ------------------------------------------------------------------------------- */

static int inside, most_inside, runs;

static void slow_work(struct work_struct *work)
{
	int now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);

	if (now > READ_ONCE(most_inside))
		WRITE_ONCE(most_inside, now);
	__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST);
	msleep(3);
	__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

TEST(a_work_never_runs_twice_at_once)
{
	struct workqueue_struct *wq;
	struct work_struct work;

	start(1, 4);
	wq = alloc_workqueue("wide", 0, 8);
	INIT_WORK(&work, slow_work);
	for (int i = 0; i < 60; i++) {
		queue_work(wq, &work);
		msleep(1);
	}
	flush_work(&work);
	CHECK_GT(runs, 5);
	CHECK_EQ(most_inside, 1);
	destroy_workqueue(wq);
	stop();
}

static struct completion first_may_end;

static void waits_for_second(struct work_struct *work)
{
	wait_for_completion(&first_may_end);
}

static void lets_first_end(struct work_struct *work)
{
	complete(&first_may_end);
}

TEST(a_work_may_wait_for_one_queued_behind_it)
{
	struct work_struct first, second;

	start(1, 2);
	for (int i = 0; i < 50; i++) {
		init_completion(&first_may_end);
		INIT_WORK(&first, waits_for_second);
		INIT_WORK(&second, lets_first_end);
		schedule_work(&first);
		schedule_work(&second);
		flush_work(&first);
		flush_work(&second);
	}
	stop();
}

static struct workqueue_struct *again_wq;

static void queues_itself(struct work_struct *work)
{
	__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST);
	queue_work(again_wq, work);
}

TEST(flush_ends_and_cancel_holds_for_work_that_queues_itself)
{
	struct work_struct work;
	int seen;

	start(1, 2);
	again_wq = alloc_workqueue("again", 0, 4);
	INIT_WORK(&work, queues_itself);
	queue_work(again_wq, &work);
	for (int i = 0; i < 100; i++)
		flush_work(&work);
	flush_workqueue(again_wq);
	cancel_work_sync(&work);
	CHECK(!work_pending(&work));
	seen = __atomic_load_n(&runs, __ATOMIC_SEQ_CST);
	msleep(10);
	CHECK_EQ(__atomic_load_n(&runs, __ATOMIC_SEQ_CST), seen);
	destroy_workqueue(again_wq);
	stop();
}

static struct delayed_work again_later;

static void queues_itself_later(struct work_struct *work)
{
	__atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST);
	schedule_delayed_work(&again_later, 1);
}

TEST(delayed_work_that_queues_itself_can_be_cancelled)
{
	int seen;

	start(1, 2);
	INIT_DELAYED_WORK(&again_later, queues_itself_later);
	for (int i = 0; i < 20; i++) {
		schedule_delayed_work(&again_later, 0);
		msleep(i % 5);
		cancel_delayed_work_sync(&again_later);
		seen = __atomic_load_n(&runs, __ATOMIC_SEQ_CST);
		msleep(4);
		CHECK_EQ(__atomic_load_n(&runs, __ATOMIC_SEQ_CST), seen);
	}
	CHECK_EQ(mod_delayed_work(system_wq, &again_later, 100000), false);
	CHECK_EQ(mod_delayed_work(system_wq, &again_later, 1), true);
	msleep(20);
	cancel_delayed_work_sync(&again_later);
	stop();
}

/* ---- timers ------------------------------------------------------------------------------- */

static struct completion handler_entered;
static int handler_may_leave, handler_left;

static void slow_handler(struct timer_list *timer)
{
	complete(&handler_entered);
	while (!__atomic_load_n(&handler_may_leave, __ATOMIC_ACQUIRE))
		cpu_relax();
	udelay(20000);
	__atomic_store_n(&handler_left, 1, __ATOMIC_RELEASE);
}

TEST(del_timer_does_not_wait_for_the_handler_and_del_timer_sync_does)
{
	struct timer_list timer;

	start(1, 1);
	init_completion(&handler_entered);
	timer_setup(&timer, slow_handler, 0);
	mod_timer(&timer, jiffies + 1);
	wait_for_completion(&handler_entered);
	CHECK_EQ(del_timer(&timer), 0);
	CHECK_EQ(__atomic_load_n(&handler_left, __ATOMIC_ACQUIRE), 0);
	__atomic_store_n(&handler_may_leave, 1, __ATOMIC_RELEASE);
	CHECK_EQ(del_timer_sync(&timer), 0);
	CHECK_EQ(__atomic_load_n(&handler_left, __ATOMIC_ACQUIRE), 1);
	mod_timer(&timer, jiffies + 100000);
	CHECK_EQ(del_timer(&timer), 1);
	CHECK(!timer_pending(&timer));
	stop();
}

/* ---- calls ---------------------------------------------------------------------------------- */

static call_single_data_t csd;
static struct completion cpu_held;
static int cpu_may_go, calls;

static void hold_cpu(void *info)
{
	complete(&cpu_held);
	while (!__atomic_load_n(&cpu_may_go, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void count_call(void *info)
{
	/* Free again: a handler may post its own csd. */
	if (__atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) == 1)
		CHECK_EQ(smp_call_function_single_async(0, &csd), 0);
}

TEST(a_call_that_is_queued_is_busy)
{
	call_single_data_t holder;

	start(1, 1);
	init_completion(&cpu_held);
	INIT_CSD(&holder, hold_cpu, NULL);
	INIT_CSD(&csd, count_call, NULL);
	CHECK_EQ(smp_call_function_single_async(0, &holder), 0);
	wait_for_completion(&cpu_held);
	CHECK_EQ(smp_call_function_single_async(0, &csd), 0);
	CHECK_EQ(smp_call_function_single_async(0, &csd), -EBUSY);
	__atomic_store_n(&cpu_may_go, 1, __ATOMIC_RELEASE);
	for (int n = 0; n < 2000 && __atomic_load_n(&calls, __ATOMIC_SEQ_CST) < 2; n++)
		msleep(1);
	CHECK_EQ(calls, 2);
	stop();
}

/* ---- per-CPU data ------------------------------------------------------------------------------ */

struct counters {
	u8	small;
	long	big[40];
};

static DEFINE_PER_CPU(struct counters, static_counters) = { .small = 7, .big = { [3] = 33 } };
static DEFINE_PER_CPU(int, static_int);

TEST(per_cpu_members_lie_in_their_own_cpus_copy)
{
	struct counters *counters;
	u8 *small;
	long *last;

	start(2, 6);
	counters = alloc_percpu(struct counters);
	small = &counters->small;
	last = &counters->big[39];
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		CHECK_EQ(*per_cpu_ptr(last, cpu), 0);
		*per_cpu_ptr(small, cpu) = (u8)cpu;
		*per_cpu_ptr(last, cpu) = -(long)cpu;
	}
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		CHECK_EQ(per_cpu_ptr(counters, cpu)->small, cpu);
		CHECK_EQ(per_cpu_ptr(counters, cpu)->big[39], -(long)cpu);
		CHECK_EQ((char *)per_cpu_ptr(last, cpu) - (char *)per_cpu_ptr(counters, cpu),
			 (char *)last - (char *)counters);
	}
	free_percpu(counters);
	free_percpu(NULL);
	stop();
}

TEST(static_per_cpu_data_has_its_first_value_on_each_cpu)
{
	start(3, 5);
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		CHECK_EQ(per_cpu(static_counters, cpu).small, 7);
		CHECK_EQ(per_cpu(static_counters, cpu).big[3], 33);
		CHECK_EQ(per_cpu(static_int, cpu), 0);
		per_cpu(static_int, cpu) = (int)cpu + 1;
	}
	preempt_disable();
	CHECK_EQ(__this_cpu_read(static_int), smp_processor_id() + 1);
	CHECK_EQ(__this_cpu_add_return(static_int, 10), smp_processor_id() + 11);
	preempt_enable();
	CHECK_EQ(this_cpu_xchg(static_counters.small, 9), 7);
	stop();
}

static struct completion added;

static int add_per_cpu(void *data)
{
	for (int i = 0; i < 3000; i++) {
		this_cpu_inc(*(int *)data);
		this_cpu_add(static_int, 2);
	}
	complete(&added);
	return 0;
}

TEST(this_cpu_operations_of_many_threads_lose_nothing)
{
	struct task_struct *tasks[6];
	int *dynamic, sum = 0, static_sum = 0;

	start(1, 2);
	init_completion(&added);
	dynamic = alloc_percpu(int);
	for (int i = 0; i < 6; i++)
		tasks[i] = kthread_run(add_per_cpu, dynamic, "add/%d", i);
	/* One that is stopped before it ran never runs. */
	for (int i = 0; i < 6; i++)
		wait_for_completion(&added);
	for (int i = 0; i < 6; i++)
		kthread_stop(tasks[i]);
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		sum += *per_cpu_ptr(dynamic, cpu);
		static_sum += per_cpu(static_int, cpu);
	}
	CHECK_EQ(sum, 6 * 3000);
	CHECK_EQ(static_sum, 6 * 6000);
	free_percpu(dynamic);
	stop();
}

TEST(per_cpu_memory_is_found_given_back_and_refused)
{
	void *all[300];

	start(1, 1);
	ring3_console_loglevel(-1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 300; i++) {
			all[i] = __alloc_percpu(1000, 64);
			CHECK(all[i]);
			CHECK_EQ((unsigned long)all[i] % 64, 0);
			CHECK_EQ(*(char *)all[i], 0);
			memset(all[i], 0x5a, 1000);
		}
		for (int i = 0; i < 300; i++)
			free_percpu(all[i]);
	}
	CHECK(!__alloc_percpu(0, 8));
	CHECK(!__alloc_percpu(PCPU_MIN_UNIT_SIZE + 1, 8));
	CHECK(!__alloc_percpu(8, 24));
	all[0] = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4096);
	CHECK(all[0]);
	free_percpu(all[0]);
	stop();
}

/* ---- threads' ends: TSan judges -------------------------------------------------------------------- */

static int makes_no_noise(void *data)
{
	complete(data);
	return 0;
}

TEST(threads_start_and_end_without_a_race)
{
	struct task_struct *tasks[16];

	start(2, 2);
	for (int round = 0; round < 10; round++) {
		DECLARE_COMPLETION_ONSTACK(done);

		for (int i = 0; i < 16; i++)
			tasks[i] = kthread_run(makes_no_noise, &done, "quiet/%d", i);
		for (int i = 0; i < 16; i++)
			wait_for_completion(&done);
		for (int i = 0; i < 16; i++)
			kthread_stop(tasks[i]);
	}
	stop();
}
