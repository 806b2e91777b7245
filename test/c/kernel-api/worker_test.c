/* SPDX-License-Identifier: MIT */
/* Workers of one thread, and waiting for bits and words. */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "rig.h"

static struct kthread_worker *worker;
static int order[8], nr, runs;

struct numbered {
	struct kthread_work	work;
	int			number;
};

static void note(struct kthread_work *work)
{
	CHECK(current == worker->task);
	order[__atomic_fetch_add(&nr, 1, __ATOMIC_RELAXED) % 8] = container_of(work, struct numbered, work)->number;
}

static void again(struct kthread_work *work)
{
	__atomic_fetch_add(&runs, 1, __ATOMIC_RELAXED);
	msleep(1);
	kthread_queue_work(worker, work);
}

TEST(worker_runs_works_in_order_and_cancels)
{
	struct numbered works[4];
	struct kthread_delayed_work later;
	struct kthread_work self;
	int before;

	rig_start(1, 2);
	worker = kthread_create_worker_on_cpu(2, 0, "one/%d", 2);
	CHECK(!IS_ERR(worker));
	for (int i = 0; i < 4; i++) {
		kthread_init_work(&works[i].work, note);
		works[i].number = i;
		CHECK(kthread_queue_work(worker, &works[i].work));
	}
	kthread_flush_work(&works[2].work);
	CHECK_GE(__atomic_load_n(&nr, __ATOMIC_RELAXED), 3);	/* the fourth may run by now */
	kthread_flush_worker(worker);
	CHECK_EQ(nr, 4);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(order[i], i);

	kthread_init_work(&self, again);
	kthread_queue_work(worker, &self);
	while (!__atomic_load_n(&runs, __ATOMIC_RELAXED))
		msleep(1);
	kthread_cancel_work_sync(&self);
	before = runs;
	msleep(5);
	CHECK_EQ(runs, before);

	kthread_init_delayed_work(&later, again);
	CHECK(kthread_queue_delayed_work(worker, &later, 100000));
	CHECK(!kthread_queue_delayed_work(worker, &later, 1));
	CHECK(kthread_mod_delayed_work(worker, &later, 1));
	for (int i = 0; i < 2000 && __atomic_load_n(&runs, __ATOMIC_RELAXED) == before; i++)
		msleep(1);
	CHECK_GT(__atomic_load_n(&runs, __ATOMIC_RELAXED), before);
	kthread_cancel_delayed_work_sync(&later);
	CHECK(!kthread_cancel_delayed_work_sync(&later));
	kthread_destroy_worker(worker);
	rig_stop();
}

/* ---- works of one CPU ----------------------------------------------------------------------- */

static unsigned long seen_on;
static bool rcu_ran;

static void note_cpu(struct work_struct *work)
{
	CHECK(preemptible());
	__atomic_fetch_or(&seen_on, 1ul << smp_processor_id(), __ATOMIC_SEQ_CST);
}

static void note_rcu(struct work_struct *work)
{
	CHECK(preemptible());
	__atomic_store_n(&rcu_ran, true, __ATOMIC_SEQ_CST);
}

TEST(worker_work_runs_on_the_cpu_that_was_named)
{
	struct delayed_work later;
	struct rcu_work rwork;

	rig_start(2, 3);
	CHECK_EQ(schedule_on_each_cpu(note_cpu), 0);
	CHECK_EQ(seen_on, 31);
	seen_on = 0;
	INIT_DELAYED_WORK(&later, note_cpu);
	CHECK(queue_delayed_work_on(1, system_wq, &later, 100000));
	CHECK(mod_delayed_work_on(3, system_wq, &later, 1000));
	flush_delayed_work(&later);	/* false where it has run already */
	CHECK_EQ(seen_on, 1 << 3);

	INIT_RCU_WORK(&rwork, note_rcu);
	rcu_read_lock();
	CHECK(queue_rcu_work(system_wq, &rwork));
	CHECK(!queue_rcu_work(system_wq, &rwork));
	mdelay(5);
	CHECK(!__atomic_load_n(&rcu_ran, __ATOMIC_SEQ_CST));
	rcu_read_unlock();
	flush_rcu_work(&rwork);
	CHECK(rcu_ran);
	rig_stop();
}

/* ---- bits --------------------------------------------------------------------------------- */

static unsigned long word;
static long count, var;
static struct rig_thread threads[4];

static int count_under_bit(long number)
{
	for (int i = 0; i < 300; i++) {
		CHECK_EQ(wait_on_bit_lock(&word, 5, TASK_UNINTERRUPTIBLE), 0);
		count++;
		clear_and_wake_up_bit(5, &word);
	}
	return 0;
}

static int waits_for_var(long number)
{
	wait_var_event(&var, READ_ONCE(var) > number);
	return 0;
}

