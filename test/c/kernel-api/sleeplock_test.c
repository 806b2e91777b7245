/* SPDX-License-Identifier: MIT */
/* Locks whose waiters sleep: mutex, semaphore, rwsem, ww_mutex, percpu-rwsem; completions and waits by signal. */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/semaphore.h>
#include <linux/wait.h>
#include <linux/ww_mutex.h>

#include "rig.h"

static struct rig_thread threads[6];
static DEFINE_MUTEX(mutex);
static DEFINE_SEMAPHORE(sem);
static DECLARE_RWSEM(rwsem);
static DEFINE_PERCPU_RWSEM(percpu);
static DECLARE_COMPLETION(done);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static long count, left, right;
static int result, asleep;

static int count_under_all(long number)
{
	for (int i = 0; i < 1000; i++) {
		mutex_lock(&mutex);
		count++;
		mutex_unlock(&mutex);
		down(&sem);
		left++;
		up(&sem);
		if ((i + number) % 16) {
			percpu_down_read(&percpu);
			CHECK_EQ(right % 2, 0);
			percpu_up_read(&percpu);
		} else if (i % 8 == 0) {
			percpu_down_write(&percpu);
			right++;
			right++;
			percpu_up_write(&percpu);
		}
	}
	return 0;
}

TEST(sleeplocks_exclude_on_many_cpus)
{
	rig_start(1, 48);
	rig_threads(threads, 6, count_under_all);
	rig_join(threads, 6);
	CHECK_EQ(count, 6000);
	CHECK_EQ(left, 6000);
	CHECK(!mutex_is_locked(&mutex));
	CHECK(!percpu_is_read_locked(&percpu) && !percpu_is_write_locked(&percpu));
	percpu_free_rwsem(&percpu);
	rig_stop();
}

TEST(sleeplocks_exclude_on_one_cpu)
{
	rig_start(1, 1);
	rig_threads(threads, 6, count_under_all);
	rig_join(threads, 6);
	CHECK_EQ(count, 6000);
	CHECK_EQ(left, 6000);
	percpu_free_rwsem(&percpu);
	rig_stop();
}

/* ---- signals --------------------------------------------------------------------------- */

static int (*wait_interruptibly)(void);

static int waits(long number)
{
	allow_signal(SIGTERM);
	allow_signal(SIGKILL);
	__atomic_store_n(&asleep, 1, __ATOMIC_SEQ_CST);
	result = wait_interruptibly();
	flush_signals(current);
	return 0;
}

static int by_mutex(void) { return mutex_lock_interruptible(&mutex); }
static int by_mutex_killable(void) { return mutex_lock_killable(&mutex); }
static int by_sem(void) { return down_interruptible(&sem); }
static int by_read(void) { return down_read_interruptible(&rwsem); }
static int by_write(void) { return down_write_killable(&rwsem); }
static int by_completion(void) { return wait_for_completion_interruptible(&done); }
static int by_event(void) { return wait_event_interruptible(queue, READ_ONCE(count) < 0); }
static int by_killable_event(void) { return wait_event_killable(queue, READ_ONCE(count) < 0); }
static int by_time(void) { return (int)wait_event_interruptible_timeout(queue, READ_ONCE(count) < 0, 100000); }

/* What it says when @sig comes while it sleeps. */
static int interrupted(int (*how)(void), int sig, int expected)
{
	wait_interruptibly = how;
	result = 1;
	asleep = 0;
	rig_threads(threads, 1, waits);
	while (!__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) || task_is_running(threads[0].task))
		usleep_range(50, 100);
	CHECK_EQ(send_sig(SIGUSR1, threads[0].task, 0), 0);	/* not allowed: not seen */
	if (sig == SIGKILL)
		CHECK_EQ(send_sig(SIGTERM, threads[0].task, 0), 0);	/* seen, but not enough */
	msleep(5);
	CHECK(!task_is_running(threads[0].task));
	CHECK_EQ(send_sig(sig, threads[0].task, 0), 0);
	rig_join(threads, 1);
	CHECK_EQ(result, expected);
	return 0;
}

TEST(sleeplocks_are_left_for_a_signal_that_is_allowed)
{
	rig_start(1, 2);
	mutex_lock(&mutex);
	interrupted(by_mutex, SIGTERM, -EINTR);
	interrupted(by_mutex_killable, SIGKILL, -EINTR);
	mutex_unlock(&mutex);
	down(&sem);
	interrupted(by_sem, SIGTERM, -EINTR);
	CHECK_EQ(down_trylock(&sem), 1);
	CHECK_EQ(down_timeout(&sem, 2), -ETIME);
	up(&sem);
	CHECK_EQ(down_trylock(&sem), 0);
	up(&sem);
	down_write(&rwsem);
	interrupted(by_read, SIGTERM, -EINTR);
	interrupted(by_write, SIGKILL, -EINTR);
	up_write(&rwsem);
	CHECK(down_write_trylock(&rwsem));
	downgrade_write(&rwsem);
	CHECK(down_read_trylock(&rwsem));
	up_read(&rwsem);
	up_read(&rwsem);
	interrupted(by_completion, SIGTERM, -ERESTARTSYS);
	interrupted(by_event, SIGTERM, -ERESTARTSYS);
	interrupted(by_time, SIGTERM, -ERESTARTSYS);
	interrupted(by_killable_event, SIGKILL, -ERESTARTSYS);
	CHECK_EQ(send_sig(65, current, 0), -EINVAL);
	/* Nothing was left behind by those who gave up. */
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	down_read(&rwsem);
	up_read(&rwsem);
	CHECK(list_empty(&queue.head) && list_empty(&done.wait.head));
	rig_stop();
}

