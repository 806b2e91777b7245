/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H

/*
 * Calls between virtual CPUs. One that is waited for runs as well inside a region of the other
 * CPU, with preemption or bottom halves off but interrupts on, where that one waits: for a call of its
 * own, for a spinlock, in cpu_relax() or udelay(). So two CPUs may call each other, and whoever
 * holds a spinlock may call one that spins for it.
 *
 * Differs from the kernel: a called function runs as a softirq, not as an interrupt, and a region
 * which neither ends nor waits is not broken into.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/percpu-defs.h>
#include <linux/preempt.h>
#include <linux/types.h>

typedef void (*smp_call_func_t)(void *info);
typedef bool (*smp_cond_func_t)(int cpu, void *info);

typedef struct __call_single_data {
	u64		host[5];	/* struct etask_callback, or the next one of the CPU's list */
	smp_call_func_t	func;
	void		*info;
	u32		locked;		/* atomic: queued, and not yet run */
} call_single_data_t;
#define INIT_CSD(csd, f, i)	(*(csd) = (call_single_data_t){ .func = (f), .info = (i) })
#define CSD_INIT(f, i)		((call_single_data_t){ .func = (f), .info = (i) })

#define smp_processor_id()	debug_smp_processor_id()
#define __smp_processor_id()	raw_smp_processor_id()
#define get_cpu()		({ preempt_disable(); smp_processor_id(); })
#define put_cpu()		preempt_enable()

/*
 * Run csd->func(csd->info) in softirq context on @cpu; the csd is free again once it
 * runs, and -EBUSY until then. -ENXIO: no such CPU. Any context.
 */
__visible int smp_call_function_single_async(int cpu, call_single_data_t *csd);
/*
 * The same, waited for when @wait: then not from softirq context, nor with interrupts off, where two
 * callers would wait for each other. On this CPU it is called at once. Without @wait it may fail
 * with -ENOMEM.
 */
__visible int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait);
/* In a thread that is bound to @cpu, where it may sleep; returns what @func did. */
__visible int smp_call_on_cpu(unsigned int cpu, int (*func)(void *), void *arg, bool phys);
/* On all others; on all. Not from softirq context. */
__visible void smp_call_function(smp_call_func_t func, void *info, int wait);
__visible void on_each_cpu(smp_call_func_t func, void *info, int wait);
__visible void on_each_cpu_cond(smp_cond_func_t cond, smp_call_func_t func, void *info, bool wait);

#endif /* _LINUX_SMP_H */
