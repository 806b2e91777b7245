/* SPDX-License-Identifier: MIT */
/*
 * iscsi_fuzz_test.c - hostile initiators: PDUs that are right, nearly right and garbage,
 * from several connections at once, while an honest one works beside them.
 *
 * What must hold: the process lives (and the sanitizers say nothing), the honest nexus
 * finds its data and is answered, and at the end all connections, commands and memory are
 * gone. Environment: RING3_FUZZ_SEED (else of the clock; printed), RING3_FUZZ_SECONDS
 * (else 2).
 *
 * The hostile ones know LUNs 0 and 1; LUN 2 is the honest one's. They do not ask for
 * TARGET RESET, which is meant to disturb others.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "memory.h"
#include "scsi_rig.h"

extern char *getenv(const char *name);
extern unsigned long strtoul(const char *s, char **end, int base);
extern int printf(const char *format, ...);
extern int fflush(void *file);
extern long recv(int fd, void *buf, unsigned long len, int flags);
extern long send(int fd, const void *buf, unsigned long len, int flags);
enum { NOSIGNAL_ = 0x4000, PEEK_ = 2 };

#define NR_HOSTILE	4
#define MAX_SEGMENT	8192

static u64 state;

static u32 rnd(u32 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (u32)((state >> 20) % below) : (u32)(state >> 16);
}

/* True once in @n times. */
static bool once_in(u32 n)
{
	return !rnd(n);
}

/* ---- a hostile connection --------------------------------------------------------------------- */

static struct hostile {
	struct peer	peer;
	bool		connected, reads;
	u32		left;			/* PDUs until it goes */
	u32		itts[8], next;		/* tags it used */
	struct { u32 itt, ttt, offset, len; } r2ts[8];
	u32		nr_r2ts;
	u8		in[256 << 10];
	u32		in_len;
} hostiles[NR_HOSTILE];

static u64 nr_pdus, nr_connections, nr_answers;

static void hostile_connect(struct hostile *h, u32 nr)
{
	struct iscsi_handoff handoff;

	handoff_default(&handoff);
	handoff.isid[5] = (u8)(0x80 + nr);
	snprintf(handoff.initiator_name, sizeof(handoff.initiator_name), "iqn.2026-11.dev.ring3.test:hostile%u", nr);
	handoff.header_digest = once_in(4);
	handoff.data_digest = once_in(4);
	handoff.initial_r2t = once_in(2);
	handoff.immediate_data = !once_in(4);
	handoff.max_recv_data_segment_length = MAX_SEGMENT;
	handoff.max_xmit_data_segment_length = 512u << rnd(6);
	handoff.max_burst_length = 1024u << rnd(6);
	handoff.first_burst_length = min(handoff.max_burst_length, 512u << rnd(6));
	handoff.max_outstanding_r2t = 1 + rnd(6);
	handoff.queue_depth = 1 + rnd(64);
	handoff.max_send_queue_bytes = 64 << 10;
	if (once_in(2))
		handoff.exp_cmd_sn = ~0u - rnd(20);	/* it wraps */
	peer_login(&h->peer, &handoff);
	h->connected = true;
	h->reads = !once_in(8);
	h->left = 1 + rnd(300);
	h->nr_r2ts = 0;
	h->in_len = 0;
	nr_connections++;
}

static void hostile_close(struct hostile *h)
{
	peer_close(&h->peer);
	h->connected = false;
}

/* What came: nothing is believed of it but R2Ts. False: the stream has ended. */
static bool hostile_read(struct hostile *h)
{
	u32 header_digest = h->peer.header_digest ? 4 : 0, data_digest = h->peer.data_digest ? 4 : 0, at = 0;
	long n = recv(h->peer.fd, h->in + h->in_len, sizeof(h->in) - h->in_len, 0);

	if (n > 0)
		h->in_len += (u32)n;
	while (h->in_len - at >= ISCSI_BHS_LEN) {
		const u8 *bhs = h->in + at;
		u32 len = (u32)bhs[5] << 16 | bhs[6] << 8 | bhs[7];
		u32 whole = ISCSI_BHS_LEN + header_digest + ((len + 3) & ~3u) + (len ? data_digest : 0);

		if (h->in_len - at < whole)
			break;
		nr_answers++;
		if ((bhs[0] & 0x3f) == ISCSI_OP_R2T && h->nr_r2ts < ARRAY_SIZE(h->r2ts)) {
			h->r2ts[h->nr_r2ts].itt = get32(bhs, 16);
			h->r2ts[h->nr_r2ts].ttt = get32(bhs, 20);
			h->r2ts[h->nr_r2ts].offset = get32(bhs, 40);
			h->r2ts[h->nr_r2ts++].len = get32(bhs, 44);
		}
		if ((bhs[0] & 0x3f) != ISCSI_OP_R2T)
			h->peer.stat_sn = get32(bhs, 24) + 1;
		at += whole;
	}
	memmove(h->in, h->in + at, h->in_len - at);
	h->in_len -= at;
	if (h->in_len == sizeof(h->in))
		h->in_len = 0;
	return n != 0;
}

