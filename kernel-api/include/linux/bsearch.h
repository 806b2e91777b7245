/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_BSEARCH_H
#define _LINUX_BSEARCH_H

#include <linux/types.h>

/* @base has @num elements of @size bytes, sorted; one for which @cmp is 0, or NULL. */
static inline void *__inline_bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp)
{
	size_t low = 0;

	while (low < num) {
		size_t middle = low + (num - low) / 2;
		const char *at = (const char *)base + middle * size;
		int order = cmp(key, at);

		if (!order)
			return (void *)at;
		if (order < 0)
			num = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* lib/bsearch.c of the hosted library. */
void *bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp) __kernel_symbol(bsearch);

#endif /* _LINUX_BSEARCH_H */
