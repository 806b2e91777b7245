/* SPDX-License-Identifier: MIT */
/* ring3/bridge.h: what an event loop of another language sees of the kernel. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <ring3/bridge.h>
#include <ring3/kernel.h>

#include "harness.h"

static struct ring3_port *port;

static void start(void)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 2, .nr_other_cpus = 2 };

	ring3_console_loglevel(-1);
	CHECK_EQ(ring3_kernel_start(&options), 0);
	CHECK_GE(ring3_port_open(&port), 0);
}

static void stop(void)
{
	CHECK_EQ(ring3_kernel_stop(), -EBUSY);	/* the port is open */
	ring3_port_close(port);
	CHECK_EQ(ring3_kernel_stop(), 0);
}

/* The next that comes: its cookie; -1 after a while. */
static long long take(long long *value)
{
	long long pair[2];

	for (int i = 0; i < 3000; i++) {
		if (ring3_port_take(port, pair, 1)) {
			if (value)
				*value = pair[1];
			return pair[0];
		}
		msleep(1);
	}
	return -1;
}

static bool quiet(void)
{
	long long pair[2];

	msleep(30);
	return !ring3_port_take(port, pair, 1);
}

TEST(bridge_needs_a_kernel)
{
	CHECK_EQ(ring3_port_open(&port), -ENODEV);
	CHECK(!ring3_object_address(1, RING3_COMPLETION));
}

TEST(bridge_ports_are_64_at_most)
{
	struct ring3_port *ports[64];
	int rc = 0, nr = 0;

	start();
	while (nr < 64 && (rc = ring3_port_open(&ports[nr])) >= 0)
		nr++;
	CHECK_EQ(nr, 63);
	CHECK_EQ(rc, -ENOSPC);
	while (nr)
		ring3_port_close(ports[--nr]);
	stop();
}

TEST(bridge_objects_are_counted)
{
	struct ring3_port *other;
	long long id, last = 0;
	int nr = 0;

	start();
	CHECK_GE(ring3_port_open(&other), 0);
	id = ring3_object_new(port, RING3_COMPLETION, "c", 0);
	CHECK_GT(id, 0);
	CHECK(ring3_object_address(id, RING3_COMPLETION));
	CHECK(!ring3_object_address(id, RING3_MUTEX));
	CHECK_EQ(ring3_object_share(other, id, RING3_COMPLETION), id);
	CHECK_EQ(ring3_object_share(other, id, RING3_WORKQUEUE), -ENOENT);
	CHECK_EQ(ring3_object_share(other, -1, RING3_COMPLETION), -ENOENT);
	CHECK_EQ(ring3_object_share(other, id + 4096, RING3_COMPLETION), -ENOENT);
	CHECK_EQ(ring3_object_put(port, id), 0);
	CHECK_EQ(ring3_object_put(port, id), -ENOENT);	/* this port's is gone, the other's is there */
	CHECK(ring3_object_address(id, RING3_COMPLETION));
	ring3_port_close(other);
	CHECK(!ring3_object_address(id, RING3_COMPLETION));
	CHECK_EQ(ring3_object_new(port, 99, "x", 0), -EINVAL);
	while ((id = ring3_object_new(port, RING3_MUTEX, "m", 0)) > 0) {
		nr++;
		last = id;
	}
	CHECK_EQ(nr, 4096);
	CHECK_EQ(id, -ENOSPC);
	CHECK_EQ(ring3_object_put(port, last), 0);
	CHECK_GT(ring3_object_new(port, RING3_MUTEX, "m", 0), last);
	stop();
}

TEST(bridge_calls_come_home)
{
	long long value, id;
	void *completion;

	start();
	id = ring3_object_new(port, RING3_COMPLETION, "c", 0);
	completion = ring3_object_address(id, RING3_COMPLETION);
	CHECK_EQ(ring3_call(port, 7, RING3_CALL_WAIT, id, 20), 0);
	CHECK_EQ(take(&value), 7);
	CHECK_EQ(value, -ETIMEDOUT);
	CHECK_EQ(ring3_call(port, 8, RING3_CALL_WAIT, id, -1), 0);
	ring3_complete(completion, 0);
	CHECK_EQ(take(&value), 8);
	CHECK_EQ(value, 0);
	CHECK_EQ(ring3_call(port, 9, RING3_CALL_WAIT, id + 1, 0), -ENOENT);
	CHECK_EQ(ring3_call(port, 9, RING3_CALL_FLUSH, id, 0), -ENOENT);
	CHECK_EQ(ring3_call(port, 9, 77, id, 0), -EINVAL);
	CHECK_EQ(ring3_call(port, 9, RING3_CALL_PUT, id, 0), 0);
	CHECK_EQ(take(&value), 9);
	CHECK_EQ(value, 0);
	CHECK_EQ(ring3_call(port, 9, RING3_CALL_PUT, id, 0), -ENOENT);
	CHECK(quiet());
	stop();
}

