/* SPDX-License-Identifier: MIT */
/* Attributes of netlink (lib/nlattr.c, unmodified) on our buffers: built, parsed, refused. */
#include <kunit/test.h>
#include <linux/module.h>
#include <net/netlink.h>

enum { ATTR_PAD, ATTR_U8, ATTR_U32, ATTR_U64, ATTR_TEXT, ATTR_FLAG, ATTR_NEST, ATTR_END };
#define ATTR_MAX	(ATTR_END - 1)

static const struct nla_policy nest_policy[ATTR_END] = { [ATTR_U8] = { .type = NLA_U8 } };
static const struct nla_policy policy[ATTR_END] = {
	[ATTR_U8] = NLA_POLICY_RANGE(NLA_U8, 2, 9),
	[ATTR_U32] = { .type = NLA_U32 },
	[ATTR_U64] = { .type = NLA_U64 },
	[ATTR_TEXT] = { .type = NLA_NUL_STRING, .len = 7 },
	[ATTR_FLAG] = { .type = NLA_FLAG },
	[ATTR_NEST] = NLA_POLICY_NESTED(nest_policy),
};

static struct sk_buff *message(struct kunit *test, unsigned int size)
{
	struct sk_buff *skb = alloc_skb(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	return skb;
}

static int parse(struct nlattr **tb, const struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	return nla_parse(tb, ATTR_MAX, (const struct nlattr *)skb->data, (int)skb->len, policy, extack);
}

static void attributes_come_back(struct kunit *test)
{
	struct sk_buff *skb = message(test, 4096);
	struct nlattr *tb[ATTR_END], *nest, *inner[ATTR_END];
	char text[8];

	KUNIT_EXPECT_EQ(test, nla_put_u8(skb, ATTR_U8, 7), 0);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, ATTR_U32, 0xdeadbeef), 0);
	KUNIT_EXPECT_EQ(test, nla_put_u64_64bit(skb, ATTR_U64, ~5ull, ATTR_PAD), 0);
	KUNIT_EXPECT_EQ(test, nla_put_string(skb, ATTR_TEXT, "abc"), 0);
	KUNIT_EXPECT_EQ(test, nla_put_flag(skb, ATTR_FLAG), 0);
	nest = nla_nest_start(skb, ATTR_NEST);
	KUNIT_ASSERT_NOT_NULL(test, nest);
	KUNIT_EXPECT_EQ(test, nla_put_u8(skb, ATTR_U8, 200), 0);
	nla_nest_end(skb, nest);
	KUNIT_EXPECT_EQ(test, skb->len % NLA_ALIGNTO, 0u);

	KUNIT_ASSERT_EQ(test, parse(tb, skb, NULL), 0);
	KUNIT_EXPECT_EQ(test, nla_get_u8(tb[ATTR_U8]), 7);
	KUNIT_EXPECT_EQ(test, nla_get_u32(tb[ATTR_U32]), 0xdeadbeef);
	KUNIT_EXPECT_EQ(test, nla_get_u64(tb[ATTR_U64]), ~5ull);
	KUNIT_EXPECT_EQ(test, nla_strscpy(text, tb[ATTR_TEXT], sizeof(text)), 3);
	KUNIT_EXPECT_STREQ(test, text, "abc");
	KUNIT_EXPECT_TRUE(test, nla_get_flag(tb[ATTR_FLAG]));
	KUNIT_EXPECT_EQ(test, nla_parse_nested(inner, ATTR_MAX, tb[ATTR_NEST], nest_policy, NULL), 0);
	KUNIT_EXPECT_EQ(test, nla_get_u8(inner[ATTR_U8]), 200);
	KUNIT_EXPECT_NULL(test, inner[ATTR_U32]);
	KUNIT_EXPECT_PTR_EQ(test, nla_find((struct nlattr *)skb->data, (int)skb->len, ATTR_TEXT), tb[ATTR_TEXT]);
	kfree_skb(skb);
}

static void what_the_policy_does_not_allow(struct kunit *test)
{
	static const struct {
		u16		type;
		const char	*data;
		int		length, error;
	} bad[] = {
		{ ATTR_U8, "\1", 1, -ERANGE },
		{ ATTR_U8, "\12", 1, -ERANGE },
		{ ATTR_U32, "\1", 1, -EINVAL },
		{ ATTR_TEXT, "too long for it", 16, -EINVAL },
		{ ATTR_TEXT, "abc", 3, -EINVAL },
		{ ATTR_FLAG, "x", 1, -ERANGE },
		{ ATTR_NEST, "x", 1, -EINVAL },
		{ ATTR_END, "x", 1, -EINVAL },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sk_buff *skb = message(test, 256);
		struct netlink_ext_ack extack = { };
		struct nlattr *tb[ATTR_END];

		KUNIT_EXPECT_EQ(test, nla_put(skb, bad[i].type, bad[i].length, bad[i].data), 0);
		KUNIT_EXPECT_EQ_MSG(test, parse(tb, skb, &extack), bad[i].error, "attribute %u", i);
		KUNIT_EXPECT_NOT_NULL(test, extack._msg);
		kfree_skb(skb);
	}
}

