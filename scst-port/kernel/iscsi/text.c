/* SPDX-License-Identifier: MIT */
/*
 * text.c - Text Requests in full-feature phase (RFC 7143 11.10, 11.11, 6.2, 13).
 *
 * Answered are SendTargets for our own target (Appendix C: in a normal session
 * nothing else may be asked), and a new MaxRecvDataSegmentLength of the
 * initiator's. Keys that belong to login get Reject, unknown ones NotUnderstood.
 *
 * Limits: a request over all its PDUs is at most ISCSI_MAX_TEXT_BYTES, and its
 * answer must fit in one PDU; else Reject. One negotiation at a time.
 * Threads: home CPU, softirq context.
 */
#include "iscsi.h"

/* The answer while it grows. */
struct answer {
	char	*buf;
	u32	len, size;
	bool	full;
};

static void answer_add(struct answer *a, const char *key, const char *value)
{
	u32 left = a->size - a->len;
	int n = snprintf(a->buf + a->len, left, "%s=%s", key, value) + 1;

	if ((u32)n > left)
		a->full = true;
	else
		a->len += n;
}

static void key_send_targets(struct iscsi_conn *conn, const char *value, struct answer *a)
{
	const struct iscsi_session *session = conn->session;
	char address[ISCSI_ADDR_LEN + 8];

	if (*value && strcmp(value, session->target_name)) {
		conn_complain(conn, "SendTargets is \"%.40s\", expected \"\" or our own name", value);
		answer_add(a, "SendTargets", "Reject");
		return;
	}
	answer_add(a, "TargetName", session->target_name);
	snprintf(address, sizeof(address), "%s,%u", session->portal, session->tpgt);
	answer_add(a, "TargetAddress", address);
}

static void key_max_recv(struct iscsi_conn *conn, const char *value, struct answer *a)
{
	unsigned long bytes;

	/* 512 to 2^24 - 1; declarative: no answer (RFC 7143 13.12). */
	if (kstrtoul(value, 0, &bytes) || bytes < 512 || bytes > 0xffffff) {
		conn_complain(conn, "MaxRecvDataSegmentLength is \"%.20s\", expected 512 to 16777215", value);
		answer_add(a, "MaxRecvDataSegmentLength", "Reject");
		return;
	}
	conn->max_xmit = bytes;
}

static void key_ignore(struct iscsi_conn *conn, const char *value, struct answer *a)
{
}

static const struct {
	const char *name;
	void (*answer)(struct iscsi_conn *conn, const char *value, struct answer *a);
} keys[] = {
	{ "SendTargets",		key_send_targets },
	{ "MaxRecvDataSegmentLength",	key_max_recv },
	{ "InitiatorAlias",		key_ignore },
};

/* They exist, but are for login only. */
static const char * const login_keys[] = {
	"AuthMethod", "HeaderDigest", "DataDigest", "MaxConnections", "TargetName", "InitiatorName",
	"TargetAlias", "TargetAddress", "TargetPortalGroupTag", "InitialR2T", "ImmediateData",
	"MaxBurstLength", "FirstBurstLength", "DefaultTime2Wait", "DefaultTime2Retain",
	"MaxOutstandingR2T", "DataPDUInOrder", "DataSequenceInOrder", "ErrorRecoveryLevel",
	"SessionType", "TaskReporting", "iSCSIProtocolLevel",
};

static void key_answer(struct iscsi_conn *conn, const char *name, const char *value, struct answer *a)
{
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(name, keys[i].name)) {
			keys[i].answer(conn, value, a);
			return;
		}
	for (u32 i = 0; i < ARRAY_SIZE(login_keys); i++)
		if (!strcmp(name, login_keys[i])) {
			answer_add(a, name, "Reject");
			return;
		}
	answer_add(a, name, "NotUnderstood");
}

/* @text is "key=value" pairs, each ended by a 0. False: it is not. */
static bool text_answer(struct iscsi_conn *conn, char *text, u32 len, struct answer *a)
{
	if (!len)
		return true;
	if (text[len - 1]) {
		conn_complain(conn, "Text Request: last byte is 0x%02x, expected 0", text[len - 1]);
		return false;
	}
	for (u32 at = 0; at < len; at += strlen(text + at) + 1) {
		char *value;

		if (!text[at])
			continue;
		value = strchr(text + at, '=');
		if (!value) {
			conn_complain(conn, "Text Request: \"%.40s\", expected key=value", text + at);
			return false;
		}
		*value = 0;
		key_answer(conn, text + at, value + 1, a);
		*value = '=';
	}
	return true;
}

