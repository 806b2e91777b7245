/* SPDX-License-Identifier: MIT */
/*
 * scst_pres.c - persistent reservations: who is registered, who holds, and what
 * PERSISTENT RESERVE OUT does to it (SPC-4 5.13, 6.16).
 *
 * dev->dev_lock guards all of it. A registration outlives its nexus: it is found
 * again by initiator port (TransportID) and target port. Nothing survives the end of
 * the process (PTPL_C is zero).
 */
#include "scst_priv.h"
#include "scst_pres.h"

int scst_pr_init(struct scst_device *dev)
{
	dev->pr = kzalloc(sizeof(*dev->pr), GFP_KERNEL);
	if (!dev->pr)
		return -ENOMEM;
	INIT_LIST_HEAD(&dev->pr->registrants);
	return 0;
}

void scst_pr_exit(struct scst_device *dev)
{
	struct scst_pr_registrant *reg, *next;

	list_for_each_entry_safe(reg, next, &dev->pr->registrants, entry)
		kfree(reg);
	kfree(dev->pr);
	dev->pr = NULL;
}

/* ---- what is reserved ---------------------------------------------------------------- */

static bool all_registrants(u8 type)
{
	return type == PR_WRITE_EXCLUSIVE_AR || type == PR_EXCLUSIVE_ACCESS_AR;
}

static bool registrants_only(u8 type)
{
	return type == PR_WRITE_EXCLUSIVE_RO || type == PR_EXCLUSIVE_ACCESS_RO;
}

static bool excludes_only_writes(u8 type)
{
	return type == PR_WRITE_EXCLUSIVE || type == PR_WRITE_EXCLUSIVE_RO || type == PR_WRITE_EXCLUSIVE_AR;
}

bool scst_pr_holds(const struct scst_pr *pr, const struct scst_pr_registrant *reg)
{
	return pr->type && reg && (all_registrants(pr->type) || pr->holder == reg);
}

bool scst_pr_any(const struct scst_device *dev)
{
	return dev->pr->count != 0;
}

bool scst_pr_held(const struct scst_device *dev)
{
	return dev->pr->type != 0;
}

bool scst_pr_allows(struct scst_cmd *cmd, const struct scst_opcode *op)
{
	struct scst_pr_registrant *reg = cmd->tgt_dev->registrant;
	const struct scst_pr *pr = cmd->dev->pr;

	if (!pr->type || scst_pr_holds(pr, reg))
		return true;
	if (reg && registrants_only(pr->type))
		return true;
	return op->flags & SCST_PR_READ && excludes_only_writes(pr->type);
}

/* ---- registrations ---------------------------------------------------------------------- */

static struct scst_pr_registrant *find(struct scst_pr *pr, const u8 *tid, u16 rel_id)
{
	struct scst_pr_registrant *reg;

	list_for_each_entry(reg, &pr->registrants, entry)
		if (reg->rel_id == rel_id && reg->tid_len == scst_tid_len(tid) &&
		    !strcasecmp((char *)reg->tid + 4, (const char *)tid + 4))
			return reg;
	return NULL;
}

/* NULL: no memory, or too many registrations. */
static struct scst_pr_registrant *add(struct scst_device *dev, const u8 *tid, u16 rel_id, u64 key)
{
	struct scst_pr_registrant *reg = NULL;
	struct scst_tgt_dev *tgt_dev;
	u8 other[SCST_TID_MAX];

	if (dev->pr->count < SCST_PR_MAX_REGISTRANTS)
		reg = kzalloc(sizeof(*reg), GFP_ATOMIC);
	if (!reg)
		return NULL;
	reg->key = key;
	reg->rel_id = rel_id;
	reg->tid_len = scst_tid_len(tid);
	memcpy(reg->tid, tid, reg->tid_len);
	list_add_tail(&reg->entry, &dev->pr->registrants);
	dev->pr->count++;
	list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
		if (!tgt_dev->registrant && scst_tid_of(tgt_dev, other) == 0 &&
		    find(dev->pr, other, scst_tgt_relative_id(tgt_dev->sess->tgt)) == reg) {
			tgt_dev->registrant = reg;
			reg->nr_nexuses++;
		}
	return reg;
}

/* All who are registered, but @except, hear of it. */
static void notify(struct scst_device *dev, const struct scst_pr_registrant *except, u8 asc, u8 ascq)
{
	struct scst_tgt_dev *tgt_dev;

	list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
		if (tgt_dev->registrant && tgt_dev->registrant != except)
			scst_ua_add_locked(tgt_dev, asc, ascq);
}

