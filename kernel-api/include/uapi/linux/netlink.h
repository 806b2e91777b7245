/* SPDX-License-Identifier: MIT */
#ifndef _UAPI__LINUX_NETLINK_H
#define _UAPI__LINUX_NETLINK_H

/* The format of messages: RFC 3549, section 2.2, and attributes behind them. */
#include <linux/types.h>

struct nlmsghdr {
	__u32	nlmsg_len;	/* with this header */
	__u16	nlmsg_type, nlmsg_flags;
	__u32	nlmsg_seq, nlmsg_pid;
};

/* Of all requests; of answers. */
#define NLM_F_REQUEST		0x01
#define NLM_F_MULTI		0x02
#define NLM_F_ACK		0x04
#define NLM_F_ECHO		0x08
#define NLM_F_DUMP_INTR		0x10
#define NLM_F_DUMP_FILTERED	0x20
/* Of those that get. */
#define NLM_F_ROOT		0x100
#define NLM_F_MATCH		0x200
#define NLM_F_ATOMIC		0x400
#define NLM_F_DUMP		(NLM_F_ROOT | NLM_F_MATCH)
/* Of those that make. */
#define NLM_F_REPLACE		0x100
#define NLM_F_EXCL		0x200
#define NLM_F_CREATE		0x400
#define NLM_F_APPEND		0x800
/* Of those that delete, and of acknowledgements. */
#define NLM_F_NONREC		0x100
#define NLM_F_BULK		0x200
#define NLM_F_CAPPED		0x100
#define NLM_F_ACK_TLVS		0x200

#define NLMSG_NOOP		1
#define NLMSG_ERROR		2
#define NLMSG_DONE		3
#define NLMSG_OVERRUN		4
#define NLMSG_MIN_TYPE		0x10

#define NLMSG_ALIGNTO		4u
#define NLMSG_ALIGN(len)	(((len) + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1))
#define NLMSG_HDRLEN		((int)NLMSG_ALIGN(sizeof(struct nlmsghdr)))
#define NLMSG_LENGTH(len)	((len) + NLMSG_HDRLEN)
#define NLMSG_SPACE(len)	NLMSG_ALIGN(NLMSG_LENGTH(len))
#define NLMSG_DATA(nlh)		((void *)((char *)(nlh) + NLMSG_HDRLEN))
#define NLMSG_PAYLOAD(nlh, len)	((nlh)->nlmsg_len - NLMSG_SPACE(len))

struct nlmsgerr {
	int		error;
	struct nlmsghdr	msg;	/* the request's */
};
enum nlmsgerr_attrs {
	NLMSGERR_ATTR_UNUSED, NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_COOKIE, NLMSGERR_ATTR_POLICY,
	NLMSGERR_ATTR_MISS_TYPE, NLMSGERR_ATTR_MISS_NEST,
	__NLMSGERR_ATTR_MAX, NLMSGERR_ATTR_MAX = __NLMSGERR_ATTR_MAX - 1,
};

struct nlattr {
	__u16	nla_len;	/* with this header, without what aligns the next */
	__u16	nla_type;
};
#define NLA_F_NESTED		(1 << 15)
#define NLA_F_NET_BYTEORDER	(1 << 14)
#define NLA_TYPE_MASK		~(NLA_F_NESTED | NLA_F_NET_BYTEORDER)
#define NLA_ALIGNTO		4
#define NLA_ALIGN(len)		(((len) + NLA_ALIGNTO - 1) & ~(NLA_ALIGNTO - 1))
#define NLA_HDRLEN		((int)NLA_ALIGN(sizeof(struct nlattr)))

struct nla_bitfield32 {
	__u32	value, selector;
};

enum netlink_attribute_type {
	NL_ATTR_TYPE_INVALID, NL_ATTR_TYPE_FLAG, NL_ATTR_TYPE_U8, NL_ATTR_TYPE_U16, NL_ATTR_TYPE_U32, NL_ATTR_TYPE_U64,
	NL_ATTR_TYPE_S8, NL_ATTR_TYPE_S16, NL_ATTR_TYPE_S32, NL_ATTR_TYPE_S64, NL_ATTR_TYPE_BINARY,
	NL_ATTR_TYPE_STRING, NL_ATTR_TYPE_NUL_STRING, NL_ATTR_TYPE_NESTED, NL_ATTR_TYPE_NESTED_ARRAY,
	NL_ATTR_TYPE_BITFIELD32,
};

#endif /* _UAPI__LINUX_NETLINK_H */
