/* SPDX-License-Identifier: MIT */
/* SRCU, RCU across regions that overlap, and notifier chains on top of both. */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/notifier.h>
#include <linux/rcupdate_wait.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/timer.h>

#include "rig.h"

static struct rig_thread threads[4];
static int over, entered, passed;

/* ---- what one grace period covers --------------------------------------------------------- */

enum { ENTER, CROSS, LEAVE };
static void (*region)(int step);

static void rcu_into_preempt(int step)
{
	if (step == ENTER) {
		rcu_read_lock();
	} else if (step == CROSS) {
		preempt_disable();
		rcu_read_unlock();
	} else {
		preempt_enable();
	}
}

static void preempt_into_rcu(int step)
{
	if (step == ENTER) {
		preempt_disable();
	} else if (step == CROSS) {
		rcu_read_lock();
		rcu_read_lock();
		preempt_enable();
		rcu_read_unlock();
	} else {
		rcu_read_unlock();
	}
}

static void irqs_into_bh(int step)
{
	if (step == ENTER) {
		local_irq_disable();
	} else if (step == CROSS) {
		preempt_disable();
		local_irq_enable();
		local_bh_disable();
		preempt_enable();
	} else {
		local_bh_enable();
	}
}

static void spin_ms(int ms)
{
	u64 end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;

	while (ktime_get_ns() < end)
		cpu_relax();
}

static int reader_of_region(long number)
{
	region(ENTER);
	__atomic_store_n(&entered, 1, __ATOMIC_RELEASE);
	spin_ms(10);
	region(CROSS);
	spin_ms(10);
	CHECK(!__atomic_load_n(&passed, __ATOMIC_SEQ_CST));
	region(LEAVE);
	CHECK(preemptible() && !rcu_preempt_depth());
	return 0;
}

static void covers(void (*steps)(int step))
{
	region = steps;
	entered = passed = 0;
	rig_threads(threads, 1, reader_of_region);
	while (!__atomic_load_n(&entered, __ATOMIC_ACQUIRE))
		cpu_relax();
	synchronize_rcu();
	__atomic_store_n(&passed, 1, __ATOMIC_SEQ_CST);
	rig_join(threads, 1);
}

TEST(srcu_rcu_waits_for_regions_that_overlap_as_for_one)
{
	rig_start(1, 3);
	covers(rcu_into_preempt);
	covers(preempt_into_rcu);
	covers(irqs_into_bh);
	synchronize_rcu_expedited();
	synchronize_rcu_mult(call_rcu, call_rcu);
	rig_stop();
}

TEST_DIES(srcu_rcu_read_unlock_too_often)
{
	rig_start(1, 1);
	rcu_read_unlock();
}

/* Callbacks: in softirq context, on the CPU that queued them. */
struct tagged {
	struct rcu_head	rcu;
	unsigned int	cpu;
};
static int ran;

static void note_run(struct rcu_head *head)
{
	struct tagged *tagged = container_of(head, struct tagged, rcu);

	CHECK(in_serving_softirq());
	CHECK_EQ(smp_processor_id(), tagged->cpu);
	__atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
	kfree(tagged);
}

static int queue_many(long number)
{
	for (int i = 0; i < 300; i++) {
		struct tagged *tagged = kmalloc(sizeof(*tagged), GFP_KERNEL);

		preempt_disable();
		tagged->cpu = smp_processor_id();
		call_rcu(&tagged->rcu, note_run);
		preempt_enable();
	}
	return 0;
}

static void cpus_run_callbacks(unsigned int events, unsigned int others)
{
	ran = 0;
	rig_start(events, others);
	rig_threads(threads, 4, queue_many);
	rig_join(threads, 4);
	rcu_barrier();
	CHECK_EQ(ran, 1200);
	rig_stop();
}

TEST(srcu_rcu_callbacks_run_where_they_were_queued)
{
	cpus_run_callbacks(2, 3);
	cpus_run_callbacks(1, 1);
	cpus_run_callbacks(32, 32);
}

/* ---- SRCU --------------------------------------------------------------------------------- */

DEFINE_STATIC_SRCU(domain);

struct object {
	struct rcu_head	rcu;
	int		value;
};
static struct object __rcu *shared;

static int read_and_sleep(long number)
{
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		int idx = srcu_read_lock(&domain), inner = srcu_read_lock(&domain);
		struct object *object = srcu_dereference(shared, &domain);

		CHECK_EQ(object->value, 42);
		srcu_read_unlock(&domain, inner);
		usleep_range(20, 40);
		CHECK_EQ(object->value, 42);
		srcu_read_unlock(&domain, idx);
	}
	return 0;
}

