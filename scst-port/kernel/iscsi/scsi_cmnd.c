/* SPDX-License-Identifier: MIT */
/*
 * scsi_cmnd.c - SCSI commands: from the command PDU to the core and back.
 *
 * A command's write data comes in bursts: immediate data, the unsolicited burst,
 * and those that R2Ts ask for. Its answer is not sent before all open bursts are
 * over (RFC 7143 7.8: wait for the F bit), however early the core has decided; so
 * the initiator never sends data for a task that it may already have forgotten.
 *
 * Invariant: a command is in conn->waiting if and only if it needs_data or its
 *            answer_waits. conn->rx_cmnd is NULL or lives.
 * Limits:    ISCSI_MAX_IMMEDIATE; other commands by the CmdSN window (sn.c).
 * Threads:   home CPU, softirq context.
 */
#include <linux/hash.h>
#include <linux/mm.h>

#include "iscsi.h"

static struct kmem_cache *cmnd_cache;

int cmnd_cache_init(void)
{
	cmnd_cache = kmem_cache_create("iscsi_cmnd", sizeof(struct iscsi_cmnd), 0, 0, NULL);
	return cmnd_cache ? 0 : -ENOMEM;
}

void cmnd_cache_exit(void)
{
	kmem_cache_destroy(cmnd_cache);
}

/* ---- table of task tags -------------------------------------------------------- */

static struct hlist_head *itt_bucket(struct iscsi_conn *conn, u32 itt)
{
	return &conn->itt_hash[hash_32(itt, ilog2(ISCSI_ITT_BUCKETS))];
}

struct iscsi_cmnd *cmnd_find(struct iscsi_conn *conn, u32 itt)
{
	struct iscsi_cmnd *cmnd;

	hlist_for_each_entry(cmnd, itt_bucket(conn, itt), hash)
		if (cmnd->itt == itt)
			return cmnd;
	return NULL;
}

/* Data-Out PDUs under way for an aborted command are no error of the initiator's. */
bool cmnd_was_aborted(struct iscsi_conn *conn, u32 itt)
{
	for (u32 i = 0; i < ISCSI_NR_ABORTED; i++)
		if (conn->aborted_itt[i] == itt)
			return true;
	return false;
}

static void note_aborted(struct iscsi_conn *conn, u32 itt)
{
	conn->aborted_itt[conn->aborted_next++ % ISCSI_NR_ABORTED] = itt;
}

bool cmnd_burst_open(const struct iscsi_cmnd *cmnd)
{
	return cmnd->imm_open || cmnd->unsolicited.open || cmnd->nr_r2t;
}

static void cmnd_free(struct iscsi_cmnd *cmnd)
{
	struct iscsi_conn *conn = cmnd->conn;

	if (cmnd_burst_open(cmnd))
		note_aborted(conn, cmnd->itt);
	if (conn->rx_cmnd == cmnd) {
		conn->rx_cmnd = NULL;
		conn->rx_burst = NULL;
	}
	hlist_del(&cmnd->hash);
	list_del(&cmnd->wait);
	if (cmnd->immediate)
		conn->nr_immediate--;
	else if (!cmnd->slot_freed)
		sn_slot_free(conn);
	conn->nr_cmnds--;
	if (cmnd->early)
		kvfree(cmnd->early);
	kmem_cache_free(cmnd_cache, cmnd);
	if (unlikely(conn->logout_waits))
		logout_continue(conn);
}

void cmnd_end(struct iscsi_cmnd *cmnd)
{
	if (cmnd->scst)
		scst_tgt_cmd_done(cmnd->scst);	/* then cmnd_on_free() */
	else
		cmnd_free(cmnd);
}

void cmnd_on_free(struct scst_cmd *cmd)
{
	if (cmd->tgt_priv)
		cmnd_free(cmd->tgt_priv);
}

/* ---- the answer ------------------------------------------------------------------ */

