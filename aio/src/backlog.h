/* SPDX-License-Identifier: MIT */
#ifndef RING3_AIO_BACKLOG_H
#define RING3_AIO_BACKLOG_H

/*
 * backlog.h - private to aio/src: operations that the kernel has no room for yet, in order.
 *
 * A provider says how it takes one: true when it did (or gave it to a thread), false when there is no
 * room now. Nothing overtakes what waits. Linked by op->next. On-task, as what owns it is.
 */
#include "aio_impl.h"

struct backlog {
	struct aio_op	*first, **tail;
};

static inline void backlog_init(struct backlog *backlog)
{
	backlog->first = NULL;
	backlog->tail = &backlog->first;
}

/* Inlined, so that @take is no call through a pointer. */
static inline __attribute__((always_inline)) void backlog_put(struct backlog *backlog, struct aio_op *op,
							      bool (*take)(void *env, struct aio_op *op), void *env)
{
	if (!backlog->first && take(env, op))
		return;
	op->next = NULL;
	*backlog->tail = op;
	backlog->tail = &op->next;
}

/* As many as @take takes now. It may not put any back. */
static inline __attribute__((always_inline)) void backlog_drain(struct backlog *backlog,
								bool (*take)(void *env, struct aio_op *op), void *env)
{
	struct aio_op *op, *next;

	for (op = backlog->first; op; op = next) {
		next = op->next;	/* taken, it may go to a thread, which uses the link */
		if (!take(env, op))
			break;
		backlog->first = next;
	}
	if (!backlog->first)
		backlog->tail = &backlog->first;
}

#endif /* RING3_AIO_BACKLOG_H */
