/* SPDX-License-Identifier: MIT */
/* Tasks, locks, waiting, work, timers, softirqs, files, sockets: on a kernel that runs. */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>
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

TEST(starts_and_stops_many_virtual_cpus)
{
	start(48, 16);
	CHECK_EQ(nr_cpu_ids, 64);
	CHECK_EQ(ring3_nr_event_cpus(), 48);
	CHECK_EQ(ring3_kernel_start(&(struct ring3_kernel_options){ 0 }), -EBUSY);
	stop();
	start(1, 1);
	stop();
}

/* ---- locks: a counter that only a lock keeps right ------------------------------------- */

enum { THREADS = 6, ROUNDS = 5000 };

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(mutex);
static long by_spin, by_mutex;
static struct tasklet_struct tasklet;

static void count_in_softirq(struct tasklet_struct *t)
{
	CHECK(in_serving_softirq());
	spin_lock(&spin);
	lockdep_assert_held(&spin);
	by_spin++;
	spin_unlock(&spin);
	WRITE_ONCE(t->data, t->data + 1);
	if (t->data < ROUNDS)
		tasklet_schedule(t);
}

static int count_in_thread(void *data)
{
	CHECK(in_task());
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock_bh(&spin);
		by_spin++;
		spin_unlock_bh(&spin);
		mutex_lock(&mutex);
		by_mutex++;
		mutex_unlock(&mutex);
	}
	return 42;
}

TEST(locks_exclude_threads_and_softirqs)
{
	struct task_struct *threads[THREADS];

	start(2, 2);
	tasklet_setup(&tasklet, count_in_softirq);
	tasklet_schedule(&tasklet);
	for (int i = 0; i < THREADS; i++)
		threads[i] = kthread_run(count_in_thread, NULL, "count/%d", i);
	for (int i = 0; i < THREADS; i++)
		kthread_stop(threads[i]);
	while (READ_ONCE(tasklet.data) < ROUNDS)
		msleep(1);
	tasklet_kill(&tasklet);
	CHECK_EQ(by_spin, by_mutex + ROUNDS);
	stop();
}

static unsigned long asked;
static DECLARE_COMPLETION(old_ran);

static void old_kind(unsigned long data)
{
	CHECK(in_serving_softirq());
	asked = data + 1;
	complete(&old_ran);
}

static DECLARE_TASKLET_OLD(old_tasklet, old_kind);
static DECLARE_TASKLET_DISABLED_OLD(held_tasklet, old_kind);

TEST(tasklets_of_the_older_kind_run)
{
	start(1, 1);
	tasklet_schedule(&held_tasklet);
	tasklet_schedule(&old_tasklet);
	wait_for_completion(&old_ran);
	CHECK_EQ(asked, 1);
	reinit_completion(&old_ran);
	tasklet_enable(&held_tasklet);
	wait_for_completion(&old_ran);
	tasklet_kill(&held_tasklet);
	tasklet_kill(&old_tasklet);
	stop();
}

TEST_DIES(sleeping_under_a_spinlock_is_a_bug)
{
	start(1, 1);
	spin_lock(&spin);
	mutex_lock(&mutex);
}

TEST_DIES(unlocking_what_another_holds_is_a_bug)
{
	start(1, 1);
	spin_unlock(&spin);
}

/* ---- threads -------------------------------------------------------------------------------- */

static int begun;	/* atomic */

static int wait_for_stop(void *data)
{
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1000);
	return 7;
}

static int end_at_once(void *data)
{
	__atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
	return 42;
}

/* One that is stopped before it ran never does: so each has to have begun. */
static void wait_until_begun(void)
{
	while (!__atomic_exchange_n(&begun, 0, __ATOMIC_ACQUIRE))
		msleep(1);
}

TEST(kthread_stop_returns_what_the_thread_returned)
{
	struct task_struct *task;

	start(1, 1);
	task = kthread_run(wait_for_stop, NULL, "waits");
	wait_until_begun();
	CHECK_EQ(kthread_stop(task), 7);
	task = kthread_create(wait_for_stop, NULL, "never ran");
	CHECK_EQ(kthread_stop(task), -EINTR);
	task = kthread_run(end_at_once, NULL, "ended already");
	wait_until_begun();
	msleep(10);
	CHECK_EQ(kthread_stop(task), 42);
	stop();
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int condition, woken;

static int wait_exclusive(void *data)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_exclusive(&queue, &wait, TASK_UNINTERRUPTIBLE);
	complete(data);
	schedule();
	finish_wait(&queue, &wait);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return 0;
}

TEST(one_exclusive_waiter_is_woken_at_a_time)
{
	DECLARE_COMPLETION_ONSTACK(ready);
	struct task_struct *tasks[3];

	start(1, 2);
	for (int i = 0; i < 3; i++) {
		tasks[i] = kthread_run(wait_exclusive, &ready, "exclusive");
		wait_for_completion(&ready);
	}
	for (int i = 1; i <= 3; i++) {
		wake_up(&queue);
		for (int n = 0; n < 500 && __atomic_load_n(&woken, __ATOMIC_SEQ_CST) < i; n++)
			msleep(1);
		CHECK_EQ(__atomic_load_n(&woken, __ATOMIC_SEQ_CST), i);
	}
	for (int i = 0; i < 3; i++)
		kthread_stop(tasks[i]);
	stop();
}

