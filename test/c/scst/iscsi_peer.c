/* SPDX-License-Identifier: MIT */
/*
 * iscsi_peer.c - see iscsi_peer.h. The initiator's PDUs are built here from the
 * RFC's offsets, and share only the header with the layouts with the target.
 */
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "iscsi_peer.h"

/* libc's, under their own names. */
struct pollfd_ { int fd; short events, revents; };
extern int socketpair(int domain, int type, int protocol, int fds[2]);
extern int poll(struct pollfd_ *fds, unsigned long nr, int ms);
extern long recv(int fd, void *buf, unsigned long len, int flags);
extern long send(int fd, const void *buf, unsigned long len, int flags);
extern int close(int fd);
extern int usleep(unsigned int us);

enum { PF_UNIX_ = 1, STREAM_ = 1, NONBLOCK_ = 04000, CLOEXEC_ = 02000000, NOSIGNAL_ = 0x4000, POLLIN_ = 1 };

/* ---- the disk --------------------------------------------------------------------- */

u8 *disk;
u32 disk_bad_lba = ~0u;
static struct scst_device disk_device;
static DEFINE_SPINLOCK(hold_lock);
static bool holding;
static struct scst_cmd *held[256];
static u32 nr_held;

static int disk_parse(struct scst_cmd *cmd)
{
	u32 blocks = cmd->cdb[7] << 8 | cmd->cdb[8];

	if (cmd->cdb[0] != 0x28 && cmd->cdb[0] != 0x2a)
		return 0;
	cmd->lba = (u32)cmd->cdb[2] << 24 | cmd->cdb[3] << 16 | cmd->cdb[4] << 8 | cmd->cdb[5];
	cmd->data_direction = cmd->cdb[0] == 0x28 ? SCST_DATA_READ : SCST_DATA_WRITE;
	cmd->bufflen = blocks * DISK_BLOCK;
	cmd->data_len = cmd->bufflen;
	if ((cmd->lba + blocks) * DISK_BLOCK > DISK_BYTES) {
		scst_set_cmd_error(cmd, 0x05, 0x21, 0x00);
		return -EINVAL;
	}
	return 0;
}

static void disk_move(struct scst_cmd *cmd)
{
	u8 *at = disk + cmd->lba * DISK_BLOCK;

	if (cmd->lba == READ_ONCE(disk_bad_lba))
		scst_set_cmd_error(cmd, scst_sense_read_error);
	else if (cmd->data_direction == SCST_DATA_READ)
		scst_copy_to_cmd(cmd, at, cmd->bufflen);
	else
		scst_copy_from_cmd(cmd, at, cmd->bufflen);
	scst_cmd_done(cmd);
}

static enum scst_exec_res disk_exec(struct scst_cmd *cmd)
{
	bool hold = false;

	if (cmd->cdb[0] == 0x00) {
		scst_cmd_done(cmd);
		return SCST_EXEC_COMPLETED;
	}
	if (cmd->cdb[0] != 0x28 && cmd->cdb[0] != 0x2a)
		return SCST_EXEC_NOT_COMPLETED;
	spin_lock_bh(&hold_lock);
	if (holding && nr_held < ARRAY_SIZE(held)) {
		held[nr_held++] = cmd;
		hold = true;
	}
	spin_unlock_bh(&hold_lock);
	if (!hold)
		disk_move(cmd);
	return SCST_EXEC_COMPLETED;
}

void disk_hold(bool hold)
{
	spin_lock_bh(&hold_lock);
	holding = hold;
	spin_unlock_bh(&hold_lock);
}

u32 disk_held(void)
{
	u32 nr;

	spin_lock_bh(&hold_lock);
	nr = nr_held;
	spin_unlock_bh(&hold_lock);
	return nr;
}

void disk_release(void)
{
	for (;;) {
		struct scst_cmd *cmd = NULL;

		spin_lock_bh(&hold_lock);
		holding = false;
		if (nr_held)
			cmd = held[--nr_held];
		spin_unlock_bh(&hold_lock);
		if (!cmd)
			return;
		disk_move(cmd);
	}
}

