/* SPDX-License-Identifier: MIT */
/*
 * poll.c - file descriptors watched by an event task.
 *
 * Each task has a table of watches by descriptor number. epoll's events name a
 * watch and its generation; what was removed, or closed and opened anew under the
 * same number, has another generation, and its late events are dropped.
 *
 * Locking: poll_lock for who adds and removes; the task reads a watch with acquire,
 *          after the adder released it, so all the adder wrote before is seen.
 */
#include <fcntl.h>
#include <sys/epoll.h>

#include "etask_impl.h"

/* Where a poll stands, in poll->state. */
enum { REMOVED, WATCHED, ORPHAN };

static struct watch *watch_of(sys_event_task_t task, int fd)
{
	struct watch *chunk = atomic_load_explicit(&task->watches[fd / WATCH_CHUNK], memory_order_acquire);

	return chunk ? &chunk[fd % WATCH_CHUNK] : NULL;
}

/* The same, made when it is missing; poll_lock is held. NULL: out of memory. */
static struct watch *watch_make(sys_event_task_t task, int fd)
{
	if (!watch_of(task, fd)) {
		struct watch *chunk = calloc(WATCH_CHUNK, sizeof(*chunk));

		if (!chunk)
			return NULL;
		atomic_store_explicit(&task->watches[fd / WATCH_CHUNK], chunk, memory_order_release);
	}
	return watch_of(task, fd);
}

static struct epoll_event event_of(int fd, uint32_t generation, uint32_t events)
{
	return (struct epoll_event){ .events = events, .data.u64 = (uint64_t)generation << 32 | (uint32_t)fd };
}

/* Make @poll the watch's. Generation last, with release: who sees it sees the poll and all before. */
static void watch_set(struct watch *watch, struct etask_poll *poll, uint32_t generation)
{
	atomic_store_explicit(&watch->poll, poll, memory_order_release);
	atomic_store_explicit(&watch->generation, generation, memory_order_release);
}

static int watch_add(sys_event_task_t task, struct watch *watch, struct etask_poll *poll)
{
	struct etask_poll *before = atomic_load_explicit(&watch->poll, memory_order_relaxed);
	uint32_t generation = atomic_load_explicit(&watch->generation, memory_order_relaxed) + 1;
	struct epoll_event event = event_of(poll->fd, generation, poll->events);

	if (!before) {
		/* Published before epoll knows of it: the first event may come before epoll_ctl() returns. */
		watch_set(watch, poll, generation);
		if (epoll_ctl(task->epfd, EPOLL_CTL_ADD, poll->fd, &event) < 0) {
			atomic_store_explicit(&watch->poll, NULL, memory_order_relaxed);
			return -errno;
		}
		return 0;
	}
	/* Works only if the descriptor was closed under the poll before it, and is another file now. */
	if (epoll_ctl(task->epfd, EPOLL_CTL_ADD, poll->fd, &event) < 0)
		return -errno;
	__atomic_store_n(&before->state, ORPHAN, __ATOMIC_RELAXED);
	watch_set(watch, poll, generation);
	/* An edge that came in between was dropped: this makes epoll look again. */
	return epoll_ctl(task->epfd, EPOLL_CTL_MOD, poll->fd, &event) < 0 ? -errno : 0;
}

int etask_poll_add(sys_event_task_t task, struct etask_poll *poll)
{
	struct watch *watch;
	int rc = -ENOMEM;

	if (poll->fd < 0)
		return -EBADF;
	if (poll->fd >= WATCH_CHUNK * WATCH_CHUNKS)
		return -EMFILE;
	pthread_mutex_lock(&task->poll_lock);
	watch = watch_make(task, poll->fd);
	if (watch) {
		sys_event_task_t other = poll->task;

		poll->task = task;
		rc = watch_add(task, watch, poll);
		if (rc == 0) {
			__atomic_store_n(&poll->state, WATCHED, __ATOMIC_RELAXED);
			if (!other)
				stat_add(&task->stats.polls_added, 1);
		} else {
			poll->task = other;
		}
	}
	pthread_mutex_unlock(&task->poll_lock);
	return rc;
}

int etask_poll_mod(struct etask_poll *poll, uint32_t events)
{
	sys_event_task_t task = poll->task;
	struct epoll_event event;
	int rc = 0;

	if (!task)
		return -ENOENT;
	pthread_mutex_lock(&task->poll_lock);
	if (__atomic_load_n(&poll->state, __ATOMIC_RELAXED) != WATCHED) {
		rc = -EBADF;
	} else {
		event = event_of(poll->fd, watch_of(task, poll->fd)->generation, events);
		if (epoll_ctl(task->epfd, EPOLL_CTL_MOD, poll->fd, &event) < 0)
			rc = -errno;
		else
			poll->events = events;
	}
	pthread_mutex_unlock(&task->poll_lock);
	return rc;
}

