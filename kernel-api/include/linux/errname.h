/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_ERRNAME_H
#define _LINUX_ERRNAME_H

#include <linux/stddef.h>

#ifdef CONFIG_SYMBOLIC_ERRNAME
const char *errname(int err);	/* lib/errname.c of the hosted library: "-ENOENT", or NULL */
#else
static inline const char *errname(int err) { return NULL; }
#endif

#endif /* _LINUX_ERRNAME_H */
