/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RTC_H
#define _LINUX_RTC_H

/*
 * Differs from the kernel: dates; no clock hardware.
 */
#include <linux/device.h>
#include <linux/random.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct rtc_time {
	int	tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};

#endif /* _LINUX_RTC_H */