TEST(bridge_calls_are_256_at_most)
{
	long long id, value;
	int nr = 0, rc;

	start();
	id = ring3_object_new(port, RING3_COMPLETION, "c", 0);
	while (!(rc = ring3_call(port, nr, RING3_CALL_WAIT, id, -1)))
		nr++;
	CHECK_EQ(nr, 256);
	CHECK_EQ(rc, -ENOSPC);
	ring3_complete(ring3_object_address(id, RING3_COMPLETION), 1);
	while (nr--) {
		CHECK_GE(take(&value), 0);
		CHECK_EQ(value, 0);
	}
	stop();
}

TEST(bridge_close_ends_waits_for_ever)
{
	long long id;

	start();
	id = ring3_object_new(port, RING3_COMPLETION, "c", 0);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(ring3_call(port, i, RING3_CALL_WAIT, id, -1), 0);
	stop();
}

TEST(bridge_timers)
{
	struct ring3_timer *timer, *other;
	long long value;

	start();
	timer = ring3_timer_new(port, 1);
	CHECK_EQ(ring3_timer_arm(timer, 1000), 0);
	CHECK_EQ(ring3_timer_arm(timer, 5), 1);
	CHECK_EQ(take(&value), 1);
	CHECK_EQ(value, 1);
	CHECK_EQ(ring3_timer_pending(timer), 0);
	for (int i = 0; i < 3; i++) {	/* it fires thrice before anybody looks */
		CHECK_EQ(ring3_timer_arm(timer, 0), 0);
		while (ring3_timer_pending(timer))
			msleep(1);
		msleep(2);
	}
	CHECK_EQ(take(&value), 1);
	CHECK_EQ(value, 3);
	CHECK_EQ(ring3_timer_arm(timer, 1), 0);
	msleep(20);
	CHECK_EQ(ring3_timer_cancel(timer), 1);	/* it fired, and is taken back */
	CHECK(quiet());
	CHECK_EQ(ring3_timer_cancel(timer), 0);
	ring3_timer_arm(timer, 0);
	ring3_timer_free(timer);
	CHECK(quiet());
	other = ring3_timer_new(port, 2);
	ring3_timer_arm(other, 1);
	stop();		/* closing frees it, armed as it is */
}

TEST(bridge_works_wait_for_their_answer)
{
	struct ring3_work *one, *two;
	long long queue, value;

	start();
	queue = ring3_object_new(port, RING3_WORKQUEUE, "ordered", 1);
	one = ring3_work_new(port, 1, queue);
	two = ring3_work_new(port, 2, queue);
	CHECK(!ring3_work_new(port, 3, queue + 1));
	CHECK_EQ(ring3_work_queue(one, 0), 1);
	CHECK_EQ(ring3_work_queue(two, 0), 1);
	CHECK_EQ(ring3_work_queue(two, 0), 0);
	CHECK_EQ(take(NULL), 1);
	CHECK(quiet());			/* the second waits for the first one's answer */
	CHECK_EQ(ring3_work_pending(one), 0);
	CHECK_EQ(ring3_work_pending(two), 1);
	CHECK_EQ(ring3_work_free(one), -EBUSY);
	CHECK_EQ(ring3_call(port, 9, RING3_CALL_FLUSH, queue, 0), 0);
	ring3_work_done(one);
	CHECK_EQ(take(NULL), 2);
	ring3_work_done(two);
	CHECK_EQ(take(&value), 9);
	CHECK_EQ(value, 0);
	CHECK_EQ(ring3_work_queue(one, 10000), 1);
	CHECK_EQ(ring3_work_mod(one, 5), 1);
	CHECK_EQ(take(NULL), 1);
	ring3_work_done(one);
	CHECK_EQ(ring3_work_queue(one, 10000), 1);
	CHECK_EQ(ring3_work_cancel(one), 1);
	CHECK_EQ(ring3_work_cancel(one), 0);
	while (ring3_work_free(one))
		msleep(1);
	CHECK_EQ(ring3_work_queue(two, 0), 1);
	CHECK_EQ(take(NULL), 2);
	ring3_work_done(two);
	CHECK_EQ(ring3_work_queue(two, 0), 1);
	stop();		/* closing ends the run that nobody answers */
}

