/* SPDX-License-Identifier: MIT */
/*
 * mem_check.c - the checking levels: red zones, poison, and their reports. Objects rest in mem_quarantine.c.
 *
 * A record belongs to who owns its object: the thread that has it allocated, or that
 * has it in a magazine. Its state changes by an exchange, so that of two
 * threads that free one object the second is told, whichever it is.
 */
#include <stdatomic.h>
#include <sys/mman.h>

#include "diag.h"
#include "diag_notes.h"
#include "mem_check.h"
#include "mem_quarantine.h"
#include "mem_sites.h"
#include "mem_watch.h"

#define RECORD_SHIFT	4
#define REDZONE_BYTES	16
#define REDZONE_FILL	MEM_REDZONE_FILL

enum state { NEVER, LIVE, FREE, RESTING };

struct record {
	_Atomic(uint32_t) state;
	uint32_t	linked;		/* it was on the spare list: the first word is no poison */
	size_t		bytes;		/* that were asked for */
	const char	*allocated, *freed;
};

unsigned int mem_checks;
bool mem_huge;
static struct record *records;
static _Atomic(int64_t) fail_after = -1;	/* allocations that still work; -1: all */

static struct record *record_of(const void *object)
{
	return &records[(size_t)((const char *)object - region_base) >> RECORD_SHIFT];
}

static bool describe(uintptr_t addr, char *text, unsigned long bytes);

/* ---- levels ------------------------------------------------------------------ */

void mem_check_init(void)
{
	static const struct { const char *word; unsigned int level; } levels[] = {
		{ "count", MEM_CHECK_COUNT }, { "redzone", MEM_CHECK_REDZONE }, { "poison", MEM_CHECK_POISON },
		{ "quarantine", MEM_CHECK_QUARANTINE | MEM_CHECK_POISON }, { "leaks", MEM_CHECK_LEAKS },
		{ "fail", MEM_CHECK_FAIL }, { "all", MEM_CHECK_ALL }, { "huge", MEM_HUGE },
	};
	const size_t nr_levels = sizeof(levels) / sizeof(levels[0]);
	const char *word = getenv("RING3_MEM");
	unsigned int chosen = 0;

	while (word && *word) {
		size_t bytes = strcspn(word, ","), i = 0;

		while (i < nr_levels && (strlen(levels[i].word) != bytes || memcmp(levels[i].word, word, bytes)))
			i++;
		if (bytes && i == nr_levels) {
			fprintf(stderr, "ring3: RING3_MEM: %.*s: expected count, redzone, poison, quarantine, leaks, "
				"fail, all or huge, with commas between\n", (int)bytes, word);
			_exit(64);
		}
		if (bytes)
			chosen |= levels[i].level;
		word += bytes + (word[bytes] == ',');
	}
	chosen |= mem_watch_levels();
	mem_checks = chosen & ~MEM_HUGE;
	mem_huge = chosen & MEM_HUGE;
	diag_classify = describe;
}

