/* SPDX-License-Identifier: MIT */
/*
 * task.c - event tasks that submit: their rounds, and the way home of what other
 * threads completed.
 *
 * Any thread pushes an operation on task->home with one compare-and-swap, and the
 * one who found it empty posts the callback that takes all of them. A pin is held
 * from before the operation leaves its task until that post has returned, so the
 * task cannot go in between.
 */
#include <stdlib.h>

#include "aio_impl.h"
#include "sys_mem.h"

__thread struct aio_task *aio_task_current;

static pthread_mutex_t tasks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct aio_task *tasks;

static void come_home(struct aio_task *task)
{
	struct aio_op *op = atomic_exchange_explicit(&task->home, NULL, memory_order_acquire);
	struct aio_op *next, *turned = NULL;

	for (; op; op = next) {
		next = op->next;
		op->next = turned;
		turned = op;
	}
	for (op = turned; op; op = next) {
		next = op->next;
		if (op->starting) {
			op->starting = false;
			op->file->provider->submit(op);
		} else {
			op_end(op, op->result);
		}
	}
}

static void homecoming(struct etask_callback *callback)
{
	come_home((struct aio_task *)((char *)callback - offsetof(struct aio_task, homecoming)));
}

void op_pin(struct aio_op *op)
{
	if (!op->task || op->pinned)
		return;
	op->pinned = true;
	atomic_fetch_add_explicit(&op->task->pins, 1, memory_order_relaxed);
}

void op_home(struct aio_op *op, ssize_t result)
{
	struct aio_task *task = op->task;
	bool pinned = op->pinned;
	struct aio_op *head;

	op->result = result;
	if (!task) {
		if (op->starting) {
			op->starting = false;
			threads_submit(op);
		} else {
			sem_post(op->env);	/* aio_wait() */
		}
		return;
	}
	op->pinned = false;
	head = atomic_load_explicit(&task->home, memory_order_relaxed);
	do {
		op->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&task->home, &head, op, memory_order_release,
							memory_order_relaxed));
	/* From here on the operation is not ours, and without the pin neither is the task. */
	if (!head)
		etask_post(task->etask, &task->homecoming);
	if (pinned)
		atomic_fetch_sub_explicit(&task->pins, 1, memory_order_release);
}

/* ---- rounds ---------------------------------------------------------------------------- */

static void kicked(struct etask_callback *callback)
{
	(void)callback;		/* the round it makes is all that is wanted */
}

void task_kick(struct aio_task *task)
{
	if (!task->in_round)
		etask_post(task->etask, &task->kick);
}

static void hook_start(void *env, sys_event_task_t etask)
{
	struct aio_task *task = env;

	(void)etask;
	task->stopping = false;
	aio_task_current = task;
}

static bool hook_round_begin(void *env)
{
	struct aio_task *task = env;

	task->in_round = true;
	task->round++;
	lanes_resume(task);
	return false;
}

static bool hook_round_end(void *env)
{
	struct aio_task *task = env;

	task->in_round = false;
	if (!providers_flush(task) && !task->limited)
		return false;
	task_kick(task);	/* for one more round */
	return true;
}

/* What has begun ends, what has not is cancelled; then nothing of the task is left anywhere. */
static void hook_stop(void *env)
{
	struct timespec a_while = { .tv_nsec = 100000 };
	struct aio_task *task = env;

	task->stopping = true;
	for (unsigned int i = 0; i < task->nr_lanes; i++)
		if (task->lanes[i])
			lane_cancel_waiting(task->lanes[i]);
	for (;;) {
		providers_flush(task);
		providers_reap(task);
		come_home(task);
		if (!task->in_flight && !atomic_load_explicit(&task->pins, memory_order_acquire) &&
		    !atomic_load_explicit(&task->home, memory_order_relaxed))
			break;
		nanosleep(&a_while, NULL);
	}
	for (unsigned int i = 0; i < task->nr_lanes; i++)
		if (task->lanes[i])
			lane_retire(task->lanes[i]);
	providers_stop(task);
	mem_free(task->lanes, FL_STR);
	task->lanes = NULL;
	task->nr_lanes = 0;
	etask_cancel_sync(task->etask, &task->homecoming);
	etask_cancel_sync(task->etask, &task->kick);
	aio_task_current = NULL;
}

/* ---- init, fini ------------------------------------------------------------------------ */

static struct aio_task **place_of(sys_event_task_t etask)
{
	struct aio_task **at = &tasks;

	while (*at && (*at)->etask != etask)
		at = &(*at)->next;
	return at;
}

int aio_task_init(sys_event_task_t etask)
{
	struct aio_task *task = mem_zalloc(sizeof(*task), FL_STR);
	struct aio_task **at;

	if (!task)
		return -ENOMEM;
	task->etask = etask;
	etask_callback_init(&task->homecoming, homecoming, "aio");
	etask_callback_init(&task->kick, kicked, "aio");
	task->hook = (struct etask_hook){
		.env = task, .start = hook_start, .round_begin = hook_round_begin, .round_end = hook_round_end,
		.stop = hook_stop,
	};
	pthread_mutex_lock(&tasks_lock);
	at = place_of(etask);
	if (*at) {
		pthread_mutex_unlock(&tasks_lock);
		mem_free(task, FL_STR);
		return -EEXIST;
	}
	*at = task;
	pthread_mutex_unlock(&tasks_lock);
	flight_task_add(task);
	etask_hook_add(etask, &task->hook);
	return 0;
}

void aio_task_fini(sys_event_task_t etask)
{
	struct aio_task **at, *task;

	pthread_mutex_lock(&tasks_lock);
	at = place_of(etask);
	task = *at;
	if (task) {
		*at = task->next;
		flight_task_remove(task);
	}
	pthread_mutex_unlock(&tasks_lock);
	if (!task)
		return;
	if (task == aio_task_current)
		hook_stop(task);
	etask_hook_remove(etask, &task->hook);
	mem_free(task, FL_STR);
}
