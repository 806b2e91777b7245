/* SPDX-License-Identifier: MIT */
/* vdisk_inquiry.c - INQUIRY, READ CAPACITY (SPC-4 6.6, 7.8; SBC-3 5.15, 5.16, 6.6). */
#include "vdisk.h"

#define REV	"0100"

static void put_padded(u8 *to, const char *from, unsigned int bytes)
{
	unsigned int len = min_t(unsigned int, (unsigned int)strlen(from), bytes);

	memset(to, ' ', bytes);
	memcpy(to, from, len);
}

static u32 standard(struct vdisk *vdisk, u8 *buf)
{
	static const u16 versions[] = { 0x00a0, 0x0960, 0x0460, 0x04c0 };	/* SAM-5, iSCSI, SPC-4, SBC-3 */

	buf[1] = vdisk->removable ? 0x80 : 0;
	buf[2] = 6;		/* SPC-4 */
	buf[3] = 0x12;		/* HISUP, response format 2 */
	buf[4] = 96 - 5;
	buf[5] = 8;		/* 3PC */
	buf[7] = 2;		/* CMDQUE */
	memcpy(buf + 8, SCST_VENDOR, 8);
	put_padded(buf + 16, "VIRTUAL-DISK", 16);
	memcpy(buf + 32, REV, 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(versions); i++)
		put_unaligned_be16(versions[i], buf + 58 + 2 * i);
	return 96;
}

static u32 page_83(struct scst_cmd *cmd, u8 *buf)
{
	struct scst_device *dev = cmd->dev;
	u32 len = (u32)strlen(dev->usn), at = 4;

	buf[at] = 2;
	buf[at + 1] = 1;	/* T10 vendor ID, of the logical unit */
	buf[at + 3] = (u8)(8 + len);
	memcpy(buf + at + 4, SCST_VENDOR, 8);
	memcpy(buf + at + 12, dev->usn, len);
	at += 12 + len;
	buf[at] = 1;
	buf[at + 1] = 3;	/* NAA */
	buf[at + 3] = 8;
	put_unaligned_be64(scst_dev_naa(dev), buf + at + 4);
	at += 12;
	buf[at] = 1;
	buf[at + 1] = 0x14;	/* relative target port */
	buf[at + 3] = 4;
	put_unaligned_be16(scst_tgt_relative_id(cmd->sess->tgt), buf + at + 6);
	return at + 8;
}

static u32 page_b0(struct vdisk *vdisk, u8 *buf)
{
	u32 max_blocks = VDISK_MAX_TRANSFER >> vdisk->dev.block_shift;

	buf[4] = vdisk->wsnz;
	buf[5] = VDISK_MAX_CAW_BLOCKS;
	put_unaligned_be16((u16)(vdisk_physical_block(vdisk) >> vdisk->dev.block_shift), buf + 6);
	put_unaligned_be32(max_blocks, buf + 8);
	put_unaligned_be32(max_blocks / 8, buf + 12);
	if (vdisk->thin) {
		put_unaligned_be32(U32_MAX, buf + 20);
		put_unaligned_be32(VDISK_MAX_UNMAP_DESC, buf + 24);
		put_unaligned_be32(vdisk_physical_block(vdisk) >> vdisk->dev.block_shift, buf + 28);
	}
	put_unaligned_be64(VDISK_MAX_WRITE_SAME >> vdisk->dev.block_shift, buf + 36);
	if (vdisk_atomic_writes(vdisk))
		put_unaligned_be32(VDISK_MAX_ATOMIC >> vdisk->dev.block_shift, buf + 44);
	return 64;
}

static u32 vpd_page(struct scst_cmd *cmd, u8 page, u8 *buf)
{
	static const u8 pages[] = { 0x00, 0x80, 0x83, 0x8f, 0xb0, 0xb1, 0xb2 };
	struct vdisk *vdisk = vdisk_of(cmd);
	u32 len;

	buf[1] = page;
	switch (page) {
	case 0x00:
		memcpy(buf + 4, pages, sizeof(pages));
		len = 4 + sizeof(pages);
		break;
	case 0x80:
		len = (u32)strlen(cmd->dev->usn);
		memcpy(buf + 4, cmd->dev->usn, len);
		len += 4;
		break;
	case 0x83:
		len = page_83(cmd, buf);
		break;
	case 0x8f:
		len = 4 + scst_copy_vpd_page(buf + 4);
		break;
	case 0xb0:
		len = page_b0(vdisk, buf);
		break;
	case 0xb1:
		put_unaligned_be16(vdisk->rotational ? 0 : 1, buf + 4);
		buf[7] = vdisk->thin ? 0x40 : 0;	/* WABEREQ 01b: erased blocks read as zeros */
		len = 64;
		break;
	case 0xb2:
		buf[5] = vdisk->thin ? 0xe4 : 0;	/* LBPU, LBPWS, LBPWS10, LBPRZ */
		buf[6] = vdisk->thin ? 2 : 0;
		len = 8;
		break;
	default:
		return 0;
	}
	put_unaligned_be16((u16)(len - 4), buf + 2);
	return len;
}

void vdisk_exec_inquiry(struct scst_cmd *cmd)
{
	u8 buf[256] = { 0 };
	u32 len;

	if (cmd->cdb[1] & 1) {
		len = vpd_page(cmd, cmd->cdb[2], buf);
		if (!len)
			scst_set_invalid_field_in_cdb(cmd, 2, -1);
		else
			scst_copy_to_cmd(cmd, buf, len);
	} else if (cmd->cdb[2]) {
		scst_set_invalid_field_in_cdb(cmd, 2, -1);
	} else {
		len = standard(vdisk_of(cmd), buf);
		scst_copy_to_cmd(cmd, buf, len);
	}
	scst_cmd_done(cmd);
}

void vdisk_exec_read_capacity(struct scst_cmd *cmd)
{
	struct vdisk *vdisk = vdisk_of(cmd);
	u8 buf[32] = { 0 };

	if (cmd->cdb[0] == READ_CAPACITY) {
		put_unaligned_be32((u32)min_t(u64, vdisk->nr_blocks - 1, U32_MAX), buf);
		put_unaligned_be32(vdisk->dev.block_size, buf + 4);
		scst_copy_to_cmd(cmd, buf, 8);
	} else {
		put_unaligned_be64(vdisk->nr_blocks - 1, buf);
		put_unaligned_be32(vdisk->dev.block_size, buf + 8);
		buf[13] = (u8)ilog2(vdisk_physical_block(vdisk) / vdisk->dev.block_size);
		buf[14] = vdisk->thin ? 0xc0 : 0;	/* LBPME, LBPRZ */
		scst_copy_to_cmd(cmd, buf, 32);
	}
	scst_cmd_done(cmd);
}
