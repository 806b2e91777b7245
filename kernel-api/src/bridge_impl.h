/* SPDX-License-Identifier: MIT */
#ifndef RING3_BRIDGE_IMPL_H
#define RING3_BRIDGE_IMPL_H

/* bridge_impl.h - private to src: what bridge.c and bridge_calls.c share. */
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <ring3/bridge.h>

struct ring3_port {
	spinlock_t		lock;
	struct list_head	notes;		/* that were posted and not taken */
	int			fd;
	unsigned int		calls;		/* atomic: threads under way */
	bool			closing;	/* atomic */
	struct list_head	things;		/* its thread's */
};

/* What a port has to give back when it is closed; the first of struct timers, works, waits, references. */
struct thing {
	struct list_head	list;
	void			(*free)(struct thing *thing);
};

struct reference {
	struct thing	thing;
	s64		id;
};

/* Something that happened; lies in what it is about, and is in the list once at most. */
struct note {
	struct ring3_port	*port;
	struct list_head	entry;		/* port->lock, as the rest */
	s64			cookie, value;
	bool			posted, freed_when_taken;
};

struct object {
	s64			id;
	int			kind;
	unsigned int		refs;		/* objects_lock */
	union {
		struct completion	completion;
		struct wait_queue_head	queue;
		struct mutex		mutex;
		spinlock_t		spin;
	};
	struct workqueue_struct	*wq;
};

void note_init(struct note *note, struct ring3_port *port, s64 cookie);
/* Adds @value to what was not taken yet, or replaces it. */
void note_post(struct note *note, s64 value, bool add);
/* It will not be taken; its value, 0 when it was not posted. */
s64 note_recall(struct note *note);

bool port_closing(struct ring3_port *port);
struct object *object_get(s64 id, int kind);
int object_put(s64 id);
/* Takes the port's record of its reference, which is now the caller's; false: it has none. */
bool reference_take(struct ring3_port *port, s64 id);

static inline void thing_add(struct ring3_port *port, struct thing *thing, void (*free)(struct thing *thing))
{
	thing->free = free;
	list_add(&thing->list, &port->things);
}

/* Ports and objects that are left: a kernel that stops would pull the ground from under them. */
unsigned int bridge_users(void);

#endif /* RING3_BRIDGE_IMPL_H */
