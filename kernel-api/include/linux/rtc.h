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

static inline bool is_leap_year(unsigned int year)
{
	return !(year % 4) && (year % 100 || !(year % 400));
}

/* drivers/rtc/lib.c, for those who build it in. Months are 0 .. 11, years of a struct rtc_time since 1900. */
int rtc_month_days(unsigned int month, unsigned int year);
int rtc_year_days(unsigned int day, unsigned int month, unsigned int year);
int rtc_valid_tm(struct rtc_time *tm);
time64_t rtc_tm_to_time64(struct rtc_time *tm);
void rtc_time64_to_tm(time64_t time, struct rtc_time *tm);
ktime_t rtc_tm_to_ktime(struct rtc_time tm);
struct rtc_time rtc_ktime_to_tm(ktime_t kt);

#endif /* _LINUX_RTC_H */
