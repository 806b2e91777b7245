/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_NOTES_H
#define RING3_DIAG_NOTES_H

/*
 * diag_notes.h - what locks, sleeps and panics tell diagnostics: host and kernel flavour, builtin types only.
 *
 * Each thread notes the locks it holds in a record of its own: a lock taken costs two
 * stores and an increment, no atomic operation and no line shared with another core.
 * Time is the collector's, read four times a second, so "since" is that coarse.
 *
 * RING3_LOCKDEP=1 checks order as well: locks of one kind of use form a class; holding
 * A while taking B is an edge A -> B; an edge that closes a circle is a deadlock that
 * waits to happen, reported once with the places of both sides. Also reported: a class
 * taken in softirq (on an event task) and elsewhere with softirqs enabled; a thread's
 * function, a work or a callback that returns with a lock held; a lock held over sleep.
 */

enum diag_lock_kind {
	DIAG_LOCK_SPIN = 1, DIAG_LOCK_MUTEX, DIAG_LOCK_READ, DIAG_LOCK_WRITE, DIAG_LOCK_SEM_READ, DIAG_LOCK_SEM_WRITE,
	DIAG_LOCK_OTHER,
	DIAG_LOCK_KIND		= 15,
	DIAG_LOCK_TRY		= 16,	/* by trylock: cannot wait, so makes no edge */
	DIAG_LOCK_SOFTIRQ	= 32,	/* on an event task */
	DIAG_LOCK_BH_OFF	= 64,	/* with softirqs disabled */
};

#ifdef __cplusplus
extern "C" {
#endif

#define DIAG_LOCK_API __attribute__((visibility("default")))

/* About to wait for @lock, from @site; then had or given up. On the slow path only. */
DIAG_LOCK_API void diag_lock_want(const void *lock, unsigned int kind, const void *site);
/* @lock is held from now on, and no more. */
DIAG_LOCK_API void diag_lock_got(const void *lock, unsigned int kind, const void *site);
DIAG_LOCK_API void diag_lock_drop(const void *lock);

/* Checking mode only, or nothing: */
DIAG_LOCK_API extern int diag_lockdep_on;
/* @lock was made: its class is @key's, its name @name (static). */
DIAG_LOCK_API void diag_lock_class(const void *lock, const void *key, const char *name);
/* @addr is freed at @site: is a lock in it that the caller holds, or a timer that is armed? */
DIAG_LOCK_API void diag_free_check(const void *addr, unsigned long bytes, const void *site);
/* A timer was armed: @alarm is its struct etask_alarm. */
DIAG_LOCK_API void diag_timer_armed(const void *alarm);
/* @where must be left without a lock held. */
DIAG_LOCK_API void diag_lock_check_none(const char *where);

/* The calling thread sleeps for @what (static) at @object: not running until _end. @uninterruptible ones may hang. */
DIAG_LOCK_API void diag_sleep_begin(const char *what, const void *object, int uninterruptible);
DIAG_LOCK_API void diag_sleep_end(void);
/* The calling thread's next sleep is that of a kthread nobody has woken yet: it does not count. */
DIAG_LOCK_API void diag_sleep_is_first(void);

/*
 * May the calling thread, one of diagnostics, call kernel-api? 1 = yes, 0 = there is no kernel, -1 = there is no memory
 * for a task. Set by kernel-api; NULL = it is not there.
 */
DIAG_LOCK_API extern int (*diag_task_ready)(void);

/* Why the process is about to abort: the first one said stands in the dump. */
DIAG_LOCK_API void diag_panic_reason(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* RING3_DIAG_NOTES_H */
