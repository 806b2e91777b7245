/* SPDX-License-Identifier: MIT */
/* scsi_rig.c - see scsi_rig.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <ring3/kernel.h>

#include "scsi_rig.h"

/* libc's, under their own names. */
extern int mkstemp(char *template);
extern int ftruncate(int fd, long length);
extern int unlink(const char *path);
extern int close(int fd);
extern char *getenv(const char *name);

#define MAX_DISKS	8

static struct peer nexuses[RIG_MAX_NEXUSES];
static bool connected[RIG_MAX_NEXUSES];

static struct rig_disk {
	bool	mapped;
	char	handler[32];	/* "": another name for a device there is */
	char	path[256];
} disks[MAX_DISKS];

/*
 * TSan notes what sendmsg() reads after it has sent it: the answer to a READ, which lies in
 * the disk's own memory, would race with a WRITE that the answer caused. ASan still checks it.
 */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "intercept_send=0";
}

/* A disk's handler is replaced by one that may hold commands back, before it is mapped. */
static struct scst_dev_type wrapped[MAX_DISKS];
static struct scst_dev_type *real_handler[MAX_DISKS];
static DEFINE_SPINLOCK(hold_lock);
static struct scst_device *held_dev;	/* NULL: nothing is held back */
static struct scst_cmd *held[4096];
static u32 nr_held;

void rig_mgmt(const char *path, const char *command)
{
	target_mgmt(path, command);
}

int rig_mgmt_fails(const char *path, const char *command)
{
	char why[256] = "";
	int err = scst_mgmt_write(path, command, why, sizeof(why));

	if (!err || !why[0])
		test_fail(__FILE__, __LINE__, "%s: %s: error %d, \"%s\"", path, command, err, why);
	return err;
}

static struct scst_device *disk_device(u32 lun)
{
	struct scst_device *dev;
	char name[16];

	snprintf(name, sizeof(name), "disk%u", lun);
	dev = scst_find_device(name);
	CHECK(dev);
	return dev;
}

void rig_start(void)
{
	rig_start_with(NULL);
}

void rig_start_with(const char *iscsi_params)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 2, .nr_other_cpus = 2 };

	CHECK_EQ(ring3_kernel_start(&options), 0);
	target_insmod("scst.ko.so", NULL);
	target_insmod("scst_vdisk.ko.so", NULL);
	target_insmod("iscsi_scst.ko.so", iscsi_params);
	rig_mgmt("targets/iscsi/mgmt", "add_target " TARGET_NAME);
	rig_mgmt("targets/iscsi/" TARGET_NAME "/enabled", "1");
}

void rig_stop(void)
{
	char path[128], command[64];

	rig_release();
	for (u32 i = 0; i < RIG_MAX_NEXUSES; i++)
		if (connected[i])
			peer_close(&nexuses[i]);
	rig_mgmt("targets/iscsi/mgmt", "del_target " TARGET_NAME);
	CHECK_EQ(ring3_rmmod("iscsi_scst"), 0);
	for (u32 lun = 0; lun < MAX_DISKS; lun++) {
		if (!disks[lun].handler[0])
			continue;
		disk_device(lun)->handler = real_handler[lun];
		snprintf(path, sizeof(path), "handlers/%s/mgmt", disks[lun].handler);
		snprintf(command, sizeof(command), "del_device disk%u", lun);
		rig_mgmt(path, command);
		if (disks[lun].path[0])
			unlink(disks[lun].path);
	}
	CHECK_EQ(ring3_rmmod("scst_vdisk"), 0);
	CHECK_EQ(ring3_rmmod("scst"), 0);
	CHECK_EQ(ring3_kernel_stop(), 0);
}

/* All handlers of disks have the same exec(). */
static enum scst_exec_res real_exec(struct scst_cmd *cmd)
{
	return real_handler[0]->exec(cmd);
}

static enum scst_exec_res exec_or_hold(struct scst_cmd *cmd)
{
	bool hold = false;

	spin_lock_bh(&hold_lock);
	if (held_dev == cmd->dev && cmd->op_flags & SCST_MEDIUM && nr_held < ARRAY_SIZE(held)) {
		held[nr_held++] = cmd;
		hold = true;
	}
	spin_unlock_bh(&hold_lock);
	return hold ? SCST_EXEC_COMPLETED : real_exec(cmd);
}

