/* SPDX-License-Identifier: MIT */
/*
 * iscsi_bad_test.c - bad input in full-feature phase: each gets its one answer, and
 * a neighbour's session does not notice.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscsi_peer.h"

static struct peer peer, neighbour;
static u8 pattern[64 << 10];

#define START(...)							\
	do {								\
		struct iscsi_handoff h;					\
									\
		target_start();						\
		fill(disk, DISK_BYTES, 1);				\
		fill(pattern, sizeof(pattern), 2);			\
		handoff_default(&h);					\
		peer_login(&neighbour, &h);				\
		peer_first_cmd(&neighbour);				\
		handoff_default(&h);					\
		__VA_ARGS__;						\
		peer_login(&peer, &h);					\
		peer_first_cmd(&peer);					\
	} while (0)

/* @alive: the peer's own connection must have survived. */
static void end(bool alive)
{
	if (alive)
		peer_expect_service(&peer);
	peer_expect_service(&neighbour);
	peer_close(&peer);
	peer_close(&neighbour);
	target_stop();
}

static u32 start_r2t(u32 blocks, u32 *ttt)
{
	struct reply r;
	u32 itt = peer_write(&peer, 0, blocks, NULL, 0, false);

	peer_receive(&peer, &r, ISCSI_OP_R2T);
	*ttt = get32(r.bhs, 20);
	return itt;
}

TEST(iscsi_unknown_opcode)
{
	u8 bhs[ISCSI_BHS_LEN];

	START();
	peer_header(&peer, bhs, 0x1d | ISCSI_IMMEDIATE, 0x80, 5);
	peer_send(&peer, bhs, pattern, 100);
	peer_expect_reject(&peer, ISCSI_REASON_UNSUPPORTED);
	end(true);
}

TEST(iscsi_snack_is_rejected)
{
	u8 bhs[ISCSI_BHS_LEN];

	START();
	peer_header(&peer, bhs, ISCSI_OP_SNACK_REQ | ISCSI_IMMEDIATE, 0x80, 5);
	peer_send(&peer, bhs, NULL, 0);
	peer_expect_reject(&peer, ISCSI_REASON_SNACK);
	end(true);
}

TEST(iscsi_task_tag_in_use)
{
	u32 itt, ttt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = start_r2t(8, &ttt);
	peer.next_itt = itt;
	peer_read(&peer, 0, 1);
	peer_expect_reject(&peer, ISCSI_REASON_PROTOCOL);
	peer_data_out(&peer, itt, ttt, 0, 0, pattern, 4096, true);
	peer_expect_status(&peer, itt, 0, 0);
	end(true);
}

TEST(iscsi_data_segment_beyond_what_was_declared)
{
	u8 bhs[ISCSI_BHS_LEN];

	START();
	peer_header(&peer, bhs, ISCSI_OP_NOP_OUT, 0x80, 5);
	put32(bhs, 20, ISCSI_RESERVED_TAG);
	peer_send(&peer, bhs, pattern, 8193);
	peer_expect_reject(&peer, ISCSI_REASON_PROTOCOL);
	peer_expect_end(&peer);
	end(false);
}

TEST(iscsi_ahs_beyond_the_limit)
{
	u8 bhs[ISCSI_BHS_LEN];

	START();
	peer_header(&peer, bhs, ISCSI_OP_SCSI_CMD, 0xc1, 5);
	peer_send_ahs(&peer, bhs, pattern, 1020, NULL, 0);
	peer_expect_reject(&peer, ISCSI_REASON_INVALID_FIELD);
	peer_expect_end(&peer);
	end(false);
}

TEST(iscsi_ahs_malformed)
{
	static const u8 bad[][8] = { { 0, 200, 1 }, { 0, 5, 9 }, { 0, 4, 2 }, { 0xff, 0xff, 1 } };
	u8 bhs[ISCSI_BHS_LEN];

	START();
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		peer_header(&peer, bhs, ISCSI_OP_SCSI_CMD, 0x81, 5);
		peer_send_ahs(&peer, bhs, bad[i], 8, NULL, 0);
		peer_expect_reject(&peer, ISCSI_REASON_INVALID_FIELD);
	}
	end(true);
}