void cmnd_answer(struct iscsi_cmnd *cmnd)
{
	if (!conn_can_send(cmnd->conn)) {
		cmnd_end(cmnd);
		return;
	}
	if (cmnd_burst_open(cmnd)) {
		cmnd->answer_waits = 1;
		cmnd->heard = jiffies;
		list_add_tail(&cmnd->wait, &cmnd->conn->waiting);
		return;
	}
	if (!cmnd->immediate && !cmnd->slot_freed) {
		cmnd->slot_freed = 1;
		sn_slot_free(cmnd->conn);
	}
	scsi_rsp_send(cmnd);
}

void cmnd_xmit_response(struct scst_cmd *cmd)
{
	struct iscsi_cmnd *cmnd = cmd->tgt_priv;

	cmnd->needs_data = 0;
	list_del_init(&cmnd->wait);
	if (scst_cmd_aborted(cmd))
		cmnd_end(cmnd);
	else
		cmnd_answer(cmnd);
}

/* Answer without the core: @sense 0 for none. */
static void cmnd_answer_here(struct iscsi_cmnd *cmnd, u8 status, u32 sense)
{
	cmnd->local_status = status;
	if (sense) {
		/* Fixed format, current (SPC-4 4.5.3). */
		cmnd->sense[0] = 0x70;
		cmnd->sense[2] = sense >> 16;
		cmnd->sense[7] = ISCSI_FIXED_SENSE_LEN - 8;
		cmnd->sense[12] = sense >> 8;
		cmnd->sense[13] = sense;
	}
	cmnd_answer(cmnd);
}

/* ---- aborting ----------------------------------------------------------------------- */

void cmnd_on_abort(struct scst_cmd *cmd)
{
	struct iscsi_cmnd *cmnd = cmd->tgt_priv;

	if (cmnd->needs_data) {
		cmnd->needs_data = 0;
		list_del_init(&cmnd->wait);
		scst_rx_data(cmd, SCST_RX_DATA_ABORT);
	} else if (cmnd->answer_waits) {
		cmnd->answer_waits = 0;
		list_del_init(&cmnd->wait);
		cmnd_end(cmnd);
	}
}

/* The connection is gone: nothing that waits for it needs to wait. */
void cmnds_teardown(struct iscsi_conn *conn)
{
	struct iscsi_cmnd *cmnd;

	while ((cmnd = list_first_entry_or_null(&conn->waiting, struct iscsi_cmnd, wait))) {
		list_del_init(&cmnd->wait);
		if (cmnd->needs_data) {
			cmnd->needs_data = 0;
			scst_rx_data(cmnd->scst, SCST_RX_DATA_ABORT);
		} else {
			cmnd->answer_waits = 0;
			cmnd_end(cmnd);
		}
	}
}

/* ---- the command PDU ------------------------------------------------------------------ */

struct parsed_cdb {
	u8	cdb[SCST_MAX_CDB_SIZE];
	u32	len;
	u32	bidi_len;
};

/* CDB and AHS (RFC 7143 11.2.2). False: an AHS is malformed. */
static bool cdb_parse(struct iscsi_conn *conn, const struct iscsi_pdu *pdu, struct parsed_cdb *out)
{
	const struct iscsi_scsi_cmd_hdr *hdr = (void *)pdu->hdr;
	u32 at = 0;

	memcpy(out->cdb, hdr->cdb, sizeof(hdr->cdb));
	out->len = sizeof(hdr->cdb);
	out->bidi_len = 0;
	while (at < pdu->ahs_len) {
		const u8 *ahs = pdu->ahs + at;
		u32 len = ahs[0] << 8 | ahs[1];
		u32 whole = ALIGN(3 + len, 4);

		if (whole > pdu->ahs_len - at) {
			conn_complain(conn, "AHSLength is %u, expected at most %u", len, pdu->ahs_len - at - 3);
			return false;
		}
		if (ahs[2] == ISCSI_AHS_EXT_CDB && len > 1 && out->len == sizeof(hdr->cdb) &&
		    out->len + len - 1 <= SCST_MAX_CDB_SIZE) {
			memcpy(out->cdb + out->len, ahs + 4, len - 1);
			out->len += len - 1;
		} else if (ahs[2] == ISCSI_AHS_BIDI_LEN && len == 5) {
			out->bidi_len = (u32)ahs[4] << 24 | ahs[5] << 16 | ahs[6] << 8 | ahs[7];
		} else {
			conn_complain(conn, "AHS type %u with length %u, expected 1 (to %u) or 2 (5)", ahs[2],
				      len, SCST_MAX_CDB_SIZE - 15);
			return false;
		}
		at += whole;
	}
	return true;
}

