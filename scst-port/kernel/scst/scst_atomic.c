/* SPDX-License-Identifier: MIT */
/*
 * scst_atomic.c - commands that nothing may overlap: COMPARE AND WRITE (SBC-3 5.2),
 * ORWRITE, WRITE ATOMIC (SBC-4 4.29), SANITIZE.
 *
 *	1. The command's blocks go into dev->atomic_cmds: from now on whatever touches
 *	   them stops at the gate in scst_exec_cmd(), and queues behind it.
 *	2. Every session is asked, on its home CPU, for commands on these blocks that
 *	   execute already or whose data is still being sent. They are waited for.
 *	3. The command executes. When it is freed those behind it go on.
 *
 * So the price is paid by atomic commands alone: all others read dev->nr_atomic, and
 * find zero. A command on another CPU that read it too early still runs in the callback
 * in which it read it, and so is found in step 2.
 */
#include "scst_wait.h"

struct scst_atomic {
	struct list_head	entry;		/* dev->atomic_cmds, dev_lock */
	struct list_head	blocked;	/* commands behind it, by work.entry; dev_lock */
	struct scst_cmd		*cmd;
	struct work_struct	work;
	atomic_t		shares;		/* of step 2, that are not over */
};

struct atomic_share {
	struct scst_wait	wait;
	struct scst_atomic	*atomic;
};

void scst_atomic_init(struct scst_device *dev)
{
	INIT_LIST_HEAD(&dev->atomic_cmds);
}

/* Does @cmd read or write blocks by itself? */
static bool touches_blocks(const struct scst_cmd *cmd)
{
	return cmd->op_flags & (SCST_MEDIUM | SCST_ATOMIC) && !(cmd->op_flags & SCST_LEN_NO_DATA);
}

static bool overlap(const struct scst_cmd *a, const struct scst_cmd *b)
{
	u64 a_blocks = a->data_len >> a->dev->block_shift, b_blocks = b->data_len >> b->dev->block_shift;

	/* UNMAP and SANITIZE say where in their parameters, if at all: everywhere. */
	if (!(a->op_flags & SCST_LEN_BLOCKS) || !(b->op_flags & SCST_LEN_BLOCKS))
		return true;
	return a->lba < b->lba + b_blocks && b->lba < a->lba + a_blocks;
}

/* ---- 2: those who were there before -------------------------------------------------------- */

static void exec_at_home(void *info)
{
	scst_exec_cmd(info);
}

static void put_shares(struct scst_atomic *atomic)
{
	struct scst_cmd *cmd = atomic->cmd;

	if (!atomic_dec_and_test(&atomic->shares))
		return;
	INIT_CSD(&cmd->csd, exec_at_home, cmd);
	smp_call_function_single_async(cmd->sess->cpu, &cmd->csd);
}

static bool covers(const struct scst_wait *wait, const struct scst_cmd *cmd)
{
	const struct scst_cmd *mine = container_of(wait, struct atomic_share, wait)->atomic->cmd;

	return cmd != mine && cmd->dev == mine->dev && cmd->sent_for_exec && touches_blocks(cmd) &&
	       overlap(cmd, mine);
}

static void share_over(struct scst_wait *wait)
{
	struct atomic_share *share = container_of(wait, struct atomic_share, wait);
	struct scst_atomic *atomic = share->atomic;

	kfree(share);
	put_shares(atomic);
}

static void *share_make(struct scst_session *sess, void *arg)
{
	struct scst_atomic *atomic = arg;
	struct atomic_share *share;

	while (!(share = kzalloc(sizeof(*share), GFP_KERNEL)))
		schedule_timeout_uninterruptible(1);
	share->atomic = atomic;
	share->wait.sess = sess;
	share->wait.covers = covers;
	share->wait.over = share_over;
	atomic_inc(&atomic->shares);
	return share;
}

static void share_run(void *info)
{
	struct atomic_share *share = info;

	scst_wait_start(&share->wait);
	scst_wait_commit(&share->wait);
}

static void ask_sessions(struct work_struct *work)
{
	struct scst_atomic *atomic = container_of(work, struct scst_atomic, work);

	mutex_lock(&scst_mutex);
	scst_for_each_session_of(atomic->cmd->dev, share_make, share_run, atomic);
	mutex_unlock(&scst_mutex);
	put_shares(atomic);
}

/* ---- 1 and 3 ----------------------------------------------------------------------------------- */

static struct scst_atomic *make(struct scst_cmd *cmd)
{
	struct scst_atomic *atomic = kzalloc(sizeof(*atomic), GFP_ATOMIC);

	if (!atomic)
		return NULL;
	atomic->cmd = cmd;
	INIT_LIST_HEAD(&atomic->blocked);
	INIT_WORK(&atomic->work, ask_sessions);
	atomic_set(&atomic->shares, 1);
	return atomic;
}

bool scst_atomic_gate(struct scst_cmd *cmd)
{
	struct scst_atomic *other, *mine = NULL, *before = NULL;
	struct scst_device *dev = cmd->dev;

	if (!touches_blocks(cmd))
		return false;
	if (cmd->op_flags & SCST_ATOMIC) {
		mine = make(cmd);
		if (!mine) {
			scst_set_busy(cmd);
			scst_finish_cmd(cmd);
			return true;
		}
	}
	spin_lock_bh(&dev->dev_lock);
	list_for_each_entry(other, &dev->atomic_cmds, entry)
		if (!before && overlap(other->cmd, cmd))
			before = other;
	if (before) {
		list_add_tail(&cmd->work.entry, &before->blocked);
	} else if (mine) {
		list_add_tail(&mine->entry, &dev->atomic_cmds);
		WRITE_ONCE(dev->nr_atomic, dev->nr_atomic + 1);
		cmd->atomic_held = 1;
		cmd->atomic = mine;
	}
	spin_unlock_bh(&dev->dev_lock);
	if (before)
		kfree(mine);
	else if (mine)
		schedule_work(&mine->work);
	return before || mine;
}

void scst_atomic_end(struct scst_cmd *cmd)
{
	struct scst_atomic *atomic = cmd->atomic;
	struct scst_device *dev = cmd->dev;
	struct scst_cmd *next;

	spin_lock_bh(&dev->dev_lock);
	list_del(&atomic->entry);
	WRITE_ONCE(dev->nr_atomic, dev->nr_atomic - 1);
	spin_unlock_bh(&dev->dev_lock);
	/* Off the list, nobody adds to it. */
	while ((next = list_first_entry_or_null(&atomic->blocked, struct scst_cmd, work.entry))) {
		list_del(&next->work.entry);
		INIT_CSD(&next->csd, exec_at_home, next);
		smp_call_function_single_async(next->sess->cpu, &next->csd);
	}
	kfree(atomic);
}
