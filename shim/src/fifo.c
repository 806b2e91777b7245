/* SPDX-License-Identifier: MIT */
/* fifo.c - bodies of sys_fifo.h. */
#include "sys_fifo.h"

static void __attribute__((cold, noreturn)) not_empty(const char *what, const void *queue, uint32_t count)
{
	fprintf(stderr, "ring3: %s %p ends with %u items on it\n", what, queue, count);
	abort();
}

/* ---- one lock --------------------------------------------------------------------- */

void sys_fifo_init(sys_fifo_t *fifo)
{
	memset(fifo, 0, sizeof(*fifo));
}

void sys_fifo_deinit(sys_fifo_t *fifo)
{
	sys_spin_lock(&fifo->lock);
	if (fifo->nitem)
		not_empty("fifo", fifo, fifo->nitem);
	sys_spin_unlock(&fifo->lock);
}

/* The lock is held. */
static void count_to(sys_fifo_t *fifo, uint32_t nitem)
{
	__atomic_store_n(&fifo->nitem, nitem, __ATOMIC_RELAXED);
	if (nitem > fifo->hiwat)
		__atomic_store_n(&fifo->hiwat, nitem, __ATOMIC_RELAXED);
}

static void append_chain(sys_fifo_t *fifo, sys_link_t *first, sys_link_t *last, uint32_t count)
{
	last->next = NULL;
	sys_spin_lock(&fifo->lock);
	if (fifo->nitem)
		fifo->last->next = first;
	else
		fifo->head.next = first;
	fifo->last = last;
	count_to(fifo, fifo->nitem + count);
	sys_spin_unlock(&fifo->lock);
}

void sys_fifo_append(sys_fifo_t *fifo, sys_link_t *item)
{
	append_chain(fifo, item, item, 1);
}

void sys_fifo_prepend(sys_fifo_t *fifo, sys_link_t *item)
{
	sys_spin_lock(&fifo->lock);
	item->next = fifo->nitem ? fifo->head.next : NULL;
	if (!fifo->nitem)
		fifo->last = item;
	fifo->head.next = item;
	count_to(fifo, fifo->nitem + 1);
	sys_spin_unlock(&fifo->lock);
}

/* Up to @most from the head, as a chain from *@first to *@last; the lock is held. */
static uint32_t detach(sys_fifo_t *fifo, uint32_t most, sys_link_t **first, sys_link_t **last)
{
	uint32_t count = 0;

	*first = fifo->head.next;
	if (most >= fifo->nitem) {
		count = fifo->nitem;
		*last = fifo->last;
		fifo->head.next = NULL;
	} else {
		for (sys_link_t *item = *first; count < most; item = item->next, count++) {
			*last = item;
			fifo->head.next = item->next;
		}
	}
	count_to(fifo, fifo->nitem - count);
	return count;
}

sys_link_t *sys_fifo_take(sys_fifo_t *fifo)
{
	sys_link_t *first = NULL, *last;

	sys_spin_lock(&fifo->lock);
	if (!detach(fifo, 1, &first, &last))
		first = NULL;
	sys_spin_unlock(&fifo->lock);
	return first;
}

void sys_fifo_insert_sorted(sys_fifo_t *fifo, sys_link_t *item, int (*cmp)(void *env, sys_link_t *, sys_link_t *),
			    void *env)
{
	sys_link_t *before = &fifo->head;

	sys_spin_lock(&fifo->lock);
	if (!fifo->nitem)
		fifo->head.next = NULL;
	while (before->next && cmp(env, before->next, item) <= 0)
		before = before->next;
	item->next = before->next;
	before->next = item;
	if (!item->next)
		fifo->last = item;
	count_to(fifo, fifo->nitem + 1);
	sys_spin_unlock(&fifo->lock);
}

errno_t sys_fifo_find_remove(sys_fifo_t *fifo, sys_link_t *item)
{
	sys_link_t *before = &fifo->head;
	errno_t err = EINVAL;

	sys_spin_lock(&fifo->lock);
	while (fifo->nitem && before->next && before->next != item)
		before = before->next;
	if (fifo->nitem && before->next == item) {
		before->next = item->next;
		if (fifo->last == item)
			fifo->last = before;
		count_to(fifo, fifo->nitem - 1);
		err = E_OK;
	}
	sys_spin_unlock(&fifo->lock);
	return err;
}

