/* SPDX-License-Identifier: MIT */
#ifndef SCST_PRIV_H
#define SCST_PRIV_H

/*
 * scst_priv.h - private to the core.
 *
 * Locking: scst_mutex (process context) guards the registries, targets, groups
 * and LUN maps; a target's sessions too. dev->dev_lock is taken inside it.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/export.h>
#include <linux/err.h>
#include <asm/unaligned.h>

#include "scst.h"

#define SCST_MAX_SESS_CMDS	2048	/* per session; one more ends in TASK SET FULL */
#define SCST_MAX_PARAM_LIST	65536	/* bytes of a parameter list; more: PARAMETER LIST LENGTH ERROR */
#define SCST_MAX_PARAM_DATA	(8 + 8 * SCST_MAX_LUNS)	/* bytes of parameter data: REPORT LUNS of all */
#define SCST_MAX_TARGETS	256

/* EXTENDED COPY: of one parameter list, and of one nexus. */
#define SCST_COPY_MAX_CSCDS	16
#define SCST_COPY_MAX_SEGMENTS	128
#define SCST_COPY_MAX_SEGMENT_BYTES	(16u << 20)
#define SCST_COPY_MAX_CONCURRENT	16	/* copies under way, and results that are kept */

extern struct mutex scst_mutex;
extern struct list_head scst_tgtt_list, scst_devt_list, scst_dev_list;

struct scst_tgt_template_entry {
	struct list_head		entry;
	struct scst_tgt_template	*tgtt;
	struct list_head		tgts;
};

/* A security group: which initiators, and the LUNs they see. */
struct scst_acg {
	struct list_head	entry;		/* tgt->acgs */
	struct list_head	initiators;	/* struct scst_acn */
	struct list_head	luns;		/* struct scst_acg_dev, by LUN */
	char			name[SCST_MAX_NAME];
};

struct scst_acn {
	struct list_head	entry;
	char			pattern[SCST_MAX_NAME];
};

struct scst_acg_dev {
	struct list_head	entry;
	struct scst_device	*dev;
	u64			lun;
	bool			rd_only;
};

struct scst_tgt {
	struct list_head		entry;
	struct scst_tgt_template_entry	*tgtt;
	char				name[SCST_MAX_NAME];
	u16				rel_id;
	bool				enabled, going;
	struct scst_acg			default_acg;
	struct list_head		acgs;
	struct list_head		sessions;
	u32				nr_going;	/* off the list, not yet freed */
	wait_queue_head_t		session_gone;
};

/* ---- op codes ---------------------------------------------------------------- */

struct scst_opcode {
	u8	op;
	s16	sa;			/* service action, or -1 */
	u8	cdb_len;
	u8	direction;
	u8	lba_at, lba_len, len_at, len_len;
	u16	flags;
	u8	bits[4];		/* of bytes 1 to 4: what else is evaluated (SPC-4 6.35.3, CDB USAGE DATA) */
	const char *name;
};

/* NULL: not known; *@other_sa then says whether it is with another service action. */
const struct scst_opcode *scst_find_opcode(const u8 *cdb, bool *other_sa);
const struct scst_opcode *scst_opcode_at(unsigned int i);	/* NULL behind the last */
bool scst_opcode_supported(struct scst_device *dev, const struct scst_opcode *op);
void scst_parse_cdb(struct scst_cmd *cmd, const struct scst_opcode *op);

u64 scst_unpack_lun(const u8 *lun);		/* U64_MAX: a form that is not known */
void scst_pack_lun(u64 lun, u8 *packed);

/* ---- between the files ---------------------------------------------------------- */

void scst_exec_local(struct scst_cmd *cmd);
void scst_report_opcodes(struct scst_cmd *cmd);		/* scst_rsoc.c */
void scst_report_tm_functions(struct scst_cmd *cmd);
/* @sense in the other format where @desc asks for it; @to has SCST_SENSE_BUFFERSIZE bytes. Its length. */
u32 scst_sense_convert(const u8 *sense, u32 len, bool desc, u8 *to);
void scst_finish_cmd(struct scst_cmd *cmd);	/* home CPU: status is set, answer it */

