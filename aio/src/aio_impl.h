/* SPDX-License-Identifier: MIT */
#ifndef RING3_AIO_IMPL_H
#define RING3_AIO_IMPL_H

/*
 * aio_impl.h - private to aio/src.
 *
 * An operation's way: aio_submit() puts it into the lane of its file and event
 * task; the lane starts it when its turn has come; the provider does it and ends
 * it with op_end() on its task, or with op_finished() from any thread, which
 * sends it home; at home, on its task, its fn is called.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "aio.h"

enum { PROVIDERS_MAX = 8 };

/*
 * What serves a file. Members may be NULL where it says so.
 *
 * The members of an event task are called on it, and keep what they need in
 * task->state[provider->index].
 */
struct aio_provider {
	const char	*name;		/* as chosen by */
	const char	*text;		/* as shown: all that takes part */
	bool		no_file;	/* has no path and no descriptor: ram, null */
	bool		only_asked;	/* never chosen by itself, nor by $RING3_AIO */
	unsigned int	index;		/* set by provider_add() */

	/* 0, or the -errno for which it does not work here; NULL = it always does. Asked once. */
	int	(*probe)(void);
	/* NULL = nothing to do. open: 0, or -errno and *@why. */
	int	(*open)(struct aio_file *file, const char **why);
	void	(*close)(struct aio_file *file);

	/* At once; may block. Bytes or -errno. */
	ssize_t	(*execute)(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset,
			   uint64_t size, const struct iovec *iov, unsigned int niov);
	/* At once and without waiting, or -EAGAIN. */
	ssize_t	(*attempt)(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset,
			   uint64_t size, const struct iovec *iov, unsigned int niov);
	/* On-task: take @op. It ends by op_finished(), but never from in here: then by op_home(). */
	void	(*submit)(struct aio_op *op);
	/* On-task, NULL = none. End of a round: hand over what was gathered; true = come again before you sleep. */
	bool	(*flush)(struct aio_task *task);
	/* On-task, NULL = none: end what the hardware has done, without waiting for more. */
	void	(*reap)(struct aio_task *task);
	/* On-task, NULL = none: @lane goes, the task stops; nothing of theirs is in flight. */
	void	(*forget)(struct aio_lane *lane);
	void	(*stop)(struct aio_task *task);
};

/* An open file. */
struct aio_file {
	const struct aio_provider *provider;
	int			fd;
	unsigned int		id;		/* 0 .. AIO_FILES_MAX - 1, among those open */
	bool			is_block, is_memory, direct, read_only;
	unsigned int		align_offset, align_memory;	/* of direct transfers, bytes; a power of two */
	_Atomic uint64_t	size;
	unsigned int		max_in_flight, min_in_flight, max_per_dispatch;
	_Atomic int		sync_error;	/* of the first loss: reported by every sync from then on */
	_Atomic unsigned int	losses;		/* times the system said that written data was lost */
	_Atomic uint64_t	slow_until;	/* buffered writes go to threads until then */
	void			*memory;	/* ram's */

	pthread_mutex_t		lock;		/* what follows */
	pthread_cond_t		no_lanes;
	struct aio_lane		*lanes;
	/* durable.c: operations that make earlier ones durable, in batches */
	unsigned int		durable_in_flight;
	unsigned int		durable_losses;			/* losses when the batch began */
	struct aio_op		*durable_held;			/* done, and waiting for the rest of the batch */
	struct aio_op		*durable_parked, **durable_tail;	/* of the next batch */
};

/*
 * The operations of one event task on one file: they wait in one queue and start
 * in its order, at most max_in_flight at a time, and a sync only when the writes
 * before it have ended: that is how it covers them. On-task, but for next_of_file
 * and asked: file->lock.
 */
struct aio_lane {
	struct aio_file		*file;
	struct aio_task		*task;
	struct aio_lane		*next_of_file;
	bool			asked;		/* to retire: the callback was posted */
	struct etask_callback	retire;
	bool			closing;	/* goes once it is empty */

	struct aio_op		*waiting, **waiting_tail;
	unsigned int		in_flight, changes_in_flight;
	bool			full;		/* met max_in_flight, and not been below min_in_flight since */
	uint64_t		round;		/* of the task; begun is about it */
	unsigned int		begun;
	bool			limited;	/* met max_per_dispatch: on its task's list */
	struct aio_lane		*next_limited;
	int			slot;		/* of the ring's registered files; -1 = none yet, -2 = never */
};

/* What an event task knows of aio. On-task, unless said. */
struct aio_task {
	struct aio_task		*next;		/* all of them: tasks_lock */
	sys_event_task_t	etask;
	struct etask_hook	hook;
	struct etask_callback	kick;		/* makes a round where there is none */

