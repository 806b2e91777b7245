/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_WAITS_H
#define RING3_DIAG_WAITS_H

/*
 * diag_waits.h - what kernel-api tells a dump of its wait queues: host and kernel flavour, builtin types only.
 *
 * Nothing is kept for this while threads run but a word per task: a sleeping thread is found by its record
 * (diag_notes.h), its task names the queue, and the queue its waiters. All of it is read through the kernel
 * (diag_wait_show's @peek), so no lock is taken, and what goes away meanwhile is an error, not a crash.
 */

enum { DIAG_WAITERS_MAX = 64 };		/* shown of one queue */

/* A thread that sleeps: @task is what it gave diag_sleep_begin() as its object. */
struct diag_sleeper {
	const void		*task;
	unsigned long long	since;		/* CLOCK_MONOTONIC ns, 0 = before the collector ran */
	int			tid;
};

struct diag_waiter {
	char			name[16];	/* of its task, "" = it is none: a callback */
	int			tid;
	int			asleep, exclusive;
	unsigned long long	since;		/* of its sleep; 0 = not known */
	const void		*fn;		/* called to wake it */
};

struct diag_wait_queue {
	const void		*head;
	const void		*name;		/* static string of who set it up, to be peeked; NULL = none */
	int			busy;		/* it changed whenever it was looked at: what follows may be torn */
	int			lock_owner;	/* thread that holds its lock, 0 = none */
	unsigned int		nr_waiters, nr_shown;
	struct diag_waiter	waiters[DIAG_WAITERS_MAX];
};

/* What kernel-api is given to look with, and to tell to. */
struct diag_wait_show {
	int	(*peek)(const void *addr, void *into, unsigned long bytes);	/* 1 = all of it was read */
	void	(*tell)(void *env, const struct diag_wait_queue *queue);
	void	*env;
	const struct diag_sleeper *sleepers;
	unsigned int nr_sleepers;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Tells each queue that somebody waits in. On the collector: neither locks nor allocates. NULL = no kernel-api. */
__attribute__((visibility("default"))) extern void (*diag_wait_queues)(const struct diag_wait_show *show);

#ifdef __cplusplus
}
#endif

#endif /* RING3_DIAG_WAITS_H */
