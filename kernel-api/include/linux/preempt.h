/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PREEMPT_H
#define _LINUX_PREEMPT_H

/*
 * Owning the virtual CPU. A thread owns the CPU it is bound to while its preempt count is
 * above 0 or its interrupts are off; an event task owns its own while it runs handlers,
 * which are softirqs, so that there each of these is an addition. Of the other CPUs, one that
 * a thread has had for itself for long is biased to it, and costs it plain stores; the next
 * thread that wants it waits for the region's end, and pays a membarrier(2) once.
 *
 * Differs from the kernel: there are no hard interrupts, so that disabling them only
 * owns the CPU; a thread that owns nothing may move to another core, not to another
 * virtual CPU. Read from inside a function of this library only: the count is the thread's.
 */
#include <linux/compiler.h>
#include <linux/stddef.h>

#define PREEMPT_BITS		8
#define SOFTIRQ_BITS		8
#define HARDIRQ_BITS		4
#define NMI_BITS		4
#define PREEMPT_SHIFT		0
#define SOFTIRQ_SHIFT		(PREEMPT_SHIFT + PREEMPT_BITS)
#define HARDIRQ_SHIFT		(SOFTIRQ_SHIFT + SOFTIRQ_BITS)
#define NMI_SHIFT		(HARDIRQ_SHIFT + HARDIRQ_BITS)
#define PREEMPT_MASK		0xff
#define SOFTIRQ_MASK		0xff00
#define HARDIRQ_MASK		0xf0000
#define NMI_MASK		0xf00000
#define PREEMPT_OFFSET		1
#define SOFTIRQ_OFFSET		0x100
#define HARDIRQ_OFFSET		0x10000
#define SOFTIRQ_DISABLE_OFFSET	(2 * SOFTIRQ_OFFSET)
#define PREEMPT_DISABLE_OFFSET	PREEMPT_OFFSET
#define PREEMPT_LOCK_OFFSET	PREEMPT_OFFSET
#define SOFTIRQ_LOCK_OFFSET	(SOFTIRQ_DISABLE_OFFSET + PREEMPT_LOCK_OFFSET)

/* Of this thread: its preempt count, and whether its interrupts are off. Above 0: it owns its CPU. */
#define RING3_IRQS_OFF		0x40000000
__visible extern __thread int ring3_preempt_word RING3_TLS;
__visible void ring3_cpu_own(int val);		/* the word was 0: waits until the CPU is ours */
__visible void ring3_cpu_disown(int val);	/* the count falls to 0, or below: BUG */
__visible void ring3_bh_enable(int val);	/* the outermost one: runs what was raised meanwhile */

static inline int preempt_count(void) { return ring3_preempt_word & ~RING3_IRQS_OFF; }

static inline void preempt_count_add(int val)
{
	if (likely(ring3_preempt_word))
		ring3_preempt_word += val;
	else
		ring3_cpu_own(val);
	barrier();
}

static inline void preempt_count_sub(int val)
{
	barrier();
	if (likely(preempt_count() > val))
		ring3_preempt_word -= val;
	else
		ring3_cpu_disown(val);
}

#define preempt_count_inc()	preempt_count_add(1)
#define preempt_count_dec()	preempt_count_sub(1)
#define preempt_disable()	preempt_count_add(PREEMPT_OFFSET)
#define preempt_enable()	preempt_count_sub(PREEMPT_OFFSET)
#define preempt_disable_notrace() preempt_disable()
#define preempt_enable_notrace() preempt_enable()
#define sched_preempt_enable_no_resched() preempt_enable()
#define preempt_enable_no_resched() preempt_enable()
#define preempt_check_resched()	do { } while (0)
#define migrate_disable()	preempt_disable()
#define migrate_enable()	preempt_enable()

static inline void local_bh_disable(void) { preempt_count_add(SOFTIRQ_DISABLE_OFFSET); }
static inline void __local_bh_enable_ip(unsigned long ip, unsigned int cnt)
{
	barrier();
	if (likely((ring3_preempt_word & SOFTIRQ_MASK) > SOFTIRQ_DISABLE_OFFSET))
		ring3_preempt_word -= (int)cnt;
	else
		ring3_bh_enable((int)cnt);
}
static inline void local_bh_enable(void) { __local_bh_enable_ip(0, SOFTIRQ_DISABLE_OFFSET); }

static inline bool ring3_irqs_disabled(void) { return ring3_preempt_word & RING3_IRQS_OFF; }
static inline void ring3_irqs_disable(void)
{
	if (!ring3_irqs_disabled())
		preempt_count_add(RING3_IRQS_OFF);
}
static inline void ring3_irqs_enable(void)
{
	barrier();
	if (likely(ring3_preempt_word > RING3_IRQS_OFF))
		ring3_preempt_word -= RING3_IRQS_OFF;
	else if (ring3_irqs_disabled())
		ring3_cpu_disown(RING3_IRQS_OFF);
}
#define irqs_disabled()		ring3_irqs_disabled()
#define local_irq_disable()	ring3_irqs_disable()
#define local_irq_enable()	ring3_irqs_enable()
#define local_irq_save(flags)	do { (flags) = irqs_disabled(); local_irq_disable(); } while (0)
#define local_irq_restore(flags) do { if (!(flags)) local_irq_enable(); } while (0)

#define nmi_count()		(preempt_count() & NMI_MASK)
#define hardirq_count()		(preempt_count() & HARDIRQ_MASK)
#define softirq_count()		(preempt_count() & SOFTIRQ_MASK)
#define irq_count()		(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_MASK))
#define in_nmi()		(nmi_count() != 0)
#define in_hardirq()		(hardirq_count() != 0)
#define in_irq()		(hardirq_count() != 0)
#define in_serving_softirq()	((softirq_count() & SOFTIRQ_OFFSET) != 0)
#define in_softirq()		(softirq_count() != 0)
#define in_interrupt()		(irq_count() != 0)
#define in_task()		(!(in_nmi() || in_hardirq() || in_serving_softirq()))
#define in_atomic()		(preempt_count() != 0)
#define in_atomic_preempt_off()	(preempt_count() != PREEMPT_DISABLE_OFFSET)
#define preemptible()		(!ring3_preempt_word)

#endif /* _LINUX_PREEMPT_H */
