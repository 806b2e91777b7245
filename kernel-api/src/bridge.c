/* SPDX-License-Identifier: MIT */
/*
 * bridge.c - ports and shared objects: ring3/bridge.h.
 *
 * Locking: objects_lock guards the table and the counts; port->lock the notes. Both are
 * leaves, apart from the log's. A note is touched by who posts it and by the port's thread;
 * its owner recalls it before it frees it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "bridge_impl.h"
#include "host/host.h"
#include "module_impl.h"

#define PORTS_MAX	64
#define OBJECTS_MAX	4096

static DEFINE_SPINLOCK(objects_lock);
static struct object *objects[OBJECTS_MAX];
static unsigned int nr_objects, nr_ports;
static s64 next_id;

/* ---- ports and notes ------------------------------------------------------------------- */

int ring3_port_open(struct ring3_port **port)
{
	struct ring3_port *made;
	bool full;
	int fd;

	if (!kernel_is_started())
		return -ENODEV;
	spin_lock_bh(&objects_lock);
	full = nr_ports >= PORTS_MAX;
	nr_ports += !full;
	spin_unlock_bh(&objects_lock);
	if (full)
		return -ENOSPC;
	made = kzalloc(sizeof(*made), GFP_KERNEL);
	fd = made ? host_eventfd() : -ENOMEM;
	if (fd < 0) {
		kfree(made);
		spin_lock_bh(&objects_lock);
		nr_ports--;
		spin_unlock_bh(&objects_lock);
		return fd;
	}
	spin_lock_init(&made->lock);
	INIT_LIST_HEAD(&made->notes);
	INIT_LIST_HEAD(&made->things);
	made->fd = fd;
	*port = made;
	return fd;
}

bool port_closing(struct ring3_port *port)
{
	return __atomic_load_n(&port->closing, __ATOMIC_ACQUIRE);
}

int ring3_port_take(struct ring3_port *port, long long *pairs, int max)
{
	int taken = 0;

	for (; taken < max; taken++) {
		unsigned long flags;
		struct note *note;
		bool free;

		spin_lock_irqsave(&port->lock, flags);
		note = list_first_entry_or_null(&port->notes, struct note, entry);
		if (!note) {
			spin_unlock_irqrestore(&port->lock, flags);
			break;
		}
		list_del_init(&note->entry);
		note->posted = false;
		pairs[2 * taken] = note->cookie;
		pairs[2 * taken + 1] = note->value;
		note->value = 0;
		free = note->freed_when_taken;
		spin_unlock_irqrestore(&port->lock, flags);
		if (free)
			kfree(note);
	}
	return taken;
}

void ring3_port_cancel(struct ring3_port *port)
{
	__atomic_store_n(&port->closing, true, __ATOMIC_RELEASE);
}

void ring3_port_close(struct ring3_port *port)
{
	struct thing *thing, *next;
	long long pairs[32];

	ring3_port_cancel(port);
	while (__atomic_load_n(&port->calls, __ATOMIC_ACQUIRE))
		host_sleep_ns(NSEC_PER_MSEC);
	list_for_each_entry_safe(thing, next, &port->things, list) {
		list_del(&thing->list);
		thing->free(thing);
	}
	while (ring3_port_take(port, pairs, 16))
		;
	host_close(port->fd);
	kfree(port);
	spin_lock_bh(&objects_lock);
	nr_ports--;
	spin_unlock_bh(&objects_lock);
}

void note_init(struct note *note, struct ring3_port *port, s64 cookie)
{
	note->port = port;
	note->cookie = cookie;
	note->value = 0;
	note->posted = note->freed_when_taken = false;
	INIT_LIST_HEAD(&note->entry);
}

/* A port's lock is a leaf, taken with interrupts off: wait queues post under their own lock. */
void note_post(struct note *note, s64 value, bool add)
{
	struct ring3_port *port = note->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	note->value = add ? note->value + value : value;
	if (!note->posted) {
		note->posted = true;
		list_add_tail(&note->entry, &port->notes);
		host_eventfd_signal(port->fd);
	}
	spin_unlock_irqrestore(&port->lock, flags);
}