TEST(iscsi_long_cdb_and_bidi_length_are_understood)
{
	u8 bhs[ISCSI_BHS_LEN], ahs[28] = { 0, 17, 1, 0 };
	struct reply r;

	START();
	ahs[20 + 1] = 5;
	ahs[20 + 2] = 2;
	put32(ahs, 20 + 4, 512);
	peer_header(&peer, bhs, ISCSI_OP_SCSI_CMD, 0x81, 5);
	bhs[32] = 0x7f;
	bhs[32 + 7] = 24;
	peer_send_ahs(&peer, bhs, ahs, sizeof(ahs), NULL, 0);
	peer_receive(&peer, &r, ISCSI_OP_SCSI_RSP);
	CHECK_EQ(reply_status(&r), 2);
	CHECK_EQ(reply_flags(&r) & ISCSI_RSP_BIDI_UNDERFLOW, ISCSI_RSP_BIDI_UNDERFLOW);
	CHECK_EQ(get32(r.bhs, 40), 512);
	end(true);
}

TEST(iscsi_cmd_sn_outside_the_window_is_not_heard)
{
	START();
	peer.cmd_sn += 1000;
	peer_read(&peer, 0, 1);
	peer.cmd_sn -= 1001 + 5;
	peer_read(&peer, 0, 1);
	peer.cmd_sn += 4;
	peer_expect_silence(&peer);
	peer_expect_service(&peer);
	/* A duplicate. */
	peer.cmd_sn--;
	peer_read(&peer, 0, 1);
	peer_expect_silence(&peer);
	end(true);
}

/* The window is queue_depth commands; it opens again when they are answered. */
TEST(iscsi_cmd_sn_window_is_queue_depth)
{
	struct reply r;

	START(h.queue_depth = 4);
	disk_hold(true);
	for (u32 i = 0; i < 5; i++)
		peer_read(&peer, 0, 1);
	peer_expect_silence(&peer);
	CHECK_EQ(disk_held(), 4);
	disk_release();
	for (u32 i = 0; i < 4; i++) {
		peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
		CHECK_EQ(get32(r.bhs, 28), peer.cmd_sn - 1);
		CHECK_EQ(get32(r.bhs, 32), peer.cmd_sn - 1 + i);
	}
	peer_expect_silence(&peer);
	peer.cmd_sn--;
	end(true);
}

TEST(iscsi_data_out_with_a_wrong_ttt)
{
	u32 itt, ttt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = start_r2t(8, &ttt);
	peer_data_out(&peer, itt, ttt + 77, 0, 0, pattern, 4096, true);
	peer_expect_reject(&peer, ISCSI_REASON_INVALID_FIELD);
	peer_data_out(&peer, itt, ttt, 0, 0, pattern, 4096, true);
	peer_expect_status(&peer, itt, 0, 0);
	end(true);
}

TEST(iscsi_data_out_for_an_unknown_task)
{
	START();
	peer_data_out(&peer, 0x7777, 0x1234, 0, 0, pattern, 512, true);
	peer_expect_reject(&peer, ISCSI_REASON_PROTOCOL);
	end(true);
}

TEST(iscsi_data_out_with_a_wrong_data_sn)
{
	static const u32 wrong[] = { 1, 27, 0xffffffff };
	u32 itt, ttt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
		itt = start_r2t(16, &ttt);
		peer_data_out(&peer, itt, ttt, wrong[i], 0, pattern, 4096, false);
		peer_expect_silence(&peer);	/* the burst is not over */
		peer_data_out(&peer, itt, ttt, wrong[i] + 1, 4096, pattern, 4096, true);
		peer_expect_status(&peer, itt, 2, 0x0b4705);
	}
	end(true);
}

