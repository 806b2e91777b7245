/* SPDX-License-Identifier: MIT */
/*
 * bridge_calls.c - what ends later: calls on threads of their own, timers, works, waits:
 * ring3/bridge.h.
 *
 * A call holds a reference to its object, and counts in port->calls until its thread is
 * done with the port. A work that runs waits for its answer in slices, so that a port
 * that closes is seen.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait.h>

#include "bridge_impl.h"
#include "host/host.h"

#define CALLS_MAX	256
#define SLICE		(HZ / 20)
#define DELAY_MAX_MS	(365ll * 24 * 3600 * 1000)

static unsigned long jiffies_of(s64 ms)
{
	return (unsigned long)clamp_t(s64, ms, 0, DELAY_MAX_MS);	/* HZ is 1000 */
}

/* ---- calls -------------------------------------------------------------------------------- */

struct call {
	struct note	note;		/* the first: freed as it is taken */
	struct object	*object;
	int		what;
	s64		arg;
};

static long wait_for(struct ring3_port *port, struct completion *completion, s64 ms)
{
	unsigned long limit = jiffies + jiffies_of(ms);

	while (!port_closing(port)) {
		long left = ms < 0 ? SLICE : (long)(limit - jiffies);

		if (left <= 0)
			return try_wait_for_completion(completion) ? 0 : -ETIMEDOUT;
		if (wait_for_completion_timeout(completion, (unsigned long)min_t(long, left, SLICE)))
			return 0;
	}
	return -ECANCELED;
}

static void call_thread(void *arg)
{
	struct call *call = arg;
	struct ring3_port *port = call->note.port;
	s64 id = call->object->id;
	long rc = 0;

	switch (call->what) {
	case RING3_CALL_WAIT:
		rc = wait_for(port, &call->object->completion, call->arg);
		break;
	case RING3_CALL_FLUSH:
		flush_workqueue(call->object->wq);
		break;
	case RING3_CALL_DRAIN:
		drain_workqueue(call->object->wq);
		break;
	case RING3_CALL_PUT:
		rc = object_put(id);
		break;
	}
	object_put(id);
	note_post(&call->note, rc, false);
	__atomic_fetch_sub(&port->calls, 1, __ATOMIC_RELEASE);	/* the last touch */
}

int ring3_call(struct ring3_port *port, long long cookie, int what, long long id, long long arg)
{
	struct call *call;
	int rc;

	if (what < RING3_CALL_WAIT || what > RING3_CALL_PUT)
		return -EINVAL;
	if (__atomic_load_n(&port->calls, __ATOMIC_RELAXED) >= CALLS_MAX)
		return -ENOSPC;
	call = kzalloc(sizeof(*call), GFP_KERNEL);
	if (!call)
		return -ENOMEM;
	call->object = object_get(id, what == RING3_CALL_WAIT ? RING3_COMPLETION :
				      what == RING3_CALL_PUT ? 0 : RING3_WORKQUEUE);
	if (!call->object) {
		kfree(call);
		return -ENOENT;
	}
	if (what == RING3_CALL_PUT && !reference_take(port, id)) {
		object_put(id);
		kfree(call);
		return -ENOENT;
	}
	note_init(&call->note, port, cookie);
	call->note.freed_when_taken = true;
	call->what = what;
	call->arg = arg;
	__atomic_fetch_add(&port->calls, 1, __ATOMIC_RELAXED);
	rc = host_thread_start(call_thread, call, "ring3-call");
	if (rc) {
		__atomic_fetch_sub(&port->calls, 1, __ATOMIC_RELAXED);
		object_put(id);
		if (what == RING3_CALL_PUT)
			object_put(id);
		kfree(call);
	}
	return rc;
}

/* ---- timers --------------------------------------------------------------------------------- */

struct ring3_timer {
	struct thing		thing;
	struct note		note;
	struct timer_list	timer;
};

static void timer_fired(struct timer_list *t)
{
	struct ring3_timer *timer = from_timer(timer, t, timer);

	note_post(&timer->note, 1, true);
}

static void timer_free(struct thing *thing)
{
	struct ring3_timer *timer = container_of(thing, struct ring3_timer, thing);

	ring3_timer_cancel(timer);
	kfree(timer);
}

struct ring3_timer *ring3_timer_new(struct ring3_port *port, long long cookie)
{
	struct ring3_timer *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return NULL;
	note_init(&timer->note, port, cookie);
	timer_setup(&timer->timer, timer_fired, 0);
	thing_add(port, &timer->thing, timer_free);
	return timer;
}

int ring3_timer_arm(struct ring3_timer *timer, long long ms)
{
	return mod_timer(&timer->timer, jiffies + jiffies_of(ms));
}

int ring3_timer_cancel(struct ring3_timer *timer)
{
	int was = del_timer_sync(&timer->timer);

	return note_recall(&timer->note) || was;
}

int ring3_timer_pending(struct ring3_timer *timer)
{
	return timer_pending(&timer->timer);
}

