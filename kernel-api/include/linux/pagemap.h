/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_PAGEMAP_H
#define _LINUX_PAGEMAP_H

/*
 * Differs from the kernel: no page cache. Pages in an xarray are their owner's.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#if __has_include(<linux/xarray.h>)	/* one of the hosted library's */
#include <linux/xarray.h>
#endif

/* The page of @index in what starts at @head, which is aligned as it is long. */
static inline struct page *find_subpage(struct page *head, pgoff_t index)
{
	return nth_page(head, index & (compound_nr(head) - 1));
}

/*
 * Makes memory present. Bytes at its end that are not there, or may not be read or written; looks once per
 * page, changes nothing, may sleep.
 */
__visible size_t fault_in_readable(const char __user *uaddr, size_t size);
__visible size_t fault_in_writeable(char __user *uaddr, size_t size);
__visible size_t fault_in_safe_writeable(const char __user *uaddr, size_t size);

#endif /* _LINUX_PAGEMAP_H */
