/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_REBOOT_H
#define _LINUX_REBOOT_H

/*
 * The machine is this process.
 *
 * Differs from the kernel: all three end the process with status 0.
 */
#include <linux/compiler_types.h>

__visible void kernel_power_off(void) __noreturn;
__visible void kernel_halt(void) __noreturn;
__visible void kernel_restart(char *cmd) __noreturn;

#endif /* _LINUX_REBOOT_H */
