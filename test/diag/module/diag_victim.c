/* SPDX-License-Identifier: MIT */
/*
 * diag_victim.c - a hosted module that gets into the state its parameter names, by
 * planted bugs of the known kinds. Each is a kthread or a work that its init starts;
 * none of them ends, so the module is not unloaded. The line a dump should name is marked
 * with the word that planted.ts looks for it by: its function, and what it does there when
 * there are several.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

static char *what = "";
module_param(what, charp, 0444);
static char *file = "";
module_param(file, charp, 0444);
static unsigned long buf;	/* memory that nobody fills */
module_param(buf, ulong, 0444);

static DEFINE_MUTEX(victim_first);
static DEFINE_MUTEX(victim_second);
static DEFINE_SPINLOCK(victim_spin);
static DECLARE_WAIT_QUEUE_HEAD(victim_wait);
static DECLARE_COMPLETION(victim_done);
static int nr_ready, lost;
static volatile int zero, sheep = 3;
static void *leaked;

/* ---- two threads, two mutexes, two orders ------------------------------------------ */

static int abba_first(void *data)
{
	mutex_lock(&victim_first);	/* culprit: abba_first, took */
	__atomic_fetch_add(&nr_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&nr_ready, __ATOMIC_SEQ_CST) < 2)
		msleep(1);
	mutex_lock(&victim_second);	/* culprit: abba_first */
	return 0;
}

static int abba_second(void *data)
{
	mutex_lock(&victim_second);	/* culprit: abba_second, took */
	__atomic_fetch_add(&nr_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&nr_ready, __ATOMIC_SEQ_CST) < 2)
		msleep(1);
	mutex_lock(&victim_first);	/* culprit: abba_second */
	return 0;
}

/* The same with semaphores of readers and writers. */
static DECLARE_RWSEM(victim_sem_first);
static DECLARE_RWSEM(victim_sem_second);

static int sem_first(void *data)
{
	down_write(&victim_sem_first);
	__atomic_fetch_add(&nr_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&nr_ready, __ATOMIC_SEQ_CST) < 2)
		msleep(1);
	down_read(&victim_sem_second);	/* culprit: sem_first */
	return 0;
}

static int sem_second(void *data)
{
	down_write(&victim_sem_second);
	__atomic_fetch_add(&nr_ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&nr_ready, __ATOMIC_SEQ_CST) < 2)
		msleep(1);
	down_read(&victim_sem_first);	/* culprit: sem_second */
	return 0;
}

/* ---- the same orders, but one after the other: no deadlock this time -------------------- */

static int order_thread(void *data)
{
	mutex_lock(&victim_first);
	mutex_lock(&victim_second);	/* culprit: order_thread, one order */
	mutex_unlock(&victim_second);
	mutex_unlock(&victim_first);
	mutex_lock(&victim_second);
	mutex_lock(&victim_first);	/* culprit: order_thread, the other */
	mutex_unlock(&victim_first);
	mutex_unlock(&victim_second);
	return 0;
}

static int fight_thread(void *data)
{
	for (;;) {
		mutex_lock(&victim_first);
		msleep(2);
		mutex_unlock(&victim_first);
	}
	return 0;
}

static int chatter_thread(void *data)
{
	for (;;)
		pr_err("diag_victim: more than anybody wants to read\n");	/* culprit: chatter_thread */
	return 0;
}

/* ---- others ------------------------------------------------------------------------------ */

static int holder_thread(void *data)
{
	mutex_lock(&victim_first);	/* culprit: holder_thread, took */
	for (;;)
		msleep(1000);		/* culprit: holder_thread */
	return 0;
}

/* The condition is set, and nobody wakes. */
static int lost_wakeup_thread(void *data)
{
	__set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();	/* culprit: lost_wakeup_thread */
	return 0;
}

/* ---- two that wait for what never comes, one of them alone to be woken; and a callback ----------- */

struct victim_device {
	struct wait_queue_head wait;
};

static struct victim_device *victim_device;

static int wake_callback(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return 0;
}

static int waits_thread(void *data)
{
	static struct wait_queue_entry callback;
	struct victim_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	init_waitqueue_head(&device->wait);
	init_waitqueue_func_entry(&callback, wake_callback);
	add_wait_queue(&device->wait, &callback);
	smp_store_release(&victim_device, device);
	wait_event_interruptible(victim_wait, READ_ONCE(lost));
	return 0;
}

static int waits_exclusive_thread(void *data)
{
	wait_event_interruptible_exclusive(victim_wait, READ_ONCE(lost));	/* culprit: waits_exclusive_thread */
	return 0;
}

static int waits_done_thread(void *data)
{
	return wait_for_completion_interruptible(&victim_done);
}

/* A lock that is never given up; by hand, for with spin_lock() this would keep a virtual CPU from all others. */
static int waits_locked_thread(void *data)
{
	spinlock_t *lock;

	while (!smp_load_acquire(&victim_device))
		msleep(1);
	lock = &victim_device->wait.lock;
	WRITE_ONCE(lock->owner, current->pid);
	for (;;)
		msleep(1000);
	return 0;
}

