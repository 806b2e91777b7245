/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STACKTRACE_H
#define _LINUX_STACKTRACE_H

/*
 * Stacks as return addresses.
 *
 * Differs from the kernel: only of the running thread; 64 frames at most.
 */
#include <linux/types.h>

/* Return addresses of this thread, the caller's first, without the first @skip; how many. */
__visible unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip);
/*
 * How many of @entries belong to the softirq that runs, the function that entered it
 * included; all of them outside of one. No interrupt has a part of a stack here.
 */
__visible unsigned int filter_irq_stacks(unsigned long *entries, unsigned int nr_entries);
__visible void stack_trace_print(const unsigned long *trace, unsigned int nr, int spaces);
__visible int stack_trace_snprint(char *buf, size_t size, const unsigned long *entries, unsigned int nr, int spaces);

#endif /* _LINUX_STACKTRACE_H */
