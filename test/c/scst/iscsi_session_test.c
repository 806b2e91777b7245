/* SPDX-License-Identifier: MIT */
/*
 * iscsi_session_test.c - everything that is not reading and writing: NOP, text,
 * logout, task management, CmdSN order, reinstatement, hand-off, events, shutdown.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "iscsi_peer.h"

extern int close(int fd);

static struct peer peer;

#define START(...)							\
	do {								\
		struct iscsi_handoff h;					\
									\
		target_start();						\
		fill(disk, DISK_BYTES, 1);				\
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

TEST(iscsi_nop_out_is_echoed)
{
	u8 bhs[ISCSI_BHS_LEN], ping[1000];
	struct reply r;

	START();
	fill(ping, sizeof(ping), 3);
	peer_header(&peer, bhs, ISCSI_OP_NOP_OUT, 0x80, 0x99);
	put32(bhs, 20, ISCSI_RESERVED_TAG);
	peer_send(&peer, bhs, ping, sizeof(ping));
	peer_receive(&peer, &r, ISCSI_OP_NOP_IN);
	CHECK_EQ(reply_itt(&r), 0x99);
	CHECK_EQ(get32(r.bhs, 20), ISCSI_RESERVED_TAG);
	CHECK_EQ(r.len, sizeof(ping));
	CHECK_MEMEQ(r.data, ping, sizeof(ping));
	end();
}

TEST(iscsi_idle_initiator_is_pinged)
{
	u8 bhs[ISCSI_BHS_LEN];
	struct reply r;

	START(h.nop_in_interval_ms = 100, h.nop_in_timeout_ms = 200);
	for (u32 i = 0; i < 3; i++) {
		peer_receive(&peer, &r, ISCSI_OP_NOP_IN);
		CHECK_EQ(reply_itt(&r), ISCSI_RESERVED_TAG);
		peer_header(&peer, bhs, ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, 0x80, ISCSI_RESERVED_TAG);
		put32(bhs, 20, get32(r.bhs, 20));
		peer_send(&peer, bhs, NULL, 0);
	}
	/* No answer to the next one. */
	peer_receive(&peer, &r, ISCSI_OP_NOP_IN);
	peer_expect_end(&peer);
	peer_close(&peer);
	target_stop();
}

static void send_text(u32 itt, u32 ttt, u8 flags, const char *text, u32 len)
{
	u8 bhs[ISCSI_BHS_LEN];

	peer_header(&peer, bhs, ISCSI_OP_TEXT_REQ, flags, itt);
	put32(bhs, 20, ttt);
	peer_send(&peer, bhs, text, len);
}

#define TEXT(s)	(s), sizeof(s)

TEST(iscsi_send_targets_names_our_own)
{
	static const char answer[] = "TargetName=" TARGET_NAME "\0TargetAddress=127.0.0.1:3260,1";
	struct reply r;

	START();
	send_text(0x10, ISCSI_RESERVED_TAG, 0x80, TEXT("SendTargets="));
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	CHECK_EQ(reply_itt(&r), 0x10);
	CHECK_EQ(reply_flags(&r), 0x80);
	CHECK_EQ(r.len, sizeof(answer));
	CHECK_MEMEQ(r.data, answer, sizeof(answer));

	send_text(0x11, ISCSI_RESERVED_TAG, 0x80, TEXT("SendTargets=All"));
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	CHECK_STREQ((char *)r.data, "SendTargets=Reject");
	end();
}

TEST(iscsi_text_keys)
{
	struct reply r;

	START();
	send_text(0x10, ISCSI_RESERVED_TAG, 0x80, TEXT("constructor=1\0MaxBurstLength=512"));
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	CHECK_EQ(r.len, sizeof("constructor=NotUnderstood\0MaxBurstLength=Reject"));
	CHECK_MEMEQ(r.data, "constructor=NotUnderstood\0MaxBurstLength=Reject", r.len);

	send_text(0x11, ISCSI_RESERVED_TAG, 0x80, TEXT("MaxRecvDataSegmentLength=512"));
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	CHECK_EQ(r.len, 0);
	peer_read(&peer, 0, 2);
	peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
	CHECK_EQ(r.len, 512);
	peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
	end();
}

