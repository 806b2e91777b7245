/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_LIST_NULLS_H
#define _LINUX_LIST_NULLS_H

/*
 * Hash chains that end in a number instead of NULL, so that a reader who was moved to
 * another chain notices: bit 0 set, the number above it.
 */
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/poison.h>

struct hlist_nulls_node {
	struct hlist_nulls_node *next, **pprev;
};
struct hlist_nulls_head {
	struct hlist_nulls_node *first;
};
#define NULLS_MARKER(value)		(1ul | ((unsigned long)(value) << 1))
#define INIT_HLIST_NULLS_HEAD(ptr, nulls) ((ptr)->first = (struct hlist_nulls_node *)NULLS_MARKER(nulls))
#define HLIST_NULLS_HEAD_INIT(nulls)	{ .first = (struct hlist_nulls_node *)NULLS_MARKER(nulls) }
static inline int is_a_nulls(const struct hlist_nulls_node *ptr) { return (unsigned long)ptr & 1; }
static inline unsigned long get_nulls_value(const struct hlist_nulls_node *ptr) { return (unsigned long)ptr >> 1; }
static inline int hlist_nulls_empty(const struct hlist_nulls_head *head) { return is_a_nulls(READ_ONCE(head->first)); }
static inline int hlist_nulls_unhashed(const struct hlist_nulls_node *node) { return !node->pprev; }
static inline void hlist_nulls_add_head(struct hlist_nulls_node *node, struct hlist_nulls_head *head)
{
	struct hlist_nulls_node *first = head->first;

	node->next = first;
	WRITE_ONCE(node->pprev, &head->first);
	head->first = node;
	if (!is_a_nulls(first))
		WRITE_ONCE(first->pprev, &node->next);
}
static inline void __hlist_nulls_del(struct hlist_nulls_node *node)
{
	struct hlist_nulls_node *next = node->next, **pprev = node->pprev;

	WRITE_ONCE(*pprev, next);
	if (!is_a_nulls(next))
		WRITE_ONCE(next->pprev, pprev);
}
static inline void hlist_nulls_del(struct hlist_nulls_node *node)
{
	__hlist_nulls_del(node);
	WRITE_ONCE(node->pprev, LIST_POISON2);
}
#define hlist_nulls_entry(ptr, type, member)	container_of(ptr, type, member)
#define hlist_nulls_entry_safe(ptr, type, member) \
	({ __typeof__(ptr) __np = (ptr); !is_a_nulls(__np) ? hlist_nulls_entry(__np, type, member) : NULL; })
#define hlist_nulls_for_each_entry(tpos, pos, head, member)				\
	for ((pos) = (head)->first;							\
	     !is_a_nulls(pos) && ({ (tpos) = hlist_nulls_entry(pos, __typeof__(*(tpos)), member); 1; });	\
	     (pos) = (pos)->next)

#endif /* _LINUX_LIST_NULLS_H */
