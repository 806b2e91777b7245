/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_NET_H
#define _LINUX_NET_H

/*
 * Sockets are descriptors of the process.
 *
 * Differs from the kernel: sends never raise SIGPIPE and never wait; more than 1024 kvecs at once are sent in part.
 */
#include <linux/socket.h>
#include <linux/sockptr.h>
#include <linux/types.h>

#define SHUT_RD		0
#define SHUT_WR		1
#define SHUT_RDWR	2
enum { SS_FREE, SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED, SS_DISCONNECTING };

struct sock;
struct socket {
	int		state;
	struct sock	*sk;
	int		fd;	/* of the process; ours since sockfd_lookup() */
};

/* Take @fd over: callbacks come from now on, sock_release() closes it. */
__visible struct socket *sockfd_lookup(int fd, int *err);
/* No callback runs once it returns. May be called from one, on its own CPU. */
__visible void sock_release(struct socket *sock);
/* As sock_release(), but the descriptor stays open and is the caller's again. */
__visible void sockfd_put(struct socket *sock);

__visible int kernel_recvmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t len,
			     int flags);
__visible int kernel_sendmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t len);
__visible int kernel_sock_shutdown(struct socket *sock, int how);
__visible int sock_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen);

#endif /* _LINUX_NET_H */
