/* SPDX-License-Identifier: MIT */
#ifndef _ASM_TIMEX_H
#define _ASM_TIMEX_H

#include <linux/types.h>

typedef unsigned long long cycles_t;
static inline cycles_t get_cycles(void) { return __builtin_ia32_rdtsc(); }

#endif /* _ASM_TIMEX_H */
