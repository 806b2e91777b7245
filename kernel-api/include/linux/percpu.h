/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

/*
 * Dynamic per-CPU data; the accessors are in percpu-defs.h.
 */
#include <linux/cpumask.h>
#include <linux/mmdebug.h>
#include <linux/percpu-defs.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>

#define PCPU_MIN_UNIT_SIZE	RING3_PERCPU_UNIT	/* the most one allocation may have */

/* Zeroed; NULL (with a warning for what can never be) when there is no room. Never sleeps. */
__visible void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp);
__visible void *__alloc_percpu(size_t size, size_t align);
__visible void free_percpu(void *ptr);	/* NULL is allowed */
#define alloc_percpu_gfp(type, gfp)	((type *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), (gfp)))
#define alloc_percpu(type)		((type *)__alloc_percpu(sizeof(type), __alignof__(type)))

#endif /* _LINUX_PERCPU_H */
