/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_RCULIST_H
#define _LINUX_RCULIST_H

/*
 * Lists that are read under rcu_read_lock() while one updater at a time changes them. A
 * removed entry keeps its next pointer until the readers have passed.
 */
#include <linux/list.h>
#include <linux/rcupdate.h>

static inline void INIT_LIST_HEAD_RCU(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}
#define list_next_rcu(list)	(*((struct list_head **)(&(list)->next)))
#define list_tail_rcu(head)	(*((struct list_head **)(&(head)->prev)))

static inline void __list_add_rcu(struct list_head *entry, struct list_head *prev, struct list_head *next)
{
	entry->next = next;
	entry->prev = prev;
	smp_store_release(&prev->next, entry);
	next->prev = entry;
}
static inline void list_add_rcu(struct list_head *entry, struct list_head *head)
{
	__list_add_rcu(entry, head, head->next);
}
static inline void list_add_tail_rcu(struct list_head *entry, struct list_head *head)
{
	__list_add_rcu(entry, head->prev, head);
}
/* A release: a reader that comes to the next entry this way finds it as it was published. */
static inline void list_del_rcu(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	smp_store_release(&entry->prev->next, entry->next);
	entry->prev = LIST_POISON2;
}
static inline void list_replace_rcu(struct list_head *old, struct list_head *entry)
{
	entry->next = old->next;
	entry->prev = old->prev;
	smp_store_release(&entry->prev->next, entry);
	entry->next->prev = entry;
	old->prev = LIST_POISON2;
}
/* All of @list, whose readers are waited for with @sync, to between @prev and @next. */
static inline void __list_splice_init_rcu(struct list_head *list, struct list_head *prev, struct list_head *next,
					  void (*sync)(void))
{
	struct list_head *first = list->next, *last = list->prev;

	INIT_LIST_HEAD_RCU(list);
	sync();
	last->next = next;
	first->prev = prev;
	smp_store_release(&prev->next, first);
	next->prev = last;
}
static inline void list_splice_init_rcu(struct list_head *list, struct list_head *head, void (*sync)(void))
{
	if (!list_empty(list))
		__list_splice_init_rcu(list, head, head->next, sync);
}
static inline void list_splice_tail_init_rcu(struct list_head *list, struct list_head *head, void (*sync)(void))
{
	if (!list_empty(list))
		__list_splice_init_rcu(list, head->prev, head, sync);
}

#define list_entry_rcu(ptr, type, member)	container_of(rcu_dereference_raw(ptr), type, member)
#define list_entry_lockless(ptr, type, member)	list_entry_rcu(ptr, type, member)
#define list_first_or_null_rcu(head, type, member) ({					\
	struct list_head *__first_rcu = rcu_dereference_raw((head)->next);		\
	__first_rcu != (head) ? container_of(__first_rcu, type, member) : NULL;		\
})
#define list_next_or_null_rcu(head, ptr, type, member) ({				\
	struct list_head *__next_rcu = rcu_dereference_raw((ptr)->next);		\
	__next_rcu != (head) ? container_of(__next_rcu, type, member) : NULL;		\
})
#define list_for_each_entry_rcu(pos, head, member, cond...)				\
	for ((pos) = list_entry_rcu((head)->next, __typeof__(*(pos)), member);		\
	     &(pos)->member != (head);							\
	     (pos) = list_entry_rcu((pos)->member.next, __typeof__(*(pos)), member))
#define list_for_each_entry_srcu(pos, head, member, cond)	list_for_each_entry_rcu(pos, head, member)
#define list_for_each_entry_lockless(pos, head, member)		list_for_each_entry_rcu(pos, head, member)
#define list_for_each_entry_continue_rcu(pos, head, member)				\
	for ((pos) = list_entry_rcu((pos)->member.next, __typeof__(*(pos)), member);	\
	     &(pos)->member != (head);							\
	     (pos) = list_entry_rcu((pos)->member.next, __typeof__(*(pos)), member))
#define list_for_each_entry_from_rcu(pos, head, member)					\
	for (; &(pos)->member != (head);						\
	     (pos) = list_entry_rcu((pos)->member.next, __typeof__(*(pos)), member))