/* As far as it goes: the connection may have ended, or take nothing. */
static void hostile_write(struct hostile *h, const u8 *bytes, u32 len)
{
	u8 byte;

	for (u32 tries = 0; len && tries < 10; tries++) {
		long n = send(h->peer.fd, bytes, len, NOSIGNAL_);

		if (n > 0) {
			bytes += n;
			len -= (u32)n;
			continue;
		}
		if (h->reads ? !hostile_read(h) : !recv(h->peer.fd, &byte, 1, PEEK_))
			break;
		wait_ms(1);
	}
	if (len)
		hostile_close(h);
}

/* ---- PDUs ------------------------------------------------------------------------------------------ */

static const u8 opcodes[] = {
	TEST_UNIT_READY, REQUEST_SENSE, READ_6, WRITE_6, INQUIRY, MODE_SELECT, RESERVE, RELEASE, MODE_SENSE, START_STOP,
	ALLOW_MEDIUM_REMOVAL, READ_CAPACITY, READ_10, WRITE_10, WRITE_VERIFY, VERIFY, PRE_FETCH, SYNCHRONIZE_CACHE,
	READ_DEFECT_DATA, WRITE_SAME, UNMAP, SANITIZE, MODE_SELECT_10, RESERVE_10, RELEASE_10, MODE_SENSE_10,
	PERSISTENT_RESERVE_IN, PERSISTENT_RESERVE_OUT, EXTENDED_COPY, RECEIVE_COPY_RESULTS, READ_16, COMPARE_AND_WRITE,
	WRITE_16, ORWRITE_16, WRITE_VERIFY_16, VERIFY_16, PRE_FETCH_16, SYNCHRONIZE_CACHE_16, WRITE_SAME_16,
	WRITE_ATOMIC_16, SERVICE_ACTION_IN_16, REPORT_LUNS, MAINTENANCE_IN, READ_12, WRITE_12, WRITE_VERIFY_12, VERIFY_12,
};

static void random_bytes(u8 *to, u32 len)
{
	bool zeros = once_in(3);

	for (u32 i = 0; i < len; i++)
		to[i] = zeros && !once_in(16) ? 0 : (u8)rnd(256);
}

static void random_lun(u8 *bhs)
{
	memset(bhs + 8, 0, 8);
	bhs[9] = (u8)rnd(2);
	if (once_in(10)) {
		random_bytes(bhs + 8, 8);
		if (bhs[9] == 2)	/* the honest one's */
			bhs[9] = 3;
	}
}

static void random_cdb(u8 *cdb)
{
	memset(cdb, 0, 16);
	cdb[0] = once_in(20) ? (u8)rnd(256) : opcodes[rnd(sizeof(opcodes))];
	if (once_in(3))
		random_bytes(cdb + 1, 15);
	else if (once_in(2))
		cdb[1] = (u8)rnd(32);
	/* Small numbers where lengths and addresses are. */
	cdb[4] = (u8)rnd(4);
	cdb[5] = (u8)rnd(256);
	cdb[8] = (u8)rnd(40);
	if (cdb[0] >= 0x80 && cdb[0] < 0xa0)
		cdb[13] = (u8)rnd(40);
	if (cdb[0] >= 0xa0)
		cdb[9] = (u8)rnd(40);
}

static u32 make_command(struct hostile *h, u8 *bhs, u8 *data)
{
	static const u32 lengths[] = { 0, 1, 8, 24, 28, 512, 1024, 4096, 8192, 65536, 16 << 20, ~0u };
	u32 itt = once_in(20) ? h->itts[rnd(8)] : rnd(0), expected, len = 0;
	u8 flags = (u8)rnd(256);

	peer_header(&h->peer, bhs, ISCSI_OP_SCSI_CMD | (once_in(10) ? ISCSI_IMMEDIATE : 0), flags, itt);
	h->itts[h->next++ % 8] = itt;
	random_lun(bhs);
	random_cdb(bhs + 32);
	expected = once_in(3) ? rnd(70000) : lengths[rnd(ARRAY_SIZE(lengths))];
	put32(bhs, 20, expected);
	if (flags & ISCSI_CMD_WRITE && !once_in(3))
		len = min(rnd(2) ? expected : rnd(MAX_SEGMENT), (u32)MAX_SEGMENT);
	random_bytes(data, len);
	return len;
}

