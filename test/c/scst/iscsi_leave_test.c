/* SPDX-License-Identifier: MIT */
/* iscsi_leave_test.c - what an initiator closed is gone before its next session comes, however late its CPU notices. */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "iscsi_peer.h"

/* libc's, under their own names. */
struct in_addr_ {
	u16	family, port;	/* network order */
	u32	address;
	u8	zero[8];
};
extern int socket(int domain, int type, int protocol);
extern int bind(int fd, const void *address, unsigned int len);
extern int listen(int fd, int backlog);
extern int getsockname(int fd, void *address, unsigned int *len);
extern int connect(int fd, const void *address, unsigned int len);
extern int accept(int fd, void *address, unsigned int *len);
extern int close(int fd);

/* A connection over loopback, whose state the system knows; the initiator's end goes to @peer. */
static int connect_tcp(struct peer *peer, const struct iscsi_handoff *h)
{
	struct in_addr_ here = { .family = 2, .address = cpu_to_be32(0x7f000001) };
	unsigned int len = sizeof(here);
	int listener = socket(2, 1, 0), fd;

	CHECK(listener >= 0);
	CHECK_EQ(bind(listener, &here, sizeof(here)), 0);
	CHECK_EQ(listen(listener, 1), 0);
	CHECK_EQ(getsockname(listener, &here, &len), 0);
	peer->fd = socket(2, 1, 0);
	CHECK_EQ(connect(peer->fd, &here, sizeof(here)), 0);
	fd = accept(listener, NULL, NULL);
	CHECK(fd >= 0);
	close(listener);
	peer->cmd_sn = h->exp_cmd_sn;
	peer->stat_sn = h->stat_sn;
	peer->next_itt = 1;
	peer->header_digest = peer->data_digest = false;
	return fd;
}

static bool is_there(u32 tsih)
{
	static char json[16384];
	char text[32];

	CHECK(iscsi_show(json, sizeof(json)) < (long)sizeof(json));
	snprintf(text, sizeof(text), "\"tsih\":%u,", tsih);
	return strstr(json, text) != NULL;
}

static atomic_t busy;

/* The CPU does nothing else for a while. */
static void keep_busy(void *info)
{
	atomic_set(&busy, 1);
	wait_ms(200);
}

TEST(iscsi_closed_session_leaves_before_the_next)
{
	static call_single_data_t csd;
	struct iscsi_handoff h;
	struct peer old, new;
	struct reply r;
	u16 tsih;

	target_start();
	handoff_default(&h);
	tsih = h.tsih;
	CHECK_EQ(iscsi_handoff(connect_tcp(&old, &h), &h), 0);
	peer_cmd(&old, (u8[16]){ 0 }, ISCSI_FLAG_FINAL, 0, NULL, 0);
	peer_receive(&old, &r, ISCSI_OP_SCSI_RSP);
	CHECK(is_there(tsih));
	/* Its home; the next one's is the other. */
	INIT_CSD(&csd, keep_busy, NULL);
	smp_call_function_single_async(0, &csd);
	while (!atomic_read(&busy))
		wait_ms(1);
	peer_close(&old);
	handoff_default(&h);
	h.isid[4] = 77;		/* nobody's: no reinstatement */
	CHECK_EQ(iscsi_handoff(connect_tcp(&new, &h), &h), 0);
	CHECK(!is_there(tsih));
	peer_cmd(&new, (u8[16]){ 0 }, ISCSI_FLAG_FINAL, 0, NULL, 0);
	peer_receive(&new, &r, ISCSI_OP_SCSI_RSP);
	peer_close(&new);
	target_stop();
}