/* ---- hash chains ------------------------------------------------------------------ */

#define hlist_first_rcu(head)	(*((struct hlist_node **)(&(head)->first)))
#define hlist_next_rcu(node)	(*((struct hlist_node **)(&(node)->next)))
#define hlist_pprev_rcu(node)	(*((struct hlist_node **)((node)->pprev)))

static inline void ring3_hlist_del_rcu(struct hlist_node *node)
{
	struct hlist_node *next = node->next, **pprev = node->pprev;

	smp_store_release(pprev, next);
	if (next)
		WRITE_ONCE(next->pprev, pprev);
}
static inline void hlist_del_rcu(struct hlist_node *node)
{
	ring3_hlist_del_rcu(node);
	WRITE_ONCE(node->pprev, LIST_POISON2);
}
static inline void hlist_del_init_rcu(struct hlist_node *node)
{
	if (!hlist_unhashed(node)) {
		ring3_hlist_del_rcu(node);
		WRITE_ONCE(node->pprev, NULL);
	}
}
static inline void hlist_add_head_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	node->next = first;
	WRITE_ONCE(node->pprev, &head->first);
	smp_store_release(&head->first, node);
	if (first)
		WRITE_ONCE(first->pprev, &node->next);
}
static inline void hlist_add_before_rcu(struct hlist_node *node, struct hlist_node *next)
{
	WRITE_ONCE(node->pprev, next->pprev);
	node->next = next;
	smp_store_release(node->pprev, node);
	WRITE_ONCE(next->pprev, &node->next);
}
static inline void hlist_add_behind_rcu(struct hlist_node *node, struct hlist_node *prev)
{
	node->next = prev->next;
	WRITE_ONCE(node->pprev, &prev->next);
	smp_store_release(&prev->next, node);
	if (node->next)
		WRITE_ONCE(node->next->pprev, &node->next);
}
static inline void hlist_add_tail_rcu(struct hlist_node *node, struct hlist_head *head)
{
	struct hlist_node *last = head->first;

	if (!last) {
		hlist_add_head_rcu(node, head);
		return;
	}
	while (last->next)
		last = last->next;
	hlist_add_behind_rcu(node, last);
}
static inline void hlist_replace_rcu(struct hlist_node *old, struct hlist_node *node)
{
	node->next = old->next;
	WRITE_ONCE(node->pprev, old->pprev);
	smp_store_release(node->pprev, node);
	if (node->next)
		WRITE_ONCE(node->next->pprev, &node->next);
	WRITE_ONCE(old->pprev, LIST_POISON2);
}

#define RING3_HLIST_RCU(ptr, type, member) hlist_entry_safe(rcu_dereference_raw(ptr), type, member)
#define __hlist_for_each_rcu(pos, head)							\
	for ((pos) = rcu_dereference_raw(hlist_first_rcu(head)); (pos);			\
	     (pos) = rcu_dereference_raw(hlist_next_rcu(pos)))
#define hlist_for_each_entry_rcu(pos, head, member, cond...)				\
	for ((pos) = RING3_HLIST_RCU(hlist_first_rcu(head), __typeof__(*(pos)), member); (pos);	\
	     (pos) = RING3_HLIST_RCU(hlist_next_rcu(&(pos)->member), __typeof__(*(pos)), member))
#define hlist_for_each_entry_srcu(pos, head, member, cond)	hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_rcu_bh(pos, head, member)		hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_rcu_notrace(pos, head, member)	hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_continue_rcu(pos, member)					\
	for ((pos) = RING3_HLIST_RCU(hlist_next_rcu(&(pos)->member), __typeof__(*(pos)), member); (pos);	\
	     (pos) = RING3_HLIST_RCU(hlist_next_rcu(&(pos)->member), __typeof__(*(pos)), member))
#define hlist_for_each_entry_from_rcu(pos, member)					\
	for (; (pos);									\
	     (pos) = RING3_HLIST_RCU(hlist_next_rcu(&(pos)->member), __typeof__(*(pos)), member))

#endif /* _LINUX_RCULIST_H */