static void free_object(struct rcu_head *head)
{
	struct object *object = container_of(head, struct object, rcu);

	CHECK(in_softirq());
	object->value = -1;
	kfree(object);
	__atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
}

TEST(srcu_readers_that_sleep_never_see_what_was_freed)
{
	int freed = 0;

	rig_start(1, 4);
	for (int i = 0; i < 200; i++) {
		struct object *fresh = kmalloc(sizeof(*fresh), GFP_KERNEL), *old = shared;

		fresh->value = 42;
		rcu_assign_pointer(shared, fresh);
		if (!i)
			rig_threads(threads, 4, read_and_sleep);
		if (!old)
			continue;
		freed++;
		if (i % 4) {
			call_srcu(&domain, &old->rcu, free_object);
			continue;
		}
		synchronize_srcu(&domain);
		local_bh_disable();
		free_object(&old->rcu);
		local_bh_enable();
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	rig_join(threads, 4);
	srcu_barrier(&domain);
	CHECK_EQ(ran, freed);
	kfree(shared);
	cleanup_srcu_struct(&domain);
	rig_stop();
}

TEST(srcu_cookies_and_misuse)
{
	struct srcu_struct ssp;
	unsigned long long seq;
	unsigned long cookie;
	int idx;

	rig_start(1, 1);
	CHECK_EQ(init_srcu_struct(&ssp), 0);
	cookie = start_poll_synchronize_srcu(&ssp);
	for (int i = 0; i < 2000 && !poll_state_synchronize_srcu(&ssp, cookie); i++)
		msleep(1);
	CHECK(poll_state_synchronize_srcu(&ssp, cookie));
	CHECK(!poll_state_synchronize_srcu(&ssp, get_state_synchronize_srcu(&ssp)));
	idx = srcu_read_lock(&ssp);
	rig_quiet(&seq);
	cleanup_srcu_struct(&ssp);
	CHECK(rig_said(&seq, "while it is read"));
	srcu_read_unlock(&ssp, idx);
	cleanup_srcu_struct(&ssp);
	rig_stop();
}

/* ---- notifiers ------------------------------------------------------------------------------ */

SRCU_NOTIFIER_HEAD_STATIC(srcu_chain);
static ATOMIC_NOTIFIER_HEAD(atomic_chain);
static BLOCKING_NOTIFIER_HEAD(blocking_chain);
static int calls;

static int sleeps_and_counts(struct notifier_block *nb, unsigned long action, void *data)
{
	msleep(1);
	calls++;
	return NOTIFY_OK;
}

static int counts(struct notifier_block *nb, unsigned long action, void *data)
{
	CHECK(rcu_preempt_depth());
	calls++;
	return NOTIFY_STOP;
}

TEST(srcu_notifier_chains_are_called_as_their_kind_may)
{
	struct notifier_block a = { .notifier_call = sleeps_and_counts }, b = { .notifier_call = sleeps_and_counts };
	struct notifier_block c = { .notifier_call = counts, .priority = 1 }, d = { .notifier_call = counts };

	rig_start(1, 1);
	CHECK_EQ(srcu_notifier_chain_register(&srcu_chain, &a), 0);
	CHECK_EQ(srcu_notifier_chain_register(&srcu_chain, &a), -EEXIST);
	CHECK_EQ(blocking_notifier_chain_register(&blocking_chain, &b), 0);
	CHECK_EQ(atomic_notifier_chain_register(&atomic_chain, &c), 0);
	CHECK_EQ(atomic_notifier_chain_register(&atomic_chain, &d), 0);
	CHECK_EQ(srcu_notifier_call_chain(&srcu_chain, 1, NULL), NOTIFY_OK);
	CHECK_EQ(blocking_notifier_call_chain(&blocking_chain, 1, NULL), NOTIFY_OK);
	CHECK_EQ(atomic_notifier_call_chain(&atomic_chain, 1, NULL), NOTIFY_STOP);
	CHECK_EQ(calls, 3);
	CHECK_EQ(srcu_notifier_chain_unregister(&srcu_chain, &a), 0);
	CHECK_EQ(srcu_notifier_chain_unregister(&srcu_chain, &a), -ENOENT);
	CHECK_EQ(blocking_notifier_chain_unregister(&blocking_chain, &b), 0);
	CHECK_EQ(atomic_notifier_chain_unregister(&atomic_chain, &c), 0);
	CHECK_EQ(atomic_notifier_chain_unregister(&atomic_chain, &d), 0);
	CHECK_EQ(atomic_notifier_call_chain(&atomic_chain, 1, NULL), NOTIFY_DONE);
	srcu_cleanup_notifier_head(&srcu_chain);
	rig_stop();
}
