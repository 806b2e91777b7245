/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_OOM_H
#define _LINUX_OOM_H

/* Differs from the kernel: the host kills who has too much, and asks nobody: the chain is never called. */
#include <linux/notifier.h>

static inline int register_oom_notifier(struct notifier_block *nb) { return 0; }
static inline int unregister_oom_notifier(struct notifier_block *nb) { return 0; }

#endif /* _LINUX_OOM_H */
