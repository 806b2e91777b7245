/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_KCONFIG_H
#define _LINUX_KCONFIG_H

#include <generated/autoconf.h>
#include <linux/compiler_types.h>

#define __LITTLE_ENDIAN 4321

/* 1 for a name that is defined as 1, 0 for one that is not defined: pasting makes a second argument or none. */
#define RING3_SECOND(a, b, ...)		b
#define RING3_COMMA_1			0,
#define RING3_IS_1_3(junk)		RING3_SECOND(junk 1, 0, 0)
#define RING3_IS_1_2(value)		RING3_IS_1_3(RING3_COMMA_##value)
#define RING3_IS_1(value)		RING3_IS_1_2(value)

#define IS_BUILTIN(option)		RING3_IS_1(option)
#define IS_MODULE(option)		RING3_IS_1(option##_MODULE)
#define IS_ENABLED(option)		(IS_BUILTIN(option) || IS_MODULE(option))
#ifdef MODULE
#define IS_REACHABLE(option)		IS_ENABLED(option)
#else
#define IS_REACHABLE(option)		IS_BUILTIN(option)
#endif

#endif /* _LINUX_KCONFIG_H */
