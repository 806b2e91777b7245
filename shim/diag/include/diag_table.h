/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_TABLE_H
#define RING3_DIAG_TABLE_H

/*
 * diag_table.h - a table of pointers that rooms keep for dumps: what exists, to be walked by the collector.
 *
 * Lock-free: any thread adds and removes, others walk with acquire loads and skip NULL. When it is full, what is added
 * is not listed, and dumps do not show it.
 */
#include <stdbool.h>
#include <stddef.h>

static inline bool diag_table_swap(void **table, unsigned int nr, void *from, void *to)
{
	for (unsigned int i = 0; i < nr; i++) {
		void *was = from;

		if (__atomic_load_n(&table[i], __ATOMIC_RELAXED) == from &&
		    __atomic_compare_exchange_n(&table[i], &was, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* False: it is full; it is not in it. */
static inline bool diag_table_add(void **table, unsigned int nr, void *what)
{
	return diag_table_swap(table, nr, NULL, what);
}

static inline bool diag_table_remove(void **table, unsigned int nr, void *what)
{
	return diag_table_swap(table, nr, what, NULL);
}

#endif /* RING3_DIAG_TABLE_H */
