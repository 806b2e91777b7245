/* SPDX-License-Identifier: MIT */
/*
 * sites.c - call sites of memory: addresses of code as the static strings that the
 * engine's counters want ("pc 0x..."), and back into words; and what must not be in
 * memory that is freed: locks that are held, timers that are armed.
 *
 * Locking: none; places of the tables are taken by compare-and-swap and kept.
 */
#include <string.h>

#include "diag_impl.h"
#include "etask.h"
#include "sys_mem.h"

enum { SITES_MAX = 4096, SEEN_MAX = 4096, TIMERS_MAX = 4096 };

static struct site_string {
	const void	*site;		/* atomic */
	char		text[24];
} strings[SITES_MAX];

const char *diag_site_string(const void *site, const char *plain)
{
	unsigned int at = (unsigned int)((uintptr_t)site * 0x9e3779b97f4a7c15ul >> 52);

	for (unsigned int i = 0; i < 64; i++, at++) {
		struct site_string *place = &strings[at % SITES_MAX];
		const void *none = NULL;

		if (__atomic_load_n(&place->site, __ATOMIC_ACQUIRE) == site)
			return place->text;
		/* The text first, by its own atomic steps: who finds the site must find it whole. */
		if (__atomic_compare_exchange_n(&place->site, &none, (void *)1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			diag_format(place->text, sizeof(place->text), "pc %p", site);
			__atomic_store_n(&place->site, site, __ATOMIC_RELEASE);
			return place->text;
		}
	}
	return plain;
}

void expand_sites(struct space *space, const char *text, char *buf, size_t bytes)
{
	size_t used = 0;

	while (*text && used + 1 < bytes) {
		if (!strncmp(text, "pc 0x", 5)) {
			uint64_t site = 0;

			for (text += 5; (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'f'); text++)
				site = site << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
			site_text(space, (const void *)(uintptr_t)site, buf + used, bytes - used);
			used += strlen(buf + used);
		} else {
			buf[used++] = *text++;
		}
	}
	buf[used] = 0;
}

/* ---- the dump ------------------------------------------------------------------------ */

static struct seen {
	const char	*whence;
	uint64_t	bytes;
} seen[SEEN_MAX];

static int64_t grown_since(const struct mem_site *site)
{
	unsigned int at = (unsigned int)((uintptr_t)site->whence * 0x9e3779b97f4a7c15ul >> 52);

	for (unsigned int i = 0; i < 64; i++, at++) {
		struct seen *place = &seen[at % SEEN_MAX];
		int64_t grown;

		if (place->whence && place->whence != site->whence)
			continue;
		grown = (int64_t)(site->bytes_used - place->bytes);
		*place = (struct seen){ site->whence, site->bytes_used };
		return grown;
	}
	return 0;
}

/* What grew most stands first, then what is largest. */
struct listed {
	struct mem_site	site;
	int64_t		grown;
};
enum { LISTED_MAX = 4096 };

struct listing {
	struct listed	*all;
	unsigned int	nr;
};

static bool list_site(void *env, const struct mem_site *site)
{
	struct listing *listing = env;

	if (site->bytes_used && listing->nr < LISTED_MAX)
		listing->all[listing->nr++] = (struct listed){ *site, grown_since(site) };
	return true;
}

static bool before(const struct listed *a, const struct listed *b)
{
	return a->grown != b->grown ? a->grown > b->grown : a->site.bytes_used > b->site.bytes_used;
}

/* Shell's: libc's qsort() may allocate. */
static void sort_listed(struct listed *all, unsigned int nr)
{
	for (unsigned int gap = nr / 2; gap; gap /= 2)
		for (unsigned int i = gap; i < nr; i++) {
			struct listed one = all[i];
			unsigned int at = i;

			for (; at >= gap && before(&one, &all[at - gap]); at -= gap)
				all[at] = all[at - gap];
			all[at] = one;
		}
}

static void emit_site(struct dump *dump, const struct listed *listed)
{
	const struct mem_site *site = &listed->site;
	char whence[64], text[256];

	if (!space_string(dump->space, (uintptr_t)site->whence, whence, sizeof(whence)))
		return;
	expand_sites(dump->space, whence, text, sizeof(text));
	out_object(dump->out, NULL);
	out_str(dump->out, "site", text);
	out_num(dump->out, "bytes", (int64_t)site->bytes_used);
	out_num(dump->out, "objects", (int64_t)(site->nr_allocs - site->nr_frees));
	out_num(dump->out, "allocs", (int64_t)site->nr_allocs);
	out_num(dump->out, "grownBytesSinceLastDump", listed->grown);
	out_end(dump->out);
}

/* With RING3_MEM=count. Reads counters only: no lock. */
void sites_emit(struct dump *dump)
{
	struct listing listing = { .all = NULL };

	if (!(mem_check_levels() & MEM_CHECK_COUNT))
		return;
	listing.all = arena_take(dump->arena, LISTED_MAX * sizeof(*listing.all));
	if (listing.all)
		mem_sites_each(list_site, &listing);
	sort_listed(listing.all, listing.nr);
	out_list(dump->out, "memorySites");
	for (unsigned int i = 0; i < listing.nr; i++)
		emit_site(dump, &listing.all[i]);
	out_end(dump->out);
}

/* ---- what must not be freed -------------------------------------------------------------- */

static const void *timers[TIMERS_MAX];	/* atomic: struct etask_alarm of timers that were ever armed */

void diag_timer_armed(const void *alarm)
{
	unsigned int at = (unsigned int)((uintptr_t)alarm * 0x9e3779b97f4a7c15ul >> 52);

	for (unsigned int i = 0; i < TIMERS_MAX; i++, at++) {
		const void *none = NULL;

		if (__atomic_load_n(&timers[at % TIMERS_MAX], __ATOMIC_RELAXED) == alarm ||
		    __atomic_compare_exchange_n(&timers[at % TIMERS_MAX], &none, alarm, 0, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return;
	}
}

void diag_free_check(const void *addr, unsigned long bytes, const void *site)
{
	struct record *record = record_self();

	for (uint32_t i = 0; record && i < record->nr_held && i < HELD_MAX; i++)
		if ((uintptr_t)record->held[i].lock - (uintptr_t)addr < bytes)
			lockdep_report("memory freed with a held lock in it", site, record->held[i].site, NULL);
	for (unsigned int i = 0; i < TIMERS_MAX; i++) {
		const struct etask_alarm *alarm = __atomic_load_n(&timers[i], __ATOMIC_RELAXED);

		if (!alarm || (uintptr_t)alarm - (uintptr_t)addr >= bytes)
			continue;
		if (__atomic_load_n(&alarm->task, __ATOMIC_RELAXED))
			lockdep_report("memory freed with an armed timer in it", site, NULL, alarm);
		/* A hole would hide what was put behind it: the place keeps an address nobody frees. */
		__atomic_store_n(&timers[i], &timers[i], __ATOMIC_RELAXED);
	}
}