static int disk_add(const char *name, const char *params, char *why, size_t why_bytes);
static int disk_del(const char *name, char *why, size_t why_bytes);

static struct scst_dev_type disk_handler = {
	.name = "iscsi_test_disk",
	.add_device = disk_add,
	.del_device = disk_del,
	.parse = disk_parse,
	.exec = disk_exec,
};

static int disk_add(const char *name, const char *params, char *why, size_t why_bytes)
{
	disk = kzalloc(DISK_BYTES, GFP_KERNEL);
	CHECK(disk);
	disk_device.handler = &disk_handler;
	disk_device.block_size = DISK_BLOCK;
	disk_device.block_shift = 9;
	strscpy(disk_device.virt_name, name, sizeof(disk_device.virt_name));
	strscpy(disk_device.usn, "test", sizeof(disk_device.usn));
	return scst_register_virtual_device(&disk_device);
}

static int disk_del(const char *name, char *why, size_t why_bytes)
{
	int err = scst_unregister_virtual_device(&disk_device);

	if (!err)
		kfree(disk);
	return err;
}

/* ---- the target --------------------------------------------------------------------- */

void target_mgmt(const char *path, const char *command)
{
	char why[256] = "";
	int err = scst_mgmt_write(path, command, why, sizeof(why));

	if (err)
		test_fail(__FILE__, __LINE__, "%s: %s: error %d, %s", path, command, err, why);
}

void target_insmod(const char *name, const char *params)
{
	char path[512];

	test_beside(path, sizeof(path), name);
	CHECK_EQ(ring3_insmod(path, params), 0);
}

void target_start(void)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 2, .nr_other_cpus = 2 };

	CHECK_EQ(ring3_kernel_start(&options), 0);
	target_insmod("scst.ko.so", NULL);
	target_insmod("iscsi_scst.ko.so", NULL);
	CHECK_EQ(scst_register_dev_driver(&disk_handler), 0);
	target_mgmt("handlers/iscsi_test_disk/mgmt", "add_device disk");
	target_mgmt("targets/iscsi/mgmt", "add_target " TARGET_NAME);
	target_mgmt("targets/iscsi/" TARGET_NAME "/luns/mgmt", "add disk 0");
	target_mgmt("targets/iscsi/" TARGET_NAME "/enabled", "1");
}

void target_stop(void)
{
	disk_release();
	target_mgmt("targets/iscsi/mgmt", "del_target " TARGET_NAME);
	CHECK_EQ(ring3_rmmod("iscsi_scst"), 0);
	target_mgmt("handlers/iscsi_test_disk/mgmt", "del_device disk");
	scst_unregister_dev_driver(&disk_handler);
	CHECK_EQ(ring3_rmmod("scst"), 0);
	CHECK_EQ(ring3_kernel_stop(), 0);
}

/* ---- sending --------------------------------------------------------------------------- */

