/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KCONFIG_H
#define _LINUX_KCONFIG_H

#include <linux/compiler_types.h>

#endif /* _LINUX_KCONFIG_H */
