/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LCM_H
#define _LINUX_LCM_H

#include <linux/math.h>

/* lib/math/lcm.c: of numbers of which one may be 0. */
unsigned long lcm_not_zero(unsigned long a, unsigned long b) __attribute_const__;

#endif /* _LINUX_LCM_H */