void mem_check_reserve(size_t bytes)
{
	size_t table = (bytes >> RECORD_SHIFT) * sizeof(struct record);

	records = mmap(NULL, table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (records == MAP_FAILED) {
		fprintf(stderr, "ring3: RING3_MEM: cannot reserve %zu MiB of address space; see ulimit -v\n",
			table >> 20);
		abort();
	}
	madvise(records, table, MADV_DONTDUMP);
}

unsigned int mem_check_levels(void)
{
	sys_region_base();
	return mem_checks & ~(MEM_CHECK_ASAN | MEM_CHECK_VALGRIND);
}

size_t mem_check_redzone(void)
{
	return mem_checks & MEM_CHECK_REDZONE ? REDZONE_BYTES : 0;
}

size_t mem_check_object_bytes(size_t bytes, size_t align)
{
	if (!(mem_checks & MEM_CHECK_REDZONE))
		return bytes;
	/* A power of two is aligned to itself, as without checking. */
	if (!(bytes & (bytes - 1)) && bytes > align)
		align = bytes < SYS_PAGE_SIZE ? bytes : SYS_PAGE_SIZE;
	return (bytes + REDZONE_BYTES + align - 1) & ~(align - 1);
}

/* ---- reports ------------------------------------------------------------------- */

/* The same for the dump of the crash to come, in one sentence; that knows the sites by function and line. */
static void __attribute__((cold)) tell_dump(const char *whence, const char *what, const struct mem_cache *cache,
					    const void *object)
{
	const struct record *record = object ? record_of(object) : NULL;
	uint32_t state = record ? atomic_load(&record->state) : NEVER;
	char text[512];
	int used = snprintf(text, sizeof(text), "%s, seen at %s", what, whence ? whence : "?");

	if (state != NEVER && used < (int)sizeof(text))
		used += snprintf(text + used, sizeof(text) - (size_t)used, "; %zu bytes of cache %s, allocated at %s",
				 record->bytes, cache->name, record->allocated ? record->allocated : "?");
	if ((state == FREE || state == RESTING) && used < (int)sizeof(text))
		snprintf(text + used, sizeof(text) - (size_t)used, ", freed at %s", record->freed ? record->freed : "?");
	diag_panic_reason(text);
}

/* Says what was seen at @whence, and whose memory it is. @object: NULL when it is of no object. */
static void __attribute__((cold, noreturn)) report(const char *whence, const void *addr, const char *what,
						   const struct mem_cache *cache, const void *object)
{
	char text[1024];
	int used = snprintf(text, sizeof(text), "ring3: %s: %p: %s\n", whence ? whence : "?", addr, what);

	if (object) {
		const struct record *record = record_of(object);
		uint32_t state = atomic_load(&record->state);

		used += snprintf(text + used, sizeof(text) - (size_t)used, "  %zu bytes at %p, of cache %s\n",
				 record->bytes, object, cache->name);
		if (state != NEVER)
			used += snprintf(text + used, sizeof(text) - (size_t)used, "  allocated at %s\n",
					 record->allocated ? record->allocated : "?");
		if (state == FREE || state == RESTING)
			used += snprintf(text + used, sizeof(text) - (size_t)used, "  freed at %s\n",
					 record->freed ? record->freed : "?");
	}
	tell_dump(whence, what, cache, object);
	fflush(stdout);
	if (write(STDERR_FILENO, text, (size_t)used) < 0)
		_exit(134);	/* nowhere to say it */
	abort();
}

void mem_check_foreign(const void *addr, const char *whence)
{
	report(whence, addr, region_has(addr) ? "is no start of an allocation: pages, or memory given back"
					      : "is not from mem_alloc(): outside of the engine's memory", NULL, NULL);
}

void mem_check_twice(const struct mem_cache *cache, const void *object, const char *whence)
{
	char what[160];

	snprintf(what, sizeof(what), "freed twice, of cache %s (RING3_MEM=count would tell where it was allocated and freed)",
		 cache->name);
	report(whence, object, what, NULL, NULL);
}

/*
 * Whose memory @addr is, in words, for the dump of a crash: on the collector's thread, of
 * a process that dies. Takes no lock, calls no libc.
 */
static bool describe(uintptr_t addr, char *text, unsigned long bytes)
{
	static const char *const states[] = { "never allocated", "in use", "freed", "freed, in quarantine" };
	const void *at = (const void *)addr;
	const struct mem_cache *cache;
	const struct record *record;
	const char *object;
	uint32_t state;
	size_t at_byte;

	if (!region_base || !region_has(at))
		return false;
	cache = cache_of(at);
	if (!cache) {
		diag_format(text, bytes, "the engine's memory: pages, or memory given back");
		return true;
	}
	object = object_start(cache, at);
	if (!records) {
		diag_format(text, bytes, "byte %zu of an object of cache %s (RING3_MEM=quarantine would tell if it is "
			    "freed, and where)", (size_t)(addr - (uintptr_t)object), cache->name);
		return true;
	}
	record = record_of(object);
	state = atomic_load(&record->state);
	at_byte = (size_t)(addr - (uintptr_t)object);
	if (mem_checks & MEM_CHECK_REDZONE && state == LIVE && at_byte >= record->bytes) {
		diag_format(text, bytes, "a red zone: %zu bytes behind the end of %zu bytes of cache %s; allocated at %s",
			    at_byte - record->bytes, record->bytes, cache->name,
			    record->allocated ? record->allocated : "?");
		return true;
	}
	diag_format(text, bytes, "byte %zu of %zu bytes of cache %s: %s; allocated at %s%s%s",
		    at_byte, record->bytes, cache->name, states[state & 3],
		    record->allocated ? record->allocated : "?", state >= FREE ? ", freed at " : "",
		    state >= FREE && record->freed ? record->freed : "");
	return true;
}

/* ---- fills ------------------------------------------------------------------------ */

/* The first byte that is not @fill, or @bytes. */
static size_t first_other(const unsigned char *from, size_t bytes, unsigned char fill)
{
	uint64_t word, fill8 = BYTES8(fill);
	size_t i = 0;

	for (; i < bytes && (uintptr_t)(from + i) % 8; i++)
		if (from[i] != fill)
			return i;
	for (; i + 8 <= bytes; i += 8) {
		memcpy(&word, from + i, 8);
		if (word != fill8)
			break;
	}
	for (; i < bytes; i++)
		if (from[i] != fill)
			return i;
	return bytes;
}

/* Shown to who watches by now. */
static void check_poison(const struct mem_cache *cache, const void *object, const char *whence)
{
	const struct record *record = record_of(object);
	size_t from = record->linked ? sizeof(void *) : 0, at;

	if (!(mem_checks & MEM_CHECK_POISON) || atomic_load(&record->state) == NEVER)
		return;
	at = from + first_other((const unsigned char *)object + from, cache->object_bytes - from, MEM_ZAP);
	if (at < cache->object_bytes) {
		char what[96];

		snprintf(what, sizeof(what), "written after it was freed: byte %zu is 0x%02x", at,
			 ((const unsigned char *)object)[at]);
		report(whence, (const char *)object + at, what, cache, object);
	}
}

static void check_redzone(const struct mem_cache *cache, const void *object, const char *whence)
{
	size_t bytes = record_of(object)->bytes, room = cache->object_bytes - bytes, at;
	const unsigned char *zone = (const unsigned char *)object + bytes;

	if (!(mem_checks & MEM_CHECK_REDZONE))
		return;
	at = first_other(zone, room, REDZONE_FILL);
	if (at < room) {
		char what[96];

		snprintf(what, sizeof(what), "overrun: byte %zu behind the end is 0x%02x", at, zone[at]);
		report(whence, zone + at, what, cache, object);
	}
}

/* ---- allocating ---------------------------------------------------------------------- */

void *mem_check_alloc(struct mem_cache *cache, size_t bytes, const char *whence)
{
	struct record *record;
	char *object;

	if (bytes > cache->user_bytes || mem_check_fails())
		return NULL;
	object = raw_alloc(cache);
	if (!object)
		return NULL;
	record = record_of(object);
	mem_show(object, cache->object_bytes);
	check_poison(cache, object, whence);
	record->bytes = bytes;
	record->allocated = whence;
	record->linked = 0;
	atomic_store(&record->state, LIVE);
	if (mem_checks & MEM_CHECK_POISON)
		memset(object, MEM_PATTERN_ALLOC, bytes);
	if (mem_checks & MEM_CHECK_REDZONE)
		memset(object + bytes, REDZONE_FILL, cache->object_bytes - bytes);
	mem_hide(object + bytes, cache->object_bytes - bytes);
	mem_watch_alloc(object, bytes);
	if (mem_checks & MEM_CHECK_COUNT)
		sites_count(whence, bytes, true);
	return object;
}

void *mem_check_alloc_any(size_t bytes, const char *whence)
{
	struct mem_cache *cache = class_for(bytes);

	return cache ? mem_check_alloc(cache, bytes, whence) : NULL;
}

/* The object that @addr must be the start of. */
static void check_start(const struct mem_cache *cache, const void *addr, const char *whence)
{
	struct mem_cache *is = cache_of(addr);
	void *object;

	if (!is)
		mem_check_foreign(addr, whence);
	object = object_start(is, addr);
	if (is != cache) {
		char what[160];

		snprintf(what, sizeof(what), "freed into cache %s, which it is not of", cache->name);
		report(whence, addr, what, is, object);
	}
	if (object != addr)
		report(whence, addr, "is inside of an allocation, not its start", is, object);
}

void mem_check_rested(struct mem_cache *cache, void *object)
{
	atomic_store(&record_of(object)->state, FREE);
	raw_free(cache, object);
}

void mem_check_free(struct mem_cache *cache, void *object, const char *whence)
{
	bool rests = mem_checks & MEM_CHECK_QUARANTINE;
	struct record *record;
	uint32_t state;

	check_start(cache, object, whence);
	record = record_of(object);
	state = atomic_exchange(&record->state, rests ? RESTING : FREE);
	if (state != LIVE) {
		atomic_store(&record->state, state);
		report(whence, object, state == NEVER ? "freed, but never allocated" : "freed twice", cache, object);
	}
	mem_watch_free(object);
	mem_show(object, cache->object_bytes);
	check_redzone(cache, object, whence);
	record->freed = whence;
	if (mem_checks & MEM_CHECK_COUNT)
		sites_count(record->allocated, record->bytes, false);
	if (mem_checks & MEM_CHECK_POISON)
		memset(object, MEM_ZAP, cache->object_bytes);
	mem_hide(object, cache->object_bytes);
	if (rests)
		quarantine_put(cache, object);
	else
		raw_free(cache, object);
}

size_t mem_check_size(const struct mem_cache *cache, const void *object)
{
	check_start(cache, object, "mem_size");
	if (atomic_load(&record_of(object)->state) != LIVE)
		report("mem_size", object, "is not allocated", cache, object);
	return record_of(object)->bytes;
}

void mem_whence_set(void *addr, const char *whence)
{
	struct mem_cache *cache = mem_check_levels() ? cache_of(addr) : NULL;
	struct record *record;

	if (!cache)
		return;
	check_start(cache, addr, whence);
	record = record_of(addr);
	if (mem_checks & MEM_CHECK_COUNT) {
		sites_count(record->allocated, record->bytes, false);
		sites_count(whence, record->bytes, true);
	}
	record->allocated = whence;
}

/* ---- slabs --------------------------------------------------------------------------- */

void mem_check_slab(struct mem_cache *cache, char *slab)
{
	for (uint32_t i = 0; i < cache->slab_objects; i++)
		memset(record_of(slab + i * cache->object_bytes), 0, sizeof(struct record));
	mem_hide(slab, SYS_PAGE_SIZE << cache->slab_order);
}

void mem_check_spare(struct mem_cache *cache, void *object)
{
	mem_show(object, cache->object_bytes);
	check_poison(cache, object, "mem_trim");
	mem_hide(object, cache->object_bytes);
	record_of(object)->linked = 1;
}

/* Calls @fn for each object of @cache that was ever cut. */
static void each_object(struct mem_cache *cache, void (*fn)(void *env, struct mem_cache *cache, void *object),
			void *env)
{
	pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < cache->nr_slabs; i++)
		for (uint32_t k = 0; k < slab_nr_cut(cache, cache->slabs[i]); k++)
			fn(env, cache, (char *)cache->slabs[i] + k * cache->object_bytes);
	pthread_mutex_unlock(&cache->lock);
}

