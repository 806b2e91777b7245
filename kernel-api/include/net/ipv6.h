/* SPDX-License-Identifier: MIT */
#ifndef _NET_IPV6_H
#define _NET_IPV6_H

#include <asm/byteorder.h>
#include <linux/in.h>
#include <linux/in6.h>

/* ::ffff:a.b.c.d, RFC 4291, section 2.5.5.2. */
static inline bool ipv6_addr_v4mapped(const struct in6_addr *addr)
{
	return !addr->s6_addr32[0] && !addr->s6_addr32[1] && addr->s6_addr32[2] == cpu_to_be32(0xffff);
}

#endif /* _NET_IPV6_H */
