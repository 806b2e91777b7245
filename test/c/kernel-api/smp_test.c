/* SPDX-License-Identifier: MIT */
/* Calls between virtual CPUs whose owners are busy: with calls of their own, with spinning, with work. */
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include "rig.h"

#define ROUNDS 200

static struct rig_thread threads[4];
static DEFINE_PER_CPU(long, counter);
static int cpu_of[2], both_in[ROUNDS];
static int flag, seen_in_task, depth;	/* atomic */

/* 0 and 1 are event CPUs; this thread is on 3, which no thread of a test keeps from it. */
static void start(void)
{
	struct cpumask third = { .bits = { 1 << 3 } };

	rig_start(2, 2);
	CHECK_EQ(set_cpus_allowed_ptr(current, &third), 0);
}

static void on_cpu(int thread, int (*fn)(long number), int cpu)
{
	threads[thread] = (struct rig_thread){ .fn = fn, .number = thread };
	threads[thread].task = kthread_create(rig_thread_main, &threads[thread], "test/%d", thread);
	CHECK(!IS_ERR(threads[thread].task));
	kthread_bind(threads[thread].task, (unsigned int)cpu);
	wake_up_process(threads[thread].task);
}

/* One that is stopped before it ran never does. */
static void join(int thread)
{
	while (!__atomic_load_n(&threads[thread].begun, __ATOMIC_ACQUIRE))
		usleep_range(50, 100);
	rig_join(&threads[thread], 1);
}

static void count(void *info)
{
	__this_cpu_inc(counter);
	if (in_task())
		__atomic_store_n(&seen_in_task, 1, __ATOMIC_RELAXED);
}

static void set_flag(void *info)
{
	__atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
}

static void wait_for_flag(void)
{
	while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
		cpu_relax();
}

/* ---- two that call each other ------------------------------------------------------------ */

/* Both own their CPU before either calls: neither is helped by the other's runner. */
static void meet(int round)
{
	__atomic_fetch_add(&both_in[round], 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&both_in[round], __ATOMIC_SEQ_CST) < 2)
		cpu_relax();
}

static int calls_the_other(long number)
{
	int other = cpu_of[!number];

	for (int i = 0; i < ROUNDS; i++) {
		if (i & 1)
			local_bh_disable();
		else
			preempt_disable();
		meet(i);
		CHECK_EQ(smp_call_function_single(other, count, NULL, 1), 0);
		if (i & 1)
			local_bh_enable();
		else
			preempt_enable();
	}
	return 0;
}

static void cross(int a, int b)
{
	start();
	cpu_of[0] = a;
	cpu_of[1] = b;
	on_cpu(0, calls_the_other, a);
	on_cpu(1, calls_the_other, b);
	join(0);
	join(1);
	CHECK_EQ(per_cpu(counter, a), ROUNDS);
	CHECK_EQ(per_cpu(counter, b), ROUNDS);
	CHECK(!seen_in_task);
	rig_stop();
}

TEST(calls_cross_between_two_shared_cpus)
{
	cross(2, 3);
}

TEST(calls_cross_between_an_event_cpu_and_a_shared_one)
{
	cross(0, 2);
}

TEST(calls_cross_between_two_event_cpus)
{
	cross(0, 1);
}

static int calls_all(long number)
{
	for (int i = 0; i < ROUNDS; i++) {
		preempt_disable();
		on_each_cpu(count, NULL, 1);
		preempt_enable();
	}
	return 0;
}

TEST(calls_of_all_to_all_cross)
{
	long sum = 0;
	int cpu;

	start();
	for (int i = 0; i < 4; i++)
		on_cpu(i, calls_all, i);
	for (int i = 0; i < 4; i++)
		join(i);
	for_each_possible_cpu(cpu)
		sum += per_cpu(counter, cpu);
	CHECK_EQ(sum, 4 * 4 * ROUNDS);
	rig_stop();
}

/* ---- one that holds its CPU for long ------------------------------------------------------- */

