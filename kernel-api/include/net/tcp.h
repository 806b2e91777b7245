/* SPDX-License-Identifier: MIT */
#ifndef _NET_TCP_H
#define _NET_TCP_H

#include <linux/tcp.h>
#include <net/sock.h>

__visible void tcp_sock_set_nodelay(struct sock *sk);
/* All zero, tcpi_state too, for a socket that is none of TCP's. Any context; the socket must stay. */
__visible void tcp_get_info(struct sock *sk, struct tcp_info *info);

#endif /* _NET_TCP_H */
