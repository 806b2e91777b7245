/* SPDX-License-Identifier: MIT */
/*
 * tmf.c - task management (RFC 7143 11.5, 11.6). The core does the work; here are
 * the tags, and tasks the core does not know: those that have not arrived, and
 * those whose answer waits for the end of a burst.
 *
 * Threads: home CPU, softirq context.
 */
#include "iscsi.h"

/* What must be remembered until the core is done, in the tgt_priv pointer. */
static void *tmf_priv(const struct iscsi_hdr *hdr)
{
	u64 immediate = hdr->opcode & ISCSI_IMMEDIATE;

	return (void *)(unsigned long)(immediate << 32 | be32_to_cpu(hdr->itt));
}

static void tmf_answer(struct iscsi_conn *conn, void *priv, u8 response)
{
	u64 packed = (unsigned long)priv;
	struct iscsi_rsp_hdr *hdr;
	struct iscsi_out *out;

	if (packed >> 32)
		conn->nr_immediate--;
	else
		sn_slot_free(conn);
	if (!conn_can_send(conn))
		return;
	out = out_alloc(conn);
	if (!out)
		return;
	hdr = (struct iscsi_rsp_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_TMF_RSP;
	hdr->flags = ISCSI_FLAG_FINAL;
	hdr->response = response;
	hdr->itt = cpu_to_be32((u32)packed);
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}

void tmf_done(struct scst_mgmt_cmd *mcmd)
{
	static const u8 responses[] = {
		[SCST_MGMT_STATUS_SUCCESS]		= ISCSI_TMF_COMPLETE,
		[SCST_MGMT_STATUS_TASK_NOT_EXIST]	= ISCSI_TMF_NO_TASK,
		[SCST_MGMT_STATUS_LUN_NOT_EXIST]	= ISCSI_TMF_NO_LUN,
		[SCST_MGMT_STATUS_FN_NOT_SUPPORTED]	= ISCSI_TMF_NOT_SUPPORTED,
		[SCST_MGMT_STATUS_REJECTED]		= ISCSI_TMF_REJECTED,
		[SCST_MGMT_STATUS_FAILED]		= ISCSI_TMF_REJECTED,
	};
	struct iscsi_session *session;

	session = mcmd->sess->tgt_priv;
	tmf_answer(&session->conn, mcmd->tgt_priv, responses[mcmd->status]);
}

/* Answers that wait for data the initiator will not send any more: it aborts them. */
static void drop_waiting_answers(struct iscsi_conn *conn)
{
	struct iscsi_cmnd *cmnd, *next;
	LIST_HEAD(dropped);

	list_for_each_entry_safe(cmnd, next, &conn->waiting, wait)
		if (cmnd->answer_waits)
			list_move_tail(&cmnd->wait, &dropped);
	while ((cmnd = list_first_entry_or_null(&dropped, struct iscsi_cmnd, wait))) {
		list_del_init(&cmnd->wait);
		cmnd->answer_waits = 0;
		cmnd_end(cmnd);
	}
}

/* True when the core need not be asked. */
static bool abort_task_here(struct iscsi_conn *conn, const struct iscsi_tmf_req_hdr *hdr, u8 *response)
{
	struct iscsi_cmnd *cmnd = cmnd_find(conn, be32_to_cpu(hdr->ref_itt));
	u32 ref_sn = be32_to_cpu(hdr->ref_cmd_sn);

	if (!cmnd) {
		/* RFC 7143 11.6.1: not here yet, but its CmdSN is in the window: count it as received. */
		bool coming = iscsi_sn_before(ref_sn, be32_to_cpu(hdr->cmd_sn)) &&
			      sn_consider_received(conn, ref_sn);

		*response = coming ? ISCSI_TMF_COMPLETE : ISCSI_TMF_NO_TASK;
		return true;
	}
	if (cmnd->answer_waits) {
		cmnd->answer_waits = 0;
		list_del_init(&cmnd->wait);
		cmnd_end(cmnd);
		*response = ISCSI_TMF_COMPLETE;
		return true;
	}
	if (!cmnd->scst) {
		*response = ISCSI_TMF_NO_TASK;	/* answered already */
		return true;
	}
	return false;
}

void tmf_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	static const enum scst_tm_fn fns[] = {
		[ISCSI_TMF_ABORT_TASK]		= SCST_ABORT_TASK,
		[ISCSI_TMF_ABORT_TASK_SET]	= SCST_ABORT_TASK_SET,
		[ISCSI_TMF_CLEAR_ACA]		= SCST_CLEAR_ACA,
		[ISCSI_TMF_CLEAR_TASK_SET]	= SCST_CLEAR_TASK_SET,
		[ISCSI_TMF_LUN_RESET]		= SCST_LUN_RESET,
		[ISCSI_TMF_TARGET_WARM_RESET]	= SCST_TARGET_RESET,
		[ISCSI_TMF_TARGET_COLD_RESET]	= SCST_TARGET_RESET,
	};
	const struct iscsi_tmf_req_hdr *hdr = (void *)pdu->hdr;
	u8 fn = hdr->function & ~ISCSI_FLAG_FINAL, response;
	struct scst_rx_mgmt_params params = {
		.lun = hdr->lun,
		.tag = be32_to_cpu(hdr->ref_itt),
		.tgt_priv = tmf_priv(pdu->hdr),
	};

	if (pdu->hdr->opcode & ISCSI_IMMEDIATE) {
		if (conn->nr_immediate >= ISCSI_MAX_IMMEDIATE) {
			conn_complain(conn, "%u immediate requests, expected at most %u",
				      conn->nr_immediate + 1, ISCSI_MAX_IMMEDIATE);
			reject_send(conn, pdu->hdr, ISCSI_REASON_IMMEDIATE);
			return;
		}
		conn->nr_immediate++;
	}
	if (fn == ISCSI_TMF_TASK_REASSIGN) {
		tmf_answer(conn, params.tgt_priv, ISCSI_TMF_NO_REASSIGN);
		return;
	}
	if (fn >= ARRAY_SIZE(fns) || !fns[fn]) {
		conn_complain(conn, "task management function is %u, expected 1 to 8", fn);
		tmf_answer(conn, params.tgt_priv, ISCSI_TMF_NOT_SUPPORTED);
		return;
	}
	if (fn == ISCSI_TMF_ABORT_TASK) {
		if (abort_task_here(conn, hdr, &response)) {
			tmf_answer(conn, params.tgt_priv, response);
			return;
		}
	} else {
		drop_waiting_answers(conn);
	}
	params.fn = fns[fn];
	if (params.fn == SCST_TARGET_RESET)
		params.lun = NULL;
	if (scst_rx_mgmt_fn(conn->scst, &params))
		tmf_answer(conn, params.tgt_priv, ISCSI_TMF_REJECTED);
}