static int begun;

static int spins_for_the_flag(long number)
{
	preempt_disable();
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	wait_for_flag();
	preempt_enable();
	return 0;
}

static void wait_until_begun(void)
{
	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		usleep_range(50, 100);
}

static void call_a_spinner(int cpu)
{
	start();
	on_cpu(0, spins_for_the_flag, cpu);
	wait_until_begun();
	CHECK_EQ(smp_call_function_single(cpu, set_flag, NULL, 1), 0);
	join(0);
	rig_stop();
}

TEST(calls_reach_who_spins_on_a_shared_cpu)
{
	call_a_spinner(2);
}

TEST(calls_reach_who_spins_on_an_event_cpu)
{
	call_a_spinner(1);
}

static int region_over;

/* Neither waits nor ends soon: the call comes after it. */
static int works_for_long(long number)
{
	unsigned long end = jiffies + msecs_to_jiffies(60);

	preempt_disable();
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	while (time_before(jiffies, end))
		barrier();
	region_over = 1;
	preempt_enable();
	return 0;
}

static void look_whether_over(void *info)
{
	*(int *)info = region_over;
}

static void call_a_worker(int cpu)
{
	int was_over = 0;

	start();
	on_cpu(0, works_for_long, cpu);
	wait_until_begun();
	CHECK_EQ(smp_call_function_single(cpu, look_whether_over, &was_over, 1), 0);
	CHECK_EQ(was_over, 1);
	join(0);
	rig_stop();
}

TEST(calls_come_after_a_region_that_does_not_wait)
{
	call_a_worker(2);
}

TEST(calls_come_after_such_a_region_of_an_event_cpu)
{
	call_a_worker(0);
}

/* ---- one that spins for what the caller holds ------------------------------------------------ */

static DEFINE_SPINLOCK(spinlock);
static DEFINE_RWLOCK(rwlock);
static int wanting, kind;	/* kind: 0 spin, 1 read, 2 write */

static int wants_the_lock(long number)
{
	preempt_disable();
	__atomic_store_n(&wanting, 1, __ATOMIC_RELEASE);
	if (kind == 0) {
		spin_lock(&spinlock);
		spin_unlock(&spinlock);
	} else if (kind == 1) {
		read_lock(&rwlock);
		read_unlock(&rwlock);
	} else {
		write_lock(&rwlock);
		write_unlock(&rwlock);
	}
	preempt_enable();
	return 0;
}

static void hold_and_call(int of_kind)
{
	start();
	kind = of_kind;
	for (int cpu = 0; cpu < 4; cpu += 2) {
		__atomic_store_n(&wanting, 0, __ATOMIC_RELEASE);
		if (kind == 0)
			spin_lock(&spinlock);
		else
			write_lock(&rwlock);
		on_cpu(0, wants_the_lock, cpu);
		while (!__atomic_load_n(&wanting, __ATOMIC_ACQUIRE))
			cpu_relax();
		udelay(2000);	/* so that it sleeps for the word, if it ever does */
		CHECK_EQ(smp_call_function_single(cpu, count, NULL, 1), 0);
		CHECK_EQ(per_cpu(counter, cpu), 1);
		if (kind == 0)
			spin_unlock(&spinlock);
		else
			write_unlock(&rwlock);
		join(0);
	}
	rig_stop();
}

TEST(calls_reach_who_spins_for_the_callers_spinlock)
{
	hold_and_call(0);
}

TEST(calls_reach_who_spins_to_read_what_the_caller_writes)
{
	hold_and_call(1);
}

TEST(calls_reach_who_spins_to_write_what_the_caller_writes)
{
	hold_and_call(2);
}

/* ---- when they run, and when not ---------------------------------------------------------------- */

static int irqs_still_off;

