/* SPDX-License-Identifier: MIT */
/*
 * scsi_view_test.c - files that lie in memory, whose reads are sent from where they lie: holes stay
 * holes, a file truncated beneath is told, and what a digest was made of does not change.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "scsi_rig.h"

/* libc's, under their own names. */
extern int memfd_create(const char *name, unsigned int flags);
extern int ftruncate(int fd, long length);
extern int close(int fd);
extern long lseek(int fd, long offset, int whence);
extern long pread(int fd, void *buf, unsigned long bytes, long offset);
extern long pwrite(int fd, const void *buf, unsigned long bytes, long offset);
extern int mlockall(int flags);
extern int munlockall(void);
extern void *mmap(void *at, unsigned long bytes, int prot, int flags, int fd, long offset);
extern int munmap(void *at, unsigned long bytes);
extern long recv(int fd, void *buf, unsigned long bytes, int flags);

#define DATA_FROM	3	/* lseek(): SEEK_DATA */
#define HOLE_FROM	4
#define PAGE		4096
#define PAGE_BLOCKS	(PAGE / 512)
#define MIB		(1u << 20)

static struct peer *a, *b;
static u8 data[MIB], seen[MIB], zeros[MIB];
static int fd;

static void start(u64 bytes)
{
	char params[64];

	fd = memfd_create("ring3-disk", 0);
	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, (long)bytes), 0);
	rig_start();
	snprintf(params, sizeof(params), "filename=/proc/self/fd/%d", fd);
	rig_disk(0, "vdisk_fileio", params);
	a = rig_nexus(0);
	b = rig_nexus(1);
}

static void stop(void)
{
	rig_stop();
	close(fd);
}

/* Data lies in pages [@first, @end) and nowhere else; @first == @end: nowhere. */
static void expect_allocated(u32 first, u32 end)
{
	long at = lseek(fd, 0, DATA_FROM);

	if (first == end) {
		CHECK_EQ(at, -1);
		return;
	}
	CHECK_EQ(at, (long)first * PAGE);
	CHECK_EQ(lseek(fd, at, HOLE_FROM), (long)end * PAGE);
	CHECK_EQ(lseek(fd, (long)end * PAGE, DATA_FROM), -1);
}

static void expect_pages(u32 page, u32 count, const void *bytes)
{
	/* The second time it may come another way than the first. */
	for (u32 i = 0; i < 3; i++) {
		scsi_read(i & 1 ? b : a, 0, page * PAGE_BLOCKS, count * PAGE_BLOCKS, 512, seen);
		CHECK_MEMEQ(seen, bytes, count * PAGE);
	}
}

static void unmap(u64 lba, u32 blocks)
{
	u8 list[24] = { 0, 22, 0, 16 };

	put_unaligned_be64(lba, list + 8);
	put_unaligned_be32(blocks, list + 16);
	scsi_good(a, 0, (u8[16]){ UNMAP, [8] = 24 }, 0, list, 24);
}

TEST(scsi_view_holes_stay_holes)
{
	u8 cdb[16];

	start(MIB);
	fill(data, sizeof(data), 1);
	expect_pages(0, 256, zeros);
	expect_allocated(0, 0);
	scsi_write(a, 0, 3 * PAGE_BLOCKS, PAGE_BLOCKS, 512, data);
	expect_pages(3, 1, data);
	expect_pages(4, 1, zeros);
	expect_pages(200, 56, zeros);
	memcpy(zeros + 3 * PAGE, data, PAGE);
	expect_pages(0, 256, zeros);
	memset(zeros, 0, sizeof(zeros));
	expect_allocated(3, 4);

	/* A block of a page: the others are there, too. */
	scsi_write(b, 0, 4 * PAGE_BLOCKS + 7, 1, 512, data);
	scsi_read(a, 0, 4 * PAGE_BLOCKS, 7, 512, seen);
	CHECK_MEMEQ(seen, zeros, 7 * 512);
	expect_allocated(3, 5);

	/* Given back in part it stays; given back whole it is a hole again, and stays one. */
	unmap(3 * PAGE_BLOCKS + 1, PAGE_BLOCKS - 1);
	scsi_read(a, 0, 3 * PAGE_BLOCKS, 1, 512, seen);
	CHECK_MEMEQ(seen, data, 512);
	unmap(3 * PAGE_BLOCKS, PAGE_BLOCKS);
	expect_pages(3, 1, zeros);
	expect_allocated(4, 5);
	unmap(0, 2048);
	expect_pages(0, 256, zeros);
	expect_allocated(0, 0);

	/* Written by what sleeps. */
	cdb_rw16(cdb, WRITE_SAME_16, 8 * PAGE_BLOCKS, 2 * PAGE_BLOCKS);
	scsi_good(a, 0, cdb, 0, data, 512);
	scsi_read(b, 0, 9 * PAGE_BLOCKS, 1, 512, seen);
	CHECK_MEMEQ(seen, data, 512);
	expect_allocated(8, 10);
	scsi_good(a, 0, cdb, 0, zeros, 512);
	expect_pages(8, 2, zeros);
	expect_allocated(0, 0);
	stop();
}

