/* SPDX-License-Identifier: MIT */
/*
 * vdisk_medium.c - is there a medium, and may it be used: START STOP UNIT, PREVENT
 * ALLOW MEDIUM REMOVAL, and what a disk says while it is not ready.
 *
 * vdisk->state is changed under dev_lock, and read without it at every command.
 * Stopping (START zero, LOEJ zero) writes the cache back, as it must, and leaves the
 * disk ready: one initiator shall not stop it for the others.
 */
#include "vdisk.h"

u32 vdisk_set_state(struct vdisk *vdisk, u32 clear, u32 set)
{
	u32 before;

	spin_lock_bh(&vdisk->dev.dev_lock);
	before = vdisk->state;
	WRITE_ONCE(vdisk->state, (vdisk->state & ~clear) | set);
	spin_unlock_bh(&vdisk->dev.dev_lock);
	return before;
}

static bool state_sense(struct scst_cmd *cmd, u32 state)
{
	if (state & VDISK_NO_MEDIUM)
		scst_set_cmd_error(cmd, scst_sense_no_medium);
	else if (state & VDISK_SANITIZING)
		scst_set_cmd_error_and_progress(cmd, scst_sense_sanitize_in_progress,
						READ_ONCE(vdisk_of(cmd)->sanitize_progress));
	else if (state & VDISK_SANITIZE_FAILED)
		scst_set_cmd_error(cmd, scst_sense_sanitize_failed);
	return state != 0;
}

bool vdisk_pollable_sense(struct scst_cmd *cmd)
{
	return state_sense(cmd, READ_ONCE(vdisk_of(cmd)->state));
}

/* The core answers REPORT LUNS, REQUEST SENSE and reservations without asking. */
bool vdisk_ready(struct scst_cmd *cmd)
{
	u32 state = READ_ONCE(vdisk_of(cmd)->state);

	switch (cmd->cdb[0]) {
	case INQUIRY:
		return true;
	case SANITIZE:
		/* SBC-4 4.11.3: a failed one may be done again, or left with EXIT FAILURE MODE. */
		state &= ~VDISK_SANITIZE_FAILED;
		break;
	case START_STOP:
	case ALLOW_MEDIUM_REMOVAL:
	case MODE_SENSE:
	case MODE_SENSE_10:
	case MODE_SELECT:
	case MODE_SELECT_10:
		state &= ~VDISK_NO_MEDIUM;
		break;
	}
	return !state_sense(cmd, state);
}

/* ---- removable media ----------------------------------------------------------------------- */

static bool removal_prevented(struct scst_device *dev)
{
	struct scst_tgt_dev *tgt_dev;
	bool prevented = false;

	spin_lock_bh(&dev->dev_lock);
	list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
		prevented |= tgt_dev->prevent;
	spin_unlock_bh(&dev->dev_lock);
	return prevented;
}

void vdisk_allow_removal(struct scst_device *dev)
{
	struct scst_tgt_dev *tgt_dev;

	spin_lock_bh(&dev->dev_lock);
	list_for_each_entry(tgt_dev, &dev->dev_tgt_dev_list, dev_tgt_dev_list_entry)
		tgt_dev->prevent = 0;
	spin_unlock_bh(&dev->dev_lock);
}

void vdisk_exec_prevent_allow(struct scst_cmd *cmd)
{
	if (cmd->cdb[4] & 2) {		/* obsolete: to a medium changer */
		scst_set_invalid_field_in_cdb(cmd, 4, 1);
	} else {
		spin_lock_bh(&cmd->dev->dev_lock);
		cmd->tgt_dev->prevent = cmd->cdb[4] & 1;
		spin_unlock_bh(&cmd->dev->dev_lock);
	}
	scst_cmd_done(cmd);
}

/* SBC-3 5.25. True: the cache is written back before it ends. */
static bool start_stop(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	bool start = cmd->cdb[4] & 1, loej = cmd->cdb[4] & 2;

	if (cmd->cdb[4] >> 4)
		return false;		/* power conditions: none but active */
	/* The bolt holds what is in, and the door: nothing is loaded either. */
	if (loej && vdisk->removable && removal_prevented(cmd->dev)) {
		scst_set_cmd_error(cmd, scst_sense_medium_removal_prevented);
		return false;
	}
	if (loej && vdisk->removable && start) {
		if (READ_ONCE(vdisk->state) & VDISK_NO_MEDIUM) {
			vdisk_set_state(vdisk, VDISK_NO_MEDIUM, 0);
			scst_dev_set_ua(cmd->dev, cmd->tgt_dev, 0x28, 0x00);
		}
		return false;
	}
	if (loej && vdisk->removable)
		vdisk_set_state(vdisk, 0, VDISK_NO_MEDIUM);
	return !start;
}

void vdisk_exec_start_stop(struct scst_cmd *cmd)
{
	if (start_stop(cmd))
		vdisk_exec_sleeping(cmd);
	else
		scst_cmd_done(cmd);
}