static int keeps_interrupts_off(long number)
{
	local_irq_disable();
	irqs_still_off = 1;
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 20000; i++)
		cpu_relax();
	CHECK(!__atomic_load_n(&flag, __ATOMIC_ACQUIRE));
	preempt_disable();
	irqs_still_off = 0;
	local_irq_enable();
	wait_for_flag();
	preempt_enable();
	return 0;
}

static void set_flag_unless_off(void *info)
{
	CHECK(!irqs_still_off);
	set_flag(info);
}

TEST(calls_wait_while_interrupts_are_off)
{
	start();
	on_cpu(0, keeps_interrupts_off, 2);
	wait_until_begun();
	CHECK_EQ(smp_call_function_single(2, set_flag_unless_off, NULL, 1), 0);
	join(0);
	rig_stop();
}

static void not_inside_another(void *info)
{
	CHECK_EQ(__atomic_fetch_add(&depth, 1, __ATOMIC_RELAXED), 0);
	for (int i = 0; i < 500; i++)
		cpu_relax();
	CHECK_EQ(__atomic_fetch_sub(&depth, 1, __ATOMIC_RELAXED), 1);
	__this_cpu_inc(counter);
}

static int calls_the_third(long number)
{
	for (int i = 0; i < ROUNDS; i++)
		CHECK_EQ(smp_call_function_single(2, not_inside_another, NULL, 1), 0);
	if (__this_cpu_read(counter))
		return -EINVAL;
	return 0;
}

TEST(calls_do_not_run_inside_each_other)
{
	start();
	on_cpu(3, spins_for_the_flag, 2);
	wait_until_begun();
	for (int i = 0; i < 3; i++)
		on_cpu(i, calls_the_third, i < 2 ? i : 3);
	for (int i = 0; i < 3; i++)
		join(i);
	set_flag(NULL);
	join(3);
	CHECK_EQ(per_cpu(counter, 2), 3 * ROUNDS);
	rig_stop();
}

static void count_tasklet(struct tasklet_struct *t)
{
	__atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
}

static DECLARE_TASKLET(tasklet, count_tasklet);

static void schedule_it(void *info)
{
	tasklet_schedule(&tasklet);
}

/* The region ends with no local_bh_enable(): what the call raised runs all the same. */
static int spins_a_while(long number)
{
	preempt_disable();
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&wanting, __ATOMIC_ACQUIRE))
		cpu_relax();
	preempt_enable();
	return 0;
}

TEST(calls_may_raise_softirqs_of_a_cpu_that_spins)
{
	start();
	for (int cpu = 1; cpu < 3; cpu++) {
		begun = wanting = flag = 0;
		on_cpu(0, spins_a_while, cpu);
		wait_until_begun();
		CHECK_EQ(smp_call_function_single(cpu, schedule_it, NULL, 1), 0);
		__atomic_store_n(&wanting, 1, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
			msleep(1);
		join(0);
		tasklet_kill(&tasklet);
	}
	rig_stop();
}

TEST(calls_may_be_waited_for_by_a_reader)
{
	int cpu;

	start();
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		CHECK_EQ(smp_call_function_single(cpu, count, NULL, 1), 0);
		CHECK_EQ(per_cpu(counter, cpu), 1);
	}
	rcu_read_unlock();
	rig_stop();
}

TEST(calls_waited_for_with_interrupts_off_warn)
{
	unsigned long long seq;

	start();
	rig_quiet(&seq);
	local_irq_disable();
	CHECK_EQ(smp_call_function_single(2, count, NULL, 1), 0);
	local_irq_enable();
	CHECK(rig_said(&seq, "waits with interrupts off"));
	CHECK_EQ(per_cpu(counter, 2), 1);
	rig_stop();
}

TEST(calls_that_a_cpu_is_not_there_for_fail)
{
	start();
	CHECK_EQ(smp_call_function_single(4, count, NULL, 1), -ENXIO);
	CHECK_EQ(smp_call_function_single(-1, count, NULL, 0), -ENXIO);
	CHECK_EQ(smp_call_on_cpu(4, NULL, NULL, false), -ENXIO);
	rig_stop();
}