s64 note_recall(struct note *note)
{
	unsigned long flags;
	s64 value;

	spin_lock_irqsave(&note->port->lock, flags);
	value = note->posted ? note->value : 0;
	note->posted = false;
	note->value = 0;
	list_del_init(&note->entry);
	spin_unlock_irqrestore(&note->port->lock, flags);
	return value;
}

/* ---- objects ---------------------------------------------------------------------------- */

static int object_init(struct object *object, int kind, const char *name, int arg)
{
	object->kind = kind;
	object->refs = 1;
	switch (kind) {
	case RING3_COMPLETION:
		init_completion(&object->completion);
		return 0;
	case RING3_WAIT_QUEUE:
		init_waitqueue_head(&object->queue);
		return 0;
	case RING3_MUTEX:
		mutex_init(&object->mutex);
		return 0;
	case RING3_SPINLOCK:
		spin_lock_init(&object->spin);
		return 0;
	case RING3_WORKQUEUE:
		object->wq = arg == 1 ? alloc_ordered_workqueue("%s", 0, name) : alloc_workqueue("%s", 0, arg, name);
		return object->wq ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

/* objects_lock is held. */
static struct object *find(s64 id, int kind)
{
	struct object *object = id > 0 ? objects[id % OBJECTS_MAX] : NULL;

	return object && object->id == id && (!kind || object->kind == kind) ? object : NULL;
}

struct object *object_get(s64 id, int kind)
{
	struct object *object;

	spin_lock_bh(&objects_lock);
	object = find(id, kind);
	if (object)
		object->refs++;
	spin_unlock_bh(&objects_lock);
	return object;
}

void *ring3_object_address(long long id, int kind)
{
	struct object *object;
	void *address = NULL;

	spin_lock_bh(&objects_lock);
	object = find(id, kind);
	if (object)
		address = kind == RING3_WORKQUEUE ? (void *)object->wq : (void *)&object->completion;
	spin_unlock_bh(&objects_lock);
	return address;
}

/* Somebody waits for it, or holds it. */
static bool in_use(struct object *object)
{
	switch (object->kind) {
	case RING3_WAIT_QUEUE:
		return waitqueue_active(&object->queue);
	case RING3_MUTEX:
		return mutex_is_locked(&object->mutex);
	case RING3_SPINLOCK:
		return spin_is_locked(&object->spin);
	}
	return false;
}

int object_put(s64 id)
{
	struct object *object;
	int rc = 0;

	spin_lock_bh(&objects_lock);
	object = find(id, 0);
	if (!object)
		rc = -ENOENT;
	else if (object->refs == 1 && in_use(object))
		rc = -EBUSY;
	else if (!--object->refs)
		objects[id % OBJECTS_MAX] = NULL;
	else
		object = NULL;
	if (object && !rc)
		nr_objects--;
	spin_unlock_bh(&objects_lock);
	if (object && !rc) {
		if (object->wq)
			destroy_workqueue(object->wq);
		kfree(object);
	}
	return rc;
}

/* ---- references of ports ------------------------------------------------------------------- */

/* The thread ends, or forgot: locks it holds would never be given up. */
static void unlock_own(s64 id)
{
	struct object *object = object_get(id, 0);

	if (!object)
		return;
	if (object->kind == RING3_MUTEX && ring3_mutex_held(&object->mutex)) {
		pr_warn("a thread ended with a mutex that it held; it is given up\n");
		mutex_unlock(&object->mutex);
	} else if (object->kind == RING3_SPINLOCK && ring3_spin_held(&object->spin)) {
		pr_warn("a thread ended with a spinlock that it held; it is given up\n");
		spin_unlock(&object->spin);
	}
	object_put(id);
}

static void reference_free(struct thing *thing)
{
	struct reference *reference = container_of(thing, struct reference, thing);

	unlock_own(reference->id);
	if (object_put(reference->id) == -EBUSY)
		pr_warn("a thread ended with the last reference to something that is in use: it stays\n");
	kfree(reference);
}

static s64 reference_add(struct ring3_port *port, s64 id)
{
	struct reference *reference = kzalloc(sizeof(*reference), GFP_KERNEL);

	if (!reference) {
		object_put(id);
		return -ENOMEM;
	}
	reference->id = id;
	thing_add(port, &reference->thing, reference_free);
	return id;
}

bool reference_take(struct ring3_port *port, s64 id)
{
	struct thing *thing;

	list_for_each_entry(thing, &port->things, list) {
		struct reference *reference = container_of(thing, struct reference, thing);

		if (thing->free != reference_free || reference->id != id)
			continue;
		list_del(&thing->list);
		kfree(reference);
		return true;
	}
	return false;
}

long long ring3_object_new(struct ring3_port *port, int kind, const char *name, int arg)
{
	struct object *object;
	s64 id = -ENOSPC;
	int rc;

	object = kzalloc(sizeof(*object), GFP_KERNEL);
	rc = object ? object_init(object, kind, name, arg) : -ENOMEM;
	if (rc) {
		kfree(object);
		return rc;
	}
	spin_lock_bh(&objects_lock);
	if (nr_objects < OBJECTS_MAX) {
		do {	/* the slot is a part of the id */
			next_id++;
		} while (objects[next_id % OBJECTS_MAX]);
		id = object->id = next_id;
		objects[id % OBJECTS_MAX] = object;
		nr_objects++;
	}
	spin_unlock_bh(&objects_lock);
	if (id < 0) {
		if (object->wq)
			destroy_workqueue(object->wq);
		kfree(object);
		return id;
	}
	return reference_add(port, id);
}

long long ring3_object_share(struct ring3_port *port, long long id, int kind)
{
	return object_get(id, kind) ? reference_add(port, id) : -ENOENT;
}

int ring3_object_put(struct ring3_port *port, long long id)
{
	int rc;

	if (!reference_take(port, id))
		return -ENOENT;
	rc = object_put(id);
	if (rc == -EBUSY)
		reference_add(port, id);
	return rc;
}

unsigned int bridge_users(void)
{
	unsigned int users;

	spin_lock_bh(&objects_lock);
	users = nr_objects + nr_ports;
	spin_unlock_bh(&objects_lock);
	return users;
}

void ring3_complete(void *completion, int all)
{
	if (all)
		complete_all(completion);
	else
		complete(completion);
}

int ring3_completion_try(void *completion) { return try_wait_for_completion(completion); }
int ring3_completion_is_done(void *completion) { return completion_done(completion); }
void ring3_completion_reinit(void *completion) { reinit_completion((struct completion *)completion); }
void ring3_wake_up(void *wait_queue, int nr) { __wake_up(wait_queue, TASK_NORMAL, nr, NULL); }

/* ---- locks --------------------------------------------------------------------------------- */

int ring3_in_atomic(void)
{
	return preempt_count() != 0;
}

int ring3_mutex_lock_checked(void *mutex)
{
	if (ring3_mutex_held(mutex) || ring3_in_atomic())
		return -EDEADLK;
	mutex_lock((struct mutex *)mutex);
	return 0;
}

int ring3_mutex_trylock_checked(void *mutex)
{
	return mutex_trylock((struct mutex *)mutex);
}

int ring3_mutex_unlock_checked(void *mutex)
{
	if (!ring3_mutex_held(mutex))
		return -EPERM;
	mutex_unlock((struct mutex *)mutex);
	return 0;
}

int ring3_spin_lock_checked(void *lock)
{
	if (ring3_spin_held(lock))
		return -EDEADLK;
	spin_lock((spinlock_t *)lock);
	return 0;
}

int ring3_spin_trylock_checked(void *lock)
{
	return spin_trylock((spinlock_t *)lock);
}

int ring3_spin_unlock_checked(void *lock)
{
	if (!ring3_spin_held(lock))
		return -EPERM;
	spin_unlock((spinlock_t *)lock);
	return 0;
}
