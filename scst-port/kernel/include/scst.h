/* SPDX-License-Identifier: MIT */
#ifndef SCST_H
#define SCST_H

/*
 * scst.h - the SCSI target core, as its target drivers (iscsi) and its device
 * handlers (vdisk) see it. Names are SCST's.
 *
 *	target driver                core                       device handler
 *	scst_rx_cmd()          ->    LUN, checks, parse   ->    parse()
 *	    rdy_to_xfer()      <-    (a write wants data)
 *	scst_rx_data()         ->    checks               ->    exec()
 *	    xmit_response()    <-    status, sense        <-    scst_cmd_done()
 *	scst_tgt_cmd_done()    ->    free                 ->    on_free_cmd()
 *
 * Context: a session has a home CPU (scst_session.cpu). All its commands are
 * received, executed, completed and freed there, in softirq context, without a
 * lock; each arrow above may be a plain call in one stack, so a callback may run
 * before the function that caused it returns. A handler that must sleep moves
 * the command to a work queue and calls scst_cmd_done() from there: that call,
 * and only that one, may come from any context, and hops home by itself.
 *
 * State shared by sessions (reservations, unit attentions, mode pages) lives in
 * the device under dev->dev_lock, and is read on the hot path only through
 * flags that say whether there is anything to look at.
 */
#include <linux/types.h>
#include <linux/list.h>
#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/scatterlist.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "scst_const.h"		/* op codes, sense keys, ASC/ASCQ, SAM status: facts of SAM, SPC, SBC */

struct scst_tgt;
struct scst_session;
struct scst_cmd;
struct scst_device;
struct scst_tgt_dev;
struct scst_mgmt_cmd;

#define SCST_MAX_NAME		256	/* bytes with the 0: target, device, initiator names */
#define SCST_MAX_CDB_SIZE	260	/* variable-length CDBs */
#define SCST_SENSE_BUFFERSIZE	252
#define SCST_MAX_LUNS		16384	/* per session: 14 bits, flat addressing */

enum scst_data_direction {
	SCST_DATA_NONE	= 0,
	SCST_DATA_WRITE	= 1,	/* initiator to target */
	SCST_DATA_READ	= 2,
	SCST_DATA_BIDI	= 3,
};

enum scst_cmd_queue_type {
	SCST_CMD_QUEUE_UNTAGGED = 0,
	SCST_CMD_QUEUE_SIMPLE,
	SCST_CMD_QUEUE_ORDERED,
	SCST_CMD_QUEUE_HEAD_OF_QUEUE,
	SCST_CMD_QUEUE_ACA,
};

/* Task management functions, and how they end (SAM-5 7.1; RFC 7143 11.5.1). */
enum scst_tm_fn {
	SCST_ABORT_TASK = 1,
	SCST_ABORT_TASK_SET,
	SCST_CLEAR_ACA,
	SCST_CLEAR_TASK_SET,
	SCST_LUN_RESET,
	SCST_TARGET_RESET,
};

enum scst_tm_status {
	SCST_MGMT_STATUS_SUCCESS = 0,
	SCST_MGMT_STATUS_TASK_NOT_EXIST,
	SCST_MGMT_STATUS_LUN_NOT_EXIST,
	SCST_MGMT_STATUS_FN_NOT_SUPPORTED,
	SCST_MGMT_STATUS_REJECTED,
	SCST_MGMT_STATUS_FAILED,
};

/* op_flags: what the core's table says of an op code. */
enum {
	SCST_MEDIUM		= 1,	/* reads or writes the medium */
	SCST_WRITES		= 2,	/* changes it: refused on a read-only LUN */
	SCST_SKIP_UA		= 4,	/* answered although a unit attention waits (SAM-5 5.14.1) */
	SCST_LOCAL		= 8,	/* executed by the core */
	SCST_LEN_BLOCKS		= 16,	/* the length field counts blocks */
	SCST_NO_LUN_OK		= 32,	/* answered although there is no such LUN */
	SCST_LEN_NO_DATA	= 64,	/* the length is of the medium, no data moves by itself */
	SCST_PR_ANY		= 128,	/* allowed under any persistent reservation (SPC-4 table 67, SBC-3 table 13) */
	SCST_PR_READ		= 256,	/* allowed under one that excludes only writes */
	SCST_RES_ANY		= 512,	/* allowed under another's RESERVE(6/10) */
	SCST_ATOMIC		= 1024,	/* no other command touches the same blocks meanwhile */
};

