/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_ASYNC_H
#define _LINUX_ASYNC_H

/*
 * Functions that are called later, side by side, and waited for by their order.
 *
 * Differs from the kernel: on which CPU or node they run is not chosen.
 */
#include <linux/list.h>
#include <linux/numa.h>
#include <linux/types.h>

typedef u64 async_cookie_t;
typedef void (*async_func_t)(void *data, async_cookie_t cookie);

struct async_domain {
	struct list_head	pending;
	unsigned int		registered : 1;	/* async_synchronize_full() waits for it */
};
#define ASYNC_DOMAIN(name) \
	struct async_domain name = { .pending = LIST_HEAD_INIT(name.pending), .registered = 1 }
#define ASYNC_DOMAIN_EXCLUSIVE(name) \
	struct async_domain name = { .pending = LIST_HEAD_INIT(name.pending), .registered = 0 }

/*
 * Any context. Their number in the order of scheduling. Where 32768 wait, or there is no memory, the
 * function is called at once, by the caller.
 */
__visible async_cookie_t async_schedule_node_domain(async_func_t func, void *data, int node,
						    struct async_domain *domain);
__visible async_cookie_t async_schedule_node(async_func_t func, void *data, int node);
static inline async_cookie_t async_schedule_domain(async_func_t func, void *data, struct async_domain *domain)
{
	return async_schedule_node_domain(func, data, NUMA_NO_NODE, domain);
}
static inline async_cookie_t async_schedule(async_func_t func, void *data)
{
	return async_schedule_node(func, data, NUMA_NO_NODE);
}

/* Until all that was scheduled before, or before @cookie, has returned. May sleep; not of an async function itself. */
__visible void async_synchronize_full(void);
__visible void async_synchronize_full_domain(struct async_domain *domain);
__visible void async_synchronize_cookie(async_cookie_t cookie);
__visible void async_synchronize_cookie_domain(async_cookie_t cookie, struct async_domain *domain);
__visible bool current_is_async(void);	/* true in such a function */

#endif /* _LINUX_ASYNC_H */
