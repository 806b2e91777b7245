/* SPDX-License-Identifier: MIT */
#ifndef _GENERATED_AUTOCONF_H
#define _GENERATED_AUTOCONF_H

/*
 * What this kernel is configured as, where no .config and no -D says otherwise. A tree
 * with a .config of its own has its lines put before these (`ring3 build`).
 */
#define CONFIG_64BIT			1
#define CONFIG_SMP			1
#define CONFIG_NR_CPUS			256
#define CONFIG_HZ			1000
#define CONFIG_MODULES			1
#define CONFIG_MODULE_UNLOAD		1
#define CONFIG_PRINTK			1
#define CONFIG_BUG			1
#define CONFIG_KUNIT			1
#define CONFIG_KUNIT_DEFAULT_ENABLED	1
#define CONFIG_SYMBOLIC_ERRNAME		1
#define CONFIG_CRC32_SLICEBY8		1
#define CONFIG_BASE_SMALL		0
#define CONFIG_DEBUG_MAPLE_TREE		1
#define CONFIG_GENERIC_BUG		1
#define CONFIG_PREEMPT_COUNT		1
#define CONFIG_PREEMPT_NONE		1
#define CONFIG_PREEMPT_NONE_BUILD	1
#define CONFIG_TREE_RCU			1
#define CONFIG_TREE_SRCU		1
#define CONFIG_SRCU			1
#define CONFIG_TASKS_RCU_GENERIC	1
#define CONFIG_TASKS_RCU		1
#define CONFIG_TASKS_RUDE_RCU		1
#define CONFIG_TASKS_TRACE_RCU		1
#define CONFIG_RCU_STALL_COMMON		1
#define CONFIG_RCU_FANOUT		64
#define CONFIG_RCU_FANOUT_LEAF		16
#define CONFIG_HIGH_RES_TIMERS		1
#define CONFIG_NET			1
#define CONFIG_STACKDEPOT		1
#define CONFIG_REF_TRACKER		1
#define CONFIG_SGL_ALLOC		1
#define CONFIG_SG_POOL			1
#define CONFIG_X86			1
#define CONFIG_X86_64			1
#define CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS 1
#define CONFIG_ARCH_HAS_FAST_MULTIPLIER	1

#endif /* _GENERATED_AUTOCONF_H */
