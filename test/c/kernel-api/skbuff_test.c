/* SPDX-License-Identifier: MIT */
/* Buffers of messages: room at both ends, and who runs out of it. */
#include <linux/kernel.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>

#include "harness.h"

TEST(a_buffer_has_room_at_both_ends)
{
	struct sk_buff *skb = alloc_skb(100, GFP_KERNEL), *copy;

	CHECK_EQ(skb_tailroom(skb), 128);	/* whole cache lines */
	skb_reserve(skb, 16);
	CHECK_EQ(skb_headroom(skb), 16);
	memcpy(skb_put(skb, 4), "body", 4);
	memcpy(skb_push(skb, 5), "head ", 5);
	skb_put_data(skb, " tail", 5);
	skb_put_u8(skb, '!');
	CHECK_EQ(skb->len, 15);
	CHECK(!memcmp(skb->data, "head body tail!", 15));
	skb->cb[3] = 9;
	copy = skb_copy(skb, GFP_KERNEL);
	CHECK_EQ(skb_headroom(copy), 11);
	CHECK_EQ(skb_tailroom(copy), skb_tailroom(skb));
	CHECK_EQ(copy->cb[3], 9);
	CHECK(skb_pull(skb, 16) == NULL);
	CHECK(!memcmp(skb_pull(skb, 5), "body", 4));
	skb_trim(skb, 4);
	skb_trim(skb, 9);	/* never longer */
	CHECK_EQ(skb->len, 4);
	CHECK(!memcmp(skb_put_zero(skb, 2), "\0\0", 2));
	CHECK(!memcmp(copy->data, "head body tail!", 15));
	kfree_skb(skb_get(skb));
	CHECK_EQ(skb->len, 6);
	kfree_skb(skb);
	consume_skb(copy);
	kfree_skb(NULL);
	CHECK(!alloc_skb(~0u, GFP_KERNEL));
}

TEST(a_message_has_its_header)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);
	struct nlmsghdr *nlh = __nlmsg_put(skb, 11, 22, 33, 5, NLM_F_ACK);

	CHECK_EQ(sizeof(*nlh), 16);
	CHECK_EQ(nlh->nlmsg_len, 21);
	CHECK_EQ(skb->len, 24);
	CHECK_EQ(nlh->nlmsg_pid, 11);
	CHECK_EQ(nlh->nlmsg_seq, 22);
	CHECK_EQ(nlh->nlmsg_type, 33);
	CHECK(!memcmp(NLMSG_DATA(nlh), "\0\0\0\0\0\0\0", 8));
	kfree_skb(skb);
}

TEST_DIES(a_buffer_does_not_grow_behind)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);

	skb_put(skb, 65);
}

TEST_DIES(a_buffer_does_not_grow_in_front)
{
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);

	skb_reserve(skb, 4);
	skb_push(skb, 5);
}
