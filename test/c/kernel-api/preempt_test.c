/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: counts, contexts, who owns one when; softirqs at the outermost enable; what a debug kernel notices. */
#include <linux/completion.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "rig.h"

TEST(preempt_counts_say_which_context_it_is)
{
	unsigned long flags, inner;
	DEFINE_SPINLOCK(lock);

	rig_start(1, 1);
	CHECK_EQ(preempt_count(), 0);
	CHECK(in_task() && preemptible() && !in_atomic() && !in_interrupt());
	preempt_disable();
	CHECK_EQ(preempt_count(), PREEMPT_OFFSET);
	CHECK(in_atomic() && in_task() && !in_softirq());
	local_bh_disable();
	CHECK_EQ(preempt_count(), PREEMPT_OFFSET + SOFTIRQ_DISABLE_OFFSET);
	CHECK(in_softirq() && !in_serving_softirq() && in_task() && in_interrupt());
	local_bh_enable();
	preempt_enable();
	CHECK(preemptible());

	/* Interrupts off is a state, not a count, and not "atomic" to in_atomic(). */
	local_irq_save(flags);
	CHECK(irqs_disabled() && !in_atomic() && !preemptible());
	local_irq_save(inner);
	local_irq_restore(inner);
	CHECK(irqs_disabled());
	local_irq_restore(flags);
	CHECK(!irqs_disabled() && preemptible());

	spin_lock_irqsave(&lock, flags);
	CHECK(irqs_disabled());
	CHECK_EQ(preempt_count(), 1);
	spin_unlock_irqrestore(&lock, flags);
	CHECK(preemptible());
	/* As there: the inner one enables what the outer one disabled. */
	local_irq_disable();
	spin_lock_irq(&lock);
	spin_unlock_irq(&lock);
	CHECK(!irqs_disabled() && preemptible());
	rig_stop();
}

/* ---- ownership ------------------------------------------------------------------------ */

static DEFINE_PER_CPU(long, counter);
static struct rig_thread threads[8];

static int count_plainly(long number)
{
	for (int i = 0; i < 3000; i++) {
		preempt_disable();
		__this_cpu_inc(counter);
		preempt_enable();
		local_irq_disable();
		__this_cpu_inc(counter);
		local_irq_enable();
		local_bh_disable();
		__this_cpu_inc(counter);
		local_bh_enable();
	}
	return 0;
}

static long sum(void)
{
	long all = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		all += per_cpu(counter, cpu);
	return all;
}

TEST(preempt_off_excludes_all_others_of_the_cpu)
{
	rig_start(2, 2);
	rig_threads(threads, 8, count_plainly);
	rig_join(threads, 8);
	CHECK_EQ(sum(), 8 * 9000);
	rig_stop();
}

/* The event task of the CPU among them, some times at least. */
static int event_runs;	/* atomic */

static void count_on_event(struct timer_list *timer)
{
	for (int i = 0; i < 100; i++)
		__this_cpu_inc(counter);
	__atomic_fetch_add(&event_runs, 1, __ATOMIC_RELEASE);
	mod_timer(timer, jiffies + 1);
}

TEST(preempt_off_excludes_an_event_task_whose_cpu_is_shared)
{
	DEFINE_TIMER(timer, count_on_event);
	long by_threads = 0;

	rig_start(2, 1);
	timer.expires = jiffies;
	add_timer_on(&timer, 1);
	do {
		rig_threads_on(threads, 4, count_plainly, 1);
		rig_join(threads, 4);
		by_threads += 4 * 9000;
	} while (__atomic_load_n(&event_runs, __ATOMIC_ACQUIRE) < 3);
	del_timer_sync(&timer);
	CHECK_EQ(per_cpu(counter, 0) + per_cpu(counter, 2), 0);
	CHECK_EQ(per_cpu(counter, 1), by_threads + 100 * event_runs);
	rig_stop();
}

static void note_cpu(void *arg)
{
	CHECK(!in_task());
	*(int *)arg = (int)smp_processor_id();
}

static void count_calls(void *arg)
{
	__this_cpu_inc(counter);
}

TEST(preempt_off_callers_run_each_others_calls)
{
	int seen = -1, cpu;

	rig_start(2, 3);
	for_each_possible_cpu(cpu) {
		preempt_disable();
		if (cpu != (int)smp_processor_id())
			CHECK_EQ(smp_call_function_single(cpu, note_cpu, &seen, 1), 0);
		else
			seen = cpu;
		preempt_enable();
		CHECK_EQ(seen, cpu);
	}
	on_each_cpu(count_calls, NULL, 1);
	for_each_possible_cpu(cpu)
		CHECK_EQ(per_cpu(counter, cpu), 1);
	smp_call_function(count_calls, NULL, 1);
	CHECK_EQ(sum(), 9);
	smp_call_function_single(0, count_calls, NULL, 0);
	while (READ_ONCE(per_cpu(counter, 0)) < 3)
		msleep(1);
	rig_stop();
}

