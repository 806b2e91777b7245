/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BLKDEV_H
#define _LINUX_BLKDEV_H

#include <linux/blk_types.h>
#include <linux/err.h>
#include <linux/random.h>
#include <linux/workqueue.h>

#define DISK_NAME_LEN	32
struct gendisk {
	char	disk_name[DISK_NAME_LEN];
};

#endif /* _LINUX_BLKDEV_H */
