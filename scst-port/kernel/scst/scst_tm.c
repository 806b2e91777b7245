/* SPDX-License-Identifier: MIT */
/*
 * scst_tm.c - task management (SAM-5 7): ending commands on behalf of somebody.
 *
 *	scst_rx_mgmt_fn()   home CPU     one session: abort, then wait
 *	    tm_work()       worker       resets: every session that maps the device,
 *	        tm_share    its home CPU     one share each
 *	    tm_done()       home CPU     the last share is over: task_mgmt_fn_done()
 *
 * A covered command is marked as aborted on its own home CPU. One that waits for data
 * or for its turn ends at once, one that executes ends when its handler is done; the
 * answer of either is withheld. A share is over when all its commands are freed, and
 * the function is answered when all its shares are.
 */
#include "scst_wait.h"

/* What a function covers in one session. */
struct tm_share {
	struct scst_wait	wait;
	struct scst_mgmt_cmd	*mcmd;
	struct scst_device	*dev;		/* NULL: all */
	struct scst_cmd		*cmd;		/* ABORT TASK: only this */
};

struct tm_job {
	struct scst_mgmt_cmd	mcmd;
	struct tm_share		own;
	struct work_struct	work;
	struct scst_cmd		*pr_cmd;	/* PREEMPT AND ABORT: ends with the function */
};

/*
 * A PREEMPT AND ABORT that waits has done its work, and is waiting for others: they would
 * wait for each other in a ring, if each aborted the next.
 */
static bool is_preempting(const struct scst_cmd *cmd)
{
	return cmd->sent_for_exec && cmd->cdb[0] == PERSISTENT_RESERVE_OUT &&
	       (cmd->cdb[1] & 0x1f) == PROUT_PREEMPT_AND_ABORT;
}

static bool in_scope(const struct tm_share *share, const struct scst_cmd *cmd)
{
	if (container_of(share->mcmd, struct tm_job, mcmd)->pr_cmd && is_preempting(cmd))
		return false;
	return share->cmd ? share->cmd == cmd : !share->dev || cmd->dev == share->dev;
}

/* Whatever is in scope and can be called back was marked before it is counted. */
static bool covers(const struct scst_wait *wait, const struct scst_cmd *cmd)
{
	return cmd->aborted && in_scope(container_of(wait, struct tm_share, wait), cmd);
}

/* ---- ending ---------------------------------------------------------------------------- */

static void tm_done(void *info)
{
	struct scst_mgmt_cmd *mcmd = info;
	struct tm_job *job = container_of(mcmd, struct tm_job, mcmd);
	struct scst_session *sess = mcmd->sess;

	if (job->pr_cmd)
		scst_cmd_done(job->pr_cmd);
	else
		sess->tgt->tgtt->tgtt->task_mgmt_fn_done(mcmd);
	kfree(job);
	sess->nr_cmds--;
	scst_session_end_cmds(sess);
}

/* A share, or the hand that gave them out, is done. Any context. */
static void put_mcmd(struct scst_mgmt_cmd *mcmd)
{
	if (!atomic_dec_and_test(&mcmd->cmds_to_wait))
		return;
	if (in_serving_softirq() && (int)smp_processor_id() == mcmd->sess->cpu) {
		tm_done(mcmd);
		return;
	}
	INIT_CSD(&mcmd->csd, tm_done, mcmd);
	smp_call_function_single_async(mcmd->sess->cpu, &mcmd->csd);
}

static void share_over(struct scst_wait *wait)
{
	struct tm_share *share = container_of(wait, struct tm_share, wait);
	struct scst_mgmt_cmd *mcmd = share->mcmd;

	if (share != &container_of(mcmd, struct tm_job, mcmd)->own)
		kfree(share);
	put_mcmd(mcmd);
}

/* ---- aborting --------------------------------------------------------------------------- */

