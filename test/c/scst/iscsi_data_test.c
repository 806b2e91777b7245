/* SPDX-License-Identifier: MIT */
/*
 * iscsi_data_test.c - reads and writes in every shape the negotiated values allow:
 * Data-In, immediate and unsolicited data, R2Ts, digests, residuals, short writes.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscsi_peer.h"

static struct peer peer;
static u8 pattern[256 << 10];

/* A logged-in peer with these changes to the default values, a disk and a pattern. */
#define START(...)							\
	do {								\
		struct iscsi_handoff h;					\
									\
		target_start();						\
		fill(disk, DISK_BYTES, 1);				\
		fill(pattern, sizeof(pattern), 2);			\
		handoff_default(&h);					\
		__VA_ARGS__;						\
		peer_login(&peer, &h);					\
		peer_first_cmd(&peer);					\
	} while (0)

static void end(void)
{
	peer_expect_service(&peer);
	peer_close(&peer);
	target_stop();
}

static u32 receive_r2t(u32 itt, u32 r2t_sn, u32 offset, u32 len)
{
	struct reply r;

	peer_receive(&peer, &r, ISCSI_OP_R2T);
	CHECK_EQ(reply_itt(&r), itt);
	CHECK_EQ(get32(r.bhs, 36), r2t_sn);
	CHECK_EQ(get32(r.bhs, 40), offset);
	CHECK_EQ(get32(r.bhs, 44), len);
	return get32(r.bhs, 20);
}

TEST(iscsi_read_of_one_block_is_one_pdu)
{
	START();
	peer_expect_data(&peer, peer_read(&peer, 9, 1), disk + 9 * 512, 512);
	end();
}

TEST(iscsi_read_is_split_by_segment_and_burst)
{
	struct reply r;
	u32 finals = 0, itt, off = 0;

	START(h.max_xmit_data_segment_length = 3000, h.max_burst_length = h.first_burst_length = 7000);
	itt = peer_read(&peer, 0, 64);
	while (off < 64 * 512) {
		peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
		CHECK_EQ(reply_itt(&r), itt);
		CHECK_LE(r.len, 3000);
		CHECK_MEMEQ(r.data, disk + off, r.len);
		off += r.len;
		finals += reply_flags(&r) >> 7;
		/* F where a burst of 7000 ends, and at the end. */
		CHECK_EQ(reply_flags(&r) >> 7, off % 7000 == 0 || off == 64 * 512);
	}
	CHECK_EQ(finals, 5);
	end();
}

TEST(iscsi_many_reads_at_once)
{
	u32 itts[32];

	START();
	for (u32 round = 0; round < 20; round++) {
		for (u32 i = 0; i < 32; i++)
			itts[i] = peer_read(&peer, i * 8, 8);
		for (u32 i = 0; i < 32; i++)
			peer_expect_data(&peer, itts[i], disk + i * 4096, 4096);
	}
	end();
}

TEST(iscsi_write_with_immediate_data)
{
	u32 itt;

	START();
	itt = peer_write(&peer, 2, 8, pattern, 4096, false);
	peer_expect_status(&peer, itt, 0, 0);
	CHECK_MEMEQ(disk + 2 * 512, pattern, 4096);
	end();
}

TEST(iscsi_write_with_r2ts)
{
	u32 itt, ttt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = peer_write(&peer, 0, 64, NULL, 0, false);
	for (u32 burst = 0; burst < 2; burst++) {
		u32 off = burst * 16384;

		ttt = receive_r2t(itt, burst, off, 16384);
		peer_data_out(&peer, itt, ttt, 0, off, pattern + off, 8192, false);
		peer_data_out(&peer, itt, ttt, 1, off + 8192, pattern + off + 8192, 8192, true);
	}
	peer_expect_status(&peer, itt, 0, 0);
	CHECK_MEMEQ(disk, pattern, 32768);
	end();
}

