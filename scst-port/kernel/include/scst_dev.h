/* SPDX-License-Identifier: MIT */
#ifndef SCST_DEV_H
#define SCST_DEV_H

/*
 * scst_dev.h - device handlers and devices; the other half of scst.h, which includes it
 * and tells how the halves work together.
 */
#ifndef SCST_H
#error "include scst.h"
#endif

enum scst_exec_res {
	SCST_EXEC_COMPLETED,		/* scst_cmd_done() was or will be called by the handler */
	SCST_EXEC_NOT_COMPLETED,	/* not mine: the core executes it, or INVALID OPERATION CODE */
};

/*
 * A kind of device. add_device and del_device are mgmt commands and may sleep;
 * the rest runs on the command's home CPU and may not.
 */
struct scst_dev_type {
	const char	*name;			/* "vdisk_fileio" */
	u8		type;			/* peripheral device type: 0 = direct access */
	struct module	*owner;

	/* "filename=/a/b; blocksize=4096; read_only=1": make the device, or -errno and one sentence in @why. */
	int (*add_device)(const char *name, const char *params, char *why, size_t why_bytes);
	/* The device is gone, but for -ENOENT and -EBUSY; any other error is that of its last sync. */
	int (*del_device)(const char *name, char *why, size_t why_bytes);

	/* Further mgmt commands on one device ("resync_size", "set size 10G"). May be NULL. */
	int (*dev_mgmt)(struct scst_device *dev, const char *command, char *why, size_t why_bytes);

	/* JSON members ("\"filename\":\"/a\",...") for status. Bytes written. May be NULL. */
	int (*dev_show)(struct scst_device *dev, char *buf, size_t bytes);

	/*
	 * Fill data_direction, bufflen, lba, data_len and op_flags from the CDB (the
	 * core's table gave them for op codes it knows). Not 0: status and sense are
	 * set, and the command ends.
	 */
	int (*parse)(struct scst_cmd *cmd);

	/*
	 * Give cmd->sg (own_sg set) for a command, now or, of a read, in exec() at the latest;
	 * SCST_EXEC_NOT_COMPLETED: the core allocates. May be NULL.
	 */
	enum scst_exec_res (*dev_alloc_data_buf)(struct scst_cmd *cmd);

	enum scst_exec_res (*exec)(struct scst_cmd *cmd);

	/*
	 * A command that executes was aborted. True: the handler gives it up now, and called
	 * scst_cmd_done(); false: it ends when it ends. May be NULL.
	 */
	bool (*on_abort)(struct scst_cmd *cmd);

	/* Does @dev execute this op code of the core's table (@sa: service action, or -1)? NULL: all. */
	bool (*supports)(struct scst_device *dev, u8 op, int sa);

	/* Blocks of the medium; NULL: there is none, and nothing is copied to or from it. */
	u64 (*nr_blocks)(struct scst_device *dev);

	/* REQUEST SENSE (SPC-4 5.11.3): set sense for a state that lasts, and return true. May be NULL. */
	bool (*pollable_sense)(struct scst_cmd *cmd);

	/* What exec() gave to be sent is not there any more: the session ends. May be NULL. */
	void (*read_lost)(struct scst_cmd *cmd);

	/* The buffer's last use is over: whatever exec() pinned may go. May be NULL. */
	void (*on_free_cmd)(struct scst_cmd *cmd);

	/* TASK ABORTED, LUN RESET and friends reached the device: mode pages to defaults, ... May be NULL. */
	void (*task_mgmt_fn_done)(struct scst_device *dev, enum scst_tm_fn fn);

	struct list_head	dev_type_list_entry;	/* by core */
};

int scst_register_dev_driver(struct scst_dev_type *devt);
void scst_unregister_dev_driver(struct scst_dev_type *devt);

/* A logical unit's device, shared by every session that maps it. */
struct scst_device {
	char			virt_name[SCST_MAX_NAME];
	struct scst_dev_type	*handler;
	void			*dh_priv;		/* by handler */
	u32			block_size;		/* bytes; by handler before registration */
	u8			block_shift;
	bool			rd_only;		/* writes end in DATA PROTECT */
	bool			swp;			/* software write protect, control mode page; written under dev_lock */
	bool			d_sense;		/* descriptor-format sense, control mode page; written under dev_lock */
	u64			serial_hash;		/* for NAA designators */
	char			usn[64];		/* unit serial number */

	spinlock_t		dev_lock;		/* the fields below, and all tgt_devs' unit attentions */
	struct list_head	dev_tgt_dev_list;
	struct scst_pr		*pr;			/* persistent reservations, see scst_pres.c */
	struct scst_tgt_dev	*reserved_by;		/* RESERVE(6/10) */
	u32			dev_reserved;		/* read without the lock: any reservation at all? */
	struct list_head	atomic_cmds;		/* by core: see scst_atomic.c */
	u32			nr_atomic;		/* their number; read without the lock */
	struct list_head	dev_list_entry;		/* by core */
	atomic_t		nr_tgt_devs;
};

