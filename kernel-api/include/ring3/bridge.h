/* SPDX-License-Identifier: MIT */
#ifndef RING3_BRIDGE_H
#define RING3_BRIDGE_H

/*
 * ring3/bridge.h - kernel primitives for a program with event loops of its own, such as
 * Node: nothing here blocks its thread, unless said; what happens is put into a port,
 * whose file descriptor then is readable.
 *
 * Objects (completions, wait queues, locks, work queues) are for all threads: named by an
 * id that is never used twice, counted. Timers, works and waits belong to one port, and
 * only its thread touches them.
 *
 * Errors are -errno: -ENODEV no kernel runs, -ENOENT no such object, -ENOSPC a limit.
 * Limits: 64 ports, 4096 objects, 256 calls of a port at a time.
 */

#pragma GCC visibility push(default)

enum ring3_object_kind {
	RING3_COMPLETION = 1, RING3_WAIT_QUEUE, RING3_MUTEX, RING3_SPINLOCK, RING3_WORKQUEUE,
};

/* ---- ports -------------------------------------------------------------------------- */

struct ring3_port;

/* The fd to poll, or -errno. */
int ring3_port_open(struct ring3_port **port);
/*
 * What is read of the fd first is 8 bytes, an eventfd's. Then this until it returns 0: pairs
 * of a cookie and a value, @max at most; how many.
 */
int ring3_port_take(struct ring3_port *port, long long *pairs, int max);
/* Calls under way come back with -ECANCELED, works that wait for their answer end. */
void ring3_port_cancel(struct ring3_port *port);
/*
 * The same, and blocks until all have. What the port still has of timers, works, waits and
 * references is freed; mutexes and spinlocks that this thread holds are given up, with a
 * line in the log.
 */
void ring3_port_close(struct ring3_port *port);

/* ---- objects -------------------------------------------------------------------------- */

/* With one reference, of the port; its id. @arg: of a work queue, max_active; @name is its threads'. */
long long ring3_object_new(struct ring3_port *port, int kind, const char *name, int arg);
/* A reference to another port's; its id, or -ENOENT: there is no such object of this kind. */
long long ring3_object_share(struct ring3_port *port, long long id, int kind);
/* The address of the kernel's struct while there is a reference. */
void *ring3_object_address(long long id, int kind);
/*
 * One of the port's references less; the last of all ports frees it: 0. Nobody may wait for
 * it or hold it then: -EBUSY, and the reference is kept. -ENOENT: the port has none. Blocks
 * for a work queue until its work has ended: see RING3_CALL_PUT.
 */
int ring3_object_put(struct ring3_port *port, long long id);

/* Each blocks not at all. */
void ring3_complete(void *completion, int all);
int ring3_completion_try(void *completion);
int ring3_completion_is_done(void *completion);
void ring3_completion_reinit(void *completion);
void ring3_wake_up(void *wait_queue, int nr);	/* exclusive ones; 0 = all */

/* -EDEADLK: this thread has it already, or a spinlock; -EPERM on unlock: it has it not. Lock blocks. */
int ring3_mutex_lock_checked(void *mutex);
int ring3_mutex_trylock_checked(void *mutex);	/* 1: it is ours; 0: it is another's */
int ring3_mutex_unlock_checked(void *mutex);
int ring3_spin_lock_checked(void *lock);
int ring3_spin_trylock_checked(void *lock);
int ring3_spin_unlock_checked(void *lock);
/* Whether this thread may not sleep now, since it holds a spinlock. */
int ring3_in_atomic(void);

/* ---- calls that may block, on a thread of their own ------------------------------------ */

enum ring3_call {
	RING3_CALL_WAIT = 1,	/* of a completion: 0, or -ETIMEDOUT after @arg ms (< 0: never) */
	RING3_CALL_FLUSH,	/* of a work queue: what was queued before has ended */
	RING3_CALL_DRAIN,	/* and nothing was queued since */
	RING3_CALL_PUT,		/* ring3_object_put(), of this port's reference */
};
/* 0: the port gets @cookie with the result, once; @id keeps a reference meanwhile. */
int ring3_call(struct ring3_port *port, long long cookie, int call, long long id, long long arg);

/* ---- timers, works, waits: of a port ------------------------------------------------------ */

struct ring3_timer;
struct ring3_work;
struct ring3_wait;

/* The port gets @cookie with the number of times that it fired since. */
struct ring3_timer *ring3_timer_new(struct ring3_port *port, long long cookie);
int ring3_timer_arm(struct ring3_timer *timer, long long ms);	/* 1: it was pending; from now */
int ring3_timer_cancel(struct ring3_timer *timer);		/* and it has not fired unseen; 1: it was pending */
int ring3_timer_pending(struct ring3_timer *timer);
void ring3_timer_free(struct ring3_timer *timer);

/*
 * A work: its queue runs it by telling the port @cookie, and holds a worker until
 * ring3_work_done(). @wq is a work queue's id; 0 = the system's.
 */
struct ring3_work *ring3_work_new(struct ring3_port *port, long long cookie, long long wq);
int ring3_work_queue(struct ring3_work *work, long long delay_ms);	/* 1: queued; 0: it was already */
int ring3_work_mod(struct ring3_work *work, long long delay_ms);	/* 1: it was pending; moved */
int ring3_work_cancel(struct ring3_work *work);			/* 1: it was pending; a run goes on */
int ring3_work_pending(struct ring3_work *work);
void ring3_work_done(struct ring3_work *work);
/* -EBUSY while it runs. */
int ring3_work_free(struct ring3_work *work);

/* In the queue until it is woken or taken out; the port gets @cookie when it was woken. */
struct ring3_wait *ring3_wait_add(struct ring3_port *port, long long cookie, void *wait_queue, int exclusive);
int ring3_wait_del(struct ring3_wait *wait);	/* 1: it was woken; it is freed */

/* ---- memory ---------------------------------------------------------------------------------- */

struct ring3_pool;

/* kmem_cache_create() of a name that is copied; @align a power of 2. NULL: -ENOMEM or bad sizes. */
struct ring3_pool *ring3_pool_new(const char *name, unsigned int bytes, unsigned int align);
void *ring3_pool_alloc(struct ring3_pool *pool, int zero);	/* NULL: no memory */
void ring3_pool_free(struct ring3_pool *pool, void *object);
/* -EBUSY: objects are out. */
int ring3_pool_destroy(struct ring3_pool *pool);
void *ring3_kmalloc(unsigned long bytes, int zero);
void ring3_kfree(void *memory);

#pragma GCC visibility pop

#endif /* RING3_BRIDGE_H */
