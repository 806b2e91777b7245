/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PANIC_H
#define _LINUX_PANIC_H

/*
 * Differs from the kernel: panic() ends the process by SIGABRT; taints are recorded and
 * otherwise without effect.
 */
#include <linux/compiler_types.h>

enum lockdep_ok { LOCKDEP_STILL_OK, LOCKDEP_NOW_UNRELIABLE };
#define TAINT_PROPRIETARY_MODULE	0
#define TAINT_WARN			9
#define TAINT_CRAP			10
#define TAINT_OOT_MODULE		12
#define TAINT_TEST			18

__visible void panic(const char *format, ...) __printf(1, 2) __noreturn __cold;
__visible void add_taint(unsigned int flag, enum lockdep_ok lockdep_ok);
__visible int test_taint(unsigned int flag);
__visible unsigned long get_taint(void);

#endif /* _LINUX_PANIC_H */
