/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_SCST_H
#define ISCSI_SCST_H

/*
 * iscsi_scst.h - the border between the daemon (TypeScript: login, negotiation,
 * CHAP, discovery) and the iSCSI kernel module (full-feature phase). The daemon
 * calls these exported functions through the module host; layouts are mirrored
 * in daemon/kernel.ts and checked by `size`.
 *
 * A logged-in connection crosses once: iscsi_handoff() takes the socket and one
 * struct. What happens later comes back through an event ring.
 */
#include <linux/types.h>

#define ISCSI_NAME_LEN		224	/* bytes with the 0 (RFC 7143 4.2.7.1: 223) */
#define ISCSI_ADDR_LEN		64	/* "[addr]:port" with the 0 */

/* Negotiated values and identity of one connection that enters full-feature phase. */
struct iscsi_handoff {
	u32	size;			/* sizeof(struct iscsi_handoff), checked */
	u16	tsih;			/* chosen by the daemon, not 0, unique while in use */
	u16	cid;
	u16	tpgt;			/* target portal group tag */
	u8	isid[6];
	u32	exp_cmd_sn;		/* the next CmdSN expected */
	u32	stat_sn;		/* the next StatSN to use, after login_rsp */
	u32	header_digest;		/* 0 = None, 1 = CRC32C */
	u32	data_digest;
	u32	initial_r2t;		/* 0 = No, 1 = Yes */
	u32	immediate_data;
	u32	max_recv_data_segment_length;	/* ours: what we declared, bytes */
	u32	max_xmit_data_segment_length;	/* theirs: what they declared, bytes */
	u32	max_burst_length;
	u32	first_burst_length;
	u32	max_outstanding_r2t;
	u32	error_recovery_level;	/* always 0 */
	u32	queue_depth;		/* CmdSN window, commands */
	u32	nop_in_interval_ms;	/* ping an idle initiator; 0 = never */
	u32	nop_in_timeout_ms;	/* end the connection when a ping has no answer */
	u32	max_send_queue_bytes;	/* end a connection whose peer does not read */
	u32	login_rsp_len;		/* bytes at login_rsp */
	char	initiator_name[ISCSI_NAME_LEN];
	char	initiator_alias[ISCSI_NAME_LEN];
	char	target_name[ISCSI_NAME_LEN];
	char	user[ISCSI_NAME_LEN];	/* CHAP name, or "" */
	char	peer[ISCSI_ADDR_LEN];	/* the initiator's address */
	char	portal[ISCSI_ADDR_LEN];	/* the address it came in on */
	const u8 *login_rsp;		/* the last Login Response PDU(s), sent first; only read during the call */
};

/*
 * Take over @fd (a connected stream socket, non-blocking). A session of the same
 * initiator, ISID and target is reinstated: its tasks end first (RFC 7143 6.3.5).
 *
 * 0: @fd is the kernel's. -EINVAL (a field is wrong), -ENOENT (no such target, or
 * disabled), -EACCES (no security group admits the initiator), -EMFILE (session
 * limit), -EBUSY (the old session's tasks do not end within reinstate_wait_ms), -ENOMEM: @fd is
 * still the caller's, nothing was sent, and the daemon answers with the login
 * status that fits. May sleep.
 */
int iscsi_handoff(int fd, const struct iscsi_handoff *handoff);

enum iscsi_event_code {
	ISCSI_EVENT_SESSION_UP = 1,
	ISCSI_EVENT_SESSION_DOWN,
};

struct iscsi_event {
	u32	code;
	u16	tsih;
	u16	cid;
	char	target_name[ISCSI_NAME_LEN];
	char	initiator_name[ISCSI_NAME_LEN];
	char	reason[128];		/* why it went down, one sentence */
};

/* An eventfd, readable when there are events; the module's, do not close. */
int iscsi_event_fd(void);
/* The next event: 1, or 0 when there is none. Events beyond 1024 unread ones drop the oldest. */
int iscsi_event_next(struct iscsi_event *event);

/*
 * Ask every initiator to log out (Async Message 1, RFC 7143 11.9.1), wait up to
 * @timeout_ms for them to go, then end those that stay. No hand-off is accepted
 * from here on. Returns how many were ended by force. Sleeps.
 */
int iscsi_shutdown(u32 timeout_ms);

/* Drop one session (admin). 0 or -ENOENT. */
int iscsi_session_close(u16 tsih);

/*
 * Connections and their counters as JSON (array of objects: tsih, cid, initiator,
 * target, peer, portal, cpu, cmd_sn window, queue lengths, digests, bytes, errors, and
 * details: the 16 oldest commands in flight and the last 8 errors of each, until 2 MiB
 * are written).
 * Returns its length; only @bytes - 1 of it are stored.
 */
long iscsi_show(char *buf, unsigned long bytes);

/*
 * The last 16 sessions that ended and hand-offs that were refused, the youngest first, as
 * iscsi_show() does it. Waits for no event CPU.
 */
long iscsi_show_ended(char *buf, unsigned long bytes);

#endif /* ISCSI_SCST_H */
