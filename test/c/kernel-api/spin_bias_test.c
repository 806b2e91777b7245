/* SPDX-License-Identifier: MIT */
/*
 * A spinlock that one thread has had for itself a long time, so that it takes it without an
 * atomic operation, and what ends that: another that waits for it or tries it. The checks of
 * a lock that is taken twice or given up by another hold for such a one too.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "rig.h"

#define LONG	5000	/* more than a bias takes */
#define ENDED	0x40000000u
#define ROUNDS	20000	/* of a wake-up */

static struct rig_thread first[1], second[1], many[4];
static DEFINE_SPINLOCK(lock);
static int step;	/* atomic */
static int inside;	/* atomic: how many are */

static void go_to(int to) { __atomic_store_n(&step, to, __ATOMIC_SEQ_CST); }

/* Forever, if need be: the harness ends a test that hangs. */
static void wait_for(int at)
{
	while (__atomic_load_n(&step, __ATOMIC_SEQ_CST) < at)
		usleep_range(50, 100);
}

static void take_long(void)
{
	for (int i = 0; i < LONG; i++) {
		spin_lock(&lock);
		spin_unlock(&lock);
	}
}

static bool biased(void)
{
	return __atomic_load_n(&lock.bias, __ATOMIC_RELAXED) == (u32)current->pid;
}

static int holds_by_bias(long number)
{
	take_long();
	CHECK(biased());
	spin_lock(&lock);
	CHECK_EQ(lock.in, current->pid);
	CHECK(spin_is_locked(&lock));
	lockdep_assert_held(&lock);
	__atomic_store_n(&inside, 1, __ATOMIC_SEQ_CST);
	go_to(1);
	/* It tries, and then waits: for longer than it spins, too. */
	while (!spin_is_contended(&lock))
		cpu_relax();
	for (u64 until = ktime_get_ns() + 20 * NSEC_PER_MSEC; ktime_get_ns() < until;)
		CHECK_EQ(__atomic_load_n(&inside, __ATOMIC_SEQ_CST), 1);
	__atomic_store_n(&inside, 0, __ATOMIC_SEQ_CST);
	spin_unlock(&lock);
	wait_for(2);
	CHECK(!biased());
	/* Again, after a grace period, which was asked for. */
	while (!biased())
		take_long();
	go_to(3);
	return 0;
}

static int wants_it(long number)
{
	wait_for(1);
	CHECK(!spin_trylock(&lock));
	CHECK_NE(lock.bias, 0);		/* who only tried has ended nothing */
	spin_lock(&lock);
	CHECK_EQ(__atomic_load_n(&inside, __ATOMIC_SEQ_CST), 0);
	CHECK_NE(lock.bias & ENDED, 0);
	spin_unlock(&lock);
	go_to(2);
	wait_for(3);
	CHECK(spin_trylock(&lock));	/* free, so that the bias ends */
	CHECK_NE(lock.bias & ENDED, 0);
	spin_unlock(&lock);
	return 0;
}

TEST(spin_bias_ends_when_another_thread_wants_the_lock)
{
	rig_start(1, 3);
	rig_threads_on(first, 1, holds_by_bias, 1);
	rig_threads_on(second, 1, wants_it, 2);
	rig_join(first, 1);
	rig_join(second, 1);
	rig_stop();
}

static long count;	/* under the lock */

/* Long runs and short ones, so that the bias goes from one to the other in the middle of both. */
static int counts(long number)
{
	for (int run = 0; run < 20; run++) {
		for (int i = 0; i < (run & 1 ? 3000 + 100 * number : 7); i++) {
			while (i % 5 == number ? !spin_trylock(&lock) : (spin_lock(&lock), false))
				cpu_relax();
			CHECK_EQ(__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED), 0);
			count++;
			__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
			spin_unlock(&lock);
		}
		usleep_range(50, 500);
	}
	return 0;
}

TEST(spin_bias_keeps_all_others_out)
{
	long all = 0;

	rig_start(1, 5);
	rig_threads(many, 4, counts);
	rig_join(many, 4);
	for (long number = 0; number < 4; number++)
		all += 10 * 7 + 10 * (3000 + 100 * number);
	CHECK_EQ(count, all);
	rig_stop();
}

TEST(spin_trylock_of_a_biased_lock_that_is_held_fails)
{
	rig_start(1, 2);
	take_long();
	CHECK(biased());
	CHECK(spin_trylock(&lock));
	CHECK(!spin_trylock(&lock));
	CHECK_EQ(preempt_count(), 1);
	spin_unlock(&lock);
	CHECK(!spin_is_locked(&lock));
	rig_stop();
}

/* Also while it is given the bias. */
TEST(spin_lock_is_held_once_at_any_time)
{
	rig_start(1, 2);
	for (int i = 0; i < LONG; i++) {
		spin_lock(&lock);
		CHECK(!spin_trylock(&lock));
		CHECK_EQ(ring3_spin_owner(&lock), current->pid);
		spin_unlock(&lock);
		CHECK(!spin_is_locked(&lock));
	}
	CHECK(biased());
	rig_stop();
}

