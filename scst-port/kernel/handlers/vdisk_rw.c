/* SPDX-License-Identifier: MIT */
/* vdisk_rw.c - READ, WRITE, VERIFY and WRITE AND VERIFY, without sleeping. */
#include "vdisk.h"

struct vdisk_io {
	struct kiocb	kiocb;
	struct scst_cmd	*cmd;
	struct kvec	vec;
};

static struct kmem_cache *io_cache;

int vdisk_init_rw(void)
{
	io_cache = KMEM_CACHE(vdisk_io, 0);
	return io_cache ? 0 : -ENOMEM;
}

void vdisk_exit_rw(void)
{
	kmem_cache_destroy(io_cache);
}

void vdisk_set_io_error(struct scst_cmd *cmd, long err, bool write)
{
	if (err == -ENOSPC || err == -EDQUOT || err == -EFBIG)
		scst_set_cmd_error(cmd, scst_sense_space_alloc_failed);
	else if (err == -ENOMEM)
		scst_set_busy(cmd);
	else if (write)
		scst_set_cmd_error(cmd, scst_sense_write_error);
	else
		scst_set_cmd_error(cmd, scst_sense_read_error);
}

/*
 * A read of memory needs no copy: the reply is sent from where it lies. Of a file it is
 * known only when the read's turn has come.
 */
enum scst_exec_res vdisk_alloc_data_buf(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	u64 offset = cmd->lba << cmd->dev->block_shift;

	if (cmd->data_direction != SCST_DATA_READ || !cmd->data_len || cmd->sess->stable_reads)
		return SCST_EXEC_NOT_COMPLETED;
	if (vdisk->view && !cmd->internal) {
		cmd->own_sg = 1;
		return SCST_EXEC_COMPLETED;
	}
	if (!vdisk->memory)
		return SCST_EXEC_NOT_COMPLETED;
	vdisk_lend(cmd, vdisk->memory + (vdisk->is_null ? 0 : offset));
	return SCST_EXEC_COMPLETED;
}

static void io_end(struct vdisk_io *io, long result)
{
	struct scst_cmd *cmd = io->cmd;
	bool write = cmd->data_direction == SCST_DATA_WRITE;
	u64 offset = cmd->lba << cmd->dev->block_shift;

	kmem_cache_free(io_cache, io);
	if (result < 0) {
		vdisk_set_io_error(cmd, result, write);
	} else if (result < cmd->bufflen) {
		/* The file ended before the disk does: somebody truncated it. */
		vdisk_set_io_error(cmd, -EIO, write);
	} else if (!write) {
		cmd->resp_data_len = cmd->bufflen;
		vdisk_view_saw(vdisk_of(cmd), offset, sg_virt(cmd->sg), cmd->bufflen);
	} else {
		vdisk_mark_mapped(vdisk_of(cmd), offset, cmd->bufflen);
	}
	scst_cmd_done(cmd);
}

static void io_complete(struct kiocb *kiocb, long result)
{
	io_end(container_of(kiocb, struct vdisk_io, kiocb), result);
}

static void file_rw(struct scst_cmd *cmd, u64 offset)
{
	bool write = cmd->data_direction == SCST_DATA_WRITE;
	struct vdisk_io *io;
	struct iov_iter iter;
	ssize_t done;

	if (cmd->sg ? vdisk_view_copies(cmd, offset) : vdisk_view_lends(cmd, offset)) {
		cmd->resp_data_len = cmd->bufflen;	/* of a read */
		scst_cmd_done(cmd);
		return;
	}
	io = kmem_cache_alloc(io_cache, GFP_ATOMIC);
	if (!io || (!cmd->sg && scst_alloc_space(cmd))) {
		if (io)
			kmem_cache_free(io_cache, io);
		scst_set_busy(cmd);
		scst_cmd_done(cmd);
		return;
	}
	init_sync_kiocb(&io->kiocb, vdisk_of(cmd)->file);
	io->cmd = cmd;
	io->kiocb.ki_complete = io_complete;
	io->kiocb.ki_pos = (loff_t)offset;
	if (write && (cmd->fua || unlikely(!READ_ONCE(vdisk_of(cmd)->wce))))
		io->kiocb.ki_flags |= IOCB_DSYNC;
	io->vec = (struct kvec){ sg_virt(cmd->sg), cmd->bufflen };
	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &io->vec, 1, cmd->bufflen);
	done = write ? call_write_iter(io->kiocb.ki_filp, &io->kiocb, &iter) :
		       call_read_iter(io->kiocb.ki_filp, &io->kiocb, &iter);
	if (done != -EIOCBQUEUED)
		io_end(io, done);
}

static void memory_write(struct scst_cmd *cmd, struct vdisk *vdisk, u64 offset)
{
	vdisk_mark_mapped(vdisk, offset, cmd->bufflen);
	scst_copy_from_cmd(cmd, vdisk->memory + offset, cmd->bufflen);
}

void vdisk_exec_rw(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	u64 offset = cmd->lba << cmd->dev->block_shift;

	if (!cmd->bufflen) {
		scst_cmd_done(cmd);
	} else if (vdisk->file) {
		file_rw(cmd, offset);
	} else {
		if (cmd->data_direction == SCST_DATA_WRITE) {
			if (!vdisk->is_null)
				memory_write(cmd, vdisk, offset);
		} else if (cmd->own_sg) {
			cmd->resp_data_len = cmd->bufflen;
		} else {
			scst_copy_to_cmd(cmd, vdisk->memory + (vdisk->is_null ? 0 : offset), cmd->bufflen);
		}
		scst_cmd_done(cmd);
	}
}
