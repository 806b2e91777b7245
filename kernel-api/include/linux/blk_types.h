/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BLK_TYPES_H
#define _LINUX_BLK_TYPES_H

/*
 * Differs from the kernel: block devices by name; the block layer is absent.
 */
#include <linux/types.h>

struct gendisk;
struct block_device {
	u8		bd_partno;
	struct gendisk	*bd_disk;
};

#endif /* _LINUX_BLK_TYPES_H */
