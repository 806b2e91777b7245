/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_IF_ETHER_H
#define _LINUX_IF_ETHER_H

#define ETH_ALEN	6
#define ETH_P_IP	0x0800
#define ETH_P_IPV6	0x86DD

#endif /* _LINUX_IF_ETHER_H */
