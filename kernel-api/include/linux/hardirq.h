/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_HARDIRQ_H
#define _LINUX_HARDIRQ_H

/* Differs from the kernel: no interrupt handlers; synchronize_irq() and friends are absent. */
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#endif /* _LINUX_HARDIRQ_H */