TEST(iscsi_write_with_immediate_unsolicited_and_r2t)
{
	u32 itt, ttt;

	START(h.first_burst_length = 12288);
	itt = peer_write(&peer, 0, 40, pattern, 4096, true);
	peer_data_out(&peer, itt, ISCSI_RESERVED_TAG, 0, 4096, pattern + 4096, 4096, false);
	peer_expect_silence(&peer);
	peer_data_out(&peer, itt, ISCSI_RESERVED_TAG, 1, 8192, pattern + 8192, 4096, true);
	ttt = receive_r2t(itt, 0, 12288, 8192);
	peer_data_out(&peer, itt, ttt, 0, 12288, pattern + 12288, 8192, true);
	peer_expect_status(&peer, itt, 0, 0);
	CHECK_MEMEQ(disk, pattern, 20480);
	end();
}

TEST(iscsi_unsolicited_data_may_end_early)
{
	u32 itt, ttt;

	START();
	itt = peer_write(&peer, 0, 16, pattern, 512, true);
	peer_data_out(&peer, itt, ISCSI_RESERVED_TAG, 0, 512, pattern + 512, 512, true);
	ttt = receive_r2t(itt, 0, 1024, 7168);
	peer_data_out(&peer, itt, ttt, 0, 1024, pattern + 1024, 7168, true);
	peer_expect_status(&peer, itt, 0, 0);
	CHECK_MEMEQ(disk, pattern, 8192);
	end();
}

TEST(iscsi_several_r2ts_outstanding)
{
	u32 itt, ttt[4];

	START(h.immediate_data = 0, h.initial_r2t = 1, h.max_outstanding_r2t = 3, h.max_burst_length = 4096,
	      h.first_burst_length = 4096);
	itt = peer_write(&peer, 0, 32, NULL, 0, false);
	for (u32 i = 0; i < 3; i++)
		ttt[i] = receive_r2t(itt, i, i * 4096, 4096);
	peer_expect_silence(&peer);
	peer_data_out(&peer, itt, ttt[0], 0, 0, pattern, 4096, true);
	ttt[3] = receive_r2t(itt, 3, 12288, 4096);
	for (u32 i = 1; i < 4; i++)
		peer_data_out(&peer, itt, ttt[i], 0, i * 4096, pattern + i * 4096, 4096, true);
	peer_expect_status(&peer, itt, 0, 0);
	CHECK_MEMEQ(disk, pattern, 16384);
	end();
}

TEST(iscsi_large_segments_go_straight_to_the_command)
{
	u32 itt, ttt;

	START(h.max_recv_data_segment_length = 256 << 10, h.max_burst_length = 256 << 10,
	      h.first_burst_length = 128 << 10, h.data_digest = 1);
	for (u32 round = 0; round < 4; round++) {
		fill(pattern, sizeof(pattern), round);
		itt = peer_write(&peer, 0, 512, pattern, 100000, false);
		ttt = receive_r2t(itt, 0, 100000, (256 << 10) - 100000);
		peer_data_out(&peer, itt, ttt, 0, 100000, pattern + 100000, (256 << 10) - 100000, true);
		peer_expect_status(&peer, itt, 0, 0);
		CHECK_MEMEQ(disk, pattern, 256 << 10);
	}
	end();
}

TEST(iscsi_writes_of_many_lengths_with_digests)
{
	START(h.header_digest = 1, h.data_digest = 1);
	for (u32 blocks = 1; blocks <= 32; blocks += 3) {
		u32 len = blocks * 512, imm = min(len, 8191u), itt, ttt;

		fill(pattern, len, blocks);
		itt = peer_write(&peer, 5, blocks, pattern, imm, false);
		if (imm < len) {
			ttt = receive_r2t(itt, 0, imm, len - imm);
			for (u32 off = imm, sn = 0; off < len; sn++) {
				u32 n = min(len - off, 1021u);

				peer_data_out(&peer, itt, ttt, sn, off, pattern + off, n, off + n == len);
				off += n;
			}
		}
		peer_expect_status(&peer, itt, 0, 0);
		CHECK_MEMEQ(disk + 5 * 512, pattern, len);
		peer_expect_data(&peer, peer_read(&peer, 5, blocks), pattern, len);
	}
	end();
}