static void make_true(struct timer_list *timer)
{
	CHECK(in_serving_softirq());
	WRITE_ONCE(condition, 1);
	wake_up(&queue);
}

TEST(waits_end_by_condition_or_by_time)
{
	struct timer_list timer;

	start(1, 1);
	CHECK_EQ(wait_event_timeout(queue, READ_ONCE(condition), 20), 0);
	timer_setup(&timer, make_true, 0);
	CHECK_EQ(mod_timer(&timer, jiffies + 30), 0);
	CHECK_EQ(mod_timer(&timer, jiffies + 20), 1);
	CHECK(timer_pending(&timer));
	CHECK_GT(wait_event_timeout(queue, READ_ONCE(condition), 5000), 0);
	CHECK_EQ(del_timer_sync(&timer), 0);
	mod_timer(&timer, jiffies + 100000);
	CHECK_EQ(del_timer_sync(&timer), 1);
	stop();
}

/* ---- work --------------------------------------------------------------------------------------- */

struct counted_work {
	struct work_struct	work;
	int			runs, again;
	struct workqueue_struct	*wq;
};

static int running_now, running_max;

static void run_work(struct work_struct *work)
{
	struct counted_work *counted = container_of(work, struct counted_work, work);
	int now = __atomic_add_fetch(&running_now, 1, __ATOMIC_SEQ_CST);

	might_sleep();
	if (now > READ_ONCE(running_max))
		WRITE_ONCE(running_max, now);
	msleep(1);
	counted->runs++;
	__atomic_sub_fetch(&running_now, 1, __ATOMIC_SEQ_CST);
	WRITE_ONCE(counted->again, counted->again - 1);
	if (counted->again >= 0)
		queue_work(counted->wq, work);
}

TEST(ordered_work_runs_one_at_a_time_and_requeues)
{
	struct workqueue_struct *wq;
	struct counted_work works[8];

	start(1, 2);
	wq = alloc_ordered_workqueue("test", 0);
	for (int i = 0; i < 8; i++) {
		INIT_WORK(&works[i].work, run_work);
		works[i].runs = 0;
		works[i].again = 2;
		works[i].wq = wq;
		CHECK(queue_work(wq, &works[i].work));
	}
	for (int n = 0; n < 2000 && READ_ONCE(works[7].again) >= 0; n++)
		msleep(1);
	flush_workqueue(wq);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(works[i].runs, 3);
	CHECK_EQ(running_max, 1);
	destroy_workqueue(wq);
	stop();
}

static void free_itself(struct work_struct *work)
{
	struct completion *done = *(struct completion **)(work + 1);

	kfree(work);
	complete(done);
}

TEST(work_may_free_itself)
{
	DECLARE_COMPLETION_ONSTACK(done);

	start(1, 1);
	for (int i = 0; i < 100; i++) {
		struct work_struct *work = kmalloc(sizeof(*work) + sizeof(void *), GFP_KERNEL);

		INIT_WORK(work, free_itself);
		*(struct completion **)(work + 1) = &done;
		schedule_work(work);
	}
	for (int i = 0; i < 100; i++)
		wait_for_completion(&done);
	stop();
}

TEST(delayed_work_can_be_cancelled)
{
	struct delayed_work work;

	start(1, 1);
	INIT_DELAYED_WORK(&work, run_work);
	CHECK(schedule_delayed_work(&work, 100000));
	CHECK(!schedule_delayed_work(&work, 1));
	CHECK(cancel_delayed_work_sync(&work));
	CHECK(!cancel_delayed_work_sync(&work));
	stop();
}

/* ---- calls between CPUs --------------------------------------------------------------------------- */

static void note_cpu(void *info)
{
	*(int *)info = (int)smp_processor_id();
}

TEST(calls_run_on_the_cpu_that_was_named)
{
	start(3, 2);
	for (int cpu = 0; cpu < 5; cpu++) {
		int seen = -1;

		CHECK_EQ(smp_call_function_single(cpu, note_cpu, &seen, 1), 0);
		CHECK_EQ(seen, cpu);
	}
	CHECK_EQ(smp_call_function_single(5, note_cpu, NULL, 1), -ENXIO);
	stop();
}

/* ---- files ------------------------------------------------------------------------------------------- */

static DECLARE_COMPLETION(io_done);
static long io_result;
static char io_data[8192];
static struct kvec io_vec = { io_data, sizeof(io_data) };
static struct kiocb io_kiocb;

static void io_complete(struct kiocb *kiocb, long result)
{
	CHECK(in_serving_softirq());
	io_result = result;
	complete(&io_done);
}