/* What a program maps may be locked at once, and so be looked at. */
TEST(scsi_view_holes_stay_holes_under_mlockall)
{
	char params[64];
	void *probe;

	fd = memfd_create("ring3-disk", 0);
	CHECK_EQ(ftruncate(fd, MIB), 0);
	rig_start();
	if (mlockall(2 /* MCL_FUTURE */))
		test_skip("nothing may be locked");
	probe = mmap(NULL, 32 * MIB, 0, 0x22 /* MAP_PRIVATE | MAP_ANONYMOUS */, -1, 0);
	if (probe == (void *)-1) {
		munlockall();
		test_skip("too little may be locked");
	}
	snprintf(params, sizeof(params), "filename=/proc/self/fd/%d", fd);
	rig_disk(0, "vdisk_fileio", params);
	CHECK_EQ(munlockall(), 0);
	munmap(probe, 32 * MIB);
	expect_allocated(0, 0);
	a = rig_nexus(0);
	b = rig_nexus(1);
	expect_pages(0, 256, zeros);
	expect_allocated(0, 0);
	fill(data, sizeof(data), 1);
	scsi_write(a, 0, 3 * PAGE_BLOCKS, PAGE_BLOCKS, 512, data);
	expect_pages(3, 1, data);
	expect_allocated(3, 4);
	stop();
}

TEST(scsi_view_shows_what_others_write)
{
	start(MIB);
	fill(data, sizeof(data), 2);
	CHECK_EQ(pwrite(fd, data, MIB, 0), MIB);
	expect_pages(0, 256, data);
	fill(data, sizeof(data), 3);
	CHECK_EQ(pwrite(fd, data, MIB, 0), MIB);
	expect_pages(0, 256, data);
	/* Also what takes the bytes in hand. */
	scsi_good(a, 0, (u8[16]){ VERIFY, 2, [7] = 1 }, 0, data, 256 * 512);
	unmap(0, 2048);
	expect_pages(0, 256, zeros);
	stop();
}

/* Nexus 0 again, with data digests: what it reads is copied before it is sent. */
static void with_digests(void)
{
	struct iscsi_handoff h;

	rig_logout(0);
	rig_handoff(0, &h);
	h.data_digest = 1;
	a = rig_login(0, &h);
	scsi_expect_ua(a, 0, SENSE_UA_POWER_ON);
}

static void read_a_truncated_file(bool digests)
{
	u8 cdb[16];

	start(MIB);
	if (digests)
		with_digests();
	fill(data, sizeof(data), 4);
	scsi_write(a, 0, 0, 2048, 512, data);
	expect_pages(0, 256, data);
	CHECK_EQ(ftruncate(fd, MIB / 2 + 512), 0);
	cdb_rw16(cdb, READ_16, 1025, 1);
	scsi_fails(a, 0, cdb, 512, NULL, 0, 0x031100);
	scsi_fails(b, 0, cdb, 512, NULL, 0, 0x031100);
	cdb_rw16(cdb, READ_16, 1024, 2);
	scsi_fails(a, 0, cdb, 1024, NULL, 0, 0x031100);
	scsi_read(a, 0, 1024, 1, 512, seen);
	CHECK_MEMEQ(seen, data + MIB / 2, 512);
	expect_pages(0, 128, data);
	/* As long as it was: zeros, and served as before. */
	CHECK_EQ(ftruncate(fd, MIB), 0);
	expect_pages(129, 127, zeros);
	expect_pages(0, 128, data);
	/* Longer than it was: what is new is a part of the disk like any other. */
	CHECK_EQ(ftruncate(fd, 2 * MIB), 0);
	rig_mgmt("devices/disk0/mgmt", "resync_size");
	scsi_expect_ua(a, 0, 0x062a09);
	scsi_expect_ua(b, 0, 0x062a09);
	scsi_write(a, 0, 2048, 2048, 512, data);
	expect_pages(256, 256, data);
	expect_pages(0, 128, data);
	stop();
}

