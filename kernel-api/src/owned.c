/* SPDX-License-Identifier: MIT */
/*
 * owned.c - what modules made and have to give back: caches, work queues, threads, timers
 * that are armed, works on the system's queues. At unload, and after an init that failed, the
 * module host asks for what is left.
 *
 * Whose a thing is goes by an address inside the module's code: of the function that a
 * thread runs, or of the call that made it. Things of the host's own are not kept.
 *
 * Locking: owned_lock is a leaf. Limit: OWNED_MAX things; what comes after is not watched.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "host/elf.h"
#include "host/host.h"
#include "module_impl.h"
#include "owned.h"

#define OWNED_MAX	1024
#define TOLD_MAX	10
#define THREADS_MS	1000	/* for threads to return */

const char OWNED_THREAD[] = "thread";

struct owned {
	const char	*kind;		/* NULL: free */
	const void	*thing;
	unsigned long	address;
	char		name[24];
};

static DEFINE_SPINLOCK(owned_lock);
static struct owned owned[OWNED_MAX];
static unsigned int nr_owned;		/* high water */
static struct {
	unsigned long begin, end;
} ranges[MODULES_MAX];
static unsigned int nr_ranges;		/* atomic for the look without the lock */

void owned_range_add(unsigned long begin, unsigned long end)
{
	spin_lock_bh(&owned_lock);
	if (nr_ranges < MODULES_MAX) {
		ranges[nr_ranges].begin = begin;
		ranges[nr_ranges].end = end;
		__atomic_store_n(&nr_ranges, nr_ranges + 1, __ATOMIC_RELEASE);
	}
	spin_unlock_bh(&owned_lock);
}

void owned_range_del(unsigned long begin)
{
	spin_lock_bh(&owned_lock);
	for (unsigned int i = 0; i < nr_ranges; i++) {
		if (ranges[i].begin == begin) {
			ranges[i] = ranges[nr_ranges - 1];
			__atomic_store_n(&nr_ranges, nr_ranges - 1, __ATOMIC_RELEASE);
			break;
		}
	}
	spin_unlock_bh(&owned_lock);
}

static bool of_module(unsigned long address)
{
	for (unsigned int i = 0; i < nr_ranges; i++)
		if (address >= ranges[i].begin && address < ranges[i].end)
			return true;
	return false;
}

void owned_add(const char *kind, const void *thing, const char *name, const void *address)
{
	unsigned long flags;
	struct owned *free = NULL;

	if (!__atomic_load_n(&nr_ranges, __ATOMIC_ACQUIRE))
		return;
	spin_lock_irqsave(&owned_lock, flags);
	if (of_module((unsigned long)address)) {
		for (unsigned int i = 0; i < nr_owned && !free; i++)
			if (!owned[i].kind)
				free = &owned[i];
		if (!free && nr_owned < OWNED_MAX)
			free = &owned[nr_owned++];
	}
	if (free) {
		free->kind = kind;
		free->thing = thing;
		free->address = (unsigned long)address;
		strscpy(free->name, name ? name : "?", sizeof(free->name));
	}
	spin_unlock_irqrestore(&owned_lock, flags);
}

void owned_del(const void *thing)
{
	unsigned long flags;

	if (!__atomic_load_n(&nr_ranges, __ATOMIC_ACQUIRE))
		return;
	spin_lock_irqsave(&owned_lock, flags);
	for (unsigned int i = 0; i < nr_owned; i++)
		if (owned[i].kind && owned[i].thing == thing)
			owned[i].kind = NULL;
	while (nr_owned && !owned[nr_owned - 1].kind)
		nr_owned--;
	spin_unlock_irqrestore(&owned_lock, flags);
}

static bool has_threads(const struct loaded *self)
{
	bool has = false;

	spin_lock_bh(&owned_lock);
	for (unsigned int i = 0; i < nr_owned && !has; i++)
		has = owned[i].kind == OWNED_THREAD && owned[i].address >= self->begin && owned[i].address < self->end;
	spin_unlock_bh(&owned_lock);
	return has;
}

void owned_let_end(const struct loaded *self)
{
	if (host_leaks_wanted())
		rcu_barrier();	/* kfree_rcu() */
	for (int ms = 0; ms < THREADS_MS && has_threads(self); ms++)
		msleep(1);
}

static unsigned int report_functions(const struct loaded *self, const char *kind,
				     const struct owned_functions *functions)
{
	unsigned int told = min_t(unsigned int, functions->nr, ARRAY_SIZE(functions->list));

	for (unsigned int i = 0; i < told; i++) {
		char name[100];

		host_elf_function(self->path, (unsigned long)functions->list[i] - self->begin, name, sizeof(name));
		module_say("%s: left behind: %s that calls %s", self->name, kind, name);
	}
	if (functions->nr > told)
		module_say("%s: left behind: %u more", self->name, functions->nr - told);
	return functions->nr;
}

static void tell_leak(void *arg, size_t objects, size_t bytes, const char *where)
{
	const struct loaded *self = arg;

	module_say("%s: still in use: %zu objects, %zu bytes, allocated in %s", self->name, objects, bytes, where);
}

void owned_report_memory(struct loaded *self)
{
	if (host_leaks_wanted())
		host_leaks(self->begin, self->end, tell_leak, self);
}

unsigned int owned_report(const struct loaded *self)
{
	struct owned_functions timers = { self->begin, self->end }, works = { self->begin, self->end };
	unsigned int found = 0;
	struct owned one;

	for (unsigned int i = 0; i < OWNED_MAX; i++) {
		spin_lock_bh(&owned_lock);
		one = i < nr_owned ? owned[i] : (struct owned){ NULL };
		spin_unlock_bh(&owned_lock);
		if (!one.kind || one.address < self->begin || one.address >= self->end)
			continue;
		if (found++ < TOLD_MAX)
			module_say("%s: left behind: %s '%s'", self->name, one.kind, one.name);
	}
	if (found > TOLD_MAX)
		module_say("%s: left behind: %u more", self->name, found - TOLD_MAX);
	timers_collect(&timers);
	works_collect(&works);
	found += report_functions(self, "a timer", &timers);
	return found + report_functions(self, "a queued work", &works);
}