void ring3_timer_free(struct ring3_timer *timer)
{
	list_del(&timer->thing.list);
	timer_free(&timer->thing);
}

/* ---- works ----------------------------------------------------------------------------------- */

struct ring3_work {
	struct thing		thing;
	struct note		note;
	struct delayed_work	work;
	struct workqueue_struct	*wq;
	struct object		*queue;		/* NULL: the system's */
	struct completion	answered;
	bool			runs, freed;	/* atomic */
};

static void work_runs(struct work_struct *w)
{
	struct ring3_work *work = container_of(to_delayed_work(w), struct ring3_work, work);

	__atomic_store_n(&work->runs, true, __ATOMIC_RELEASE);
	reinit_completion(&work->answered);
	note_post(&work->note, 1, false);
	while (!port_closing(work->note.port) && !__atomic_load_n(&work->freed, __ATOMIC_ACQUIRE))
		if (wait_for_completion_timeout(&work->answered, SLICE))
			break;
	__atomic_store_n(&work->runs, false, __ATOMIC_RELEASE);
}

static void work_free(struct thing *thing)
{
	struct ring3_work *work = container_of(thing, struct ring3_work, thing);
	struct object *queue = work->queue;

	/* A worker may run it or be about to: it sees this within a slice, and waits for no answer. */
	__atomic_store_n(&work->freed, true, __ATOMIC_RELEASE);
	cancel_delayed_work_sync(&work->work);
	note_recall(&work->note);
	if (queue)
		object_put(queue->id);
	kfree(work);
}

struct ring3_work *ring3_work_new(struct ring3_port *port, long long cookie, long long wq)
{
	struct object *queue = wq ? object_get(wq, RING3_WORKQUEUE) : NULL;
	struct ring3_work *work = !wq || queue ? kzalloc(sizeof(*work), GFP_KERNEL) : NULL;

	if (!work) {
		if (queue)
			object_put(wq);
		return NULL;
	}
	note_init(&work->note, port, cookie);
	INIT_DELAYED_WORK(&work->work, work_runs);
	init_completion(&work->answered);
	work->queue = queue;
	work->wq = queue ? queue->wq : system_wq;
	thing_add(port, &work->thing, work_free);
	return work;
}

int ring3_work_queue(struct ring3_work *work, long long delay_ms)
{
	return queue_delayed_work(work->wq, &work->work, jiffies_of(delay_ms));
}

int ring3_work_mod(struct ring3_work *work, long long delay_ms)
{
	return mod_delayed_work(work->wq, &work->work, jiffies_of(delay_ms));
}

int ring3_work_cancel(struct ring3_work *work)
{
	return cancel_delayed_work(&work->work);
}

int ring3_work_pending(struct ring3_work *work)
{
	return work_pending(&work->work.work);
}

void ring3_work_done(struct ring3_work *work)
{
	complete(&work->answered);
}

int ring3_work_free(struct ring3_work *work)
{
	cancel_delayed_work(&work->work);
	if (__atomic_load_n(&work->runs, __ATOMIC_ACQUIRE))
		return -EBUSY;
	list_del(&work->thing.list);
	work_free(&work->thing);
	return 0;
}

/* ---- waits ------------------------------------------------------------------------------------- */

struct ring3_wait {
	struct thing		thing;
	struct note		note;
	struct wait_queue_entry	entry;
	struct wait_queue_head	*queue;
	bool			woken;		/* the queue's lock */
};

static int bridge_woken(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct ring3_wait *wait = container_of(entry, struct ring3_wait, entry);

	list_del_init(&entry->entry);
	wait->woken = true;
	note_post(&wait->note, 1, false);
	return 1;
}

static void wait_free(struct thing *thing)
{
	struct ring3_wait *wait = container_of(thing, struct ring3_wait, thing);

	remove_wait_queue(wait->queue, &wait->entry);
	note_recall(&wait->note);
	kfree(wait);
}

struct ring3_wait *ring3_wait_add(struct ring3_port *port, long long cookie, void *wait_queue, int exclusive)
{
	struct ring3_wait *wait = kzalloc(sizeof(*wait), GFP_KERNEL);

	if (!wait)
		return NULL;
	note_init(&wait->note, port, cookie);
	wait->entry.func = bridge_woken;
	wait->queue = wait_queue;
	thing_add(port, &wait->thing, wait_free);	/* after its queue's reference: freed before it */
	if (exclusive)
		add_wait_queue_exclusive(wait->queue, &wait->entry);
	else
		add_wait_queue(wait->queue, &wait->entry);
	return wait;
}

int ring3_wait_del(struct ring3_wait *wait)
{
	bool woken;

	remove_wait_queue(wait->queue, &wait->entry);
	woken = wait->woken;	/* nobody can wake it any more */
	list_del(&wait->thing.list);
	note_recall(&wait->note);
	kfree(wait);
	return woken;
}
