/* SPDX-License-Identifier: MIT */
#ifndef ISCSI_PROTO_H
#define ISCSI_PROTO_H

/*
 * iscsi_proto.h - what full-feature phase looks like on the wire: RFC 7143,
 * section 11. Facts only; every layout is asserted at compile time, and every
 * multi-byte field is big-endian and naturally aligned, so no struct is packed.
 */
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define ISCSI_BHS_LEN		48	/* bytes of a basic header segment (11.2.1) */
#define ISCSI_DIGEST_LEN	4
#define ISCSI_RESERVED_TAG	0xffffffffu	/* no ITT, no TTT */
#define ISCSI_PORT		3260

/* Opcodes (11.2.1.2); the initiator's carry the I bit beside them. */
#define ISCSI_OPCODE_MASK	0x3f
#define ISCSI_IMMEDIATE		0x40

enum iscsi_opcode {
	ISCSI_OP_NOP_OUT	= 0x00,
	ISCSI_OP_SCSI_CMD	= 0x01,
	ISCSI_OP_TMF_REQ	= 0x02,
	ISCSI_OP_LOGIN_REQ	= 0x03,
	ISCSI_OP_TEXT_REQ	= 0x04,
	ISCSI_OP_DATA_OUT	= 0x05,
	ISCSI_OP_LOGOUT_REQ	= 0x06,
	ISCSI_OP_SNACK_REQ	= 0x10,

	ISCSI_OP_NOP_IN		= 0x20,
	ISCSI_OP_SCSI_RSP	= 0x21,
	ISCSI_OP_TMF_RSP	= 0x22,
	ISCSI_OP_TEXT_RSP	= 0x24,
	ISCSI_OP_DATA_IN	= 0x25,
	ISCSI_OP_LOGOUT_RSP	= 0x26,
	ISCSI_OP_R2T		= 0x31,
	ISCSI_OP_ASYNC_MSG	= 0x32,
	ISCSI_OP_REJECT		= 0x3f,
};

/* Byte 1 of every PDU: this bit is always "final". */
#define ISCSI_FLAG_FINAL	0x80

/* What every request has in common (11.2.1). */
struct iscsi_hdr {
	u8	opcode;			/* with ISCSI_IMMEDIATE */
	u8	flags;
	u8	specific[2];
	u8	ahs_len;		/* TotalAHSLength, four-byte words */
	u8	data_len[3];		/* DataSegmentLength, bytes without padding */
	u8	lun[8];
	__be32	itt;			/* Initiator Task Tag */
	__be32	ttt;			/* or a referenced tag, or an expected length */
	__be32	cmd_sn;
	__be32	exp_stat_sn;
	u8	rest[16];
};

/* Extended CDB and bidirectional read length (11.2.2). */
#define ISCSI_AHS_EXT_CDB	1
#define ISCSI_AHS_BIDI_LEN	2

struct iscsi_ahs {
	__be16	len;			/* bytes after the first three */
	u8	type;
	u8	specific[];
};

/* 11.3 */
#define ISCSI_CMD_READ		0x40
#define ISCSI_CMD_WRITE		0x20
#define ISCSI_CMD_ATTR_MASK	0x07

enum iscsi_cmd_attr {
	ISCSI_ATTR_UNTAGGED	= 0,
	ISCSI_ATTR_SIMPLE	= 1,
	ISCSI_ATTR_ORDERED	= 2,
	ISCSI_ATTR_HEAD		= 3,
	ISCSI_ATTR_ACA		= 4,
};

struct iscsi_scsi_cmd_hdr {
	u8	opcode, flags, rsvd[2], ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	expected_len;		/* Expected Data Transfer Length, bytes */
	__be32	cmd_sn, exp_stat_sn;
	u8	cdb[16];
};

/* 11.4 */
#define ISCSI_RSP_BIDI_OVERFLOW		0x10
#define ISCSI_RSP_BIDI_UNDERFLOW	0x08
#define ISCSI_RSP_OVERFLOW		0x04
#define ISCSI_RSP_UNDERFLOW		0x02
#define ISCSI_RSP_COMPLETED		0x00
#define ISCSI_RSP_TARGET_FAILURE	0x01

struct iscsi_scsi_rsp_hdr {
	u8	opcode, flags, response, status, ahs_len, data_len[3];
	u8	rsvd[8];
	__be32	itt;
	__be32	snack_tag;
	__be32	stat_sn, exp_cmd_sn, max_cmd_sn;
	__be32	exp_data_sn;
	__be32	bidi_residual, residual;
};