/* SPC-4 5.13.11.2.2: those who relied on it hear that it is gone. */
static void release(struct scst_device *dev, const struct scst_pr_registrant *by)
{
	u8 type = dev->pr->type;

	dev->pr->type = 0;
	dev->pr->holder = NULL;
	if (all_registrants(type) || registrants_only(type))
		notify(dev, by, 0x2a, 0x04);
}

static void forget(struct scst_device *dev, struct scst_pr_registrant *reg)
{
	bool held = scst_pr_holds(dev->pr, reg) && (!all_registrants(dev->pr->type) || dev->pr->count == 1);
	struct scst_tgt_dev *tgt_dev;

	list_del(&reg->entry);
	dev->pr->count--;
	if (reg->nr_nexuses)
		list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
			if (tgt_dev->registrant == reg)
				tgt_dev->registrant = NULL;
	if (held)
		release(dev, NULL);
	kfree(reg);
}

void scst_pr_nexus_made(struct scst_tgt_dev *tgt_dev)
{
	u8 tid[SCST_TID_MAX];

	if (!tgt_dev->dev->pr->count || scst_tid_of(tgt_dev, tid))
		return;
	tgt_dev->registrant = find(tgt_dev->dev->pr, tid, scst_tgt_relative_id(tgt_dev->sess->tgt));
	if (tgt_dev->registrant)
		tgt_dev->registrant->nr_nexuses++;
}

void scst_pr_nexus_lost(struct scst_tgt_dev *tgt_dev)
{
	if (tgt_dev->registrant)
		tgt_dev->registrant->nr_nexuses--;
	tgt_dev->registrant = NULL;
}

/* ---- PERSISTENT RESERVE OUT ---------------------------------------------------------------- */

/* One service action at work; dev_lock is held. */
struct prout {
	struct scst_cmd			*cmd;
	struct scst_device		*dev;
	struct scst_pr			*pr;
	struct scst_pr_registrant	*me;
	u64				key, sa_key;
	u8				sa, type;
	const u8			*param;
	u32				len;
	bool				abort;	/* PREEMPT AND ABORT marked nexuses */
};

static void conflict(struct prout *out)
{
	out->cmd->status = SAM_STAT_RESERVATION_CONFLICT;
	out->cmd->sense_len = 0;
}

static void no_resources(struct prout *out)
{
	scst_set_cmd_error(out->cmd, scst_sense_insufficient_registration_resources);
}

static bool register_me(struct prout *out)
{
	u8 tid[SCST_TID_MAX];

	if (scst_tid_of(out->cmd->tgt_dev, tid))
		return false;
	return add(out->dev, tid, scst_tgt_relative_id(out->cmd->sess->tgt), out->sa_key) != NULL;
}

/* SPEC_I_PT (SPC-4 6.16.4): the listed initiator ports too; all of them, or none. */
static bool register_listed(struct prout *out)
{
	u16 rel_id = scst_tgt_relative_id(out->cmd->sess->tgt);
	u32 list_len = out->len >= 28 ? get_unaligned_be32(out->param + 24) : 0, at, count = 0;

	if (out->len < 28 || list_len != out->len - 28) {
		scst_set_cmd_error(out->cmd, scst_sense_parameter_list_length_invalid);
		return false;
	}
	for (at = 28; at < out->len; at += scst_tid_len(out->param + at), count++) {
		if (!scst_tid_valid(out->param + at, out->len - at)) {
			scst_set_invalid_field_in_parm_list(out->cmd, (int)at, -1);
			return false;
		}
	}
	if (out->pr->count + count + 1 > SCST_PR_MAX_REGISTRANTS) {
		no_resources(out);
		return false;
	}
	for (at = 28; at < out->len; at += scst_tid_len(out->param + at))
		if (!find(out->pr, out->param + at, rel_id) && !add(out->dev, out->param + at, rel_id, out->sa_key)) {
			no_resources(out);
			return false;
		}
	return true;
}

