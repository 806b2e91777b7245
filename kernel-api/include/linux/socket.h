/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SOCKET_H
#define _LINUX_SOCKET_H

#include <linux/types.h>

struct sockaddr {
	unsigned short	sa_family;
	char		sa_data[14];
};
struct __kernel_sockaddr_storage {
	unsigned short	ss_family;
	char		data[126];
};
#define sockaddr_storage __kernel_sockaddr_storage

#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10
#define SOL_SOCKET	1
#define SO_SNDBUF	7
#define SO_RCVBUF	8
#define SO_INCOMING_CPU	49
#define MSG_PEEK	0x02
#define MSG_TRUNC	0x20
#define MSG_DONTWAIT	0x40
#define MSG_WAITALL	0x100
#define MSG_NOSIGNAL	0x4000
#define MSG_MORE	0x8000

#include <linux/uio.h>

struct msghdr {
	void		*msg_name;
	int		msg_namelen;
	struct iov_iter	msg_iter;
	unsigned int	msg_flags;
};

#endif /* _LINUX_SOCKET_H */
