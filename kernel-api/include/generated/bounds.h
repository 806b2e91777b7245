/* SPDX-License-Identifier: MIT */
#ifndef _GENERATED_BOUNDS_H
#define _GENERATED_BOUNDS_H

#define NR_PAGEFLAGS		22
#define MAX_NR_ZONES		1
#define SPINLOCK_SIZE		8

#endif /* _GENERATED_BOUNDS_H */
