/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_REBOOT_H
#define _LINUX_REBOOT_H

/*
 * The machine is this process.
 *
 * Differs from the kernel: all three end the process with status 0.
 */
#include <linux/notifier.h>

#define SYS_DOWN	0x0001
#define SYS_RESTART	SYS_DOWN
#define SYS_HALT	0x0002
#define SYS_POWER_OFF	0x0003

__visible void kernel_power_off(void) __noreturn;
__visible void kernel_halt(void) __noreturn;
__visible void kernel_restart(char *cmd) __noreturn;
/* Called with one of SYS_* before the process ends by one of those. */
__visible int register_reboot_notifier(struct notifier_block *nb);
__visible int unregister_reboot_notifier(struct notifier_block *nb);
__visible void ring3_reboot_notify(unsigned long what, void *cmd);

#endif /* _LINUX_REBOOT_H */
