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
 * A round looks at the descriptors, except within ETASK_LOOK_NS of a look that found none.
 * Nobody starves. Between two looks at the descriptors a task runs at most
 *
 *	max_polls poll handlers	(32, at most ETASK_POLLS_MAX), those waiting longest first
 *	max_steps callbacks	(100), in the order posted
 *	max_steps / 4 + 1	low-priority callbacks: so at least one a round
 *	ETASK_ALARMS_MAX alarms	that were due, oldest first; one that arms itself for the past waits a round
 *
 * and what the hooks do. So with F descriptors always ready each is served once in
 * F / max_polls rounds; an alarm that is due fires in this round or, behind D others, D /
 * ETASK_ALARMS_MAX rounds later; a low-priority callback behind L others runs within
 * L / (max_steps / 4 + 1) rounds. How long a round lasts is up to the handlers: stats.longest_round_ns.
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
#define ETASK_POLLS_MAX		128
#define ETASK_ALARMS_MAX	256
#define ETASK_LOOK_NS		10000

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
 * already (its handler will run once, after this call). Callbacks run in the order
 * posted, by one thread or by several: one that was queued before the post of another
 * began runs before that. Writes the task's eventfd only if it sleeps.
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
	struct etask_alarm	*next, **pprev;	/* the engine's, as state is */
	sys_event_task_t	task;		/* NULL while not armed */
	uint32_t		state;
	uint32_t		missed;		/* periods that went by unserved; on-task */
	sys_time_t		expire;		/* absolute, CLOCK_MONOTONIC ns */
	sys_time_delta_t	period;		/* ns; 0: fires once */
	void			(*fn)(struct etask_alarm *alarm);
	const char		*whence;
};

void etask_alarm_init(struct etask_alarm *alarm,
		      void (*fn)(struct etask_alarm *alarm), const char *whence);

/*
 * Arm, or re-arm, at @expire (CLOCK_MONOTONIC ns; the past fires in this round, from
 * an alarm's handler in the next). It fires up to 16.4 us (a tick) after @expire, never
 * before. Any thread, O(1). The task itself takes no lock for it but by plain stores; another
 * thread that comes after a long while pays some microseconds once. An armed alarm is armed on one
 * task: cancel it there before it is armed elsewhere. Alarms of a stopped task wait for its restart.
 */
void etask_alarm_arm(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t expire);

/* Shows @fn each alarm that is armed on @task, in no order, under its lock: @fn only looks. Any thread. */
void etask_each_alarm(sys_event_task_t task, void (*fn)(struct etask_alarm *alarm, void *arg), void *arg);

/*
 * Fire at @first and each @period ns after it, for ever: the times are multiples
 * and do not drift. What could not be served in time is left out and counted in
 * alarm->missed. It is armed again before its handler runs, which may cancel or re-arm
 * it, and must cancel it before it frees it. @period of 0 fires once.
 */
void etask_alarm_arm_periodic(sys_event_task_t task, struct etask_alarm *alarm, sys_time_t first,
			      sys_time_delta_t period);

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
 * sys_event_task_free() takes everything off a task that does not run: alarms are disarmed,
 * polls removed, callbacks idle, handles stale. Cancelling them afterwards is allowed and finds nothing.
 */

/*
 * Start @task on a thread of its own, named @name (15 characters shown), or
 * pinned to @cpu when that is >= 0. Returns 0 or -errno once it runs.
 */
int etask_start(sys_event_task_t task, const char *name, int cpu);

/*
 * End its loop and join its thread. Not on-task. What is queued, armed and added stays
 * so, and goes on after a restart, by etask_start() or on any thread that calls etask_run().
 */
void etask_stop_join(sys_event_task_t task);

/*
 * One turn for a task whose thread belongs to somebody else (Node's): the
 * task's epoll fd is readable when a turn is due. Never blocks. Returns the
 * time of the next alarm, or sys_time_invalid() when there is none. When
 * stats.renewals went up in it, the fd is another file by the same number: watch it anew.
 */
int etask_fd(sys_event_task_t task);
sys_time_t etask_turn(sys_event_task_t task);

/*
 * The time of the next alarm, without a turn: for who armed one between two turns and
 * must sleep shorter now. On-task.
 */
sys_time_t etask_next_alarm(sys_event_task_t task);

/* Adopt the calling thread as the task's, for use with etask_turn(). */
void etask_adopt(sys_event_task_t task);

/*
 * Spin up to @spin_ns before a sleep, adaptively: both ways are tried now and then, and it
 * spins while waits are shorter so, and shorter than @spin_ns. Starts as ETASK_SPIN_NS; 0 =
 * never, which is what it stays where there is one CPU. Before it runs, or on-task.
 */
#define ETASK_SPIN_NS	20000	/* about what waking a sleeper costs */
void etask_spin_set(sys_event_task_t task, uint64_t spin_ns);

/* The time read once this round (CLOCK_MONOTONIC ns). On-task. */
sys_time_t etask_now(sys_event_task_t task);

/* Readable from any thread without a lock. Counters are only ever raised. */
struct etask_stats {
	uint64_t	rounds, sleeps, spins, wakeups;
	uint64_t	callbacks, callbacks_lopri, polls, alarms;
	uint64_t	longest_round_ns;
	uint64_t	busy_ns, idle_ns;
	uint64_t	heartbeat;	/* when the last round began or a sleep ended, CLOCK_MONOTONIC ns */
	uint64_t	queue_max;	/* most callbacks run in one round */
	uint64_t	renewals;	/* of the epoll set, after a descriptor was closed under a poll */
	uint64_t	alarms_armed, polls_added;	/* now */
};

void etask_stats_read(sys_event_task_t task, struct etask_stats *stats);

/*
 * For who watches over a task, from any thread without a lock. A task that does not
 * sleep and whose heartbeat is old is stuck in what etask_running() names: the whence of
 * the handler it is in, NULL between handlers. Only true at the moment of asking.
 */
bool etask_asleep(sys_event_task_t task);
const char *etask_running(sys_event_task_t task);

#endif /* RING3_ETASK_H */