TEST(iscsi_text_in_pieces)
{
	struct reply r;
	u32 ttt;

	START();
	send_text(0x10, ISCSI_RESERVED_TAG, ISCSI_TEXT_CONTINUE, "Send", 4);
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	CHECK_EQ(reply_flags(&r), 0);
	ttt = get32(r.bhs, 20);
	CHECK_NE(ttt, ISCSI_RESERVED_TAG);
	send_text(0x10, ttt, 0x80, TEXT("Targets=All"));
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	CHECK_STREQ((char *)r.data, "SendTargets=Reject");
	/* That tag is used up. */
	send_text(0x10, ttt, 0x80, TEXT("X=Y"));
	peer_expect_reject(&peer, ISCSI_REASON_INVALID_FIELD);
	end();
}

TEST(iscsi_text_limits)
{
	static char text[8192];
	struct reply r;

	START();
	memset(text, 'x', sizeof(text));
	send_text(0x10, ISCSI_RESERVED_TAG, ISCSI_TEXT_CONTINUE, text, sizeof(text));
	peer_receive(&peer, &r, ISCSI_OP_TEXT_RSP);
	send_text(0x10, get32(r.bhs, 20), 0x80, text, 1);
	peer_expect_reject(&peer, ISCSI_REASON_LONG_OPERATION);
	send_text(0x11, ISCSI_RESERVED_TAG, 0x80, "no end", 6);
	peer_expect_reject(&peer, ISCSI_REASON_PROTOCOL);
	send_text(0x12, ISCSI_RESERVED_TAG, 0x80, TEXT("no value"));
	peer_expect_reject(&peer, ISCSI_REASON_PROTOCOL);
	/* The answer would be four times as long. */
	for (u32 i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "a=b", 4);
	send_text(0x13, ISCSI_RESERVED_TAG, 0x80, text, sizeof(text));
	peer_expect_reject(&peer, ISCSI_REASON_LONG_OPERATION);
	end();
}

static void send_logout(u8 reason, u16 cid)
{
	u8 bhs[ISCSI_BHS_LEN];

	peer_header(&peer, bhs, ISCSI_OP_LOGOUT_REQ, 0x80 | reason, 0x70);
	put32(bhs, 20, (u32)cid << 16);
	peer_send(&peer, bhs, NULL, 0);
}

TEST(iscsi_logout)
{
	struct reply r;

	START();
	send_logout(ISCSI_LOGOUT_RECOVERY, 1);
	peer_receive(&peer, &r, ISCSI_OP_LOGOUT_RSP);
	CHECK_EQ(r.bhs[2], ISCSI_LOGOUT_NO_RECOVERY);
	send_logout(ISCSI_LOGOUT_CONN, 9);
	peer_receive(&peer, &r, ISCSI_OP_LOGOUT_RSP);
	CHECK_EQ(r.bhs[2], ISCSI_LOGOUT_NO_CID);
	send_logout(9, 1);
	peer_expect_reject(&peer, ISCSI_REASON_INVALID_FIELD);
	peer_expect_service(&peer);
	send_logout(ISCSI_LOGOUT_SESSION, 1);
	peer_receive(&peer, &r, ISCSI_OP_LOGOUT_RSP);
	CHECK_EQ(r.bhs[2], ISCSI_LOGOUT_OK);
	peer_expect_end(&peer);
	peer_close(&peer);
	target_stop();
}

static void tmf(u8 fn, u32 ref_itt, u32 ref_sn, u8 expected)
{
	u8 bhs[ISCSI_BHS_LEN];
	struct reply r;

	peer_header(&peer, bhs, ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE, 0x80 | fn, 0x333);
	put32(bhs, 20, ref_itt);
	put32(bhs, 32, ref_sn);
	peer_send(&peer, bhs, NULL, 0);
	peer_receive(&peer, &r, ISCSI_OP_TMF_RSP);
	CHECK_EQ(reply_itt(&r), 0x333);
	CHECK_EQ(r.bhs[2], expected);
}

