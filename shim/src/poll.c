/* SPDX-License-Identifier: MIT */
/*
 * poll.c - file descriptors watched by an event task.
 *
 * An entry removed while its event waits in the batch taken from epoll is struck
 * out of that batch, so that its handler cannot run on freed memory.
 */
#include <sys/epoll.h>

#include "etask_impl.h"

int etask_poll_add(sys_event_task_t task, struct etask_poll *poll)
{
	struct epoll_event event = { .events = poll->events, .data.ptr = poll };

	poll->task = task;
	if (epoll_ctl(task->epfd, EPOLL_CTL_ADD, poll->fd, &event) < 0) {
		poll->task = NULL;
		return -errno;
	}
	return 0;
}

int etask_poll_mod(struct etask_poll *poll, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = poll };

	if (!poll->task)
		return -ENOENT;
	poll->events = events;
	return epoll_ctl(poll->task->epfd, EPOLL_CTL_MOD, poll->fd, &event) < 0 ? -errno : 0;
}

static void remove_on_task(void *arg)
{
	struct etask_poll *poll = arg;
	sys_event_task_t task = poll->task;

	/* Fails for an fd that was closed already: then epoll forgot it by itself. */
	epoll_ctl(task->epfd, EPOLL_CTL_DEL, poll->fd, NULL);
	for (int i = task->batch_next; i < task->batch_count; i++)
		if (task->batch[i].data.ptr == poll)
			task->batch[i].data.ptr = NULL;
	poll->task = NULL;
}

void etask_poll_remove_sync(struct etask_poll *poll)
{
	if (poll->task)
		etask_call_sync(poll->task, remove_on_task, poll);
}

/* Run the handlers of the batch. The eventfd has no entry: its event is the waking itself. */
unsigned int etask_run_polls(sys_event_task_t task)
{
	unsigned int count = 0;

	while (task->batch_next < task->batch_count) {
		struct epoll_event *event = &task->batch[task->batch_next++];
		struct etask_poll *poll = event->data.ptr;

		if (poll) {
			poll->fn(poll, event->events);
			count++;
		}
	}
	task->batch_count = task->batch_next = 0;
	stat_add(&task->stats.polls, count);
	return count;
}
