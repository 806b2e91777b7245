/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_STACKTRACE_H
#define _LINUX_STACKTRACE_H

#include <linux/types.h>

/* Return addresses of this thread, without the first @skip; how many. */
__visible unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip);
__visible void stack_trace_print(const unsigned long *trace, unsigned int nr, int spaces);
__visible int stack_trace_snprint(char *buf, size_t size, const unsigned long *entries, unsigned int nr, int spaces);

#endif /* _LINUX_STACKTRACE_H */
