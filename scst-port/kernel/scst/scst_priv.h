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
#define SCST_MAX_TARGETS	256

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
	wait_queue_head_t		session_gone;
};

/* ---- op codes ---------------------------------------------------------------- */

struct scst_opcode {
	u8	op;
	s16	sa;			/* service action, or -1 */
	u8	cdb_len;
	u8	direction;
	u8	lba_at, lba_len, len_at, len_len;
	u8	flags;
	const char *name;
};

const struct scst_opcode *scst_find_opcode(const u8 *cdb);
void scst_parse_cdb(struct scst_cmd *cmd, const struct scst_opcode *op);

u64 scst_unpack_lun(const u8 *lun);		/* U64_MAX: a form that is not known */
void scst_pack_lun(u64 lun, u8 *packed);

/* ---- between the files ---------------------------------------------------------- */

void scst_exec_local(struct scst_cmd *cmd);
void scst_finish_cmd(struct scst_cmd *cmd);	/* home CPU: status is set, answer it */

void scst_ua_add(struct scst_tgt_dev *tgt_dev, u8 asc, u8 ascq);
bool scst_ua_take(struct scst_cmd *cmd);	/* true: the command ends with it */
void scst_ua_clear(struct scst_tgt_dev *tgt_dev);

struct scst_tgt_dev *scst_tgt_dev_make(struct scst_session *sess, const struct scst_acg_dev *acg_dev);
void scst_tgt_dev_free(struct scst_tgt_dev *tgt_dev);
void scst_session_end_cmds(struct scst_session *sess);

struct scst_tgt_template_entry *scst_find_tgtt(const char *name);
struct scst_tgt *scst_find_tgt(struct scst_tgt_template_entry *tgtt, const char *name);
struct scst_dev_type *scst_find_devt(const char *name);
struct scst_acg *scst_find_acg(struct scst_tgt *tgt, const char *name);
int scst_why(char *why, size_t why_bytes, int rc, const char *format, ...) __printf(4, 5);

int scst_acg_add_lun(struct scst_tgt *tgt, struct scst_acg *acg, struct scst_device *dev, u64 lun, bool rd_only);
int scst_acg_del_lun(struct scst_tgt *tgt, struct scst_acg *acg, u64 lun);
void scst_acg_clear(struct scst_tgt *tgt, struct scst_acg *acg);

#endif /* SCST_PRIV_H */