/* Commands that wait for data or for their turn can end now. Ending one may end others, so start over. */
static void end_waiting(struct scst_session *sess)
{
	struct scst_tgt_template *tgtt = sess->tgt->tgtt->tgtt;
	struct scst_cmd *cmd;

again:
	list_for_each_entry(cmd, &sess->cmd_list, sess_cmd_list_entry) {
		if (!cmd->aborted || cmd->completed)
			continue;
		if (cmd->tgt_needs_data && tgtt->on_abort_cmd) {
			cmd->tgt_needs_data = 0;
			tgtt->on_abort_cmd(cmd);
			goto again;
		}
		if (cmd->deferred) {
			scst_undefer(cmd);
			scst_finish_cmd(cmd);
			goto again;
		}
		/* Once each: a handler that does not give it up has it until it is done. */
		if (cmd->sent_for_exec && !cmd->abort_told && cmd->dev && cmd->dev->handler->on_abort) {
			cmd->abort_told = 1;
			if (cmd->dev->handler->on_abort(cmd))
				goto again;
		}
	}
}

static void abort_share(void *info)
{
	struct tm_share *share = info;
	struct scst_cmd *cmd;

	/* An answer on its way is not called back. */
	list_for_each_entry(cmd, &share->wait.sess->cmd_list, sess_cmd_list_entry)
		if (in_scope(share, cmd) && !cmd->completed)
			cmd->aborted = 1;
	scst_wait_start(&share->wait);
	end_waiting(share->wait.sess);
	scst_wait_commit(&share->wait);
}

static void share_init(struct tm_share *share, struct scst_mgmt_cmd *mcmd, struct scst_session *sess)
{
	share->mcmd = mcmd;
	share->wait.sess = sess;
	share->wait.covers = covers;
	share->wait.over = share_over;
	atomic_inc(&mcmd->cmds_to_wait);
}

void scst_tm_nexus_loss(struct scst_session *sess)
{
	struct scst_cmd *cmd;

	list_for_each_entry(cmd, &sess->cmd_list, sess_cmd_list_entry)
		if (!cmd->completed)
			cmd->aborted = 1;
	end_waiting(sess);
}

/* ---- in other sessions ---------------------------------------------------------------------- */

/* Does a PREEMPT AND ABORT want the commands of @sess? Asked once. */
static bool take_preempted(struct scst_session *sess, struct scst_device *dev)
{
	struct scst_tgt_dev *tgt_dev;
	bool found = false;

	spin_lock_bh(&dev->dev_lock);
	list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
		if (tgt_dev->sess == sess && tgt_dev->preempted) {
			tgt_dev->preempted = 0;
			found = true;
		}
	spin_unlock_bh(&dev->dev_lock);
	return found;
}

/* What abort_everywhere() hands to share_make(). */
struct tm_scope {
	struct scst_mgmt_cmd	*mcmd;
	struct scst_device	*dev;
	bool			only_preempted;
};

static void *share_make(struct scst_session *sess, void *arg)
{
	struct tm_scope *scope = arg;
	struct tm_share *share;

	if (scope->only_preempted && !take_preempted(sess, scope->dev))
		return NULL;
	while (!(share = kzalloc(sizeof(*share), GFP_KERNEL)))
		schedule_timeout_uninterruptible(1);
	share_init(share, scope->mcmd, sess);
	share->dev = scope->dev;
	return share;
}

static void abort_everywhere(struct scst_mgmt_cmd *mcmd, struct scst_device *dev, bool only_preempted)
{
	struct tm_scope scope = { mcmd, dev, only_preempted };

	scst_for_each_session_of(dev, share_make, abort_share, &scope);
}

/* SAM-5 6.3.3: a hard reset of the unit, and every nexus hears of it. */
static void reset_device(struct scst_mgmt_cmd *mcmd, struct scst_device *dev)
{
	abort_everywhere(mcmd, dev, false);
	scst_res_reset(dev);
	if (dev->handler->task_mgmt_fn_done)
		dev->handler->task_mgmt_fn_done(dev, mcmd->fn);
	scst_dev_set_ua(dev, NULL, 0x29, 0x03);
}

static void tm_work(struct work_struct *work)
{
	struct tm_job *job = container_of(work, struct tm_job, work);
	struct scst_mgmt_cmd *mcmd = &job->mcmd;
	struct scst_acg_dev *acg_dev;

	mutex_lock(&scst_mutex);
	if (job->pr_cmd) {
		abort_everywhere(mcmd, job->pr_cmd->dev, true);
	} else {
		list_for_each_entry(acg_dev, &mcmd->sess->acg->luns, entry)
			if (mcmd->fn == SCST_TARGET_RESET || acg_dev->lun == mcmd->unpacked_lun)
				reset_device(mcmd, acg_dev->dev);
	}
	mutex_unlock(&scst_mutex);
	put_mcmd(mcmd);
}

