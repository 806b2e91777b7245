/* SPDX-License-Identifier: MIT */
/*
 * vdisk_sanitize.c - SANITIZE (SBC-4 4.11, 5.34): OVERWRITE, BLOCK ERASE, EXIT FAILURE
 * MODE.
 *
 * The operation runs in the disk's work queue. From its acceptance to its end the disk
 * is not ready for anybody, and no task management function stops it. sanitize_rate
 * (bytes a second) leaves room for other disks on the same medium.
 */
#include <linux/delay.h>

#include "vdisk.h"

#define CHUNK	(1u << 20)

struct sanitize {
	struct work_struct	work;
	struct vdisk		*vdisk;
	bool			erase, ause, invert;
	u32			passes, pattern_len;
	u8			*buf;		/* CHUNK bytes; NULL for an erase */
	u8			pattern[];
};

static u8 action(const struct scst_cmd *cmd)
{
	return cmd->cdb[1] & 0x1f;
}

static void job_free(struct sanitize *job)
{
	kfree(job->buf);
	kfree(job);
}

/* ---- the operation --------------------------------------------------------------------------- */

static void fill(const struct sanitize *job, bool inverted)
{
	u32 block = job->vdisk->dev.block_size;

	/* The pattern begins anew in every block. */
	for (u32 at = 0; at < CHUNK; at++) {
		u8 byte = job->pattern[at % block % job->pattern_len];

		job->buf[at] = inverted ? (u8)~byte : byte;
	}
}

static void pace(struct vdisk *vdisk, u64 done, u64 since_ns)
{
	u64 due, spent = ktime_get_ns() - since_ns;

	if (!vdisk->sanitize_rate)
		return;
	due = done * 1000 / vdisk->sanitize_rate * 1000000;
	if (due > spent + 1000000)
		msleep((unsigned int)((due - spent) / 1000000));
}

/* @pass 0 of an erase deallocates; else each writes all of the disk once. */
static int one_pass(struct sanitize *job, u32 pass)
{
	struct vdisk *vdisk = job->vdisk;
	u64 size = vdisk->nr_blocks << vdisk->dev.block_shift, since = ktime_get_ns();
	int rc = 0;

	if (!job->erase)
		fill(job, job->invert && pass & 1);
	for (u64 at = 0; at < size && !rc; at += CHUNK) {
		u32 part = (u32)min_t(u64, CHUNK, size - at);

		rc = job->erase ? vdisk_deallocate(vdisk, at, part) : vdisk_transfer(vdisk, true, job->buf, at, part);
		/* 65536ths, over all passes */
		WRITE_ONCE(vdisk->sanitize_progress,
			   (u16)(((u64)pass * size + at) / job->passes * 65535 / size));
		pace(vdisk, at + part, since);
	}
	return rc;
}

static void sanitize_run(struct work_struct *work)
{
	struct sanitize *job = container_of(work, struct sanitize, work);
	struct vdisk *vdisk = job->vdisk;
	struct scst_cmd *cmd;
	int rc = 0;

	for (u32 pass = 0; pass < job->passes && !rc; pass++)
		rc = one_pass(job, pass);
	if (!rc && vdisk->file)
		rc = vfs_fsync(vdisk->file, 0);
	if (rc)
		pr_err("%s: SANITIZE failed (errno %d)\n", vdisk->dev.virt_name, -rc);
	/* Before the state changes: from then on the place may be another command's. */
	cmd = xchg(&vdisk->sanitize_cmd, NULL);
	vdisk->sanitize_ause = job->ause;
	vdisk_set_state(vdisk, VDISK_SANITIZING, rc ? VDISK_SANITIZE_FAILED : 0);
	if (cmd) {
		if (rc)
			scst_set_cmd_error(cmd, scst_sense_sanitize_failed);
		scst_cmd_done(cmd);
	}
	job_free(job);
}

/* The command is over, the operation goes on (SBC-4 4.11.1). */
bool vdisk_abort_sanitize(struct scst_cmd *cmd)
{
	if (cmpxchg(&vdisk_of(cmd)->sanitize_cmd, cmd, NULL) != cmd)
		return false;
	scst_cmd_done(cmd);
	return true;
}