TEST(iscsi_pdus_in_single_bytes)
{
	u8 bhs[ISCSI_BHS_LEN], pdu[ISCSI_BHS_LEN + 1024];

	START();
	peer_header(&peer, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE, peer.next_itt++);
	put32(bhs, 20, 1024);
	bhs[6] = 1024 >> 8;
	bhs[32] = 0x2a;
	bhs[32 + 8] = 2;
	memcpy(pdu, bhs, sizeof(bhs));
	memcpy(pdu + sizeof(bhs), pattern, 1024);
	for (u32 i = 0; i < sizeof(pdu); i++) {
		peer_send_raw(&peer, pdu + i, 1);
		if (i % 64 < 3)
			wait_ms(1);
	}
	peer_expect_status(&peer, peer.next_itt - 1, 0, 0);
	CHECK_MEMEQ(disk, pattern, 1024);
	end();
}

static void check_residual(const struct reply *r, u8 flag, u32 count)
{
	CHECK_EQ(reply_flags(r) & (ISCSI_RSP_OVERFLOW | ISCSI_RSP_UNDERFLOW), flag);
	CHECK_EQ(get32(r->bhs, 44), count);
}

TEST(iscsi_residuals)
{
	static const u8 read_2[16] = { 0x28, [8] = 2 }, write_2[16] = { 0x2a, [8] = 2 };
	struct reply r;

	START();
	peer_cmd(&peer, read_2, 0xc0, 512, NULL, 0);
	peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
	CHECK_EQ(r.len, 512);
	check_residual(&r, ISCSI_RSP_OVERFLOW, 512);

	peer_cmd(&peer, read_2, 0xc0, 4096, NULL, 0);
	peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
	CHECK_EQ(r.len, 1024);
	check_residual(&r, ISCSI_RSP_UNDERFLOW, 3072);

	/* More is sent than the CDB wants: the rest is dropped. */
	peer_cmd(&peer, write_2, 0xa0, 4096, pattern, 4096);
	peer_receive(&peer, &r, ISCSI_OP_SCSI_RSP);
	CHECK_EQ(reply_status(&r), 0);
	check_residual(&r, ISCSI_RSP_UNDERFLOW, 3072);
	CHECK_MEMEQ(disk, pattern, 1024);

	peer_cmd(&peer, write_2, 0xa0, 512, pattern + 4096, 512);
	peer_receive(&peer, &r, ISCSI_OP_SCSI_RSP);
	check_residual(&r, ISCSI_RSP_OVERFLOW, 512);
	end();
}

TEST(iscsi_sense_comes_with_check_condition)
{
	START(h.header_digest = 1, h.data_digest = 1);
	peer_expect_status(&peer, peer_read(&peer, DISK_BYTES / 512, 1), 2, 0x052100);
	end();
}

/* The answer is known at once, but the unsolicited burst must end first (RFC 7143 7.8). */
TEST(iscsi_early_error_waits_for_the_f_bit)
{
	u32 itt;

	START();
	itt = peer_write(&peer, DISK_BYTES / 512, 16, pattern, 4096, true);
	peer_expect_silence(&peer);
	peer_data_out(&peer, itt, ISCSI_RESERVED_TAG, 0, 4096, pattern, 4096, true);
	peer_expect_status(&peer, itt, 2, 0x052100);
	end();
}

TEST(iscsi_commands_that_complete_later)
{
	u32 itts[8], seen = 0;

	START();
	disk_hold(true);
	for (u32 i = 0; i < 8; i++)
		itts[i] = peer_read(&peer, i, 1);
	peer_expect_silence(&peer);
	CHECK_EQ(disk_held(), 8);
	disk_release();
	for (u32 i = 0; i < 8; i++) {
		struct reply r;

		peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
		CHECK_MEMEQ(r.data, disk + (reply_itt(&r) - itts[0]) * 512, 512);
		seen |= 1 << (reply_itt(&r) - itts[0]);
	}
	CHECK_EQ(seen, 0xff);
	end();
}

/* Nobody reads: writes to the socket are short, receiving pauses, and all of it comes in the end. */
TEST(iscsi_short_writes_and_pauses)
{
	enum { NR = 96 };
	u32 itts[NR];

	START(h.max_xmit_data_segment_length = 65536, h.max_burst_length = 65536, h.queue_depth = NR,
	      h.first_burst_length = 8192, h.data_digest = 1);
	for (u32 i = 0; i < NR; i++)
		itts[i] = peer_read(&peer, i * 64, 64);
	wait_ms(100);
	for (u32 i = 0; i < NR; i++)
		peer_expect_data(&peer, itts[i], disk + i * 64 * 512, 64 * 512);
	end();
}