/* ---- commands ---------------------------------------------------------- */

/*
 * One SCSI command. "by X" says who may write a field; the others only read it.
 */
struct scst_cmd {
	struct list_head	sess_cmd_list_entry;	/* by core: sess->cmd_list, oldest first */
	struct scst_session	*sess;
	struct scst_tgt_dev	*tgt_dev;		/* NULL: no such LUN */
	struct scst_device	*dev;
	u64			unpacked_lun;
	u64			seq;			/* counts up in the session */

	/* by target driver, between scst_rx_cmd() and scst_cmd_init_done() */
	u64			tag;			/* unique within the session while it lives */
	enum scst_cmd_queue_type queue_type;
	enum scst_data_direction expected_data_direction;
	u32			expected_transfer_len;	/* bytes */
	void			*tgt_priv;
	unsigned int		expected_values_set:1;

	/* by core, on the home CPU, also while the handler executes elsewhere */
	unsigned int		sent_for_exec:1, aborted:1, completed:1, tgt_needs_data:1;
	unsigned int		in_order:1;		/* counted in tgt_dev->nr_ordered */
	unsigned int		deferred:1;		/* in a list, by work.entry, until its turn */
	unsigned int		atomic_held:1;		/* in dev->atomic_cmds, behind the gate */
	unsigned int		abort_told:1;		/* on_abort() was called */
	unsigned int		internal:1;		/* the copy manager's own, whose tgt_priv it has */

	/* by core or handler: what the CDB says. A word of its own: bits share theirs when they are written. */
	unsigned int		:0;
	unsigned int		own_sg:1;		/* by handler: sg is its own, not the core's to free */
	unsigned int		fua:1, dpo:1;
	u32			op_flags;		/* SCST_* of the op code table */
	enum scst_data_direction data_direction;	/* from the CDB */
	u32			bufflen;		/* bytes moved by the CDB, clipped to what is expected */
	u32			cdb_bufflen;		/* bytes the CDB asks for, before the clipping */
	u64			lba;			/* blocks */
	u64			data_len;		/* bytes at lba; differs from bufflen for VERIFY, WRITE SAME, ... */

	/* the data buffer: by core (scst_alloc_space) or handler (dev_alloc_data_buf) */
	struct scatterlist	*sg;
	int			sg_cnt;
	struct scatterlist	sg_inline[4];

	/* the response: by handler or core, through the helpers below */
	u8			status;			/* SAM status */
	u32			resp_data_len;		/* bytes of a read that are valid: <= bufflen */
	u16			sense_len;		/* valid bytes of sense */

	void			*dh_priv;		/* by handler, while it executes */
	void			*atomic;		/* by core: see scst_atomic.c */
	call_single_data_t	csd;			/* the hop home */
	struct work_struct	work;			/* by handler, to sleep */

	u16			cdb_len;
	u8			cdb[SCST_MAX_CDB_SIZE];
	u8			sense[SCST_SENSE_BUFFERSIZE];
};

struct scst_mgmt_cmd {
	struct list_head	entry;
	struct scst_session	*sess;
	enum scst_tm_fn		fn;
	u64			unpacked_lun;
	u64			tag;			/* ABORT TASK: which */
	enum scst_tm_status	status;
	void			*tgt_priv;
	atomic_t		cmds_to_wait;		/* by core: shares that are not over */
	call_single_data_t	csd;
};

/* ---- target drivers ---------------------------------------------------- */