/* ---- the command ------------------------------------------------------------------------------ */

static bool bad_field(struct scst_cmd *cmd, int byte, int bit)
{
	scst_set_invalid_field_in_cdb(cmd, byte, bit);
	return false;
}

/*
 * What is wrong with the CDB. The lengths a parameter list may have depend on the
 * action; a list that contradicts itself is reported as an invalid field of the CDB
 * too, as the standard has it for OVERWRITE (SBC-4 5.34.2.2).
 */
bool vdisk_parse_sanitize(struct scst_cmd *cmd)
{
	u32 len = cmd->cdb_bufflen;

	if (cmd->cdb[1] & 0x40)		/* ZNR: no zones here */
		return bad_field(cmd, 1, 6);
	for (int i = 2; i < 7; i++)
		if (cmd->cdb[i])
			return bad_field(cmd, i, -1);
	if (action(cmd) == SANITIZE_OVERWRITE ? len < 5 || len > cmd->dev->block_size + 4 : len != 0)
		return bad_field(cmd, 7, -1);
	if (action(cmd) == SANITIZE_EXIT_FAILURE_MODE && READ_ONCE(vdisk_of(cmd)->state) & VDISK_SANITIZE_FAILED &&
	    !vdisk_of(cmd)->sanitize_ause)
		return bad_field(cmd, 1, 4);
	return true;
}

/* With all the memory it will take: once it runs, it must not fail for want of some. */
static struct sanitize *make_job(struct scst_cmd *cmd)
{
	const u8 *list = cmd->bufflen ? sg_virt(cmd->sg) : NULL;
	u32 pattern_len = cmd->bufflen > 4 ? cmd->bufflen - 4 : 1;
	struct sanitize *job = kzalloc(sizeof(*job) + pattern_len, GFP_ATOMIC);
	bool erase = action(cmd) == SANITIZE_BLOCK_ERASE;

	if (job && !erase)
		job->buf = kmalloc(CHUNK, GFP_ATOMIC);
	if (!job || (!erase && !job->buf)) {
		kfree(job);
		scst_set_busy(cmd);
		return NULL;
	}
	job->vdisk = vdisk_of(cmd);
	job->ause = cmd->cdb[1] & 0x20;
	job->erase = erase;
	job->passes = 1;
	job->pattern_len = pattern_len;
	if (job->erase)
		return job;
	job->invert = list[0] & 0x80;
	job->passes = list[0] & 0x1f;
	memcpy(job->pattern, list + 4, pattern_len);
	/* TEST 00b; 1 to 31 passes; the pattern is as long as the list says. */
	if (list[0] & 0x60 || !job->passes || get_unaligned_be16(list + 2) != pattern_len) {
		scst_set_invalid_field_in_cdb(cmd, 7, -1);
		job_free(job);
		return NULL;
	}
	return job;
}

void vdisk_exec_sanitize(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	bool immed = cmd->cdb[1] & 0x80;
	struct sanitize *job;

	if (action(cmd) == SANITIZE_EXIT_FAILURE_MODE) {
		vdisk_set_state(vdisk, VDISK_SANITIZE_FAILED, 0);
		scst_cmd_done(cmd);
		return;
	}
	if (cmd->bufflen != cmd->cdb_bufflen) {
		scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
		scst_cmd_done(cmd);
		return;
	}
	job = make_job(cmd);
	if (!job) {
		scst_cmd_done(cmd);
		return;
	}
	if (vdisk_set_state(vdisk, VDISK_SANITIZE_FAILED, VDISK_SANITIZING) & VDISK_SANITIZING) {
		/* Another nexus was faster, since parse(). */
		job_free(job);
		vdisk_pollable_sense(cmd);
		scst_cmd_done(cmd);
		return;
	}
	WRITE_ONCE(vdisk->sanitize_progress, 0);
	INIT_WORK(&job->work, sanitize_run);
	if (!immed)
		WRITE_ONCE(vdisk->sanitize_cmd, cmd);
	queue_work(vdisk->wq, &job->work);
	if (immed)
		scst_cmd_done(cmd);
}
