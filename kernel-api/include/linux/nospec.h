/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NOSPEC_H
#define _LINUX_NOSPEC_H

/* An index that also speculation keeps inside: @size when the compare is predicted wrong becomes 0. */
#include <linux/compiler.h>

static inline unsigned long array_index_mask_nospec(unsigned long index, unsigned long size)
{
	unsigned long inside = index < size;

	OPTIMIZER_HIDE_VAR(inside);	/* arithmetic from here on, no branch to predict */
	return -inside;
}
#define array_index_nospec(index, size) ({						\
	__typeof__(index) _nospec_i = (index);						\
	(__typeof__(index))(_nospec_i & array_index_mask_nospec(_nospec_i, (size)));	\
})
#define barrier_nospec()	__builtin_ia32_lfence()

#endif /* _LINUX_NOSPEC_H */
