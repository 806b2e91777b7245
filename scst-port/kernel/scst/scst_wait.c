/* SPDX-License-Identifier: MIT */
/* scst_wait.c - see scst_wait.h. */
#include "scst_wait.h"

u32 scst_wait_start(struct scst_wait *wait)
{
	struct scst_session *sess = wait->sess;
	struct scst_cmd *cmd;
	u32 found = 0;

	wait->seq = sess->cmd_seq;
	list_for_each_entry(cmd, &sess->cmd_list, sess_cmd_list_entry)
		found += wait->covers(wait, cmd);
	wait->nr_left = found + 1;	/* not over before the commit */
	list_add_tail(&wait->entry, &sess->waits);
	return found;
}

void scst_wait_commit(struct scst_wait *wait)
{
	if (--wait->nr_left)
		return;
	list_del(&wait->entry);
	wait->over(wait);
}

void scst_wait_cmd_gone(struct scst_cmd *cmd)
{
	struct scst_wait *wait, *next;
	LIST_HEAD(over);

	/* over() may free further commands, and so come here again: first count, then call. */
	list_for_each_entry_safe(wait, next, &cmd->sess->waits, entry)
		if (cmd->seq <= wait->seq && wait->covers(wait, cmd) && !--wait->nr_left)
			list_move_tail(&wait->entry, &over);
	while ((wait = list_first_entry_or_null(&over, struct scst_wait, entry))) {
		list_del(&wait->entry);
		wait->over(wait);
	}
}

static bool maps(struct scst_session *sess, struct scst_device *dev)
{
	struct scst_acg_dev *acg_dev;

	list_for_each_entry(acg_dev, &sess->acg->luns, entry)
		if (acg_dev->dev == dev)
			return true;
	return false;
}

void scst_for_each_session_of(struct scst_device *dev, void *(*make)(struct scst_session *sess, void *arg),
			      void (*fn)(void *made), void *arg)
{
	struct scst_tgt_template_entry *tgtt;
	struct scst_session *sess;
	struct scst_tgt *tgt;
	void *made;

	lockdep_assert_held(&scst_mutex);
	list_for_each_entry(tgtt, &scst_tgtt_list, entry)
		list_for_each_entry(tgt, &tgtt->tgts, entry)
			list_for_each_entry(sess, &tgt->sessions, sess_list_entry) {
				made = maps(sess, dev) ? make(sess, arg) : NULL;
				if (made)
					smp_call_function_single(sess->cpu, fn, made, 1);
			}
}