/* Is unsolicited data allowed as announced by @cmnd's header? Sense, or 0. */
static u32 unsolicited_check(struct iscsi_cmnd *cmnd, u32 imm_len)
{
	struct iscsi_conn *conn = cmnd->conn;
	u32 limit = min(conn->first_burst, cmnd->expected_len);

	if (imm_len && !(cmnd->flags & ISCSI_CMD_WRITE)) {
		conn_complain(conn, "itt 0x%08x: %u bytes of immediate data with a command that has no W bit",
			      cmnd->itt, imm_len);
		return ISCSI_SENSE_UNEXPECTED_DATA;
	}
	if (imm_len && !conn->immediate_data) {
		conn_complain(conn, "itt 0x%08x: %u bytes of immediate data, expected none (ImmediateData=No)",
			      cmnd->itt, imm_len);
		return ISCSI_SENSE_UNEXPECTED_DATA;
	}
	if (imm_len > limit) {
		conn_complain(conn, "itt 0x%08x: %u bytes of immediate data, expected at most %u", cmnd->itt,
			      imm_len, limit);
		return ISCSI_SENSE_UNEXPECTED_DATA;
	}
	if (cmnd->flags & ISCSI_FLAG_FINAL || !(cmnd->flags & ISCSI_CMD_WRITE))
		return 0;
	if (conn->initial_r2t) {
		conn_complain(conn, "itt 0x%08x: F bit is 0, expected 1 (InitialR2T=Yes)", cmnd->itt);
		return ISCSI_SENSE_UNEXPECTED_DATA;
	}
	cmnd->unsolicited.open = imm_len < limit;
	return 0;
}

static struct iscsi_cmnd *cmnd_new(struct iscsi_conn *conn, const struct iscsi_pdu *pdu, u32 bidi_len)
{
	const struct iscsi_scsi_cmd_hdr *hdr = (void *)pdu->hdr;
	struct iscsi_cmnd *cmnd = kmem_cache_alloc(cmnd_cache, GFP_ATOMIC);

	if (!cmnd)
		return NULL;
	memset(cmnd, 0, offsetof(struct iscsi_cmnd, r2t));
	for (u32 i = 0; i < ISCSI_MAX_R2T; i++)
		cmnd->r2t[i].open = false;
	cmnd->conn = conn;
	cmnd->itt = be32_to_cpu(hdr->itt);
	cmnd->expected_len = be32_to_cpu(hdr->expected_len);
	cmnd->bidi_len = bidi_len;
	cmnd->cmd_sn = be32_to_cpu(hdr->cmd_sn);
	cmnd->begun = conn->rx_last;
	cmnd->flags = hdr->flags;
	cmnd->opcode = hdr->cdb[0];
	cmnd->immediate = !!(hdr->opcode & ISCSI_IMMEDIATE);
	cmnd->unsolicited.len = min(conn->first_burst, cmnd->expected_len);
	cmnd->unsolicited.ttt = ISCSI_RESERVED_TAG;
	cmnd->unsolicited.received = pdu->data_len;
	cmnd->imm_open = !!pdu->data_len;
	INIT_LIST_HEAD(&cmnd->wait);
	hlist_add_head(&cmnd->hash, itt_bucket(conn, cmnd->itt));
	conn->nr_cmnds++;
	conn->nr_immediate += cmnd->immediate;
	return cmnd;
}

static enum scst_data_direction direction_of(u8 flags)
{
	switch (flags & (ISCSI_CMD_READ | ISCSI_CMD_WRITE)) {
	case ISCSI_CMD_READ:
		return SCST_DATA_READ;
	case ISCSI_CMD_WRITE:
		return SCST_DATA_WRITE;
	case ISCSI_CMD_READ | ISCSI_CMD_WRITE:
		return SCST_DATA_BIDI;
	default:
		return SCST_DATA_NONE;
	}
}

