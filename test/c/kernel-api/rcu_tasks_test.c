/* SPDX-License-Identifier: MIT */
/* Tasks RCU, rude and tracing: who is waited for, who is not; callbacks and barriers. */
#include <linux/interrupt.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_trace.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "rig.h"

enum { CLASSIC, RUDE, TRACE };

static struct rig_thread threads[4];
static int may_go, ended, sleeps;	/* atomic */

static int waits_for_classic(long number)
{
	synchronize_rcu_tasks();
	__atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
	return 0;
}

static int waits_for_rude(long number)
{
	synchronize_rcu_tasks_rude();
	__atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
	return 0;
}

static int waits_for_trace(long number)
{
	synchronize_rcu_tasks_trace();
	__atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
	return 0;
}

static bool has_ended(void)
{
	return __atomic_load_n(&ended, __ATOMIC_ACQUIRE);
}

static bool goes(void)
{
	return __atomic_load_n(&may_go, __ATOMIC_ACQUIRE);
}

static void let_go(void)
{
	__atomic_store_n(&may_go, 1, __ATOMIC_RELEASE);
}

/* A grace period that may not end: none of so many looks finds it ended. */
static void never_ends_so_far(void)
{
	for (int i = 0; i < 30; i++) {
		CHECK(!has_ended());
		usleep_range(1000, 2000);
	}
}

/* ---- the first kind --------------------------------------------------------------------- */

/* Preemptible all the time, but it never sleeps, and after @sleeps says that it did, or does. */
static int spins_preemptibly(long number)
{
	while (!goes()) {
		preempt_disable();
		preempt_enable();
		rcu_read_lock();
		rcu_read_unlock();
		cond_resched();
	}
	return 0;
}

TEST(rcu_tasks_waits_for_a_kthread_that_does_not_sleep)
{
	rig_start(1, 3);
	rig_threads(threads, 1, spins_preemptibly);
	rig_threads(threads + 1, 1, waits_for_classic);
	never_ends_so_far();
	let_go();
	rig_join(threads, 2);
	CHECK(has_ended());
	rig_stop();
}

static int says_that_it_slept(long number)
{
	while (!goes())
		if (__atomic_load_n(&sleeps, __ATOMIC_ACQUIRE))
			cond_resched_tasks_rcu_qs();
	return 0;
}

TEST(rcu_tasks_takes_a_word_for_a_sleep)
{
	rig_start(1, 3);
	rig_threads(threads, 1, says_that_it_slept);
	rig_threads(threads + 1, 1, waits_for_classic);
	never_ends_so_far();
	__atomic_store_n(&sleeps, 1, __ATOMIC_RELEASE);
	rig_join(threads + 1, 1);	/* while the first runs on */
	CHECK(has_ended());
	let_go();
	rig_join(threads, 1);
	rig_stop();
}

static int never_runs(void *data)
{
	return 0;
}

