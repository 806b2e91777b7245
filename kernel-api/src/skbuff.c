/* SPDX-License-Identifier: MIT */
/*
 * skbuff.c - buffers that messages are built in: skbuff.h, and the headers of those: netlink.h.
 * One thread at a time, but for the references.
 */
#include <linux/kernel.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp)
{
	struct sk_buff *skb;

	if (size > INT_MAX - 64)
		return NULL;
	skb = kzalloc(sizeof(*skb), gfp);
	if (!skb)
		return NULL;
	skb->end = ALIGN(max(size, 1u), 64u);
	skb->head = kvmalloc(skb->end, gfp);
	if (!skb->head) {
		kfree(skb);
		return NULL;
	}
	skb->data = skb->head;
	skb->truesize = (unsigned int)sizeof(*skb) + skb->end;
	refcount_set(&skb->users, 1);
	return skb;
}

struct sk_buff *skb_copy(const struct sk_buff *skb, gfp_t gfp)
{
	struct sk_buff *copy = alloc_skb(skb->end, gfp);

	if (!copy)
		return NULL;
	skb_reserve(copy, (int)skb_headroom(skb));
	skb_put_data(copy, skb->data, skb->len);
	memcpy(copy->cb, skb->cb, sizeof(copy->cb));
	return copy;
}

void kfree_skb(struct sk_buff *skb)
{
	if (!skb || !refcount_dec_and_test(&skb->users))
		return;
	kvfree(skb->head);
	kfree(skb);
}

void *skb_put(struct sk_buff *skb, unsigned int len)
{
	void *at = skb_tail_pointer(skb);

	BUG_ON(len > (unsigned int)skb_tailroom(skb));
	skb->tail += len;
	skb->len += len;
	return at;
}

void *skb_push(struct sk_buff *skb, unsigned int len)
{
	BUG_ON(len > skb_headroom(skb));
	skb->data -= len;
	skb->len += len;
	return skb->data;
}

void *skb_pull(struct sk_buff *skb, unsigned int len)
{
	if (len > skb->len)
		return NULL;
	skb->len -= len;
	return skb->data += len;
}

void skb_trim(struct sk_buff *skb, unsigned int len)
{
	if (len >= skb->len)
		return;
	skb->tail -= skb->len - len;
	skb->len = len;
}

struct nlmsghdr *__nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int type, int len, int flags)
{
	unsigned int bytes = (unsigned int)NLMSG_LENGTH(len);
	struct nlmsghdr *nlh = skb_put_zero(skb, NLMSG_ALIGN(bytes));

	*nlh = (struct nlmsghdr){
		.nlmsg_len = bytes, .nlmsg_type = (u16)type, .nlmsg_flags = (u16)flags, .nlmsg_seq = seq,
		.nlmsg_pid = portid,
	};
	return nlh;
}