TEST(iscsi_data_out_with_a_wrong_offset_or_length)
{
	u32 itt, ttt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = start_r2t(8, &ttt);
	peer_data_out(&peer, itt, ttt, 0, 512, pattern, 3584, true);
	peer_expect_status(&peer, itt, 2, 0x0b0c0d);

	itt = start_r2t(8, &ttt);
	peer_data_out(&peer, itt, ttt, 0, 1 << 20, pattern, 4096, true);
	peer_expect_status(&peer, itt, 2, 0x0b0c0d);

	itt = start_r2t(8, &ttt);
	peer_data_out(&peer, itt, ttt, 0, 0, pattern, 8192, true);
	peer_expect_status(&peer, itt, 2, 0x0b0c0d);

	itt = start_r2t(8, &ttt);
	peer_data_out(&peer, itt, ttt, 0, 0, pattern, 2048, true);
	peer_expect_status(&peer, itt, 2, 0x0b0c0d);

	itt = start_r2t(8, &ttt);
	peer_data_out(&peer, itt, ttt, 0, 0, pattern, 4096, false);
	peer_expect_status(&peer, itt, 2, 0x0b0c0d);
	end(true);
}

TEST(iscsi_immediate_data_that_was_not_negotiated)
{
	u32 itt;

	START(h.immediate_data = 0);
	itt = peer_write(&peer, 0, 8, pattern, 4096, false);
	peer_expect_status(&peer, itt, 2, 0x0b0c0c);
	CHECK(__builtin_memcmp(disk, pattern, 4096));
	end(true);
}

TEST(iscsi_immediate_data_beyond_first_burst)
{
	u32 itt;

	START(h.first_burst_length = 512);
	itt = peer_write(&peer, 0, 8, pattern, 4096, false);
	peer_expect_status(&peer, itt, 2, 0x0b0c0c);
	end(true);
}

TEST(iscsi_unsolicited_data_though_initial_r2t)
{
	u32 itt;

	START(h.initial_r2t = 1);
	itt = peer_write(&peer, 0, 16, pattern, 4096, true);
	peer_expect_status(&peer, itt, 2, 0x0b0c0c);
	peer_data_out(&peer, itt, ISCSI_RESERVED_TAG, 0, 4096, pattern, 4096, true);
	end(true);
}

TEST(iscsi_unsolicited_data_beyond_first_burst)
{
	u32 itt;

	START(h.first_burst_length = 4096);
	itt = peer_write(&peer, 0, 32, pattern, 2048, true);
	peer_data_out(&peer, itt, ISCSI_RESERVED_TAG, 0, 2048, pattern, 4096, true);
	peer_expect_status(&peer, itt, 2, 0x0b0c0d);
	end(true);
}

TEST(iscsi_write_without_the_w_bit)
{
	static const u8 write_8[16] = { 0x2a, [8] = 8 };
	struct reply r;

	START();
	/* With the R bit alone, there is nothing to write from. */
	peer_cmd(&peer, write_8, 0xc0, 4096, NULL, 0);
	peer_receive(&peer, &r, ISCSI_OP_SCSI_RSP);
	CHECK_EQ(reply_status(&r), 2);
	end(true);
}

TEST(iscsi_header_digest_error_ends_the_connection)
{
	u8 bhs[ISCSI_BHS_LEN + 4] = {};

	START(h.header_digest = 1);
	peer_header(&peer, bhs, ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, 0x80, 5);
	peer_send_raw(&peer, bhs, sizeof(bhs));
	peer_expect_end(&peer);
	end(false);
}

TEST(iscsi_data_digest_error_in_immediate_data)
{
	u8 bhs[ISCSI_BHS_LEN];

	START(h.data_digest = 1);
	peer_header(&peer, bhs, ISCSI_OP_SCSI_CMD, 0xa1, 0x55);
	put32(bhs, 20, 4096);
	bhs[32] = 0x2a;
	bhs[32 + 8] = 8;
	peer_send_bad_data_digest(&peer, bhs, pattern, 4096);
	peer_expect_reject(&peer, ISCSI_REASON_DATA_DIGEST);
	peer_expect_status(&peer, 0x55, 2, 0x0b4705);
	CHECK(__builtin_memcmp(disk, pattern, 4096));
	end(true);
}

