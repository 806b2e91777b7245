/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_IRQFLAGS_H
#define _LINUX_IRQFLAGS_H

/*
 * Differs from the kernel: there are no interrupts, so that their being off is a state, and
 * owns the virtual CPU.
 */
#include <linux/preempt.h>

#define irqs_disabled_flags(flags)	((flags) != 0)
#define local_save_flags(flags)		do { (flags) = irqs_disabled(); } while (0)
#define raw_local_save_flags(flags)	local_save_flags(flags)
#define raw_local_irq_disable()		local_irq_disable()
#define raw_local_irq_enable()		local_irq_enable()
#define raw_local_irq_save(flags)	local_irq_save(flags)
#define raw_local_irq_restore(flags)	local_irq_restore(flags)
#define raw_irqs_disabled()		irqs_disabled()
#define raw_irqs_disabled_flags(flags)	irqs_disabled_flags(flags)
#define safe_halt()			local_irq_enable()
#define lockdep_hardirqs_on_prepare()	do { } while (0)
#define lockdep_softirqs_off(ip)	do { } while (0)

#endif /* _LINUX_IRQFLAGS_H */
