/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_H
#define ISCSI_H

/*
 * iscsi.h - the nouns of full-feature phase, for the files of this folder.
 *
 *	iscsi_target	a name that the core knows (main.c)
 *	iscsi_session	an I_T nexus: identity, table entry, life (session.c)
 *	iscsi_conn	its one connection: socket, rx, tx, sequence numbers (conn.c)
 *	iscsi_cmnd	one SCSI command, from its header to its status (scsi_cmnd.c)
 *	iscsi_out	one PDU on its way out (tx.c)
 *
 * ErrorRecoveryLevel is 0 and MaxConnections is 1, so a session and its
 * connection end together.
 *
 * Threads: a connection and all that hangs off it is touched on its home CPU
 * only, in softirq context, with no lock. The table of sessions and the list of
 * targets are under iscsi_mutex, in process context only. Other contexts reach
 * a connection through session_request().
 */
#include <linux/atomic.h>
#include <linux/byteorder/generic.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <net/sock.h>

#include "scst.h"
#include "iscsi_scst.h"
#include "iscsi_proto.h"
#include "error.h"

/*
 * Limits: whatever a peer can fill. README.md says what happens at each.
 */
#define ISCSI_MAX_SESSIONS	4096
#define ISCSI_MAX_QUEUE_DEPTH	4096		/* CmdSN window, commands */
#define ISCSI_MAX_IMMEDIATE	32		/* immediate commands in flight */
#define ISCSI_MAX_R2T		4		/* outstanding per command */
#define ISCSI_MAX_AHS_BYTES	256		/* a 260 byte CDB is 248, a bidi length 8 */
#define ISCSI_MAX_RECV_SEGMENT	(1u << 20)	/* MaxRecvDataSegmentLength we may have declared */
#define ISCSI_MAX_TEXT_BYTES	8192		/* one text negotiation, over all its PDUs */
#define ISCSI_MAX_HELD_BYTES	(4u << 20)	/* PDUs that wait for an earlier CmdSN */
#define ISCSI_MAX_TX_PDUS	16384		/* soft: receiving stops there */
#define ISCSI_MIN_RX_BUF	(64u << 10)
#define ISCSI_DRAIN_MS		2000		/* the peer reads nothing for so long, and we only wait to say good-bye */
#define ISCSI_LOGOUT_MS		2000		/* a Logout waits so long for the commands before it */

#define ISCSI_ITT_BUCKETS	256		/* power of 2 */
#define ISCSI_NR_ABORTED	16

/* Module parameters, milliseconds. */
extern unsigned int reinstate_wait_ms;	/* a hand-off waits so long for the end of the session it replaces */
extern unsigned int tx_stall_ms;	/* the peer reads nothing for so long: the connection ends */
extern unsigned int data_out_ms;	/* a command waits so long for its next Data-Out */

struct iscsi_conn;
struct iscsi_cmnd;

/* ---- out: one PDU to send -------------------------------------------------- */

/*
 * Header, then data from @data or (that is NULL) from the scatterlist at @sg,
 * then padding and digest. Embedded in a command, or from a cache of its own.
 */
struct iscsi_out {
	struct iscsi_out	*next;
	struct iscsi_cmnd	*cmnd;		/* this is its last PDU: end it once sent */
	const u8		*data;
	struct scatterlist	*sg;
	u32			sg_off;		/* bytes into *sg */
	u32			data_len;
	u32			len;		/* all bytes on the wire */
	u8			hdr_len;	/* bytes of hdr used; 0 for raw bytes */
	u8			tail_len;
	bool			cached;		/* from the cache, to be freed after sending */
	bool			free_data;	/* data is from kmalloc() */
	u8			tail[8];	/* padding, data digest */
	u8			hdr[ISCSI_BHS_LEN + ISCSI_DIGEST_LEN + 4] __aligned(4);	/* + SenseLength */
};

/* ---- command --------------------------------------------------------------- */

/* A burst of Data-Out PDUs: solicited by an R2T, or the unsolicited one. */
struct iscsi_burst {
	u32	ttt;
	u32	offset;			/* of its first byte in the command's data */
	u32	len;			/* bytes: exactly (R2T), or at most (unsolicited) */
	u32	received;
	u32	data_sn;		/* expected next */
	bool	open;			/* its last PDU (F bit) has not come yet */
};

/* Sense as one number, 0 for none: see ISCSI_SENSE_*. */
#define ISCSI_SENSE(key, asc, ascq)	((u32)(key) << 16 | (asc) << 8 | (ascq))

