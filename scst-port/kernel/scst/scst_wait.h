/* SPDX-License-Identifier: MIT */
#ifndef SCST_WAIT_H
#define SCST_WAIT_H

/*
 * scst_wait.h - waiting, without sleeping, until some commands of a session are freed.
 * Task management waits for those it aborted, an atomic command for those it must not
 * overlap.
 *
 * A wait lives on its session's home CPU. covers() must say the same of a command when
 * it is counted and when it is freed.
 */
#include "scst_priv.h"

struct scst_wait {
	struct list_head	entry;		/* sess->waits */
	struct scst_session	*sess;
	u64			seq;		/* by scst_wait_start(): commands up to this one */
	u32			nr_left;
	bool			(*covers)(const struct scst_wait *wait, const struct scst_cmd *cmd);
	void			(*over)(struct scst_wait *wait);	/* home CPU; may free it */
};

/* Home CPU: count what is covered now; over() comes, perhaps before scst_wait_commit() returns. */
u32 scst_wait_start(struct scst_wait *wait);
void scst_wait_commit(struct scst_wait *wait);
void scst_wait_cmd_gone(struct scst_cmd *cmd);

/*
 * Call @make for every session that maps @dev, and run @fn(its result) on that session's
 * home CPU; NULL from @make passes the session over. scst_mutex is held; may sleep.
 */
void scst_for_each_session_of(struct scst_device *dev, void *(*make)(struct scst_session *sess, void *arg),
			      void (*fn)(void *made), void *arg);

#endif /* SCST_WAIT_H */
