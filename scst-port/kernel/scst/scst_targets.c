/* SPDX-License-Identifier: MIT */
/* scst_targets.c - targets, security groups, LUN maps, sessions. */
#include "scst_priv.h"

static u16 next_rel_id;

struct scst_tgt_template_entry *scst_find_tgtt(const char *name)
{
	struct scst_tgt_template_entry *tgtt;

	list_for_each_entry(tgtt, &scst_tgtt_list, entry)
		if (!strcmp(tgtt->tgtt->name, name))
			return tgtt;
	return NULL;
}

struct scst_tgt *scst_find_tgt(struct scst_tgt_template_entry *tgtt, const char *name)
{
	struct scst_tgt *tgt;

	list_for_each_entry(tgt, &tgtt->tgts, entry)
		if (!strcmp(tgt->name, name))
			return tgt;
	return NULL;
}

static void acg_init(struct scst_acg *acg, const char *name)
{
	INIT_LIST_HEAD(&acg->entry);
	INIT_LIST_HEAD(&acg->initiators);
	INIT_LIST_HEAD(&acg->luns);
	strscpy(acg->name, name, sizeof(acg->name));
}

struct scst_tgt *scst_register_target(struct scst_tgt_template *tgtt, const char *name)
{
	struct scst_tgt_template_entry *entry;
	struct scst_tgt *tgt = NULL;

	mutex_lock(&scst_mutex);
	entry = scst_find_tgtt(tgtt->name);
	if (entry && !scst_find_tgt(entry, name))
		tgt = kzalloc(sizeof(*tgt), GFP_KERNEL);
	if (tgt) {
		strscpy(tgt->name, name, sizeof(tgt->name));
		tgt->tgtt = entry;
		tgt->rel_id = ++next_rel_id;
		tgt->enabled = true;
		acg_init(&tgt->default_acg, "");
		INIT_LIST_HEAD(&tgt->acgs);
		INIT_LIST_HEAD(&tgt->sessions);
		init_waitqueue_head(&tgt->session_gone);
		list_add_tail(&tgt->entry, &entry->tgts);
	}
	mutex_unlock(&scst_mutex);
	return tgt;
}
EXPORT_SYMBOL(scst_register_target);

static bool no_sessions(struct scst_tgt *tgt)
{
	bool none;

	mutex_lock(&scst_mutex);
	none = list_empty(&tgt->sessions) && !tgt->nr_going;
	mutex_unlock(&scst_mutex);
	return none;
}

static void acg_free_contents(struct scst_acg *acg)
{
	struct scst_acg_dev *acg_dev, *next_dev;
	struct scst_acn *acn, *next;

	list_for_each_entry_safe(acg_dev, next_dev, &acg->luns, entry) {
		atomic_dec(&acg_dev->dev->nr_tgt_devs);
		kfree(acg_dev);
	}
	list_for_each_entry_safe(acn, next, &acg->initiators, entry)
		kfree(acn);
}

void scst_unregister_target(struct scst_tgt *tgt)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct scst_session *sess;
	struct scst_acg *acg, *next;

	mutex_lock(&scst_mutex);
	tgt->going = true;
	list_for_each_entry(sess, &tgt->sessions, sess_list_entry)
		if (tgt->tgtt->tgtt->close_session)
			tgt->tgtt->tgtt->close_session(sess);
	mutex_unlock(&scst_mutex);
	/* The condition takes a mutex, so it may not stand in wait_event(). */
	add_wait_queue(&tgt->session_gone, &wait);
	while (!no_sessions(tgt))
		wait_woken(&wait, TASK_UNINTERRUPTIBLE, HZ / 10);
	remove_wait_queue(&tgt->session_gone, &wait);
	mutex_lock(&scst_mutex);
	list_del(&tgt->entry);
	acg_free_contents(&tgt->default_acg);
	list_for_each_entry_safe(acg, next, &tgt->acgs, entry) {
		acg_free_contents(acg);
		kfree(acg);
	}
	mutex_unlock(&scst_mutex);
	kfree(tgt);
}
EXPORT_SYMBOL(scst_unregister_target);