static void text_forget(struct iscsi_conn *conn)
{
	kfree(conn->text);
	conn->text = NULL;
	conn->text_len = 0;
	conn->text_ttt = ISCSI_RESERVED_TAG;
}

static void text_respond(struct iscsi_conn *conn, const struct iscsi_pdu *pdu, struct answer *a, u32 ttt)
{
	struct iscsi_rsp_hdr *hdr;
	struct iscsi_out *out = out_alloc(conn);

	if (!out) {
		if (a)
			kfree(a->buf);
		return;
	}
	if (a) {
		out_set_data(out, a->buf, a->len);
		out->free_data = true;
	}
	hdr = (struct iscsi_rsp_hdr *)out->hdr;
	hdr->opcode = ISCSI_OP_TEXT_RSP;
	hdr->flags = ttt == ISCSI_RESERVED_TAG ? ISCSI_FLAG_FINAL : 0;
	memcpy(hdr->lun, pdu->hdr->lun, sizeof(hdr->lun));
	hdr->itt = pdu->hdr->itt;
	hdr->ttt = cpu_to_be32(ttt);
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}

/* One more piece of the request. False: refused, and @reason says why. */
static bool text_append(struct iscsi_conn *conn, const struct iscsi_pdu *pdu, enum iscsi_reject_reason *reason)
{
	u32 ttt = be32_to_cpu(pdu->hdr->ttt), itt = be32_to_cpu(pdu->hdr->itt);

	if (ttt == ISCSI_RESERVED_TAG) {
		text_forget(conn);		/* a new one; it resets the old (RFC 7143 11.10.4) */
		conn->text_itt = itt;
	} else if (ttt != conn->text_ttt || itt != conn->text_itt) {
		conn_complain(conn, "Text Request: ttt 0x%08x, itt 0x%08x, expected 0x%08x, 0x%08x", ttt, itt,
			      conn->text_ttt, conn->text_itt);
		*reason = ISCSI_REASON_INVALID_FIELD;
		return false;
	}
	if (conn->text_len + pdu->data_len > ISCSI_MAX_TEXT_BYTES) {
		conn_complain(conn, "Text Request: %u bytes, expected at most %u",
			      conn->text_len + pdu->data_len, ISCSI_MAX_TEXT_BYTES);
		*reason = ISCSI_REASON_LONG_OPERATION;
		return false;
	}
	if (!conn->text)
		conn->text = kmalloc(ISCSI_MAX_TEXT_BYTES, GFP_ATOMIC);
	if (!conn->text) {
		*reason = ISCSI_REASON_LONG_OPERATION;
		return false;
	}
	memcpy(conn->text + conn->text_len, pdu->data, pdu->data_len);
	conn->text_len += pdu->data_len;
	return true;
}

void text_exec(struct iscsi_conn *conn, const struct iscsi_pdu *pdu)
{
	enum iscsi_reject_reason reason = ISCSI_REASON_PROTOCOL;
	struct answer a = { .size = min_t(u32, conn->max_xmit, ISCSI_MAX_TEXT_BYTES) };

	sn_request_done(conn, pdu->hdr);
	if (!text_append(conn, pdu, &reason))
		goto reject;
	if (pdu->hdr->flags & ISCSI_TEXT_CONTINUE) {
		if (conn->next_ttt == ISCSI_RESERVED_TAG)
			conn->next_ttt = 0;
		conn->text_ttt = conn->next_ttt++;
		text_respond(conn, pdu, NULL, conn->text_ttt);	/* go on */
		return;
	}
	a.buf = kmalloc(a.size, GFP_ATOMIC);
	if (!a.buf) {
		reason = ISCSI_REASON_LONG_OPERATION;
		goto reject;
	}
	if (!text_answer(conn, (char *)conn->text, conn->text_len, &a))
		goto reject;
	if (a.full) {
		conn_complain(conn, "the answer to a Text Request is over %u bytes (MaxRecvDataSegmentLength)",
			      a.size);
		reason = ISCSI_REASON_LONG_OPERATION;
		goto reject;
	}
	text_forget(conn);
	text_respond(conn, pdu, &a, ISCSI_RESERVED_TAG);
	return;
reject:
	kfree(a.buf);
	text_forget(conn);
	reject_send(conn, pdu->hdr, reason);
}