static u32 make_data_out(struct hostile *h, u8 *bhs, u8 *data)
{
	u32 len = rnd(MAX_SEGMENT);

	if (h->nr_r2ts && !once_in(8)) {
		/* As asked for, or nearly. */
		u32 which = --h->nr_r2ts;

		len = min(h->r2ts[which].len, (u32)MAX_SEGMENT);
		peer_header(&h->peer, bhs, ISCSI_OP_DATA_OUT, len == h->r2ts[which].len ? ISCSI_FLAG_FINAL : 0,
			    h->r2ts[which].itt);
		put32(bhs, 20, h->r2ts[which].ttt);
		put32(bhs, 40, h->r2ts[which].offset);
		if (len < h->r2ts[which].len) {
			h->r2ts[which].len -= len;
			h->r2ts[which].offset += len;
		}
		put32(bhs, 36, once_in(2) ? 0 : rnd(3));
	} else {
		peer_header(&h->peer, bhs, ISCSI_OP_DATA_OUT, (u8)rnd(256), h->itts[rnd(8)]);
		put32(bhs, 20, once_in(2) ? ISCSI_RESERVED_TAG : rnd(50));
		put32(bhs, 36, rnd(4));
		put32(bhs, 40, once_in(2) ? rnd(65536) : rnd(0));
	}
	put32(bhs, 24, 0);
	random_bytes(data, len);
	return len;
}

static u32 make_other(struct hostile *h, u8 *bhs, u8 *data)
{
	static const u8 others[] = { ISCSI_OP_NOP_OUT, ISCSI_OP_TMF_REQ, ISCSI_OP_TEXT_REQ, ISCSI_OP_SNACK_REQ,
				     ISCSI_OP_LOGIN_REQ };
	static const char text[] = "SendTargets=All\0MaxRecvDataSegmentLength=512\0X=Y";
	u8 op = others[rnd(sizeof(others))], immediate = once_in(2) ? ISCSI_IMMEDIATE : 0;
	u32 len = once_in(3) ? rnd(2000) : 0;

	if (once_in(60))
		op = ISCSI_OP_LOGOUT_REQ;
	if (once_in(30))
		op = (u8)rnd(64);
	peer_header(&h->peer, bhs, op | immediate, 0x80 | rnd(128), once_in(4) ? h->itts[rnd(8)] : rnd(0));
	random_lun(bhs);
	put32(bhs, 20, once_in(2) ? ISCSI_RESERVED_TAG : h->itts[rnd(8)]);
	put32(bhs, 32, h->peer.cmd_sn - rnd(4));
	if ((op & 0x3f) == ISCSI_OP_TMF_REQ) {
		bhs[1] = 0x80 | rnd(6);		/* not TARGET RESET */
		put32(bhs, 20, h->itts[rnd(8)]);
		len = 0;
	}
	if ((op & 0x3f) == ISCSI_OP_TEXT_REQ && once_in(2)) {
		len = sizeof(text);
		memcpy(data, text, len);
		put32(bhs, 20, ISCSI_RESERVED_TAG);
	} else {
		random_bytes(data, len);
	}
	return len;
}

static u32 make_ahs(u8 *ahs)
{
	u32 len = 0;

	if (!once_in(15))
		return 0;
	if (once_in(2)) {
		len = 4 * rnd(64);
		random_bytes(ahs, len);
	} else {
		u32 cdb_more = 4 * rnd(61);

		memset(ahs, 0, 256);
		put_unaligned_be16(cdb_more + 1, ahs);
		ahs[2] = 1;
		len = cdb_more + 4;
	}
	return min(len, 252u);
}

/* One bit, a few, or a whole field of a header that was right. */
static void spoil(u8 *bhs)
{
	u8 lun = bhs[9], fn = bhs[1];

	if (once_in(3))
		for (u32 i = 1 + rnd(3); i; i--)
			bhs[rnd(ISCSI_BHS_LEN)] ^= (u8)(1 << rnd(8));
	if (once_in(10))
		put32(bhs, 24, rnd(0));		/* CmdSN */
	if (once_in(10))
		put32(bhs, 16, ISCSI_RESERVED_TAG);
	/* LUN 2 and TARGET RESET are not for us. */
	if (bhs[9] == 2)
		bhs[9] = lun;
	if ((bhs[0] & 0x3f) == ISCSI_OP_TMF_REQ && (bhs[1] & 0x7f) > 5)
		bhs[1] = (fn & 0x7f) > 5 ? 0x81 : fn;
}