/* 11.5 */
enum iscsi_tmf_fn {
	ISCSI_TMF_ABORT_TASK		= 1,
	ISCSI_TMF_ABORT_TASK_SET	= 2,
	ISCSI_TMF_CLEAR_ACA		= 3,
	ISCSI_TMF_CLEAR_TASK_SET	= 4,
	ISCSI_TMF_LUN_RESET		= 5,
	ISCSI_TMF_TARGET_WARM_RESET	= 6,
	ISCSI_TMF_TARGET_COLD_RESET	= 7,
	ISCSI_TMF_TASK_REASSIGN		= 8,
};

struct iscsi_tmf_req_hdr {
	u8	opcode, function, rsvd[2], ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ref_itt;
	__be32	cmd_sn, exp_stat_sn;
	__be32	ref_cmd_sn;
	__be32	exp_data_sn;
	u8	rsvd2[8];
};

/* 11.6 */
enum iscsi_tmf_response {
	ISCSI_TMF_COMPLETE		= 0,
	ISCSI_TMF_NO_TASK		= 1,
	ISCSI_TMF_NO_LUN		= 2,
	ISCSI_TMF_NO_REASSIGN		= 4,
	ISCSI_TMF_NOT_SUPPORTED		= 5,
	ISCSI_TMF_REJECTED		= 255,
};

/* TMF, Text, Logout and NOP-In responses share these places (11.6, 11.11, 11.15, 11.19). */
struct iscsi_rsp_hdr {
	u8	opcode, flags, response, rsvd, ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	stat_sn, exp_cmd_sn, max_cmd_sn;
	u8	rsvd2[4];
	__be16	time2wait, time2retain;
	u8	rsvd3[4];
};

/* 11.7 */
#define ISCSI_DATA_IN_ACK	0x40
#define ISCSI_DATA_IN_STATUS	0x01

struct iscsi_data_out_hdr {
	u8	opcode, flags, rsvd[2], ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	rsvd2, exp_stat_sn, rsvd3;
	__be32	data_sn;
	__be32	offset;
	__be32	rsvd4;
};

struct iscsi_data_in_hdr {
	u8	opcode, flags, rsvd, status, ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	stat_sn, exp_cmd_sn, max_cmd_sn;
	__be32	data_sn;
	__be32	offset;
	__be32	residual;
};

/* 11.8 */
struct iscsi_r2t_hdr {
	u8	opcode, flags, rsvd[2], ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;
	__be32	ttt;
	__be32	stat_sn, exp_cmd_sn, max_cmd_sn;
	__be32	r2t_sn;
	__be32	offset;
	__be32	desired_len;
};

/* 11.9 */
enum iscsi_async_event {
	ISCSI_ASYNC_SCSI	= 0,
	ISCSI_ASYNC_LOGOUT	= 1,
	ISCSI_ASYNC_DROP_CONN	= 2,
	ISCSI_ASYNC_DROP_ALL	= 3,
};

struct iscsi_async_hdr {
	u8	opcode, flags, rsvd[2], ahs_len, data_len[3];
	u8	lun[8];
	__be32	itt;			/* always ISCSI_RESERVED_TAG */
	u8	rsvd2[4];
	__be32	stat_sn, exp_cmd_sn, max_cmd_sn;
	u8	event, vcode;
	__be16	param1, param2, param3;
	u8	rsvd3[4];
};

/* 11.10 */
#define ISCSI_TEXT_CONTINUE	0x40

/* 11.14 and 11.15 */
#define ISCSI_LOGOUT_REASON_MASK	0x7f

enum iscsi_logout_reason {
	ISCSI_LOGOUT_SESSION	= 0,
	ISCSI_LOGOUT_CONN	= 1,
	ISCSI_LOGOUT_RECOVERY	= 2,
};

enum iscsi_logout_response {
	ISCSI_LOGOUT_OK			= 0,
	ISCSI_LOGOUT_NO_CID		= 1,
	ISCSI_LOGOUT_NO_RECOVERY	= 2,
	ISCSI_LOGOUT_FAILED		= 3,
};

struct iscsi_logout_req_hdr {
	u8	opcode, flags, rsvd[2], ahs_len, data_len[3];
	u8	rsvd2[8];
	__be32	itt;
	__be16	cid;
	u8	rsvd3[2];
	__be32	cmd_sn, exp_stat_sn;
	u8	rsvd4[16];
};

