/* SPDX-License-Identifier: MIT */
/*
 * scsi_view_write_test.c - writes that are copied into a file in memory, without a system call: they
 * arrive, and where a page is missing, or may not be written, they end as writing the file would.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

/* libc's, under their own names. */
extern int memfd_create(const char *name, unsigned int flags);
extern int fcntl(int fd, int cmd, ...);
extern int ftruncate(int fd, long length);
extern int fallocate(int fd, int mode, long offset, long len);
extern int open(const char *path, int flags, ...);
extern int close(int fd);
extern int unlink(const char *path);
extern int rmdir(const char *path);
extern char *mkdtemp(char *template);
extern int unshare(int flags);
extern unsigned int getuid(void), getgid(void);
extern long write(int fd, const void *buf, unsigned long bytes);
extern int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
extern int umount(const char *target);
extern long lseek(int fd, long offset, int whence);
extern long pread(int fd, void *buf, unsigned long bytes, long offset);
extern long pwrite(int fd, const void *buf, unsigned long bytes, long offset);
extern int pthread_create(unsigned long *thread, const void *attr, void *(*fn)(void *arg), void *arg);
extern int pthread_join(unsigned long thread, void **result);
extern int pthread_sigmask(int how, const void *set, void *old);

#define END_OF_FILE	2	/* lseek() */
#define ADD_SEALS	1033	/* fcntl() */
#define SEAL_WRITE	8
#define NEW_MOUNTS	0x20000	/* unshare() */
#define NEW_USERS	0x10000000
#define PUNCH_HOLE	3	/* fallocate(), with KEEP_SIZE */
#define PAGE		4096
#define PAGE_BLOCKS	(PAGE / 512)
#define MIB		(1u << 20)

static struct peer *a, *b;
static u8 data[MIB], other[MIB], seen[MIB];
static int fd;

static void start_on(int file, const char *more)
{
	char params[80];

	fd = file;
	CHECK(fd >= 0);
	fill(data, sizeof(data), 1);
	fill(other, sizeof(other), 2);
	rig_start();
	snprintf(params, sizeof(params), "filename=/proc/self/fd/%d; %s", fd, more);
	rig_disk(0, "vdisk_fileio", params);
	a = rig_nexus(0);
	b = rig_nexus(1);
}

/* Every page of it has been written, so that writes need no system call any more. */
static void start(u64 bytes)
{
	int file = memfd_create("ring3-disk", 2 /* may be sealed */);

	CHECK_EQ(ftruncate(file, (long)bytes), 0);
	start_on(file, "");
	scsi_write(a, 0, 0, (u32)(bytes / 512), 512, data);
}

static void stop(void)
{
	rig_stop();
	close(fd);
}

static void expect_file(u32 at, const u8 *bytes, u32 len)
{
	CHECK_EQ(pread(fd, seen, len, at), len);
	CHECK_MEMEQ(seen, bytes, len);
}

TEST(scsi_view_writes_arrive)
{
	start(MIB);
	expect_file(0, data, MIB);
	/* Blocks, pages, over their borders, from the one session and the other. */
	for (u32 i = 0; i < 200; i++) {
		u32 lba = i * 37 % 2000, blocks = i % 48 + 1;

		fill(other, blocks * 512, i + 3);
		memcpy(data + lba * 512, other, blocks * 512);
		scsi_write(i & 1 ? a : b, 0, lba, blocks, 512, other);
	}
	expect_file(0, data, MIB);
	scsi_read(a, 0, 0, 2048, 512, seen);
	CHECK_MEMEQ(seen, data, MIB);
	/* FUA, and the flush of it all, are of this file as of any. */
	scsi_good(b, 0, (u8[16]){ WRITE_10, 8, [8] = 1 }, 0, other, 512);
	scsi_good(b, 0, (u8[16]){ SYNCHRONIZE_CACHE }, 0, NULL, 0);
	expect_file(0, other, 512);
	stop();
}

/* Written behind its end a file grows, as it does where it lies on a disk. */
TEST(scsi_view_write_of_a_truncated_file)
{
	start(MIB);
	CHECK_EQ(ftruncate(fd, MIB / 2 + 512), 0);
	scsi_write(a, 0, 0, 1, 512, other);
	expect_file(0, other, 512);
	CHECK_EQ(lseek(fd, 0, END_OF_FILE), MIB / 2 + 512);
	/* In the page that the file ends in, then behind it. */
	scsi_write(a, 0, MIB / 1024 + 3, 1, 512, other);
	CHECK_EQ(lseek(fd, 0, END_OF_FILE), MIB / 2 + 4 * 512);
	expect_file(MIB / 2 + 3 * 512, other, 512);
	scsi_write(b, 0, 2047, 1, 512, other + 512);
	CHECK_EQ(lseek(fd, 0, END_OF_FILE), MIB);
	expect_file(MIB - 512, other + 512, 512);
	scsi_write(b, 0, 0, 2048, 512, data);
	expect_file(0, data, MIB);
	stop();
}