static __attribute__((noipa)) int forget_unlock(int fail)
{
	mutex_lock(&victim_first);	/* culprit: forget_unlock */
	if (fail)
		return -EIO;		/* the planted bug */
	mutex_unlock(&victim_first);
	return 0;
}

static int error_path_thread(void *data)
{
	forget_unlock(1);
	return 0;
}

static void tasklet_takes(struct tasklet_struct *tasklet)
{
	spin_lock(&victim_spin);	/* culprit: tasklet_takes */
	spin_unlock(&victim_spin);
}

static struct tasklet_struct victim_tasklet;

static int softirq_thread(void *data)
{
	spin_lock(&victim_spin);	/* culprit: softirq_thread */
	spin_unlock(&victim_spin);
	tasklet_setup(&victim_tasklet, tasklet_takes);
	tasklet_schedule(&victim_tasklet);
	return 0;
}

static int sleep_under_spinlock_thread(void *data)
{
	spin_lock(&victim_spin);	/* culprit: sleep_under_spinlock_thread, took */
	msleep(1);			/* culprit: sleep_under_spinlock_thread */
	spin_unlock(&victim_spin);
	return 0;
}

static int null_thread(void *data)
{
	struct list_head *volatile list = NULL;

	return list->next != NULL;	/* culprit: null_thread */
}

struct victim_node {
	struct victim_node *next;
	int value;
};

static __attribute__((noipa)) void free_and_use(void)
{
	struct victim_node *node = kmalloc(sizeof(*node), GFP_KERNEL);	/* culprit: free_and_use, allocated */
	struct victim_node *volatile stale = node;

	node->next = node;
	kfree(node);			/* culprit: free_and_use, freed */
	zero = stale->next->value;	/* culprit: free_and_use */
}

static int use_after_free_thread(void *data)
{
	free_and_use();
	return 0;
}

static noinline void *leak_here(void)
{
	void *addr = kmalloc(100, GFP_KERNEL);	/* culprit: leak_here */

	barrier();				/* a tail call would leave no trace of this function */
	return addr;
}

static int leak_thread(void *data)
{
	for (;;) {
		WRITE_ONCE(leaked, leak_here());
		msleep(1);
	}
	return 0;
}

struct victim_timed {
	struct timer_list timer;
};

static void timed_out(struct timer_list *timer)
{
}

static noinline void free_armed(struct victim_timed *timed)
{
	kfree(timed);	/* culprit: free_armed */
	barrier();
}

static int timer_thread(void *data)
{
	struct victim_timed *timed = kzalloc(sizeof(*timed), GFP_KERNEL);

	timer_setup(&timed->timer, timed_out, 0);
	mod_timer(&timed->timer, jiffies + 3600 * HZ);
	free_armed(timed);
	return 0;
}

static int bug_thread(void *data)
{
	BUG_ON(lost == 0);	/* culprit: bug_thread */
	return 0;
}

static int panic_thread(void *data)
{
	panic("diag_victim: nothing works any more");	/* culprit: panic_thread */
}

static int ill_thread(void *data)
{
	__asm__ volatile("ud2");	/* culprit: ill_thread */
	return 0;
}

static int divide_thread(void *data)
{
	sheep = 100 / zero;	/* culprit: divide_thread */
	return 0;
}

/* One word too many, which is found when it is freed. */
static int overrun_thread(void *data)
{
	char *text = kmalloc(40, GFP_KERNEL);	/* culprit: overrun_thread, allocated */

	memset(text, 1, (size_t)sheep + 45);
	kfree(text);				/* culprit: overrun_thread */
	return 0;
}

/* A pointer that is none: it was read behind the end, out of the red zone. */
static int red_zone_thread(void *data)
{
	struct victim_node **nodes = kmalloc(5 * sizeof(*nodes), GFP_KERNEL);	/* culprit: red_zone_thread, allocated */

	return nodes[(size_t)sheep + 2]->value;	/* culprit: red_zone_thread */
}

/* ---- at work, or waiting, or out of memory ------------------------------------------------- */

static int spin_thread(void *data)
{
	while (!zero)	/* culprit: spin_thread */
		;
	return 0;
}

static int crowd_thread(void *data)
{
	for (;;)
		msleep(3600 * 1000);	/* culprit: crowd_thread */
	return 0;
}

static int thousand_thread(void *data)
{
	for (int i = 0; i < 1000; i++)
		kthread_run(crowd_thread, NULL, "crowd");
	return 0;
}

static int no_memory_thread(void *data)
{
	for (size_t bytes = 4 << 20; bytes >= 16; bytes /= 2)
		while (kmalloc(bytes, GFP_KERNEL))
			;
	for (;;)
		msleep(3600 * 1000);	/* culprit: no_memory_thread */
	return 0;
}

static noinline int overflow(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	frame[4095] = (char)depth;
	if (READ_ONCE(lost))
		return depth;
	return overflow(depth + 1) + frame[depth & 4095];	/* culprit: overflow */
}

