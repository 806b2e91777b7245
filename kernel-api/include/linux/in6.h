/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_IN6_H
#define _LINUX_IN6_H

#include <linux/types.h>

struct in6_addr {
	union {
		u8	u6_addr8[16];
		__be16	u6_addr16[8];
		__be32	u6_addr32[4];
	} in6_u;
#define s6_addr		in6_u.u6_addr8
#define s6_addr16	in6_u.u6_addr16
#define s6_addr32	in6_u.u6_addr32
};
struct sockaddr_in6 {
	unsigned short	sin6_family;
	__be16		sin6_port;
	__be32		sin6_flowinfo;
	struct in6_addr	sin6_addr;
	u32		sin6_scope_id;
};
#define IPV6_FLOWINFO_MASK	cpu_to_be32(0x0FFFFFFF)

#endif /* _LINUX_IN6_H */
