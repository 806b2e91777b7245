/* SPDX-License-Identifier: MIT */
/*
 * etask.c - the event task: its memory, its thread, and who wakes it.
 */
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "entry.h"
#include "diag.h"
#include "etask_impl.h"
#include "sys_mem.h"
#include "sys_nofault.h"

__thread sys_event_task_t sys_event_task;

/*
 * A poster looks at the task once more after its callback is in the queue, so it may
 * do that when the callback has run and the task has been freed. Hence the memory of
 * a task stays a task's for ever, and is used again.
 */
static pthread_mutex_t unused_lock = PTHREAD_MUTEX_INITIALIZER;
static sys_event_task_t unused_tasks;

/* Never destroyed: a cancel that comes after etask_free() still takes them. */
static void locks_init(sys_event_task_t task)
{
	pthread_mutexattr_t recursive;

	bias_lock_init(&task->alarm_lock);
	pthread_mutex_init(&task->poll_lock, NULL);
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&task->call_lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
}

static sys_event_task_t task_memory(void)
{
	const size_t kept = offsetof(struct sys_event_task, cfg);
	sys_event_task_t task;

	pthread_mutex_lock(&unused_lock);
	task = unused_tasks;
	if (task)
		unused_tasks = task->next_unused;
	pthread_mutex_unlock(&unused_lock);
	if (!task) {
		task = aligned_alloc(64, (sizeof(*task) + 63) & ~63ul);
		if (!task)
			return NULL;
		atomic_init(&task->asleep, false);
		atomic_init(&task->nr_wakers, 0);
		locks_init(task);
	}
	memset((char *)task + kept, 0, sizeof(*task) - kept);
	return task;
}

static void task_memory_put(sys_event_task_t task)
{
	pthread_mutex_lock(&unused_lock);
	task->next_unused = unused_tasks;
	unused_tasks = task;
	pthread_mutex_unlock(&unused_lock);
}

sys_event_task_t etask_alloc(struct sys_event_task_cfg *cfg)
{
	sys_event_task_t task = task_memory();
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = WATCH_EVENTFD };

	if (!task)
		return NULL;
	if (cfg)
		task->cfg = *cfg;
	if (!task->cfg.max_steps)
		task->cfg.max_steps = SYS_ETASK_MAX_STEPS;
	if (!task->cfg.max_polls)
		task->cfg.max_polls = SYS_ETASK_MAX_POLLS;
	if (task->cfg.max_polls > ETASK_POLLS_MAX)
		task->cfg.max_polls = ETASK_POLLS_MAX;
	task->queue.tail = &task->queue.head;
	task->lopri.tail = &task->lopri.head;
	task->name = "event task";
	task->cpu = -1;
	etask_spin_set(task, ETASK_SPIN_NS);
	sem_init(&task->started, 0, 0);
	wheel_init(&task->wheel, time_now());
	task->sleeps_until = sys_time_invalid();
	task->epfd = epoll_create1(EPOLL_CLOEXEC);
	task->evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	diag_task_add(task);
	/* Edge-triggered: each write is one event, and the counter is never read. */
	if (task->epfd < 0 || task->evfd < 0 || epoll_ctl(task->epfd, EPOLL_CTL_ADD, task->evfd, &event) < 0) {
		etask_free(task);
		return NULL;
	}
	return task;
}

errno_t etask_free(sys_event_task_t task)
{
	if (atomic_load(&task->tid) && !etask_is_current(task))
		return EBUSY;
	diag_task_remove(task);
	/* A waker either is counted here, or finds asleep false and writes nothing. */
	atomic_store(&task->asleep, false);
	while (atomic_load(&task->nr_wakers))
		sched_yield();
	if (task->epfd >= 0)
		close(task->epfd);
	if (task->evfd >= 0)
		close(task->evfd);
	etask_forget_watches(task);
	etask_forget_alarms(task);
	etask_forget_callbacks(task);
	entries_forget(task);
	sem_destroy(&task->started);
	if (etask_is_current(task))
		sys_event_task = NULL;
	task_memory_put(task);
	return E_OK;
}

void etask_wake(sys_event_task_t task)
{
	uint64_t one = 1;

	atomic_fetch_add(&task->nr_wakers, 1);
	if (atomic_exchange(&task->asleep, false) && write(task->evfd, &one, sizeof(one)) < 0)
		abort();	/* an eventfd of our own never fails short of 2^64 wakes */
	atomic_fetch_sub(&task->nr_wakers, 1);
}

errno_t etask_stop(sys_event_task_t task)
{
	uint64_t one = 1;
	errno_t err;

	atomic_fetch_add(&task->nr_wakers, 1);
	atomic_store(&task->stop, true);
	err = write(task->evfd, &one, sizeof(one)) < 0 ? errno : E_OK;
	atomic_fetch_sub(&task->nr_wakers, 1);
	return err;
}

void etask_adopt(sys_event_task_t task)
{
	pthread_mutex_lock(&task->call_lock);
	sys_event_task = task;
	task->now = time_now();
	atomic_store(&task->tid, (pid_t)syscall(SYS_gettid));
	pthread_mutex_unlock(&task->call_lock);
}

static void *etask_thread(void *arg)
{
	sys_event_task_t task = arg;

	prctl(PR_SET_NAME, task->name);
	diag_thread_enter();
	nofault_thread_enter();
	if (task->cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)task->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);	/* a wish: a cpuset may refuse it */
	}
	etask_adopt(task);
	sem_post(&task->started);
	etask_run(task);
	return NULL;
}

int etask_start(sys_event_task_t task, const char *name, int cpu)
{
	int rc;

	if (task->has_thread || atomic_load(&task->tid))
		return -EBUSY;
	task->name = name;
	task->cpu = cpu;
	atomic_store(&task->stop, false);
	rc = pthread_create(&task->pthread, NULL, etask_thread, task);
	if (rc)
		return -rc;
	task->has_thread = true;
	while (sem_wait(&task->started) < 0 && errno == EINTR)
		;
	return 0;
}

void etask_stop_join(sys_event_task_t task)
{
	if (!task->has_thread)
		return;
	etask_stop(task);
	pthread_join(task->pthread, NULL);
	task->has_thread = false;
}

int etask_fd(sys_event_task_t task)
{
	return task->epfd;
}

void etask_hook_add(sys_event_task_t task, struct etask_hook *hook)
{
	struct etask_hook **at = &task->hooks;

	while (*at)
		at = &(*at)->next;
	hook->next = NULL;
	*at = hook;
	if (etask_is_current(task) && hook->start)
		hook->start(hook->env, task);
}

void etask_hook_remove(sys_event_task_t task, struct etask_hook *hook)
{
	for (struct etask_hook **at = &task->hooks; *at; at = &(*at)->next) {
		if (*at == hook) {
			*at = hook->next;
			return;
		}
	}
}

sys_time_t etask_now(sys_event_task_t task)
{
	return task->now;
}
