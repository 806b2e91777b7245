/* SPDX-License-Identifier: MIT */
/*
 * vdisk_view.c - a view of a file that lies in memory (tmpfs, memfd): what is read of it is
 * sent from there, without a system call and a copy of its own; what is written is copied
 * there, and what must not change any more when it is sent (data digests) is copied out of it,
 * without a system call.
 *
 * Nobody but sendmsg() and such a copy looks at the bytes, for there may be none: behind
 * the end of a file that somebody truncated we would get SIGBUS, sendmsg() gets EFAULT, and
 * the copy (ring3_view_copy) ends early. The size of the file is asked for once for all
 * commands that were received together, and for each that had to wait for its turn; what
 * does not fit is read, and fails as it must. A file truncated between that and the sending
 * ends the session, and the view: from then on all is read. What a disk grows by later
 * (resync_size) is read, too.
 *
 * A copy that ended early is done again by a system call: the file is read, and fails as it
 * must, or written, and grows, or has no room, and that is told. Only pages known to hold data
 * are copied; to fill a hole a system call is cheaper.
 *
 * Between two writes of the same block that overlap in time nothing decides: the block may
 * be of both, as SBC-4 4.29 lets it be for what is no WRITE ATOMIC. The same is true of a write
 * that the end of the process cuts off; it was not answered. The file's time of modification
 * tells only that a page was written for the first time.
 *
 * A hole that is looked at would be allocated. So there is a bit (vdisk->mapped) for every
 * page that is known to hold data: it was written, or was read and does not begin with zeros.
 * The bits are cleared before the pages are given back; a command that was under way
 * together with such an UNMAP may set one again, or make the page come back, of zeros. That
 * costs a page, and no data; and so does who punches holes in the file behind our back.
 *
 * Locking: none. The bits are atomic; view_lost changes once.
 */
#include "vdisk.h"

#define LOOK_BYTES	512	/* of a page that was read; more would cost who reads zeros */

void vdisk_open_view(struct vdisk *vdisk)
{
	vdisk->view_writes = !vdisk->dev.rd_only;
	vdisk->view = ring3_file_view(vdisk->file, vdisk->size, vdisk->view_writes);
	if (!vdisk->view && vdisk->view_writes) {
		vdisk->view_writes = false;
		vdisk->view = ring3_file_view(vdisk->file, vdisk->size, false);
	}
	if (!vdisk->view)
		return;
	vdisk->view_bytes = vdisk->size;
	if (!vdisk_alloc_mapped(vdisk))
		vdisk_close_view(vdisk);
}

void vdisk_close_view(struct vdisk *vdisk)
{
	ring3_file_unview(vdisk->view, vdisk->view_bytes);
	vdisk->view = NULL;
}

/* As long as it was: asked once for the commands that came together. */
static bool is_whole(struct scst_cmd *cmd, struct vdisk *vdisk)
{
	struct scst_tgt_dev *tgt_dev = cmd->tgt_dev;
	u64 batch = cmd->sess->rx_batch;

	if (batch && READ_ONCE(tgt_dev->size_batch) == batch)
		return true;
	/* The cheapest system call that tells; nobody needs the position. */
	if (vfs_llseek(vdisk->file, 0, SEEK_END) < (loff_t)vdisk->view_bytes)
		return false;
	WRITE_ONCE(tgt_dev->size_batch, batch);
	return true;
}

/* Are the command's bytes known to be there? */
static bool covers(struct scst_cmd *cmd, struct vdisk *vdisk, u64 offset)
{
	if (!vdisk->view || READ_ONCE(vdisk->view_lost))
		return false;
	if (offset > vdisk->view_bytes || cmd->bufflen > vdisk->view_bytes - offset)
		return false;
	return vdisk_is_mapped(vdisk, offset, cmd->bufflen) && is_whole(cmd, vdisk);
}

bool vdisk_view_lends(struct scst_cmd *cmd, u64 offset)
{
	struct vdisk *vdisk = vdisk_of(cmd);

	if (!covers(cmd, vdisk, offset))
		return false;
	vdisk_lend(cmd, vdisk->view + offset);
	return true;
}

bool vdisk_view_copies(struct scst_cmd *cmd, u64 offset)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	bool write = cmd->data_direction == SCST_DATA_WRITE;
	void *data = sg_virt(cmd->sg);
	u8 *there = vdisk->view + offset;

	if ((write && !vdisk->view_writes) || !covers(cmd, vdisk, offset))
		return false;
	return !ring3_view_copy(write ? there : data, write ? data : there, cmd->bufflen);
}

void vdisk_view_saw(struct vdisk *vdisk, u64 offset, const u8 *data, u64 bytes)
{
	if (!vdisk->view)
		return;
	while (bytes) {
		u64 part = min_t(u64, bytes, PAGE_SIZE - offset % PAGE_SIZE);

		if (memchr_inv(data, 0, min_t(u64, part, LOOK_BYTES)))
			vdisk_mark_mapped(vdisk, offset, part);
		offset += part;
		data += part;
		bytes -= part;
	}
}

void vdisk_view_lost(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);

	if (vdisk->view && !xchg(&vdisk->view_lost, true))
		pr_warn("vdisk: %s was truncated while it was sent; from now on it is read first\n", vdisk->filename);
}