/* A writer that gives up lets the readers go that waited behind it. */
static int reads(long number)
{
	down_read(&rwsem);
	up_read(&rwsem);
	return 0;
}

TEST(sleeplocks_readers_go_when_the_writer_before_them_gives_up)
{
	static struct rig_thread reader[1];

	rig_start(1, 2);
	down_read(&rwsem);
	wait_interruptibly = by_write;
	rig_threads(threads, 1, waits);
	while (!rwsem_is_contended(&rwsem))
		usleep_range(50, 100);
	rig_threads(reader, 1, reads);
	msleep(3);
	CHECK(!task_is_running(reader[0].task));
	send_sig(SIGKILL, threads[0].task, 0);
	rig_join(reader, 1);
	rig_join(threads, 1);
	CHECK_EQ(result, -EINTR);
	up_read(&rwsem);
	rig_stop();
}

TEST_DIES(sleeplocks_mutex_taken_twice)
{
	rig_start(1, 1);
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

TEST_DIES(sleeplocks_mutex_unlocked_by_another)
{
	rig_start(1, 1);
	mutex_unlock(&mutex);
}

TEST_DIES(sleeplocks_rwsem_read_unlocked_too_often)
{
	rig_start(1, 1);
	down_read(&rwsem);
	up_read(&rwsem);
	up_read(&rwsem);
}

TEST_DIES(sleeplocks_down_under_a_spinlock)
{
	DEFINE_SPINLOCK(lock);

	rig_start(1, 1);
	spin_lock(&lock);
	down(&sem);
}

TEST(sleeplocks_mutex_that_was_never_set_up_warns)
{
	unsigned long long seq;
	DEFINE_MUTEX(held);

	rig_start(1, 1);
	rig_quiet(&seq);
	down_read(&(struct rw_semaphore){ });
	CHECK(rig_said(&seq, "before init_rwsem()"));
	mutex_lock(&held);
	mutex_destroy(&held);
	CHECK(rig_said(&seq, "destroyed while"));
	rig_stop();
}

/* ---- acquire contexts ------------------------------------------------------------------- */

static DEFINE_WD_CLASS(die);
static DEFINE_WW_CLASS(wound);
static struct ww_mutex ww[8];
static long ww_count[8];

/* All eight, in an order of its own, again and again until it has them. */
static int take_all(struct ww_class *class, long number)
{
	for (int round = 0; round < 60; round++) {
		struct ww_acquire_ctx ctx;
		unsigned long held = 0;
		int contended = -1, rc;

		ww_acquire_init(&ctx, class);
again:
		if (contended >= 0) {
			ww_mutex_lock_slow(&ww[contended], &ctx);
			held |= 1ul << contended;
		}
		for (int i = 0; i < 8; i++) {
			int n = (int)(i * (number % 2 ? 3 : 5) + number + round) % 8;

			if (held >> n & 1)
				continue;
			rc = ww_mutex_lock(&ww[n], &ctx);
			if (!rc) {
				CHECK_EQ(ww_mutex_lock(&ww[n], &ctx), -EALREADY);
				held |= 1ul << n;
				continue;
			}
			CHECK_EQ(rc, -EDEADLK);
			for (int m = 0; m < 8; m++)
				if (held >> m & 1)
					ww_mutex_unlock(&ww[m]);
			held = 0;
			contended = n;
			goto again;
		}
		ww_acquire_done(&ctx);
		for (int n = 0; n < 8; n++) {
			ww_count[n]++;
			ww_mutex_unlock(&ww[n]);
		}
		ww_acquire_fini(&ctx);
	}
	return 0;
}

static int take_all_die(long number) { return take_all(&die, number); }
static int take_all_wound(long number) { return take_all(&wound, number); }

static void ww_run(struct ww_class *class, int (*fn)(long number))
{
	rig_start(1, 4);
	for (int i = 0; i < 8; i++)
		ww_mutex_init(&ww[i], class);
	rig_threads(threads, 4, fn);
	rig_join(threads, 4);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(ww_count[i], 4 * 60);
		CHECK(!ww_mutex_is_locked(&ww[i]));
		ww_mutex_destroy(&ww[i]);
	}
	rig_stop();
}

TEST(sleeplocks_wait_die_contexts_never_deadlock) { ww_run(&die, take_all_die); }
TEST(sleeplocks_wound_wait_contexts_never_deadlock) { ww_run(&wound, take_all_wound); }

/* ---- completions ------------------------------------------------------------------------- */

TEST(sleeplocks_completions_count_and_stay)
{
	rig_start(1, 1);
	CHECK_EQ(wait_for_completion_timeout(&done, 3), 0);
	complete(&done);
	complete(&done);
	CHECK(completion_done(&done));
	CHECK_GT(wait_for_completion_timeout(&done, 3), 0);
	CHECK(try_wait_for_completion(&done));
	CHECK(!try_wait_for_completion(&done));
	complete_all(&done);
	for (int i = 0; i < 3; i++)
		wait_for_completion(&done);
	CHECK(completion_done(&done));
	reinit_completion(&done);
	CHECK(!completion_done(&done));
	CHECK_EQ(wait_for_completion_interruptible_timeout(&done, 2), 0);
	rig_stop();
}
