/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU that one thread has had for itself a long time, so that it owns it without
 * an atomic operation, and what ends that: another that wants the CPU, a move, the thread's
 * end, a grace period that looks. And words that are given up while somebody sleeps for them.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include "rig.h"

#define SHARED	1	/* the first CPU that no event task has */
#define LONG	5000	/* regions: more than a bias takes */

static struct rig_thread first[1], second[1], many[8];
static int step;	/* atomic */
static long entered;	/* atomic: by the second thread */

static void go_to(int to) { __atomic_store_n(&step, to, __ATOMIC_SEQ_CST); }

/* Forever, if need be: the harness ends a test that hangs. */
static void wait_for(int at)
{
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < at)
		usleep_range(50, 100);
}

static void have_it_alone(void)
{
	for (int i = 0; i < LONG; i++) {
		preempt_disable();
		preempt_enable();
	}
}

static int inside_then_out(long number)
{
	have_it_alone();
	preempt_disable();
	go_to(1);
	while (!need_resched())
		cpu_relax();
	/* It waits, and so has not come in; for longer than it spins, too. */
	for (u64 until = ktime_get_ns() + 20 * NSEC_PER_MSEC; ktime_get_ns() < until;)
		CHECK_EQ(__atomic_load_n(&entered, __ATOMIC_SEQ_CST), 0);
	preempt_enable();
	wait_for(2);
	have_it_alone();
	return 0;
}

static int wants_in(long number)
{
	wait_for(1);
	preempt_disable();
	__atomic_store_n(&entered, 1, __ATOMIC_SEQ_CST);
	preempt_enable();
	go_to(2);
	return 0;
}

TEST(bias_ends_when_another_thread_wants_the_cpu)
{
	rig_start(1, 1);
	rig_threads_on(second, 1, wants_in, SHARED);
	rig_threads_on(first, 1, inside_then_out, SHARED);
	rig_join(first, 1);
	rig_join(second, 1);
	CHECK_EQ(entered, 1);
	rig_stop();
}

static DEFINE_PER_CPU(long, count);

/* Long runs and short ones, so that the bias goes from one to the other in the middle of both. */
static int in_turns(long number)
{
	for (int turn = 0; turn < 6; turn++) {
		for (int i = 0; i < LONG; i++) {
			preempt_disable();
			__this_cpu_inc(count);
			preempt_enable();
			if (turn % 2 && i % 100 == number)
				cpu_relax();
		}
		usleep_range(100 * (unsigned long)number, 1000);
	}
	return 0;
}

TEST(bias_that_goes_to_and_fro_lets_one_in_at_a_time)
{
	rig_start(1, 1);
	rig_threads_on(many, 3, in_turns, SHARED);
	rig_join(many, 3);
	CHECK_EQ(per_cpu(count, SHARED), 3 * 6 * LONG);
	rig_stop();
}

static int then_ends(long number)
{
	have_it_alone();
	return 0;
}

TEST(bias_ends_with_its_thread)
{
	rig_start(1, 1);
	for (int i = 0; i < 20; i++) {
		rig_threads_on(first, 1, then_ends, SHARED);
		rig_join(first, 1);
	}
	have_it_alone();	/* this one shares that CPU */
	rig_stop();
	/* And with the kernel: the next one's CPUs are others. */
	rig_start(1, 2);
	have_it_alone();
	rig_threads_on(many, 3, in_turns, SHARED + 1);
	rig_join(many, 3);
	CHECK_EQ(per_cpu(count, SHARED + 1), 3 * 6 * LONG);
	rig_stop();
}

static void move_to(struct task_struct *task, unsigned int cpu)
{
	struct cpumask mask = { .bits = { 1ul << cpu } };

	CHECK_EQ(set_cpus_allowed_ptr(task, &mask), 0);
}

static int moves(long number)
{
	unsigned int cpu;

	for (int i = 0; i < 10; i++) {
		have_it_alone();
		go_to(2 * i + 1);
		wait_for(2 * i + 2);	/* moved meanwhile */
		preempt_disable();
		cpu = smp_processor_id();
		CHECK_EQ(cpu, SHARED + !(i % 2));
		CHECK_EQ(task_cpu(current), cpu);
		preempt_enable();
		/* By itself, in the middle of a region: from the next one on. */
		preempt_disable();
		move_to(current, SHARED + i % 2);
		CHECK_EQ(smp_processor_id(), cpu);
		preempt_enable();
		preempt_disable();
		CHECK_EQ(smp_processor_id(), SHARED + i % 2);
		move_to(current, cpu);
		preempt_enable();
	}
	return 0;
}

TEST(bias_does_not_hold_a_thread_that_is_moved)
{
	rig_start(1, 2);
	rig_threads(first, 1, moves);
	move_to(first[0].task, SHARED);
	for (int i = 0; i < 10; i++) {
		wait_for(2 * i + 1);
		move_to(first[0].task, SHARED + !(i % 2));
		go_to(2 * i + 2);
	}
	rig_join(first, 1);
	rig_stop();
}

static long freed;	/* atomic */

static int reads_long(long number)
{
	have_it_alone();
	preempt_disable();
	go_to(1);
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < 2)
		cpu_relax();
	for (u64 until = ktime_get_ns() + 30 * NSEC_PER_MSEC; ktime_get_ns() < until;)
		CHECK_EQ(__atomic_load_n(&freed, __ATOMIC_SEQ_CST), 0);
	preempt_enable();
	return 0;
}

TEST(bias_is_seen_by_grace_periods)
{
	rig_start(1, 2);
	for (int i = 0; i < 3; i++) {
		go_to(0);
		__atomic_store_n(&freed, 0, __ATOMIC_SEQ_CST);
		rig_threads_on(first, 1, reads_long, SHARED);
		wait_for(1);
		go_to(2);
		synchronize_rcu();
		__atomic_store_n(&freed, 1, __ATOMIC_SEQ_CST);
		rig_join(first, 1);
		have_it_alone();
		synchronize_rcu();	/* of an idle CPU that somebody has the bias of */
	}
	rig_stop();
}

/* Neighbours, so that some of their words hash to one place. */
static spinlock_t locks[64];
static long sums[64];

static int sleeps_for_locks(long number)
{
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 64; i += 16) {
			u64 until;

			spin_lock(&locks[i]);
			sums[i]++;
			/* Longer than the others spin: they park. */
			until = ktime_get_ns() + (u64)(round % 3) * 20 * NSEC_PER_USEC;
			while (ktime_get_ns() < until)
				cpu_relax();
			spin_unlock(&locks[i]);
		}
	}
	return 0;
}

TEST(words_that_are_slept_for_wake_their_sleepers)
{
	rig_start(1, 8);
	for (int i = 0; i < 64; i++)
		spin_lock_init(&locks[i]);
	rig_threads(many, 8, sleeps_for_locks);
	rig_join(many, 8);
	for (int i = 0; i < 64; i += 16)
		CHECK_EQ(sums[i], 8 * 30);
	rig_stop();
}
