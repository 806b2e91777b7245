/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_GCD_H
#define _LINUX_GCD_H

#include <linux/math.h>

#endif /* _LINUX_GCD_H */
