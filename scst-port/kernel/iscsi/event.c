/* SPDX-License-Identifier: MIT */
/*
 * event.c - what the daemon is told: a ring of events and an eventfd.
 *
 * Invariant: the ring holds [first, first + count), oldest first.
 * Locking:   event_lock guards the ring; a leaf.
 * Limits:    ISCSI_NR_EVENTS unread ones; then the oldest is dropped.
 * Threads:   any; event_post() does not sleep.
 */
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/mm.h>

#include "iscsi.h"

#define ISCSI_NR_EVENTS	1024

static DEFINE_SPINLOCK(event_lock);
static struct iscsi_event *ring;
static u32 first, count;
static int event_fd = -1;

int event_init(void)
{
	ring = kvcalloc(ISCSI_NR_EVENTS, sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	event_fd = ring3_eventfd_open();
	if (event_fd < 0) {
		kvfree(ring);
		return event_fd;
	}
	return 0;
}

void event_exit(void)
{
	ring3_eventfd_close(event_fd);
	event_fd = -1;
	kvfree(ring);
	ring = NULL;
	first = 0;
	count = 0;
}

void event_post(enum iscsi_event_code code, const struct iscsi_session *session, const char *reason)
{
	struct iscsi_event *event;

	spin_lock_bh(&event_lock);
	if (count == ISCSI_NR_EVENTS) {
		first = (first + 1) % ISCSI_NR_EVENTS;
		count--;
	}
	event = &ring[(first + count++) % ISCSI_NR_EVENTS];
	memset(event, 0, sizeof(*event));
	event->code = code;
	event->tsih = session->tsih;
	event->cid = session->cid;
	strscpy(event->target_name, session->target_name, sizeof(event->target_name));
	strscpy(event->initiator_name, session->initiator_name, sizeof(event->initiator_name));
	strscpy(event->reason, reason, sizeof(event->reason));
	spin_unlock_bh(&event_lock);
	ring3_eventfd_signal(event_fd);
}

int iscsi_event_fd(void)
{
	return event_fd;
}
EXPORT_SYMBOL(iscsi_event_fd);

int iscsi_event_next(struct iscsi_event *event)
{
	int got = 0;

	spin_lock_bh(&event_lock);
	if (count) {
		*event = ring[first];
		first = (first + 1) % ISCSI_NR_EVENTS;
		count--;
		got = 1;
	}
	spin_unlock_bh(&event_lock);
	return got;
}
EXPORT_SYMBOL(iscsi_event_next);
