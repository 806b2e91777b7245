/* SPDX-License-Identifier: MIT */
/*
 * altstack.c - alternate signal stacks, for a stack's overflow is told on one or not at all.
 *
 * Threads of ring3 ask for one as they begin (diag_thread_enter()). The others, libuv's pool and whatever a program
 * starts, are found by the collector, which sends each the capture signal once: its handler puts a stack into the
 * context it returns to, and the kernel installs that, as rt_sigreturn(2) restores the one it had. A thread that has
 * one keeps it. What a thread was lent goes to another when it is gone.
 *
 * Locking: none. An entry is the collector's, but for ASKED -> LENT or HAS_OWN, which is its thread's, in the handler.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <ucontext.h>

#include "diag_impl.h"

enum {
	ALT_BYTES = 64 << 10, GUARD = 4096, OTHERS_MAX = 4096,
	FEW = 128,		/* threads: these are listed at each tick, more only */
	LOOK_TICKS = 8,		/* so often, or when their number has changed */
	FIRST_NS = 1000000000,	/* diag_start() waits for the first look, no longer */
};
enum { FREE, ASKED, LENT, HAS_OWN };

static struct other {
	uint32_t	state;		/* atomic */
	int		tid;		/* atomic */
	char		*base;		/* NULL = none mapped yet */
	uint32_t	seen;		/* in which look */
} others[OTHERS_MAX];
static unsigned int nr_others;		/* entries ever used */
static bool wanted, looked;		/* atomic */

/* ---- threads that ask ------------------------------------------------------------------- */

static pthread_key_t alt_key;
static pthread_once_t alt_once = PTHREAD_ONCE_INIT;

static char *alt_map(void)
{
	char *base = mmap(NULL, ALT_BYTES + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	mprotect(base, GUARD, PROT_NONE);
	return base;
}

static void alt_free(void *base)
{
	stack_t none = { .ss_flags = SS_DISABLE };

	sigaltstack(&none, NULL);
	munmap(base, ALT_BYTES + GUARD);
}

static void alt_make_key(void)
{
	pthread_key_create(&alt_key, alt_free);
}

void diag_thread_enter(void)
{
	stack_t old, stack = { .ss_size = ALT_BYTES };
	char *base;

	/* One of somebody else's, a sanitizer's for one, serves as well. */
	if (!altstack_wanted() || sigaltstack(NULL, &old) < 0 || !(old.ss_flags & SS_DISABLE))
		return;
	pthread_once(&alt_once, alt_make_key);
	base = alt_map();
	if (!base)
		return;
	stack.ss_sp = base + GUARD;
	if (sigaltstack(&stack, NULL) < 0 || pthread_setspecific(alt_key, base))
		alt_free(base);
}

/* ---- those that do not --------------------------------------------------------------------- */

/* In the capture signal's handler: @index is what altstack_tick() sent. */
void altstack_take(unsigned int index, void *context)
{
	ucontext_t *back = context;
	struct other *other = &others[index % OTHERS_MAX];
	uint32_t asked = ASKED;
	bool has = !(back->uc_stack.ss_flags & SS_DISABLE);

	/* A signal that was long in coming may find an entry that is another thread's by now. */
	if (__atomic_load_n(&other->state, __ATOMIC_ACQUIRE) != ASKED ||
	    __atomic_load_n(&other->tid, __ATOMIC_RELAXED) != capture_self() ||
	    !__atomic_compare_exchange_n(&other->state, &asked, has ? HAS_OWN : LENT, 0, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED) || has)
		return;
	back->uc_stack = (stack_t){ .ss_sp = other->base + GUARD, .ss_size = ALT_BYTES };
}

static struct other *entry_of(int tid)
{
	static unsigned int next;	/* threads are listed in the order of the last time, by and large */

	for (unsigned int i = 0; i < nr_others; i++, next++) {
		struct other *other = &others[next % nr_others];

		if (other->tid == tid && __atomic_load_n(&other->state, __ATOMIC_ACQUIRE) != FREE)
			return other;
	}
	return NULL;
}

static struct other *free_entry(void)
{
	for (unsigned int i = 0; i < nr_others; i++)
		if (__atomic_load_n(&others[i].state, __ATOMIC_ACQUIRE) == FREE)
			return &others[i];
	return nr_others < OTHERS_MAX ? &others[nr_others++] : NULL;
}

static void ask(int tid, uint32_t look)
{
	struct other *other = free_entry();

	if (!other)
		return;
	if (!other->base)
		other->base = alt_map();
	if (!other->base)
		return;
	__atomic_store_n(&other->tid, tid, __ATOMIC_RELAXED);
	other->seen = look;
	__atomic_store_n(&other->state, ASKED, __ATOMIC_RELEASE);
	if (!capture_send(tid, CAPTURE_ALTSTACK | (unsigned int)(other - others)))
		__atomic_store_n(&other->state, FREE, __ATOMIC_RELEASE);	/* gone, or too many signals wait */
}

void altstack_tick(void)
{
	static nlink_t links;
	static uint32_t look, ticks;
	struct arena *arena = collector_arena();
	struct stat now;
	int *tids, nr;

	/* A link per thread: unless one came or went, there is seldom anybody new. */
	if (!altstack_wanted() || stat("/proc/self/task", &now) < 0 ||
	    (now.st_nlink == links && links > FEW && ++ticks % LOOK_TICKS))
		return;
	links = now.st_nlink;
	look++;
	arena_reset(arena);
	nr = thread_list(0, arena, &tids);
	for (int i = 0; i < nr; i++) {
		struct other *other = tids[i] == collector_tid() ? NULL : entry_of(tids[i]);

		if (other)
			other->seen = look;
		else if (tids[i] != collector_tid())
			ask(tids[i], look);
	}
	for (unsigned int i = 0; i < nr_others && nr > 0; i++)
		/* A list that is read while threads end may miss one that lives. */
		if (others[i].seen != look && __atomic_load_n(&others[i].state, __ATOMIC_ACQUIRE) != FREE &&
		    !thread_alive(others[i].tid))
			__atomic_store_n(&others[i].state, FREE, __ATOMIC_RELEASE);
	__atomic_store_n(&looked, true, __ATOMIC_RELEASE);
}

void altstack_await(void)
{
	const struct timespec nap = { 0, 100000 };
	uint64_t deadline = diag_now() + FIRST_NS;

	while (altstack_wanted() && !__atomic_load_n(&looked, __ATOMIC_ACQUIRE) && diag_now() < deadline)
		nanosleep(&nap, NULL);
}

void altstack_init(void)
{
	__atomic_store_n(&wanted, true, __ATOMIC_RELEASE);
}

bool altstack_wanted(void)
{
	return __atomic_load_n(&wanted, __ATOMIC_ACQUIRE);
}
