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
#define compound_head(page)	((struct page *)(page))	/* references are of each page */
#define page_size(page)		(PAGE_SIZE << (page)->order)
static inline int page_count(const struct page *page) { return atomic_read(&page->_refcount); }
static inline void get_page(struct page *page) { atomic_inc(&page->_refcount); }
__visible void put_page(struct page *page);

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
