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
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "scst.h"

#define VDISK_MAX_TRANSFER	(16u << 20)	/* bytes of one command; page B0h says so */
#define VDISK_MAX_UNMAP_DESC	256
#define VDISK_MAX_WRITE_SAME	(16u << 20)	/* bytes of the medium written by one WRITE SAME */
#define VDISK_MAX_CAW_BLOCKS	255		/* of one COMPARE AND WRITE; its length field has one byte */
#define VDISK_MAX_ATOMIC	(1u << 20)	/* bytes of one WRITE ATOMIC */
#define VDISK_PATH_MAX		1024

struct vdisk {
	struct scst_device	dev;
	struct file		*file;		/* fileio, blockio */
	char			*memory;	/* ram; null: as much zero memory as one command reads */
	u64			size;		/* bytes */
	u64			nr_blocks;
	bool			is_null, thin, rotational, removable;
	bool			wsnz;		/* WRITE SAME of no blocks is refused, not all blocks */
	bool			wce;		/* write cache enabled, caching mode page; dev_lock */
	u32			state;		/* VDISK_*: not ready, or 0; dev_lock, read without */
	u8			*view;		/* of a file in memory, or NULL: vdisk_view.c */
	u64			view_bytes;
	bool			view_lost;	/* it is not used any more */
	bool			view_writes;	/* it may be written to */
	unsigned long		*mapped;	/* ram, a file with a view: a bit per page that was written */
	u64			mapped_bytes;	/* what there are bits for; a file may grow behind it */
	struct scst_cmd		*sanitize_cmd;	/* whose end is the operation's; xchg'ed */
	u64			sanitize_rate;	/* bytes a second, 0: as fast as it goes */
	u16			sanitize_progress;
	bool			sanitize_ause;	/* the failed one may be left with EXIT FAILURE MODE */
	struct workqueue_struct	*wq;
	char			filename[VDISK_PATH_MAX];
};

enum {
	VDISK_NO_MEDIUM		= 1,
	VDISK_SANITIZING	= 2,
	VDISK_SANITIZE_FAILED	= 4,
};

static inline struct vdisk *vdisk_of(const struct scst_cmd *cmd)
{
	return cmd->dev->dh_priv;
}

static inline u8 vdisk_sa(const struct scst_cmd *cmd)
{
	return cmd->cdb[1] & 0x1f;	/* service action */
}

int vdisk_parse(struct scst_cmd *cmd);	/* scst_dev_type.parse */

/* Each executes one op code: status and data are set, and scst_cmd_done() was or will be called. */
void vdisk_exec_rw(struct scst_cmd *cmd);
void vdisk_exec_inquiry(struct scst_cmd *cmd);
void vdisk_exec_read_capacity(struct scst_cmd *cmd);
void vdisk_exec_mode_sense(struct scst_cmd *cmd);
void vdisk_exec_mode_select(struct scst_cmd *cmd);
void vdisk_exec_start_stop(struct scst_cmd *cmd);
void vdisk_exec_prevent_allow(struct scst_cmd *cmd);
void vdisk_exec_sanitize(struct scst_cmd *cmd);
void vdisk_exec_sleeping(struct scst_cmd *cmd);	/* by the work queue: sync, unmap, write same, compare and write */

enum scst_exec_res vdisk_alloc_data_buf(struct scst_cmd *cmd);

/* What is read lies at @data, and is sent from there. */
static inline void vdisk_lend(struct scst_cmd *cmd, const void *data)
{
	sg_init_one(cmd->sg_inline, data, cmd->bufflen);
	cmd->sg = cmd->sg_inline;
	cmd->sg_cnt = 1;
	cmd->own_sg = 1;
}

void vdisk_mode_defaults(struct vdisk *vdisk);

/* May @cmd go on in the state the disk is in? False: sense is set. */
bool vdisk_ready(struct scst_cmd *cmd);
bool vdisk_pollable_sense(struct scst_cmd *cmd);
u32 vdisk_set_state(struct vdisk *vdisk, u32 clear, u32 set);	/* the state before */
void vdisk_allow_removal(struct scst_device *dev);

bool vdisk_parse_sanitize(struct scst_cmd *cmd);	/* false: sense is set */
/* Did @cmd end with this? For scst_dev_type.on_abort. */
bool vdisk_abort_sanitize(struct scst_cmd *cmd);
bool vdisk_abort_sleeping(struct scst_cmd *cmd);

/* vdisk_backing.c: where the bytes are. From the work queue, unless said; 0 or -errno. */
int vdisk_open_backing(struct vdisk *vdisk, const char *handler, char *why, size_t bytes);
/* May sleep. 0, or -errno when the last sync failed: it is closed all the same. */
int vdisk_close_backing(struct vdisk *vdisk, char *why, size_t bytes);
int vdisk_transfer(struct vdisk *vdisk, bool write, void *buf, u64 offset, size_t bytes);
int vdisk_deallocate(struct vdisk *vdisk, u64 offset, u64 bytes);
/* Bytes from @offset on that are all mapped, or all not (SBC-3 4.7). */
u64 vdisk_extent(struct vdisk *vdisk, u64 offset, bool *mapped);
/* A bit for every page of the size that the disk has now. May sleep; false: no memory. */
bool vdisk_alloc_mapped(struct vdisk *vdisk);
/* Bits of the pages that hold these bytes, or lie among them; nothing where there are none. Any context. */
void vdisk_mark_mapped(struct vdisk *vdisk, u64 offset, u64 bytes);
void vdisk_clear_mapped(struct vdisk *vdisk, u64 offset, u64 bytes);
bool vdisk_is_mapped(struct vdisk *vdisk, u64 offset, u64 bytes);	/* all of them; there are bits */
u32 vdisk_physical_block(const struct vdisk *vdisk);			/* bytes */
static inline bool vdisk_atomic_writes(const struct vdisk *vdisk) { return !vdisk->file; }

/* vdisk_view.c: files that lie in memory, sent without being read. Home CPU, unless said. */
void vdisk_open_view(struct vdisk *vdisk);	/* may sleep; where there can be none, there is none */
void vdisk_close_view(struct vdisk *vdisk);	/* may sleep */
bool vdisk_view_lends(struct scst_cmd *cmd, u64 offset);	/* true: cmd->sg is the view's */
bool vdisk_view_copies(struct scst_cmd *cmd, u64 offset);	/* true: cmd->sg was written, or read */
void vdisk_view_saw(struct vdisk *vdisk, u64 offset, const u8 *data, u64 bytes);	/* @data was read */
void vdisk_view_lost(struct scst_cmd *cmd);

void vdisk_set_io_error(struct scst_cmd *cmd, long err, bool write);
int vdisk_say(char *why, size_t bytes, int rc, const char *format, ...) __printf(4, 5);

int vdisk_init_rw(void);
void vdisk_exit_rw(void);

#endif /* VDISK_H */