/*
 * What a target driver provides. All run on the session's home CPU in softirq
 * context and may not sleep, unless said.
 */
struct scst_tgt_template {
	const char	*name;			/* "iscsi" */
	struct module	*owner;

	/*
	 * Bring cmd->bufflen bytes into cmd->sg, then call scst_rx_data() with
	 * SCST_RX_DATA_OK, or another when it cannot be.
	 */
	void (*rdy_to_xfer)(struct scst_cmd *cmd);

	/*
	 * Send status, sense and (a read) resp_data_len bytes of cmd->sg; then,
	 * when sg is not needed any more, call scst_tgt_cmd_done(). An aborted
	 * command (scst_cmd_aborted()) comes here too, and sends nothing.
	 */
	void (*xmit_response)(struct scst_cmd *cmd);

	/* The core forgets @cmd after this. */
	void (*on_free_cmd)(struct scst_cmd *cmd);

	/* A command that waits for its data is aborted: end the wait with SCST_RX_DATA_ABORT. */
	void (*on_abort_cmd)(struct scst_cmd *cmd);

	/* @mcmd->status says how it ended; all commands it aborted are freed. */
	void (*task_mgmt_fn_done)(struct scst_mgmt_cmd *mcmd);

	/*
	 * Something changed that initiators should hear at once (an unit attention
	 * is set up already): iSCSI sends an Async Message. May be NULL.
	 */
	void (*report_aen)(struct scst_session *sess, u64 lun, const u8 *sense, int sense_len);

	/* Ask for the session's end (LUN map emptied, target deleted). Any context. */
	void (*close_session)(struct scst_session *sess);

	/*
	 * SPC TransportID of the initiator of @sess: bytes written to @buf, or -EINVAL
	 * when @bytes do not suffice. @sess lives.
	 */
	int (*get_initiator_port_transport_id)(struct scst_session *sess, u8 *buf, int bytes);

	/* A command for handlers' and targets' mgmt files: see scst_mgmt_write(). May sleep. */
	int (*mgmt)(const char *command, char *why, size_t why_bytes);
};

int scst_register_target_template(struct scst_tgt_template *tgtt);	/* may sleep */
void scst_unregister_target_template(struct scst_tgt_template *tgtt);	/* may sleep */

struct scst_tgt *scst_register_target(struct scst_tgt_template *tgtt, const char *name);
void scst_unregister_target(struct scst_tgt *tgt);	/* ends its sessions first; may sleep */
struct scst_tgt *scst_find_target(const char *name);
const char *scst_tgt_name(const struct scst_tgt *tgt);
u16 scst_tgt_relative_id(const struct scst_tgt *tgt);	/* relative target port identifier */

/*
 * One I_T nexus. Made by scst_register_session() on any thread that may sleep: it
 * finds the security group by @initiator_name, and gives the session that group's
 * LUNs, for @cpu as home. NULL with *@err set: -EACCES when no group admits it,
 * -ENOMEM, -ENOENT (target is going).
 */
struct scst_session {
	struct scst_tgt		*tgt;
	int			cpu;			/* home, for ever */
	char			initiator_name[SCST_MAX_NAME];	/* iSCSI: "name,i,0xISID" */
	void			*tgt_priv;		/* by target driver */
	bool			stable_reads;		/* by target driver: what is read may not change until it is sent */
	u64			rx_batch;		/* by target driver: of commands that came together; 0: not told */
	struct list_head	cmd_list;		/* home CPU only */
	struct list_head	waits;			/* by core, home CPU only */
	u64			cmd_seq;		/* home CPU only: the last command's */
	u32			nr_cmds;		/* home CPU only */
	struct list_head	sess_list_entry;	/* by core, tgt->lock */
	struct scst_acg		*acg;			/* the security group */
	struct scst_tgt_dev	**luns;			/* home CPU only; nr_luns slots, by LUN */
	u32			nr_luns;
	void			(*unreg_done)(struct scst_session *sess);
	struct work_struct	unreg_work;
	u32			ending;			/* by core, home CPU */
	call_single_data_t	csd;			/* by core: the hop home */
	/* statistics, home CPU only, read racily */
	u64			read_cmds, write_cmds, read_bytes, write_bytes, other_cmds, errors;
};

