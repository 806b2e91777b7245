/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <asm/page.h>
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#define PAGE_ALIGN(addr)	ALIGN(addr, PAGE_SIZE)
#define PAGE_ALIGNED(addr)	IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#define PFN_UP(x)		(((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)		((x) >> PAGE_SHIFT)
#define VM_NONE			0x0
#define VM_READ			0x1
#define VM_WRITE		0x2
#define VM_EXEC			0x4
#define VM_SHARED		0x8
#define VM_MAYREAD		0x10
#define VM_MAYWRITE		0x20
#define VM_MAYEXEC		0x40
#define offset_in_page(p)	((unsigned long)(p) & ~PAGE_MASK)

/* Set once before any module runs: the region and its pages. */
__visible extern char *mem_region;
__visible extern struct page *mem_map;

static inline void *page_address(const struct page *page)
{
	return mem_region + ((unsigned long)(page - mem_map) << PAGE_SHIFT);
}

/* Only for memory of the region: kmalloc, alloc_pages, not stacks and not vmalloc of a module's own. */
static inline struct page *virt_to_page(const void *addr)
{
	return &mem_map[((const char *)addr - mem_region) >> PAGE_SHIFT];
}

#define page_to_pfn(page)	((unsigned long)((page) - mem_map))
#define pfn_to_page(pfn)	(&mem_map[pfn])
#define page_to_phys(page)	((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#define nth_page(page, n)	((page) + (n))
#define page_to_nid(page)	0
#define lowmem_page_address(page) page_address(page)

/* What __GFP_COMP gave is one: its references are the first page's. */
static inline struct page *compound_head(const struct page *page)
{
	return (struct page *)(page->compound_head & 1 ? page->compound_head - 1 : (unsigned long)page);
}
static inline bool PageTail(const struct page *page) { return page->compound_head & 1; }
static inline bool PageHead(const struct page *page) { return page->flags & 1ul << PG_head; }
static inline bool PageCompound(const struct page *page) { return PageHead(page) || PageTail(page); }
static inline unsigned int compound_order(const struct page *page) { return PageHead(page) ? page->order : 0; }
static inline unsigned long compound_nr(const struct page *page) { return 1ul << compound_order(page); }
static inline unsigned long page_size(const struct page *page) { return PAGE_SIZE << compound_order(page); }
static inline int page_count(const struct page *page) { return atomic_read(&compound_head(page)->_refcount); }
static inline void get_page(struct page *page) { atomic_inc(&compound_head(page)->_refcount); }
__visible void put_page(struct page *page);

static inline struct folio *page_folio(const struct page *page) { return (struct folio *)compound_head(page); }
#define folio_page(folio, n)	nth_page(&(folio)->page, (n))
static inline unsigned int folio_order(const struct folio *folio) { return compound_order(&folio->page); }
static inline unsigned long folio_nr_pages(const struct folio *folio) { return compound_nr(&folio->page); }
static inline size_t folio_size(const struct folio *folio) { return page_size(&folio->page); }
static inline void *folio_address(const struct folio *folio) { return page_address(&folio->page); }
static inline int folio_ref_count(const struct folio *folio) { return page_count(&folio->page); }
static inline void folio_get(struct folio *folio) { get_page(&folio->page); }
static inline void folio_put(struct folio *folio) { put_page(&folio->page); }
static inline bool folio_test_hugetlb(const struct folio *folio) { return false; }
#define offset_in_folio(folio, p)	((unsigned long)(p) & (folio_size(folio) - 1))
static inline struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	return (struct folio *)alloc_pages(gfp | __GFP_COMP, order);
}

/*
 * Pages of this process's memory from @start on, each with a reference. How many: fewer before what is not of
 * the region (stacks, vmalloc(), object files), which has no pages; -EFAULT: the first has none.
 */
#define FOLL_WRITE		0x01	/* all memory of the region may be written, and is there */
#define FOLL_NOFAULT		0x80
__visible int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, struct page **pages);

static inline unsigned int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : (unsigned int)fls64((size - 1) >> PAGE_SHIFT);
}
#define totalram_pages()	(mem_region_pages)
__visible extern unsigned long mem_region_pages;
__visible unsigned long nr_free_buffer_pages(void);	/* that the machine has free, and the region room for */
#define si_mem_available()	((long)nr_free_buffer_pages())
struct task_struct;
__visible int get_cmdline(struct task_struct *task, char *buffer, int buflen);	/* bytes of the process's */
__visible bool is_vmalloc_addr(const void *addr);
/* Memory that must not be kfree()d: constants of an object file. */
__visible bool ring3_is_rodata(const void *addr);
#define is_kernel_rodata(addr)	ring3_is_rodata((const void *)(addr))

#include <linux/vmalloc.h>

#endif /* _LINUX_MM_H */
