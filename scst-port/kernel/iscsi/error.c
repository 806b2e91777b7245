/* SPDX-License-Identifier: MIT */
/*
 * error.c - the last errors of each connection, and the last sessions that ended and
 * hand-offs that were refused, in rings of fixed size: nothing here asks for memory, for
 * want of it may be what is told. Good commands never come here.
 *
 * Locking: a connection's ring is its home CPU's, without a lock. The module's is under
 *          ended_lock, held for the copy of one entry; so a dump has it although an
 *          event task is stuck.
 */
#include <linux/export.h>
#include <linux/spinlock.h>

#include "show.h"

struct ended {
	unsigned long	when;		/* jiffies */
	u16		tsih;
	bool		refused;	/* it never began */
	char		initiator_name[ISCSI_NAME_LEN];
	char		target_name[ISCSI_NAME_LEN];
	char		peer[ISCSI_ADDR_LEN];
	char		reason[128];
};

static DEFINE_SPINLOCK(ended_lock);
static struct ended ended_ring[ISCSI_NR_ENDED];
static u32 nr_ended;			/* ever */

void error_note(struct iscsi_conn *conn, const char *format, ...)
{
	struct iscsi_error *error = &conn->errors.ring[conn->errors.nr++ % ISCSI_NR_ERRORS];
	va_list args;

	error->when = jiffies;
	va_start(args, format);
	vscnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
}

static void ended_add(const struct ended *ended)
{
	spin_lock_bh(&ended_lock);
	ended_ring[nr_ended++ % ISCSI_NR_ENDED] = *ended;
	spin_unlock_bh(&ended_lock);
}

void ended_note(const struct iscsi_session *session)
{
	struct ended ended = { .when = jiffies, .tsih = session->tsih };

	strscpy(ended.initiator_name, session->initiator_name, sizeof(ended.initiator_name));
	strscpy(ended.target_name, session->target_name, sizeof(ended.target_name));
	strscpy(ended.peer, session->peer, sizeof(ended.peer));
	strscpy(ended.reason, session->conn.close_reason, sizeof(ended.reason));
	ended_add(&ended);
}

void ended_note_refused(const struct iscsi_handoff *h, int err)
{
	struct ended ended = { .when = jiffies, .refused = true };

	if (h) {
		ended.tsih = h->tsih;
		strscpy(ended.initiator_name, h->initiator_name, sizeof(ended.initiator_name));
		strscpy(ended.target_name, h->target_name, sizeof(ended.target_name));
		strscpy(ended.peer, h->peer, sizeof(ended.peer));
	}
	if (!h)
		strscpy(ended.reason, "a parameter is out of its range", sizeof(ended.reason));
	else if (err == -ENOENT)
		strscpy(ended.reason, "no such target, or it shuts down", sizeof(ended.reason));
	else if (err == -EMFILE)
		strscpy(ended.reason, "too many sessions", sizeof(ended.reason));
	else if (err == -EBUSY)
		strscpy(ended.reason, "the session it replaces did not end in time", sizeof(ended.reason));
	else if (err == -ENOMEM)
		strscpy(ended.reason, "no memory", sizeof(ended.reason));
	else
		snprintf(ended.reason, sizeof(ended.reason), "error %d", err);
	ended_add(&ended);
}

void show_errors(struct show *show, const struct iscsi_errors *errors, unsigned long now)
{
	u32 nr = show->len < SHOW_DETAIL_BYTES ? min_t(u32, errors->nr, ISCSI_NR_ERRORS) : 0;

	show_add(show, "\"lastErrors\":[");
	for (u32 i = 0; i < nr; i++) {
		const struct iscsi_error *error = &errors->ring[(errors->nr - 1 - i) % ISCSI_NR_ERRORS];

		show_add(show, "%s{", i ? "," : "");
		show_string(show, "text", error->text);
		show_add(show, "\"ageMs\":%lu}", now - error->when);
	}
	show_add(show, "]");
}

/* The entry @back behind the youngest; false: there is none. */
static bool ended_get(u32 back, struct ended *to)
{
	bool found;

	spin_lock_bh(&ended_lock);
	found = back < min_t(u32, nr_ended, ISCSI_NR_ENDED);
	if (found)
		*to = ended_ring[(nr_ended - 1 - back) % ISCSI_NR_ENDED];
	spin_unlock_bh(&ended_lock);
	return found;
}

long iscsi_show_ended(char *buf, unsigned long bytes)
{
	struct show show = { .buf = buf, .bytes = bytes };
	struct ended ended;

	show_add(&show, "[");
	for (u32 i = 0; ended_get(i, &ended); i++) {
		show_add(&show, "%s{\"tsih\":%u,\"refused\":%s,", i ? "," : "", ended.tsih,
			 ended.refused ? "true" : "false");
		show_string(&show, "initiator", ended.initiator_name);
		show_string(&show, "target", ended.target_name);
		show_string(&show, "peer", ended.peer);
		show_string(&show, "reason", ended.reason);
		show_add(&show, "\"ageMs\":%lu}", jiffies - ended.when);
	}
	show_add(&show, "]");
	return show.len;
}
EXPORT_SYMBOL(iscsi_show_ended);