u32 get32(const void *bhs, u32 at)
{
	const u8 *p = (const u8 *)bhs + at;

	return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

void put32(void *bhs, u32 at, u32 value)
{
	u8 *p = (u8 *)bhs + at;

	p[0] = value >> 24;
	p[1] = value >> 16;
	p[2] = value >> 8;
	p[3] = value;
}

void wait_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

void fill(u8 *bytes, u32 len, u32 seed)
{
	for (u32 i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = seed >> 24;
	}
}

void handoff_default(struct iscsi_handoff *h)
{
	static u16 tsih;

	memset(h, 0, sizeof(*h));
	h->size = sizeof(*h);
	h->tsih = ++tsih;
	h->cid = 1;
	h->tpgt = 1;
	h->isid[5] = tsih;
	h->exp_cmd_sn = 100;
	h->stat_sn = 7;
	h->immediate_data = 1;
	h->max_recv_data_segment_length = 8192;
	h->max_xmit_data_segment_length = 8192;
	h->max_burst_length = 16384;
	h->first_burst_length = 16384;
	h->max_outstanding_r2t = 1;
	h->queue_depth = 32;
	h->max_send_queue_bytes = 1 << 20;
	strscpy(h->initiator_name, INITIATOR_NAME, sizeof(h->initiator_name));
	strscpy(h->target_name, TARGET_NAME, sizeof(h->target_name));
	strscpy(h->peer, "127.0.0.1:4444", sizeof(h->peer));
	strscpy(h->portal, "127.0.0.1:3260", sizeof(h->portal));
}

int peer_try_login(struct peer *peer, const struct iscsi_handoff *h)
{
	int fds[2], err;

	CHECK_EQ(socketpair(PF_UNIX_, STREAM_ | NONBLOCK_ | CLOEXEC_, 0, fds), 0);
	peer->fd = fds[0];
	peer->cmd_sn = h->exp_cmd_sn;
	peer->stat_sn = h->stat_sn;
	peer->next_itt = 1;
	peer->header_digest = h->header_digest;
	peer->data_digest = h->data_digest;
	err = iscsi_handoff(fds[1], h);
	if (err) {
		close(fds[1]);
		peer_close(peer);
	}
	return err;
}

void peer_login(struct peer *peer, const struct iscsi_handoff *h)
{
	CHECK_EQ(peer_try_login(peer, h), 0);
}

void peer_close(struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
}

void peer_send_raw(struct peer *peer, const void *bytes, u32 len)
{
	const u8 *p = bytes;

	for (u32 waits = 0; len; ) {
		long n = send(peer->fd, p, len, NOSIGNAL_);

		if (n > 0) {
			p += n;
			len -= n;
			continue;
		}
		if (++waits > PATIENCE_MS)
			test_fail(__FILE__, __LINE__, "%u bytes cannot be sent", len);
		wait_ms(1);
	}
}

void peer_header(struct peer *peer, u8 *bhs, u8 opcode, u8 flags, u32 itt)
{
	memset(bhs, 0, ISCSI_BHS_LEN);
	bhs[0] = opcode;
	bhs[1] = flags;
	put32(bhs, 16, itt);
	put32(bhs, 24, peer->cmd_sn);
	put32(bhs, 28, peer->stat_sn);
	if (!(opcode & ISCSI_IMMEDIATE) && (opcode & ISCSI_OPCODE_MASK) != ISCSI_OP_DATA_OUT)
		peer->cmd_sn++;
}

static u32 put_digest(u8 *at, u32 crc)
{
	crc = ~crc;
	for (u32 i = 0; i < 4; i++)
		at[i] = crc >> 8 * i;
	return 4;
}

u32 peer_put_digest_of(u8 *to, const u8 *bytes, u32 len, bool on)
{
	return on ? put_digest(to, crc32c(~0u, bytes, len)) : 0;
}

u32 peer_put_digest(u8 *pdu, u32 len, bool on)
{
	return peer_put_digest_of(pdu + len, pdu, len, on);
}

static void send_pdu(struct peer *peer, u8 *bhs, const void *ahs, u32 ahs_len, const void *data, u32 len,
		     u8 spoil)
{
	u32 padded = len + (-len & 3), at = 0;
	u8 *pdu = kzalloc(ISCSI_BHS_LEN + ahs_len + padded + 8, GFP_KERNEL);

	CHECK(pdu);
	bhs[4] = ahs_len / 4;
	bhs[5] = len >> 16;
	bhs[6] = len >> 8;
	bhs[7] = len;
	memcpy(pdu, bhs, ISCSI_BHS_LEN);
	memcpy(pdu + ISCSI_BHS_LEN, ahs, ahs_len);
	at = ISCSI_BHS_LEN + ahs_len;
	if (peer->header_digest)
		at += put_digest(pdu + at, crc32c(~0u, pdu, at));
	memcpy(pdu + at, data, len);
	if (peer->data_digest && len)
		put_digest(pdu + at + padded, crc32c(~0u, pdu + at, padded) ^ spoil);
	at += padded + (peer->data_digest && len ? 4 : 0);
	peer_send_raw(peer, pdu, at);
	kfree(pdu);
}

void peer_send_ahs(struct peer *peer, u8 *bhs, const void *ahs, u32 ahs_len, const void *data, u32 len)
{
	send_pdu(peer, bhs, ahs, ahs_len, data ? data : "", len, 0);
}

void peer_send(struct peer *peer, u8 *bhs, const void *data, u32 len)
{
	send_pdu(peer, bhs, "", 0, data ? data : "", len, 0);
}

void peer_send_bad_data_digest(struct peer *peer, u8 *bhs, const void *data, u32 len)
{
	send_pdu(peer, bhs, "", 0, data, len, 1);
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* False: not all of it within @ms, or the stream ended. */
static bool receive_bytes(struct peer *peer, u8 *to, u32 len, int ms)
{
	while (len) {
		struct pollfd_ p = { .fd = peer->fd, .events = POLLIN_ };
		long n;

		if (poll(&p, 1, ms) != 1)
			return false;
		n = recv(peer->fd, to, len, 0);
		if (n <= 0)
			return false;
		to += n;
		len -= n;
	}
	return true;
}

static void check_digest(struct peer *peer, u32 crc)
{
	u8 expected[4], seen[4];

	put_digest(expected, crc);
	CHECK(receive_bytes(peer, seen, sizeof(seen), PATIENCE_MS));
	CHECK_MEMEQ(seen, expected, sizeof(seen));
}

/* StatSN moves by one with each PDU that has one (RFC 7143 11.4.8). */
static void check_stat_sn(struct peer *peer, const struct reply *reply)
{
	u8 op = reply_op(reply);
	bool shows = op == ISCSI_OP_R2T || (op == ISCSI_OP_NOP_IN && reply_itt(reply) == ISCSI_RESERVED_TAG);

	if (op == ISCSI_OP_DATA_IN && !(reply_flags(reply) & ISCSI_DATA_IN_STATUS))
		return;
	CHECK_EQ(get32(reply->bhs, 24), peer->stat_sn);
	if (!shows)
		peer->stat_sn++;
}

bool peer_receive_in(struct peer *peer, struct reply *reply, int ms)
{
	static u8 data[1 << 20];
	u32 padded;

	if (!receive_bytes(peer, reply->bhs, ISCSI_BHS_LEN, ms))
		return false;
	CHECK_EQ(reply->bhs[4], 0);
	if (peer->header_digest)
		check_digest(peer, crc32c(~0u, reply->bhs, ISCSI_BHS_LEN));
	reply->data = data;
	reply->len = iscsi_get_be24(reply->bhs + 5);
	padded = reply->len + (-reply->len & 3);
	CHECK(receive_bytes(peer, data, padded, PATIENCE_MS));
	if (peer->data_digest && reply->len)
		check_digest(peer, crc32c(~0u, data, padded));
	check_stat_sn(peer, reply);
	return true;
}

void peer_receive(struct peer *peer, struct reply *reply, u8 opcode)
{
	if (!peer_receive_in(peer, reply, PATIENCE_MS))
		test_fail(__FILE__, __LINE__, "nothing came, expected opcode 0x%02x", opcode);
	if (reply_op(reply) != opcode)
		test_fail(__FILE__, __LINE__, "opcode 0x%02x came (byte 2: 0x%02x), expected 0x%02x", reply_op(reply), reply->bhs[2],
			  opcode);
}

void peer_expect_silence(struct peer *peer)
{
	struct pollfd_ p = { .fd = peer->fd, .events = POLLIN_ };

	CHECK_EQ(poll(&p, 1, 150), 0);
}

void peer_expect_end(struct peer *peer)
{
	u8 byte;
	struct pollfd_ p = { .fd = peer->fd, .events = POLLIN_ };

	CHECK_EQ(poll(&p, 1, PATIENCE_MS), 1);
	CHECK(recv(peer->fd, &byte, 1, 0) <= 0);
}

/* ---- SCSI ------------------------------------------------------------------------------------ */

u32 peer_cmd(struct peer *peer, const u8 *cdb, u8 flags, u32 expected_len, const void *data, u32 len)
{
	u8 bhs[ISCSI_BHS_LEN];
	u32 itt = peer->next_itt++;

	peer_header(peer, bhs, ISCSI_OP_SCSI_CMD, flags | ISCSI_ATTR_SIMPLE, itt);
	put32(bhs, 20, expected_len);
	memcpy(bhs + 32, cdb, 16);
	peer_send(peer, bhs, data, len);
	return itt;
}

static u32 peer_io(struct peer *peer, u8 opcode, u32 lba, u32 blocks, u8 flags, const void *data, u32 len)
{
	u8 cdb[16] = { opcode, 0, lba >> 24, lba >> 16, lba >> 8, lba, 0, blocks >> 8, blocks };

	return peer_cmd(peer, cdb, flags, blocks * DISK_BLOCK, data, len);
}

u32 peer_read(struct peer *peer, u32 lba, u32 blocks)
{
	return peer_io(peer, 0x28, lba, blocks, ISCSI_FLAG_FINAL | ISCSI_CMD_READ, NULL, 0);
}

u32 peer_write(struct peer *peer, u32 lba, u32 blocks, const void *data, u32 imm, bool more)
{
	return peer_io(peer, 0x2a, lba, blocks, (more ? 0 : ISCSI_FLAG_FINAL) | ISCSI_CMD_WRITE, data, imm);
}

void peer_data_out(struct peer *peer, u32 itt, u32 ttt, u32 data_sn, u32 offset, const void *data, u32 len,
		   bool final)
{
	u8 bhs[ISCSI_BHS_LEN];

	peer_header(peer, bhs, ISCSI_OP_DATA_OUT, final ? ISCSI_FLAG_FINAL : 0, itt);
	put32(bhs, 20, ttt);
	put32(bhs, 24, 0);
	put32(bhs, 36, data_sn);
	put32(bhs, 40, offset);
	peer_send(peer, bhs, data, len);
}

void peer_expect_status(struct peer *peer, u32 itt, u8 status, u32 sense)
{
	struct reply r;

	peer_receive(peer, &r, ISCSI_OP_SCSI_RSP);
	CHECK_EQ(reply_itt(&r), itt);
	CHECK_EQ(reply_status(&r), status);
	if (!sense) {
		CHECK_EQ(r.len, 0);
		return;
	}
	CHECK_GE(r.len, 2 + 14);
	CHECK_EQ(r.data[0] << 8 | r.data[1], r.len - 2);
	CHECK_EQ((r.data[4] & 15) << 16 | r.data[14] << 8 | r.data[15], sense);
}

void peer_expect_reject(struct peer *peer, u8 reason)
{
	struct reply r;

	peer_receive(peer, &r, ISCSI_OP_REJECT);
	CHECK_EQ(r.bhs[2], reason);
	CHECK_EQ(r.len, ISCSI_BHS_LEN);
}

void peer_expect_data(struct peer *peer, u32 itt, const void *data, u32 len)
{
	u32 off = 0, data_sn = 0;

	for (;;) {
		struct reply r;

		peer_receive(peer, &r, ISCSI_OP_DATA_IN);
		CHECK_EQ(reply_itt(&r), itt);
		CHECK_EQ(get32(r.bhs, 36), data_sn);
		CHECK_EQ(get32(r.bhs, 40), off);
		CHECK_LE(off + r.len, len);
		CHECK_MEMEQ(r.data, (const u8 *)data + off, r.len);
		off += r.len;
		data_sn++;
		if (off == len) {
			CHECK_EQ(reply_flags(&r), ISCSI_FLAG_FINAL | ISCSI_DATA_IN_STATUS);
			CHECK_EQ(reply_status(&r), 0);
			return;
		}
		CHECK_EQ(reply_flags(&r) & ISCSI_DATA_IN_STATUS, 0);
	}
}

void peer_expect_service(struct peer *peer)
{
	u32 itt = peer_read(peer, 3, 1);

	peer_expect_data(peer, itt, disk + 3 * DISK_BLOCK, DISK_BLOCK);
}

void peer_first_cmd(struct peer *peer)
{
	static const u8 test_unit_ready[16];
	struct reply r;

	peer_cmd(peer, test_unit_ready, ISCSI_FLAG_FINAL, 0, NULL, 0);
	peer_receive(peer, &r, ISCSI_OP_SCSI_RSP);
}
