/* SPDX-License-Identifier: MIT */
/*
 * callback.c - the two queues of callbacks of an event task.
 *
 * Any thread pushes onto `incoming` with one compare-and-swap; the task takes the
 * whole stack with one exchange and turns it round, so the order of all posts holds, also
 * of those whose threads wait for each other: a stack for each thread would lose that.
 * A callback posted by the task itself goes straight to the list.
 *
 * State: IDLE -> QUEUED by the one poster who wins; QUEUED -> IDLE just before the
 * handler is entered, so that the handler may post it again, or free it.
 */
#include "etask_impl.h"

enum { IDLE, QUEUED };

void etask_callback_init(struct etask_callback *cb, void (*fn)(struct etask_callback *cb), const char *whence)
{
	cb->next = NULL;
	cb->fn = fn;
	cb->whence = whence;
	__atomic_store_n(&cb->state, IDLE, __ATOMIC_RELAXED);
}

static void list_append(struct etask_queue *queue, struct etask_callback *cb)
{
	cb->next = NULL;
	*queue->tail = cb;
	queue->tail = &cb->next;
}

static bool post(sys_event_task_t task, struct etask_queue *queue, struct etask_callback *cb)
{
	struct etask_callback *head;
	unsigned int wait = 4;

	if (__atomic_exchange_n(&cb->state, QUEUED, __ATOMIC_ACQ_REL) == QUEUED)
		return false;
	if (etask_is_current(task) && task->in_round) {
		/* What others posted before must stay before: only then is the short way right. */
		if (!atomic_load_explicit(&queue->incoming, memory_order_relaxed)) {
			list_append(queue, cb);
			return true;
		}
	}
	head = atomic_load_explicit(&queue->incoming, memory_order_relaxed);
	for (cb->next = head; !atomic_compare_exchange_weak(&queue->incoming, &head, cb); cb->next = head) {
		/* Others post too. Who stands back lets them do several while the line is theirs. */
		for (unsigned int i = 0; i < wait; i++)
			__builtin_ia32_pause();
		wait = wait < 64 ? wait * 2 : wait;
		head = atomic_load_explicit(&queue->incoming, memory_order_relaxed);
	}
	if (atomic_load(&task->asleep))
		etask_wake(task);
	return true;
}

bool etask_post(sys_event_task_t task, struct etask_callback *cb)
{
	return post(task, &task->queue, cb);
}

bool etask_post_lopri(sys_event_task_t task, struct etask_callback *cb)
{
	return post(task, &task->lopri, cb);
}

static inline void fetch_to_write(const void *line)
{
#ifdef __x86_64__
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1);
#endif
}

/* Move what others pushed to the end of the list, oldest first. On-task. */
static void take_incoming(struct etask_queue *queue)
{
	struct etask_callback *newest, *turned = NULL;

	if (!atomic_load_explicit(&queue->incoming, memory_order_relaxed))
		return;
	newest = atomic_exchange_explicit(&queue->incoming, NULL, memory_order_acquire);
	for (struct etask_callback *cb = newest, *next; cb; cb = next) {
		/* It lies in its poster's cache: fetched to be written at once, not first to be read. */
		fetch_to_write(cb);
		next = cb->next;
		cb->next = turned;
		turned = cb;
	}
	*queue->tail = turned;
	queue->tail = &newest->next;
}

bool etask_queues_empty(sys_event_task_t task)
{
	return !task->queue.head && !task->lopri.head && !atomic_load(&task->queue.incoming) &&
	       !atomic_load(&task->lopri.incoming);
}

static bool run_one(sys_event_task_t task, struct etask_queue *queue)
{
	struct etask_callback *cb = queue->head;

	if (!cb)
		return false;
	queue->head = cb->next;
	if (!queue->head)
		queue->tail = &queue->head;
	enter_handler(task, cb->whence);
	__atomic_store_n(&cb->state, IDLE, __ATOMIC_RELEASE);
	cb->fn(cb);
	return true;
}

