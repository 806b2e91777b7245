/* SPDX-License-Identifier: MIT */
#ifndef RING3_MEM_SITES_H
#define RING3_MEM_SITES_H

/* mem_sites.h - private to shim/src: allocations counted by call site. */
#include <stdbool.h>
#include <stddef.h>

/* One allocation of @bytes at @whence, or one freed that had been. Any thread, without a lock. */
void sites_count(const char *whence, size_t bytes, bool allocated);

/* What is in use, gathered by site: on the stack of who asks. */
#define NR_USERS	128

struct users {
	size_t	objects, bytes;
	size_t	nr_sites;
	struct user {
		const char	*whence;
		size_t		objects, bytes;
	} sites[NR_USERS];		/* the last one takes what has no place */
};

void users_add(struct users *users, const char *whence, size_t bytes);
/* A line for each site, on stderr. */
void users_print(const struct users *users);

#endif /* RING3_MEM_SITES_H */
