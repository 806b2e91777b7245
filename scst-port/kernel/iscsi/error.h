/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_ERROR_H
#define ISCSI_ERROR_H

/*
 * error.h - what went wrong lately, for dumps: the last errors of a connection, and of
 * the module the last sessions that ended and hand-offs that were refused.
 */
#include <linux/types.h>

#define ISCSI_NR_ERRORS		8	/* of a connection; the oldest is forgotten */
#define ISCSI_NR_ENDED		16	/* of the module; likewise */
#define ISCSI_ERROR_TEXT	112	/* bytes; the rest is cut off */

struct iscsi_conn;
struct iscsi_session;
struct iscsi_handoff;

struct iscsi_error {
	unsigned long	when;		/* jiffies */
	char		text[ISCSI_ERROR_TEXT];
};

struct iscsi_errors {
	u32			nr;	/* ever; the youngest is at (nr - 1) % ISCSI_NR_ERRORS */
	struct iscsi_error	ring[ISCSI_NR_ERRORS];
};

/* Home CPU. */
void error_note(struct iscsi_conn *conn, const char *format, ...) __printf(2, 3);
/* Any context. */
void ended_note(const struct iscsi_session *session);
/* @h NULL: its check failed, so nothing in it can be told. */
void ended_note_refused(const struct iscsi_handoff *h, int err);

#endif /* ISCSI_ERROR_H */
