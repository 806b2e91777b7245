/* SPDX-License-Identifier: MIT */
#ifndef SYS_FIFO_H
#define SYS_FIFO_H

/*
 * sys_fifo.h - queues of links that their owners embed: nothing is allocated.
 *
 *	sys_fifo_t	any threads at both ends, under a spinlock
 *	sys_mwqueue_t	writers without a lock and on a cache line of their own; readers under one
 *
 * An item is on one queue at a time. An item that was taken keeps a stale link.
 * Interface: MTE's, by its names. Threads: any, unless said. Nothing sleeps.
 */
#include "sys_spinlock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _sys_link {
	struct _sys_link	*next;
} sys_link_t;

#ifndef enclosing_record	/* NULL stays NULL, as what is taken from an empty queue */
#define enclosing_record(link, type, member) ({						\
	__typeof__(link) enclosed = (link);						\
	enclosed ? (type *)(void *)((char *)enclosed - offsetof(type, member)) : NULL;	\
})
#endif

typedef struct {
	sys_spinlock_t	lock;
	sys_link_t	head;		/* .next: the first item, or NULL */
	sys_link_t	*last;		/* valid while there are items */
	uint32_t	nitem, hiwat;	/* now, and at most; written under the lock */
} sys_fifo_t;

#define SYS_FIFO_INIT()		{ .lock = SYS_SPINLOCK_INIT() }

void sys_fifo_init(sys_fifo_t *fifo);
/* It must be empty: a fatal report otherwise. */
void sys_fifo_deinit(sys_fifo_t *fifo);

/* With other threads at work these are true only at the moment of asking. */
static inline uint32_t sys_fifo_nitem(sys_fifo_t *fifo)
{
	return __atomic_load_n(&fifo->nitem, __ATOMIC_RELAXED);
}

static inline bool sys_fifo_is_empty(sys_fifo_t *fifo)
{
	return !sys_fifo_nitem(fifo);
}

static inline bool sys_fifo_was_used(sys_fifo_t *fifo)
{
	return __atomic_load_n(&fifo->hiwat, __ATOMIC_RELAXED) > 0;
}

void sys_fifo_append(sys_fifo_t *fifo, sys_link_t *item);
void sys_fifo_prepend(sys_fifo_t *fifo, sys_link_t *item);
sys_link_t *sys_fifo_take(sys_fifo_t *fifo);	/* the first, or NULL */
#define sys_fifo_take_entry(fifo, type, member)	enclosing_record(sys_fifo_take(fifo), type, member)

/* Behind all items that @cmp does not find greater; O(n). @cmp(env, there, item) > 0: there is greater. */
void sys_fifo_insert_sorted(sys_fifo_t *fifo, sys_link_t *item, int (*cmp)(void *env, sys_link_t *, sys_link_t *),
			    void *env);

/* Take @item out of the middle; O(n). EINVAL when it is not there. */
errno_t sys_fifo_find_remove(sys_fifo_t *fifo, sys_link_t *item);

/* From the head of @from to the end of @to: all; all but @leave; up to @most. Items moved. @to is not @from. */
uint32_t sys_fifo_xfer(sys_fifo_t *to, sys_fifo_t *from);
uint32_t sys_fifo_xfer_leave(sys_fifo_t *to, sys_fifo_t *from, uint32_t leave);
uint32_t sys_fifo_xfer_max(sys_fifo_t *to, sys_fifo_t *from, uint32_t most);

/* Not for use beside other threads. */
#define foreach_fifo_entry(fifo, entry, member)							\
	for ((entry) = enclosing_record((fifo)->head.next, __typeof__(*(entry)), member); (entry);	\
	     (entry) = enclosing_record((entry)->member.next, __typeof__(*(entry)), member))

#define SYS_FIFO_FMT		"nitem=%u hiwat=%u lock={" SYS_SPIN_FMT "}"
#define SYS_FIFO_FIELDS(fifo)	sys_fifo_nitem(fifo), __atomic_load_n(&(fifo)->hiwat, __ATOMIC_RELAXED),	\
				SYS_SPIN_FIELDS(&(fifo)->lock)

/* ---- many writers -------------------------------------------------------------- */

typedef struct {
	sys_link_t	*incoming __attribute__((aligned(64)));	/* a stack: the newest first */
	int64mt_t	nitem_append;

	sys_spinlock_t	lock __attribute__((aligned(64)));	/* of the readers */
	sys_link_t	*head;
	int64mt_t	nitem_take, ntake_empty, nitem_prepend, nxfers;
} sys_mwqueue_t;

#define SYS_MWQUEUE_INIT()	{ .lock = SYS_SPINLOCK_INIT() }

void sys_mwqueue_init(sys_mwqueue_t *queue);
void sys_mwqueue_deinit(sys_mwqueue_t *queue);	/* as sys_fifo_deinit() */
bool sys_mwqueue_is_empty(sys_mwqueue_t *queue);

/* Items of one writer stay in order. Lock-free. */
void sys_mwqueue_append(sys_mwqueue_t *queue, sys_link_t *item);
/* All of @fifo, together; items moved. */
uint32_t sys_mwqueue_append_fifo(sys_mwqueue_t *queue, sys_fifo_t *fifo);
/* Before all that is there. */
void sys_mwqueue_prepend(sys_mwqueue_t *queue, sys_link_t *item);
sys_link_t *sys_mwqueue_take(sys_mwqueue_t *queue);
#define sys_mwqueue_take_entry(queue, type, member)	enclosing_record(sys_mwqueue_take(queue), type, member)

#define SYS_MWQUEUE_FMT										\
	"nitem_append=%" PRId64 " nitem_take=%" PRId64 " ntake_empty=%" PRId64 " nprepend=%" PRId64	\
	" nxfers=%" PRId64 " lock={" SYS_SPIN_FMT "}"
#define SYS_MWQUEUE_FIELDS(queue)									\
	int64mt_get(&(queue)->nitem_append), int64mt_get(&(queue)->nitem_take),			\
	int64mt_get(&(queue)->ntake_empty), int64mt_get(&(queue)->nitem_prepend),		\
	int64mt_get(&(queue)->nxfers), SYS_SPIN_FIELDS(&(queue)->lock)
/* Free with sys_mem_free(). Include sys_debug.h. */
#define sys_mwqueue_stats(queue)	sys_sprintf(SYS_MWQUEUE_FMT, SYS_MWQUEUE_FIELDS(queue))

#ifdef __cplusplus
}
#endif

#endif /* SYS_FIFO_H */
