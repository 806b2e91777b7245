/* SPDX-License-Identifier: MIT */
/*
 * scsi_limits_test.c - what happens at the limits: sessions, commands in flight, patience;
 * memory has scsi_memory_test.c. Whatever one initiator meets there, another is served.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "scsi_rig.h"

extern int getrlimit(int resource, unsigned long limits[2]);
extern int setrlimit(int resource, const unsigned long limits[2]);
extern int socketpair(int domain, int type, int protocol, int fds[2]);
extern int close(int fd);
extern long recv(int fd, void *buf, unsigned long len, int flags);
enum { NOFILE_ = 7, PF_UNIX_ = 1, STREAM_NONBLOCK_CLOEXEC_ = 1 | 04000 | 02000000 };

static struct peer *a, *b;
static u8 block[512], cdb_read[16], cdb_write[16];

static void start(const char *iscsi_params)
{
	rig_start_with(iscsi_params);
	rig_disk(0, "vdisk_ram", "size=1M");
	rig_disk(1, "vdisk_ram", "size=1M");
	a = rig_nexus(0);
	b = rig_nexus(1);
	cdb_rw16(cdb_read, READ_16, 1, 1);
	cdb_rw16(cdb_write, WRITE_16, 1, 1);
}

/* ---- sessions ---------------------------------------------------------------------------- */

TEST(scsi_limit_of_sessions)
{
	enum { MAX_SESSIONS = 4096 };
	static struct peer peers[MAX_SESSIONS];
	unsigned long limits[2];
	struct iscsi_handoff h;
	int fds[2];

	getrlimit(NOFILE_, limits);
	limits[0] = limits[1];
	setrlimit(NOFILE_, limits);
	if (limits[0] < 2 * MAX_SESSIONS + 200)
		test_skip("%lu files may be open, %u are needed", limits[0], 2 * MAX_SESSIONS + 200);
	rig_start();
	rig_disk(0, "vdisk_ram", "size=1M");
	for (u32 i = 0; i < MAX_SESSIONS; i++) {
		handoff_default(&h);
		h.isid[4] = (u8)(i >> 8);
		h.isid[5] = (u8)i;
		peer_login(&peers[i], &h);
	}
	handoff_default(&h);
	h.isid[3] = 1;
	CHECK_EQ(socketpair(PF_UNIX_, STREAM_NONBLOCK_CLOEXEC_, 0, fds), 0);
	CHECK_EQ(iscsi_handoff(fds[1], &h), -EMFILE);
	/* Those that are there are served, the first and the last. */
	scsi_expect_ua(&peers[0], 0, SENSE_UA_POWER_ON);
	scsi_expect_ua(&peers[MAX_SESSIONS - 1], 0, SENSE_UA_POWER_ON);
	scsi_expect_ua(&peers[2048], 0, SENSE_UA_POWER_ON);
	scsi_read(&peers[2048], 0, 0, 1, 512, block);
	/* One goes, one comes. */
	peer_close(&peers[7]);
	for (u32 i = 0; iscsi_handoff(fds[1], &h) == -EMFILE; i++) {
		CHECK_LT(i, 5000);
		wait_ms(1);
	}
	close(fds[0]);
	for (u32 i = 0; i < MAX_SESSIONS; i++)
		if (i != 7)
			peer_close(&peers[i]);
	rig_stop();
}

TEST(scsi_limit_of_patience_with_a_session_that_does_not_end)
{
	struct iscsi_handoff h;
	int fds[2];

	start("reinstate_wait_ms=300");
	rig_hold(0);
	scsi_send(a, 0, cdb_write, 0, block, 512);
	rig_wait_held(1);
	rig_handoff(0, &h);
	CHECK_EQ(socketpair(PF_UNIX_, STREAM_NONBLOCK_CLOEXEC_, 0, fds), 0);
	CHECK_EQ(iscsi_handoff(fds[1], &h), -EBUSY);
	scsi_read(b, 1, 0, 1, 512, block);
	rig_release();
	for (u32 i = 0; iscsi_handoff(fds[1], &h) == -EBUSY; i++)
		CHECK_LT(i, 10);
	close(fds[0]);
	rig_stop();
}

