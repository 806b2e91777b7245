/* SPDX-License-Identifier: MIT */
#ifndef _NET_ADDRCONF_H
#define _NET_ADDRCONF_H

#include <linux/netdev_features.h>
#include <net/ipv6.h>

/* An interface identifier of RFC 5214, section 6.1. */
static inline bool ipv6_addr_is_isatap(const struct in6_addr *addr)
{
	return (addr->s6_addr32[2] | cpu_to_be32(0x02000000)) == cpu_to_be32(0x02005efe);
}

#endif /* _NET_ADDRCONF_H */