static int call_around(long number)
{
	for (int i = 0; i < 200; i++) {
		preempt_disable();
		smp_call_function_single((int)((2 + number + i) % (int)nr_cpu_ids), count_calls, NULL, 1);
		preempt_enable();
	}
	return 0;
}

TEST(preempt_off_callers_do_not_wait_for_each_other)
{
	rig_start(2, 3);
	rig_threads(threads, 6, call_around);
	rig_join(threads, 6);
	CHECK_EQ(sum(), 6 * 200);
	rig_stop();
}

/* ---- softirqs ------------------------------------------------------------------------- */

static int tasklet_ran, tasklet_cpu;
static bool tasklet_by_us;
static struct task_struct *us;

static void note_tasklet(struct tasklet_struct *t)
{
	CHECK(in_serving_softirq());
	WRITE_ONCE(tasklet_cpu, (int)smp_processor_id());
	WRITE_ONCE(tasklet_by_us, current == us);
	__atomic_fetch_add(&tasklet_ran, 1, __ATOMIC_RELEASE);
}

TEST(softirqs_run_at_the_outermost_enable_on_the_same_cpu)
{
	DECLARE_TASKLET(tasklet, note_tasklet);
	DEFINE_SPINLOCK(lock);
	int cpu;

	rig_start(1, 1);
	us = current;
	local_bh_disable();
	spin_lock_bh(&lock);
	cpu = (int)smp_processor_id();
	tasklet_schedule(&tasklet);
	tasklet_schedule(&tasklet);
	spin_unlock_bh(&lock);
	CHECK_EQ(tasklet_ran, 0);
	CHECK(local_softirq_pending());
	local_bh_enable();
	CHECK_EQ(tasklet_ran, 1);
	CHECK(tasklet_by_us);
	CHECK_EQ(tasklet_cpu, cpu);

	/* Outside of it: by the runner of that CPU, soon. */
	tasklet_schedule(&tasklet);
	for (int i = 0; i < 2000 && __atomic_load_n(&tasklet_ran, __ATOMIC_ACQUIRE) < 2; i++)
		msleep(1);
	CHECK_EQ(tasklet_ran, 2);
	CHECK(!tasklet_by_us);
	CHECK_EQ(tasklet_cpu, cpu);
	tasklet_kill(&tasklet);
	rig_stop();
}

TEST(softirqs_of_a_disabled_tasklet_wait_for_its_enable)
{
	DECLARE_TASKLET_DISABLED(tasklet, note_tasklet);

	rig_start(1, 1);
	tasklet_hi_schedule(&tasklet);
	msleep(10);
	CHECK_EQ(tasklet_ran, 0);
	tasklet_enable(&tasklet);
	for (int i = 0; i < 2000 && !__atomic_load_n(&tasklet_ran, __ATOMIC_ACQUIRE); i++)
		msleep(1);
	CHECK_EQ(tasklet_ran, 1);
	tasklet_kill(&tasklet);
	rig_stop();
}

static struct tasklet_struct shared;
static int inside;

static void only_one(struct tasklet_struct *t)
{
	CHECK_EQ(__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED), 0);
	t->data++;
	CHECK_EQ(__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED), 1);
}

static int schedule_shared(long number)
{
	for (int i = 0; i < 1000; i++) {
		if (i % 3)
			local_bh_disable();
		tasklet_schedule(&shared);
		if (i % 3)
			local_bh_enable();
	}
	return 0;
}

TEST(softirqs_of_one_tasklet_never_run_twice_at_once)
{
	rig_start(2, 4);
	tasklet_setup(&shared, only_one);
	rig_threads(threads, 6, schedule_shared);
	rig_join(threads, 6);
	tasklet_kill(&shared);
	CHECK_GT(shared.data, 0);
	rig_stop();
}

/* ---- with interrupts off ------------------------------------------------------------------- */

static struct work_struct works[40];
static int works_ran;	/* atomic */

static void note_work(struct work_struct *work)
{
	__atomic_fetch_add(&works_ran, 1, __ATOMIC_RELEASE);
}