/* Normal ones, then low-priority ones, each as many as are left to do before the next look. */
unsigned int etask_run_callbacks(sys_event_task_t task)
{
	unsigned int steps = 0, lopri = 0;

	take_incoming(&task->queue);
	while (steps < task->steps_left && run_one(task, &task->queue))
		steps++;
	take_incoming(&task->lopri);
	while (lopri < task->lopri_left && run_one(task, &task->lopri))
		lopri++;
	task->steps_left -= steps;
	task->lopri_left -= lopri;
	stat_add(&task->stats.callbacks, steps);
	stat_add(&task->stats.callbacks_lopri, lopri);
	if (steps + lopri > task->stats.queue_max)
		__atomic_store_n(&task->stats.queue_max, steps + lopri, __ATOMIC_RELAXED);
	return steps + lopri;
}

/* ---- cancelling ---------------------------------------------------------- */

struct cancel {
	sys_event_task_t	task;
	struct etask_callback	*cb;
	bool			cancelled;
};

static bool unlink_from(struct etask_queue *queue, struct etask_callback *cb)
{
	take_incoming(queue);
	for (struct etask_callback **at = &queue->head; *at; at = &(*at)->next) {
		if (*at == cb) {
			*at = cb->next;
			if (queue->tail == &cb->next)
				queue->tail = at;
			__atomic_store_n(&cb->state, IDLE, __ATOMIC_RELEASE);
			return true;
		}
	}
	return false;
}

static void cancel_on_task(void *arg)
{
	struct cancel *cancel = arg;

	cancel->cancelled = unlink_from(&cancel->task->queue, cancel->cb) ||
			    unlink_from(&cancel->task->lopri, cancel->cb);
}

bool etask_cancel_sync(sys_event_task_t task, struct etask_callback *cb)
{
	struct cancel cancel = { .task = task, .cb = cb };

	etask_call_sync(task, cancel_on_task, &cancel);
	return cancel.cancelled;
}

static void forget(struct etask_queue *queue)
{
	struct etask_callback *cb;

	take_incoming(queue);
	while ((cb = queue->head)) {
		queue->head = cb->next;
		__atomic_store_n(&cb->state, IDLE, __ATOMIC_RELEASE);
	}
	queue->tail = &queue->head;
}

void etask_forget_callbacks(sys_event_task_t task)
{
	forget(&task->queue);
	forget(&task->lopri);
}

/* ---- calling ------------------------------------------------------------- */

struct call {
	struct etask_callback	cb;
	void			(*fn)(void *arg);
	void			*arg;
	sem_t			done;
};

static void call_handler(struct etask_callback *cb)
{
	struct call *call = (struct call *)((char *)cb - offsetof(struct call, cb));

	call->fn(call->arg);
	sem_post(&call->done);
}

void etask_call_sync(sys_event_task_t task, void (*fn)(void *arg), void *arg)
{
	struct call call = { .fn = fn, .arg = arg };

	if (etask_is_current(task)) {
		fn(arg);
		return;
	}
	pthread_mutex_lock(&task->call_lock);
	if (!atomic_load(&task->tid)) {
		fn(arg);
		pthread_mutex_unlock(&task->call_lock);
		return;
	}
	etask_callback_init(&call.cb, call_handler, "etask_call_sync");
	sem_init(&call.done, 0, 0);
	etask_post(task, &call.cb);
	pthread_mutex_unlock(&task->call_lock);
	while (sem_wait(&call.done) < 0 && errno == EINTR)
		;
	sem_destroy(&call.done);
}

void etask_finish_calls(sys_event_task_t task)
{
	struct etask_callback **at = &task->queue.head;

	take_incoming(&task->queue);
	while (*at) {
		struct etask_callback *cb = *at;

		if (cb->fn != call_handler) {
			at = &cb->next;
			continue;
		}
		unlink_from(&task->queue, cb);
		call_handler(cb);
		at = &task->queue.head;	/* the call may have changed the list */
	}
}
