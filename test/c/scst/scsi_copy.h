/* SPDX-License-Identifier: MIT */
#ifndef SCSI_COPY_H
#define SCSI_COPY_H

/*
 * scsi_copy.h - EXTENDED COPY(LID1) and RECEIVE COPY RESULTS (SPC-4 6.4, 6.24), as tests
 * give them: one parameter list, which is built step by step, and may be spoilt.
 *
 * Threads: the test's own.
 */
#include "scsi_rig.h"

enum { MAX_CSCDS = 16, MAX_SEGMENTS = 128, CSCD = 32, SEGMENT = 28 };

extern struct copy_list {
	u8	bytes[16 + 64 * CSCD + 512 * SEGMENT];
	u32	nr_cscds, nr_segments, len;
} copy_list;

/* LUN 0: a file, 512; 1: memory, 512; 2: a file, 4096; 3: memory, 512, read-only. */
void copy_start(struct peer **a, struct peer **b);

void copy_begin(u8 list_id, u8 usage);
/* By the NAA designator of its page 83h, which @peer reads. */
void copy_add_lun(struct peer *peer, u32 lun, u32 block_size);
/* Returns the descriptor. */
u8 *copy_add_segment(u16 from, u16 to, u64 from_lba, u64 to_lba, u16 blocks);
/* All of it: 8 blocks from LUN 0 to LUN 1. */
void copy_begin_good(struct peer *peer);

/* Sends the list; its task tag. */
u32 copy_send(struct peer *peer, u32 lun);
/* Sends it and waits; 0 when it was good, or its sense. */
u32 copy_sense(struct peer *peer, u32 lun);
struct scsi_answer copy_results(struct peer *peer, u8 sa, u8 list_id);

#endif /* SCSI_COPY_H */
