/* SPDX-License-Identifier: MIT */
/*
 * kthread.c - kernel threads: a native thread with a task that kthread_stop() frees.
 *
 * The thread sleeps until its first wake-up; one that is stopped before that never
 * calls its function. The struct lives until both the thread ended and it was stopped.
 */
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "host/host.h"
#include "owned.h"
#include "sched_impl.h"

struct kthread {
	struct task_struct	task;
	int			(*fn)(void *data);
	void			*data;
	int			result;
	bool			should_stop;	/* atomic */
	struct completion	exited;
};

static void kthread_main(void *arg)
{
	struct kthread *kthread = arg;

	sched_adopt(&kthread->task);
	schedule();	/* made in TASK_UNINTERRUPTIBLE: until the first wake-up */
	kthread->result = -EINTR;
	if (!__atomic_load_n(&kthread->should_stop, __ATOMIC_ACQUIRE))
		kthread->result = kthread->fn(kthread->data);
	WARN(kthread->task.preempt_count, "%s ended with preempt_count 0x%x", kthread->task.comm,
	     kthread->task.preempt_count);
	owned_del(kthread);
	/* kthread_stop() may free the task from here on: this thread has none any more. */
	sched_adopt(NULL);
	complete(&kthread->exited);
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
	kthread->task.cpu = sched_pick_cpu();
	kthread->task.__state = TASK_UNINTERRUPTIBLE;
	init_completion(&kthread->exited);
	rc = host_thread_start(kthread_main, kthread, kthread->task.comm);
	if (rc) {
		kfree(kthread);
		return ERR_PTR(rc);
	}
	owned_add("thread", kthread, kthread->task.comm, (void *)(unsigned long)fn);
	return &kthread->task;
}

int kthread_stop(struct task_struct *task)
{
	struct kthread *kthread = task->kthread;
	int result;

	__atomic_store_n(&kthread->should_stop, true, __ATOMIC_RELEASE);
	wake_up_process(task);
	wait_for_completion(&kthread->exited);
	result = kthread->result;
	kfree(kthread);
	return result;
}

bool kthread_should_stop(void)
{
	struct kthread *kthread = current->kthread;

	return kthread && __atomic_load_n(&kthread->should_stop, __ATOMIC_ACQUIRE);
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	task->cpu = cpu;
	task->flags |= PF_NO_SETAFFINITY;
}
