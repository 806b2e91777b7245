/* SPDX-License-Identifier: MIT */
/*
 * vdisk_mode.c - MODE SENSE and MODE SELECT (SPC-4 6.11 to 6.14, 7.5).
 *
 * Three bits can be changed, by any nexus and for all: WCE, SWP and D_SENSE. They are
 * written under dev_lock, read without it, and a reset brings their defaults back.
 */
#include "vdisk.h"

#define PAGE_MAX	20	/* bytes of the longest page, with its header */

enum { CURRENT = 0, CHANGEABLE = 1, DEFAULT = 2, SAVED = 3 };	/* page control */

struct mode_page {
	u8	code, len;
	u8	fixed[3];		/* bytes 2 to 4 that never change; the rest is zero */
	u8	changeable[3];
};

static const struct mode_page mode_pages[] = {
	{ 0x08, 18, { 0 }, { 0x04 } },			/* caching (SBC-3 6.5.5): WCE */
	{ 0x0a, 10, { 0x20, 0x10 }, { 0x04, 0, 0x08 } },	/* control (SPC-4 7.5.8): TST = 001b; D_SENSE, SWP */
	{ 0x1c, 10, { 0 }, { 0 } },			/* informational exceptions (SPC-4 7.5.11) */
};

/* @buf: PAGE_MAX bytes. Returns the page's length with its header. */
static u32 put_mode_page(struct vdisk *vdisk, const struct mode_page *page, u8 pc, u8 *buf)
{
	memset(buf, 0, PAGE_MAX);
	buf[0] = page->code;
	buf[1] = page->len;
	if (pc == CHANGEABLE) {
		memcpy(buf + 2, page->changeable, 3);
		return 2u + page->len;
	}
	memcpy(buf + 2, page->fixed, 3);
	if (page->code == 0x08 && (pc == DEFAULT || READ_ONCE(vdisk->wce)))
		buf[2] |= 0x04;
	if (page->code == 0x0a && pc == CURRENT) {
		buf[2] |= READ_ONCE(vdisk->dev.d_sense) ? 0x04 : 0;
		buf[4] |= READ_ONCE(vdisk->dev.swp) ? 0x08 : 0;
	}
	return 2u + page->len;
}

static void put_block_descriptor(struct vdisk *vdisk, u8 *buf)
{
	put_unaligned_be32((u32)min_t(u64, vdisk->nr_blocks, U32_MAX), buf);
	put_unaligned_be24(vdisk->dev.block_size, buf + 5);
}

static u8 device_specific(const struct scst_cmd *cmd)
{
	const struct scst_device *dev = cmd->dev;

	return (dev->rd_only || READ_ONCE(dev->swp) || cmd->tgt_dev->acg_rd_only ? 0x80 : 0) | 0x10;	/* WP, DPOFUA */
}

void vdisk_exec_mode_sense(struct scst_cmd *cmd)
{
	bool ten = cmd->cdb[0] == MODE_SENSE_10, dbd = cmd->cdb[1] & 8;
	u8 buf[128] = { 0 }, page = cmd->cdb[2] & 0x3f, pc = cmd->cdb[2] >> 6, sub = cmd->cdb[3];
	u32 at = ten ? 8 : 4, before;

	if (pc == SAVED) {
		scst_set_cmd_error(cmd, scst_sense_saving_params_unsup);
		goto out;
	}
	if (sub && !(sub == 0xff && page == 0x3f)) {
		scst_set_invalid_field_in_cdb(cmd, 3, -1);
		goto out;
	}
	if (!dbd) {
		put_block_descriptor(vdisk_of(cmd), buf + at);
		at += 8;
	}
	before = at;
	for (unsigned int i = 0; i < ARRAY_SIZE(mode_pages); i++)
		if (page == 0x3f || page == mode_pages[i].code)
			at += put_mode_page(vdisk_of(cmd), &mode_pages[i], pc, buf + at);
	if (at == before) {
		scst_set_invalid_field_in_cdb(cmd, 2, 5);
		goto out;
	}
	if (ten) {
		put_unaligned_be16((u16)(at - 2), buf);
		buf[3] = device_specific(cmd);
		buf[7] = dbd ? 0 : 8;
	} else {
		buf[0] = (u8)(at - 1);
		buf[2] = device_specific(cmd);
		buf[3] = dbd ? 0 : 8;
	}
	scst_copy_to_cmd(cmd, buf, at);
out:
	scst_cmd_done(cmd);
}

/* ---- MODE SELECT ------------------------------------------------------------------------- */