static void hostile_turn(struct hostile *h)
{
	static u8 pdu[1024 + MAX_SEGMENT + 4096], data[MAX_SEGMENT + 4096], ahs[512];
	u8 bhs[ISCSI_BHS_LEN];
	u32 len, ahs_len, at;

	if (once_in(200)) {
		len = rnd(2000);
		random_bytes(pdu, len);		/* garbage: what is behind it is garbage too */
		pdu[9] = 0;
		hostile_write(h, pdu, len);
		h->left = 0;
		return;
	}
	if (once_in(2))
		len = make_command(h, bhs, data);
	else if (once_in(2))
		len = make_data_out(h, bhs, data);
	else
		len = make_other(h, bhs, data);
	ahs_len = make_ahs(ahs);
	bhs[4] = (u8)(ahs_len / 4);
	bhs[5] = 0;
	put_unaligned_be16((u16)len, bhs + 6);
	if (once_in(8))
		spoil(bhs);
	memcpy(pdu, bhs, ISCSI_BHS_LEN);
	memcpy(pdu + ISCSI_BHS_LEN, ahs, ahs_len);
	at = ISCSI_BHS_LEN + ahs_len;
	at += peer_put_digest(pdu, at, h->peer.header_digest && !once_in(200));
	memcpy(pdu + at, data, len);
	memset(pdu + at + len, 0, 4);
	{
		u32 begin = at;

		at += (len + 3) & ~3u;
		if (len)
			at += peer_put_digest_of(pdu + at, pdu + begin, at - begin, h->peer.data_digest);
	}
	/* Now and then half of it, and good-bye. */
	if (once_in(300)) {
		at = rnd(at);
		h->left = 1;
	}
	hostile_write(h, pdu, at);
	nr_pdus++;
}

/* ---- the honest one ----------------------------------------------------------------------------------- */

static void honest_turn(struct peer *peer, u32 turn)
{
	static u8 out[64 << 10], in[64 << 10];
	u64 lba = (turn * 37) % 1900;

	fill(out, sizeof(out), turn);
	scsi_write(peer, 2, lba, 128, 512, out);
	scsi_read(peer, 2, lba, 128, 512, in);
	CHECK_MEMEQ(in, out, sizeof(out));
}

static bool all_hostile_gone(void)
{
	static char json[1 << 20];

	CHECK(iscsi_show(json, sizeof(json)) < (long)sizeof(json));
	return !strstr(json, "hostile");
}

/* @hungry: memory fails now and then, for all; so there is no honest one. */
static void fuzz(bool hungry)
{
	const char *seed = getenv("RING3_FUZZ_SEED"), *seconds = getenv("RING3_FUZZ_SECONDS");
	u64 until = ktime_get_ns() + (seconds ? strtoul(seconds, NULL, 0) : 2) * 1000000000ull;
	struct peer *honest = NULL;
	u32 turn = 0;

	state = seed ? strtoul(seed, NULL, 0) : ktime_get_ns();
	printf("# RING3_FUZZ_SEED=%llu\n", state);
	fflush(NULL);
	if (!state)
		state = 1;
	rig_start_with("data_out_ms=300");
	rig_disk(0, "vdisk_ram", "size=1M");
	rig_file_disk(1, "vdisk_fileio", 1 << 20, "");
	rig_disk(2, "vdisk_ram", "size=1M");
	if (!hungry)
		honest = rig_nexus(0);
	while (ktime_get_ns() < until) {
		for (u32 i = 0; i < NR_HOSTILE; i++) {
			struct hostile *h = &hostiles[i];

			memory_fail_at(0);
			if (!h->connected)
				hostile_connect(h, i);
			if (hungry && once_in(2))
				memory_fail_at(1 + rnd(30));
			for (u32 burst = rnd(16); burst && h->connected && h->left; burst--, h->left--)
				hostile_turn(h);
			if (h->connected && h->reads && !hostile_read(h))
				hostile_close(h);
			if (h->connected && !h->left)
				hostile_close(h);
		}
		if (!(++turn % 16) && honest)
			honest_turn(honest, turn);
	}
	memory_fail_at(0);
	for (u32 i = 0; i < NR_HOSTILE; i++)
		if (hostiles[i].connected)
			hostile_close(&hostiles[i]);
	for (u32 i = 0; !all_hostile_gone(); i++) {
		CHECK_LT(i, 10000);
		wait_ms(1);
	}
	if (!honest)
		honest = rig_nexus(0);
	honest_turn(honest, turn);
	printf("# %llu connections, %llu PDUs sent, %llu received, %u turns of the honest one\n", nr_connections, nr_pdus,
	       nr_answers, turn / 16);
	CHECK_GT(nr_pdus, 100);
	CHECK_GT(nr_answers, 50);
	rig_stop();
	CHECK_EQ(memory_live(), 0);
}

TEST(iscsi_fuzz)
{
	fuzz(false);
}

TEST(iscsi_fuzz_without_memory)
{
	fuzz(true);
}
