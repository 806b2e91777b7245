/* SPDX-License-Identifier: MIT */
/* socket.c - sockets over descriptors; eventfds: net.h, net/sock.h, net/tcp.h, eventfd.h. */
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "host/host.h"
#include "sched_impl.h"

_Static_assert(sizeof(struct kvec) == sizeof(struct host_vec), "a kvec is a host_vec");

/* Lives until it was released and no callback of its is running: a callback may release it. */
struct whole {
	struct socket	socket;
	struct sock	sk;
	refcount_t	refs;
	bool		released;	/* its CPU, or nobody else any more */
};

static void whole_put(struct whole *whole)
{
	if (refcount_dec_and_test(&whole->refs))
		kfree(whole);
}

static void nothing(struct sock *sk)
{
}

/* On the socket's CPU: data and errors first, then room, then the end. */
static void sock_events(void *arg, unsigned int events)
{
	struct sock *sk = arg;
	struct whole *whole = container_of(sk, struct whole, sk);

	refcount_inc(&whole->refs);
	if (events & HOST_CLOSED)
		WRITE_ONCE(sk->sk_state, TCP_CLOSE_WAIT);
	read_lock(&sk->sk_callback_lock);
	if (events & HOST_WRITABLE)
		sk->sk_write_space(sk);
	if (events & HOST_READABLE && !READ_ONCE(whole->released))
		sk->sk_data_ready(sk);
	if (events & HOST_CLOSED && !READ_ONCE(whole->released))
		sk->sk_state_change(sk);
	read_unlock(&sk->sk_callback_lock);
	whole_put(whole);
}

struct socket *sockfd_lookup(int fd, int *err)
{
	struct whole *whole = kzalloc(sizeof(*whole), GFP_KERNEL);
	struct sock *sk;

	if (!whole) {
		*err = -ENOMEM;
		return NULL;
	}
	sk = &whole->sk;
	refcount_set(&whole->refs, 1);
	whole->socket = (struct socket){ .state = SS_CONNECTED, .sk = sk, .fd = fd };
	rwlock_init(&sk->sk_callback_lock);
	sk->sk_data_ready = sk->sk_write_space = sk->sk_state_change = sk->sk_error_report = nothing;
	sk->sk_state = TCP_ESTABLISHED;
	sk->sk_socket = &whole->socket;
	sk->host = host_sock_open(fd, 0, sock_events, sk, err);
	if (!sk->host) {
		kfree(whole);
		return NULL;
	}
	return &whole->socket;
}

static void sock_end(struct socket *sock, int close_fd)
{
	struct whole *whole = container_of(sock, struct whole, socket);

	WRITE_ONCE(whole->released, true);
	host_sock_close(sock->sk->host, close_fd);
	whole_put(whole);
}

void sock_release(struct socket *sock)
{
	sock_end(sock, 1);
}

void sockfd_put(struct socket *sock)
{
	sock_end(sock, 0);
}

int sock_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	if (level == SOL_SOCKET && optname == SO_INCOMING_CPU) {
		int cpu = *(int *)optval.kernel;

		if (optlen < sizeof(cpu) || (unsigned int)cpu >= sched_nr_events())
			return -EINVAL;
		sock->sk->sk_incoming_cpu = (unsigned int)cpu;
		return host_sock_move(sock->sk->host, (unsigned int)cpu);
	}
	return host_sock_option(sock->fd, level, optname, optval.kernel, optlen);
}

int kernel_recvmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t len, int flags)
{
	return (int)host_sock_recv(sock->fd, (struct host_vec *)vec, num, flags);
}

int kernel_sendmsg(struct socket *sock, struct msghdr *msg, struct kvec *vec, size_t num, size_t len)
{
	return (int)host_sock_send(sock->fd, (struct host_vec *)vec, num, (int)msg->msg_flags);
}

int kernel_sock_shutdown(struct socket *sock, int how)
{
	return host_sock_shutdown(sock->fd, how);
}

void tcp_sock_set_nodelay(struct sock *sk)
{
	/* A socket that is none of TCP's (a pair, in tests) refuses, and loses nothing. */
	host_sock_nodelay(sk->sk_socket->fd);
}

void tcp_get_info(struct sock *sk, struct tcp_info *info)
{
	host_sock_tcp_info(sk->sk_socket->fd, info, sizeof(*info));
}

int ring3_eventfd_open(void)
{
	return host_eventfd();
}

void ring3_eventfd_signal(int fd)
{
	host_eventfd_signal(fd);
}

void ring3_eventfd_close(int fd)
{
	host_close(fd);
}