static void check_one(void *env, struct mem_cache *cache, void *object)
{
	uint32_t state = atomic_load(&record_of(object)->state);

	*(size_t *)env += state != NEVER;
	if (state == LIVE) {
		size_t bytes = record_of(object)->bytes;

		mem_show((char *)object + bytes, cache->object_bytes - bytes);
		check_redzone(cache, object, "mem_check_all");
		mem_hide((char *)object + bytes, cache->object_bytes - bytes);
	} else {
		size_t linked = record_of(object)->linked ? sizeof(void *) : 0;

		mem_show(object, cache->object_bytes);
		check_poison(cache, object, "mem_check_all");
		mem_hide((char *)object + linked, cache->object_bytes - linked);
	}
}

size_t mem_check_all(void)
{
	size_t count = 0;

	mem_init();
	if (!mem_checks)
		return 0;
	pthread_mutex_lock(&caches_lock);
	for (unsigned int id = 0; id < NR_CACHES; id++)
		if (caches[id])
			each_object(caches[id], check_one, &count);
	pthread_mutex_unlock(&caches_lock);
	return count;
}

/* ---- what is in use -------------------------------------------------------------------- */

static void add_user(void *env, struct mem_cache *cache, void *object)
{
	const struct record *record = record_of(object);

	(void)cache;
	if (atomic_load(&record->state) == LIVE)
		users_add(env, record->allocated, record->bytes);
}