/* "iSCSI conditions" (RFC 7143 11.4.7.2), all ABORTED COMMAND. */
#define ISCSI_SENSE_UNEXPECTED_DATA	ISCSI_SENSE(0x0b, 0x0c, 0x0c)
#define ISCSI_SENSE_WRONG_AMOUNT	ISCSI_SENSE(0x0b, 0x0c, 0x0d)
#define ISCSI_SENSE_CRC_ERROR		ISCSI_SENSE(0x0b, 0x47, 0x05)
#define ISCSI_SENSE_NO_RESOURCES	ISCSI_SENSE(0x0b, 0x55, 0x03)
#define ISCSI_SENSE_INVALID_FIELD	ISCSI_SENSE(0x05, 0x24, 0x00)

#define ISCSI_FIXED_SENSE_LEN	18

/*
 * Ends exactly once: by cmnd_end(), after its status was sent or when there is
 * nothing to send (aborted, connection gone).
 */
struct iscsi_cmnd {
	struct iscsi_conn	*conn;
	struct scst_cmd		*scst;		/* NULL: answered here, the core never saw it */
	struct hlist_node	hash;		/* conn->itt_hash */
	struct list_head	wait;		/* conn->waiting: while @needs_data or @answer_waits */
	u32			itt;
	u32			expected_len;	/* Expected Data Transfer Length, bytes */
	u32			bidi_len, cmd_sn;
	unsigned long		begun;		/* conn->rx_last: its header was received */
	u8			flags;		/* of the command PDU */
	u8			local_status;	/* status when scst is NULL */
	u8			opcode;		/* of the CDB */
	unsigned int		immediate:1;
	unsigned int		slot_freed:1;	/* its place in the CmdSN window is given back */
	unsigned int		needs_data:1;	/* between rdy_to_xfer() and scst_rx_data() */
	unsigned int		imm_open:1;	/* immediate data is still being received */
	unsigned int		answer_waits:1;	/* the answer is there, a burst is not over yet */
	u32			error;		/* sense: its data was bad */
	u8			nr_r2t;		/* outstanding */
	u32			r2t_sn;
	u32			r2t_next;	/* offset of the first byte not asked for yet */
	u32			nr_data_in;
	unsigned long		heard;		/* jiffies: since when it waits, or its last Data-Out */
	u8			*early;		/* data that came before the core gave a buffer */
	u32			early_size, early_len;
	struct scatterlist	*cur_sg;	/* cursor of cmnd_data_at() */
	u32			cur_base;	/* offset of *cur_sg in the data */
	struct iscsi_burst	unsolicited;
	struct iscsi_out	out;		/* its last PDU */
	u8			sense[ISCSI_FIXED_SENSE_LEN];	/* when scst is NULL */
	struct iscsi_burst	r2t[ISCSI_MAX_R2T];
};

/* ---- connection ------------------------------------------------------------- */

enum iscsi_conn_state {
	ISCSI_CONN_STARTING,
	ISCSI_CONN_UP,
	ISCSI_CONN_DRAINING,	/* nothing is received; closes once all is sent */
	ISCSI_CONN_CLOSING,	/* closed; conn_teardown() is to come */
	ISCSI_CONN_DOWN,	/* the session is being unregistered */
};

struct iscsi_conn_stats {
	u64	rx_bytes, tx_bytes, rx_pdus, tx_pdus, rx_calls, tx_calls;
	u64	rejects, errors, ignored;
};

struct iscsi_conn {
	struct iscsi_session	*session;
	struct scst_session	*scst;
	struct socket		*sock;
	int			cpu;
	enum iscsi_conn_state	state;
	bool			ready;		/* conn_start() was called */
	char			close_reason[128];

	/* negotiated; bytes */
	bool			header_digest, data_digest, initial_r2t, immediate_data;
	u32			max_recv, max_xmit, max_burst, first_burst, max_r2t;
	u32			max_tx_bytes;

