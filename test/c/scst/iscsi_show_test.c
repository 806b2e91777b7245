/* SPDX-License-Identifier: MIT */
/* iscsi_show_test.c - what a dump tells of commands in flight, errors, and sessions that ended. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "iscsi_peer.h"
#include "memory.h"

extern unsigned long strtoul(const char *text, char **end, int base);

static struct peer peer;
static u8 pattern[8192];
static char json[1 << 16];

#define START(...)							\
	do {								\
		struct iscsi_handoff h;					\
									\
		target_start();						\
		handoff_default(&h);					\
		__VA_ARGS__;						\
		peer_login(&peer, &h);					\
		peer_first_cmd(&peer);					\
	} while (0)

static const char *show(void)
{
	CHECK_LT(iscsi_show(json, sizeof(json)), (long)sizeof(json));
	return json;
}

static u32 count(const char *in, const char *what)
{
	u32 nr = 0;

	while ((in = strstr(in, what))) {
		in += strlen(what);
		nr++;
	}
	return nr;
}

/* The number behind the first @key from @from on. */
static unsigned long number(const char *from, const char *key)
{
	const char *at = from ? strstr(from, key) : NULL;

	CHECK(at);
	return strtoul(at + strlen(key), NULL, 10);
}

/* What is shown of the command with @itt, up to its end. */
static const char *command(u32 itt)
{
	static char one[512];
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), "{\"itt\":%u,", itt);
	at = strstr(show(), key);
	CHECK(at);
	strscpy(one, at, sizeof(one));
	CHECK(strchr(one, '}'));
	*strchr(one, '}') = 0;
	return one;
}

TEST(iscsi_show_write_whose_data_stays_out)
{
	const char *shown;
	struct reply r;
	u32 itt;

	START(h.immediate_data = 0, h.initial_r2t = 1);
	itt = peer_write(&peer, 0, 8, NULL, 0, false);
	peer_receive(&peer, &r, ISCSI_OP_R2T);
	wait_ms(60);
	shown = command(itt);
	CHECK(strstr(shown, "\"state\":\"data-out\""));
	CHECK(strstr(shown, "\"name\":\"WRITE(10)\""));
	CHECK_EQ(number(shown, "\"opcode\":"), 0x2a);
	CHECK_EQ(number(shown, "\"lun\":"), 0);
	CHECK_EQ(number(shown, "\"cmdSn\":"), peer.cmd_sn - 1);
	CHECK_EQ(number(shown, "\"expectedBytes\":"), 4096);
	CHECK_GE(number(shown, "\"ageMs\":"), 50ul);
	CHECK_EQ(number(json, "\"inFlightOmitted\":"), 0);
	peer_data_out(&peer, itt, get32(r.bhs, 20), 0, 0, pattern, 4096, true);
	peer_expect_status(&peer, itt, 0, 0);
	peer_expect_service(&peer);
	CHECK(strstr(show(), "\"inFlight\":[],\"inFlightOmitted\":0,\"lastErrors\":[]}"));
	peer_close(&peer);
	target_stop();
}

TEST(iscsi_show_oldest_commands)
{
	u32 first, after_gap;

	START();
	disk_hold(true);
	first = peer_read(&peer, 0, 8);
	while (disk_held() < 1)
		wait_ms(1);
	wait_ms(5);		/* the first is the oldest */
	for (u32 i = 0; i < 19; i++)
		peer_read(&peer, 0, 8);
	while (disk_held() < 20)
		wait_ms(1);
	CHECK(strstr(command(first), "\"state\":\"executing\""));
	CHECK_EQ(number(strstr(json, "\"inFlight\":["), "\"itt\":"), first);
	CHECK_EQ(count(json, "{\"itt\":"), 16);
	CHECK_EQ(number(json, "\"inFlightOmitted\":"), 4);
	CHECK_GE(number(json, "\"ageMs\":"), 4ul);
	disk_release();
	for (u32 i = 0; i < 20; i++) {
		struct reply r;

		peer_receive(&peer, &r, ISCSI_OP_DATA_IN);
	}
	/* One whose turn has not come. */
	peer.cmd_sn++;
	after_gap = peer_read(&peer, 0, 8);
	while (!strstr(show(), "\"state\":\"held\""))
		wait_ms(1);
	CHECK(strstr(command(after_gap), "\"name\":\"READ(10)\",\"lun\":null,\"state\":\"held\""));
	peer_close(&peer);
	target_stop();
}

TEST(iscsi_show_last_errors)
{
	u8 bhs[ISCSI_BHS_LEN];
	char key[32];

	START(h.data_digest = 1);
	peer_header(&peer, bhs, ISCSI_OP_NOP_OUT, 0x80, 5);
	put32(bhs, 20, ISCSI_RESERVED_TAG);
	peer_send_bad_data_digest(&peer, bhs, pattern, 100);
	peer_expect_reject(&peer, ISCSI_REASON_DATA_DIGEST);
	wait_ms(20);
	CHECK(strstr(show(), "\"lastErrors\":[{\"text\":\"data digest of opcode 0x00, itt 0x00000005 does not match\""));
	CHECK_GE(number(strstr(json, "\"lastErrors\""), "\"ageMs\":"), 15ul);
	/* Data-Out for nobody: more than are kept, and more than are logged. */
	for (u32 i = 0; i < 20; i++) {
		peer_data_out(&peer, 0x100 + i, ISCSI_RESERVED_TAG, 0, 0, pattern, 4, true);
		peer_expect_reject(&peer, ISCSI_REASON_PROTOCOL);
	}
	CHECK_EQ(count(show(), "\"text\":"), 8);
	CHECK_EQ(count(json, "data digest"), 0);
	CHECK(strstr(json, "\"lastErrors\":[{\"text\":\"Data-Out: itt 0x00000113,"));
	for (u32 i = 12; i < 20; i++) {
		snprintf(key, sizeof(key), "Data-Out: itt 0x%08x,", 0x100 + i);
		CHECK_EQ(count(json, key), 1);
	}
	peer_close(&peer);
	target_stop();
}

