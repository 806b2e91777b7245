/* SPDX-License-Identifier: MIT */
/*
 * buf_cache.c - caches of buffers that count their holders.
 *
 * A sys_buf_t is the buffer's own address; its count and its cache stand in a
 * trailer behind it, so that the buffer keeps the alignment that was asked for.
 */
#include "buf_cache.h"
#include "sys_mem.h"

#define LIVE	0x11fe0b0fu
#define DEAD	0xdeadb0f0u

struct sys_buf_cache {
	struct mem_cache	*objects;
	size_t			bytes;		/* of the buffer, rounded up for the trailer */
};

struct trailer {
	sys_buf_cache_t	cache;
	uint32_t	holders;
	uint32_t	state;
};

/* The trailer is found from the page's cache's object size: objects are whole multiples of it. */
static struct trailer *trailer_of(sys_buf_t buf)
{
	return (struct trailer *)((char *)buf + mem_size(buf) - sizeof(struct trailer));
}

sys_buf_cache_t buf_cache_create(sstring_t name, size_t bytes, size_t align)
{
	sys_buf_cache_t cache = mem_alloc(sizeof(*cache), FL_STR);

	if (!cache)
		return NULL;
	cache->bytes = bytes;
	cache->objects = mem_cache_create(name, bytes + sizeof(struct trailer), align);
	if (!cache->objects) {
		mem_free(cache, FL_STR);
		return NULL;
	}
	return cache;
}

errno_t buf_cache_destroy(sys_buf_cache_t cache)
{
	int rc = mem_cache_destroy(cache->objects);

	if (rc)
		return -rc;
	mem_free(cache, FL_STR);
	return E_OK;
}

sys_buf_t buf_alloc(sys_buf_cache_t cache, sstring_t whence)
{
	sys_buf_t buf = mem_cache_alloc(cache->objects, whence);
	struct trailer *trailer;

	if (!buf)
		return NULL;
	trailer = trailer_of(buf);
	trailer->cache = cache;
	trailer->state = LIVE;
	__atomic_store_n(&trailer->holders, 1, __ATOMIC_RELAXED);
	return buf;
}

sys_buf_t buf_zalloc(sys_buf_cache_t cache, sstring_t whence)
{
	sys_buf_t buf = buf_alloc(cache, whence);

	if (buf)
		memset(buf, 0, cache->bytes);
	return buf;
}

static struct trailer *checked(sys_buf_t buf, sstring_t whence)
{
	struct trailer *trailer = trailer_of(buf);

	if (trailer->state != LIVE) {
		fprintf(stderr, "ring3: %s: buffer %p is %s\n", whence, (void *)buf,
			trailer->state == DEAD ? "free already" : "overwritten behind its end");
		abort();
	}
	return trailer;
}

void buf_hold(sys_buf_t buf, sstring_t whence)
{
	__atomic_fetch_add(&checked(buf, whence)->holders, 1, __ATOMIC_RELAXED);
}

void buf_drop(sys_buf_t buf, sstring_t whence)
{
	struct trailer *trailer = checked(buf, whence);

	if (__atomic_fetch_sub(&trailer->holders, 1, __ATOMIC_ACQ_REL) == 1) {
		trailer->state = DEAD;
		mem_cache_free(trailer->cache->objects, buf, whence);
	}
}

void buf_check(sys_buf_t buf)
{
	checked(buf, "sys_buf_check");
}
