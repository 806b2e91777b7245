/* SPDX-License-Identifier: MIT */
#ifndef RING3_MM_INTERNAL_H
#define RING3_MM_INTERNAL_H

/* mm/internal.h - of the kernel's, what lib/vsprintf.c reads: names of flags; src/mmflags.c. */
#include <linux/compiler_types.h>
#include <linux/mm.h>
#include <linux/tracepoint-defs.h>

__visible extern const struct trace_print_flags pageflag_names[], vmaflag_names[], gfpflag_names[];

#endif /* RING3_MM_INTERNAL_H */