/* The daemon reads nothing of what happened: the newest 1024 are kept. */
TEST(scsi_limit_of_events)
{
	struct iscsi_event event;
	struct iscsi_handoff h;
	u32 count = 0;

	start(NULL);
	while (iscsi_event_next(&event))
		;
	for (u32 i = 0; i < 600; i++) {
		rig_handoff(2, &h);
		rig_login(2, &h);
		rig_logout(2);
	}
	while (iscsi_event_next(&event)) {
		/* Up and down by turns, the oldest 176 are gone. */
		CHECK_EQ(event.code, count & 1 ? ISCSI_EVENT_SESSION_DOWN : ISCSI_EVENT_SESSION_UP);
		CHECK_EQ((u16)(h.tsih - event.tsih), 511 - count / 2);
		count++;
	}
	CHECK_EQ(count, 1024);
	rig_stop();
}

/* What one connection complains of is told, but not without end. */
TEST(scsi_limit_of_complaints)
{
	static char log[1 << 20];
	unsigned long long seq = 0;
	u8 bhs[ISCSI_BHS_LEN];
	struct reply r;
	u32 lines = 0;
	int len;

	start(NULL);
	for (u32 i = 0; i < 50; i++) {
		peer_header(a, bhs, ISCSI_OP_SNACK_REQ | ISCSI_IMMEDIATE, ISCSI_FLAG_FINAL, 0x5000 + i);
		peer_send(a, bhs, NULL, 0);
		peer_receive(a, &r, ISCSI_OP_REJECT);
	}
	while ((len = ring3_dmesg(&seq, log, sizeof(log) - 1)) > 0) {
		log[len] = 0;
		for (char *at = log; (at = strstr(at, "opcode is 0x10")); at++)
			lines++;
	}
	CHECK_EQ(lines, 10);
	rig_stop();
}

/* ---- commands in flight ---------------------------------------------------------------------- */

TEST(scsi_limit_of_commands)
{
	enum { MAX = 2048, MORE = 100 };
	struct scsi_answer answer;
	struct iscsi_handoff h;
	u32 full = 0, good = 0;

	start(NULL);
	rig_handoff(2, &h);
	h.queue_depth = 4096;
	a = rig_login(2, &h);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
	rig_hold(0);
	for (u32 i = 0; i < MAX + MORE; i++)
		scsi_send(a, 0, cdb_read, 512, NULL, 0);
	for (u32 i = 0; i < MORE; i++) {
		scsi_answer(a, &answer);
		full += answer.status == SAM_STAT_TASK_SET_FULL;
	}
	CHECK_EQ(full, MORE);
	rig_wait_held(MAX);
	scsi_read(b, 1, 0, 1, 512, block);		/* others have their own */
	rig_release();
	for (u32 i = 0; i < MAX; i++) {
		scsi_answer(a, &answer);
		good += answer.status == SAM_STAT_GOOD;
	}
	CHECK_EQ(good, MAX);
	scsi_read(a, 0, 0, 1, 512, block);
	rig_stop();
}

/* What comes ahead of its turn is kept, but not without end. */
TEST(scsi_limit_of_requests_ahead_of_their_turn)
{
	enum { SEGMENT = 64 << 10, LIMIT = 4 << 20 };
	static u8 data[SEGMENT];
	u8 bhs[ISCSI_BHS_LEN];
	struct scsi_answer answer;
	struct iscsi_handoff h;

	start(NULL);
	cdb_rw16(cdb_write, WRITE_16, 1, SEGMENT / 512);
	for (u32 round = 0; round < 2; round++) {
		u32 count = LIMIT / (SEGMENT + ISCSI_BHS_LEN) + round;

		rig_handoff(2, &h);
		h.max_recv_data_segment_length = SEGMENT;
		a = rig_login(2, &h);
		scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
		a->cmd_sn++;		/* one is missing */
		for (u32 i = 0; i < count; i++)
			scsi_send(a, 0, cdb_write, 0, data, SEGMENT);
		if (round) {
			peer_expect_end(a);
			break;
		}
		peer_expect_silence(a);
		/* The missing one comes: all of them go on. */
		peer_header(a, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_ATTR_SIMPLE, a->next_itt++);
		a->cmd_sn--;
		put32(bhs, 24, a->cmd_sn - count - 1);
		peer_send(a, bhs, NULL, 0);
		for (u32 i = 0; i < count + 1; i++) {
			scsi_answer(a, &answer);
			CHECK_EQ(answer.status, SAM_STAT_GOOD);
		}
		rig_logout(2);
	}
	scsi_read(b, 0, 0, 1, 512, block);
	rig_stop();
}

/* ---- patience ------------------------------------------------------------------------------------ */

