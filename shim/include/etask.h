/* SPDX-License-Identifier: MIT */
#ifndef RING3_ETASK_H
#define RING3_ETASK_H

/*
 * etask.h - the event task, in the form its own neighbours use.
 *
 * sys_service.h offers polls, alarms and callbacks by handle, each entry
 * allocated by the engine. This header offers the same three nouns embedded in
 * the caller's own structures: nothing is allocated, nothing can fail.
 *
 * An event task is one native thread with one epoll set. It works in rounds:
 *
 *	round_begin hooks -> poll (no wait) -> up to max_polls poll handlers ->
 *	up to max_steps callbacks -> a share of low-priority callbacks ->
 *	due alarms -> round_end hooks -> sleep only if nothing is left
 *
 * Before it sleeps it may spin for a while (see etask_spin_set).
 *
 * Threads: each function says which thread may call it. "On-task" is the thread
 * that runs the task, from inside one of its handlers.
 */
#include <stdbool.h>
#include <stdint.h>

#include "sys_service.h"

/* ---- callbacks -------------------------------------------------------- */

/*
 * A callback that its owner embeds. Idle, queued or running; it may be posted
 * again from inside its own handler. The owner keeps the memory valid until the
 * handler was entered (the handler may free it) or etask_cancel_sync() returned.
 */
struct etask_callback {
	struct etask_callback	*next;		/* the engine's */
	void			(*fn)(struct etask_callback *cb);
	const char		*whence;	/* static string, for dumps */
	uint32_t		state;		/* the engine's, atomic */
};

void etask_callback_init(struct etask_callback *cb,
			 void (*fn)(struct etask_callback *cb), const char *whence);

/*
 * Queue @cb on @task. Any thread, lock-free. Returns false when it was queued
 * already (its handler will run once, after this call). Callbacks posted by one
 * thread run in the order posted. Writes the task's eventfd only if it sleeps.
 */
bool etask_post(sys_event_task_t task, struct etask_callback *cb);

/* The same at low priority: runs after the normal ones, but is never starved. */
bool etask_post_lopri(sys_event_task_t task, struct etask_callback *cb);

/*
 * Take @cb back. When it returns the handler is not running (unless the caller
 * is that handler) and will not run. Returns true when a queued run was
 * cancelled. Any thread; off-task callers wait for a running handler to return.
 */
bool etask_cancel_sync(sys_event_task_t task, struct etask_callback *cb);

/* ---- alarms ----------------------------------------------------------- */

/* An alarm that its owner embeds: a slot in the task's hierarchical timer wheel. */
struct etask_alarm {
	struct etask_alarm	*next, **pprev;	/* the engine's */
	sys_time_t		expire;		/* absolute, CLOCK_MONOTONIC ns */
	void			(*fn)(struct etask_alarm *alarm);
	const char		*whence;
	sys_event_task_t	task;		/* NULL while not armed */
	uint32_t		state;
};

void etask_alarm_init(struct etask_alarm *alarm,
		      void (*fn)(struct etask_alarm *alarm), const char *whence);

/*
 * Arm, or re-arm, at @expire (CLOCK_MONOTONIC ns; the past fires in this round).
 * On-task: O(1), no lock. Off-task: the request is handed over by a callback;
 * the alarm belongs to one task for its whole life.
 */
void etask_alarm_arm(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t expire);

/* Disarm; _sync as above, the other does not wait. Returns true when the alarm was armed. Any thread. */
bool etask_alarm_cancel(sys_event_task_t task, struct etask_alarm *alarm);
bool etask_alarm_cancel_sync(sys_event_task_t task, struct etask_alarm *alarm);

/* ---- polls ------------------------------------------------------------ */

/* A file descriptor watched until it is removed: it stays armed. */
struct etask_poll {
	int			fd;
	uint32_t		events;		/* EPOLL*; EPOLLET allowed */
	void			(*fn)(struct etask_poll *poll, uint32_t revents);
	const char		*whence;
	sys_event_task_t	task;		/* NULL while not added */
	uint32_t		state;
};

/* Set fields, then add. Returns 0 or -errno from epoll_ctl. Any thread. */
int etask_poll_add(sys_event_task_t task, struct etask_poll *poll);
int etask_poll_mod(struct etask_poll *poll, uint32_t events);

/* Remove; _sync as above. The fd is still the caller's to close. Any thread. */
void etask_poll_remove_sync(struct etask_poll *poll);

/* ---- hooks ------------------------------------------------------------ */

/*
 * What a neighbour (aio, kernel-api) does around the rounds of a task. Any
 * member may be NULL. All run on-task. round_begin and round_end return true
 * when they did work, so that the task does not go to sleep after it.
 */
struct etask_hook {
	struct etask_hook	*next;		/* the engine's */
	void			*env;
	void			(*start)(void *env, sys_event_task_t task);
	bool			(*round_begin)(void *env);
	bool			(*round_end)(void *env);
	void			(*before_sleep)(void *env);
	void			(*after_sleep)(void *env);
	void			(*stop)(void *env);
};

/* Add before the task runs, or on-task (then start is called at once). */
void etask_hook_add(sys_event_task_t task, struct etask_hook *hook);
void etask_hook_remove(sys_event_task_t task, struct etask_hook *hook);

/* ---- running ---------------------------------------------------------- */

/*
 * Start @task on a thread of its own, named @name (15 characters shown), or
 * pinned to @cpu when that is >= 0. Returns 0 or -errno once it runs.
 */
int etask_start(sys_event_task_t task, const char *name, int cpu);

/* End its loop and join its thread. Not on-task. Restart is allowed. */
void etask_stop_join(sys_event_task_t task);

/*
 * One turn for a task whose thread belongs to somebody else (Node's): the
 * task's epoll fd is readable when a turn is due. Never blocks. Returns the
 * time of the next alarm, or sys_time_invalid() when there is none.
 */
int etask_fd(sys_event_task_t task);
sys_time_t etask_turn(sys_event_task_t task);

/* Adopt the calling thread as the task's, for use with etask_turn(). */
void etask_adopt(sys_event_task_t task);

/*
 * Spin up to @spin_ns before a sleep, adaptively: only while sleeps of late were
 * shorter than that. 0 = never (the default where there is one CPU).
 */
void etask_spin_set(sys_event_task_t task, uint64_t spin_ns);

/* The time read once this round (CLOCK_MONOTONIC ns). On-task. */
sys_time_t etask_now(sys_event_task_t task);

/* Counters, readable from any thread without a lock; each is only ever raised. */
struct etask_stats {
	uint64_t	rounds, sleeps, spins, wakeups;
	uint64_t	callbacks, callbacks_lopri, polls, alarms;
	uint64_t	longest_callback_ns;
	uint64_t	busy_ns, idle_ns;
	uint64_t	heartbeat;	/* time of the last round, CLOCK_MONOTONIC ns */
	uint64_t	queue_max;	/* most callbacks run in one round */
	uint64_t	renewals;	/* of the epoll set, after a descriptor was closed under a poll */
};

void etask_stats_read(sys_event_task_t task, struct etask_stats *stats);

#endif /* RING3_ETASK_H */