/*
 * Register @dev (block_size, usn, virt_name, handler, dh_priv, rd_only set), may
 * sleep. -EEXIST for a name in use. Unregister: -EBUSY while LUNs map it.
 */
int scst_register_virtual_device(struct scst_device *dev);
int scst_unregister_virtual_device(struct scst_device *dev);
struct scst_device *scst_find_device(const char *name);	/* under the mgmt mutex only */

/* A device as seen by one session: the I_T_L nexus. */
struct scst_tgt_dev {
	struct scst_session	*sess;
	struct scst_device	*dev;
	u64			lun;
	bool			acg_rd_only;		/* never changes */
	bool			preempted;		/* PREEMPT AND ABORT waits to reach it; dev->dev_lock */
	bool			prevent;		/* PREVENT ALLOW MEDIUM REMOVAL; dev->dev_lock */
	u32			ua_pending;		/* read without the lock: any unit attention? */
	struct list_head	ua_list;		/* dev->dev_lock */
	struct list_head	dev_tgt_dev_list_entry;	/* dev->dev_lock */
	struct scst_pr_registrant *registrant;		/* dev->dev_lock */
	u32			nr_cmds;		/* home CPU only: in the task set */
	u64			size_batch;		/* by handler, home CPU only: sess->rx_batch it looked at its size for */
	struct list_head	deferred_cmd_list;	/* home CPU only: behind an ORDERED one */
	u32			nr_ordered;
	u32			nr_copies;			/* home CPU only: EXTENDED COPYs it received */
	u32			copy_refs;			/* home CPU only: segments of copies that use it */
	struct scst_copy_result	*copy_results;			/* home CPU only: see scst_copy.c */
};

#define SCST_VENDOR	"RING3   "	/* T10 vendor identification, 8 characters */

/* The NAA designator of page 83h: 3h, locally assigned; 60 bits of the serial number's hash. */
static inline u64 scst_dev_naa(const struct scst_device *dev)
{
	return 3ull << 60 | dev->serial_hash >> 4;
}

/* What VPD page 8Fh says of the copy manager, from byte 4 on: at most 128 bytes. */
u32 scst_copy_vpd_page(u8 *buf);

/* ---- ending commands --------------------------------------------------- */

/* The handler is done with @cmd: status, sense and resp_data_len are set. Any context. */
void scst_cmd_done(struct scst_cmd *cmd);

/* CHECK CONDITION with @key/@asc/@ascq in the format the device wants. */
void scst_set_cmd_error(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq);
#define SCST_SENSE(key_asc_ascq) key_asc_ascq	/* scst_const.h: #define scst_sense_x KEY, ASC, ASCQ */

/* INVALID FIELD IN CDB (or, @in_cdb false, IN PARAMETER LIST) with a field pointer (SPC-4 4.5.2.4.2). */
void scst_set_invalid_field_in_cdb(struct scst_cmd *cmd, int byte_offset, int bit_offset);
void scst_set_invalid_field_in_parm_list(struct scst_cmd *cmd, int byte_offset, int bit_offset);

/* Sense with the INFORMATION field (MISCOMPARE offset, failing LBA). */
void scst_set_cmd_error_and_inf(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq, u64 information);

/* Sense with a progress indication, in 65536ths (SPC-4 4.5.2.4.4). */
void scst_set_cmd_error_and_progress(struct scst_cmd *cmd, u8 key, u8 asc, u8 ascq, u16 progress);

void scst_set_busy(struct scst_cmd *cmd);
void scst_set_resp_data_len(struct scst_cmd *cmd, u32 bytes);

/* Copy between a linear buffer and cmd->sg; bytes copied, clipped to bufflen. */
u32 scst_copy_to_cmd(struct scst_cmd *cmd, const void *buf, u32 bytes);	/* sets resp_data_len too */
u32 scst_copy_from_cmd(struct scst_cmd *cmd, void *buf, u32 bytes);

/* cmd->sg of bufflen bytes, the core's to free. 0 or -ENOMEM. */
int scst_alloc_space(struct scst_cmd *cmd);

/* A unit attention for every nexus of @dev but @except (may be NULL). Any context. */
void scst_dev_set_ua(struct scst_device *dev, struct scst_tgt_dev *except, u8 asc, u8 ascq);

/* The capacity changed: CAPACITY DATA HAS CHANGED for all, AEN to those who can. */
void scst_capacity_data_changed(struct scst_device *dev);

#endif /* SCST_DEV_H */