static bool truncating;

static void *truncate_on_and_on(void *arg)
{
	while (READ_ONCE(truncating)) {
		CHECK_EQ(ftruncate(fd, 0), 0);
		CHECK_EQ(ftruncate(fd, MIB), 0);
	}
	return arg;
}

/* At any moment between the look at its size and the copy. */
TEST(scsi_view_write_while_it_is_truncated)
{
	unsigned long thread;

	start(MIB);
	truncating = true;
	CHECK_EQ(pthread_create(&thread, NULL, truncate_on_and_on, NULL), 0);
	for (u32 i = 0; i < 300; i++) {
		u32 itts[16];

		for (u32 n = 0; n < 16; n++) {
			u8 cdb[16];

			cdb_rw16(cdb, WRITE_16, (i * 16 + n) * 8 % 2048, 8);
			itts[n] = scsi_send(n & 1 ? a : b, 0, cdb, 0, data, PAGE);
		}
		for (u32 n = 0; n < 16; n++) {
			struct scsi_answer answer;

			scsi_answer(n & 1 ? a : b, &answer);
			CHECK_EQ(answer.itt, itts[n]);
			CHECK_EQ(answer.status, SAM_STAT_GOOD);
		}
	}
	WRITE_ONCE(truncating, false);
	pthread_join(thread, NULL);
	scsi_write(a, 0, 0, 2048, 512, other);
	expect_file(0, other, MIB);
	stop();
}

static bool say(const char *path, const char *text)
{
	int file = open(path, 1 /* O_WRONLY */);
	bool good = file >= 0 && write(file, text, strlen(text)) == (long)strlen(text);

	if (file >= 0)
		close(file);
	return good;
}

/* Mounts that nobody else sees: root's, or of a user namespace in which we are root. */
static bool own_mounts(void)
{
	char uid[24], gid[24];

	snprintf(uid, sizeof(uid), "0 %u 1", getuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getgid());
	if (unshare(NEW_MOUNTS) &&
	    (unshare(NEW_USERS | NEW_MOUNTS) || !say("/proc/self/setgroups", "deny") ||
	     !say("/proc/self/uid_map", uid) || !say("/proc/self/gid_map", gid)))
		return false;
	return !mount("none", "/", "none", 0x44000 /* private, all */, "");
}

/* A file on a file system of our own, of @bytes; skips where we may have none. */
static int full_file(char *folder, u32 bytes)
{
	char options[32], path[64];
	int file;

	strscpy(folder, "/tmp/ring3-full-XXXXXX", 32);
	if (!own_mounts())
		test_skip("no mounts of our own");
	CHECK(mkdtemp(folder));
	snprintf(options, sizeof(options), "size=%u,huge=never", bytes);
	if (mount("none", folder, "tmpfs", 0, options)) {
		rmdir(folder);
		test_skip("no tmpfs of our own");
	}
	snprintf(path, sizeof(path), "%s/disk", folder);
	file = open(path, 0102 /* O_RDWR | O_CREAT */, 0600);
	CHECK(file >= 0);
	CHECK_EQ(unlink(path), 0);
	return file;
}

static void write_to_full_file_system(void)
{
	char folder[32], path[64];
	int file = full_file(folder, 64 * PAGE), ballast;
	u8 cdb[16];

	CHECK_EQ(ftruncate(file, MIB), 0);
	start_on(file, "");
	scsi_write(a, 0, 0, 48 * PAGE_BLOCKS, 512, data);
	snprintf(path, sizeof(path), "%s/ballast", folder);
	ballast = open(path, 0102, 0600);
	for (long at = 0; pwrite(ballast, other, PAGE, at) == PAGE; at += PAGE)
		;
	/* What is there can be written, what is not cannot. */
	scsi_write(a, 0, 0, 48 * PAGE_BLOCKS, 512, other);
	cdb_rw16(cdb, WRITE_16, 100 * PAGE_BLOCKS, PAGE_BLOCKS);
	scsi_fails(a, 0, cdb, 0, data, PAGE, 0x072707);
	/* Somebody takes pages away that we know, and the room with them. */
	CHECK_EQ(fallocate(fd, PUNCH_HOLE, 8 * PAGE, 8 * PAGE), 0);
	CHECK_EQ(pwrite(ballast, other, 8 * PAGE, 1024 * PAGE), 8 * PAGE);
	cdb_rw16(cdb, WRITE_16, 9 * PAGE_BLOCKS, 2 * PAGE_BLOCKS);
	scsi_fails(b, 0, cdb, 0, data, 2 * PAGE, 0x072707);
	scsi_write(b, 0, 0, PAGE_BLOCKS, 512, data);
	/* Room again: it works again. */
	CHECK_EQ(ftruncate(ballast, 0), 0);
	scsi_write(b, 0, 8 * PAGE_BLOCKS, 8 * PAGE_BLOCKS, 512, data);
	expect_file(8 * PAGE, data, 8 * PAGE);
	expect_file(0, data, PAGE);
	expect_file(16 * PAGE, other + 16 * PAGE, 32 * PAGE);
	close(ballast);
	unlink(path);
	stop();
	CHECK_EQ(umount(folder), 0);
	rmdir(folder);
}

