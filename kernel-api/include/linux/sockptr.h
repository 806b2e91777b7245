/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SOCKPTR_H
#define _LINUX_SOCKPTR_H

#include <linux/types.h>

typedef struct {
	void *kernel;
} sockptr_t;
#define KERNEL_SOCKPTR(p)	((sockptr_t){ .kernel = (p) })

#endif /* _LINUX_SOCKPTR_H */