/* Reservations (scst_reserve.c, scst_pres.c). Home CPU; a command's status is set. */
bool scst_reservation_allows(struct scst_cmd *cmd, const struct scst_opcode *op);
void scst_exec_reserve(struct scst_cmd *cmd);
void scst_exec_release(struct scst_cmd *cmd);
void scst_exec_pr_in(struct scst_cmd *cmd);
bool scst_exec_pr_out(struct scst_cmd *cmd);	/* true: abort the commands of the preempted nexuses */
void scst_res_nexus_made(struct scst_tgt_dev *tgt_dev);		/* dev_lock is held, for these three */
void scst_res_nexus_lost(struct scst_tgt_dev *tgt_dev);
void scst_res_update(struct scst_device *dev);			/* dev_reserved after a change */
void scst_res_reset(struct scst_device *dev);			/* LOGICAL UNIT RESET; takes dev_lock */

bool scst_pr_allows(struct scst_cmd *cmd, const struct scst_opcode *op);	/* dev_lock is held, for these */
bool scst_pr_any(const struct scst_device *dev);
bool scst_pr_held(const struct scst_device *dev);
void scst_pr_nexus_made(struct scst_tgt_dev *tgt_dev);
void scst_pr_nexus_lost(struct scst_tgt_dev *tgt_dev);
int scst_pr_init(struct scst_device *dev);
void scst_pr_exit(struct scst_device *dev);

/* scst_copy.c. Home CPU. */
bool scst_copy_start(struct scst_cmd *cmd);		/* false: it ends now, status is set */
void scst_copy_io_done(struct scst_cmd *io);
void scst_copy_results(struct scst_cmd *cmd);

void scst_ua_add_locked(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq);	/* dev_lock is held */
void scst_ua_add(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq);
bool scst_ua_take(struct scst_cmd *cmd);	/* true: the command ends with it */
void scst_ua_forget(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq);	/* it is known by other means */
void scst_ua_clear(struct scst_tgt_dev *tgt_dev);

struct scst_tgt_dev *scst_tgt_dev_make(struct scst_session *sess, const struct scst_acg_dev *acg_dev);
void scst_tgt_dev_free(struct scst_tgt_dev *tgt_dev);
void scst_session_end_cmds(struct scst_session *sess);

void scst_tm_nexus_loss(struct scst_session *sess);		/* home CPU: abort all, wait for none */
/* PREEMPT AND ABORT: memory first (NULL: there is none), then the work; scst_cmd_done(cmd) is its end. */
struct scst_mgmt_cmd *scst_tm_prepare_preempt(struct scst_cmd *cmd);
void scst_tm_start_preempt(struct scst_mgmt_cmd *mcmd, bool abort);
void scst_undefer(struct scst_cmd *cmd);
void scst_exec_cmd(struct scst_cmd *cmd);

/* scst_atomic.c. Home CPU. */
bool scst_atomic_gate(struct scst_cmd *cmd);		/* true: it waits, and scst_exec_cmd() comes again */
void scst_atomic_end(struct scst_cmd *cmd);		/* about to be freed */
void scst_atomic_init(struct scst_device *dev);

struct scst_tgt_template_entry *scst_find_tgtt(const char *name);
struct scst_tgt *scst_find_tgt(struct scst_tgt_template_entry *tgtt, const char *name);
struct scst_dev_type *scst_find_devt(const char *name);
struct scst_acg *scst_find_acg(struct scst_tgt *tgt, const char *name);
int scst_why(char *why, size_t why_bytes, int rc, const char *format, ...) __printf(4, 5);

int scst_acg_add_lun(struct scst_tgt *tgt, struct scst_acg *acg, struct scst_device *dev, u64 lun, bool rd_only);
int scst_acg_del_lun(struct scst_tgt *tgt, struct scst_acg *acg, u64 lun);
void scst_acg_clear(struct scst_tgt *tgt, struct scst_acg *acg);

#endif /* SCST_PRIV_H */