static const enum scst_cmd_queue_type queue_types[] = {
	[ISCSI_ATTR_UNTAGGED]	= SCST_CMD_QUEUE_UNTAGGED,
	[ISCSI_ATTR_SIMPLE]	= SCST_CMD_QUEUE_SIMPLE,
	[ISCSI_ATTR_ORDERED]	= SCST_CMD_QUEUE_ORDERED,
	[ISCSI_ATTR_HEAD]	= SCST_CMD_QUEUE_HEAD_OF_QUEUE,
	[ISCSI_ATTR_ACA]	= SCST_CMD_QUEUE_ACA,
};

static void cmnd_refuse(struct iscsi_conn *conn, const struct iscsi_pdu *pdu, enum iscsi_reject_reason reason)
{
	sn_request_done(conn, pdu->hdr);
	reject_send(conn, pdu->hdr, reason);
}

void scsi_cmd_begin(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	u32 itt = be32_to_cpu(pdu->hdr->itt), sense;
	u8 attr = pdu->hdr->flags & ISCSI_CMD_ATTR_MASK;
	struct parsed_cdb parsed;
	struct iscsi_cmnd *cmnd;
	struct scst_cmd *cmd;

	if (itt == ISCSI_RESERVED_TAG || cmnd_find(conn, itt)) {
		conn_complain(conn, "Initiator Task Tag 0x%08x is %s, expected a free one", itt,
			      itt == ISCSI_RESERVED_TAG ? "reserved" : "in use");
		cmnd_refuse(conn, pdu, ISCSI_REASON_PROTOCOL);
		return;
	}
	if (attr >= ARRAY_SIZE(queue_types)) {
		conn_complain(conn, "itt 0x%08x: task attribute is %u, expected 0 to 4", itt, attr);
		cmnd_refuse(conn, pdu, ISCSI_REASON_INVALID_FIELD);
		return;
	}
	if (!cdb_parse(conn, pdu, &parsed)) {
		cmnd_refuse(conn, pdu, ISCSI_REASON_INVALID_FIELD);
		return;
	}
	if (pdu->hdr->opcode & ISCSI_IMMEDIATE && conn->nr_immediate >= ISCSI_MAX_IMMEDIATE) {
		conn_complain(conn, "%u immediate commands, expected at most %u", conn->nr_immediate + 1,
			      ISCSI_MAX_IMMEDIATE);
		cmnd_refuse(conn, pdu, ISCSI_REASON_IMMEDIATE);
		return;
	}
	cmnd = cmnd_new(conn, pdu, parsed.bidi_len);
	if (!cmnd) {
		cmnd_refuse(conn, pdu, ISCSI_REASON_LONG_OPERATION);
		return;
	}
	if (pdu->data_len)
		rx_data_begin(conn, cmnd, 0);

	sense = unsolicited_check(cmnd, pdu->data_len);
	if (sense) {
		if (!(cmnd->flags & ISCSI_FLAG_FINAL))
			note_aborted(conn, itt);	/* its Data-Out PDUs are dropped */
		cmnd_answer_here(cmnd, SAM_STAT_CHECK_CONDITION, sense);
		return;
	}
	cmd = scst_rx_cmd(conn->scst, pdu->hdr->lun, parsed.cdb, parsed.len);
	if (!cmd) {
		cmnd_answer_here(cmnd, SAM_STAT_BUSY, 0);
		return;
	}
	cmnd->scst = cmd;
	cmd->tgt_priv = cmnd;
	cmd->tag = itt;
	cmd->queue_type = queue_types[attr];
	cmd->expected_data_direction = direction_of(cmnd->flags);
	cmd->expected_transfer_len = cmnd->expected_len;
	cmd->expected_values_set = 1;
	scst_cmd_init_done(cmd);	/* may run to its end, and free @cmnd */
}

void scsi_cmd_data_end(struct iscsi_conn *conn)
{
	struct iscsi_cmnd *cmnd = conn->rx_cmnd;

	conn->rx_cmnd = NULL;
	if (!cmnd)
		return;
	cmnd->imm_open = 0;
	cmnd_data_progress(cmnd);
}