/* Any bytes at all are parsed or refused, and nothing behind them is read: ASan knows the end. */
static void nonsense_is_refused(struct kunit *test)
{
	u32 state = 1;

	for (int round = 0; round < 2000; round++) {
		unsigned int bytes = round % 61;
		u8 *data = kmalloc(bytes ?: 1, GFP_KERNEL);
		struct nlattr *tb[ATTR_END];
		int rc;

		for (unsigned int i = 0; i < bytes; i++) {
			state = state * 1664525 + 1013904223;
			data[i] = i % 4 == 1 || i % 4 == 3 ? 0 : (u8)(state >> 24) % 24;
		}
		rc = nla_parse(tb, ATTR_MAX, (struct nlattr *)data, (int)bytes, policy, NULL);
		KUNIT_EXPECT_TRUE(test, rc == 0 || rc == -EINVAL || rc == -ERANGE);
		if (!rc && tb[ATTR_U32])
			KUNIT_EXPECT_EQ(test, nla_len(tb[ATTR_U32]), 4);
		kfree(data);
	}
}

static void a_full_buffer_takes_no_more(struct kunit *test)
{
	struct sk_buff *skb = message(test, 64), *copy;
	struct nlattr *nest;
	unsigned int before;
	int nr = 0;

	while (!nla_put_u32(skb, ATTR_U32, (u32)nr))
		nr++;
	KUNIT_EXPECT_EQ(test, nr, 8);
	KUNIT_EXPECT_EQ(test, nla_put_u8(skb, ATTR_U8, 1), -EMSGSIZE);
	KUNIT_EXPECT_NULL(test, nla_nest_start(skb, ATTR_NEST));
	copy = skb_copy(skb, GFP_KERNEL);
	skb_trim(skb, 16);
	before = skb->len;
	nest = nla_nest_start(skb, ATTR_NEST);
	KUNIT_EXPECT_EQ(test, nla_put_u8(skb, ATTR_U8, 1), 0);
	nla_nest_cancel(skb, nest);
	KUNIT_EXPECT_EQ(test, skb->len, before);
	KUNIT_EXPECT_EQ(test, copy->len, 64u);
	KUNIT_EXPECT_PTR_EQ(test, skb_pull(copy, 65), NULL);
	KUNIT_EXPECT_EQ(test, nla_get_u32(skb_pull(copy, 56)), 7u);
	kfree_skb(skb_get(copy));
	kfree_skb(copy);
	kfree_skb(skb);
}

static void messages_have_headers(struct kunit *test)
{
	struct sk_buff *skb = nlmsg_new(100, GFP_KERNEL);
	struct nlmsghdr *nlh = nlmsg_put(skb, 42, 7, NLMSG_MIN_TYPE, 4, NLM_F_REQUEST);
	struct nlattr *tb[ATTR_END];

	KUNIT_ASSERT_NOT_NULL(test, nlh);
	KUNIT_EXPECT_EQ(test, nla_put_u32(skb, ATTR_U32, 9), 0);
	nlmsg_end(skb, nlh);
	KUNIT_EXPECT_EQ(test, nlh->nlmsg_len, (u32)(NLMSG_HDRLEN + 4 + 8));
	KUNIT_EXPECT_EQ(test, nlmsg_parse(nlh, 4, tb, ATTR_MAX, policy, NULL), 0);
	KUNIT_EXPECT_EQ(test, nla_get_u32(tb[ATTR_U32]), 9u);
	nlh->nlmsg_len = NLMSG_HDRLEN + 3;
	KUNIT_EXPECT_EQ(test, nlmsg_parse(nlh, 4, tb, ATTR_MAX, policy, NULL), -EINVAL);
	nlmsg_free(skb);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(attributes_come_back), KUNIT_CASE(what_the_policy_does_not_allow), KUNIT_CASE(nonsense_is_refused),
	KUNIT_CASE(a_full_buffer_takes_no_more), KUNIT_CASE(messages_have_headers), { }
};
static struct kunit_suite suite = { .name = "nlattr", .test_cases = cases };
kunit_test_suites(&suite);

MODULE_LICENSE("Dual MIT/GPL");
