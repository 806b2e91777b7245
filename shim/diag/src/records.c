/* SPDX-License-Identifier: MIT */
/*
 * records.c - what each thread notes of its locks and sleeps: see diag_notes.h.
 *
 * A record belongs to one thread from its first lock to its end. Nothing is locked:
 * its thread stores, the collector looks, and a torn picture is put up with.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "diag_impl.h"

struct record diag_records[RECORDS_MAX];
unsigned int diag_nr_records;
struct contention diag_contention[CONTENTION_MAX];
uint64_t diag_clock;

/* Of the library's own block of thread memory: an access is one instruction. NO_RECORD: asked, and none was left. */
static __thread struct record *self __attribute__((tls_model("initial-exec")));
__thread struct record *diag_fast_record;
static struct record no_record;
static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

#define SET	DIAG_SET
#define GET	DIAG_GET

static void thread_ends(void *arg)
{
	struct record *record = arg;

	self = diag_fast_record = NULL;
	record->first_sleep = 0;
	SET(record->nr_taken, 0);
	SET(record->nr_held, 0);
	SET(record->want.lock, NULL);
	SET(record->sleep_what, NULL);
	__atomic_store_n(&record->tid, 0, __ATOMIC_RELEASE);
}

static void make_key(void)
{
	pthread_key_create(&end_key, thread_ends);
}

static __attribute__((noinline)) struct record *make_record(void)
{
	int tid = (int)syscall(SYS_gettid);

	pthread_once(&end_once, make_key);
	self = &no_record;
	for (unsigned int i = 0; i < RECORDS_MAX; i++) {
		struct record *record = &diag_records[i];
		int none = 0;

		if (!GET(record->tid) && __atomic_compare_exchange_n(&record->tid, &none, tid, 0, __ATOMIC_ACQ_REL,
								     __ATOMIC_RELAXED)) {
			unsigned int top = GET(diag_nr_records);

			while (top <= i && !__atomic_compare_exchange_n(&diag_nr_records, &top, i + 1, 1,
									__ATOMIC_RELEASE, __ATOMIC_RELAXED))
				;
			self = record;
			if (!diag_lockdep_on)
				diag_fast_record = record;
			pthread_setspecific(end_key, record);
			break;
		}
	}
	return self;
}

static inline struct record *mine(void)
{
	return __builtin_expect(self != NULL, 1) ? self : make_record();
}

struct record *record_self(void)
{
	struct record *record = mine();

	return record == &no_record ? NULL : record;
}

struct record *record_of(int tid)
{
	for (unsigned int i = 0; i < GET(diag_nr_records); i++)
		if (GET(diag_records[i].tid) == tid)
			return &diag_records[i];
	return NULL;
}

static void held_read(const struct held *from, struct held *to)
{
	to->lock = GET(from->lock);
	to->site = GET(from->site);
	to->since = GET(from->since);
	to->kind = GET(from->kind);
}

void record_read(const struct record *record, struct record *copy)
{
	copy->tid = GET(record->tid);
	copy->nr_taken = GET(record->nr_taken);
	copy->nr_held = GET(record->nr_held);
	for (unsigned int i = 0; i < HELD_MAX && i < copy->nr_held; i++)
		held_read(&record->held[i], &copy->held[i]);
	held_read(&record->want, &copy->want);
	copy->sleep_what = GET(record->sleep_what);
	copy->sleep_object = GET(record->sleep_object);
	copy->sleep_since = GET(record->sleep_since);
	copy->sleep_hard = GET(record->sleep_hard);
}

/* ---- locks --------------------------------------------------------------------------- */

static void held_set(struct held *held, const void *lock, unsigned int kind, const void *site, uint64_t since)
{
	SET(held->site, site);
	SET(held->kind, kind);
	SET(held->since, since);
	SET(held->lock, lock);
}

static void count_wait(const void *site, unsigned int kind, uint64_t waited)
{
	unsigned int slot = (unsigned int)((uintptr_t)site * 0x9e3779b97f4a7c15ul >> 55);

	for (unsigned int i = 0; i < 16; i++, slot++) {
		struct contention *place = &diag_contention[slot % CONTENTION_MAX];
		const void *none = NULL;
		uint64_t most;

		if (GET(place->site) != site && !__atomic_compare_exchange_n(&place->site, &none, site, 0,
									     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		SET(place->kind, kind);
		__atomic_fetch_add(&place->count, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&place->wait_ns, waited, __ATOMIC_RELAXED);
		most = GET(place->wait_max_ns);
		while (most < waited && !__atomic_compare_exchange_n(&place->wait_max_ns, &most, waited, 1,
								     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			;
		return;
	}
}

void diag_lock_want(const void *lock, unsigned int kind, const void *site)
{
	struct record *record = mine();

	if (record == &no_record)
		return;
	/* Before the wait that may be the deadlock. */
	if (__builtin_expect(diag_lockdep_on, 0))
		lockdep_got(record, lock, kind, site);
	held_set(&record->want, lock, kind, site, diag_now());
}

void diag_lock_got(const void *lock, unsigned int kind, const void *site)
{
	struct record *record = mine();
	uint32_t nr;

	if (record == &no_record)
		return;
	if (GET(record->want.lock) == lock) {
		count_wait(site, kind, diag_now() - GET(record->want.since));
		SET(record->want.lock, NULL);
	}
	if (__builtin_expect(diag_lockdep_on, 0))
		lockdep_got(record, lock, kind, site);
	nr = GET(record->nr_held);
	if (nr < HELD_MAX)
		held_set(&record->held[nr], lock, kind, site, GET(diag_clock));
	SET(record->nr_held, nr + 1);
	SET(record->nr_taken, GET(record->nr_taken) + 1);
}

void diag_lock_drop(const void *lock)
{
	struct record *record = mine();
	uint32_t nr, at;

	if (record == &no_record)
		return;
	nr = GET(record->nr_held);
	if (!nr)
		return;
	SET(record->nr_held, nr - 1);
	if (nr > HELD_MAX)
		return;
	for (at = nr; at-- > 0 && GET(record->held[at].lock) != lock;)
		;
	if (at == UINT32_MAX) {		/* never noted: nothing is dropped */
		SET(record->nr_held, nr);
		return;
	}
	for (; at + 1 < nr; at++) {
		struct held next;

		held_read(&record->held[at + 1], &next);
		held_set(&record->held[at], next.lock, next.kind, next.site, next.since);
	}
}

/* ---- sleeps ----------------------------------------------------------------------------- */

void diag_sleep_begin(const char *what, const void *object, int uninterruptible)
{
	struct record *record = mine();

	if (record == &no_record)
		return;
	if (record->first_sleep) {
		record->first_sleep = 0;
		return;
	}
	SET(record->sleep_object, object);
	SET(record->sleep_hard, uninterruptible);
	SET(record->sleep_since, GET(diag_clock));
	SET(record->sleep_what, what);
}

void diag_sleep_is_first(void)
{
	struct record *record = record_self();

	if (record)
		record->first_sleep = 1;
}

void diag_sleep_end(void)
{
	struct record *record = mine();

	if (record != &no_record)
		SET(record->sleep_what, NULL);
}