static int sleeps_for_ever(long number)
{
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

TEST(rcu_tasks_does_not_wait_for_sleepers_nor_for_the_host)
{
	struct task_struct *never;

	rig_start(2, 2);
	rig_threads(threads, 2, sleeps_for_ever);
	never = kthread_create(never_runs, NULL, "never ran");
	CHECK(!IS_ERR(never));
	rcu_read_lock_trace();
	synchronize_rcu_tasks();	/* this thread is not of the kernel's, and the readers of others are no matter */
	synchronize_rcu_tasks_rude();
	rcu_read_unlock_trace();
	synchronize_rcu_tasks_trace();
	CHECK_EQ(kthread_stop(never), -EINTR);
	rig_join(threads, 2);
	rig_stop();
}

static DEFINE_SRCU(srcu);
static struct work_struct work;

static void work_waits(struct work_struct *w)
{
	synchronize_rcu_tasks();
	__atomic_store_n(&ended, 1, __ATOMIC_RELEASE);
}

static int waits_for_srcu(long number)
{
	synchronize_srcu(&srcu);
	return 0;
}

/* Who waits for another kind sleeps, and is not waited for: else these would wait for each other. */
TEST(rcu_tasks_does_not_wait_for_who_waits)
{
	int idx;

	rig_start(1, 3);
	idx = srcu_read_lock(&srcu);
	rig_threads(threads, 1, waits_for_srcu);
	INIT_WORK(&work, work_waits);
	schedule_work(&work);
	flush_work(&work);
	CHECK(has_ended());
	srcu_read_unlock(&srcu, idx);
	rig_join(threads, 1);
	cleanup_srcu_struct(&srcu);
	rig_stop();
}

/* ---- rude, and tracing --------------------------------------------------------------------- */

static int begun;

static int keeps_its_cpu(long number)
{
	preempt_disable();
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	while (!goes())
		cpu_relax();
	preempt_enable();
	return 0;
}

TEST(rcu_tasks_rude_waits_for_regions_only)
{
	struct cpumask third = { .bits = { 1 << 3 } };

	rig_start(1, 3);
	CHECK_EQ(set_cpus_allowed_ptr(current, &third), 0);
	rig_threads_on(threads, 1, spins_preemptibly, 1);
	synchronize_rcu_tasks_rude();	/* though that one never sleeps */
	rig_threads_on(threads + 1, 1, keeps_its_cpu, 2);
	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		usleep_range(50, 100);
	rig_threads_on(threads + 2, 1, waits_for_rude, 3);
	never_ends_so_far();
	let_go();
	rig_join(threads, 3);
	CHECK(has_ended());
	rig_stop();
}

static int reads_and_sleeps(long number)
{
	rcu_read_lock_trace();
	rcu_read_lock_trace();
	rcu_read_unlock_trace();
	CHECK(rcu_read_lock_trace_held());
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	while (!goes())
		msleep(1);
	CHECK(!has_ended());
	rcu_read_unlock_trace();
	CHECK(!rcu_read_lock_trace_held());
	return 0;
}

TEST(rcu_tasks_trace_waits_for_readers_that_sleep)
{
	rig_start(1, 3);
	rig_threads(threads, 1, reads_and_sleeps);
	while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
		usleep_range(50, 100);
	synchronize_rcu_tasks();
	synchronize_rcu_tasks_rude();
	rig_threads(threads + 1, 1, waits_for_trace);
	never_ends_so_far();
	let_go();
	rig_join(threads, 2);
	CHECK(has_ended());
	rig_stop();
}

static int reads_for_ever(long number)
{
	rcu_read_lock_trace();
	return 0;
}

TEST(rcu_tasks_trace_misuse_warns)
{
	unsigned long long seq;

	rig_start(1, 2);
	rig_quiet(&seq);
	rcu_read_unlock_trace();
	CHECK(rig_said(&seq, "without rcu_read_lock_trace"));
	CHECK(!rcu_read_lock_trace_held());
	rig_threads(threads, 1, reads_for_ever);
	rig_join(threads, 1);
	CHECK(rig_said(&seq, "ended inside rcu_read_lock_trace"));
	synchronize_rcu_tasks_trace();	/* and it does not hold this up */
	rig_stop();
}

/* ---- callbacks ------------------------------------------------------------------------- */

#define NR 500

struct thing {
	struct rcu_head	head;
	int		nr, kind;
};

static int done[3];	/* atomic */

static void thing_done(struct rcu_head *head)
{
	struct thing *thing = container_of(head, struct thing, head);

	CHECK(in_softirq());
	CHECK_EQ(__atomic_fetch_add(&done[thing->kind], 1, __ATOMIC_SEQ_CST), thing->nr);
	kfree(thing);
}

static void queue_thing(int kind, int nr)
{
	struct thing *thing = kmalloc(sizeof(*thing), GFP_ATOMIC);

	CHECK(thing);
	thing->kind = kind;
	thing->nr = nr;
	(kind == CLASSIC ? call_rcu_tasks : kind == RUDE ? call_rcu_tasks_rude : call_rcu_tasks_trace)(
		&thing->head, thing_done);
}

TEST(rcu_tasks_callbacks_run_in_order_and_before_the_barrier)
{
	unsigned long long seq;

	rig_start(1, 2);
	rig_quiet(&seq);
	for (int i = 0; i < NR; i++) {
		local_irq_disable();
		for (int kind = CLASSIC; kind <= TRACE; kind++)
			queue_thing(kind, i);
		local_irq_enable();
	}
	rcu_barrier_tasks();
	CHECK_EQ(done[CLASSIC], NR);
	rcu_barrier_tasks_rude();
	CHECK_EQ(done[RUDE], NR);
	rcu_barrier_tasks_trace();
	CHECK_EQ(done[TRACE], NR);
	synchronize_rcu_mult(call_rcu_tasks, call_rcu_tasks_rude, call_rcu_tasks_trace, call_rcu);
	CHECK(!rig_said(&seq, "WARNING"));
	rig_stop();
}

static void queue_again(struct rcu_head *head)
{
	if (__atomic_add_fetch(&done[CLASSIC], 1, __ATOMIC_SEQ_CST) < 20)
		call_rcu_tasks(head, queue_again);
}

TEST(rcu_tasks_callbacks_that_queue_themselves_end_with_the_kernel)
{
	static struct rcu_head head;

	rig_start(1, 2);
	call_rcu_tasks(&head, queue_again);
	queue_thing(TRACE, 0);
	queue_thing(RUDE, 0);
	rig_stop();
	CHECK_EQ(done[CLASSIC], 20);
	CHECK_EQ(done[RUDE] + done[TRACE], 2);
}

/* ---- what it is for: nobody is in code that is gone ------------------------------------------ */

struct trampoline {
	struct rcu_head	head;
	long		word;
};

static struct trampoline *trampoline;	/* atomic */
static int changes;

/* Between two sleeps it uses what it took. */
static int uses_trampolines(long number)
{
	for (int i = 0; !goes(); i++) {
		struct trampoline *t = __atomic_load_n(&trampoline, __ATOMIC_ACQUIRE);

		for (int look = 0; look < 50; look++) {
			CHECK_EQ(__atomic_load_n(&t->word, __ATOMIC_RELAXED), 42);
			if (!(look % 10))
				cond_resched();
		}
		if (i & 1)
			cond_resched_tasks_rcu_qs();
		else
			schedule_timeout_uninterruptible(0);
	}
	return 0;
}

static void trampoline_free(struct rcu_head *head)
{
	struct trampoline *t = container_of(head, struct trampoline, head);

	__atomic_store_n(&t->word, -1, __ATOMIC_RELAXED);
	kfree(t);
	__atomic_fetch_add(&changes, 1, __ATOMIC_RELEASE);
}

static struct trampoline *trampoline_new(void)
{
	struct trampoline *t = kmalloc(sizeof(*t), GFP_KERNEL);

	CHECK(t);
	t->word = 42;
	return t;
}

TEST(rcu_tasks_keeps_what_a_kthread_runs_in)
{
	trampoline = NULL;
	rig_start(1, 3);
	__atomic_store_n(&trampoline, trampoline_new(), __ATOMIC_RELEASE);
	rig_threads(threads, 3, uses_trampolines);
	for (int i = 0; i < 100; i++) {
		struct trampoline *was = __atomic_exchange_n(&trampoline, trampoline_new(), __ATOMIC_ACQ_REL);

		if (i & 1) {
			synchronize_rcu_tasks();
			trampoline_free(&was->head);
		} else {
			call_rcu_tasks(&was->head, trampoline_free);
		}
	}
	rcu_barrier_tasks();
	CHECK_EQ(changes, 100);
	let_go();
	rig_join(threads, 3);
	kfree(trampoline);
	rig_stop();
}