TEST(iscsi_abort_task_that_waits_for_data)
{
	static u8 data[4096];
	struct reply r;
	u32 itt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = peer_write(&peer, 0, 8, NULL, 0, false);
	peer_receive(&peer, &r, ISCSI_OP_R2T);
	tmf(ISCSI_TMF_ABORT_TASK, itt, peer.cmd_sn - 1, ISCSI_TMF_COMPLETE);
	tmf(ISCSI_TMF_ABORT_TASK, itt, peer.cmd_sn - 1, ISCSI_TMF_NO_TASK);
	/* Data that was under way is dropped in silence. */
	peer_data_out(&peer, itt, get32(r.bhs, 20), 0, 0, data, 4096, true);
	peer_expect_silence(&peer);
	end();
}

TEST(iscsi_abort_task_whose_answer_waits)
{
	static u8 data[4096];
	u32 itt;

	START();
	itt = peer_write(&peer, DISK_BYTES / 512, 16, data, 4096, true);
	peer_expect_silence(&peer);
	tmf(ISCSI_TMF_ABORT_TASK, itt, peer.cmd_sn - 1, ISCSI_TMF_COMPLETE);
	end();
}

/* RFC 7143 11.6.1: not received yet, but in the window. */
TEST(iscsi_abort_task_that_has_not_arrived)
{
	u32 lost;

	START();
	lost = peer.cmd_sn++;
	tmf(ISCSI_TMF_ABORT_TASK, 0x4444, lost, ISCSI_TMF_COMPLETE);
	/* Its CmdSN is filled: the next one runs. */
	peer_expect_service(&peer);
	tmf(ISCSI_TMF_ABORT_TASK, 0x4444, peer.cmd_sn + 1000, ISCSI_TMF_NO_TASK);
	end();
}

TEST(iscsi_task_management_functions)
{
	START();
	tmf(ISCSI_TMF_ABORT_TASK_SET, 0, 0, ISCSI_TMF_COMPLETE);
	tmf(ISCSI_TMF_LUN_RESET, 0, 0, ISCSI_TMF_COMPLETE);
	peer_first_cmd(&peer);
	tmf(ISCSI_TMF_TASK_REASSIGN, 0, 0, ISCSI_TMF_NO_REASSIGN);
	tmf(99, 0, 0, ISCSI_TMF_NOT_SUPPORTED);
	end();
}

TEST(iscsi_requests_run_in_cmd_sn_order)
{
	static u8 first[1024], second[1024];
	u32 sn, itts[3];

	START();
	memset(first, 1, sizeof(first));
	memset(second, 2, sizeof(second));
	sn = peer.cmd_sn;
	/* The third, then the second (twice, and with data of its own), then the first. */
	peer.cmd_sn = sn + 2;
	itts[2] = peer_read(&peer, 0, 2);
	peer.cmd_sn = sn + 1;
	itts[1] = peer_write(&peer, 0, 2, second, 512, true);
	peer_data_out(&peer, itts[1], ISCSI_RESERVED_TAG, 0, 512, second + 512, 512, true);
	peer.cmd_sn = sn + 1;
	peer_read(&peer, 0, 1);
	peer_expect_silence(&peer);
	peer.cmd_sn = sn;
	itts[0] = peer_write(&peer, 0, 2, first, sizeof(first), false);
	peer_expect_status(&peer, itts[0], 0, 0);
	peer_expect_status(&peer, itts[1], 0, 0);
	peer_expect_data(&peer, itts[2], second, sizeof(second));
	peer.cmd_sn = sn + 3;
	end();
}

TEST(iscsi_reinstatement_ends_the_old_session)
{
	struct iscsi_handoff h;
	struct iscsi_event event;
	struct peer again;
	struct reply r;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	/* A task that waits for data ends with the old session (RFC 7143 6.3.5). */
	peer_write(&peer, 0, 8, NULL, 0, false);
	peer_receive(&peer, &r, ISCSI_OP_R2T);
	handoff_default(&h);
	h.isid[5] = 1;		/* that of the first one */
	peer_login(&again, &h);
	peer_expect_end(&peer);
	peer_close(&peer);
	/* One ended before the other began. */
	CHECK_EQ(iscsi_event_next(&event), 1);
	CHECK_EQ(iscsi_event_next(&event), 1);
	CHECK_EQ(event.code, ISCSI_EVENT_SESSION_DOWN);
	CHECK_EQ(event.tsih, 1);
	CHECK_STREQ(event.reason, "reinstated by its initiator");
	CHECK_EQ(iscsi_event_next(&event), 1);
	CHECK_EQ(event.code, ISCSI_EVENT_SESSION_UP);
	CHECK_EQ(event.tsih, 2);
	peer_first_cmd(&again);
	peer = again;
	end();
}

