/* SPDX-License-Identifier: MIT */
#ifndef VDISK_H
#define VDISK_H

/*
 * vdisk.h - private to handlers/: a disk whose bytes lie in a file, a block device,
 * memory, or nowhere.
 *
 * READ and WRITE run to completion on the session's CPU; what must sleep goes to
 * the disk's own ordered work queue and ends with scst_cmd_done().
 */
#include <asm/unaligned.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "scst.h"

#define VDISK_MAX_TRANSFER	(16u << 20)	/* bytes of one command; page B0h says so */
#define VDISK_MAX_UNMAP_DESC	256
#define VDISK_PATH_MAX		1024

struct vdisk {
	struct scst_device	dev;
	struct file		*file;		/* fileio, blockio */
	char			*memory;	/* ram; null: as much zero memory as one command reads */
	u64			size;		/* bytes */
	u64			nr_blocks;
	bool			is_null, thin, rotational;
	struct workqueue_struct	*wq;
	char			filename[VDISK_PATH_MAX];
};

static inline struct vdisk *vdisk_of(const struct scst_cmd *cmd)
{
	return cmd->dev->dh_priv;
}

/* Each executes one op code: status and data are set, and scst_cmd_done() was or will be called. */
void vdisk_exec_rw(struct scst_cmd *cmd);
void vdisk_exec_inquiry(struct scst_cmd *cmd);
void vdisk_exec_mode_sense(struct scst_cmd *cmd);
void vdisk_exec_read_capacity(struct scst_cmd *cmd);
void vdisk_exec_sleeping(struct scst_cmd *cmd);	/* by the work queue: sync, unmap, write same, compare and write */

enum scst_exec_res vdisk_alloc_data_buf(struct scst_cmd *cmd);

/* The disk's bytes, from the work queue; 0 or -errno. */
int vdisk_transfer(struct vdisk *vdisk, bool write, void *buf, u64 offset, size_t bytes);
void vdisk_set_io_error(struct scst_cmd *cmd, long err, bool write);

int vdisk_init_rw(void);
void vdisk_exit_rw(void);

#endif /* VDISK_H */