struct scst_session *scst_register_session(struct scst_tgt *tgt, const char *initiator_name,
					   int cpu, void *tgt_priv, int *err);

/*
 * End a session: its commands are aborted, then @done runs (process context),
 * after which @sess is gone. Home CPU or process context; does not wait.
 */
void scst_unregister_session(struct scst_session *sess, void (*done)(struct scst_session *sess));

/* "READ(10)", or NULL: not known. Reads at most two bytes. Any context. */
const char *scst_cdb_name(const u8 *cdb);

/*
 * A command arrived. The result belongs to the core until on_free_cmd(). Set the
 * driver's fields, then scst_cmd_init_done(). @lun is the 8 bytes as received (SAM-5
 * 4.7). NULL: out of memory (the driver answers BUSY or TASK SET FULL itself).
 */
struct scst_cmd *scst_rx_cmd(struct scst_session *sess, const u8 *lun,
			     const u8 *cdb, unsigned int cdb_len);
void scst_cmd_init_done(struct scst_cmd *cmd);

enum scst_rx_data_status {
	SCST_RX_DATA_OK,
	SCST_RX_DATA_ERROR,		/* lost on the way: CHECK CONDITION with sense set, or ABORTED COMMAND */
	SCST_RX_DATA_ABORT,		/* the command was aborted meanwhile */
};
void scst_rx_data(struct scst_cmd *cmd, enum scst_rx_data_status status);

void scst_tgt_cmd_done(struct scst_cmd *cmd);

/* Home CPU, before scst_tgt_cmd_done(): its data could not be sent, for it is not there any more (-EFAULT). */
void scst_read_lost(struct scst_cmd *cmd);

static inline bool scst_cmd_aborted(const struct scst_cmd *cmd)
{
	return cmd->aborted;
}

struct scst_rx_mgmt_params {
	enum scst_tm_fn	fn;
	const u8	*lun;		/* 8 bytes; NULL for TARGET RESET */
	u64		tag;
	void		*tgt_priv;
};
/* Home CPU. 0: task_mgmt_fn_done() comes, perhaps before this returns. -ENOMEM: it does not. */
int scst_rx_mgmt_fn(struct scst_session *sess, const struct scst_rx_mgmt_params *params);

#include "scst_dev.h"

/* ---- management --------------------------------------------------------- */

/*
 * SCST's sysfs, as calls. Exported to TypeScript. May sleep. @path is one of
 *	handlers/HANDLER/mgmt			add_device NAME [params] | del_device NAME
 *	devices/NAME/mgmt			handler's own (resync_size, ...)
 *	targets/DRIVER/mgmt			add_target NAME | del_target NAME | driver's own
 *	targets/DRIVER/NAME/luns/mgmt		add DEVICE LUN [read_only=1] | replace DEVICE LUN | del LUN | clear
 *	targets/DRIVER/NAME/ini_groups/mgmt	create GROUP | del GROUP
 *	targets/DRIVER/NAME/ini_groups/GROUP/luns/mgmt		as luns/mgmt
 *	targets/DRIVER/NAME/ini_groups/GROUP/initiators/mgmt	add PATTERN | del PATTERN | clear
 *	targets/DRIVER/NAME/enabled		0 | 1
 * Returns 0, or -errno with one sentence in @why that names what was seen and
 * what was expected.
 */
int scst_mgmt_write(const char *path, const char *command, char *why, unsigned long why_bytes);

/*
 * State as one JSON array: @what is "devices", "targets" or "sessions".
 * Returns its length; only @bytes - 1 of it are stored.
 */
long scst_mgmt_read(const char *what, char *buf, unsigned long bytes);

#endif /* SCST_H */
