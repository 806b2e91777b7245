/* SPDX-License-Identifier: MIT */
/* scsi_disk.c - see scsi_disk.h. */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "scsi_disk.h"

extern int open(const char *path, int flags, ...);
extern int close(int fd);
extern int ioctl(int fd, unsigned long request, ...);

const struct disk_kind disk_kinds[] = {
	{ "vdisk_fileio", 512, true }, { "vdisk_fileio", 4096, true },
	{ "vdisk_blockio", 512, true }, { "vdisk_blockio", 4096, true },
	{ "vdisk_ram", 512, true }, { "vdisk_ram", 4096, true },
	{ "vdisk_nullio", 512, false }, { "vdisk_nullio", 4096, false },
};

/* ---- a loop device --------------------------------------------------------------------- */

enum { LOOP_SET_FD_ = 0x4c00, LOOP_SET_STATUS64_ = 0x4c04, LOOP_CTL_GET_FREE_ = 0x4c82, RDWR_CLOEXEC_ = 02000002 };
enum { LO_FLAGS_AT_ = 52, LO_FLAGS_AUTOCLEAR_ = 4 };	/* of struct loop_info64, 232 bytes */

static char loop_path[32];
static int loop_fd;

/* The file of LUN 7's disk becomes a block device. */
static void loop_make(const char *file)
{
	int control = open("/dev/loop-control", RDWR_CLOEXEC_), nr, back_fd;
	bool set = false;
	u8 info[232] = { [LO_FLAGS_AT_] = LO_FLAGS_AUTOCLEAR_ };

	if (control < 0)
		test_skip("/dev/loop-control cannot be opened: not root, or no loop devices here");
	back_fd = open(file, RDWR_CLOEXEC_);
	/* Another process may be faster than we are with the one that is free. */
	for (u32 tries = 0; !set && tries < 20; tries++) {
		nr = ioctl(control, LOOP_CTL_GET_FREE_);
		snprintf(loop_path, sizeof(loop_path), "/dev/loop%d", nr);
		loop_fd = nr < 0 ? -1 : open(loop_path, RDWR_CLOEXEC_);
		set = loop_fd >= 0 && ioctl(loop_fd, LOOP_SET_FD_, back_fd) == 0;
		if (!set && loop_fd >= 0)
			close(loop_fd);
	}
	close(control);
	if (!set)
		test_skip("no loop device can be set up here");
	/* It goes when nobody has it open any more, however the test ends. */
	CHECK_EQ(ioctl(loop_fd, LOOP_SET_STATUS64_, info), 0);
	close(back_fd);
}

void disk_start(const struct disk_kind *kind, struct peer **a, struct peer **b)
{
	u32 bs = kind->block;
	char params[128];

	rig_start();
	snprintf(params, sizeof(params), "blocksize=%u", bs);
	if (!strcmp(kind->handler, "vdisk_fileio")) {
		rig_file_disk(0, kind->handler, DISK_SIZE, params);
	} else if (!strcmp(kind->handler, "vdisk_blockio")) {
		rig_file_disk(7, "vdisk_fileio", DISK_SIZE, "");
		loop_make(rig_file_path(7));
		snprintf(params, sizeof(params), "blocksize=%u; filename=%s", bs, loop_path);
		rig_disk(0, kind->handler, params);
	} else {
		snprintf(params, sizeof(params), "blocksize=%u; size=%u", bs, DISK_SIZE);
		rig_disk(0, kind->handler, params);
	}
	*a = rig_nexus(0);
	*b = rig_nexus(1);
}

void disk_end(const struct disk_kind *kind)
{
	rig_stop();
	if (!strcmp(kind->handler, "vdisk_blockio"))
		close(loop_fd);
}

void disk_expect(struct peer *peer, const struct disk_kind *kind, u64 lba, u32 blocks, const u8 *expected)
{
	static u8 back[1 << 20];

	scsi_read(peer, 0, lba, blocks, kind->block, back);
	if (kind->keeps)
		CHECK_MEMEQ(back, expected, blocks * kind->block);
	else
		CHECK(!memchr_inv(back, 0, blocks * kind->block));
}

void cdb_10(u8 *cdb, u8 op, u32 lba, u16 blocks)
{
	memset(cdb, 0, 16);
	cdb[0] = op;
	put_unaligned_be32(lba, cdb + 2);
	put_unaligned_be16(blocks, cdb + 7);
}

void cdb_12(u8 *cdb, u8 op, u32 lba, u32 blocks)
{
	memset(cdb, 0, 16);
	cdb[0] = op;
	put_unaligned_be32(lba, cdb + 2);
	put_unaligned_be32(blocks, cdb + 6);
}
