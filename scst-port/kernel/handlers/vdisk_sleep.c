/* SPDX-License-Identifier: MIT */
/*
 * vdisk_sleep.c - commands that wait: SYNCHRONIZE CACHE, UNMAP, WRITE SAME, VERIFY,
 * WRITE AND VERIFY, ORWRITE, COMPARE AND WRITE, GET LBA STATUS. All of one disk run on its ordered
 * work queue.
 */
#include "vdisk.h"

#define VERIFY_CHUNK	(256u << 10)

static void do_sync(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	int rc = vdisk->file ? vfs_fsync(vdisk->file, 1) : 0;

	if (rc)
		vdisk_set_io_error(cmd, rc, true);
}

/* What FUA, or a write cache that is off, asks for once the data has been written. */
static int make_durable(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	if (!vdisk->file || !(cmd->fua || !READ_ONCE(vdisk->wce)))
		return 0;
	return vfs_fsync(vdisk->file, 1);
}

/* SBC-3 5.28: descriptors of 16 bytes behind a header of 8. */
static void do_unmap(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u8 *list = sg_virt(cmd->sg);
	u32 len = cmd->bufflen, count;
	int rc;

	if (len < 8) {
		scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
		return;
	}
	count = min_t(u32, get_unaligned_be16(list + 2), len - 8) / 16;
	if (count > VDISK_MAX_UNMAP_DESC) {
		scst_set_invalid_field_in_parm_list(cmd, 2, -1);
		return;
	}
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 i = 0; i < count; i++) {
			u64 lba = get_unaligned_be64(list + 8 + 16 * i);
			u64 blocks = get_unaligned_be32(list + 16 + 16 * i);

			/* All are checked before any is done. */
			if (!pass && (lba > vdisk->nr_blocks || blocks > vdisk->nr_blocks - lba)) {
				scst_set_cmd_error(cmd, scst_sense_block_out_range_error);
				return;
			}
			if (!pass || !blocks)
				continue;
			rc = vdisk_deallocate(vdisk, lba << vdisk->dev.block_shift, blocks << vdisk->dev.block_shift);
			if (rc) {
				vdisk_set_io_error(cmd, rc, true);
				return;
			}
		}
	}
	rc = make_durable(cmd, vdisk);
	if (rc)
		vdisk_set_io_error(cmd, rc, true);
}

static void do_write_same(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u64 offset = cmd->lba << vdisk->dev.block_shift, left = cmd->data_len;
	u32 block = vdisk->dev.block_size;
	bool no_data = cmd->cdb[0] == WRITE_SAME_16 && cmd->cdb[1] & 1;
	u8 *buf;
	int rc = 0;

	if (no_data || !memchr_inv(sg_virt(cmd->sg), 0, block)) {
		rc = vdisk_deallocate(vdisk, offset, left);
		goto out;
	}
	buf = kmalloc(65536, GFP_KERNEL);
	if (!buf) {
		rc = -ENOMEM;
		goto out;
	}
	for (u32 at = 0; at < 65536; at += block)
		memcpy(buf + at, sg_virt(cmd->sg), block);
	while (left && !rc) {
		size_t part = min_t(u64, left, 65536);

		rc = vdisk_transfer(vdisk, true, buf, offset, part);
		offset += part;
		left -= part;
	}
	kfree(buf);
out:
	if (!rc)
		rc = make_durable(cmd, vdisk);
	if (rc)
		vdisk_set_io_error(cmd, rc, true);
}

/* Compare @data with what is on the disk; MISCOMPARE names the first byte that differs. */
static bool same(struct scst_cmd *cmd, struct vdisk *vdisk, const u8 *data, u32 bytes)
{
	u8 *disk = kmalloc(bytes, GFP_KERNEL);
	int rc = disk ? vdisk_transfer(vdisk, false, disk, cmd->lba << vdisk->dev.block_shift, bytes) : -ENOMEM;
	u32 at = 0;

	if (rc) {
		vdisk_set_io_error(cmd, rc, false);
	} else {
		while (at < bytes && disk[at] == data[at])
			at++;
		if (at < bytes)
			scst_set_cmd_error_and_inf(cmd, scst_sense_miscompare_error, at);
	}
	kfree(disk);
	return !rc && at == bytes;
}

/* SBC-3 5.33, BYTCHK 00b: the blocks are read, and what they hold is nobody's business. */
static void do_verify_medium(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u64 offset = cmd->lba << vdisk->dev.block_shift, left = cmd->data_len;
	u8 *buf = kmalloc(VERIFY_CHUNK, GFP_KERNEL);
	int rc = buf ? 0 : -ENOMEM;

	while (left && !rc) {
		size_t part = min_t(u64, left, VERIFY_CHUNK);

		rc = vdisk_transfer(vdisk, false, buf, offset, part);
		offset += part;
		left -= part;
	}
	if (rc)
		vdisk_set_io_error(cmd, rc, false);
	kfree(buf);
}