struct look {
	const char	*(*fn)(void *env, const char *whence, size_t bytes);
	void		*env;
};

static void look_at(void *env, struct mem_cache *cache, void *object)
{
	const struct look *look = env;
	struct record *record = record_of(object);

	(void)cache;
	if (atomic_load(&record->state) == LIVE)
		record->allocated = look->fn(look->env, record->allocated, record->bytes);
}

void mem_users_each(const char *(*fn)(void *env, const char *whence, size_t bytes), void *env)
{
	struct look look = { fn, env };

	if (!mem_check_levels())
		return;
	mem_init();
	pthread_mutex_lock(&caches_lock);
	for (unsigned int id = 0; id < NR_CACHES; id++)
		if (caches[id])
			each_object(caches[id], look_at, &look);
	pthread_mutex_unlock(&caches_lock);
	region_each_run(fn, env);
}

static const char *add_to_users(void *env, const char *whence, size_t bytes)
{
	users_add(env, whence, bytes);
	return whence;
}

void mem_check_name_users(struct mem_cache *cache)
{
	struct users users = { 0 };

	if (!mem_checks)
		return;
	each_object(cache, add_user, &users);
	users_print(&users);
}

size_t mem_report_leaks(void)
{
	struct users users = { 0 };

	mem_users_each(add_to_users, &users);
	if (users.objects)
		fprintf(stderr, "ring3: still in use: %zu objects, %zu bytes\n", users.objects, users.bytes);
	users_print(&users);
	return users.objects;
}

/* ---- failing on purpose ----------------------------------------------------------------- */

void mem_fail_after(uint64_t after)
{
	atomic_store(&fail_after, after ? (int64_t)after - 1 : -1);
}

bool mem_check_fails_now(void)
{
	int64_t left = atomic_load(&fail_after);

	while (left > 0 && !atomic_compare_exchange_weak(&fail_after, &left, left - 1))
		;
	return left == 0;
}
