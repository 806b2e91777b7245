/* SPDX-License-Identifier: MIT */
/* slab.c - kmalloc, caches, pages, vmalloc: slab.h, gfp.h, mm.h, vmalloc.h. */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <ring3/kernel.h>

#include "diag_notes.h"
#include "host/host.h"
#include "owned.h"
#include "sys_magazine.h"

char *mem_region;
unsigned long mem_region_pages;
struct page *mem_map;

/* The page array is reserved, not filled: a page that is never named costs nothing. */
__attribute__((__constructor__)) static void mem_map_init(void)
{
	host_size bytes;

	mem_region = host_region(&bytes);
	mem_map = host_map(bytes / PAGE_SIZE * sizeof(struct page));
	BUG_ON(!mem_map);
	mem_region_pages = bytes / PAGE_SIZE;
}

unsigned long nr_free_buffer_pages(void)
{
	return min(host_free_pages(), mem_region_pages);
}

static noinline void *kmalloc_slowly(size_t size, gfp_t gfp, const void *site)
{
	void *addr;

	if (!size)
		return ZERO_SIZE_PTR;
	addr = host_alloc(size, site);
	if (addr && gfp & __GFP_ZERO)
		memset(addr, 0, size);
	return addr;
}

/* @site: in whose name. */
static __always_inline void *take(size_t size, gfp_t gfp, const void *site)
{
	void *addr = likely(size - 1 < SMALL_MAX) ? mem_take_small(size) : NULL;

	if (unlikely(!addr))
		return kmalloc_slowly(size, gfp, site);
	if (gfp & __GFP_ZERO)
		memset(addr, 0, size);
	return addr;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return take(size, gfp, __builtin_return_address(0));
}

/* Neither NULL nor ZERO_SIZE_PTR is of the region. */
void kfree(const void *addr)
{
	if (likely(!diag_lockdep_on) && likely(mem_put_any((void *)addr)))
		return;
	if (addr != ZERO_SIZE_PTR)
		host_free(addr, __builtin_return_address(0));
}

size_t ksize(const void *addr)
{
	return ZERO_OR_NULL_PTR(addr) ? 0 : host_alloc_size(addr);
}

void *krealloc(const void *addr, size_t size, gfp_t gfp)
{
	size_t old = ksize(addr);
	void *fresh;

	if (!size) {
		kfree(addr);
		return ZERO_SIZE_PTR;
	}
	if (!ZERO_OR_NULL_PTR(addr) && size <= old)
		return (void *)addr;
	fresh = take(size, gfp, __builtin_return_address(0));
	if (fresh && !ZERO_OR_NULL_PTR(addr)) {
		memcpy(fresh, addr, old);
		kfree(addr);
	}
	return fresh;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return size <= 1ul << 20 ? take(size, gfp, __builtin_return_address(0)) : vmalloc(size);
}

void kvfree(const void *addr)
{
	if (ZERO_OR_NULL_PTR(addr) || host_region_has(addr))
		kfree(addr);
	else
		vfree(addr);
}

static char *copy_text(const char *s, size_t bytes, gfp_t gfp, const void *site)
{
	char *copy = take(bytes + 1, gfp, site);

	if (copy) {
		memcpy(copy, s, bytes);
		copy[bytes] = 0;
	}
	return copy;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	return s ? copy_text(s, strnlen(s, max), gfp, __builtin_return_address(0)) : NULL;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? copy_text(s, strlen(s), gfp, __builtin_return_address(0)) : NULL;
}

void *kmemdup(const void *from, size_t bytes, gfp_t gfp)
{
	void *copy = take(bytes, gfp, __builtin_return_address(0));

	return copy ? memcpy(copy, from, bytes) : NULL;
}

static __printf(3, 0) char *print_text(gfp_t gfp, const void *site, const char *fmt, va_list args)
{
	va_list again;
	char *text, none[1];
	int len;

	va_copy(again, args);
	len = vsnprintf(none, sizeof(none), fmt, again);
	va_end(again);
	text = take((size_t)len + 1, gfp, site);
	if (text)
		vsnprintf(text, (size_t)len + 1, fmt, args);
	return text;
}