TEST(iscsi_show_error_of_the_medium)
{
	char text[128];
	u32 itt;

	START();
	peer_expect_service(&peer);
	CHECK(strstr(show(), "\"lastErrors\":[]"));
	WRITE_ONCE(disk_bad_lba, 77);
	itt = peer_read(&peer, 77, 1);
	peer_expect_status(&peer, itt, 2, 0x031100);
	snprintf(text, sizeof(text), "[{\"text\":\"itt 0x%08x: opcode 0x28 at block 77 of LUN 0 ends with sense 3/11/00\"",
		 itt);
	CHECK(strstr(show(), text));
	/* An error of the initiator's is none of the target's. */
	itt = peer_read(&peer, DISK_BYTES / DISK_BLOCK, 1);
	peer_expect_status(&peer, itt, 2, 0x052100);
	CHECK_EQ(count(show(), "\"text\":"), 1);
	peer_close(&peer);
	target_stop();
}

static const char *ended(void)
{
	CHECK_LT(iscsi_show_ended(json, sizeof(json)), (long)sizeof(json));
	return json;
}

TEST(iscsi_show_ended_and_refused)
{
	u8 bhs[ISCSI_BHS_LEN + 4] = {};
	struct iscsi_handoff bad;

	START(h.header_digest = 1);
	CHECK_STREQ(ended(), "[]");
	peer_header(&peer, bhs, ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE, 0x80, 5);
	peer_send_raw(&peer, bhs, sizeof(bhs));
	peer_expect_end(&peer);
	while (!strstr(ended(), "\"reason\":\"header digest does not match\""))
		wait_ms(1);
	CHECK(strstr(json, "[{\"tsih\":1,\"refused\":false,\"initiator\":\"" INITIATOR_NAME "\",\"target\":\"" TARGET_NAME));

	handoff_default(&bad);
	bad.queue_depth = 0;
	memset(bad.peer, 'x', sizeof(bad.peer));
	CHECK_EQ(iscsi_handoff(peer.fd, &bad), -EINVAL);
	CHECK(strstr(ended(), "[{\"tsih\":0,\"refused\":true,\"initiator\":\"\",\"target\":\"\",\"peer\":\"\","
			      "\"reason\":\"a parameter is out of its range\""));
	handoff_default(&bad);
	bad.tsih = 9;
	strscpy(bad.target_name, "iqn.2026-11.dev.ring3.test:none", sizeof(bad.target_name));
	for (u32 i = 0; i < 20; i++)
		CHECK_EQ(iscsi_handoff(peer.fd, &bad), -ENOENT);
	CHECK_EQ(count(ended(), "\"refused\":true"), 16);
	CHECK_EQ(count(json, "\"target\":\"iqn.2026-11.dev.ring3.test:none\""), 16);
	CHECK_EQ(iscsi_show_ended(NULL, 0), (long)strlen(json));
	peer_close(&peer);
	target_stop();
}

static int refuse(const struct iscsi_handoff *h, struct peer *other)
{
	static const char told[] = "[{\"tsih\":9,\"refused\":true,\"initiator\":\"" INITIATOR_NAME "\",\"target\":\""
				   TARGET_NAME "\",\"peer\":\"127.0.0.1:9\",\"reason\":\"no memory\"";
	u32 before = count(ended(), "\"refused\":true");
	int err = peer_try_login(other, h);

	memory_fail_all(false);
	memory_fail_at(0);
	if (!err)
		return 0;
	CHECK_EQ(err, -ENOMEM);
	CHECK(!strncmp(ended(), told, sizeof(told) - 1));
	CHECK_EQ(count(json, "\"refused\":true"), before + 1);
	return err;
}

/* Each allocation of a hand-off fails in its turn, then all do. What tells of it needs none. */
TEST(iscsi_show_refused_for_want_of_memory)
{
	struct iscsi_handoff h;
	struct peer other;
	u32 nth = 0;

	START();
	handoff_default(&h);
	h.tsih = 9;
	h.isid[5]++;
	h.login_rsp = pattern;
	h.login_rsp_len = ISCSI_BHS_LEN;
	strscpy(h.peer, "127.0.0.1:9", sizeof(h.peer));
	memory_fail_all(true);
	CHECK_EQ(refuse(&h, &other), -ENOMEM);
	do {
		CHECK_LT(nth, 14);	/* as many as are remembered */
		memory_fail_at(++nth);
	} while (refuse(&h, &other));
	CHECK_GE(nth, 4);	/* the session, its answer, its buffer, its nexus */
	peer_close(&other);
	peer_close(&peer);
	target_stop();
}
