/* SPDX-License-Identifier: MIT */
/*
 * logout.c - Logout (RFC 7143 11.14, 11.15). It is answered, and once the answer
 * is sent the connection closes. Home CPU, softirq context.
 */
#include "iscsi.h"

void logout_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	const struct iscsi_logout_req_hdr *req = (void *)pdu->hdr;
	u8 reason = req->flags & ISCSI_LOGOUT_REASON_MASK, response = ISCSI_LOGOUT_OK;
	u16 cid = be16_to_cpu(req->cid);
	struct iscsi_rsp_hdr *hdr;
	struct iscsi_out *out;

	if (reason > ISCSI_LOGOUT_RECOVERY) {
		conn_complain(conn, "Logout reason is %u, expected 0 to 2", reason);
		sn_request_done(conn, pdu->hdr);
		reject_send(conn, pdu->hdr, ISCSI_REASON_INVALID_FIELD);
		return;
	}
	if (reason == ISCSI_LOGOUT_RECOVERY) {
		response = ISCSI_LOGOUT_NO_RECOVERY;	/* needs ErrorRecoveryLevel 2 */
	} else if (reason == ISCSI_LOGOUT_CONN && cid != conn->session->cid) {
		conn_complain(conn, "Logout: CID is %u, expected %u", cid, conn->session->cid);
		response = ISCSI_LOGOUT_NO_CID;
	}
	sn_request_done(conn, pdu->hdr);
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