	/* rx.c */
	u8			*rx_buf;
	u32			rx_size, rx_head, rx_tail;	/* unread bytes are [head, tail) */
	bool			rx_small;	/* large segments come: leave them to direct receiving */
	bool			rx_busy;	/* conn_rx() is on the stack: it flushes when it ends */
	bool			rx_again;	/* to be continued by the tasklet */
	bool			rx_paused;	/* until the send queue is shorter */
	u32			rx_left;	/* data bytes of the current PDU still to come */
	u64			rx_batches;	/* how often the buffer was decoded: sess->rx_batch */
	u32			rx_off;		/* where they go in rx_cmnd's data */
	u8			rx_trailer_left, rx_trailer_len;	/* padding and digest */
	u8			rx_trailer[8];
	bool			rx_in_data;	/* between a header and the end of its data */
	bool			rx_drop;	/* this data goes nowhere */
	bool			rx_final;	/* Data-Out: with F bit */
	u32			rx_crc;
	struct iscsi_cmnd	*rx_cmnd;	/* owner of the data; NULL: dropped */
	struct iscsi_burst	*rx_burst;	/* Data-Out: its burst */
	struct iscsi_hdr	rx_hdr;		/* a copy, for Reject */
	unsigned long		rx_last;	/* jiffies */

	/* tx.c */
	struct iscsi_out	*tx_first, **tx_end;
	u32			tx_done;	/* bytes of tx_first that are sent */
	u32			tx_pdus;
	u64			tx_bytes;
	bool			tx_busy;	/* conn_tx() is on the stack */
	unsigned long		tx_progress;	/* jiffies */
	struct tasklet_struct	tasklet;

	/* sn.c */
	u32			exp_cmd_sn, max_cmd_sn, stat_sn, exp_stat_sn;
	struct list_head	held;		/* PDUs ahead of their turn, by CmdSN */
	u32			held_bytes;
	u32			next_ttt;

	/* scsi_cmnd.c */
	struct hlist_head	itt_hash[ISCSI_ITT_BUCKETS];
	struct list_head	waiting;
	u32			nr_cmnds, nr_immediate;
	u32			aborted_itt[ISCSI_NR_ABORTED];	/* Data-Out may still come for these */
	u32			aborted_next;

	/* nop.c, text.c, logout.c */
	struct timer_list	timer;
	unsigned long		tick;		/* jiffies */
	unsigned long		ping_interval, ping_timeout, ping_sent;	/* jiffies; interval 0: never */
	u32			ping_ttt;	/* ISCSI_RESERVED_TAG: none outstanding */
	u8			*text;
	u32			text_len, text_itt, text_ttt;
	struct iscsi_logout_req_hdr logout;	/* waits for commands, when logout_waits */
	bool			logout_waits;
	unsigned long		logout_since;	/* jiffies */

	/* conn_complain() */
	unsigned long		log_since;
	u32			log_lines, log_lost;

	struct iscsi_conn_stats	stats;
	struct iscsi_errors	errors;
};

/* ---- session ---------------------------------------------------------------- */

struct iscsi_target {
	struct list_head	entry;		/* iscsi_mutex */
	struct scst_tgt		*scst;
	u32			nr_users;	/* hand-offs under way; iscsi_mutex */
	bool			going;
	char			name[ISCSI_NAME_LEN];
};

enum { ISCSI_REQUEST_CLOSE = 1, ISCSI_REQUEST_LOGOUT = 2 };

struct iscsi_session {
	struct kref		kref;		/* the table's, and one for a queued csd */
	struct hlist_node	name_hash, tsih_hash;	/* iscsi_mutex */
	struct list_head	entry;		/* iscsi_mutex */
	struct iscsi_target	*target;	/* compared, not followed, once up */
	u32			hash;
	u16			tsih, cid, tpgt;
	u8			isid[6];
	atomic_t		requests;	/* ISCSI_REQUEST_* */
	atomic_t		csd_queued;
	const char		*request_reason;
	u32			logout_s;
	call_single_data_t	csd;
	u8			*login_rsp;	/* until conn_start() queues it */
	u32			login_rsp_len;
	char			initiator_name[ISCSI_NAME_LEN];
	char			initiator_alias[ISCSI_NAME_LEN];
	char			target_name[ISCSI_NAME_LEN];
	char			user[ISCSI_NAME_LEN];
	char			peer[ISCSI_ADDR_LEN];
	char			portal[ISCSI_ADDR_LEN];
	struct iscsi_conn	conn;
};

/* ---- main.c ------------------------------------------------------------------ */

extern struct scst_tgt_template iscsi_template;
extern struct mutex iscsi_mutex;
/* Woken whenever a session has left the table or a target has lost a user. */
extern wait_queue_head_t iscsi_changed;

/* A target that will not go before target_put(); NULL when there is none. iscsi_mutex. */
struct iscsi_target *target_get(const char *name);
void target_put(struct iscsi_target *target);	/* iscsi_mutex */

/* ---- session.c ---------------------------------------------------------------- */

/* All sessions; iscsi_mutex. */
extern struct list_head iscsi_sessions;
extern atomic_t iscsi_nr_sessions;

