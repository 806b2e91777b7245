/* SPDX-License-Identifier: MIT */
/*
 * async_msg.c - Async Messages (RFC 7143 11.9): SCSI events with their sense, and
 * the request to log out. Home CPU, softirq context.
 */
#include <asm/unaligned.h>

#include "iscsi.h"

static struct iscsi_async_hdr *async_new(struct iscsi_conn *conn, enum iscsi_async_event event,
					 struct iscsi_out **out)
{
	struct iscsi_async_hdr *hdr;

	*out = out_alloc(conn);
	if (!*out)
		return NULL;
	hdr = (struct iscsi_async_hdr *)(*out)->hdr;
	hdr->opcode = ISCSI_OP_ASYNC_MSG;
	hdr->flags = ISCSI_FLAG_FINAL;
	hdr->itt = cpu_to_be32(ISCSI_RESERVED_TAG);
	hdr->event = event;
	return hdr;
}

void async_logout_send(struct iscsi_conn *conn, u32 seconds)
{
	struct iscsi_async_hdr *hdr;
	struct iscsi_out *out;

	if (!conn_is_up(conn))
		return;
	hdr = async_new(conn, ISCSI_ASYNC_LOGOUT, &out);
	if (!hdr)
		return;
	hdr->param3 = cpu_to_be16(min_t(u32, seconds, 0xffff));
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}

/* LUN as on the wire (SAM-5 4.7.7): peripheral addressing below 256, else flat. */
static void lun_pack(u8 *where, u64 lun)
{
	where[0] = lun < 256 ? 0 : 0x40 | (lun >> 8 & 0x3f);
	where[1] = lun;
}

void async_report_aen(struct scst_session *scst, u64 lun, const u8 *sense, int sense_len)
{
	struct iscsi_session *session = scst->tgt_priv;
	struct iscsi_async_hdr *hdr;
	struct iscsi_conn *conn;
	struct iscsi_out *out;
	u8 *data;

	if (!session)
		return;		/* ending */
	conn = &session->conn;
	if (!conn_is_up(conn) || sense_len <= 0 || tx_is_full(conn))
		return;		/* the unit attention is still there for the next command */
	data = kmalloc(2 + sense_len, GFP_ATOMIC);
	if (!data)
		return;
	hdr = async_new(conn, ISCSI_ASYNC_SCSI, &out);
	if (!hdr) {
		kfree(data);
		return;
	}
	put_unaligned_be16(sense_len, data);
	memcpy(data + 2, sense, sense_len);
	out_set_data(out, data, 2 + sense_len);
	out->free_data = true;
	lun_pack(hdr->lun, lun);
	sn_stamp(conn, hdr, SN_STAT_ADVANCE);
	tx_queue(conn, out);
}
