/* SPDX-License-Identifier: MIT */
#ifndef RING3_ETASK_IMPL_H
#define RING3_ETASK_IMPL_H

/* etask_impl.h - private to shim/src: what an event task is made of. */
#include <semaphore.h>
#include <stdatomic.h>

#include "bias_lock.h"
#include "etask.h"
#include "wheel.h"

/* A queue with many producers: pushed on a stack, taken whole by the task and turned round. */
struct etask_queue {
	_Atomic(struct etask_callback *) incoming __attribute__((aligned(64)));
	/* On-task only, and on a line of its own: posters must not feel each callback that runs. */
	struct etask_callback	*head __attribute__((aligned(64))), **tail;
};

/*
 * What a task knows of one file descriptor. An event from epoll carries the number
 * of the descriptor and the generation of its watch, never an address: so an event
 * that outlived its poll finds another generation, and nothing is touched.
 */
struct watch {
	_Atomic(struct etask_poll *) poll;		/* NULL: not watched */
	_Atomic(uint32_t)	generation;
};

#define WATCH_CHUNK		1024
#define WATCH_CHUNKS		1024			/* a million descriptors */
#define WATCH_EVENTFD		UINT64_MAX		/* the event that is the waking itself */

struct sys_event_task {
	/* What a late poster may look at: outlives etask_free(). */
	atomic_bool		asleep;
	atomic_uint		nr_wakers;		/* threads between a look at asleep and their write */
	sys_event_task_t	next_unused;
	struct bias_lock	alarm_lock __attribute__((aligned(64)));	/* wheel, alarm_running; leaf */
	pthread_mutex_t		poll_lock;		/* writers of watches; leaf */
	/*
	 * Recursive. Guards the turns from running to not running and back, so that
	 * a call handed to the task is run by the task or by its caller, never by none.
	 */
	pthread_mutex_t		call_lock;

	struct sys_event_task_cfg cfg;			/* cleared by etask_alloc() from here on */
	int			epfd, evfd;
	pthread_t		pthread;
	bool			has_thread;		/* to be joined; of who starts and stops */
	sem_t			started;		/* posted once etask_start()'s thread runs */
	_Atomic(pid_t)		tid;			/* 0: nobody runs it */
	atomic_bool		stop;
	const char		*name;
	int			cpu;

	struct etask_queue	queue, lopri;

	/* on-task only from here, unless said */
	bool			in_round __attribute__((aligned(64)));
	const char		*running;		/* whence of the handler, read racily */
	uint64_t		nr_handlers;		/* begun; the same at two looks: it is the same one */
	struct etask_hook	*hooks;
	sys_time_t		now;
	uint64_t		spin_ns;
	struct {
		bool		spins;			/* this block of waits begins with a spin */
		bool		trial;			/* it is the short one of the other way */
		unsigned int	left, length;
		uint64_t	sum_ns, avg_ns[2];	/* of the last block without and with a spin */
	} waits;
	struct epoll_event	batch[ETASK_POLLS_MAX];
	int			batch_count, batch_next;
	unsigned int		steps_left, lopri_left, alarms_left;	/* until it must look at the descriptors */
	bool			found;			/* at the last look */
	sys_time_t		looked;
	unsigned int		stale_rounds;		/* in a row, with events of polls long gone */

	_Atomic(struct watch *)	watches[WATCH_CHUNKS];

	struct wheel		wheel;
	struct etask_alarm	*alarm_running;
	sys_time_t		sleeps_until;		/* under alarm_lock */

	struct etask_stats	stats;			/* written on-task, read racily */
};

/* A load, where clients of the library make a call of it. */
extern __thread sys_event_task_t sys_event_task __attribute__((tls_model("initial-exec")));

static inline bool etask_is_current(sys_event_task_t task)
{
	return sys_event_task == task;
}

/* Now, without the lock. */
static inline uint64_t alarms_armed(sys_event_task_t task)
{
	return __atomic_load_n(&task->wheel.count, __ATOMIC_RELAXED);
}

static inline void lock_alarms(sys_event_task_t task)
{
	if (likely(etask_is_current(task)))
		bias_lock_owner(&task->alarm_lock);
	else
		bias_lock_other(&task->alarm_lock);
}

static inline void unlock_alarms(sys_event_task_t task)
{
	if (likely(etask_is_current(task)))
		bias_unlock_owner(&task->alarm_lock);
	else
		bias_unlock_other(&task->alarm_lock);
}

sys_event_task_t etask_alloc(struct sys_event_task_cfg *cfg);
errno_t etask_free(sys_event_task_t task);
errno_t etask_run(sys_event_task_t task);
errno_t etask_stop(sys_event_task_t task);
string_t etask_fmt(sys_event_task_t task);

void etask_wake(sys_event_task_t task);

/* Run @fn(@arg) on the task and wait for it; at once when the caller is the task, or when nobody runs it. */
void etask_call_sync(sys_event_task_t task, void (*fn)(void *arg), void *arg);

bool etask_queues_empty(sys_event_task_t task);
unsigned int etask_run_callbacks(sys_event_task_t task);
unsigned int etask_run_alarms(sys_event_task_t task);
unsigned int etask_run_polls(sys_event_task_t task);
/* From etask_free(): nothing may be left that names the task. */
void etask_forget_watches(sys_event_task_t task);
void etask_forget_alarms(sys_event_task_t task);
void etask_forget_callbacks(sys_event_task_t task);

/* Run what etask_call_sync() queued and nobody else would run any more. On-task, under call_lock. */
void etask_finish_calls(sys_event_task_t task);

sys_time_t time_now(void);

static inline void stat_set(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, n, __ATOMIC_RELAXED);
}

static inline void stat_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void enter_handler(sys_event_task_t task, const char *whence)
{
	__atomic_store_n(&task->running, whence, __ATOMIC_RELAXED);
	stat_add(&task->nr_handlers, 1);
}

#endif /* RING3_ETASK_IMPL_H */
