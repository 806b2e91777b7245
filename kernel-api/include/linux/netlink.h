/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NETLINK_H
#define _LINUX_NETLINK_H

/*
 * What messages of attributes have around them; the attributes are lib/nlattr.c's, hosted.
 *
 * Differs from the kernel: no netlink sockets: what sends is declared, for inline functions
 * of net/netlink.h that name it, and has no body.
 */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/socket.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <uapi/linux/netlink.h>

struct nla_policy;
struct sock;

/* Why a message was refused; filled by the macros below. */
#define NETLINK_MAX_COOKIE_LEN	20
struct netlink_ext_ack {
	const char		*_msg;
	const struct nlattr	*bad_attr;
	const struct nla_policy	*policy;	/* of bad_attr */
	const struct nlattr	*miss_nest;	/* where an attribute is missing; NULL: at the top */
	u16			miss_type;	/* that one */
	u8			cookie[NETLINK_MAX_COOKIE_LEN];
	u8			cookie_len;
};

static inline void nl_set_extack_cookie_u64(struct netlink_ext_ack *extack, u64 cookie)
{
	if (!extack)
		return;
	memcpy(extack->cookie, &cookie, sizeof(cookie));
	extack->cookie_len = sizeof(cookie);
}

/* @extack may be NULL in all of them; @msg is a literal. */
#define NL_SET_ERR_MSG(extack, msg) do {					\
	static const char ring3_msg[] = msg;					\
	struct netlink_ext_ack *ring3_ack = (extack);				\
										\
	if (ring3_ack)								\
		ring3_ack->_msg = ring3_msg;					\
} while (0)
#define NL_SET_ERR_MSG_MOD(extack, msg)	NL_SET_ERR_MSG((extack), KBUILD_MODNAME ": " msg)
#define NL_SET_BAD_ATTR_POLICY(extack, attr, pol) do {				\
	struct netlink_ext_ack *ring3_bad = (extack);				\
										\
	if (ring3_bad) {							\
		ring3_bad->bad_attr = (attr);					\
		ring3_bad->policy = (pol);					\
	}									\
} while (0)
#define NL_SET_BAD_ATTR(extack, attr)	NL_SET_BAD_ATTR_POLICY((extack), (attr), NULL)
#define NL_SET_ERR_MSG_ATTR_POL(extack, attr, pol, msg) do {			\
	NL_SET_ERR_MSG((extack), msg);						\
	NL_SET_BAD_ATTR_POLICY((extack), (attr), (pol));			\
} while (0)
#define NL_SET_ERR_MSG_ATTR(extack, attr, msg)	NL_SET_ERR_MSG_ATTR_POL((extack), (attr), NULL, msg)
#define NL_SET_ERR_ATTR_MISS(extack, nest, type) do {				\
	struct netlink_ext_ack *ring3_miss = (extack);				\
										\
	if (ring3_miss) {							\
		ring3_miss->miss_nest = (nest);					\
		ring3_miss->miss_type = (u16)(type);				\
	}									\
} while (0)
/* true: it is missing. */
#define NL_REQ_ATTR_CHECK(extack, nest, tb, type) ({				\
	bool ring3_gone = !(tb)[type];						\
										\
	if (ring3_gone)								\
		NL_SET_ERR_ATTR_MISS((extack), (nest), (type));			\
	ring3_gone;								\
})

/* skb->cb of a message. */
struct netlink_skb_parms {
	u32	portid;		/* of the sender */
	u32	dst_group;
	u32	flags;
};
#define NETLINK_CB(skb)		(*(struct netlink_skb_parms *)&(skb)->cb)

/* A dump under way. */
struct netlink_callback {
	struct sk_buff		*skb;
	const struct nlmsghdr	*nlh;
	struct netlink_ext_ack	*extack;
	unsigned int		prev_seq, seq;
	long			args[6];
};

/* A header and @len zeroed bytes behind it; the caller knows that there is room. */
__visible struct nlmsghdr *__nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int type, int len, int flags);
int netlink_unicast(struct sock *ssk, struct sk_buff *skb, u32 portid, int nonblock);
int netlink_broadcast(struct sock *ssk, struct sk_buff *skb, u32 portid, u32 group, gfp_t allocation);

#endif /* _LINUX_NETLINK_H */
