/* SPDX-License-Identifier: MIT */
/*
 * kthread.c - kernel threads: a native thread with a task that outlives it as long as
 * there are references: kthread.h, sched/task.h.
 *
 * The thread sleeps until its first wake-up; one that is stopped before that never calls
 * its function. References: one of the thread's own, which a function that returns leaves
 * for kthread_stop(), and those of get_task_struct().
 */
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_trace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "diag_notes.h"
#include "host/host.h"
#include "owned.h"
#include "sched_impl.h"

struct kthread {
	struct task_struct	task;
	int			(*fn)(void *data);
	void			*data;
	int			result;
	bool			should_stop, should_park;	/* atomic */
	struct completion	exited, parked;
	struct completion	*exit_done;	/* of kthread_complete_and_exit() */
};

static void kthread_free(struct kthread *kthread)
{
	if (refcount_dec_and_test(&kthread->task.usage))
		kfree(kthread);
}

struct task_struct *get_task_struct(struct task_struct *task)
{
	if (task->kthread)
		refcount_inc(&task->usage);
	return task;
}

void put_task_struct(struct task_struct *task)
{
	if (task->kthread)
		kthread_free(task->kthread);
}

/* The last that runs on its task. */
static void kthread_ends(struct kthread *kthread, int result)
{
	kthread->result = result;
	if (WARN(!preemptible(), "%s ended with preempt_count 0x%x, interrupts %s", kthread->task.comm,
		 preempt_count(), irqs_disabled() ? "off" : "on"))
		ring3_cpu_disown(ring3_preempt_word);
	if (WARN(rcu_preempt_depth(), "%s ended inside rcu_read_lock()", kthread->task.comm))
		while (rcu_preempt_depth())
			rcu_read_unlock();
	if (WARN(kthread->task.trc_reader_nesting, "%s ended inside rcu_read_lock_trace()", kthread->task.comm)) {
		kthread->task.trc_reader_nesting = 0;
		ring3_rcu_trace_unlock(&kthread->task);
	}
	diag_lock_check_none("the function of a kthread");
	owned_del(kthread);
	/* Others may free the task from here on: this thread has none any more. */
	sched_adopt(NULL);
	complete(&kthread->exited);
}

static void kthread_main(void *arg)
{
	struct kthread *kthread = arg;
	int result = -EINTR;

	sched_adopt(&kthread->task);
	diag_sleep_is_first();
	schedule();	/* made in TASK_UNINTERRUPTIBLE: until the first wake-up */
	if (__atomic_load_n(&kthread->should_park, __ATOMIC_ACQUIRE))
		kthread_parkme();
	if (!__atomic_load_n(&kthread->should_stop, __ATOMIC_ACQUIRE))
		result = kthread->fn(kthread->data);
	kthread_ends(kthread, result);
}

/* Its function's frames are left: who waits for @exit_done may unload the module they belong to. */
static void kthread_exited(void *arg)
{
	struct kthread *kthread = arg;
	struct completion *done = kthread->exit_done;

	refcount_inc(&kthread->task.usage);
	kthread_ends(kthread, kthread->result);
	if (done)
		complete(done);
	kthread_free(kthread);	/* the thread's own, */
	kthread_free(kthread);	/* and the one of above */
}

/* From the middle of the function, whose frames go without a word. Nobody may stop it any more. */
void kthread_complete_and_exit(struct completion *done, long code)
{
	struct kthread *kthread = current->kthread;

	BUG_ON(!kthread);
	kthread->result = (int)code;
	kthread->exit_done = done;
	host_thread_exit(kthread_exited, kthread);
}

void kthread_exit(long code)
{
	kthread_complete_and_exit(NULL, code);
}

struct task_struct *kthread_create_on_node(int (*fn)(void *data), void *data, int node, const char *fmt, ...)
{
	struct kthread *kthread = kzalloc(sizeof(*kthread), GFP_KERNEL);
	va_list args;
	int rc;

	if (!kthread)
		return ERR_PTR(-ENOMEM);
	va_start(args, fmt);
	vsnprintf(kthread->task.comm, sizeof(kthread->task.comm), fmt, args);
	va_end(args);
	kthread->fn = fn;
	kthread->data = data;
	kthread->task.kthread = kthread;
	kthread->task.flags = PF_KTHREAD;
	sched_place(&kthread->task);
	raw_spin_lock_init(&kthread->task.pi_lock);
	kthread->task.__state = TASK_UNINTERRUPTIBLE;
	refcount_set(&kthread->task.usage, 1);
	INIT_LIST_HEAD(&kthread->task.rcu_entry);
	init_completion(&kthread->exited);
	init_completion(&kthread->parked);
	rc = host_thread_start(kthread_main, kthread, kthread->task.comm);
	if (rc) {
		kfree(kthread);
		return ERR_PTR(rc);
	}
	owned_add(OWNED_THREAD, kthread, kthread->task.comm, (void *)(unsigned long)fn);
	return &kthread->task;
}

/* For its end, which frees it. */
int kthread_wait(struct task_struct *task)
{
	struct kthread *kthread = task->kthread;
	int result;

	wait_for_completion(&kthread->exited);
	result = kthread->result;
	kthread_free(kthread);
	return result;
}

int kthread_stop(struct task_struct *task)
{
	struct kthread *kthread = task->kthread;

	__atomic_store_n(&kthread->should_stop, true, __ATOMIC_RELEASE);
	kthread_unpark(task);
	wake_up_process(task);
	return kthread_wait(task);
}

bool kthread_should_stop(void)
{
	struct kthread *kthread = current->kthread;

	return kthread && __atomic_load_n(&kthread->should_stop, __ATOMIC_ACQUIRE);
}

/* ---- parking ------------------------------------------------------------------------ */

bool kthread_should_park(void)
{
	struct kthread *kthread = current->kthread;

	return kthread && __atomic_load_n(&kthread->should_park, __ATOMIC_ACQUIRE);
}

void kthread_parkme(void)
{
	struct kthread *kthread = current->kthread;

	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (!kthread_should_park())
			break;
		complete_all(&kthread->parked);
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

int kthread_park(struct task_struct *task)
{
	struct kthread *kthread = task->kthread;

	if (completion_done(&kthread->exited))
		return -ENOSYS;
	if (WARN_ON_ONCE(__atomic_load_n(&kthread->should_park, __ATOMIC_RELAXED)))
		return -EBUSY;
	reinit_completion(&kthread->parked);
	__atomic_store_n(&kthread->should_park, true, __ATOMIC_SEQ_CST);
	if (task == current)
		return 0;
	wake_up_process(task);
	wait_for_completion(&kthread->parked);
	return 0;
}

void kthread_unpark(struct task_struct *task)
{
	struct kthread *kthread = task->kthread;

	if (__atomic_exchange_n(&kthread->should_park, false, __ATOMIC_SEQ_CST))
		wake_up_process(task);
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	sched_move(task, cpu);
	task->flags |= PF_NO_SETAFFINITY;
}
