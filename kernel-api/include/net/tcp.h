/* SPDX-License-Identifier: MIT */
#ifndef _NET_TCP_H
#define _NET_TCP_H

#include <net/sock.h>

__visible void tcp_sock_set_nodelay(struct sock *sk);

#endif /* _NET_TCP_H */
