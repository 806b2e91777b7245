/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MMDEBUG_H
#define _LINUX_MMDEBUG_H

/*
 * Differs from the kernel: checked in every build.
 */
#include <linux/bug.h>

#define VM_BUG_ON(condition)		BUG_ON(condition)
#define VM_WARN_ON(condition)		WARN_ON(condition)
#define VM_WARN_ON_ONCE(condition)	WARN_ON_ONCE(condition)

#endif /* _LINUX_MMDEBUG_H */