uint32_t sys_fifo_xfer_max(sys_fifo_t *to, sys_fifo_t *from, uint32_t most)
{
	sys_link_t *first, *last;
	uint32_t count;

	sys_spin_lock(&from->lock);
	count = detach(from, most, &first, &last);
	sys_spin_unlock(&from->lock);
	if (count)
		append_chain(to, first, last, count);
	return count;
}

uint32_t sys_fifo_xfer(sys_fifo_t *to, sys_fifo_t *from)
{
	return sys_fifo_is_empty(from) ? 0 : sys_fifo_xfer_max(to, from, UINT32_MAX);
}

uint32_t sys_fifo_xfer_leave(sys_fifo_t *to, sys_fifo_t *from, uint32_t leave)
{
	sys_link_t *first, *last;
	uint32_t count = 0;

	sys_spin_lock(&from->lock);
	if (from->nitem > leave)
		count = detach(from, from->nitem - leave, &first, &last);
	sys_spin_unlock(&from->lock);
	if (count)
		append_chain(to, first, last, count);
	return count;
}

/* ---- many writers ------------------------------------------------------------------ */

void sys_mwqueue_init(sys_mwqueue_t *queue)
{
	memset(queue, 0, sizeof(*queue));
}

void sys_mwqueue_deinit(sys_mwqueue_t *queue)
{
	uint32_t left = 0;

	while (sys_mwqueue_take(queue))
		left++;
	if (left)
		not_empty("mwqueue", queue, left);
}

bool sys_mwqueue_is_empty(sys_mwqueue_t *queue)
{
	return !__atomic_load_n(&queue->head, __ATOMIC_RELAXED) && !__atomic_load_n(&queue->incoming, __ATOMIC_RELAXED);
}

/* @newest ... @oldest is a chain, each before what is older. */
static void push_chain(sys_mwqueue_t *queue, sys_link_t *newest, sys_link_t *oldest, uint32_t count)
{
	sys_link_t *top = __atomic_load_n(&queue->incoming, __ATOMIC_RELAXED);

	do {
		oldest->next = top;
	} while (!__atomic_compare_exchange_n(&queue->incoming, &top, newest, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	int64mt_add(&queue->nitem_append, count);
}

void sys_mwqueue_append(sys_mwqueue_t *queue, sys_link_t *item)
{
	push_chain(queue, item, item, 1);
}

/* The chain turned round: its last item, which has become the first. */
static sys_link_t *turn_round(sys_link_t *item)
{
	sys_link_t *turned = NULL;

	for (sys_link_t *next; item; item = next) {
		next = item->next;
		item->next = turned;
		turned = item;
	}
	return turned;
}

uint32_t sys_mwqueue_append_fifo(sys_mwqueue_t *queue, sys_fifo_t *fifo)
{
	sys_link_t *first = NULL, *last;
	uint32_t count;

	sys_spin_lock(&fifo->lock);
	count = detach(fifo, UINT32_MAX, &first, &last);
	sys_spin_unlock(&fifo->lock);
	if (!count)
		return 0;
	last->next = NULL;
	push_chain(queue, turn_round(first), first, count);
	return count;
}

void sys_mwqueue_prepend(sys_mwqueue_t *queue, sys_link_t *item)
{
	sys_spin_lock(&queue->lock);
	item->next = queue->head;
	__atomic_store_n(&queue->head, item, __ATOMIC_RELAXED);
	sys_spin_unlock(&queue->lock);
	int64mt_inc(&queue->nitem_prepend);
}

sys_link_t *sys_mwqueue_take(sys_mwqueue_t *queue)
{
	sys_link_t *item;

	sys_spin_lock(&queue->lock);
	item = queue->head;
	if (!item) {
		item = turn_round(__atomic_exchange_n(&queue->incoming, NULL, __ATOMIC_ACQUIRE));
		if (item)
			int64mt_inc(&queue->nxfers);
	}
	if (item)
		__atomic_store_n(&queue->head, item->next, __ATOMIC_RELAXED);
	sys_spin_unlock(&queue->lock);
	int64mt_inc(item ? &queue->nitem_take : &queue->ntake_empty);
	return item;
}