int session_table_init(void);
void session_table_exit(void);
/* Ask the connection's home CPU for something; any context. @reason is static. */
void session_request(struct iscsi_session *session, int request, const char *reason);
/* Template callback; any context. */
void session_close_scst(struct scst_session *scst);
/* The core has let go of it; process context. */
void session_unregistered(struct scst_session *scst);

/* ---- conn.c -------------------------------------------------------------------- */

int conn_init(struct iscsi_conn *conn, const struct iscsi_handoff *handoff);
void conn_free(struct iscsi_conn *conn);	/* what conn_init() made; process context */
void conn_start(void *conn);			/* home CPU */
void conn_notice(struct iscsi_conn *conn);	/* home CPU: session->requests is not 0 */

/* Close now; the memory stays until the tasklet has torn down. Logs once. */
void conn_close(struct iscsi_conn *conn, const char *format, ...) __printf(2, 3);
/* Receive nothing more, and close when everything queued is sent. */
void conn_drain(struct iscsi_conn *conn, const char *format, ...) __printf(2, 3);

/* One line about bad input, with who sent it; rate-limited per connection. */
void conn_complain(struct iscsi_conn *conn, const char *format, ...) __printf(2, 3);

static inline bool conn_is_up(const struct iscsi_conn *conn)
{
	return conn->state == ISCSI_CONN_UP;
}

static inline bool conn_can_send(const struct iscsi_conn *conn)
{
	return conn->state <= ISCSI_CONN_DRAINING;
}

/* ---- rx.c ------------------------------------------------------------------------ */

/* What each request handler gets: header with its AHS, and the whole data segment. */
struct iscsi_pdu {
	const struct iscsi_hdr	*hdr;
	const u8		*ahs;
	u32			ahs_len;
	const u8		*data;
	u32			data_len;
};

void conn_rx(struct iscsi_conn *conn);
/* Let the data segment that follows go to rx_cmnd (or nowhere), from @off on. */
void rx_data_begin(struct iscsi_conn *conn, struct iscsi_cmnd *cmnd, u32 off);

/* ---- digest.c --------------------------------------------------------------------- */

#define ISCSI_CRC_SEED	(~0u)

u32 digest_add(u32 crc, const void *data, u32 len);
/* The four bytes as sent (RFC 7143 13.1): complemented, least significant first. */
void digest_store(u8 *where, u32 crc);
bool digest_matches(const u8 *where, u32 crc);
u32 digest_of_out(const struct iscsi_out *out);

/* ---- tx.c -------------------------------------------------------------------------- */

int tx_cache_init(void);
void tx_cache_exit(void);
/* From the cache, header zeroed; NULL and the connection closed when there is no memory. */
struct iscsi_out *out_alloc(struct iscsi_conn *conn);
void out_free(struct iscsi_out *out);	/* one from out_alloc() that is not sent after all */
void out_init(struct iscsi_out *out);
/* Set the data and DataSegmentLength; for linear data. */
void out_set_data(struct iscsi_out *out, const void *data, u32 len);
/* Padding, digests and length are added here; then it is the queue's. */
void tx_queue(struct iscsi_conn *conn, struct iscsi_out *out);
void conn_tx(struct iscsi_conn *conn);
void tx_purge(struct iscsi_conn *conn);
bool tx_is_full(const struct iscsi_conn *conn);

/* ---- sn.c ---------------------------------------------------------------------------- */

enum sn_order {
	SN_NOW,
	SN_LATER,	/* in the window, but an earlier one is missing: hold it */
	SN_IGNORE,	/* outside the window, or a duplicate */
};

