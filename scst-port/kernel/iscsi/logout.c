/* SPDX-License-Identifier: MIT */
/*
 * logout.c - Logout (RFC 7143 11.14, 11.15). It is answered once the commands before it
 * have been, or after ISCSI_LOGOUT_MS, when those that are left are ended; and once the
 * answer is sent the connection closes. Home CPU, softirq context.
 */
#include "iscsi.h"

static void logout_answer(struct iscsi_conn *conn, const struct iscsi_logout_req_hdr *req, u8 response)
{
	struct iscsi_rsp_hdr *hdr;
	struct iscsi_out *out;

	sn_request_done(conn, (const struct iscsi_hdr *)req);
	out = out_alloc(conn);
	if (!out)
		return;
	hdr = (struct iscsi_rsp_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_LOGOUT_RSP;
	hdr->flags = ISCSI_FLAG_FINAL;
	hdr->response = response;
	hdr->itt = req->itt;
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
	if (response == ISCSI_LOGOUT_OK)
		conn_drain(conn, "logged out");
}

void logout_continue(struct iscsi_conn *conn)
{
	if (!conn->logout_waits || !conn_is_up(conn))
		return;
	if (conn->nr_cmnds && time_before(jiffies, conn->logout_since + msecs_to_jiffies(ISCSI_LOGOUT_MS)))
		return;
	if (conn->nr_cmnds)
		conn_complain(conn, "%u commands are left %u ms after the Logout, and are ended", conn->nr_cmnds,
			      ISCSI_LOGOUT_MS);
	conn->logout_waits = false;
	logout_answer(conn, &conn->logout, ISCSI_LOGOUT_OK);
}

void logout_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	const struct iscsi_logout_req_hdr *req = (void *)pdu->hdr;
	u8 reason = req->flags & ISCSI_LOGOUT_REASON_MASK;
	u16 cid = be16_to_cpu(req->cid);

	if (reason > ISCSI_LOGOUT_RECOVERY) {
		conn_complain(conn, "Logout reason is %u, expected 0 to 2", reason);
		sn_request_done(conn, pdu->hdr);
		reject_send(conn, pdu->hdr, ISCSI_REASON_INVALID_FIELD);
	} else if (reason == ISCSI_LOGOUT_RECOVERY) {
		logout_answer(conn, req, ISCSI_LOGOUT_NO_RECOVERY);	/* needs ErrorRecoveryLevel 2 */
	} else if (reason == ISCSI_LOGOUT_CONN && cid != conn->session->cid) {
		conn_complain(conn, "Logout: CID is %u, expected %u", cid, conn->session->cid);
		logout_answer(conn, req, ISCSI_LOGOUT_NO_CID);
	} else if (conn->logout_waits) {
		conn_complain(conn, "Logout again, expected nothing after the first");
		sn_request_done(conn, pdu->hdr);
		reject_send(conn, pdu->hdr, ISCSI_REASON_PROTOCOL);
	} else {
		conn->logout = *req;
		conn->logout_since = jiffies;
		conn->logout_waits = true;
		logout_continue(conn);
	}
}
