/* SPDX-License-Identifier: MIT */
#ifndef SCSI_DISK_H
#define SCSI_DISK_H

/*
 * scsi_disk.h - one test on every kind of disk there is: files, a block device (a loop
 * device: root only), memory and nothing, with blocks of 512 and 4096 bytes.
 *
 * Threads: the test's own.
 */
#include "scsi_rig.h"

#define DISK_SIZE	(8u << 20)

extern const struct disk_kind {
	const char	*handler;
	u32		block;
	bool		keeps;		/* what is written can be read */
} disk_kinds[8];

/* The rig with such a disk at LUN 0. */
void disk_start(const struct disk_kind *kind, struct peer **a, struct peer **b);
void disk_end(const struct disk_kind *kind);
/* These blocks are read, or zeros where nothing is kept. At most 1 MiB. */
void disk_expect(struct peer *peer, const struct disk_kind *kind, u64 lba, u32 blocks, const u8 *expected);

void cdb_10(u8 *cdb, u8 op, u32 lba, u16 blocks);
void cdb_12(u8 *cdb, u8 op, u32 lba, u32 blocks);

#endif /* SCSI_DISK_H */