static void do_register(struct prout *out)
{
	bool ignore = out->sa == PROUT_REGISTER_AND_IGNORE, spec_i_pt = out->param[20] & 8;

	if (out->param[20] & 1) {	/* APTPL: nothing is kept over a restart */
		scst_set_invalid_field_in_parm_list(out->cmd, 20, 0);
		return;
	}
	if (spec_i_pt && (ignore || out->me)) {
		scst_set_invalid_field_in_cdb(out->cmd, 1, 4);
		return;
	}
	if (!ignore && out->key != (out->me ? out->me->key : 0)) {
		conflict(out);
		return;
	}
	if (!out->me && out->sa_key) {
		if (spec_i_pt && !register_listed(out))
			return;
		out->me = out->cmd->tgt_dev->registrant;	/* perhaps it named itself */
		if (!out->me && !register_me(out)) {
			no_resources(out);
			return;
		}
	} else if (out->me && out->sa_key) {
		out->me->key = out->sa_key;
	} else if (out->me) {
		forget(out->dev, out->me);
	}
	out->pr->generation++;
}

static void do_reserve(struct prout *out)
{
	if (out->pr->type && (!scst_pr_holds(out->pr, out->me) || out->pr->type != out->type)) {
		conflict(out);
		return;
	}
	out->pr->type = out->type;
	out->pr->holder = all_registrants(out->type) ? NULL : out->me;
}

static void do_release(struct prout *out)
{
	if (!scst_pr_holds(out->pr, out->me))
		return;		/* GOOD, and nothing happens (SPC-4 5.13.11.2.2) */
	if (out->type != out->pr->type)
		scst_set_cmd_error(out->cmd, scst_sense_invalid_release);
	else
		release(out->dev, out->me);
}

static void do_clear(struct prout *out)
{
	struct scst_pr_registrant *reg, *next;

	notify(out->dev, out->me, 0x2a, 0x03);
	out->pr->type = 0;
	out->pr->holder = NULL;
	list_for_each_entry_safe(reg, next, &out->pr->registrants, entry)
		forget(out->dev, reg);
	out->pr->generation++;
}

/* The nexuses of @reg lose what they had: they hear of it, and PREEMPT AND ABORT ends their commands. */
static void preempt_nexuses(struct prout *out, const struct scst_pr_registrant *reg)
{
	struct scst_tgt_dev *tgt_dev;

	list_for_each_entry(tgt_dev, &out->dev->dev_tgt_dev_list, dev_tgt_dev_list_entry) {
		if (tgt_dev->registrant != reg || tgt_dev->sess == out->cmd->sess)
			continue;
		scst_ua_add_locked(tgt_dev, 0x2a, 0x05);
		if (out->sa == PROUT_PREEMPT_AND_ABORT) {
			tgt_dev->preempted = 1;
			out->abort = true;
		}
	}
}

/* Remove registrations with @key (or, @all, every one) but @keep; how many. */
static u32 preempt_registrations(struct prout *out, u64 key, bool all, const struct scst_pr_registrant *keep)
{
	struct scst_pr_registrant *reg, *next;
	u32 count = 0;

	list_for_each_entry_safe(reg, next, &out->pr->registrants, entry) {
		if (reg == keep || (!all && reg->key != key))
			continue;
		count++;
		if (reg->nr_nexuses)
			preempt_nexuses(out, reg);
		forget(out->dev, reg);
	}
	return count;
}

/* SPC-4 5.13.11.4 */
static void do_preempt(struct prout *out)
{
	struct scst_pr *pr = out->pr;
	u8 old_type = pr->type;
	bool takes_over;

	if (all_registrants(pr->type))
		takes_over = !out->sa_key;
	else
		takes_over = pr->type && pr->holder->key == out->sa_key;
	if (!takes_over && !out->sa_key) {
		scst_set_invalid_field_in_parm_list(out->cmd, 8, -1);
		return;
	}
	if (!takes_over) {
		if (preempt_registrations(out, out->sa_key, false, NULL))
			pr->generation++;
		else
			conflict(out);
		return;
	}
	/* The reservation changes hands: nobody sees the moment between. */
	pr->type = 0;
	pr->holder = NULL;
	preempt_registrations(out, out->sa_key, !out->sa_key, out->me);
	pr->type = out->type;
	pr->holder = all_registrants(out->type) ? NULL : out->me;
	/* SPC-4 5.13.11.4.3 e: of another type, whatever it was. */
	if (old_type != out->type)
		notify(out->dev, out->me, 0x2a, 0x04);
	pr->generation++;
}

