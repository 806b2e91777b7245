/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H

/*
 * Differs from the kernel: a call reaches event CPUs only, -ENXIO for others.
 */
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/types.h>

typedef void (*smp_call_func_t)(void *info);

typedef struct __call_single_data {
	u64		host[5];	/* struct etask_callback */
	smp_call_func_t	func;
	void		*info;
	u32		locked;		/* atomic: queued, and not yet run */
} call_single_data_t;
#define INIT_CSD(csd, f, i)	(*(csd) = (call_single_data_t){ .func = (f), .info = (i) })

__visible unsigned int raw_smp_processor_id(void);
__visible unsigned int debug_smp_processor_id(void);	/* warns when the virtual CPU is not owned */
#define smp_processor_id()	debug_smp_processor_id()
#define get_cpu()		({ preempt_disable(); smp_processor_id(); })
#define put_cpu()		preempt_enable()

/*
 * Run csd->func(csd->info) in softirq context on event CPU @cpu; the csd is free again
 * once it runs, and -EBUSY until then.
 */
__visible int smp_call_function_single_async(int cpu, call_single_data_t *csd);
/* The same, waited for when @wait: not from softirq context then. */
__visible int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait);

#endif /* _LINUX_SMP_H */
