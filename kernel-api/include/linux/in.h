/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_IN_H
#define _LINUX_IN_H

#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/socket.h>
#include <linux/types.h>

struct in_addr {
	__be32	s_addr;
};
struct sockaddr_in {
	unsigned short	sin_family;
	__be16		sin_port;
	struct in_addr	sin_addr;
	unsigned char	__pad[8];
};
#define INADDR_ANY		0x00000000u
#define INADDR_LOOPBACK		0x7f000001u
#define INADDR_BROADCAST	0xffffffffu

#endif /* _LINUX_IN_H */
