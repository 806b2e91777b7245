/* SPDX-License-Identifier: MIT */
#ifndef _NET_SOCK_H
#define _NET_SOCK_H

#include <linux/net.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

enum { TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_CLOSE_WAIT = 8 };

/*
 * The callbacks run in softirq context on the virtual CPU given by SO_INCOMING_CPU
 * (event CPU 0 before), edge-triggered: after something new, never just because
 * something is still there.
 */
struct sock {
	rwlock_t	sk_callback_lock;
	void		*sk_user_data;
	void		(*sk_data_ready)(struct sock *sk);
	void		(*sk_write_space)(struct sock *sk);
	void		(*sk_state_change)(struct sock *sk);
	void		(*sk_error_report)(struct sock *sk);
	int		sk_state;
	int		sk_err;
	struct socket	*sk_socket;
	unsigned int	sk_incoming_cpu;
	void		*host;
};

#endif /* _NET_SOCK_H */