TEST(worker_bits_are_waited_for_and_locked)
{
	rig_start(1, 2);
	rig_threads(threads, 4, count_under_bit);
	rig_join(threads, 4);
	CHECK_EQ(count, 4 * 300);
	CHECK_EQ(wait_on_bit(&word, 5, TASK_UNINTERRUPTIBLE), 0);
	set_bit(5, &word);
	CHECK_EQ(wait_on_bit_timeout(&word, 5, TASK_UNINTERRUPTIBLE, 2), -EAGAIN);
	send_sig(SIGINT, current, 0);
	CHECK_EQ(wait_on_bit(&word, 5, TASK_INTERRUPTIBLE), -EINTR);
	flush_signals(current);
	rig_threads(threads, 4, waits_for_var);
	for (int i = 1; i <= 4; i++) {
		WRITE_ONCE(var, i);
		wake_up_var(&var);
	}
	rig_join(threads, 4);
	rig_stop();
}

/* ---- how many workers a queue makes ---------------------------------------------------- */

#define CHAIN	8

static struct completion ran[CHAIN + 1];
static struct work_struct chain[CHAIN];

static void check_workers(const char *queue, int workers)
{
	static char buf[65536];
	char wanted[100];

	CHECK_GT(ring3_workqueues(buf, sizeof(buf)), 0);
	snprintf(wanted, sizeof(wanted), "{\"name\":\"%s\",\"waiting\":0,\"workers\":%d,", queue, workers);
	if (!strstr(buf, wanted))
		test_fail(__FILE__, __LINE__, "no %s in %s", wanted, buf);
}

static void completes(struct work_struct *work)
{
	complete(&ran[0]);
}

/* It is queued while its last run has not ended, and no other worker could run it. */
TEST(worker_of_a_work_that_is_queued_as_it_runs_stays_the_only_one)
{
	struct workqueue_struct *wq;
	struct work_struct work;

	rig_start(1, 4);
	wq = alloc_workqueue("again", 0, 0);
	INIT_WORK(&work, completes);
	init_completion(&ran[0]);
	for (int i = 0; i < 1000; i++) {
		CHECK(queue_work(wq, &work));
		wait_for_completion(&ran[0]);
	}
	flush_workqueue(wq);
	check_workers("again", 1);
	destroy_workqueue(wq);
	rig_stop();
}

/* Each waits for the one that was queued after it. */
static void waits_for_next(struct work_struct *work)
{
	long number = work - chain;

	wait_for_completion(&ran[number + 1]);
	complete(&ran[number]);
}

TEST(worker_calls_the_next_for_works_that_wait_for_each_other)
{
	struct workqueue_struct *wq;

	rig_start(1, 2);
	wq = alloc_workqueue("chain", 0, 0);
	for (int i = 0; i < CHAIN; i++)
		INIT_WORK(&chain[i], waits_for_next);
	/* First workers are made, then those that are idle are called. */
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i <= CHAIN; i++)
			init_completion(&ran[i]);
		for (int i = 0; i < CHAIN; i++)
			CHECK(queue_work(wq, &chain[i]));
		complete(&ran[CHAIN]);
		wait_for_completion(&ran[0]);
		flush_workqueue(wq);
	}
	for (int i = 0; i <= CHAIN; i++)
		init_completion(&ran[i]);
	for (int i = 0; i < CHAIN; i++)
		queue_work(wq, &chain[i]);
	/* All of them run now, or will: the last one has not been let go. */
	while (work_pending(&chain[CHAIN - 1]))
		usleep_range(50, 100);
	check_workers("chain", CHAIN);
	complete(&ran[CHAIN]);
	flush_workqueue(wq);
	destroy_workqueue(wq);
	rig_stop();
}

/* ---- work queues whose works wait for each other ------------------------------------------- */

enum { WAITING = 100 };
static struct completion all_run;
static atomic_t nr_running;

static void wait_for_all(struct work_struct *work)
{
	if (atomic_inc_return(&nr_running) == WAITING)
		complete_all(&all_run);
	wait_for_completion(&all_run);
}

TEST(works_that_wait_for_each_other_all_run)
{
	struct workqueue_struct *wq;
	struct work_struct works[WAITING];

	rig_start(2, 2);
	wq = alloc_workqueue("waiting", WQ_UNBOUND, 0);
	init_completion(&all_run);
	for (int i = 0; i < WAITING; i++) {
		INIT_WORK(&works[i], wait_for_all);
		CHECK(queue_work(wq, &works[i]));
	}
	flush_workqueue(wq);
	CHECK_EQ(atomic_read(&nr_running), WAITING);
	destroy_workqueue(wq);
	rig_stop();
}

static struct completion twenty_run;

static void wait_for_the_end(struct work_struct *work)
{
	if (atomic_inc_return(&nr_running) == 20)
		complete(&twenty_run);
	wait_for_completion(&all_run);
}

TEST(no_more_works_run_than_max_active)
{
	struct workqueue_struct *wq;
	struct work_struct works[40];

	rig_start(2, 2);
	wq = alloc_workqueue("waiting", WQ_UNBOUND, 20);
	init_completion(&all_run);
	init_completion(&twenty_run);
	for (int i = 0; i < 40; i++) {
		INIT_WORK(&works[i], wait_for_the_end);
		CHECK(queue_work(wq, &works[i]));
	}
	wait_for_completion(&twenty_run);
	msleep(100);
	CHECK_EQ(atomic_read(&nr_running), 20);
	complete_all(&all_run);
	flush_workqueue(wq);
	CHECK_EQ(atomic_read(&nr_running), 40);
	destroy_workqueue(wq);
	rig_stop();
}
