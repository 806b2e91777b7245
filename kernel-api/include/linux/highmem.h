/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_HIGHMEM_H
#define _LINUX_HIGHMEM_H

/*
 * Addresses of pages: all memory is mapped, for ever, so that nothing is to be undone.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static inline void *kmap(struct page *page) { return page_address(page); }
static inline void kunmap(struct page *page) { }
static inline void *kmap_local_page(struct page *page) { return page_address(page); }
static inline void *kmap_local_folio(struct folio *folio, size_t offset)
{
	return (char *)page_address(&folio->page) + offset;
}
#define kmap_atomic(page)		({ preempt_disable(); pagefault_disable(); page_address(page); })
#define kunmap_atomic(addr)		do { (void)(addr); pagefault_enable(); preempt_enable(); } while (0)
#define kunmap_local(addr)		do { (void)(addr); } while (0)
#define flush_dcache_page(page)		do { (void)(page); } while (0)
#define flush_kernel_dcache_page(page)	do { (void)(page); } while (0)
static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	memcpy((char *)page_address(page) + offset, from, len);
}
static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	memcpy(to, (char *)page_address(page) + offset, len);
}
static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	memset((char *)page_address(page) + offset, 0, len);
}
static inline void clear_highpage(struct page *page) { memzero_page(page, 0, PAGE_SIZE); }
static inline void copy_highpage(struct page *to, struct page *from)
{
	memcpy(page_address(to), page_address(from), PAGE_SIZE);
}
static inline void zero_user(struct page *page, unsigned int start, unsigned int size)
{
	memzero_page(page, start, size);
}

#endif /* _LINUX_HIGHMEM_H */