static void do_compare_and_write(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u32 half = (u32)cmd->data_len;
	u8 *data = sg_virt(cmd->sg);
	int rc;

	if (!same(cmd, vdisk, data, half))
		return;
	rc = vdisk_transfer(vdisk, true, data + half, cmd->lba << vdisk->dev.block_shift, half);
	if (!rc)
		rc = make_durable(cmd, vdisk);
	if (rc)
		vdisk_set_io_error(cmd, rc, true);
}

static void do_write_and_verify(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u64 offset = cmd->lba << vdisk->dev.block_shift;
	int rc = vdisk_transfer(vdisk, true, sg_virt(cmd->sg), offset, cmd->bufflen);

	if (!rc && vdisk->file)
		rc = vfs_fsync(vdisk->file, 1);
	if (rc)
		vdisk_set_io_error(cmd, rc, true);
	else
		same(cmd, vdisk, sg_virt(cmd->sg), cmd->bufflen);
}

/* SBC-3 5.4: one descriptor, from the LBA asked for on. */
static void do_get_lba_status(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u8 buf[24] = { 0, 0, 0, 20 };
	bool mapped;
	u64 bytes = vdisk_extent(vdisk, cmd->lba << vdisk->dev.block_shift, &mapped);

	put_unaligned_be64(cmd->lba, buf + 8);
	put_unaligned_be32((u32)min_t(u64, bytes >> vdisk->dev.block_shift, U32_MAX), buf + 16);
	buf[20] = mapped ? 0 : 1;
	scst_copy_to_cmd(cmd, buf, sizeof(buf));
}

/* SBC-3 5.8 */
static void do_orwrite(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	u64 offset = cmd->lba << vdisk->dev.block_shift;
	u8 *disk = kmalloc(cmd->bufflen, GFP_KERNEL), *data = sg_virt(cmd->sg);
	int rc = disk ? vdisk_transfer(vdisk, false, disk, offset, cmd->bufflen) : -ENOMEM;
	bool writing = !rc;

	for (u32 i = 0; i < cmd->bufflen && !rc; i++)
		disk[i] |= data[i];
	if (!rc)
		rc = vdisk_transfer(vdisk, true, disk, offset, cmd->bufflen);
	if (!rc)
		rc = make_durable(cmd, vdisk);
	if (rc)
		vdisk_set_io_error(cmd, rc, writing);
	kfree(disk);
}

static void run(struct work_struct *work)
{
	struct scst_cmd *cmd = container_of(work, struct scst_cmd, work);
	struct vdisk *vdisk = vdisk_of(cmd);

	switch (cmd->cdb[0]) {
	case SYNCHRONIZE_CACHE:
	case SYNCHRONIZE_CACHE_16:
		do_sync(cmd, vdisk);
		break;
	case UNMAP:
		do_unmap(cmd, vdisk);
		break;
	case WRITE_SAME:
	case WRITE_SAME_16:
		do_write_same(cmd, vdisk);
		break;
	case SERVICE_ACTION_IN_16:
		do_get_lba_status(cmd, vdisk);
		break;
	case START_STOP:
		do_sync(cmd, vdisk);
		break;
	case ORWRITE_16:
		do_orwrite(cmd, vdisk);
		break;
	case COMPARE_AND_WRITE:
		do_compare_and_write(cmd, vdisk);
		break;
	case WRITE_VERIFY:
	case WRITE_VERIFY_12:
	case WRITE_VERIFY_16:
		do_write_and_verify(cmd, vdisk);
		break;
	case VERIFY:
	case VERIFY_12:
	case VERIFY_16:
		if (cmd->bufflen)
			same(cmd, vdisk, sg_virt(cmd->sg), cmd->bufflen);
		else
			do_verify_medium(cmd, vdisk);
		break;
	}
	scst_cmd_done(cmd);
}

/* What still waits for its turn in the queue has done nothing yet, and need not. */
bool vdisk_abort_sleeping(struct scst_cmd *cmd)
{
	if (!cancel_work(&cmd->work))
		return false;
	scst_cmd_done(cmd);
	return true;
}

void vdisk_exec_sleeping(struct scst_cmd *cmd)
{
	INIT_WORK(&cmd->work, run);
	queue_work(vdisk_of(cmd)->wq, &cmd->work);
}
