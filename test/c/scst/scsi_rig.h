/* SPDX-License-Identifier: MIT */
#ifndef SCSI_RIG_H
#define SCSI_RIG_H

/*
 * scsi_rig.h - the whole target with real disks, and several initiators by hand.
 *
 * A nexus is an iscsi_peer with a name of its own. scsi_cmd() sends one command and
 * waits for all of its answer; scsi_send() and scsi_answer() are its halves, for
 * commands that overlap. Everything fails the test by itself.
 *
 * Threads: the test's own.
 */
#include <asm/unaligned.h>

#include "iscsi_peer.h"

#define RIG_MAX_NEXUSES	16
#define SENSE_UA_POWER_ON	0x062900

/* Sense as key << 16 | asc << 8 | ascq. */
struct scsi_answer {
	u32	itt;
	u8	status;
	u32	sense;
	u8	raw[252];	/* sense as it came */
	u32	raw_len;
	u8	*data;		/* static; until the next answer */
	u32	len;
	u8	residual_flag;	/* ISCSI_RSP_OVERFLOW, ISCSI_RSP_UNDERFLOW, or 0 */
	u32	residual;
	u32	nr_r2t;		/* R2Ts that were answered */
};

void rig_start(void);		/* kernel, modules, a target without LUNs */
void rig_start_with(const char *iscsi_params);	/* ... of module iscsi_scst; NULL: none */
void rig_stop(void);		/* ends nexuses, devices, modules, kernel: all must be let go */

/* Device "diskLUN" of @handler ("vdisk_ram") with its parameters, mapped at @lun. */
void rig_disk(u32 lun, const char *handler, const char *params);
/* The same, out of a fresh file of @bytes in the folder for temporary files. */
void rig_file_disk(u32 lun, const char *handler, u64 bytes, const char *params);
/* Map device @name at a further LUN. */
void rig_map(const char *name, u32 lun);
const char *rig_file_path(u32 lun);
void rig_mgmt(const char *path, const char *command);
int rig_mgmt_fails(const char *path, const char *command);	/* its -errno */

/* Nexus @nr logs in (or, again, is reinstated); unit attentions of all its LUNs are taken. */
struct peer *rig_nexus(u32 nr);
/* As above, but nothing is sent; @h may be changed before (NULL: as rig_handoff() has it). */
struct peer *rig_login(u32 nr, const struct iscsi_handoff *h);
void rig_handoff(u32 nr, struct iscsi_handoff *h);
void rig_logout(u32 nr);	/* closes, and waits until the session is gone */
/* TransportID of nexus @nr (SPC-4 7.6.4.6); its length. */
u32 rig_transport_id(u32 nr, u8 *tid);

/* From now on medium commands of @lun stop before they execute; rig_release() lets all of them go. */
void rig_hold(u32 lun);
void rig_hold_no_more(void);	/* those that stopped stay stopped, later ones do not stop */
u32 rig_held(void);
void rig_wait_held(u32 count);
void rig_release(void);

u32 scsi_send_attr(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len, u8 attr);
u32 scsi_send(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len);
/* The next command that ends; R2Ts are answered out of @out (NULL: none may come). */
void scsi_answer_with(struct peer *peer, struct scsi_answer *answer, const void *out);
void scsi_answer(struct peer *peer, struct scsi_answer *answer);
struct scsi_answer scsi_cmd(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len);

/* It must end so. GOOD is scsi_good(); the data is that of scsi_cmd(). */
struct scsi_answer scsi_good(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len);
void scsi_fails(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len, u32 sense);
void scsi_conflicts(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len);
void scsi_no_ua(struct peer *peer, u32 lun);
void scsi_expect_ua(struct peer *peer, u32 lun, u32 sense);

/* READ(16) and WRITE(16) of @blocks of @block bytes. */
void cdb_rw16(u8 *cdb, u8 opcode, u64 lba, u32 blocks);
void scsi_read(struct peer *peer, u32 lun, u64 lba, u32 blocks, u32 block, void *to);
void scsi_write(struct peer *peer, u32 lun, u64 lba, u32 blocks, u32 block, const void *from);

/* Task management: the response code. */
u32 scsi_tm_send(struct peer *peer, u8 function, u32 lun, u32 ref_itt);
u8 scsi_tm_answer(struct peer *peer, u32 itt);
u8 scsi_tm(struct peer *peer, u8 function, u32 lun, u32 ref_itt);

#endif /* SCSI_RIG_H */
