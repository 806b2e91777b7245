/* SPDX-License-Identifier: MIT */
/*
 * scst_reserve.c - who may do what: RESERVE and RELEASE (SPC-2 5.5, 7.21, 7.23), and
 * the gate in front of every command while a device is reserved.
 *
 * The hot path reads dev->dev_reserved without a lock; only when it is set is
 * dev_lock taken. RESERVE(6/10) and persistent reservations exclude each other
 * (SPC-4 5.13.3).
 */
#include "scst_priv.h"

static void conflict(struct scst_cmd *cmd)
{
	cmd->status = SAM_STAT_RESERVATION_CONFLICT;
	cmd->sense_len = 0;
	cmd->resp_data_len = 0;
}

void scst_res_update(struct scst_device *dev)
{
	WRITE_ONCE(dev->dev_reserved, dev->reserved_by || scst_pr_held(dev));
}

/* PREVENT ALLOW with PREVENT zero harms nobody (SPC-4 table 67, SPC-2 table 10). */
static bool is_allow(const struct scst_cmd *cmd)
{
	return cmd->cdb[0] == ALLOW_MEDIUM_REMOVAL && !(cmd->cdb[4] & 3);
}

/* START STOP UNIT with START one and no power condition (SBC-3 table 13). */
static bool is_start(const struct scst_cmd *cmd)
{
	return cmd->cdb[0] == START_STOP && (cmd->cdb[4] & 0xf1) == 1;
}

bool scst_reservation_allows(struct scst_cmd *cmd, const struct scst_opcode *op)
{
	struct scst_device *dev = cmd->dev;
	bool allowed;

	spin_lock_bh(&dev->dev_lock);
	if (dev->reserved_by)
		allowed = dev->reserved_by == cmd->tgt_dev || op->flags & SCST_RES_ANY || is_allow(cmd);
	else
		allowed = op->flags & SCST_PR_ANY || is_allow(cmd) || is_start(cmd) || scst_pr_allows(cmd, op);
	spin_unlock_bh(&dev->dev_lock);
	if (!allowed)
		conflict(cmd);
	return allowed;
}

void scst_exec_reserve(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	bool taken;

	/* Third party, extents: obsolete long before SPC-3 (SPC-2 7.21.3). */
	if (cmd->cdb[1] & 0x1f) {
		scst_set_invalid_field_in_cdb(cmd, 1, 4);
		return;
	}
	spin_lock_bh(&dev->dev_lock);
	taken = (dev->reserved_by && dev->reserved_by != cmd->tgt_dev) || scst_pr_any(dev);
	if (!taken) {
		dev->reserved_by = cmd->tgt_dev;
		scst_res_update(dev);
	}
	spin_unlock_bh(&dev->dev_lock);
	if (taken)
		conflict(cmd);
}

void scst_exec_release(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	bool pr;

	if (cmd->cdb[1] & 0x1f) {
		scst_set_invalid_field_in_cdb(cmd, 1, 4);
		return;
	}
	spin_lock_bh(&dev->dev_lock);
	pr = scst_pr_any(dev);
	if (dev->reserved_by == cmd->tgt_dev) {
		dev->reserved_by = NULL;
		scst_res_update(dev);
	}
	spin_unlock_bh(&dev->dev_lock);
	if (pr)
		conflict(cmd);
}

void scst_res_nexus_made(struct scst_tgt_dev *tgt_dev)
{
	scst_pr_nexus_made(tgt_dev);
}

/* RESERVE ends with its nexus; persistent reservations do not. */
void scst_res_nexus_lost(struct scst_tgt_dev *tgt_dev)
{
	if (tgt_dev->dev->reserved_by == tgt_dev)
		tgt_dev->dev->reserved_by = NULL;
	scst_pr_nexus_lost(tgt_dev);
	scst_res_update(tgt_dev->dev);
}

void scst_res_reset(struct scst_device *dev)
{
	spin_lock_bh(&dev->dev_lock);
	dev->reserved_by = NULL;
	scst_res_update(dev);
	spin_unlock_bh(&dev->dev_lock);
}
