/* SPDX-License-Identifier: MIT */
#ifndef SCSI_DISK_TEST_H
#define SCSI_DISK_TEST_H

/*
 * scsi_disk_test.h - what a file of tests has that run on every kind of disk: the disk
 * under test in variables of its own, and DISK_TEST(), which makes eight tests of one.
 */
#include "scsi_disk.h"

static struct peer *a, *b;
static const struct disk_kind *kind;
static u32 bs;			/* kind->block */
static u64 nr_blocks;
static u8 data[1 << 20];

static void start(const struct disk_kind *of)
{
	kind = of;
	bs = kind->block;
	nr_blocks = DISK_SIZE / bs;
	disk_start(kind, &a, &b);
	fill(data, sizeof(data), 7);
}

#define DISK_TEST_ON(name, index, suffix)						\
	TEST(name##_on_##suffix)							\
	{										\
		start(&disk_kinds[index]);						\
		name();									\
		disk_end(kind);								\
	}

#define DISK_TEST(name)									\
	static void name(void);								\
	DISK_TEST_ON(name, 0, file_512)							\
	DISK_TEST_ON(name, 1, file_4096)						\
	DISK_TEST_ON(name, 2, block_512)						\
	DISK_TEST_ON(name, 3, block_4096)						\
	DISK_TEST_ON(name, 4, ram_512)							\
	DISK_TEST_ON(name, 5, ram_4096)							\
	DISK_TEST_ON(name, 6, null_512)							\
	DISK_TEST_ON(name, 7, null_4096)						\
	static void name(void)

#endif /* SCSI_DISK_TEST_H */