/* So many that workers are made on the way. */
TEST(interrupts_off_works_are_queued_and_pools_used)
{
	struct workqueue_struct *wq;
	unsigned long long seq;
	mempool_t *pool;

	rig_start(1, 2);
	rig_quiet(&seq);
	wq = alloc_workqueue("irqs", WQ_UNBOUND, 0);
	pool = mempool_create_kmalloc_pool(2, 64);
	CHECK(wq && pool);
	local_irq_disable();
	for (int i = 0; i < 40; i++) {
		INIT_WORK(&works[i], note_work);
		CHECK(queue_work(wq, &works[i]));
		mempool_free(mempool_alloc(pool, GFP_ATOMIC), pool);
	}
	local_irq_enable();
	flush_workqueue(wq);
	CHECK_EQ(works_ran, 40);
	CHECK(!rig_said(&seq, "WARNING"));
	mempool_destroy(pool);
	destroy_workqueue(wq);
	rig_stop();
}

/* ---- what a debug kernel notices --------------------------------------------------------- */

TEST_DIES(debug_unbalanced_preempt_enable)
{
	rig_start(1, 1);
	preempt_enable();
}

TEST_DIES(debug_unbalanced_bh_enable)
{
	rig_start(1, 1);
	preempt_disable();
	local_bh_enable();
}

TEST_DIES(debug_schedule_with_preemption_off)
{
	rig_start(1, 1);
	preempt_disable();
	set_current_state(TASK_INTERRUPTIBLE);
	schedule_timeout(1);
}

TEST_DIES(debug_msleep_with_interrupts_off)
{
	rig_start(1, 1);
	local_irq_disable();
	msleep(1);
}

static void sleeps(struct tasklet_struct *t)
{
	msleep(1);
}

TEST_DIES(debug_sleeping_in_softirq)
{
	DECLARE_TASKLET(tasklet, sleeps);

	rig_start(1, 1);
	local_bh_disable();
	tasklet_schedule(&tasklet);
	local_bh_enable();
}

TEST(debug_unowned_per_cpu_data_warns)
{
	unsigned long long seq;

	rig_start(1, 1);
	rig_quiet(&seq);
	preempt_disable();
	__this_cpu_inc(counter);
	preempt_enable();
	CHECK(!rig_said(&seq, "without owning it"));
	__this_cpu_inc(counter);
	CHECK(rig_said(&seq, "without owning it"));
	rig_stop();
}

static int leaves_it_off(long number)
{
	preempt_disable();
	local_irq_disable();
	return 0;
}

TEST(debug_a_thread_that_ends_with_preemption_off_warns)
{
	unsigned long long seq;

	rig_start(1, 1);
	rig_quiet(&seq);
	rig_threads(threads, 1, leaves_it_off);
	rig_join(threads, 1);
	CHECK(rig_said(&seq, "ended with preempt_count 0x1, interrupts off"));
	/* And gave its CPU up. */
	preempt_disable();
	preempt_enable();
	rig_stop();
}

static void leaves_count(struct timer_list *timer)
{
	preempt_disable();
}

TEST(debug_a_timer_that_leaks_a_count_warns)
{
	DEFINE_TIMER(timer, leaves_count);
	unsigned long long seq;

	rig_start(1, 1);
	rig_quiet(&seq);
	mod_timer(&timer, jiffies);
	for (int i = 0; i < 1000 && timer_pending(&timer); i++)
		msleep(1);
	del_timer_sync(&timer);
	msleep(2);
	CHECK(rig_said(&seq, "preempt_count"));
	rig_stop();
}

static DECLARE_WAIT_QUEUE_HEAD(queue);

TEST(debug_sleeping_inside_a_wait_condition_warns)
{
	unsigned long long seq;
	DEFINE_MUTEX(mutex);

	rig_start(1, 1);
	rig_quiet(&seq);
	wait_event_timeout(queue, ({ mutex_lock(&mutex); mutex_unlock(&mutex); false; }), 2);
	CHECK(rig_said(&seq, "would lose it"));
	rig_stop();
}

static struct spinlock zeroes;

TEST(debug_a_lock_that_was_never_set_up_warns)
{
	unsigned long long seq;

	rig_start(1, 1);
	rig_quiet(&seq);
	spin_lock(&zeroes);
	spin_unlock(&zeroes);
	CHECK(rig_said(&seq, "before it was set up"));
	rig_stop();
}

TEST_DIES(debug_a_lock_taken_twice)
{
	DEFINE_SPINLOCK(lock);

	rig_start(1, 1);
	spin_lock(&lock);
	spin_lock(&lock);
}

static void waits_for_itself(struct timer_list *timer)
{
	del_timer_sync(timer);
}

TEST_DIES(debug_a_timer_that_waits_for_itself)
{
	DEFINE_TIMER(timer, waits_for_itself);

	rig_start(1, 1);
	mod_timer(&timer, jiffies);
	msleep(1000);
}