struct scst_tgt *scst_find_target(const char *name)
{
	struct scst_tgt_template_entry *tgtt;
	struct scst_tgt *tgt = NULL;

	mutex_lock(&scst_mutex);
	list_for_each_entry(tgtt, &scst_tgtt_list, entry) {
		tgt = scst_find_tgt(tgtt, name);
		if (tgt)
			break;
	}
	if (tgt && (tgt->going || !tgt->enabled))
		tgt = NULL;
	mutex_unlock(&scst_mutex);
	return tgt;
}
EXPORT_SYMBOL(scst_find_target);

const char *scst_tgt_name(const struct scst_tgt *tgt) { return tgt->name; }
EXPORT_SYMBOL(scst_tgt_name);
u16 scst_tgt_relative_id(const struct scst_tgt *tgt) { return tgt->rel_id; }
EXPORT_SYMBOL(scst_tgt_relative_id);

/* ---- groups ------------------------------------------------------------------------- */

struct scst_acg *scst_find_acg(struct scst_tgt *tgt, const char *name)
{
	struct scst_acg *acg;

	list_for_each_entry(acg, &tgt->acgs, entry)
		if (!strcmp(acg->name, name))
			return acg;
	return NULL;
}

/* * any run of characters, ? one. */
static bool wild_match(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			back = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* The name before ",i,0xISID" is what patterns are about. */
static struct scst_acg *acg_for(struct scst_tgt *tgt, const char *initiator_name)
{
	char name[SCST_MAX_NAME], *comma;
	struct scst_acg *acg;
	struct scst_acn *acn;

	strscpy(name, initiator_name, sizeof(name));
	comma = strchr(name, ',');
	if (comma)
		*comma = 0;
	list_for_each_entry(acg, &tgt->acgs, entry)
		list_for_each_entry(acn, &acg->initiators, entry)
			if (wild_match(acn->pattern, name))
				return acg;
	/* Groups are there, and none is his: only who is named gets in, unless the default has LUNs. */
	return list_empty(&tgt->acgs) || !list_empty(&tgt->default_acg.luns) ? &tgt->default_acg : NULL;
}

/* ---- LUNs of sessions ------------------------------------------------------------------ */

struct scst_tgt_dev *scst_tgt_dev_make(struct scst_session *sess, const struct scst_acg_dev *acg_dev)
{
	struct scst_tgt_dev *tgt_dev = kzalloc(sizeof(*tgt_dev), GFP_KERNEL);

	if (!tgt_dev)
		return NULL;
	tgt_dev->sess = sess;
	tgt_dev->dev = acg_dev->dev;
	tgt_dev->lun = acg_dev->lun;
	tgt_dev->acg_rd_only = acg_dev->rd_only;
	INIT_LIST_HEAD(&tgt_dev->ua_list);
	INIT_LIST_HEAD(&tgt_dev->deferred_cmd_list);
	spin_lock_bh(&tgt_dev->dev->dev_lock);
	list_add_tail(&tgt_dev->dev_tgt_dev_list_entry, &tgt_dev->dev->dev_tgt_dev_list);
	scst_res_nexus_made(tgt_dev);
	spin_unlock_bh(&tgt_dev->dev->dev_lock);
	scst_ua_add(tgt_dev, 0x29, 0x00);	/* POWER ON OCCURRED: a new nexus */
	return tgt_dev;
}

void scst_tgt_dev_free(struct scst_tgt_dev *tgt_dev)
{
	spin_lock_bh(&tgt_dev->dev->dev_lock);
	list_del(&tgt_dev->dev_tgt_dev_list_entry);
	scst_res_nexus_lost(tgt_dev);
	scst_ua_clear(tgt_dev);
	spin_unlock_bh(&tgt_dev->dev->dev_lock);
	kfree(tgt_dev->copy_results);
	kfree(tgt_dev);
}

/* A change of a running session's map; on its home CPU. */
struct map_change {
	struct scst_session	*sess;
	u64			lun;
	struct scst_tgt_dev	*fresh, *old;	/* fresh NULL: take away */
	struct scst_tgt_dev	**bigger;
	u32			nr_bigger;
	bool			busy;
};

static void change_at_home(void *info)
{
	struct map_change *change = info;
	struct scst_session *sess = change->sess;
	struct scst_tgt_dev *old = change->lun < sess->nr_luns ? sess->luns[change->lun] : NULL;

	if (!change->fresh && old && (old->nr_cmds || old->copy_refs)) {
		change->busy = true;
		return;
	}
	if (change->bigger) {
		struct scst_tgt_dev **before = sess->luns;

		memcpy(change->bigger, before, sess->nr_luns * sizeof(*before));
		sess->luns = change->bigger;
		sess->nr_luns = change->nr_bigger;
		change->bigger = before;	/* for the caller to free */
	}
	change->old = old;
	sess->luns[change->lun] = change->fresh;
	for (u32 i = 0; i < sess->nr_luns; i++)
		if (sess->luns[i] && sess->luns[i] != change->fresh)
			scst_ua_add(sess->luns[i], 0x3f, 0x0e);
}

static int change_map(struct scst_session *sess, const struct scst_acg_dev *acg_dev, bool add)
{
	struct map_change change = { .sess = sess, .lun = acg_dev->lun };

	if (add) {
		change.fresh = scst_tgt_dev_make(sess, acg_dev);
		if (!change.fresh)
			return -ENOMEM;
		if (acg_dev->lun >= READ_ONCE(sess->nr_luns)) {
			change.nr_bigger = (u32)acg_dev->lun + 1;
			change.bigger = kcalloc(change.nr_bigger, sizeof(void *), GFP_KERNEL);
			if (!change.bigger) {
				scst_tgt_dev_free(change.fresh);
				return -ENOMEM;
			}
		}
	} else if (acg_dev->lun >= READ_ONCE(sess->nr_luns)) {
		return 0;
	}
	for (int tries = 0; tries < 500; tries++) {
		change.busy = false;
		smp_call_function_single(sess->cpu, change_at_home, &change, 1);
		if (!change.busy)
			break;
		schedule_timeout_uninterruptible(10);
	}
	kfree(change.bigger);
	if (change.busy)
		return -EBUSY;
	if (change.old)
		scst_tgt_dev_free(change.old);
	return 0;
}

int scst_acg_add_lun(struct scst_tgt *tgt, struct scst_acg *acg, struct scst_device *dev, u64 lun, bool rd_only)
{
	struct scst_acg_dev *acg_dev, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	struct scst_session *sess;

	if (!fresh)
		return -ENOMEM;
	list_for_each_entry(acg_dev, &acg->luns, entry) {
		if (acg_dev->lun == lun) {
			kfree(fresh);
			return -EEXIST;
		}
	}
	fresh->dev = dev;
	fresh->lun = lun;
	fresh->rd_only = rd_only;
	atomic_inc(&dev->nr_tgt_devs);
	list_add_tail(&fresh->entry, &acg->luns);
	list_for_each_entry(sess, &tgt->sessions, sess_list_entry)
		if (sess->acg == acg)
			change_map(sess, fresh, true);
	return 0;
}

int scst_acg_del_lun(struct scst_tgt *tgt, struct scst_acg *acg, u64 lun)
{
	struct scst_acg_dev *acg_dev;
	struct scst_session *sess;
	int rc;

	list_for_each_entry(acg_dev, &acg->luns, entry) {
		if (acg_dev->lun != lun)
			continue;
		list_for_each_entry(sess, &tgt->sessions, sess_list_entry) {
			rc = sess->acg == acg ? change_map(sess, acg_dev, false) : 0;
			if (rc)
				return rc;
		}
		list_del(&acg_dev->entry);
		atomic_dec(&acg_dev->dev->nr_tgt_devs);
		kfree(acg_dev);
		return 0;
	}
	return -ENOENT;
}

void scst_acg_clear(struct scst_tgt *tgt, struct scst_acg *acg)
{
	struct scst_acg_dev *acg_dev, *next;

	list_for_each_entry_safe(acg_dev, next, &acg->luns, entry)
		scst_acg_del_lun(tgt, acg, acg_dev->lun);
}

/* ---- sessions ---------------------------------------------------------------------------- */

static int fill_luns(struct scst_session *sess)
{
	struct scst_acg_dev *acg_dev;

	list_for_each_entry(acg_dev, &sess->acg->luns, entry)
		sess->nr_luns = max(sess->nr_luns, (u32)acg_dev->lun + 1);
	sess->luns = kcalloc(sess->nr_luns ? sess->nr_luns : 1, sizeof(*sess->luns), GFP_KERNEL);
	if (!sess->luns)
		return -ENOMEM;
	list_for_each_entry(acg_dev, &sess->acg->luns, entry) {
		sess->luns[acg_dev->lun] = scst_tgt_dev_make(sess, acg_dev);
		if (!sess->luns[acg_dev->lun])
			return -ENOMEM;
	}
	return 0;
}

static void free_luns(struct scst_session *sess)
{
	for (u32 lun = 0; sess->luns && lun < sess->nr_luns; lun++)
		if (sess->luns[lun])
			scst_tgt_dev_free(sess->luns[lun]);
	kfree(sess->luns);
}

struct scst_session *scst_register_session(struct scst_tgt *tgt, const char *initiator_name, int cpu,
					   void *tgt_priv, int *err)
{
	struct scst_session *sess = kzalloc(sizeof(*sess), GFP_KERNEL);

	if (!sess) {
		*err = -ENOMEM;
		return NULL;
	}
	sess->tgt = tgt;
	sess->cpu = cpu;
	sess->tgt_priv = tgt_priv;
	strscpy(sess->initiator_name, initiator_name, sizeof(sess->initiator_name));
	INIT_LIST_HEAD(&sess->cmd_list);
	INIT_LIST_HEAD(&sess->waits);
	mutex_lock(&scst_mutex);
	sess->acg = acg_for(tgt, initiator_name);
	if (tgt->going || !tgt->enabled)
		*err = -ENOENT;
	else if (!sess->acg)
		*err = -EACCES;
	else
		*err = fill_luns(sess);
	if (!*err)
		list_add_tail(&sess->sess_list_entry, &tgt->sessions);
	mutex_unlock(&scst_mutex);
	if (!*err)
		return sess;
	free_luns(sess);
	kfree(sess);
	return NULL;
}
EXPORT_SYMBOL(scst_register_session);

/* Process context: the last command is gone. */
static void session_gone(struct work_struct *work)
{
	struct scst_session *sess = container_of(work, struct scst_session, unreg_work);
	struct scst_tgt *tgt = sess->tgt;

	/*
	 * Nobody finds it any more; its nexuses are lost, with what they had reserved; then its
	 * driver forgets it and may let the same initiator in again; then the target may go.
	 */
	mutex_lock(&scst_mutex);
	list_del(&sess->sess_list_entry);
	tgt->nr_going++;
	free_luns(sess);	/* under the mutex: a device may be gone as soon as no LUN maps it */
	mutex_unlock(&scst_mutex);
	sess->unreg_done(sess);
	kfree(sess);
	mutex_lock(&scst_mutex);
	tgt->nr_going--;
	wake_up_all(&tgt->session_gone);
	mutex_unlock(&scst_mutex);
}

void scst_session_end_cmds(struct scst_session *sess)
{
	if (likely(!sess->ending) || sess->nr_cmds)
		return;
	sess->ending = 0;
	INIT_WORK(&sess->unreg_work, session_gone);
	schedule_work(&sess->unreg_work);
}

static void end_at_home(void *info)
{
	struct scst_session *sess = info;

	sess->ending = 1;
	sess->nr_cmds++;	/* not before the functions below have returned */
	scst_tm_nexus_loss(sess);
	sess->nr_cmds--;
	scst_session_end_cmds(sess);
}

void scst_unregister_session(struct scst_session *sess, void (*done)(struct scst_session *sess))
{
	sess->unreg_done = done;
	if (in_serving_softirq() && (int)smp_processor_id() == sess->cpu) {
		end_at_home(sess);
		return;
	}
	INIT_CSD(&sess->csd, end_at_home, sess);
	smp_call_function_single_async(sess->cpu, &sess->csd);
}
EXPORT_SYMBOL(scst_unregister_session);
