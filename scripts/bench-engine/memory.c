/* SPDX-License-Identifier: MIT */
/*
 * memory.c - allocating and freeing: by one thread, and by a producer and a consumer.
 *
 * Same thread: 64 allocated, first byte written, 64 freed. Across: each object goes
 * by a ring of 1024 places to another thread, which frees it. ns for one of each.
 */
#if __has_include(<mimalloc.h>)
#define HAVE_MIMALLOC 1
#endif
#if __has_include(<jemalloc/jemalloc.h>)
#define HAVE_JEMALLOC 1
#endif
#include <dlfcn.h>

#include "bench.h"
#include "sys_mem.h"

enum { BATCH = 64, RING = 1024 };

struct heap {
	void	*(*alloc)(size_t bytes);
	void	(*free)(void *addr);
};

/* Inlined for each heap, so that nobody pays for a call through a pointer. */
static inline __attribute__((always_inline)) double same_thread(struct heap heap, size_t bytes)
{
	uint64_t from = worked_ns(), until = from + (uint64_t)(bench_seconds * 1e9), count = 0;
	char *objects[BATCH];

	do {
		for (int round = 0; round < 16; round++) {
			for (int i = 0; i < BATCH; i++) {
				objects[i] = heap.alloc(bytes);
				*(volatile char *)objects[i] = 1;
			}
			for (int i = 0; i < BATCH; i++)
				heap.free(objects[i]);
		}
		count += 16 * BATCH;
	} while (worked_ns() < until);
	return (double)(worked_ns() - from) / (double)count;
}

static struct {
	_Atomic(void *)	place[RING];
	atomic_bool	over;
	void		(*free)(void *addr);
} ring;

static void *free_from_ring(void *arg)
{
	for (size_t i = 0;; i = (i + 1) % RING) {
		void *object;

		for (int turn = 0; !(object = atomic_load_explicit(&ring.place[i], memory_order_acquire)); turn++) {
			if (atomic_load_explicit(&ring.over, memory_order_acquire) &&
			    !atomic_load_explicit(&ring.place[i], memory_order_acquire))
				return arg;
			if (turn % 64 == 63)
				sched_yield();
			else
				__builtin_ia32_pause();
		}
		*(volatile char *)object = 2;
		ring.free(object);
		atomic_store_explicit(&ring.place[i], NULL, memory_order_release);
	}
}

static double across(struct heap heap, size_t bytes)
{
	uint64_t from, until, count = 0;
	size_t i = 0;
	pthread_t thread;

	ring.free = heap.free;
	bench_must(!pthread_create(&thread, NULL, free_from_ring, NULL), "pthread_create");
	from = now_ns();
	until = from + (uint64_t)(bench_seconds * 1e9);
	do {
		for (int k = 0; k < 1024; k++, i = (i + 1) % RING) {
			void *object = heap.alloc(bytes);

			*(volatile char *)object = 1;
			for (int turn = 0; atomic_load_explicit(&ring.place[i], memory_order_acquire); turn++) {
				if (turn % 64 == 63)
					sched_yield();
				else
					__builtin_ia32_pause();
			}
			atomic_store_explicit(&ring.place[i], object, memory_order_release);
		}
		count += 1024;
	} while (now_ns() < until);
	from = now_ns() - from;
	atomic_store(&ring.over, true);
	pthread_join(thread, NULL);
	return (double)from / (double)count;
}

static void *ring3_alloc(size_t bytes)
{
	return mem_alloc(bytes, "bench");
}

static void ring3_free(void *addr)
{
	mem_free(addr, "bench");
}

#define SIZES(name, text, heap)								\
	MEASURE(name##_64, "memory/64 B, same thread/" text, "ns") { return same_thread(heap, 64); }		\
	MEASURE(name##_1k, "memory/1 KiB, same thread/" text, "ns") { return same_thread(heap, 1024); }		\
	MEASURE(name##_8k, "memory/8 KiB, same thread/" text, "ns") { return same_thread(heap, 8192); }		\
	MEASURE(name##_64k, "memory/64 KiB, same thread/" text, "ns") { return same_thread(heap, 65536); }	\
	MEASURE(name##_x64, "memory/64 B, across threads/" text, "ns") { return across(heap, 64); }		\
	MEASURE(name##_x1k, "memory/1 KiB, across threads/" text, "ns") { return across(heap, 1024); }		\
	MEASURE(name##_x8k, "memory/8 KiB, across threads/" text, "ns") { return across(heap, 8192); }		\
	MEASURE(name##_x64k, "memory/64 KiB, across threads/" text, "ns") { return across(heap, 65536); }

static const struct heap heap_ring3 = { ring3_alloc, ring3_free }, heap_glibc = { malloc, free };

SIZES(ring3, "ring3", heap_ring3)
SIZES(glibc, "glibc", heap_glibc)

/*
 * Not linked: they would take malloc()'s place for all, and glibc be measured never. A call by
 * way of these pointers costs what one by way of the linker's table does. jemalloc finds room for its
 * static TLS only where GLIBC_TUNABLES reserve it, as bench-engine.ts does.
 */
#if defined(HAVE_MIMALLOC) || defined(HAVE_JEMALLOC)
static struct heap load(const char *const libraries[], const char *alloc, const char *release)
{
	struct heap heap;
	void *library = NULL;

	for (int i = 0; libraries[i] && !library; i++)
		library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
	if (!library)
		bench_skip(dlerror());
	heap.alloc = (void *(*)(size_t))dlsym(library, alloc);
	heap.free = (void (*)(void *))dlsym(library, release);
	bench_must(heap.alloc && heap.free, alloc);
	return heap;
}
#endif

#ifdef HAVE_MIMALLOC
#define heap_mimalloc	\
	load((const char *const[]){ "libmimalloc.so", "libmimalloc.so.2", NULL }, "mi_malloc", "mi_free")
SIZES(mimalloc, "mimalloc", heap_mimalloc)
#endif
#ifdef HAVE_JEMALLOC
#define heap_jemalloc	\
	load((const char *const[]){ "libjemalloc.so", "libjemalloc.so.2", NULL }, "malloc", "free")
SIZES(jemalloc, "jemalloc", heap_jemalloc)
#endif