TEST(scsi_view_write_to_a_full_file_system)
{
	write_to_full_file_system();
}

/* As those do who wait for their signals: a fault must end the copy all the same. */
TEST(scsi_view_write_to_a_full_file_system_signals_blocked)
{
	unsigned long all[16];

	memset(all, 0xff, sizeof(all));
	CHECK_EQ(pthread_sigmask(0 /* SIG_BLOCK */, all, NULL), 0);
	write_to_full_file_system();
}

/* Far behind what there is a view, and bits, of. */
TEST(scsi_view_write_to_what_a_disk_grew_by)
{
	u64 lba = 1ull << 32;	/* 2 TiB */
	u8 list[24] = { 0, 22, 0, 16 }, *zeros;

	start(MIB);
	CHECK_EQ(ftruncate(fd, 1l << 42), 0);
	rig_mgmt("devices/disk0/mgmt", "resync_size");
	scsi_expect_ua(a, 0, 0x062a09);
	scsi_expect_ua(b, 0, 0x062a09);
	for (u32 i = 0; i < 3; i++) {
		scsi_write(a, 0, lba, 2048, 512, other);
		scsi_read(b, 0, lba, 2048, 512, seen);
		CHECK_MEMEQ(seen, other, MIB);
	}
	/* From the part that was always there into the new one. */
	scsi_write(b, 0, 2040, 16, 512, other);
	CHECK_EQ(pread(fd, seen, 8192, 2040 * 512), 8192);
	CHECK_MEMEQ(seen, other, 8192);
	put_unaligned_be64(2032, list + 8);
	put_unaligned_be32(48, list + 16);
	scsi_good(a, 0, (u8[16]){ UNMAP, [8] = 24 }, 0, list, 24);
	put_unaligned_be64(lba, list + 8);
	put_unaligned_be32(2048, list + 16);
	scsi_good(a, 0, (u8[16]){ UNMAP, [8] = 24 }, 0, list, 24);
	zeros = memset(other, 0, sizeof(other));
	scsi_read(b, 0, lba, 2048, 512, seen);
	CHECK_MEMEQ(seen, zeros, MIB);
	scsi_read(b, 0, 2032, 48, 512, seen);
	CHECK_MEMEQ(seen, zeros, 48 * 512);
	scsi_read(b, 0, 0, 2032, 512, seen);
	CHECK_MEMEQ(seen, data, 2032 * 512);
	stop();
}

TEST(scsi_view_write_where_none_may)
{
	int file = memfd_create("ring3-disk", 0);
	u8 cdb[16];

	fill(other, sizeof(other), 2);
	CHECK_EQ(pwrite(file, other, MIB, 0), MIB);
	start_on(file, "read_only=1");
	cdb_rw16(cdb, WRITE_16, 0, 8);
	scsi_read(a, 0, 0, 2048, 512, seen);
	scsi_fails(a, 0, cdb, 0, data, PAGE, 0x072700);
	expect_file(0, other, MIB);
	stop();
}

/* A sealed file can be read only; that it is sealed shows when it is written. */
TEST(scsi_view_write_of_a_sealed_file)
{
	int file = memfd_create("ring3-disk", 2);
	u8 cdb[16];

	fill(other, sizeof(other), 2);
	CHECK_EQ(pwrite(file, other, MIB, 0), MIB);
	CHECK_EQ(fcntl(file, ADD_SEALS, SEAL_WRITE), 0);
	start_on(file, "");
	for (u32 i = 0; i < 3; i++) {
		scsi_read(a, 0, 0, 2048, 512, seen);
		CHECK_MEMEQ(seen, other, MIB);
		cdb_rw16(cdb, WRITE_16, 0, 8);
		scsi_fails(a, 0, cdb, 0, data, PAGE, 0x030c00);
	}
	expect_file(0, other, MIB);
	stop();
}