/*
 * Another had the bias, and stores to `in` only now: it takes that back. Here it is this thread
 * that stores, which makes a moment of it that lasts.
 */
TEST(spin_lock_is_held_though_another_looks_in)
{
	rig_start(1, 2);
	spin_lock(&lock);
	__atomic_store_n(&lock.in, 1, __ATOMIC_RELAXED);
	CHECK(ring3_spin_held(&lock));
	lockdep_assert_held(&lock);
	spin_unlock(&lock);
	CHECK(!ring3_spin_held(&lock));
	CHECK(!spin_trylock(&lock));
	CHECK_EQ(lock.owner, 0);
	CHECK_EQ(lock.in, 1);
	__atomic_store_n(&lock.in, 0, __ATOMIC_RELAXED);
	CHECK(spin_trylock(&lock));
	spin_unlock(&lock);
	rig_stop();
}

static int leaves(long number)
{
	take_long();
	CHECK(biased());
	return 0;
}

TEST(spin_bias_of_a_thread_that_is_gone_ends)
{
	rig_start(1, 2);
	rig_threads_on(first, 1, leaves, 1);
	rig_join(first, 1);
	CHECK(spin_trylock(&lock));
	CHECK_NE(lock.bias & ENDED, 0);
	CHECK_EQ(lock.in, 0);
	spin_unlock(&lock);
	while (!biased())
		take_long();
	rig_stop();
}

/* As memory that held a lock is used again, and as structures with a lock in them are copied. */
TEST(spin_lock_that_is_biased_is_set_up_again_and_copied)
{
	spinlock_t copy;

	rig_start(1, 2);
	take_long();
	CHECK(biased());
	copy = lock;
	spin_lock(&lock);
	spin_lock_nested(&copy, 1);
	CHECK_EQ(copy.in, current->pid);
	spin_unlock(&lock);
	CHECK(spin_is_locked(&copy));
	spin_unlock(&copy);
	spin_lock_init(&lock);
	CHECK(!biased());
	CHECK(spin_trylock(&lock));
	CHECK_EQ(lock.owner, current->pid);
	spin_unlock(&lock);
	take_long();
	CHECK(biased());
	rig_stop();
}

/* As it is before a kernel has asked the host for its barrier, and always where the host has none. */
TEST(spin_bias_is_not_given_without_the_host_s_barrier)
{
	CHECK(ring3_rcu_fences);
	take_long();
	CHECK_EQ(lock.bias, 0);
}

static DECLARE_WAIT_QUEUE_HEAD(queue);
static long ready, said;	/* atomic: rounds */

/* It is in the queue all the time, so that the queue's lock is the waker's. */
static int sleeps(long number)
{
	DECLARE_WAITQUEUE(entry, current);

	add_wait_queue(&queue, &entry);
	for (long round = 1; round <= ROUNDS; round++) {
		__atomic_store_n(&ready, round, __ATOMIC_RELEASE);
		for (int i = 0; i < round % 64; i++)
			cpu_relax();
		for (;;) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			if (READ_ONCE(said) == round)
				break;
			schedule();	/* for good, if the wake-up is lost */
		}
		__set_current_state(TASK_RUNNING);
	}
	remove_wait_queue(&queue, &entry);
	return 0;
}

static int wakes(long number)
{
	for (int i = 0; i < LONG; i++)
		wake_up(&queue);
	for (long round = 1; round <= ROUNDS; round++) {
		for (int i = 1; __atomic_load_n(&ready, __ATOMIC_ACQUIRE) != round; i++) {
			if (i % 1024)
				cpu_relax();
			else
				yield();
		}
		WRITE_ONCE(said, round);
		wake_up(&queue);
	}
	return 0;
}

TEST(spin_bias_of_a_wait_queue_loses_no_wakeup)
{
	rig_start(1, 3);
	rig_threads_on(first, 1, sleeps, 1);
	rig_threads_on(second, 1, wakes, 2);
	rig_join(first, 1);
	rig_join(second, 1);
	rig_stop();
}

TEST_DIES(spin_lock_of_a_biased_lock_twice_is_a_bug)
{
	rig_start(1, 2);
	take_long();
	if (!biased())
		return;
	spin_lock(&lock);
	spin_lock(&lock);
}

static int holds(long number)
{
	take_long();
	if (!biased())
		return 0;
	spin_lock(&lock);
	go_to(1);
	for (;;)
		cpu_relax();
}

static int unlocks(long number)
{
	wait_for(1);
	preempt_disable();
	spin_unlock(&lock);
	return 0;
}

TEST_DIES(spin_unlock_of_what_another_holds_by_its_bias_is_a_bug)
{
	rig_start(1, 3);
	rig_threads_on(second, 1, unlocks, 2);
	rig_threads_on(first, 1, holds, 1);
	rig_join(first, 1);
}
