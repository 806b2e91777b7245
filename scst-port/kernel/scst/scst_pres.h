/* SPDX-License-Identifier: MIT */
#ifndef SCST_PRES_H
#define SCST_PRES_H

/* scst_pres.h - persistent reservations, between scst_pres.c and scst_pr_in.c. */
#include "scst_priv.h"

#define SCST_PR_MAX_REGISTRANTS	1024	/* of a device; one more: INSUFFICIENT REGISTRATION RESOURCES */
#define SCST_TID_MAX		264	/* bytes of an iSCSI TransportID: name, ",i,0x", ISID, padding */

/* SPC-4 table 209 */
enum {
	PR_WRITE_EXCLUSIVE	= 1,
	PR_EXCLUSIVE_ACCESS	= 3,
	PR_WRITE_EXCLUSIVE_RO	= 5,	/* registrants only */
	PR_EXCLUSIVE_ACCESS_RO	= 6,
	PR_WRITE_EXCLUSIVE_AR	= 7,	/* all registrants hold it */
	PR_EXCLUSIVE_ACCESS_AR	= 8,
};

struct scst_pr_registrant {
	struct list_head	entry;
	u32			nr_nexuses;	/* tgt_devs that point here: several, if the device has several LUNs */
	u64			key;
	u16			rel_id;		/* target port */
	u16			tid_len;
	u8			tid[SCST_TID_MAX];
};

struct scst_pr {
	struct list_head		registrants;
	struct scst_pr_registrant	*holder;	/* NULL for an all-registrants type */
	u32				generation, count;
	u8				type;		/* 0: not reserved */
};

bool scst_pr_holds(const struct scst_pr *pr, const struct scst_pr_registrant *reg);

/* Bytes of a TransportID, by its own length field. */
static inline u16 scst_tid_len(const u8 *tid)
{
	return (u16)(4 + get_unaligned_be16(tid + 2));
}

/* iSCSI, format 01b (with ISID), ended by a 0 within its length, which is at most @bytes. */
bool scst_tid_valid(const u8 *tid, u32 bytes);
int scst_tid_of(const struct scst_tgt_dev *tgt_dev, u8 tid[SCST_TID_MAX]);	/* 0 or -errno */

#endif /* SCST_PRES_H */
