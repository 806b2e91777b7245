/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_DELAY_H
#define _LINUX_DELAY_H

#include <linux/types.h>

__visible void msleep(unsigned int ms);
__visible void usleep_range(unsigned long min_us, unsigned long max_us);
__visible void udelay(unsigned long us);
#define mdelay(ms)	udelay((ms) * 1000ul)

#endif /* _LINUX_DELAY_H */