enum sn_order sn_order(struct iscsi_conn *conn, const struct iscsi_hdr *hdr);
void sn_hold(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
bool sn_holds_itt(struct iscsi_conn *conn, __be32 itt);
/* @ref_sn counts as received, whatever it was (RFC 7143 11.6.1). True when it was in the window. */
bool sn_consider_received(struct iscsi_conn *conn, u32 ref_sn);
void sn_purge(struct iscsi_conn *conn);

struct iscsi_held {
	struct list_head	entry;
	u32			cmd_sn;
	unsigned long		begun;		/* conn->rx_last: it was received */
	bool			is_data_out;	/* rides behind the command of the same CmdSN */
	bool			is_gone;	/* only its CmdSN counts */
	u32			len;
	u32			ahs_len, data_len;
	u8			bytes[] __aligned(4);	/* header, AHS, data */
};
/* The next one whose turn it is, off the list; the caller's to kvfree(). */
struct iscsi_held *sn_next_held(struct iscsi_conn *conn);

/* A non-immediate request is answered: its slot in the window is free again. */
static inline void sn_slot_free(struct iscsi_conn *conn)
{
	conn->max_cmd_sn++;
}

static inline void sn_request_done(struct iscsi_conn *conn, const struct iscsi_hdr *hdr)
{
	if (!(hdr->opcode & ISCSI_IMMEDIATE))
		sn_slot_free(conn);
}

/* StatSN, ExpCmdSN and MaxCmdSN have one place in every PDU we send. */
enum sn_stat { SN_STAT_NONE, SN_STAT_SHOW, SN_STAT_ADVANCE };

static inline void sn_stamp(struct iscsi_conn *conn, void *hdr, enum sn_stat stat)
{
	struct iscsi_rsp_hdr *rsp = hdr;

	if (stat != SN_STAT_NONE)
		rsp->stat_sn = cpu_to_be32(conn->stat_sn);
	if (stat == SN_STAT_ADVANCE)
		conn->stat_sn++;
	rsp->exp_cmd_sn = cpu_to_be32(conn->exp_cmd_sn);
	rsp->max_cmd_sn = cpu_to_be32(conn->max_cmd_sn);
}

/* ---- scsi_cmnd.c ------------------------------------------------------------------------ */

int cmnd_cache_init(void);
void cmnd_cache_exit(void);
void scsi_cmd_begin(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
/* Its immediate data is complete. */
void scsi_cmd_data_end(struct iscsi_conn *conn);
struct iscsi_cmnd *cmnd_find(struct iscsi_conn *conn, u32 itt);
/* Nothing is to be sent for it any more. May free @cmnd. */
void cmnd_end(struct iscsi_cmnd *cmnd);
/* Send its status, or let it wait for the end of its bursts. */
void cmnd_answer(struct iscsi_cmnd *cmnd);
/* Data of it is still to come, wanted or not. */
bool cmnd_burst_open(const struct iscsi_cmnd *cmnd);
void cmnds_teardown(struct iscsi_conn *conn);
bool cmnd_was_aborted(struct iscsi_conn *conn, u32 itt);

/* Template callbacks. */
void cmnd_xmit_response(struct scst_cmd *cmd);
void cmnd_on_free(struct scst_cmd *cmd);
void cmnd_on_abort(struct scst_cmd *cmd);

/* ---- cmnd_data.c ------------------------------------------------------------------------ */

/* A burst ended or a buffer came: go on. May free @cmnd. */
void cmnd_data_progress(struct iscsi_cmnd *cmnd);
/* Its data is bad: it will end with @sense once its bursts are over. */
void cmnd_data_error(struct iscsi_cmnd *cmnd, u32 sense);
/* Where byte @off of its write data goes, and how many bytes fit there; NULL: nowhere. */
u8 *cmnd_data_at(struct iscsi_cmnd *cmnd, u32 off, u32 *len);
void cmnd_rdy_to_xfer(struct scst_cmd *cmd);	/* template callback */

/* ---- one file per PDU --------------------------------------------------------------------- */

void data_out_begin(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
void data_out_end(struct iscsi_conn *conn);
void r2t_send(struct iscsi_cmnd *cmnd);		/* as many as may be outstanding */
/* @len bytes of the command's buffer; the last PDU carries the status if @status. */
bool data_in_send(struct iscsi_cmnd *cmnd, u32 len, bool status);
void scsi_rsp_send(struct iscsi_cmnd *cmnd);	/* data, status, sense */
u8 scsi_residual(const struct iscsi_cmnd *cmnd, u32 *residual);	/* the flag */
void tmf_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
void tmf_done(struct scst_mgmt_cmd *mcmd);
void nop_out_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
void nop_tick(struct iscsi_conn *conn);
void text_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
void logout_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu);
void logout_continue(struct iscsi_conn *conn);	/* a command ended, or time has passed */
void reject_send(struct iscsi_conn *conn, const struct iscsi_hdr *hdr, enum iscsi_reject_reason reason);
void async_logout_send(struct iscsi_conn *conn, u32 seconds);
void async_report_aen(struct scst_session *scst, u64 lun, const u8 *sense, int sense_len);

/* ---- event.c ------------------------------------------------------------------------------- */

int event_init(void);
void event_exit(void);
void event_post(enum iscsi_event_code code, const struct iscsi_session *session, const char *reason);

#endif /* ISCSI_H */
