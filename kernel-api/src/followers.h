/* SPDX-License-Identifier: MIT */
#ifndef RING3_FOLLOWERS_H
#define RING3_FOLLOWERS_H

/*
 * followers.h - private to src: the eventfds of who waits for more in a ring (printk.c, kobject_uevent.c).
 * Under the ring's lock, all of it.
 */
#include <linux/types.h>

#include "host/host.h"

#define FOLLOWERS_MAX	16

struct followers {
	int	fds[FOLLOWERS_MAX];
	int	nr;
};

static inline void followers_signal(const struct followers *all)
{
	for (int i = 0; i < all->nr; i++)
		host_eventfd_signal(all->fds[i]);
}

/* false: there are 16. */
static inline bool followers_add(struct followers *all, int fd)
{
	if (all->nr == FOLLOWERS_MAX)
		return false;
	all->fds[all->nr++] = fd;
	return true;
}

/* false: it is none of them. */
static inline bool followers_del(struct followers *all, int fd)
{
	for (int i = 0; i < all->nr; i++) {
		if (all->fds[i] != fd)
			continue;
		all->fds[i] = all->fds[--all->nr];
		return true;
	}
	return false;
}

#endif /* RING3_FOLLOWERS_H */