/* ---- the functions ---------------------------------------------------------------------------- */

static struct scst_tgt_dev *lun_of(const struct scst_mgmt_cmd *mcmd)
{
	const struct scst_session *sess = mcmd->sess;

	return mcmd->unpacked_lun < sess->nr_luns ? sess->luns[mcmd->unpacked_lun] : NULL;
}

static struct scst_cmd *find_tag(struct scst_session *sess, u64 tag)
{
	struct scst_cmd *cmd;

	list_for_each_entry(cmd, &sess->cmd_list, sess_cmd_list_entry)
		if (cmd->tag == tag && (!cmd->completed || cmd->aborted))
			return cmd;
	return NULL;
}

/* What one session settles by itself. */
static void run_here(struct tm_job *job, struct scst_device *dev, struct scst_cmd *cmd)
{
	share_init(&job->own, &job->mcmd, job->mcmd.sess);
	job->own.dev = dev;
	job->own.cmd = cmd;
	abort_share(&job->own);
}

static void run(struct tm_job *job)
{
	struct scst_mgmt_cmd *mcmd = &job->mcmd;
	struct scst_tgt_dev *tgt_dev = lun_of(mcmd);
	struct scst_cmd *cmd;

	switch (mcmd->fn) {
	case SCST_ABORT_TASK:
		cmd = find_tag(mcmd->sess, mcmd->tag);
		if (cmd)
			run_here(job, NULL, cmd);
		else
			mcmd->status = SCST_MGMT_STATUS_TASK_NOT_EXIST;
		break;
	case SCST_ABORT_TASK_SET:
	case SCST_CLEAR_TASK_SET:	/* TST = 001b: the task set is this nexus' own */
		if (tgt_dev)
			run_here(job, tgt_dev->dev, NULL);
		else
			mcmd->status = SCST_MGMT_STATUS_LUN_NOT_EXIST;
		break;
	case SCST_LUN_RESET:
		if (!tgt_dev) {
			mcmd->status = SCST_MGMT_STATUS_LUN_NOT_EXIST;
			break;
		}
		fallthrough;
	case SCST_TARGET_RESET:
		INIT_WORK(&job->work, tm_work);
		schedule_work(&job->work);
		return;		/* tm_work() puts */
	default:
		mcmd->status = SCST_MGMT_STATUS_FN_NOT_SUPPORTED;
	}
	put_mcmd(mcmd);
}

static struct tm_job *job_make(struct scst_session *sess)
{
	struct tm_job *job = kzalloc(sizeof(*job), GFP_ATOMIC);

	if (!job)
		return NULL;
	job->mcmd.sess = sess;
	atomic_set(&job->mcmd.cmds_to_wait, 1);
	sess->nr_cmds++;	/* the session stays until the function has ended */
	return job;
}

int scst_rx_mgmt_fn(struct scst_session *sess, const struct scst_rx_mgmt_params *params)
{
	struct tm_job *job = job_make(sess);

	if (!job)
		return -ENOMEM;
	job->mcmd.fn = params->fn;
	job->mcmd.tag = params->tag;
	job->mcmd.tgt_priv = params->tgt_priv;
	job->mcmd.unpacked_lun = params->lun ? scst_unpack_lun(params->lun) : U64_MAX;
	run(job);
	return 0;
}
EXPORT_SYMBOL(scst_rx_mgmt_fn);

struct scst_mgmt_cmd *scst_tm_prepare_preempt(struct scst_cmd *cmd)
{
	struct tm_job *job = job_make(cmd->sess);

	if (!job)
		return NULL;
	job->pr_cmd = cmd;
	INIT_WORK(&job->work, tm_work);
	return &job->mcmd;
}

void scst_tm_start_preempt(struct scst_mgmt_cmd *mcmd, bool abort)
{
	if (abort)
		schedule_work(&container_of(mcmd, struct tm_job, mcmd)->work);
	else
		put_mcmd(mcmd);
}