static void apply_page(struct vdisk *vdisk, const u8 *page)
{
	if (page[0] == 0x08)
		WRITE_ONCE(vdisk->wce, (page[2] & 0x04) != 0);
	if (page[0] == 0x0a) {
		WRITE_ONCE(vdisk->dev.d_sense, (page[2] & 0x04) != 0);
		WRITE_ONCE(vdisk->dev.swp, (page[4] & 0x08) != 0);
	}
}

/* One page of a parameter list at @at: its length, or 0 with sense set. */
static u32 check_page(struct scst_cmd *cmd, const u8 *list, u32 at, u32 len)
{
	const struct mode_page *page = NULL;
	u8 now[PAGE_MAX], mask[PAGE_MAX];

	for (unsigned int i = 0; i < ARRAY_SIZE(mode_pages); i++)
		if (list[at] == mode_pages[i].code)	/* PS and SPF must be zero */
			page = &mode_pages[i];
	if (!page) {
		scst_set_invalid_field_in_parm_list(cmd, (int)at, 5);
		return 0;
	}
	if (len - at < 2u + page->len) {
		scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
		return 0;
	}
	put_mode_page(vdisk_of(cmd), page, CURRENT, now);
	put_mode_page(vdisk_of(cmd), page, CHANGEABLE, mask);
	mask[0] = mask[1] = 0;
	for (u32 i = 0; i < 2u + page->len; i++)
		if ((list[at + i] ^ now[i]) & ~mask[i]) {
			scst_set_invalid_field_in_parm_list(cmd, (int)(at + i), -1);
			return 0;
		}
	return 2u + page->len;
}

/* The block descriptor may say again what is, or nothing (zeros); where the pages begin, or 0. */
static u32 check_header(struct scst_cmd *cmd, const u8 *list, u32 len)
{
	bool ten = cmd->cdb[0] == MODE_SELECT_10;
	u32 header = ten ? 8 : 4, descriptors;
	u8 now[8] = { 0 };

	if (len < header)
		goto length;
	descriptors = ten ? get_unaligned_be16(list + 6) : list[3];
	if (descriptors != 0 && descriptors != 8) {
		scst_set_invalid_field_in_parm_list(cmd, ten ? 6 : 3, -1);
		return 0;
	}
	if (len < header + descriptors)
		goto length;
	put_block_descriptor(vdisk_of(cmd), now);
	if (descriptors && get_unaligned_be24(list + header + 5) &&
	    get_unaligned_be24(list + header + 5) != vdisk_of(cmd)->dev.block_size) {
		scst_set_invalid_field_in_parm_list(cmd, (int)header + 5, -1);
		return 0;
	}
	if (descriptors && get_unaligned_be32(list + header) && memcmp(list + header, now, 4)) {
		scst_set_invalid_field_in_parm_list(cmd, (int)header, -1);
		return 0;
	}
	return header + descriptors;
length:
	scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
	return 0;
}

static void mode_select(struct scst_cmd *cmd)
{
	struct scst_device *dev = cmd->dev;
	u32 len = cmd->bufflen, start, at, page_len;
	const u8 *list;

	if (!(cmd->cdb[1] & 0x10)) {	/* PF: pages as the standard has them */
		scst_set_invalid_field_in_cdb(cmd, 1, 4);
		return;
	}
	if (cmd->cdb[1] & 1) {		/* SP: nothing is saved */
		scst_set_invalid_field_in_cdb(cmd, 1, 0);
		return;
	}
	if (!cmd->cdb_bufflen)
		return;
	if (len != cmd->cdb_bufflen) {	/* less came than the CDB says: perhaps nothing, and then there is no buffer */
		scst_set_cmd_error(cmd, scst_sense_parameter_list_length_invalid);
		return;
	}
	list = sg_virt(cmd->sg);
	start = check_header(cmd, list, len);
	if (!start)
		return;
	for (at = start; at < len; at += page_len) {
		page_len = check_page(cmd, list, at, len);
		if (!page_len)
			return;
	}
	/* All is well with all of it: now it counts. */
	spin_lock_bh(&dev->dev_lock);
	for (at = start; at < len; at += 2u + list[at + 1])
		apply_page(vdisk_of(cmd), list + at);
	spin_unlock_bh(&dev->dev_lock);
	if (at > start)
		scst_dev_set_ua(dev, cmd->tgt_dev, 0x2a, 0x01);
}

void vdisk_exec_mode_select(struct scst_cmd *cmd)
{
	mode_select(cmd);
	scst_cmd_done(cmd);
}

void vdisk_mode_defaults(struct vdisk *vdisk)
{
	spin_lock_bh(&vdisk->dev.dev_lock);
	WRITE_ONCE(vdisk->wce, true);
	WRITE_ONCE(vdisk->dev.swp, false);
	WRITE_ONCE(vdisk->dev.d_sense, false);
	spin_unlock_bh(&vdisk->dev.dev_lock);
}