void rig_map(const char *name, u32 lun)
{
	char command[64];

	CHECK(lun < MAX_DISKS);
	disks[lun].mapped = true;
	snprintf(command, sizeof(command), "add %s %u", name, lun);
	rig_mgmt("targets/iscsi/" TARGET_NAME "/luns/mgmt", command);
}

void rig_disk(u32 lun, const char *handler, const char *params)
{
	char path[128], command[512], name[16];

	CHECK(lun < MAX_DISKS);
	strscpy(disks[lun].handler, handler, sizeof(disks[lun].handler));
	snprintf(name, sizeof(name), "disk%u", lun);
	snprintf(path, sizeof(path), "handlers/%s/mgmt", handler);
	snprintf(command, sizeof(command), "add_device %s %s", name, params);
	rig_mgmt(path, command);
	real_handler[lun] = disk_device(lun)->handler;
	wrapped[lun] = *real_handler[lun];
	wrapped[lun].exec = exec_or_hold;
	disk_device(lun)->handler = &wrapped[lun];
	rig_map(name, lun);
}

void rig_file_disk(u32 lun, const char *handler, u64 bytes, const char *params)
{
	const char *folder = getenv("TMPDIR");
	char all[512];
	int fd;

	snprintf(disks[lun].path, sizeof(disks[lun].path), "%s/scsi-rig-XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(disks[lun].path);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, (long)bytes), 0);
	close(fd);
	snprintf(all, sizeof(all), "filename=%s; %s", disks[lun].path, params);
	rig_disk(lun, handler, all);
}

const char *rig_file_path(u32 lun)
{
	return disks[lun].path;
}

/* ---- nexuses ------------------------------------------------------------------------ */

void rig_handoff(u32 nr, struct iscsi_handoff *h)
{
	handoff_default(h);
	h->isid[0] = 0x40;
	h->isid[5] = (u8)nr;
	h->max_recv_data_segment_length = 1 << 20;
	h->max_xmit_data_segment_length = 1 << 20;
	h->first_burst_length = 1 << 20;
	h->max_burst_length = 1 << 20;
	h->queue_depth = 128;
	h->max_send_queue_bytes = 64 << 20;
	snprintf(h->initiator_name, sizeof(h->initiator_name), "iqn.2026-11.dev.ring3.test:nexus%u", nr);
}

struct peer *rig_login(u32 nr, const struct iscsi_handoff *h)
{
	struct iscsi_handoff own;

	CHECK(nr < RIG_MAX_NEXUSES);
	if (!h) {
		rig_handoff(nr, &own);
		h = &own;
	}
	peer_login(&nexuses[nr], h);
	connected[nr] = true;
	return &nexuses[nr];
}

struct peer *rig_nexus(u32 nr)
{
	struct peer *peer = rig_login(nr, NULL);

	for (u32 lun = 0; lun < MAX_DISKS; lun++) {
		if (!disks[lun].mapped)
			continue;
		scsi_expect_ua(peer, lun, SENSE_UA_POWER_ON);
	}
	return peer;
}

static bool session_is_there(u32 nr)
{
	static char json[65536];
	char name[64];

	snprintf(name, sizeof(name), "ring3.test:nexus%u\"", nr);
	CHECK(iscsi_show(json, sizeof(json)) < (long)sizeof(json));
	return strstr(json, name);
}

void rig_logout(u32 nr)
{
	peer_close(&nexuses[nr]);
	connected[nr] = false;
	for (u32 i = 0; session_is_there(nr); i++) {
		CHECK_LT(i, PATIENCE_MS);
		wait_ms(1);
	}
}

u32 rig_transport_id(u32 nr, u8 *tid)
{
	struct iscsi_handoff h;
	u32 len;

	rig_handoff(nr, &h);
	memset(tid, 0, 264);
	tid[0] = 0x45;
	len = (u32)snprintf((char *)tid + 4, 256, "%s,i,0x%02x%02x%02x%02x%02x%02x", h.initiator_name, h.isid[0],
			    h.isid[1], h.isid[2], h.isid[3], h.isid[4], h.isid[5]) + 1;
	len = ALIGN(len, 4);
	put_unaligned_be16(len, tid + 2);
	return 4 + len;
}

/* ---- holding commands back ------------------------------------------------------------ */

void rig_hold(u32 lun)
{
	spin_lock_bh(&hold_lock);
	held_dev = disk_device(lun);
	spin_unlock_bh(&hold_lock);
}

void rig_hold_no_more(void)
{
	spin_lock_bh(&hold_lock);
	held_dev = NULL;
	spin_unlock_bh(&hold_lock);
}

u32 rig_held(void)
{
	u32 nr;

	spin_lock_bh(&hold_lock);
	nr = nr_held;
	spin_unlock_bh(&hold_lock);
	return nr;
}

void rig_wait_held(u32 count)
{
	for (u32 i = 0; rig_held() < count; i++) {
		CHECK_LT(i, PATIENCE_MS);
		wait_ms(1);
	}
	CHECK_EQ(rig_held(), count);
}

/* Oldest first. */
void rig_release(void)
{
	u32 nr;

	spin_lock_bh(&hold_lock);
	held_dev = NULL;
	nr = nr_held;
	spin_unlock_bh(&hold_lock);
	for (u32 i = 0; i < nr; i++) {
		struct scst_cmd *cmd = held[i];

		if (real_exec(cmd) == SCST_EXEC_NOT_COMPLETED)
			test_fail(__FILE__, __LINE__, "the handler does not execute 0x%02x", cmd->cdb[0]);
	}
	spin_lock_bh(&hold_lock);
	nr_held = 0;
	spin_unlock_bh(&hold_lock);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void put_lun(u8 *bhs, u32 lun)
{
	bhs[8] = lun > 255 ? (u8)(0x40 | lun >> 8) : 0;
	bhs[9] = (u8)lun;
}

u32 scsi_send_attr(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len, u8 attr)
{
	u8 bhs[ISCSI_BHS_LEN], flags = ISCSI_FLAG_FINAL | attr;
	u32 itt = peer->next_itt++, imm = min(out_len, 1u << 20);

	flags |= in_len ? ISCSI_CMD_READ : 0;
	flags |= out_len ? ISCSI_CMD_WRITE : 0;
	peer_header(peer, bhs, ISCSI_OP_SCSI_CMD, flags, itt);
	put_lun(bhs, lun);
	put32(bhs, 20, out_len ? out_len : in_len);
	memcpy(bhs + 32, cdb, 16);
	peer_send(peer, bhs, out, imm);
	return itt;
}

u32 scsi_send(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len)
{
	return scsi_send_attr(peer, lun, cdb, in_len, out, out_len, ISCSI_ATTR_SIMPLE);
}

static void take_sense(struct scsi_answer *answer, const struct reply *r)
{
	const u8 *s = answer->raw;

	if (r->len < 2)
		return;
	answer->raw_len = get_unaligned_be16(r->data);
	CHECK_EQ(answer->raw_len, r->len - 2);
	CHECK_LE(answer->raw_len, sizeof(answer->raw));
	memcpy(answer->raw, r->data + 2, answer->raw_len);
	if ((s[0] & 0x7f) == 0x72)
		answer->sense = (u32)(s[1] & 15) << 16 | s[2] << 8 | s[3];
	else
		answer->sense = (u32)(s[2] & 15) << 16 | s[12] << 8 | s[13];
}

static void take_status(struct scsi_answer *answer, const struct reply *r)
{
	answer->itt = reply_itt(r);
	answer->status = reply_status(r);
	answer->residual_flag = reply_flags(r) & (ISCSI_RSP_OVERFLOW | ISCSI_RSP_UNDERFLOW);
	answer->residual = get32(r->bhs, 44);
}

void scsi_answer_with(struct peer *peer, struct scsi_answer *answer, const void *out)
{
	static u8 data[4 << 20];
	struct reply r;

	memset(answer, 0, sizeof(*answer));
	answer->data = data;
	for (;;) {
		if (!peer_receive_in(peer, &r, PATIENCE_MS))
			test_fail(__FILE__, __LINE__, "no answer came");
		switch (reply_op(&r)) {
		case ISCSI_OP_DATA_IN:
			CHECK_LE(answer->len + r.len, sizeof(data));
			CHECK_EQ(get32(r.bhs, 40), answer->len);
			memcpy(data + answer->len, r.data, r.len);
			answer->len += r.len;
			if (!(reply_flags(&r) & ISCSI_DATA_IN_STATUS))
				break;
			take_status(answer, &r);
			return;
		case ISCSI_OP_R2T:
			CHECK(out);
			answer->nr_r2t++;
			peer_data_out(peer, reply_itt(&r), get32(r.bhs, 20), 0, get32(r.bhs, 40),
				      (const u8 *)out + get32(r.bhs, 40), get32(r.bhs, 44), true);
			break;
		case ISCSI_OP_SCSI_RSP:
			take_status(answer, &r);
			take_sense(answer, &r);
			return;
		default:
			test_fail(__FILE__, __LINE__, "opcode 0x%02x came, reason 0x%02x", reply_op(&r), r.bhs[2]);
		}
	}
}

void scsi_answer(struct peer *peer, struct scsi_answer *answer)
{
	scsi_answer_with(peer, answer, NULL);
}

struct scsi_answer scsi_cmd(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len)
{
	struct scsi_answer answer;
	u32 itt = scsi_send(peer, lun, cdb, in_len, out, out_len);

	scsi_answer_with(peer, &answer, out);
	CHECK_EQ(answer.itt, itt);
	return answer;
}

static void expect(const struct scsi_answer *answer, const u8 *cdb, u8 status, u32 sense)
{
	if (answer->status != status || answer->sense != sense)
		test_fail(__FILE__, __LINE__, "CDB %02x %02x %02x ended with status 0x%02x sense %06x, expected 0x%02x %06x",
			  cdb[0], cdb[1], cdb[2], answer->status, answer->sense, status, sense);
}

struct scsi_answer scsi_good(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len)
{
	struct scsi_answer answer = scsi_cmd(peer, lun, cdb, in_len, out, out_len);

	expect(&answer, cdb, SAM_STAT_GOOD, 0);
	return answer;
}

void scsi_fails(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len, u32 sense)
{
	struct scsi_answer answer = scsi_cmd(peer, lun, cdb, in_len, out, out_len);

	expect(&answer, cdb, SAM_STAT_CHECK_CONDITION, sense);
	CHECK_EQ(answer.len, 0);
}

void scsi_conflicts(struct peer *peer, u32 lun, const u8 *cdb, u32 in_len, const void *out, u32 out_len)
{
	struct scsi_answer answer = scsi_cmd(peer, lun, cdb, in_len, out, out_len);

	expect(&answer, cdb, SAM_STAT_RESERVATION_CONFLICT, 0);
	CHECK_EQ(answer.len, 0);
}

void scsi_no_ua(struct peer *peer, u32 lun)
{
	static const u8 test_unit_ready[16];

	scsi_good(peer, lun, test_unit_ready, 0, NULL, 0);
}

void scsi_expect_ua(struct peer *peer, u32 lun, u32 sense)
{
	static const u8 test_unit_ready[16];

	scsi_fails(peer, lun, test_unit_ready, 0, NULL, 0, sense);
}

/* ---- blocks --------------------------------------------------------------------------------- */

void cdb_rw16(u8 *cdb, u8 opcode, u64 lba, u32 blocks)
{
	memset(cdb, 0, 16);
	cdb[0] = opcode;
	put_unaligned_be64(lba, cdb + 2);
	put_unaligned_be32(blocks, cdb + 10);
}

void scsi_read(struct peer *peer, u32 lun, u64 lba, u32 blocks, u32 block, void *to)
{
	struct scsi_answer answer;
	u8 cdb[16];

	cdb_rw16(cdb, READ_16, lba, blocks);
	answer = scsi_good(peer, lun, cdb, blocks * block, NULL, 0);
	CHECK_EQ(answer.len, blocks * block);
	CHECK_EQ(answer.residual_flag, 0);
	memcpy(to, answer.data, answer.len);
}

void scsi_write(struct peer *peer, u32 lun, u64 lba, u32 blocks, u32 block, const void *from)
{
	u8 cdb[16];

	cdb_rw16(cdb, WRITE_16, lba, blocks);
	scsi_good(peer, lun, cdb, 0, from, blocks * block);
}

/* ---- task management ------------------------------------------------------------------------- */

u32 scsi_tm_send(struct peer *peer, u8 function, u32 lun, u32 ref_itt)
{
	u8 bhs[ISCSI_BHS_LEN];
	u32 itt = peer->next_itt++;

	peer_header(peer, bhs, ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE, ISCSI_FLAG_FINAL | function, itt);
	put_lun(bhs, lun);
	put32(bhs, 20, ref_itt);
	put32(bhs, 32, peer->cmd_sn - 1);
	peer_send(peer, bhs, NULL, 0);
	return itt;
}

u8 scsi_tm_answer(struct peer *peer, u32 itt)
{
	struct reply r;

	peer_receive(peer, &r, ISCSI_OP_TMF_RSP);
	CHECK_EQ(reply_itt(&r), itt);
	return r.bhs[2];
}

u8 scsi_tm(struct peer *peer, u8 function, u32 lun, u32 ref_itt)
{
	return scsi_tm_answer(peer, scsi_tm_send(peer, function, lun, ref_itt));
}
