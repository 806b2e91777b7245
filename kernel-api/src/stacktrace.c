/* SPDX-License-Identifier: MIT */
/* stacktrace.c - stacks of this thread, kept and printed: stacktrace.h. Any thread, any context. */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/stacktrace.h>

#include "host/host.h"

/* The linker's: code that runs softirqs, softirq.c. */
extern const char __start_ring3_softirqentry[], __stop_ring3_softirqentry[];

/*
 * How deep host_stack() is below us depends on what the compiler made of it, so that our own
 * caller is looked for rather than counted.
 */
unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip)
{
	void *frames[64], *caller = __builtin_return_address(0);
	unsigned int nr = (unsigned int)host_stack(frames, 64), first = 0, done = 0;

	while (first < nr && frames[first] != caller)
		first++;
	if (first == nr)	/* under a sanitizer that does not show it */
		first = min(2u, nr);
	for (unsigned int i = first + skip; i < nr && done < size; i++)
		store[done++] = (unsigned long)frames[i];
	return done;
}

unsigned int filter_irq_stacks(unsigned long *entries, unsigned int nr_entries)
{
	for (unsigned int i = 0; i < nr_entries; i++)
		if (entries[i] >= (unsigned long)__start_ring3_softirqentry &&
		    entries[i] < (unsigned long)__stop_ring3_softirqentry)
			return i + 1;
	return nr_entries;
}

int stack_trace_snprint(char *buf, size_t size, const unsigned long *entries, unsigned int nr, int spaces)
{
	char name[KSYM_SYMBOL_LEN];
	int done = 0;

	for (unsigned int i = 0; i < nr; i++) {
		sprint_symbol(name, entries[i]);
		done += scnprintf(buf + done, size - (size_t)done, "%*s%s\n", spaces + 1, "", name);
	}
	return done;
}

void stack_trace_print(const unsigned long *trace, unsigned int nr, int spaces)
{
	char name[KSYM_SYMBOL_LEN];

	for (unsigned int i = 0; i < nr; i++) {
		sprint_symbol(name, trace[i]);
		pr_info("%*s%s\n", spaces + 1, "", name);
	}
}
