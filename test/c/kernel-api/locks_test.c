/* SPDX-License-Identifier: MIT */
/* rwsem, rwlock, seqlock, bit spinlocks, guards, static keys; kthreads that park and exit. */
#include <linux/bit_spinlock.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jump_label.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/rwsem.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <ring3/kernel.h>

#include "harness.h"

static void start(unsigned int others)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 1, .nr_other_cpus = others };

	CHECK_EQ(ring3_kernel_start(&options), 0);
}

static void stop(void)
{
	CHECK_EQ(ring3_kernel_stop(), 0);
}

/* ---- two words that only a writer's lock keeps equal ------------------------------------- */

enum { THREADS = 5, ROUNDS = 2000 };

static DECLARE_RWSEM(rwsem);
static DEFINE_RWLOCK(rwlock);
static DEFINE_SEQLOCK(seqlock);
static unsigned long bit_word;
static long left_word, right_word, seq_left, seq_right, rw_left, rw_right, bit_count;

static int started;	/* one that is stopped before it ran never calls its function */

static int hammer(void *number)
{
	__atomic_fetch_add(&started, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < ROUNDS; i++) {
		if ((i + (long)number) % 4 == 0) {
			down_write(&rwsem);
			left_word++;
			right_word++;
			if (i % 3 == 0) {
				downgrade_write(&rwsem);
				CHECK_EQ(left_word, right_word);
				up_read(&rwsem);
			} else {
				up_write(&rwsem);
			}
			write_lock(&rwlock);
			rw_left++;
			rw_right++;
			write_unlock(&rwlock);
			write_seqlock(&seqlock);
			WRITE_ONCE(seq_left, seq_left + 1);
			WRITE_ONCE(seq_right, seq_right + 1);
			write_sequnlock(&seqlock);
		} else {
			unsigned int seq;
			long a, b;

			down_read(&rwsem);
			CHECK_EQ(left_word, right_word);
			up_read(&rwsem);
			read_lock(&rwlock);
			CHECK_EQ(rw_left, rw_right);
			read_unlock(&rwlock);
			do {
				seq = read_seqbegin(&seqlock);
				a = READ_ONCE(seq_left);
				b = READ_ONCE(seq_right);
			} while (read_seqretry(&seqlock, seq));
			CHECK_EQ(a, b);
		}
		bit_spin_lock(3, &bit_word);
		bit_count++;
		bit_spin_unlock(3, &bit_word);
	}
	return 0;
}

TEST(locks_of_readers_and_writers_keep_words_equal)
{
	struct task_struct *threads[THREADS];

	start(3);
	for (long i = 0; i < THREADS; i++)
		threads[i] = kthread_run(hammer, (void *)i, "hammer/%ld", i);
	while (__atomic_load_n(&started, __ATOMIC_RELAXED) < THREADS)
		msleep(1);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(kthread_stop(threads[i]), 0);
	CHECK_EQ(left_word, right_word);
	CHECK_EQ(bit_count, (long)THREADS * ROUNDS);
	CHECK_EQ(bit_word, 0);
	CHECK(!rwsem_is_locked(&rwsem));
	stop();
}

TEST(trylocks_fail_where_locks_would_wait)
{
	start(1);
	down_read(&rwsem);
	CHECK(down_read_trylock(&rwsem));
	CHECK(!down_write_trylock(&rwsem));
	up_read(&rwsem);
	up_read(&rwsem);
	CHECK(down_write_trylock(&rwsem));
	CHECK(!down_read_trylock(&rwsem));
	CHECK(lockdep_is_held(&rwsem));
	up_write(&rwsem);
	CHECK(write_trylock(&rwlock));
	write_unlock(&rwlock);
	read_lock(&rwlock);
	CHECK(read_trylock(&rwlock));
	CHECK(!write_trylock(&rwlock));
	read_unlock(&rwlock);
	read_unlock(&rwlock);
	CHECK(bit_spin_trylock(1, &bit_word));
	CHECK(!bit_spin_trylock(1, &bit_word));
	bit_spin_unlock(1, &bit_word);
	stop();
}

static int write_and_say(void *said)
{
	down_write(&rwsem);
	__atomic_store_n((bool *)said, true, __ATOMIC_RELEASE);
	up_write(&rwsem);
	return 0;
}

/* Otherwise readers that overlap would keep a writer out for ever. */
TEST(a_waiting_writer_holds_up_later_readers)
{
	static bool wrote;
	struct task_struct *thread;

	start(2);
	down_read(&rwsem);
	thread = kthread_run(write_and_say, &wrote, "writer");
	while (!rwsem_is_contended(&rwsem))
		msleep(1);
	CHECK(!down_read_trylock(&rwsem));
	CHECK(!__atomic_load_n(&wrote, __ATOMIC_ACQUIRE));
	up_read(&rwsem);
	down_read(&rwsem);
	CHECK(__atomic_load_n(&wrote, __ATOMIC_ACQUIRE));
	up_read(&rwsem);
	kthread_stop(thread);
	stop();
}

