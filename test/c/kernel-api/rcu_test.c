/* SPDX-License-Identifier: MIT */
/* RCU: what a grace period waits for, and what callbacks may rely on. Under TSan too. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "harness.h"

static void start(unsigned int events, unsigned int others)
{
	struct ring3_kernel_options options = { .nr_event_cpus = events, .nr_other_cpus = others };

	CHECK_EQ(ring3_kernel_start(&options), 0);
}

static void stop(void)
{
	CHECK_EQ(ring3_kernel_stop(), 0);
}

/* ---- readers see whole objects while writers replace and free them ------------------------ */

enum { READERS = 4, UPDATES = 300, GOOD = 0x600d, BAD = 0xbad };

struct object {
	int		a, b;
	struct rcu_head	rcu;
};

static struct object *shared;
static bool over;		/* atomic */
static long reads;		/* atomic */
static int running;		/* atomic: one that is stopped before it runs never does */

static void poison(struct rcu_head *head)
{
	struct object *object = container_of(head, struct object, rcu);

	CHECK(in_serving_softirq());
	object->a = BAD;
	kfree(object);
}

/* @how: rcu_read_lock(), or a region with preemption or bottom halves disabled. */
static int reader(void *how)
{
	__atomic_fetch_add(&running, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		struct object *object;

		switch ((long)how) {
		case 0:
			rcu_read_lock();
			rcu_read_lock();
			break;
		case 1:
			preempt_disable();
			break;
		default:
			local_bh_disable();
		}
		object = rcu_dereference(shared);
		CHECK_EQ(object->a, GOOD);
		for (int i = 0; i < 50; i++)
			cpu_relax();
		CHECK_EQ(object->b, GOOD);
		CHECK_EQ(object->a, GOOD);
		switch ((long)how) {
		case 0:
			rcu_read_unlock();
			rcu_read_unlock();
			break;
		case 1:
			preempt_enable();
			break;
		default:
			local_bh_enable();
		}
		__atomic_fetch_add(&reads, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static struct object *fresh(void)
{
	struct object *object = kmalloc(sizeof(*object), GFP_KERNEL);

	CHECK(object);
	object->a = object->b = GOOD;
	return object;
}

static void read_in_softirq(struct tasklet_struct *t)
{
	struct object *object = rcu_dereference(shared);	/* no rcu_read_lock(): the handler is one */

	CHECK_EQ(object->a, GOOD);
	udelay(20);
	CHECK_EQ(object->b, GOOD);
}

TEST(readers_never_see_what_was_freed)
{
	struct task_struct *threads[READERS];
	struct tasklet_struct tasklet;

	start(2, 3);
	shared = fresh();
	tasklet_setup(&tasklet, read_in_softirq);
	for (long i = 0; i < READERS; i++)
		threads[i] = kthread_run(reader, (void *)(i % 3), "reader/%ld", i);
	for (int i = 0; i < UPDATES; i++) {
		struct object *old = shared;

		rcu_assign_pointer(shared, fresh());
		tasklet_schedule(&tasklet);
		switch (i % 3) {
		case 0:
			call_rcu(&old->rcu, poison);
			break;
		case 1:
			synchronize_rcu();
			old->a = BAD;
			kfree(old);
			break;
		default:
			kfree_rcu(old, rcu);
		}
	}
	while (__atomic_load_n(&running, __ATOMIC_RELAXED) < READERS)
		msleep(1);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < READERS; i++)
		CHECK_EQ(kthread_stop(threads[i]), 0);
	tasklet_kill(&tasklet);
	rcu_barrier();
	CHECK_GT(__atomic_load_n(&reads, __ATOMIC_RELAXED), 0);
	kfree(shared);
	stop();
}

/* ---- a grace period does not end under a reader --------------------------------------------- */

static DECLARE_COMPLETION(inside);
static DECLARE_COMPLETION(leave);
static bool left;		/* atomic */

static int long_reader(void *data)
{
	rcu_read_lock();
	complete(&inside);
	mdelay(30);
	__atomic_store_n(&left, true, __ATOMIC_RELEASE);
	rcu_read_unlock();
	return 0;
}

TEST(synchronize_waits_for_the_reader_before_it)
{
	struct task_struct *thread;

	start(1, 2);
	thread = kthread_run(long_reader, NULL, "long");
	wait_for_completion(&inside);
	synchronize_rcu();
	CHECK(__atomic_load_n(&left, __ATOMIC_ACQUIRE));
	kthread_stop(thread);
	stop();
}

static void long_handler(struct tasklet_struct *t)
{
	complete(&inside);
	mdelay(30);
	__atomic_store_n(&left, true, __ATOMIC_RELEASE);
}

TEST(synchronize_waits_for_the_handler_that_runs)
{
	struct tasklet_struct tasklet;

	start(1, 2);
	tasklet_setup(&tasklet, long_handler);
	tasklet_schedule(&tasklet);
	wait_for_completion(&inside);
	synchronize_rcu();
	CHECK(__atomic_load_n(&left, __ATOMIC_ACQUIRE));
	stop();
}

/* ---- callbacks: in order, counted by barriers, and cookies -------------------------------------- */

enum { CALLBACKS = 500 };

static int order[CALLBACKS], nr_ran;

struct numbered {
	struct rcu_head	rcu;
	int		number;
};

static void ran(struct rcu_head *head)
{
	order[nr_ran++] = container_of(head, struct numbered, rcu)->number;
}

TEST(barrier_means_all_callbacks_have_run_in_their_order)
{
	struct numbered *all;

	start(1, 1);
	all = kcalloc(CALLBACKS, sizeof(*all), GFP_KERNEL);
	for (int i = 0; i < CALLBACKS; i++) {
		all[i].number = i;
		call_rcu(&all[i].rcu, ran);
	}
	rcu_barrier();
	CHECK_EQ(nr_ran, CALLBACKS);
	for (int i = 0; i < CALLBACKS; i++)
		CHECK_EQ(order[i], i);
	kfree(all);
	stop();
}

TEST(cookies_tell_when_a_grace_period_has_passed)
{
	unsigned long state;

	start(1, 1);
	state = get_state_synchronize_rcu();
	CHECK(!poll_state_synchronize_rcu(state));
	synchronize_rcu();
	CHECK(poll_state_synchronize_rcu(state));
	state = start_poll_synchronize_rcu();
	for (int i = 0; i < 2000 && !poll_state_synchronize_rcu(state); i++)
		msleep(1);
	CHECK(poll_state_synchronize_rcu(state));
	cond_synchronize_rcu(state);
	kfree_rcu((struct object *)NULL, rcu);
	stop();
}

TEST_DIES(sleeping_under_rcu_read_lock_is_a_bug)
{
	start(1, 1);
	rcu_read_lock();
	msleep(1);
}

TEST_DIES(synchronizing_under_rcu_read_lock_is_a_bug)
{
	start(1, 1);
	rcu_read_lock();
	synchronize_rcu();
}

/* ---- lists ------------------------------------------------------------------------------------ */

struct entry {
	struct list_head	list;
	struct rcu_head		rcu;
	int			number, check;
};

static LIST_HEAD(entries);
static DEFINE_SPINLOCK(entries_lock);

static int walker(void *data)
{
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		struct entry *entry;
		int last = -1;

		rcu_read_lock();
		list_for_each_entry_rcu(entry, &entries, list) {
			CHECK_EQ(entry->check, ~entry->number);
			CHECK_GT(entry->number, last);
			last = entry->number;
		}
		rcu_read_unlock();
	}
	return 0;
}

TEST(lists_are_walked_while_they_change)
{
	struct task_struct *thread;

	start(1, 2);
	thread = kthread_run(walker, NULL, "walker");
	for (int i = 0; i < 2000; i++) {
		struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

		entry->number = i;
		entry->check = ~i;
		spin_lock(&entries_lock);
		list_add_tail_rcu(&entry->list, &entries);
		if (i >= 10) {
			struct entry *first = list_first_entry(&entries, struct entry, list);

			list_del_rcu(&first->list);
			kfree_rcu(first, rcu);
		}
		spin_unlock(&entries_lock);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	kthread_stop(thread);
	rcu_barrier();
	stop();
}
