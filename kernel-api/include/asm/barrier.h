/* SPDX-License-Identifier: MIT */
#ifndef _ASM_BARRIER_H
#define _ASM_BARRIER_H

/*
 * Differs from the kernel: fences are the compiler's, so that TSan knows them.
 */
#include <linux/compiler_types.h>

#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define mb()			smp_mb()
#define rmb()			smp_rmb()
#define wmb()			smp_wmb()
#define smp_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) ({							\
	__typeof__(*(p)) __released = (__typeof__(*(p)))(v);				\
	__atomic_store_n((p), __released, __ATOMIC_RELEASE);				\
})
#define smp_store_mb(var, value) __atomic_store_n(&(var), (value), __ATOMIC_SEQ_CST)
#define smp_mb__before_atomic()	smp_mb()
#define smp_mb__after_atomic()	smp_mb()
#define __smp_mb()		smp_mb()
#define dma_rmb()		rmb()
#define dma_wmb()		wmb()
#define smp_acquire__after_ctrl_dep() smp_rmb()

/* Who spins with interrupts on lets its virtual CPU run the calls that others wait for (linux/smp.h). */
__visible void ring3_cpu_relax(void);
#define cpu_relax()		ring3_cpu_relax()

#endif /* _ASM_BARRIER_H */
