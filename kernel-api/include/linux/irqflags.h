/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_IRQFLAGS_H
#define _LINUX_IRQFLAGS_H

/*
 * Differs from the kernel: there are no interrupts: what disables them disables bottom halves.
 */
#include <linux/preempt.h>

#define irqs_disabled_flags(flags)	((void)(flags), irqs_disabled())
#define local_save_flags(flags)		do { (flags) = irqs_disabled(); } while (0)
#define raw_local_irq_save(flags)	local_irq_save(flags)
#define raw_local_irq_restore(flags)	local_irq_restore(flags)
#define lockdep_hardirqs_on_prepare()	do { } while (0)
#define lockdep_softirqs_off(ip)	do { } while (0)

#endif /* _LINUX_IRQFLAGS_H */