/* SPC-4 5.13.8, 6.16.5 */
static void do_move(struct prout *out)
{
	const u8 *tid = out->param + 24;
	u32 tid_len = get_unaligned_be32(out->param + 20);
	u16 rel_id = get_unaligned_be16(out->param + 18);
	struct scst_pr_registrant *to;

	if (out->param[17] & 1) {
		scst_set_invalid_field_in_parm_list(out->cmd, 17, 0);
	} else if (tid_len != out->len - 24 || !scst_tid_valid(tid, tid_len)) {
		scst_set_cmd_error(out->cmd, scst_sense_parameter_list_length_invalid);
	} else if (!scst_pr_holds(out->pr, out->me) || all_registrants(out->pr->type)) {
		conflict(out);
	} else if (!out->sa_key) {
		scst_set_invalid_field_in_parm_list(out->cmd, 8, -1);
	} else if (rel_id != scst_tgt_relative_id(out->cmd->sess->tgt)) {
		scst_set_invalid_field_in_parm_list(out->cmd, 18, -1);	/* the port of another target */
	} else {
		to = find(out->pr, tid, rel_id);
		if (to == out->me) {
			scst_set_invalid_field_in_parm_list(out->cmd, 24, -1);
			return;
		}
		if (to)
			to->key = out->sa_key;
		else
			to = add(out->dev, tid, rel_id, out->sa_key);
		if (!to) {
			no_resources(out);
			return;
		}
		out->pr->holder = to;
		if (out->param[17] & 2)		/* UNREG */
			forget(out->dev, out->me);
		out->pr->generation++;
	}
}

static bool type_known(u8 type)
{
	return type == PR_WRITE_EXCLUSIVE || type == PR_EXCLUSIVE_ACCESS ||
	       (type >= PR_WRITE_EXCLUSIVE_RO && type <= PR_EXCLUSIVE_ACCESS_AR);
}

/* Scope and type count where a reservation is made or named (SPC-4 table 218). */
static bool names_type(u8 sa)
{
	return sa == PROUT_RESERVE || sa == PROUT_RELEASE || sa == PROUT_PREEMPT || sa == PROUT_PREEMPT_AND_ABORT;
}

static void run(struct prout *out)
{
	bool registers = out->sa == PROUT_REGISTER || out->sa == PROUT_REGISTER_AND_IGNORE;

	if (out->dev->reserved_by) {
		conflict(out);
		return;
	}
	if (!registers && (!out->me || out->me->key != out->key)) {
		conflict(out);
		return;
	}
	switch (out->sa) {
	case PROUT_REGISTER:
	case PROUT_REGISTER_AND_IGNORE:
		do_register(out);
		break;
	case PROUT_RESERVE:
		do_reserve(out);
		break;
	case PROUT_RELEASE:
		do_release(out);
		break;
	case PROUT_CLEAR:
		do_clear(out);
		break;
	case PROUT_PREEMPT:
	case PROUT_PREEMPT_AND_ABORT:
		do_preempt(out);
		break;
	case PROUT_REGISTER_AND_MOVE:
		do_move(out);
		break;
	}
}

bool scst_exec_pr_out(struct scst_cmd *cmd)
{
	struct prout out = {
		.cmd = cmd, .dev = cmd->dev, .pr = cmd->dev->pr, .sa = cmd->cdb[1] & 0x1f,
		.type = cmd->cdb[2] & 0xf, .len = cmd->bufflen,
	};
	bool more;

	/* Byte 20 bit 3 of a REGISTER says that more than 24 bytes come; a move always has more. */
	if (out.len < 24 || cmd->bufflen != cmd->cdb_bufflen) {
		scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
		return false;
	}
	out.param = sg_virt(cmd->sg);
	more = out.sa == PROUT_REGISTER_AND_MOVE || (out.sa == PROUT_REGISTER && out.param[20] & 8);
	if (!more && out.len != 24) {
		scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
		return false;
	}
	if (names_type(out.sa) && (cmd->cdb[2] >> 4 || !type_known(out.type))) {
		scst_set_invalid_field_in_cdb(cmd, 2, -1);
		return false;
	}
	out.key = get_unaligned_be64(out.param);
	out.sa_key = get_unaligned_be64(out.param + 8);
	spin_lock_bh(&cmd->dev->dev_lock);
	out.me = cmd->tgt_dev->registrant;
	run(&out);
	scst_res_update(cmd->dev);
	spin_unlock_bh(&cmd->dev->dev_lock);
	return out.abort;
}