char *kvasprintf(gfp_t gfp, const char *fmt, va_list args)
{
	return print_text(gfp, __builtin_return_address(0), fmt, args);
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = print_text(gfp, __builtin_return_address(0), fmt, args);
	va_end(args);
	return text;
}

const char *kstrdup_const(const char *s, gfp_t gfp)
{
	if (!s || ring3_is_rodata(s))
		return s;
	return copy_text(s, strlen(s), gfp, __builtin_return_address(0));
}

void kfree_const(const void *addr)
{
	if (!ring3_is_rodata(addr))
		kfree(addr);
}

char *kmemdup_nul(const char *s, size_t bytes, gfp_t gfp)
{
	return s ? copy_text(s, bytes, gfp, __builtin_return_address(0)) : NULL;
}

void *memdup_user(const void __user *from, size_t bytes)
{
	void *copy = kmemdup((const void *)from, bytes, GFP_USER);

	return copy ? copy : ERR_PTR(-ENOMEM);
}

void *memdup_user_nul(const void __user *from, size_t bytes)
{
	void *copy = kmemdup_nul((const char *)from, bytes, GFP_USER);

	return copy ? copy : ERR_PTR(-ENOMEM);
}

ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *ppos, const void *from, size_t available)
{
	loff_t at = *ppos;

	if (at < 0)
		return -EINVAL;
	if ((size_t)at >= available || !count)
		return 0;
	count = min(count, available - (size_t)at);
	memcpy(to, (const char *)from + at, count);
	*ppos = at + (loff_t)count;
	return (ssize_t)count;
}

bool ring3_is_rodata(const void *addr)
{
	return host_is_rodata(addr);
}

int get_cmdline(struct task_struct *task, char *buffer, int buflen)
{
	long done = host_cmdline(buffer, (host_size)buflen);

	return done < 0 ? 0 : (int)done;
}

/* ---- caches -------------------------------------------------------------------- */

struct kmem_cache {
	unsigned int	index;		/* of its magazines */
	unsigned int	size;
	void		(*ctor)(void *obj);
	void		*host;
};

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *obj))
{
	struct kmem_cache *cache = kmalloc(sizeof(*cache), GFP_KERNEL);

	if (!cache)
		return NULL;
	cache->size = size;
	cache->ctor = ctor;
	cache->host = host_cache_create(name, size, flags & SLAB_HWCACHE_ALIGN ? 64 : align);
	if (!cache->host) {
		kfree(cache);
		return NULL;
	}
	cache->index = host_cache_index(cache->host);
	owned_add("slab cache", cache, name, __builtin_return_address(0));
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (cache && !WARN_ON(host_cache_destroy(cache->host))) {
		owned_del(cache);
		kfree(cache);
	}
}

static noinline void *fresh_object(struct kmem_cache *cache, void *obj, gfp_t gfp)
{
	if (obj && gfp & __GFP_ZERO)
		memset(obj, 0, cache->size);
	if (obj && cache->ctor)
		cache->ctor(obj);
	return obj;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	struct thread_mem *mem = mem_fast;
	void *obj = likely(mem) ? mem_take(&mem->caches[cache->index]) : NULL;

	if (unlikely(!obj))
		obj = host_cache_alloc(cache->host, __builtin_return_address(0));
	if (unlikely(gfp & __GFP_ZERO || cache->ctor))
		return fresh_object(cache, obj, gfp);
	return obj;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	struct thread_mem *mem = mem_fast;

	if (unlikely(!mem) || unlikely(!mem_put(&mem->caches[cache->index], obj)))
		host_cache_free(cache->host, obj, __builtin_return_address(0));
}