static void remove_on_task(void *arg)
{
	struct etask_poll *poll = arg;
	sys_event_task_t task = poll->task;

	if (!task)
		return;
	pthread_mutex_lock(&task->poll_lock);
	if (__atomic_load_n(&poll->state, __ATOMIC_RELAXED) == WATCHED) {
		struct watch *watch = watch_of(task, poll->fd);

		/* Fails for an fd that was closed already: then epoll forgot it by itself. */
		epoll_ctl(task->epfd, EPOLL_CTL_DEL, poll->fd, NULL);
		watch_set(watch, NULL, watch->generation + 1);
	}
	__atomic_store_n(&poll->state, REMOVED, __ATOMIC_RELAXED);
	poll->task = NULL;
	stat_add(&task->stats.polls_added, (uint64_t)-1);
	pthread_mutex_unlock(&task->poll_lock);
}

void etask_poll_remove_sync(struct etask_poll *poll)
{
	if (poll->task)
		etask_call_sync(poll->task, remove_on_task, poll);
}

/* The poll an event is for, or NULL when it is late. The generation is looked at before and after. */
static struct etask_poll *poll_of(sys_event_task_t task, uint64_t event)
{
	struct watch *watch = watch_of(task, (int)(uint32_t)event);
	uint32_t generation = (uint32_t)(event >> 32);
	struct etask_poll *poll;

	if (atomic_load_explicit(&watch->generation, memory_order_acquire) != generation)
		return NULL;
	poll = atomic_load_explicit(&watch->poll, memory_order_acquire);
	return atomic_load_explicit(&watch->generation, memory_order_acquire) == generation ? poll : NULL;
}

/*
 * A descriptor that was closed while a duplicate lives on stays in its epoll set,
 * and no call can take it out. So the set is made anew, under the same number. Who
 * watches the set of a task that it turns itself must watch it anew: stats.renewals tells.
 */
static void renew_epoll(sys_event_task_t task)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = WATCH_EVENTFD };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	if (epfd < 0)
		return;		/* later again: the events are dropped until then */
	pthread_mutex_lock(&task->poll_lock);
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, task->evfd, &event) < 0)
		goto out;
	for (int fd = 0; fd < WATCH_CHUNK * WATCH_CHUNKS; fd++) {
		struct watch *watch = watch_of(task, fd);
		struct etask_poll *poll = watch ? atomic_load(&watch->poll) : NULL;

		if (!watch) {
			fd |= WATCH_CHUNK - 1;
			continue;
		}
		if (!poll)
			continue;
		event = event_of(fd, watch->generation, poll->events);
		/* One closed under its poll is not there any more; all others are taken. */
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EBADF)
			goto out;
	}
	dup3(epfd, task->epfd, O_CLOEXEC);
out:
	pthread_mutex_unlock(&task->poll_lock);
	close(epfd);
}

/* Run the handlers of the batch. */
unsigned int etask_run_polls(sys_event_task_t task)
{
	unsigned int count = 0, stale = 0;

	while (task->batch_next < task->batch_count) {
		struct epoll_event *event = &task->batch[task->batch_next++];
		struct etask_poll *poll;

		if (event->data.u64 == WATCH_EVENTFD) {
			stat_add(&task->stats.wakeups, 1);
			continue;
		}
		poll = poll_of(task, event->data.u64);
		if (poll) {
			enter_handler(task, poll->whence);
			poll->fn(poll, event->events);
			count++;
		} else {
			stale++;
		}
	}
	task->batch_count = task->batch_next = 0;
	stat_add(&task->stats.polls, count);
	/* One removed by its neighbour in the batch is stale for a round; what stays stale was left behind. */
	task->stale_rounds = stale ? task->stale_rounds + 1 : 0;
	if (task->stale_rounds >= 4) {
		stat_add(&task->stats.renewals, 1);
		renew_epoll(task);
		task->stale_rounds = 0;
	}
	return count;
}

void etask_forget_watches(sys_event_task_t task)
{
	for (unsigned int i = 0; i < WATCH_CHUNKS; i++) {
		struct watch *chunk = atomic_load_explicit(&task->watches[i], memory_order_relaxed);

		for (int fd = 0; chunk && fd < WATCH_CHUNK; fd++) {
			struct etask_poll *poll = atomic_load_explicit(&chunk[fd].poll, memory_order_relaxed);

			if (poll) {
				__atomic_store_n(&poll->state, REMOVED, __ATOMIC_RELAXED);
				poll->task = NULL;
			}
		}
		free(chunk);
	}
}
