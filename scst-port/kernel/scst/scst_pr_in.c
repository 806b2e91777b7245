/* SPDX-License-Identifier: MIT */
/* scst_pr_in.c - PERSISTENT RESERVE IN (SPC-4 6.15), and TransportIDs (SPC-4 7.6.4.6). */
#include "scst_pres.h"

bool scst_tid_valid(const u8 *tid, u32 bytes)
{
	u16 len;

	if (bytes < 24 || tid[0] != 0x45)
		return false;
	len = scst_tid_len(tid);
	return len >= 24 && !(len & 3) && len <= bytes && len <= SCST_TID_MAX && !tid[len - 1] &&
	       strstr((const char *)tid + 4, ",i,0x");
}

int scst_tid_of(const struct scst_tgt_dev *tgt_dev, u8 tid[SCST_TID_MAX])
{
	struct scst_session *sess = tgt_dev->sess;
	int rc;

	if (!sess->tgt->tgtt->tgtt->get_initiator_port_transport_id)
		return -EOPNOTSUPP;
	rc = sess->tgt->tgtt->tgtt->get_initiator_port_transport_id(sess, tid, SCST_TID_MAX);
	return rc < 0 ? rc : 0;
}

/* All of these: dev_lock is held, and @buf has room for what scst_exec_pr_in() counted. */

static u32 read_keys(struct scst_pr *pr, u8 *buf)
{
	struct scst_pr_registrant *reg;
	u32 at = 8;

	list_for_each_entry(reg, &pr->registrants, entry) {
		put_unaligned_be64(reg->key, buf + at);
		at += 8;
	}
	return at;
}

static u32 read_reservation(struct scst_pr *pr, u8 *buf)
{
	if (!pr->type)
		return 8;
	/* An all-registrants reservation is nobody's own: its key is zero (SPC-4 6.15.3.2). */
	put_unaligned_be64(pr->holder ? pr->holder->key : 0, buf + 8);
	buf[21] = pr->type;	/* scope: logical unit */
	return 24;
}

static u32 report_capabilities(u8 *buf)
{
	put_unaligned_be16(8, buf);
	buf[2] = 0x08 | 0x04;	/* SIP_C, ATP_C: a target has one port */
	buf[3] = 0x80;		/* TMV */
	buf[4] = 0xea;		/* WR_EX_AR, EX_AC_RO, WR_EX_RO, EX_AC, WR_EX */
	buf[5] = 0x01;		/* EX_AC_AR */
	return 8;
}

static u32 read_full_status(struct scst_pr *pr, u8 *buf)
{
	struct scst_pr_registrant *reg;
	u32 at = 8;

	list_for_each_entry(reg, &pr->registrants, entry) {
		bool holds = scst_pr_holds(pr, reg);

		put_unaligned_be64(reg->key, buf + at);
		buf[at + 12] = holds;			/* R_HOLDER */
		buf[at + 13] = holds ? pr->type : 0;
		put_unaligned_be16(reg->rel_id, buf + at + 18);
		put_unaligned_be32(reg->tid_len, buf + at + 20);
		memcpy(buf + at + 24, reg->tid, reg->tid_len);
		at += 24u + reg->tid_len;
	}
	return at;
}

void scst_exec_pr_in(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	u32 len = 8;
	u8 *buf;

	spin_lock_bh(&dev->dev_lock);
	buf = kzalloc(24 + dev->pr->count * (24 + SCST_TID_MAX), GFP_ATOMIC);
	if (!buf || dev->reserved_by) {
		if (buf)
			cmd->status = SAM_STAT_RESERVATION_CONFLICT;
		else
			scst_set_busy(cmd);
		spin_unlock_bh(&dev->dev_lock);
		kfree(buf);
		return;
	}
	switch (cmd->cdb[1] & 0x1f) {
	case PRIN_READ_KEYS:
		len = read_keys(dev->pr, buf);
		break;
	case PRIN_READ_RESERVATION:
		len = read_reservation(dev->pr, buf);
		break;
	case PRIN_REPORT_CAPABILITIES:
		len = report_capabilities(buf);
		break;
	case PRIN_READ_FULL_STATUS:
		len = read_full_status(dev->pr, buf);
		break;
	}
	if ((cmd->cdb[1] & 0x1f) != PRIN_REPORT_CAPABILITIES) {
		put_unaligned_be32(dev->pr->generation, buf);
		put_unaligned_be32(len - 8, buf + 4);
	}
	spin_unlock_bh(&dev->dev_lock);
	scst_copy_to_cmd(cmd, buf, len);
	kfree(buf);
}