TEST(iscsi_data_digest_error_in_data_out)
{
	u8 bhs[ISCSI_BHS_LEN];
	u32 itt, ttt;

	START(h.data_digest = 1, h.immediate_data = 0, h.initial_r2t = 1);
	itt = start_r2t(16, &ttt);
	peer_header(&peer, bhs, ISCSI_OP_DATA_OUT, 0, itt);
	put32(bhs, 20, ttt);
	peer_send_bad_data_digest(&peer, bhs, pattern, 4096);
	peer_expect_reject(&peer, ISCSI_REASON_DATA_DIGEST);
	peer_expect_silence(&peer);
	peer_data_out(&peer, itt, ttt, 1, 4096, pattern, 4096, true);
	peer_expect_status(&peer, itt, 2, 0x0b4705);
	end(true);
}

TEST(iscsi_data_digest_error_in_nop_out)
{
	u8 bhs[ISCSI_BHS_LEN];

	START(h.data_digest = 1);
	peer_header(&peer, bhs, ISCSI_OP_NOP_OUT, 0x80, 5);
	put32(bhs, 20, ISCSI_RESERVED_TAG);
	peer_send_bad_data_digest(&peer, bhs, pattern, 100);
	peer_expect_reject(&peer, ISCSI_REASON_DATA_DIGEST);
	end(true);
}

TEST(iscsi_too_many_immediate_commands)
{
	static const u8 read_1[16] = { 0x28, [8] = 1 };
	u8 bhs[ISCSI_BHS_LEN];
	struct reply r;

	START();
	disk_hold(true);
	for (u32 i = 0; i < 33; i++) {
		peer_header(&peer, bhs, ISCSI_OP_SCSI_CMD | ISCSI_IMMEDIATE, 0xc1, 1000 + i);
		put32(bhs, 20, 512);
		memcpy(bhs + 32, read_1, 16);
		peer_send(&peer, bhs, NULL, 0);
	}
	peer_expect_reject(&peer, ISCSI_REASON_IMMEDIATE);
	disk_release();
	for (u32 i = 0; i < 32; i++)
		peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
	end(true);
}

TEST(iscsi_half_a_header_then_close)
{
	START();
	peer_send_raw(&peer, pattern, 20);
	end(false);
}

TEST(iscsi_vanishing_in_the_middle_of_a_burst)
{
	u8 bhs[ISCSI_BHS_LEN];
	u32 itt, ttt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = start_r2t(32, &ttt);
	peer_header(&peer, bhs, ISCSI_OP_DATA_OUT, 0, itt);
	put32(bhs, 20, ttt);
	bhs[6] = 8192 >> 8;
	peer_send_raw(&peer, bhs, sizeof(bhs));
	peer_send_raw(&peer, pattern, 1000);
	wait_ms(20);
	end(false);
}

TEST(iscsi_vanishing_with_commands_in_flight)
{
	START();
	disk_hold(true);
	for (u32 i = 0; i < 16; i++)
		peer_read(&peer, 0, 8);
	wait_ms(50);
	CHECK_EQ(disk_held(), 16);
	peer_close(&peer);
	wait_ms(50);
	disk_release();
	end(false);
}

TEST(iscsi_peer_that_never_reads)
{
	static char json[8192];

	START(h.queue_depth = 1024, h.max_send_queue_bytes = 64 << 10);
	/* Answers of 1.2 MiB: far more than queue and socket hold. */
	for (u32 i = 0; i < 150; i++)
		peer_read(&peer, 0, 16);
	wait_ms(100);
	iscsi_show(json, sizeof(json));
	CHECK(strstr(json, "\"paused\":true"));
	peer_expect_service(&neighbour);
	for (u32 i = 0; i < 150; i++)
		peer_expect_data(&peer, peer.next_itt - 150 + i, disk, 8192);
	end(true);
}

TEST(iscsi_garbage)
{
	START();
	peer_send_raw(&peer, pattern, 4096);
	end(false);
}