TEST(iscsi_login_response_goes_first)
{
	u8 rsp[ISCSI_BHS_LEN] = { 0x23, 0x87 };
	struct reply r;
	struct iscsi_handoff h;

	target_start();
	handoff_default(&h);
	put32(rsp, 24, h.stat_sn - 1);
	h.login_rsp = rsp;
	h.login_rsp_len = sizeof(rsp);
	peer_login(&peer, &h);
	peer.stat_sn--;
	peer_receive(&peer, &r, 0x23);
	CHECK_EQ(r.bhs[1], 0x87);
	peer_first_cmd(&peer);
	end();
}

TEST(iscsi_handoff_refuses)
{
	struct iscsi_handoff h;

	START();
	handoff_default(&h);
	h.size--;
	CHECK_EQ(iscsi_handoff(0, &h), -EINVAL);
	handoff_default(&h);
	h.tsih = 1;		/* in use */
	CHECK_EQ(iscsi_handoff(0, &h), -EINVAL);
	handoff_default(&h);
	h.queue_depth = 0;
	CHECK_EQ(iscsi_handoff(0, &h), -EINVAL);
	handoff_default(&h);
	memset(h.peer, 'x', sizeof(h.peer));
	CHECK_EQ(iscsi_handoff(0, &h), -EINVAL);
	handoff_default(&h);
	strscpy(h.target_name, "iqn.2026-11.dev.ring3.test:none", sizeof(h.target_name));
	CHECK_EQ(iscsi_handoff(0, &h), -ENOENT);
	handoff_default(&h);
	CHECK_LT(iscsi_handoff(9999, &h), 0);
	end();
}

TEST(iscsi_events_and_show)
{
	static char json[8192];
	struct iscsi_event event;
	long len;

	START();
	CHECK_GE(iscsi_event_fd(), 0);
	CHECK_EQ(iscsi_event_next(&event), 1);
	CHECK_EQ(event.code, ISCSI_EVENT_SESSION_UP);
	CHECK_STREQ(event.initiator_name, INITIATOR_NAME);
	CHECK_EQ(iscsi_event_next(&event), 0);
	len = iscsi_show(json, sizeof(json));
	CHECK_EQ(len, strlen(json));
	CHECK(strstr(json, "\"initiator\":\"" INITIATOR_NAME "\""));
	CHECK(strstr(json, "\"state\":\"up\""));
	CHECK_EQ(iscsi_show(NULL, 0), iscsi_show(json, 10));
	CHECK_EQ(iscsi_session_close(0x777), -ENOENT);
	CHECK_EQ(iscsi_session_close(1), 0);
	peer_expect_end(&peer);
	for (u32 i = 0; i < 100 && !iscsi_event_next(&event); i++)
		wait_ms(10);
	CHECK_EQ(event.code, ISCSI_EVENT_SESSION_DOWN);
	CHECK_STREQ(event.reason, "closed by the administrator");
	peer_close(&peer);
	target_stop();
}

TEST(iscsi_shutdown_asks_first)
{
	struct iscsi_handoff h;
	struct reply r;

	START();
	CHECK_EQ(iscsi_shutdown(100), 1);
	peer_receive(&peer, &r, ISCSI_OP_ASYNC_MSG);
	CHECK_EQ(r.bhs[36], ISCSI_ASYNC_LOGOUT);
	peer_expect_end(&peer);
	handoff_default(&h);
	CHECK_EQ(iscsi_handoff(0, &h), -ENOENT);
	peer_close(&peer);
	target_stop();
}

TEST(iscsi_many_sessions_come_and_go)
{
	struct iscsi_handoff h;
	struct peer peers[40];

	START();
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < ARRAY_SIZE(peers); i++) {
			handoff_default(&h);
			peer_login(&peers[i], &h);
			peer_first_cmd(&peers[i]);
		}
		for (u32 i = 0; i < ARRAY_SIZE(peers); i++)
			peer_expect_service(&peers[i]);
		for (u32 i = 0; i < ARRAY_SIZE(peers); i++)
			peer_close(&peers[i]);
	}
	end();
}