static void write_async(void *info)
{
	struct file *file = info;
	struct iov_iter iter;
	ssize_t done;

	memset(io_data, 0x5c, sizeof(io_data));
	init_sync_kiocb(&io_kiocb, file);
	io_kiocb.ki_complete = io_complete;
	io_kiocb.ki_flags = IOCB_DSYNC;
	io_kiocb.ki_pos = 4096;
	iov_iter_kvec(&iter, ITER_SOURCE, &io_vec, 1, sizeof(io_data));
	done = call_write_iter(file, &io_kiocb, &iter);
	if (done != -EIOCBQUEUED)
		io_complete(&io_kiocb, done);
}

TEST(files_are_written_from_softirq_and_read_back)
{
	static char back[8192];
	struct file *file;
	loff_t pos = 4096;

	start(1, 1);
	file = filp_open("/var/tmp/ring3-file-test", O_RDWR | O_CREAT, 0600);
	CHECK(!IS_ERR(file));
	CHECK_EQ(smp_call_function_single(0, write_async, file, 1), 0);
	wait_for_completion(&io_done);
	CHECK_EQ(io_result, sizeof(io_data));
	CHECK_EQ(kernel_read(file, back, sizeof(back), &pos), sizeof(back));
	CHECK_MEMEQ(back, io_data, sizeof(back));
	CHECK_EQ(pos, 4096 + 8192);
	CHECK_EQ(i_size_read(file_inode(file)), 4096 + 8192);
	CHECK(S_ISREG(file_inode(file)->i_mode));
	CHECK_EQ(vfs_fsync(file, 1), 0);
	CHECK_EQ(filp_close(file, NULL), 0);
	CHECK_EQ(PTR_ERR(filp_open("/no/such/file", O_RDWR, 0)), -ENOENT);
	stop();
}

TEST(files_are_made_and_cut_as_asked)
{
	extern int unlink(const char *path);
	static const char name[] = "/var/tmp/ring3-flags-test";
	struct kiocb kiocb;
	struct file *file;
	char word[8] = "";
	loff_t pos = 0;

	start(1, 1);
	unlink(name);
	file = filp_open(name, O_WRONLY | O_CREAT | O_EXCL, 0640);
	CHECK(!IS_ERR(file));
	CHECK_EQ(file_inode(file)->i_mode & 07737, 0600);	/* whatever the umask takes of the group */
	CHECK_EQ(kernel_write(file, "word", 4, &pos), 4);
	CHECK_EQ(filp_close(file, NULL), 0);
	CHECK_EQ(PTR_ERR(filp_open(name, O_RDWR | O_CREAT | O_EXCL, 0600)), -EEXIST);
	file = filp_open(name, O_RDWR | O_CREAT, 0);		/* is there: neither its mode nor its bytes change */
	CHECK(!IS_ERR(file));
	pos = 0;
	CHECK_EQ(kernel_read(file, word, sizeof(word), &pos), 4);
	CHECK_STREQ(word, "word");
	CHECK_EQ(filp_close(file, NULL), 0);
	file = filp_open(name, O_RDWR | O_TRUNC | O_DSYNC, 0);
	CHECK(!IS_ERR(file));
	CHECK_EQ(i_size_read(file_inode(file)), 0);
	init_sync_kiocb(&kiocb, file);
	CHECK_EQ(kiocb.ki_flags, IOCB_DSYNC);
	pos = 0;
	CHECK_EQ(kernel_write(file, "durable", 7, &pos), 7);
	CHECK_EQ(filp_close(file, NULL), 0);
	CHECK_EQ(unlink(name), 0);
	CHECK_EQ(PTR_ERR(filp_open("/var/tmp", O_RDONLY, 0)), -EISDIR);
	CHECK_EQ(PTR_ERR(filp_open("/dev/null", O_RDWR, 0)), -EINVAL);
	stop();
}

/* Of a file in memory the bytes can be seen where they lie. */
TEST(files_in_memory_have_a_view)
{
	extern int memfd_create(const char *name, unsigned int flags), close(int fd);
	int fd = memfd_create("ring3-view", 0);
	struct file *file;
	const char *view;
	loff_t pos = 4090;
	char name[32];

	start(1, 1);
	CHECK_LT(0, fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	file = filp_open(name, O_RDWR, 0);
	CHECK(!IS_ERR(file));
	CHECK(!ring3_file_view(file, 0, false));
	CHECK_EQ(kernel_write(file, "across a page", 13, &pos), 13);
	view = ring3_file_view(file, 8192, false);
	CHECK(view);
	CHECK_MEMEQ(view + 4090, "across a page", 13);
	pos = 5;
	CHECK_EQ(kernel_write(file, "later", 5, &pos), 5);
	CHECK_MEMEQ(view, "\0\0\0\0\0later", 10);
	CHECK_EQ(vfs_llseek(file, 0, SEEK_END), 4103);
	/* It outlives the file's being open. */
	CHECK_EQ(filp_close(file, NULL), 0);
	CHECK_MEMEQ(view + 5, "later", 5);
	ring3_file_unview(view, 8192);
	ring3_file_unview(NULL, 0);
	close(fd);
	stop();
}
