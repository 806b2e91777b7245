/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TIME_H
#define _LINUX_TIME_H

#include <linux/math64.h>
#include <linux/time64.h>

struct tm {
	int	tm_sec;		/* 0 .. 60 */
	int	tm_min, tm_hour;
	int	tm_mday;	/* 1 .. 31 */
	int	tm_mon;		/* 0 .. 11 */
	long	tm_year;	/* since 1900 */
	int	tm_wday;	/* 0 = Sunday */
	int	tm_yday;	/* 0 .. 365 */
};

/* kernel/time/timeconv.c of the hosted library. */
void time64_to_tm(time64_t totalsecs, int offset, struct tm *result);
/* Seconds since 1970 of a date: month 1 .. 12; hour 24 and second 60 are those of the next day and minute. */
__visible time64_t mktime64(unsigned int year, unsigned int month, unsigned int day, unsigned int hour,
			    unsigned int min, unsigned int sec);
static inline bool timespec64_valid(const struct timespec64 *ts)
{
	return ts->tv_sec >= 0 && (unsigned long)ts->tv_nsec < NSEC_PER_SEC;
}

#endif /* _LINUX_TIME_H */
