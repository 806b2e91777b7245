/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_PEER_H
#define ISCSI_PEER_H

/*
 * iscsi_peer.h - an initiator made by hand, and the target it talks to: the
 * hosted modules, one target, and a disk of memory whose commands can be held
 * back. Everything fails the test by itself; nothing returns an error.
 *
 * Threads: the test's own thread is the initiator, over a socketpair.
 */
#include <linux/types.h>

#include "harness.h"
#include "scst.h"
#include "iscsi_scst.h"
#include "iscsi_proto.h"

#define DISK_BLOCK	512
#define DISK_BYTES	(4u << 20)
#define TARGET_NAME	"iqn.2026-11.dev.ring3.test:disk"
/* For what must come; below the harness's time-out of a test. */
#define PATIENCE_MS	20000
#define INITIATOR_NAME	"iqn.2026-11.dev.ring3.test:peer"

/* ---- the target side -------------------------------------------------------- */

void target_start(void);	/* kernel, modules, target, LUN 0 */
void target_stop(void);
/* A module beside the test binary. */
void target_insmod(const char *name, const char *params);
void target_mgmt(const char *path, const char *command);

extern u8 *disk;		/* DISK_BYTES */
extern u32 disk_bad_lba;	/* commands that begin here end with a read error; none by default */
/* From now on commands that read or write stop before they execute. */
void disk_hold(bool hold);
u32 disk_held(void);
/* Let all held commands execute. */
void disk_release(void);

/* ---- the initiator side -------------------------------------------------------- */

struct peer {
	int	fd;
	u32	cmd_sn, next_itt;
	u32	stat_sn;		/* expected next */
	bool	header_digest, data_digest;
};

struct reply {
	u8	bhs[ISCSI_BHS_LEN];
	u8	*data;			/* static; until the next receive */
	u32	len;
};

/* Fields by their offset in the header. */
u32 get32(const void *bhs, u32 at);
void put32(void *bhs, u32 at, u32 value);
static inline u8 reply_op(const struct reply *r) { return r->bhs[0]; }
static inline u8 reply_flags(const struct reply *r) { return r->bhs[1]; }
static inline u8 reply_status(const struct reply *r) { return r->bhs[3]; }
static inline u32 reply_itt(const struct reply *r) { return get32(r->bhs, 16); }

/* Values that suit most tests: no digests, immediate data, InitialR2T=No, 8 KiB segments. */
void handoff_default(struct iscsi_handoff *h);
void peer_login(struct peer *peer, const struct iscsi_handoff *h);
/* What the hand-off returns; refused, there is no peer. */
int peer_try_login(struct peer *peer, const struct iscsi_handoff *h);
void peer_close(struct peer *peer);

/* A header with opcode, flags, ITT, CmdSN (taken, unless immediate) and ExpStatSN. */
void peer_header(struct peer *peer, u8 *bhs, u8 opcode, u8 flags, u32 itt);
void peer_send_ahs(struct peer *peer, u8 *bhs, const void *ahs, u32 ahs_len, const void *data, u32 len);
void peer_send(struct peer *peer, u8 *bhs, const void *data, u32 len);
/* CRC32C, at the wire's own place and of any bytes: 4, or 0 when not @on. */
u32 peer_put_digest(u8 *pdu, u32 len, bool on);
u32 peer_put_digest_of(u8 *to, const u8 *bytes, u32 len, bool on);
void peer_send_raw(struct peer *peer, const void *bytes, u32 len);
/* As peer_send(), one bit of the digest turned over. */
void peer_send_bad_data_digest(struct peer *peer, u8 *bhs, const void *data, u32 len);

/* The next PDU, StatSN and digests checked. False: none within @ms, or the end of the stream. */
bool peer_receive_in(struct peer *peer, struct reply *reply, int ms);
/* ... which must come, and have this opcode. */
void peer_receive(struct peer *peer, struct reply *reply, u8 opcode);
void peer_expect_silence(struct peer *peer);
void peer_expect_end(struct peer *peer);

/* SCSI commands on LUN 0; the ITT. */
u32 peer_cmd(struct peer *peer, const u8 *cdb, u8 flags, u32 expected_len, const void *data, u32 len);
/* The first command of a nexus, which may end with a unit attention (SAM-5 5.14). */
void peer_first_cmd(struct peer *peer);
u32 peer_read(struct peer *peer, u32 lba, u32 blocks);
/* WRITE(10), @imm bytes of @data with it; F bit unless @more follows unsolicited. */
u32 peer_write(struct peer *peer, u32 lba, u32 blocks, const void *data, u32 imm, bool more);
void peer_data_out(struct peer *peer, u32 itt, u32 ttt, u32 data_sn, u32 offset, const void *data, u32 len,
		   bool final);
/* A SCSI Response for @itt with this status; sense as key << 16 | asc << 8 | ascq, 0: none. */
void peer_expect_status(struct peer *peer, u32 itt, u8 status, u32 sense);
void peer_expect_reject(struct peer *peer, u8 reason);
/* All of a read of @len bytes, in as many Data-In PDUs as it takes; GOOD. */
void peer_expect_data(struct peer *peer, u32 itt, const void *data, u32 len);
/* It still serves: a read of one block. */
void peer_expect_service(struct peer *peer);

void wait_ms(unsigned int ms);
/* Bytes that differ everywhere. */
void fill(u8 *bytes, u32 len, u32 seed);

#endif /* ISCSI_PEER_H */
