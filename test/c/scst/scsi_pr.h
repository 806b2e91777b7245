/* SPDX-License-Identifier: MIT */
#ifndef SCSI_PR_H
#define SCSI_PR_H

/*
 * scsi_pr.h - the commands of persistent reservations (SPC-4 6.15, 6.16), as tests give
 * them: three nexuses, one disk of 1 MiB in memory at LUN 0.
 *
 * Threads: the test's own.
 */
#include "scsi_rig.h"

#define UA_PREEMPTED	0x062a03	/* RESERVATIONS PREEMPTED */
#define UA_RELEASED	0x062a04	/* RESERVATIONS RELEASED */
#define UA_REGISTRATION	0x062a05	/* REGISTRATIONS PREEMPTED */

enum { WE = 1, EA = 3, WE_RO = 5, EA_RO = 6, WE_AR = 7, EA_AR = 8 };
static const u8 pr_types[] = { WE, EA, WE_RO, EA_RO, WE_AR, EA_AR };

#define GOOD(call)	CHECK_EQ(call, SAM_STAT_GOOD)
#define CONFLICT(call)	CHECK_EQ(call, SAM_STAT_RESERVATION_CONFLICT)

/* The rig with nexuses 0 to 2. */
void pr_start(struct peer **a, struct peer **b, struct peer **c);
/* They register with the keys 0xa, 0xb and 0xc. */
void pr_register_three(struct peer *a, struct peer *b, struct peer *c);

/* PERSISTENT RESERVE OUT: all of its answer; its status, with sense a failure; its sense. */
struct scsi_answer pr_out_list(struct peer *peer, u8 sa, u8 type, const u8 *list, u32 len);
u8 pr_out(struct peer *peer, u8 sa, u8 type, u64 key, u64 sa_key);
u32 pr_out_sense(struct peer *peer, u8 sa, u8 type, u64 key, u64 sa_key);

/* PERSISTENT RESERVE IN, and what it says. */
struct scsi_answer pr_in(struct peer *peer, u8 sa, u16 len);
u32 pr_generation(struct peer *peer);
u32 pr_nr_keys(struct peer *peer);
/* Of the reservation there is, and its holder's key (NULL: not wanted); 0: there is none. */
u8 pr_reserved_type(struct peer *peer, u64 *key);

bool pr_is_ar(u8 type);	/* held by all registrants */
bool pr_is_ro(u8 type);	/* made for registrants only */

#endif /* SCSI_PR_H */
