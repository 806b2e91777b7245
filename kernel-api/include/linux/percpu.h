/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

/*
 * Dynamic per-CPU data.
 *
 * Differs from the kernel: no static DEFINE_PER_CPU.
 */
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>

/* One cache-line-aligned copy per virtual CPU. */
#define RING3_PERCPU_STRIDE(size)	ALIGN(size, 64)
static inline void *__alloc_percpu(size_t size) { return kvzalloc(RING3_PERCPU_STRIDE(size) * nr_cpu_ids, GFP_KERNEL); }
#define alloc_percpu(type)		((type *)__alloc_percpu(sizeof(type)))
#define free_percpu(ptr)		kvfree(ptr)
#define per_cpu_ptr(ptr, cpu) \
	((__typeof__(ptr))((char *)(ptr) + RING3_PERCPU_STRIDE(sizeof(*(ptr))) * (cpu)))
#define this_cpu_ptr(ptr)		per_cpu_ptr(ptr, smp_processor_id())

#endif /* _LINUX_PERCPU_H */
