/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_RECORD_H
#define RING3_DIAG_RECORD_H

/*
 * diag_record.h - private to the library: what a thread notes of itself, and the short way of
 * noting a lock: a handful of plain stores, no call. diag_notes.h has the long one, which all
 * may take; a thread's first lock, any that had to be waited for, and all in checking mode must.
 *
 * Written by its thread with relaxed atomic stores, read by the collector as racily. Host and
 * kernel flavour, builtin types only.
 */
#include "diag_notes.h"

enum { HELD_MAX = 24 };

struct held {
	const void		*lock, *site;
	__UINT64_TYPE__		since;		/* 0 = before the collector ran */
	unsigned int		kind;
};

struct record {
	int			tid;		/* 0 = free */
	unsigned int		nr_held;	/* may exceed HELD_MAX: those are counted only */
	__UINT64_TYPE__		nr_taken;	/* locks, ever */
	struct held		held[HELD_MAX];
	struct held		want;		/* lock NULL = none */
	const char		*sleep_what;	/* NULL = none */
	const void		*sleep_object;
	__UINT64_TYPE__		sleep_since;
	int			sleep_hard;	/* uninterruptible */
	int			first_sleep;	/* own thread: the next one does not count */
	int			in_lockdep;	/* own thread: it checks, and must not check itself */
};

#define DIAG_OWN __attribute__((visibility("hidden")))

extern DIAG_OWN __UINT64_TYPE__ diag_clock;	/* ns, advanced by the collector; atomic */
/* This thread's; NULL: it has none yet, or none was left, or orders are checked. */
extern DIAG_OWN __thread struct record *diag_fast_record __attribute__((tls_model("initial-exec")));

#define DIAG_SET(field, value)	__atomic_store_n(&(field), (value), __ATOMIC_RELAXED)
#define DIAG_GET(field)		__atomic_load_n(&(field), __ATOMIC_RELAXED)

/* @lock was taken without waiting; diag_lock_got() otherwise. */
static inline __attribute__((always_inline)) void diag_lock_note(const void *lock, unsigned int kind, const void *site)
{
	struct record *record = diag_fast_record;
	unsigned int nr = record ? DIAG_GET(record->nr_held) : HELD_MAX;
	struct held *held;

	if (__builtin_expect(nr >= HELD_MAX, 0)) {
		diag_lock_got(lock, kind, site);
		return;
	}
	held = &record->held[nr];
	DIAG_SET(held->site, site);
	DIAG_SET(held->kind, kind);
	DIAG_SET(held->since, DIAG_GET(diag_clock));
	DIAG_SET(held->lock, lock);
	DIAG_SET(record->nr_taken, DIAG_GET(record->nr_taken) + 1);
	DIAG_SET(record->nr_held, nr + 1);
}

/* Is @lock noted, and the last one taken? Then diag_lock_drop_last() will do for diag_lock_drop(). */
static inline __attribute__((always_inline)) int diag_lock_is_last(const void *lock)
{
	struct record *record = diag_fast_record;
	unsigned int nr = record ? DIAG_GET(record->nr_held) - 1 : HELD_MAX;

	return __builtin_expect(nr < HELD_MAX && DIAG_GET(record->held[nr].lock) == lock, 1);
}

static inline __attribute__((always_inline)) void diag_lock_drop_last(void)
{
	DIAG_SET(diag_fast_record->nr_held, DIAG_GET(diag_fast_record->nr_held) - 1);
}

static inline __attribute__((always_inline)) void diag_lock_unnote(const void *lock)
{
	if (diag_lock_is_last(lock))
		diag_lock_drop_last();
	else
		diag_lock_drop(lock);
}

#endif /* RING3_DIAG_RECORD_H */
