/* SPDX-License-Identifier: MIT */
/*
 * leaks.c - what code that goes away still holds of the engine's memory: RING3_MEM=leaks. See host.h.
 *
 * Locking: the table is the caller's stack; the engine's locks are held over the look alone, not over the telling.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "host/host.h"
#include "sys_mem.h"

enum { SITES_MAX = 32 };	/* the others are counted together */

struct holders {
	unsigned long	begin, end;
	unsigned int	nr_sites;
	struct {
		unsigned long	address;	/* 0: of all other sites */
		host_size	objects, bytes;
	} sites[SITES_MAX + 1];
};

/* That is its site from then on: other code may come where it was. */
static const char *add(void *env, const char *whence, size_t bytes)
{
	struct holders *holders = env;
	unsigned long address = 0;
	unsigned int i = 0;

	if (whence && !strncmp(whence, "pc 0x", 5))
		address = strtoul(whence + 3, NULL, 16);
	if (address < holders->begin || address >= holders->end)
		return whence;
	while (i < holders->nr_sites && holders->sites[i].address != address)
		i++;
	if (i == SITES_MAX)
		address = 0;
	else if (i == holders->nr_sites)
		holders->nr_sites++;
	holders->sites[i].address = address;
	holders->sites[i].objects++;
	holders->sites[i].bytes += bytes;
	return "a module that is gone";
}

/* A loop that the compiler unrolled has several addresses for one line. */
static void name(unsigned long address, char *buf, size_t bytes)
{
	if (address)
		diag_site_text((const void *)address, buf, bytes);
	else
		snprintf(buf, bytes, "other places");
}

int host_leaks_wanted(void) { return (mem_check_levels() & MEM_CHECK_LEAKS) != 0; }

void host_leaks(unsigned long begin, unsigned long end,
		void (*tell)(void *arg, host_size objects, host_size bytes, const char *where), void *arg)
{
	struct holders holders = { .begin = begin, .end = end };
	char where[300], other[300];

	mem_users_each(add, &holders);
	for (unsigned int i = 0; i <= SITES_MAX; i++) {
		if (!holders.sites[i].objects)
			continue;
		name(holders.sites[i].address, where, sizeof(where));
		for (unsigned int k = i + 1; k < holders.nr_sites; k++) {
			if (!holders.sites[k].objects)
				continue;
			name(holders.sites[k].address, other, sizeof(other));
			if (strcmp(where, other))
				continue;
			holders.sites[i].objects += holders.sites[k].objects;
			holders.sites[i].bytes += holders.sites[k].bytes;
			holders.sites[k].objects = 0;
		}
		tell(arg, holders.sites[i].objects, holders.sites[i].bytes, where);
	}
}