TEST(scsi_view_of_a_truncated_file)
{
	read_a_truncated_file(false);
}

TEST(scsi_view_of_a_truncated_file_with_digests)
{
	read_a_truncated_file(true);
}

/* As recv(), when there is something, or the end. */
static long receive(struct peer *peer, void *buf, u32 bytes, int flags)
{
	long n;

	for (u32 ms = 0; (n = recv(peer->fd, buf, bytes, flags)) < 0; ms++) {
		CHECK_LT(ms, 15000);
		wait_ms(1);
	}
	return n;
}

/* A reply that is longer than the socket takes has begun, and its first bytes are here. */
static void begin_long_read(struct peer *peer, u32 blocks)
{
	u8 cdb[16], first;

	cdb_rw16(cdb, READ_16, 0, blocks);
	scsi_send(peer, 0, cdb, blocks * 512, NULL, 0);
	CHECK_EQ(receive(peer, &first, 1, 2 /* MSG_PEEK */), 1);
}

TEST(scsi_view_truncated_while_it_is_sent)
{
	enum { SIZE = 16 * MIB };
	u64 got = 0;
	u8 cdb[16];
	long n;

	start(SIZE);
	fill(data, sizeof(data), 5);
	for (u32 i = 0; i < 16; i++)
		scsi_write(a, 0, i * 2048, 2048, 512, data);
	begin_long_read(a, SIZE / 512);
	CHECK_EQ(ftruncate(fd, SIZE / 2), 0);
	/* What comes is right; then the connection ends, for the rest was announced and is not there. */
	for (; (n = receive(a, seen, sizeof(seen), 0)) > 0; got += (u64)n) {
		for (u32 i = 0; i < n; i++) {
			u64 at = (got + i) % (MIB + ISCSI_BHS_LEN);

			if (at >= ISCSI_BHS_LEN && seen[i] != data[at - ISCSI_BHS_LEN])
				test_fail(__FILE__, __LINE__, "byte %llu is wrong", got + i);
		}
	}
	CHECK_EQ(n, 0);
	CHECK_LT(SIZE / 4, got);
	CHECK_LT(got, SIZE);
	/* Others did not notice; whoever comes again is told what is there and what not. */
	scsi_read(b, 0, 2048, 2048, 512, seen);
	CHECK_MEMEQ(seen, data, MIB);
	rig_logout(0);
	a = rig_nexus(0);
	cdb_rw16(cdb, READ_16, SIZE / 1024, 1);
	scsi_fails(a, 0, cdb, 512, NULL, 0, 0x031100);
	scsi_read(a, 0, SIZE / 1024 - 2048, 2048, 512, seen);
	CHECK_MEMEQ(seen, data, MIB);
	CHECK_EQ(ftruncate(fd, SIZE), 0);
	scsi_read(a, 0, SIZE / 1024, 2048, 512, seen);
	CHECK_MEMEQ(seen, zeros, MIB);
	expect_allocated(0, SIZE / 2 / PAGE);
	stop();
}

/* The digest is made when the reply is queued; another session writes before it is sent. */
static void write_beneath_digests(void)
{
	struct reply r;

	fill(data, sizeof(data), 6);
	for (u32 i = 0; i < 8; i++)
		scsi_write(b, 0, i * 2048, 2048, 512, data);
	with_digests();
	begin_long_read(a, 8 * 2048);
	fill(seen, sizeof(seen), 7);
	for (u32 i = 0; i < 8; i++)
		scsi_write(b, 0, i * 2048, 2048, 512, seen);
	for (u32 i = 0; i < 8; i++) {
		peer_receive(a, &r, ISCSI_OP_DATA_IN);
		CHECK_EQ(r.len, MIB);
		CHECK_MEMEQ(r.data, data, MIB);
	}
	CHECK_EQ(reply_status(&r), SAM_STAT_GOOD);
	scsi_read(a, 0, 2048, 2048, 512, data);
	CHECK_MEMEQ(data, seen, MIB);
}

TEST(scsi_view_digest_of_a_file)
{
	start(8 * MIB);
	write_beneath_digests();
	stop();
}

TEST(scsi_view_digest_of_memory)
{
	rig_start();
	rig_disk(0, "vdisk_ram", "size=8M");
	a = rig_nexus(0);
	b = rig_nexus(1);
	write_beneath_digests();
	rig_stop();
}