static int overflow_thread(void *data)
{
	return overflow(0);
}

static void loop_in_timer(struct timer_list *timer)
{
	for (;;)
		cpu_relax();	/* culprit: loop_in_timer */
}

static struct timer_list looping_timer;

static int endless_softirq_thread(void *data)
{
	timer_setup(&looping_timer, loop_in_timer, 0);
	mod_timer(&looping_timer, jiffies + 1);
	return 0;
}

/* Without cpu_relax(): calls of other CPUs are not answered either. */
static void deaf_in_timer(struct timer_list *timer)
{
	while (!zero)	/* culprit: deaf_in_timer */
		;
}

static int deaf_softirq_thread(void *data)
{
	timer_setup(&looping_timer, deaf_in_timer, 0);
	mod_timer(&looping_timer, jiffies + 1);
	return 0;
}

/* Each time it comes, longer than a callback should; it comes again, and its event task lives. */
static void slow_timer(struct timer_list *timer)
{
	ktime_t until = ktime_add_ms(ktime_get(), 500);

	while (ktime_before(ktime_get(), until))	/* culprit: slow_timer */
		cpu_relax();
	mod_timer(timer, jiffies + 10);
}

static int slow_callback_thread(void *data)
{
	timer_setup(&looping_timer, slow_timer, 0);
	mod_timer(&looping_timer, jiffies + 1);
	return 0;
}

static struct kiocb victim_kiocb;

static void read_done(struct kiocb *kiocb, long ret)
{
	complete(&victim_done);
}

static void start_read(struct timer_list *timer)
{
	static struct kvec vec;
	struct iov_iter iter;

	vec = (struct kvec){ (void *)buf, 4096 };
	iov_iter_kvec(&iter, READ, &vec, 1, 4096);
	call_read_iter(victim_kiocb.ki_filp, &victim_kiocb, &iter);
}

static int read_thread(void *data)
{
	struct file *from = filp_open(file, O_RDONLY, 0);

	if (IS_ERR(from))
		return PTR_ERR(from);
	init_sync_kiocb(&victim_kiocb, from);
	victim_kiocb.ki_complete = read_done;
	timer_setup(&looping_timer, start_read, 0);
	mod_timer(&looping_timer, jiffies + 1);
	wait_for_completion(&victim_done);	/* culprit: read_thread */
	return 0;
}

static void slow_work(struct work_struct *work)
{
	msleep(3600 * 1000);	/* culprit: slow_work */
}

static void next_work(struct work_struct *work)
{
}

static DECLARE_WORK(victim_slow, slow_work);
static DECLARE_WORK(victim_next, next_work);

static int work_thread(void *data)
{
	struct workqueue_struct *wq = alloc_workqueue("victims", 0, 1);

	queue_work(wq, &victim_slow);
	queue_work(wq, &victim_next);
	return 0;
}

static const struct {
	const char *what;
	int (*fn)(void *data), (*other)(void *data), (*third)(void *data);
} states[] = {
	{ "waits", waits_thread, waits_exclusive_thread, waits_done_thread },
	{ "waits-locked", waits_thread, waits_locked_thread },
	{ "abba", abba_first, abba_second },
	{ "abba-rwsem", sem_first, sem_second },
	{ "fight", fight_thread, fight_thread },
	{ "chatter", chatter_thread, chatter_thread },
	{ "order", order_thread },
	{ "holder", holder_thread },
	{ "lost-wakeup", lost_wakeup_thread },
	{ "error-path", error_path_thread },
	{ "softirq", softirq_thread },
	{ "sleep-under-spinlock", sleep_under_spinlock_thread },
	{ "null", null_thread },
	{ "use-after-free", use_after_free_thread },
	{ "bug", bug_thread },
	{ "panic", panic_thread },
	{ "ill", ill_thread },
	{ "fpe", divide_thread },
	{ "overrun", overrun_thread },
	{ "red-zone", red_zone_thread },
	{ "spin", spin_thread },
	{ "thousand", thousand_thread },
	{ "no-memory", no_memory_thread },
	{ "hung-io", read_thread },
	{ "overflow", overflow_thread },
	{ "leak", leak_thread },
	{ "work", work_thread },
	{ "armed-timer", timer_thread },
	{ "endless-softirq", endless_softirq_thread },
	{ "deaf-softirq", deaf_softirq_thread },
	{ "slow-callback", slow_callback_thread },
};

static int __init victim_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct task_struct *task;

		if (strcmp(states[i].what, what))
			continue;
		task = kthread_run(states[i].fn, NULL, "victim");
		if (IS_ERR(task))
			return PTR_ERR(task);
		if (states[i].other)
			kthread_run(states[i].other, NULL, "victim2");
		if (states[i].third)
			kthread_run(states[i].third, NULL, "victim3");
		return 0;
	}
	pr_err("diag_victim: what=%s: no such state\n", what);
	return -EINVAL;
}

module_init(victim_init);
MODULE_LICENSE("GPL");