/* Checks come before the data moves. */
TEST(scsi_view_write_that_is_refused)
{
	u8 cdb[16], caw[1024];

	start(MIB);
	scsi_good(a, 0, (u8[16]){ RESERVE }, 0, NULL, 0);
	cdb_rw16(cdb, WRITE_16, 0, 8);
	scsi_conflicts(b, 0, cdb, 0, other, PAGE);
	scsi_good(a, 0, (u8[16]){ RELEASE }, 0, NULL, 0);
	cdb_rw16(cdb, WRITE_16, 2047, 8);
	scsi_fails(b, 0, cdb, 0, other, PAGE, 0x052100);
	/* Compared first. */
	memcpy(caw, other, 1024);
	cdb_rw16(cdb, COMPARE_AND_WRITE, 8, 0);
	memset(cdb + 10, 0, 4);
	cdb[13] = 1;
	scsi_fails(b, 0, cdb, 0, caw, 1024, 0x0e1d00);
	expect_file(0, data, MIB);
	stop();
}

static void write_header(struct peer *peer, u8 *bhs, u32 itt)
{
	peer_header(peer, bhs, ISCSI_OP_SCSI_CMD, 0xa1, itt);
	put32(bhs, 20, PAGE);
	bhs[32] = WRITE_10;
	bhs[32 + 8] = PAGE_BLOCKS;
}

TEST(scsi_view_write_with_a_bad_digest)
{
	struct iscsi_handoff h;
	u8 bhs[ISCSI_BHS_LEN];

	start(MIB);
	rig_logout(0);
	rig_handoff(0, &h);
	h.data_digest = 1;
	a = rig_login(0, &h);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
	write_header(a, bhs, 0x5000);
	peer_send_bad_data_digest(a, bhs, other, PAGE);
	peer_expect_reject(a, ISCSI_REASON_DATA_DIGEST);
	peer_expect_status(a, 0x5000, SAM_STAT_CHECK_CONDITION, 0x0b4705);
	expect_file(0, data, MIB);
	scsi_write(a, 0, 0, PAGE_BLOCKS, 512, other);
	expect_file(0, other, PAGE);
	stop();
}

/*
 * A write that came together with another, and had to wait longer than that: what was known of the file's size
 * then is not known now. Its block is in the page that the file ends in, where no fault would tell.
 */
TEST(scsi_view_write_that_waited_while_the_file_was_truncated)
{
	u8 cdb[16], both[2 * (ISCSI_BHS_LEN + 512)], list[24] = { 0, 22, 0, 16, [19] = PAGE_BLOCKS };
	struct scsi_answer answer;
	u32 itt;

	start(MIB);
	scsi_good(a, 0, (u8[16]){ UNMAP, [8] = 24 }, 0, list, 24);
	rig_hold(0);
	cdb_rw16(cdb, READ_16, 0, PAGE_BLOCKS);
	itt = scsi_send(a, 0, cdb, PAGE, NULL, 0);
	rig_wait_held(1);
	rig_hold_no_more();
	for (u32 i = 0; i < 2; i++) {
		u8 *bhs = both + i * (ISCSI_BHS_LEN + 512);

		/* The second is ORDERED, and so behind the read that is held. */
		peer_header(a, bhs, ISCSI_OP_SCSI_CMD, i ? 0xa2 : 0xa1, 0x5000 + i);
		put32(bhs, 4, 512);
		put32(bhs, 20, 512);
		cdb_rw16(bhs + 32, WRITE_16, i ? MIB / 1024 + 3 : 8, 1);
		memcpy(bhs + ISCSI_BHS_LEN, other, 512);
	}
	peer_send_raw(a, both, sizeof(both));
	scsi_answer(a, &answer);
	CHECK_EQ(answer.itt, 0x5000);
	CHECK_EQ(answer.status, SAM_STAT_GOOD);
	CHECK_EQ(ftruncate(fd, MIB / 2 + 512), 0);
	rig_release();
	scsi_answer(a, &answer);
	CHECK_EQ(answer.itt, itt);
	CHECK_EQ(answer.status, SAM_STAT_GOOD);
	scsi_answer(a, &answer);
	CHECK_EQ(answer.itt, 0x5001);
	CHECK_EQ(answer.status, SAM_STAT_GOOD);
	CHECK_EQ(lseek(fd, 0, END_OF_FILE), MIB / 2 + 4 * 512);
	expect_file(MIB / 2 + 3 * 512, other, 512);
	stop();
}

TEST(scsi_view_write_that_never_ends)
{
	u8 bhs[ISCSI_BHS_LEN];

	start(MIB);
	write_header(a, bhs, 0x5000);
	put32(bhs, 4, PAGE);
	peer_send_raw(a, bhs, sizeof(bhs));
	peer_send_raw(a, other, PAGE - 1);
	rig_logout(0);
	expect_file(0, data, MIB);
	scsi_read(b, 0, 0, 2048, 512, seen);
	CHECK_MEMEQ(seen, data, MIB);
	stop();
}