TEST(bridge_waits)
{
	struct ring3_wait *plain, *first, *second;
	long long queue;
	void *head;

	start();
	queue = ring3_object_new(port, RING3_WAIT_QUEUE, "w", 0);
	head = ring3_object_address(queue, RING3_WAIT_QUEUE);
	plain = ring3_wait_add(port, 1, head, 0);
	first = ring3_wait_add(port, 2, head, 1);
	second = ring3_wait_add(port, 3, head, 1);
	CHECK_EQ(ring3_object_put(port, queue), -EBUSY);
	ring3_wake_up(head, 1);
	CHECK_EQ(take(NULL), 1);
	CHECK_EQ(take(NULL), 2);
	CHECK(quiet());
	CHECK_EQ(ring3_wait_del(plain), 1);
	CHECK_EQ(ring3_wait_del(first), 1);
	CHECK_EQ(ring3_wait_del(second), 0);
	ring3_wake_up(head, 0);
	CHECK(quiet());
	CHECK(ring3_wait_add(port, 4, head, 0));
	ring3_wake_up(head, 0);
	stop();		/* with a wait that was woken and not taken */
}

static void *mutex, *spin;
static int counter;

static int count(void *data)
{
	for (int i = 0; i < 2000; i++) {
		CHECK_EQ(ring3_mutex_lock_checked(mutex), 0);
		counter++;
		CHECK_EQ(ring3_mutex_unlock_checked(mutex), 0);
		CHECK_EQ(ring3_spin_lock_checked(spin), 0);
		CHECK(ring3_in_atomic());
		CHECK_EQ(ring3_spin_unlock_checked(spin), 0);
	}
	return 0;
}

TEST(bridge_locks)
{
	struct task_struct *tasks[3];
	long long m, s;

	start();
	m = ring3_object_new(port, RING3_MUTEX, "m", 0);
	s = ring3_object_new(port, RING3_SPINLOCK, "s", 0);
	mutex = ring3_object_address(m, RING3_MUTEX);
	spin = ring3_object_address(s, RING3_SPINLOCK);
	for (int i = 0; i < 3; i++)
		tasks[i] = kthread_run(count, NULL, "count");
	count(NULL);
	for (int i = 0; i < 3; i++)
		kthread_stop(tasks[i]);
	CHECK_GE(counter, 2000);	/* one that was stopped before it began counts nothing */
	CHECK_EQ(counter % 2000, 0);
	CHECK_EQ(ring3_mutex_unlock_checked(mutex), -EPERM);
	CHECK_EQ(ring3_spin_unlock_checked(spin), -EPERM);
	CHECK_EQ(ring3_spin_lock_checked(spin), 0);
	CHECK_EQ(ring3_spin_lock_checked(spin), -EDEADLK);
	CHECK_EQ(ring3_mutex_lock_checked(mutex), -EDEADLK);	/* may not sleep */
	CHECK_EQ(ring3_spin_unlock_checked(spin), 0);
	CHECK_EQ(ring3_mutex_lock_checked(mutex), 0);
	CHECK_EQ(ring3_mutex_lock_checked(mutex), -EDEADLK);
	CHECK_EQ(ring3_object_put(port, m), -EBUSY);
	stop();		/* closing unlocks what this thread holds */
}

TEST(bridge_pools)
{
	struct ring3_pool *pool;
	void *object;

	CHECK(!ring3_pool_new("p", 0, 8));
	CHECK(!ring3_pool_new("p", 65537, 8));
	CHECK(!ring3_pool_new("p", 64, 24));
	CHECK(!ring3_pool_new("p", 64, 0));
	pool = ring3_pool_new("p", 100, 64);
	object = ring3_pool_alloc(pool, 1);
	CHECK_EQ((unsigned long)object % 64, 0);
	CHECK_EQ(((char *)object)[99], 0);
	CHECK_EQ(ring3_pool_destroy(pool), -EBUSY);
	ring3_pool_free(pool, object);
	CHECK_EQ(ring3_pool_destroy(pool), 0);
	object = ring3_kmalloc(3, 1);
	CHECK_EQ(((char *)object)[2], 0);
	ring3_kfree(object);
}

TEST(log_readers)
{
	unsigned long long seq = 0;
	int fds[17], rc = 0, nr = 0;
	char text[1000];

	while (nr < 17 && (rc = ring3_dmesg_fd()) >= 0)
		fds[nr++] = rc;
	CHECK_EQ(nr, 16);
	CHECK_EQ(rc, -EMFILE);
	ring3_console_loglevel(-1);
	ring3_log(3, "to all 16");
	while (nr)
		ring3_dmesg_fd_close(fds[--nr]);
	ring3_dmesg_fd_close(fds[0]);	/* once more does nothing */
	ring3_dmesg_fd_close(-1);
	ring3_log(99, "to nobody");
	CHECK_GT(ring3_dmesg(&seq, text, sizeof(text)), 0);
	CHECK(strstr(text, "<3>["));
	CHECK(strstr(text, "] to nobody"));
	CHECK_EQ(seq, 2);
}