/* 11.17.1 */
enum iscsi_reject_reason {
	ISCSI_REASON_DATA_DIGEST	= 0x02,
	ISCSI_REASON_SNACK		= 0x03,
	ISCSI_REASON_PROTOCOL		= 0x04,
	ISCSI_REASON_UNSUPPORTED	= 0x05,
	ISCSI_REASON_IMMEDIATE		= 0x06,	/* too many immediate commands */
	ISCSI_REASON_TASK_IN_PROGRESS	= 0x07,
	ISCSI_REASON_INVALID_FIELD	= 0x09,
	ISCSI_REASON_LONG_OPERATION	= 0x0a,	/* out of resources */
	ISCSI_REASON_WAIT_LOGOUT	= 0x0c,
};

struct iscsi_reject_hdr {
	u8	opcode, flags, reason, rsvd, ahs_len, data_len[3];
	u8	rsvd2[8];
	__be32	itt;			/* always ISCSI_RESERVED_TAG */
	u8	rsvd3[4];
	__be32	stat_sn, exp_cmd_sn, max_cmd_sn;
	__be32	data_sn;
	u8	rsvd4[8];
};

#define ISCSI_ASSERT_BHS(type)	static_assert(sizeof(struct type) == ISCSI_BHS_LEN)
#define ISCSI_ASSERT_AT(type, field, at) static_assert(offsetof(struct type, field) == (at))

ISCSI_ASSERT_BHS(iscsi_hdr);
ISCSI_ASSERT_AT(iscsi_hdr, data_len, 5);
ISCSI_ASSERT_AT(iscsi_hdr, itt, 16);
ISCSI_ASSERT_AT(iscsi_hdr, cmd_sn, 24);
ISCSI_ASSERT_BHS(iscsi_scsi_cmd_hdr);
ISCSI_ASSERT_AT(iscsi_scsi_cmd_hdr, expected_len, 20);
ISCSI_ASSERT_AT(iscsi_scsi_cmd_hdr, cdb, 32);
ISCSI_ASSERT_BHS(iscsi_scsi_rsp_hdr);
ISCSI_ASSERT_AT(iscsi_scsi_rsp_hdr, status, 3);
ISCSI_ASSERT_AT(iscsi_scsi_rsp_hdr, stat_sn, 24);
ISCSI_ASSERT_AT(iscsi_scsi_rsp_hdr, exp_data_sn, 36);
ISCSI_ASSERT_AT(iscsi_scsi_rsp_hdr, residual, 44);
ISCSI_ASSERT_BHS(iscsi_tmf_req_hdr);
ISCSI_ASSERT_AT(iscsi_tmf_req_hdr, ref_cmd_sn, 32);
ISCSI_ASSERT_BHS(iscsi_rsp_hdr);
ISCSI_ASSERT_AT(iscsi_rsp_hdr, stat_sn, 24);
ISCSI_ASSERT_AT(iscsi_rsp_hdr, time2wait, 40);
ISCSI_ASSERT_BHS(iscsi_data_out_hdr);
ISCSI_ASSERT_AT(iscsi_data_out_hdr, data_sn, 36);
ISCSI_ASSERT_AT(iscsi_data_out_hdr, offset, 40);
ISCSI_ASSERT_BHS(iscsi_data_in_hdr);
ISCSI_ASSERT_AT(iscsi_data_in_hdr, status, 3);
ISCSI_ASSERT_AT(iscsi_data_in_hdr, data_sn, 36);
ISCSI_ASSERT_AT(iscsi_data_in_hdr, residual, 44);
ISCSI_ASSERT_BHS(iscsi_r2t_hdr);
ISCSI_ASSERT_AT(iscsi_r2t_hdr, r2t_sn, 36);
ISCSI_ASSERT_AT(iscsi_r2t_hdr, desired_len, 44);
ISCSI_ASSERT_BHS(iscsi_async_hdr);
ISCSI_ASSERT_AT(iscsi_async_hdr, event, 36);
ISCSI_ASSERT_AT(iscsi_async_hdr, param3, 42);
ISCSI_ASSERT_BHS(iscsi_logout_req_hdr);
ISCSI_ASSERT_AT(iscsi_logout_req_hdr, cid, 20);
ISCSI_ASSERT_BHS(iscsi_reject_hdr);
ISCSI_ASSERT_AT(iscsi_reject_hdr, data_sn, 36);

static inline u32 iscsi_get_be24(const u8 *p)
{
	return (u32)p[0] << 16 | (u32)p[1] << 8 | p[2];
}

static inline void iscsi_put_be24(u8 *p, u32 value)
{
	p[0] = value >> 16;
	p[1] = value >> 8;
	p[2] = value;
}

/* Bytes of padding that round @len up to a four-byte word (11.2.3). */
static inline u32 iscsi_pad(u32 len)
{
	return -len & 3;
}

/* Serial number arithmetic (RFC 1982, 32 bits): is @a before @b? */
static inline bool iscsi_sn_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

#endif /* ISCSI_PROTO_H */
