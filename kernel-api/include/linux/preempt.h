/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PREEMPT_H
#define _LINUX_PREEMPT_H

/*
 * Owning the virtual CPU. Handlers of event tasks run as softirqs: they own theirs.
 *
 * Differs from the kernel: there are no hard interrupts; disabling them is disabling bottom halves.
 */
#include <linux/compiler.h>

#define PREEMPT_OFFSET		1
#define SOFTIRQ_OFFSET		0x100
#define SOFTIRQ_DISABLE_OFFSET	0x200
#define SOFTIRQ_MASK		0xff00
#define HARDIRQ_MASK		0xf0000

__visible int preempt_count(void);
__visible void preempt_count_add(int val);	/* from 0: waits until the virtual CPU is ours */
__visible void preempt_count_sub(int val);	/* to 0: gives it up */

#define preempt_disable()	preempt_count_add(PREEMPT_OFFSET)
#define preempt_enable()	preempt_count_sub(PREEMPT_OFFSET)
#define preempt_disable_notrace() preempt_disable()
#define preempt_enable_notrace() preempt_enable()
#define preempt_enable_no_resched() preempt_enable()
#define preempt_check_resched()	do { } while (0)
#define migrate_disable()	preempt_disable()
#define migrate_enable()	preempt_enable()
#define local_bh_disable()	preempt_count_add(SOFTIRQ_DISABLE_OFFSET)
#define local_bh_enable()	preempt_count_sub(SOFTIRQ_DISABLE_OFFSET)
#define local_irq_disable()	local_bh_disable()
#define local_irq_enable()	local_bh_enable()
#define local_irq_save(flags)	do { (flags) = 0; local_irq_disable(); } while (0)
#define local_irq_restore(flags) do { (void)(flags); local_irq_enable(); } while (0)

#define in_irq()		0
#define in_nmi()		0
#define irqs_disabled()		(preempt_count() >= SOFTIRQ_DISABLE_OFFSET)
#define softirq_count()		(preempt_count() & SOFTIRQ_MASK)
#define in_softirq()		((preempt_count() & SOFTIRQ_MASK) != 0)
#define in_serving_softirq()	((preempt_count() & SOFTIRQ_OFFSET) != 0)
#define in_hardirq()		0
#define in_interrupt()		in_softirq()
#define in_task()		(!in_serving_softirq())
#define in_atomic()		(preempt_count() != 0)
#define preemptible()		(preempt_count() == 0)

#endif /* _LINUX_PREEMPT_H */
