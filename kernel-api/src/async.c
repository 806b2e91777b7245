/* SPDX-License-Identifier: MIT */
/*
 * async.c - functions that are called later: async.h, on the unbound work queue.
 *
 * Invariant: an entry is in its domain's list, and in the list of all where the domain is registered,
 * from its scheduling until its function has returned. Both are in the order of cookies.
 *
 * Locking: async_lock, irqs off, over the lists and the next cookie.
 */
#include <linux/async.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define WAITING_MAX	32768

struct entry {
	struct list_head	in_domain, in_all;
	struct work_struct	work;
	async_cookie_t		cookie;
	async_func_t		func;
	void			*data;
};

static DEFINE_SPINLOCK(async_lock);
static ASYNC_DOMAIN(usual);
static LIST_HEAD(all);
static async_cookie_t next_cookie = 1;
static unsigned int nr_waiting;
static DECLARE_WAIT_QUEUE_HEAD(returned);
static __thread unsigned int depth;	/* of async functions on this thread */

static void run(async_func_t func, void *data, async_cookie_t cookie)
{
	depth++;
	func(data, cookie);
	depth--;
}

static void entry_work(struct work_struct *work)
{
	struct entry *entry = container_of(work, struct entry, work);
	unsigned long flags;

	run(entry->func, entry->data, entry->cookie);
	spin_lock_irqsave(&async_lock, flags);
	list_del(&entry->in_domain);
	list_del(&entry->in_all);
	nr_waiting--;
	spin_unlock_irqrestore(&async_lock, flags);
	kfree(entry);
	wake_up_all(&returned);
}

async_cookie_t async_schedule_node_domain(async_func_t func, void *data, int node, struct async_domain *domain)
{
	struct entry *entry = kzalloc(sizeof(*entry), GFP_ATOMIC);
	async_cookie_t cookie;
	unsigned long flags;

	spin_lock_irqsave(&async_lock, flags);
	cookie = next_cookie++;
	if (!entry || nr_waiting >= WAITING_MAX) {
		spin_unlock_irqrestore(&async_lock, flags);
		kfree(entry);
		run(func, data, cookie);
		return cookie;
	}
	*entry = (struct entry){ .cookie = cookie, .func = func, .data = data };
	INIT_WORK(&entry->work, entry_work);
	list_add_tail(&entry->in_domain, &domain->pending);
	INIT_LIST_HEAD(&entry->in_all);
	if (domain->registered)
		list_add_tail(&entry->in_all, &all);
	nr_waiting++;
	spin_unlock_irqrestore(&async_lock, flags);
	queue_work(system_unbound_wq, &entry->work);
	return cookie;
}

async_cookie_t async_schedule_node(async_func_t func, void *data, int node)
{
	return async_schedule_node_domain(func, data, node, &usual);
}

/* Have all of @domain, or of all where it is NULL, that were scheduled before @cookie returned? */
static bool is_done(struct async_domain *domain, async_cookie_t cookie)
{
	struct entry *first;
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&async_lock, flags);
	first = domain ? list_first_entry_or_null(&domain->pending, struct entry, in_domain) :
		list_first_entry_or_null(&all, struct entry, in_all);
	done = !first || first->cookie >= cookie;
	spin_unlock_irqrestore(&async_lock, flags);
	return done;
}

void async_synchronize_cookie_domain(async_cookie_t cookie, struct async_domain *domain)
{
	might_sleep();
	wait_event(returned, is_done(domain, cookie));
}

void async_synchronize_cookie(async_cookie_t cookie)
{
	async_synchronize_cookie_domain(cookie, &usual);
}

void async_synchronize_full_domain(struct async_domain *domain)
{
	async_synchronize_cookie_domain(~0ull, domain);
}

void async_synchronize_full(void)
{
	async_synchronize_cookie_domain(~0ull, NULL);
}

bool current_is_async(void)
{
	return depth;
}
