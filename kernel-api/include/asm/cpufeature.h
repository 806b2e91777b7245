/* SPDX-License-Identifier: MIT */
#ifndef _ASM_CPUFEATURE_H
#define _ASM_CPUFEATURE_H

/*
 * Differs from the kernel: no feature is claimed, so hosted code takes its portable ways.
 */
#define boot_cpu_has(bit)	0
#define static_cpu_has(bit)	0

#endif /* _ASM_CPUFEATURE_H */