TEST_DIES(up_write_of_what_another_holds_is_a_bug)
{
	start(1);
	down_read(&rwsem);
	up_write(&rwsem);
}

static DEFINE_MUTEX(guarded);
static DEFINE_SPINLOCK(guarded_spin);

static int by_guard(void)
{
	guard(mutex)(&guarded);
	scoped_guard(spinlock, &guarded_spin) {
		if (!lockdep_is_held(&guarded_spin))
			return -1;
	}
	return lockdep_is_held(&guarded) && !lockdep_is_held(&guarded_spin);
}

TEST(guards_end_with_their_scope)
{
	start(1);
	CHECK_EQ(by_guard(), 1);
	CHECK(!mutex_is_locked(&guarded));
	CHECK(!spin_is_locked(&guarded_spin));
	stop();
}

TEST(static_keys_count)
{
	static DEFINE_STATIC_KEY_FALSE(key);

	CHECK(!static_branch_unlikely(&key));
	static_branch_inc(&key);
	static_branch_inc(&key);
	static_branch_dec(&key);
	CHECK(static_branch_likely(&key));
	static_branch_dec(&key);
	CHECK(!static_key_enabled(&key));
	static_branch_enable(&key);
	static_branch_enable(&key);
	CHECK_EQ(static_key_count(&key.key), 1);
}

/* ---- kthreads ------------------------------------------------------------------------------- */

static int parks(void *rounds)
{
	while (!kthread_should_stop()) {
		if (kthread_should_park())
			kthread_parkme();
		__atomic_fetch_add((int *)rounds, 1, __ATOMIC_RELAXED);
		msleep(1);
	}
	return 7;
}

TEST(a_parked_thread_does_nothing_until_it_is_unparked)
{
	static int rounds;
	struct task_struct *thread;
	int was;

	start(2);
	thread = kthread_run(parks, &rounds, "parks");
	CHECK_EQ(kthread_park(thread), 0);
	was = __atomic_load_n(&rounds, __ATOMIC_RELAXED);
	msleep(20);
	CHECK_EQ(__atomic_load_n(&rounds, __ATOMIC_RELAXED), was);
	kthread_unpark(thread);
	while (__atomic_load_n(&rounds, __ATOMIC_RELAXED) == was)
		msleep(1);
	CHECK_EQ(kthread_park(thread), 0);
	CHECK_EQ(kthread_stop(thread), 7);	/* stops a parked one as well */
	stop();
}

static DECLARE_COMPLETION(gone);
static bool came_back;

static int exits_in_the_middle(void *data)
{
	kthread_complete_and_exit(&gone, 3);
	came_back = true;
	return 0;
}

TEST(a_thread_exits_from_the_middle)
{
	struct task_struct *thread;

	start(1);
	thread = kthread_create(exits_in_the_middle, NULL, "exits");
	get_task_struct(thread);
	wake_up_process(thread);
	wait_for_completion(&gone);
	CHECK(!came_back);
	CHECK_EQ(kthread_stop(thread), 3);	/* the reference kept it; this gives it up */
	stop();
}

/* ---- notifiers --------------------------------------------------------------------------------- */

static char called[8];
static int nr_called;

#define NOTIFIER(letter, answer)							\
static int notified_##letter(struct notifier_block *nb, unsigned long action, void *data)	\
{											\
	called[nr_called++] = #letter[0];						\
	return answer;									\
}
NOTIFIER(a, NOTIFY_OK)
NOTIFIER(b, NOTIFY_DONE)
NOTIFIER(c, notifier_from_errno(-EPERM))

TEST(notifiers_are_called_by_priority_until_one_stops)
{
	static BLOCKING_NOTIFIER_HEAD(chain);
	struct notifier_block a = { .notifier_call = notified_a, .priority = 1 };
	struct notifier_block b = { .notifier_call = notified_b, .priority = 9 };
	struct notifier_block c = { .notifier_call = notified_c, .priority = 5 };

	start(1);
	CHECK_EQ(blocking_notifier_chain_register(&chain, &a), 0);
	CHECK_EQ(blocking_notifier_chain_register(&chain, &b), 0);
	CHECK_EQ(blocking_notifier_chain_register(&chain, &a), -EEXIST);
	blocking_notifier_call_chain(&chain, 1, NULL);
	CHECK_STREQ(called, "ba");
	CHECK_EQ(blocking_notifier_chain_register(&chain, &c), 0);
	nr_called = 0;
	CHECK_EQ(notifier_to_errno(blocking_notifier_call_chain(&chain, 1, NULL)), -EPERM);
	CHECK_STREQ(called, "bc");
	CHECK_EQ(blocking_notifier_chain_unregister(&chain, &c), 0);
	CHECK_EQ(blocking_notifier_chain_unregister(&chain, &c), -ENOENT);
	stop();
}
