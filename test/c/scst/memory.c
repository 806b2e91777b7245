/* SPDX-License-Identifier: MIT */
/* memory.c - see memory.h. */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <asm/barrier.h>
#include <linux/string.h>

#include "memory.h"

extern void *dlsym(void *handle, const char *name);
#define NEXT_	((void *)-1l)	/* RTLD_NEXT */
struct dl_info_ { const char *file; void *base; const char *symbol; void *addr; };
extern int dladdr(const void *addr, struct dl_info_ *info);

static void *(*real_kmalloc)(size_t size, gfp_t gfp);
static void *(*real_kvmalloc)(size_t size, gfp_t gfp);
static void (*real_kfree)(const void *addr);
static void *(*real_cache_alloc)(struct kmem_cache *cache, gfp_t gfp);
static void (*real_cache_free)(struct kmem_cache *cache, void *obj);

static void *library, *test;	/* where they are loaded */
static atomic_t countdown, nr_failed, fail_all;
static atomic64_t live;

__attribute__((__constructor__(101))) static void memory_init(void)
{
	struct dl_info_ info = { 0 };

	*(void **)&real_kmalloc = dlsym(NEXT_, "kmalloc");
	*(void **)&real_kvmalloc = dlsym(NEXT_, "kvmalloc");
	*(void **)&real_kfree = dlsym(NEXT_, "kfree");
	*(void **)&real_cache_alloc = dlsym(NEXT_, "kmem_cache_alloc");
	*(void **)&real_cache_free = dlsym(NEXT_, "kmem_cache_free");
	dladdr((void *)real_kmalloc, &info);
	library = info.base;
	dladdr((void *)memory_init, &info);
	test = info.base;
}

/*
 * What the code under test asked for, and has not given back. The library's own (its workers, say) come
 * and go when it likes, so they are not counted, whoever gives them back. Open addressing, never full.
 */
#define NR_OWN	65536
static const void *own[NR_OWN];
static atomic_t own_lock;	/* a spinlock of the library may ask for memory itself */

static void lock(void)
{
	while (atomic_cmpxchg(&own_lock, 0, 1))
		cpu_relax();
}

static void unlock(void)
{
	atomic_set_release(&own_lock, 0);
}

static u32 slot_of(const void *addr)
{
	return (u32)((unsigned long)addr * 0x9e3779b97f4a7c15ul >> 48) % NR_OWN;
}

/* Where @addr is, or would be. */
static u32 find(const void *addr)
{
	u32 slot = slot_of(addr);

	while (own[slot] && own[slot] != addr)
		slot = (slot + 1) % NR_OWN;
	return slot;
}

/* Who stands behind it because its own slot was taken moves up. */
static void empty(u32 slot)
{
	const void *moved;

	own[slot] = NULL;
	for (u32 i = (slot + 1) % NR_OWN; own[i]; i = (i + 1) % NR_OWN) {
		moved = own[i];
		own[i] = NULL;
		own[find(moved)] = moved;
	}
}

static bool is_the_librarys(void *caller)
{
	struct dl_info_ info;

	return dladdr(caller, &info) && info.base == library;
}

static bool fails(void *caller)
{
	struct dl_info_ info;

	if (!atomic_read(&fail_all) && !atomic_read(&countdown))
		return false;
	if (!dladdr(caller, &info) || info.base == library || info.base == test)
		return false;
	if (!atomic_read(&fail_all) && atomic_dec_return(&countdown))
		return false;
	atomic_inc(&nr_failed);
	return true;
}

static void count_alloc(const void *addr, void *caller)
{
	if (!addr || is_the_librarys(caller))
		return;
	lock();
	own[find(addr)] = addr;
	unlock();
	atomic64_inc(&live);
}

static void count_free(const void *addr)
{
	u32 slot;

	if (!addr)
		return;
	lock();
	slot = find(addr);
	if (own[slot]) {
		empty(slot);
		atomic64_dec(&live);
	}
	unlock();
}

void *kmalloc(size_t size, gfp_t gfp)
{
	void *addr = fails(__builtin_return_address(0)) ? NULL : real_kmalloc(size, gfp);

	count_alloc(addr, __builtin_return_address(0));
	return addr;
}

/* For their callers' sake, who give it back. */
void *kmemdup(const void *from, size_t bytes, gfp_t gfp)
{
	void *copy = fails(__builtin_return_address(0)) ? NULL : real_kmalloc(bytes, gfp);

	count_alloc(copy, __builtin_return_address(0));
	return copy ? memcpy(copy, from, bytes) : NULL;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	char *copy = fails(__builtin_return_address(0)) ? NULL : real_kmalloc(strlen(s) + 1, gfp);

	count_alloc(copy, __builtin_return_address(0));
	return copy ? memcpy(copy, s, strlen(s) + 1) : NULL;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	return fails(__builtin_return_address(0)) ? NULL : real_kvmalloc(size, gfp);	/* not counted, as kvfree() is not */
}

void kfree(const void *addr)
{
	count_free(addr);
	real_kfree(addr);
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *obj = fails(__builtin_return_address(0)) ? NULL : real_cache_alloc(cache, gfp);

	count_alloc(obj, __builtin_return_address(0));
	return obj;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	count_free(obj);
	real_cache_free(cache, obj);
}

void memory_fail_at(u32 nth)
{
	atomic_set(&fail_all, 0);
	atomic_set(&nr_failed, 0);
	atomic_set(&countdown, (int)nth);
}

void memory_fail_all(bool all)
{
	atomic_set(&countdown, 0);
	atomic_set(&nr_failed, 0);
	atomic_set(&fail_all, all);
}

u32 memory_failed(void)
{
	return (u32)atomic_read(&nr_failed);
}

long memory_live(void)
{
	return atomic64_read(&live);
}
