/* SPDX-License-Identifier: MIT */
/*
 * mem_sites.c - allocations counted by call site.
 *
 * A table of fixed size, hashed by the address of the site's string: a site takes
 * a place by compare-and-swap and keeps it. Sites beyond the table are counted together.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mem_sites.h"
#include "sys_mem.h"

#define NR_SITES	4096	/* a power of two */

struct site {
	_Atomic(const char *)	whence;
	_Atomic(uint64_t)	nr_allocs, nr_frees, bytes_used;
};

static struct site sites[NR_SITES];
static struct site elsewhere = { .whence = "(elsewhere)" };

static struct site *site_of(const char *whence)
{
	size_t at = (size_t)((uintptr_t)whence * 0x9e3779b97f4a7c15ul >> 52);

	if (!whence)
		whence = "?";
	for (unsigned int tries = 0; tries < 64; tries++, at = (at + 1) % NR_SITES) {
		const char *there = atomic_load_explicit(&sites[at].whence, memory_order_relaxed);

		if (there == whence)
			return &sites[at];
		if (!there && (atomic_compare_exchange_strong(&sites[at].whence, &there, whence) || there == whence))
			return &sites[at];
	}
	return &elsewhere;
}

void sites_count(const char *whence, size_t bytes, bool allocated)
{
	struct site *site = site_of(whence);

	atomic_fetch_add_explicit(allocated ? &site->nr_allocs : &site->nr_frees, 1, memory_order_relaxed);
	/* What is freed is added as its negative: the sum wraps to the right value. */
	atomic_fetch_add_explicit(&site->bytes_used, allocated ? bytes : 0 - bytes, memory_order_relaxed);
}

static bool show(struct site *site, bool (*fn)(void *env, const struct mem_site *site), void *env)
{
	struct mem_site now = {
		.whence = atomic_load(&site->whence),
		.nr_allocs = atomic_load(&site->nr_allocs),
		.nr_frees = atomic_load(&site->nr_frees),
		.bytes_used = atomic_load(&site->bytes_used),
	};

	return !now.whence || !now.nr_allocs || fn(env, &now);
}

void mem_sites_each(bool (*fn)(void *env, const struct mem_site *site), void *env)
{
	for (size_t i = 0; i < NR_SITES; i++)
		if (!show(&sites[i], fn, env))
			return;
	show(&elsewhere, fn, env);
}

/* ---- what is in use ------------------------------------------------------------ */

void users_add(struct users *users, const char *whence, size_t bytes)
{
	size_t i = 0;

	if (!whence)
		whence = "?";
	while (i < users->nr_sites && users->sites[i].whence != whence && strcmp(users->sites[i].whence, whence))
		i++;
	if (i == users->nr_sites) {
		if (i < NR_USERS)
			users->nr_sites++;
		else
			whence = users->sites[--i].whence = "(elsewhere)";
	}
	users->sites[i].whence = whence;
	users->sites[i].objects++;
	users->sites[i].bytes += bytes;
	users->objects++;
	users->bytes += bytes;
}

void users_print(const struct users *users)
{
	for (size_t i = 0; i < users->nr_sites; i++)
		fprintf(stderr, "  %8zu objects, %10zu bytes, allocated at %s\n", users->sites[i].objects,
			users->sites[i].bytes, users->sites[i].whence);
}