void mem_dump_obj(void *object)
{
	if (ZERO_OR_NULL_PTR(object))
		pr_cont(" %s pointer\n", object ? "zero-size" : "NULL");
	else if (host_region_has(object))
		pr_cont(" of the slab or a page\n");	/* its size is known of its first byte only */
	else
		pr_cont(" not of the slab\n");
}

unsigned int kmem_cache_size(struct kmem_cache *cache)
{
	return cache->size;
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objs)
{
	while (nr)
		kmem_cache_free(cache, objs[--nr]);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objs)
{
	for (size_t i = 0; i < nr; i++) {
		objs[i] = kmem_cache_alloc(cache, gfp);
		if (!objs[i]) {
			kmem_cache_free_bulk(cache, i, objs);
			return 0;
		}
	}
	return (int)nr;
}

/* ---- pages ----------------------------------------------------------------------- */

static void compound_make(struct page *head)
{
	head->flags |= 1ul << PG_head;
	for (unsigned long i = 1; i < 1ul << head->order; i++)
		head[i].compound_head = (unsigned long)head | 1;
}

static void compound_unmake(struct page *head)
{
	for (unsigned long i = 1; i < 1ul << head->order; i++)
		head[i].compound_head = 0;
	head->flags &= ~(1ul << PG_head);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	void *addr = host_pages_alloc(order);
	struct page *page;

	if (!addr)
		return NULL;
	if (gfp & __GFP_ZERO)
		memset(addr, 0, PAGE_SIZE << order);
	page = virt_to_page(addr);
	page->order = order;
	page->compound_head = PAGE_GIVEN;
	if (order && gfp & __GFP_COMP)
		compound_make(page);
	atomic_set(&page->_refcount, 1);
	return page;
}

void __free_pages(struct page *page, unsigned int order)
{
	WARN_ON(page->order != order);
	put_page(page);
}

/* A page of the slab may be referred to as well, and is not given back by that. */
void put_page(struct page *page)
{
	page = compound_head(page);
	if (!atomic_dec_and_test(&page->_refcount) || page->compound_head != PAGE_GIVEN)
		return;
	if (PageHead(page))
		compound_unmake(page);
	page->compound_head = 0;
	host_pages_free(page_address(page), (unsigned int)page->order);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (addr)
		__free_pages(virt_to_page((void *)addr), order);
}

#define VMALLOC_MOST	(1ul << 46)	/* of the 47 bits of addresses a process has */

/* The size stands in the page before; what alignment leaves over on both sides is given back. */
void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller)
{
	unsigned long bytes = PAGE_ALIGN(size) + PAGE_SIZE, spare = align > PAGE_SIZE ? align - PAGE_SIZE : 0;
	char *map = size && size < VMALLOC_MOST && spare < VMALLOC_MOST ? host_map(bytes + spare) : NULL;
	unsigned long before;

	if (!map)
		return NULL;
	before = spare ? -((unsigned long)map + PAGE_SIZE) & (align - 1) : 0;
	if (before)
		host_unmap(map, before);
	if (before < spare)
		host_unmap(map + before + bytes, spare - before);
	*(unsigned long *)(map + before) = bytes;
	return map + before + PAGE_SIZE;
}

void *vmalloc(unsigned long size)
{
	return __vmalloc_node(size, 1, GFP_KERNEL, NUMA_NO_NODE, NULL);
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return vmalloc(size);
}

/* Outside the region and of no object file: mapped, that is; a stack looks the same. */
bool is_vmalloc_addr(const void *addr)
{
	const char *object, *name;
	host_size offset;

	return !ZERO_OR_NULL_PTR(addr) && !host_region_has(addr) && host_symbol(addr, &name, &object, &offset);
}

void *vzalloc(unsigned long size)
{
	return vmalloc(size);
}

void ring3_vmalloc_release(void *addr, unsigned long bytes)
{
	host_release(addr, bytes);
}

void vfree(const void *addr)
{
	unsigned long *base;

	if (!addr)
		return;
	base = (unsigned long *)((char *)addr - PAGE_SIZE);
	host_unmap(base, *base);
}
