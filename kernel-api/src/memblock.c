/* SPDX-License-Identifier: MIT */
/* memblock.c - tables that are as large as memory is: memblock.h. */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/panic.h>

static unsigned long wanted_entries(unsigned long bucketsize, int scale, int flags)
{
	unsigned long pages = nr_free_buffer_pages(), entries;

	entries = scale > PAGE_SHIFT ? pages >> (scale - PAGE_SHIFT) : pages << (PAGE_SHIFT - scale);
	if (!(flags & HASH_SMALL))
		entries = max(entries, PAGE_SIZE / bucketsize);
	return max(entries, 1ul);
}

void *alloc_large_system_hash(const char *tablename, unsigned long bucketsize, unsigned long numentries, int scale,
			      int flags, unsigned int *hash_shift, unsigned int *hash_mask, unsigned long low_limit,
			      unsigned long high_limit)
{
	unsigned long entries = numentries ? numentries : wanted_entries(bucketsize, scale, flags);
	unsigned long highest = high_limit ? high_limit : (nr_free_buffer_pages() << PAGE_SHIFT) / 16 / bucketsize;
	void *table;
	int shift;

	entries = min(max(entries, low_limit), min(max(highest, 1ul), 0x80000000ul));
	shift = ilog2(roundup_pow_of_two(entries));
	do {
		table = kvzalloc(bucketsize << shift, GFP_KERNEL);
	} while (!table && bucketsize << shift > PAGE_SIZE && shift--);
	if (!table)
		panic("Failed to allocate %s hash table\n", tablename);
	pr_info("%s hash table entries: %lu (%lu bytes)\n", tablename, 1ul << shift, bucketsize << shift);
	if (hash_shift)
		*hash_shift = (unsigned int)shift;
	if (hash_mask)
		*hash_mask = (unsigned int)((1ul << shift) - 1);
	return table;
}