/* A write whose data does not come ends its connection; one that dribbles does not. */
TEST(scsi_limit_of_patience_for_data)
{
	u8 bhs[ISCSI_BHS_LEN];
	struct iscsi_handoff h;
	struct reply r;
	u32 itt, ttt;

	start("data_out_ms=400");
	rig_handoff(2, &h);
	h.nop_in_interval_ms = 100000;		/* its timer ticks each second, and pings do not */
	h.nop_in_timeout_ms = 400;
	a = rig_login(2, &h);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
	itt = a->next_itt++;
	cdb_rw16(cdb_write, WRITE_16, 1, 4);
	peer_header(a, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE | ISCSI_ATTR_SIMPLE, itt);
	put32(bhs, 20, 2048);
	memcpy(bhs + 32, cdb_write, 16);
	peer_send(a, bhs, NULL, 0);
	peer_receive(a, &r, ISCSI_OP_R2T);
	ttt = get32(r.bhs, 20);
	for (u32 i = 0; i < 4; i++) {
		wait_ms(250);
		peer_data_out(a, itt, ttt, i, i * 512, block, 512, i == 3);
	}
	peer_expect_status(a, itt, 0, 0);
	/* Again, and silence. */
	itt = a->next_itt++;
	peer_header(a, bhs, ISCSI_OP_SCSI_CMD, ISCSI_FLAG_FINAL | ISCSI_CMD_WRITE | ISCSI_ATTR_SIMPLE, itt);
	put32(bhs, 20, 2048);
	memcpy(bhs + 32, cdb_write, 16);
	peer_send(a, bhs, NULL, 0);
	peer_receive(a, &r, ISCSI_OP_R2T);
	peer_expect_end(a);
	scsi_read(b, 0, 0, 1, 512, block);
	rig_stop();
}

/* A peer that asks for much, and reads nothing. */
TEST(scsi_limit_of_patience_with_a_peer_that_does_not_read)
{
	struct iscsi_handoff h;
	u8 bytes[4096];
	u64 seen = 0;

	start("tx_stall_ms=300");
	rig_handoff(2, &h);
	h.nop_in_interval_ms = 100000;		/* its timer ticks, and pings do not */
	h.nop_in_timeout_ms = 400;
	a = rig_login(2, &h);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
	cdb_rw16(cdb_read, READ_16, 0, 2048);
	for (u32 i = 0; i < 20; i++)
		scsi_send(a, 0, cdb_read, 1 << 20, NULL, 0);
	wait_ms(1000);
	for (long n; (n = recv(a->fd, bytes, sizeof(bytes), 0)) > 0;)
		seen += (u64)n;
	CHECK_LT(seen, 20ull << 20);
	peer_expect_end(a);
	scsi_read(b, 0, 0, 1, 512, block);
	rig_stop();
}

static u32 send_logout(struct peer *peer)
{
	u8 bhs[ISCSI_BHS_LEN];
	u32 itt = peer->next_itt++;

	peer_header(peer, bhs, ISCSI_OP_LOGOUT_REQ, ISCSI_FLAG_FINAL, itt);
	peer_send(peer, bhs, NULL, 0);
	return itt;
}

/* What was sent before the Logout is answered before it. */
TEST(scsi_limit_logout_waits_for_commands)
{
	struct scsi_answer answer;
	struct reply r;
	u32 itt;

	start(NULL);
	rig_hold(0);
	for (u32 i = 0; i < 5; i++)
		scsi_send(a, 0, cdb_write, 0, block, 512);
	rig_wait_held(5);
	itt = send_logout(a);
	peer_expect_silence(a);
	send_logout(a);				/* a second one is refused, and the first still waits */
	peer_expect_reject(a, ISCSI_REASON_PROTOCOL);
	rig_release();
	for (u32 i = 0; i < 5; i++) {
		scsi_answer(a, &answer);
		CHECK_EQ(answer.status, SAM_STAT_GOOD);
	}
	peer_receive(a, &r, ISCSI_OP_LOGOUT_RSP);
	CHECK_EQ(reply_itt(&r), itt);
	CHECK_EQ(r.bhs[2], ISCSI_LOGOUT_OK);
	peer_expect_end(a);
	rig_stop();
}

/* ... but not for ever. */
TEST(scsi_limit_logout_does_not_wait_for_ever)
{
	struct reply r;

	start(NULL);
	rig_hold(0);
	scsi_send(a, 0, cdb_write, 0, block, 512);
	rig_wait_held(1);
	send_logout(a);
	peer_receive(a, &r, ISCSI_OP_LOGOUT_RSP);	/* within 5 s */
	CHECK_EQ(rig_held(), 1);
	peer_expect_end(a);
	rig_release();
	scsi_read(b, 0, 0, 1, 512, block);
	rig_stop();
}
