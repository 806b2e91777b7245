/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_TRACEPOINT_DEFS_H
#define _LINUX_TRACEPOINT_DEFS_H

struct trace_print_flags {
	unsigned long	mask;
	const char	*name;
};

#endif /* _LINUX_TRACEPOINT_DEFS_H */