	struct etask_callback	homecoming;	/* any thread: */
	_Atomic(struct aio_op *) home;		/* operations that came home, the last first */
	_Atomic unsigned int	pins;		/* operations out that another thread will send home */

	bool			in_round, stopping;
	uint64_t		round;		/* counts */
	struct aio_lane		*limited;	/* lanes to go on with in the next round */
	unsigned int		in_flight;	/* in all lanes */
	struct aio_lane		**lanes;	/* by file->id */
	unsigned int		nr_lanes;
	void			*state[PROVIDERS_MAX];
	struct aio_op		*oldest, *youngest;	/* in flight: flight.c */
};

/* provider.c */
void provider_add(struct aio_provider *provider);	/* before it is used; after the built-in ones */
/*
 * The provider @name; or that which serves @file: the one that is preferred, or $RING3_AIO names,
 * or the best for it. NULL, *@err and *@why where there is none of that name that works.
 */
const struct aio_provider *provider_find(const char *name, int *err, const char **why);
const struct aio_provider *provider_choose(const struct aio_file *file, int *err, const char **why);
bool providers_flush(struct aio_task *task);
void providers_reap(struct aio_task *task);
void providers_stop(struct aio_task *task);

/* task.c */
extern __thread struct aio_task *aio_task_current;
/* Something was submitted: see that a round ends soon. */
void task_kick(struct aio_task *task);
/* Another thread will send @op home: its task stays until then. On-task. */
void op_pin(struct aio_op *op);
/* @op is done with @result, or to be started (op->starting): tell its task, or who waits. Any thread. */
void op_home(struct aio_op *op, ssize_t result);

/* flight.c: what is in flight, for dumps. On-task; then: any thread. */
void flight_begin(struct aio_op *op);
void flight_end(struct aio_op *op);
void flight_task_add(struct aio_task *task);
void flight_task_remove(struct aio_task *task);

/* lane.c */
void op_begin(struct aio_op *op);
void op_end(struct aio_op *op, ssize_t result);		/* on its task; calls its fn */
void op_finished(struct aio_op *op, ssize_t result);	/* any thread, on its task too */
/* Bad arguments are -errno; so is a write to a file that was opened for reading. */
int op_check(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
	     const struct iovec *iov, unsigned int niov);
void lane_cancel_waiting(struct aio_lane *lane);
void lanes_resume(struct aio_task *task);		/* a new round: those that met max_per_dispatch */
void lane_retire(struct aio_lane *lane);

/* durable.c */
bool op_is_durable(const struct aio_file *file, enum aio_opcode opcode, unsigned int flags);
bool durable_begin(struct aio_op *op);			/* false: parked, it will be started later */
void durable_end(struct aio_op *op, ssize_t result);	/* any thread */
/* Making data durable failed with @error: remember it when that means that data was lost. */
void note_loss(struct aio_file *file, ssize_t error);

/* execute.c: by system calls, for all providers that have a descriptor */
ssize_t fd_execute(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		   const struct iovec *iov, unsigned int niov);
ssize_t fd_attempt(struct aio_file *file, enum aio_opcode opcode, unsigned int flags, uint64_t offset, uint64_t size,
		   const struct iovec *iov, unsigned int niov);

/* rest.c: a transfer in pieces */
enum { REST_PLACES = 64 };
/* Of the vector from byte @skip on, as much as @rest takes. Returns how many places that fills. */
unsigned int vector_rest(const struct iovec *iov, unsigned int niov, uint64_t skip, struct iovec rest[REST_PLACES]);
/* A direct transfer can go on only from here, not from the middle of a sector. */
bool may_go_on(const struct aio_file *file, uint64_t offset);
/* The vector that is left of @op: 0, or -ENOMEM. */
int op_rest(struct aio_op *op, const struct iovec **iov, unsigned int *niov);
/* The system did @result of what was left: true when there is more to do, else *@result is the operation's. */
bool op_goes_on(struct aio_op *op, ssize_t *result);

/* The providers, best first. */
extern struct aio_provider uring_provider, libaio_provider, threads_provider, ram_provider, null_provider;
int threads_start(struct aio_file *file, const char **why);	/* at least one there is; an open() */
void threads_submit(struct aio_op *op);		/* a worker does it: any thread may ask */
/* @op, or any of @lane, that no worker has begun: it is out of the queue, and not ended. NULL = none. */
struct aio_op *threads_take_back(const struct aio_op *op, const struct aio_lane *lane);
void inline_submit(struct aio_op *op);		/* do it here and now: a submit() */

static inline bool changes(enum aio_opcode opcode)
{
	return opcode == AIO_WRITE || opcode == AIO_DISCARD || opcode == AIO_ZERO;
}

#endif /* RING3_AIO_IMPL_H */
