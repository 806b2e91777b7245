/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SKBUFF_H
#define _LINUX_SKBUFF_H

/*
 * Buffers that messages are built in: head <= data <= tail <= end.
 *
 * Differs from the kernel: one piece of memory each, no fragments, no clones, no headers of
 * protocols and no devices; they are for messages between parts of this process.
 */
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

struct sock;

struct sk_buff {
	struct sk_buff	*next, *prev;
	struct sock	*sk;
	char		cb[48] __aligned(8);	/* its owner's */
	unsigned int	len;			/* tail - data */
	unsigned int	data_len;		/* 0: there are no fragments */
	unsigned int	tail, end;		/* from head */
	unsigned int	truesize;
	unsigned char	*head, *data;
	refcount_t	users;
};

/* Any context; NULL: no memory. kfree_skb() and consume_skb() take one reference, NULL is nothing. */
__visible struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp);
__visible struct sk_buff *skb_copy(const struct sk_buff *skb, gfp_t gfp);	/* with its head and tail room */
__visible void kfree_skb(struct sk_buff *skb);
#define consume_skb(skb)	kfree_skb(skb)
static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	refcount_inc(&skb->users);
	return skb;
}

/* More at the end, or at the front, where there must be room: else it is a BUG. Where it begins. */
__visible void *skb_put(struct sk_buff *skb, unsigned int len);
__visible void *skb_push(struct sk_buff *skb, unsigned int len);
#define __skb_put(skb, len)	skb_put((skb), (len))
/* Less at the front (NULL: it has not so much), or at the end. */
__visible void *skb_pull(struct sk_buff *skb, unsigned int len);
__visible void skb_trim(struct sk_buff *skb, unsigned int len);

static inline void *skb_put_zero(struct sk_buff *skb, unsigned int len)
{
	return memset(skb_put(skb, len), 0, len);
}
static inline void *skb_put_data(struct sk_buff *skb, const void *data, unsigned int len)
{
	return memcpy(skb_put(skb, len), data, len);
}
static inline void skb_put_u8(struct sk_buff *skb, u8 value) { *(u8 *)skb_put(skb, 1) = value; }
static inline void skb_reserve(struct sk_buff *skb, int len)	/* of one that is empty */
{
	skb->data += len;
	skb->tail += (unsigned int)len;
}
static inline unsigned char *skb_tail_pointer(const struct sk_buff *skb) { return skb->head + skb->tail; }
static inline unsigned char *skb_end_pointer(const struct sk_buff *skb) { return skb->head + skb->end; }
static inline void skb_reset_tail_pointer(struct sk_buff *skb) { skb->tail = (unsigned int)(skb->data - skb->head); }
static inline int skb_tailroom(const struct sk_buff *skb) { return (int)(skb->end - skb->tail); }
static inline unsigned int skb_headroom(const struct sk_buff *skb) { return (unsigned int)(skb->data - skb->head); }
static inline unsigned int skb_headlen(const struct sk_buff *skb) { return skb->len; }
static inline bool skb_is_nonlinear(const struct sk_buff *skb) { return false; }

#endif /* _LINUX_SKBUFF_H */
