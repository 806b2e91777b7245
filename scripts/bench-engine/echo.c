/* SPDX-License-Identifier: MIT */
/*
 * echo.c - 64 bytes over loopback TCP and back, on 1, 100 and 10,000 connections.
 *
 * The server is one thread of the contender's; the client another process with a bare
 * epoll, the same for all: it sends anew on a connection as soon as its answer came.
 */
#if __has_include(<uv.h>)
#include <uv.h>
#define HAVE_UV 1
#endif
#if __has_include(<event2/event.h>)
#include <event2/event.h>
#define HAVE_EVENT 1
#endif
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench.h"
#include "etask.h"

enum { MESSAGE = 64, CONNECTIONS_MAX = 10000 };

static int client_fds[CONNECTIONS_MAX], server_fds[CONNECTIONS_MAX], nr_connections;

static void set_up(int fd)
{
	int one = 1;

	signal(SIGPIPE, SIG_IGN);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* A process has descriptors for its own end of 10,000 connections where the limit is below 20,000. */
static void raise_limit(int count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)count + 64;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		bench_skip("the limit of open files is too low");
}

static int listen_anywhere(struct sockaddr_in *address)
{
	socklen_t bytes = sizeof(*address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bench_must(!bind(listener, (struct sockaddr *)address, sizeof(*address)) && !listen(listener, 1024) &&
		   !getsockname(listener, (struct sockaddr *)address, &bytes), "listen");
	return listener;
}

static void connect_all(const struct sockaddr_in *address)
{
	for (int i = 0; i < nr_connections; i++) {
		client_fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		bench_must(client_fds[i] >= 0 &&
			   !connect(client_fds[i], (const struct sockaddr *)address, sizeof(*address)), "connect");
		set_up(client_fds[i]);
	}
}

static void accept_all(int listener)
{
	for (int i = 0; i < nr_connections; i++) {
		server_fds[i] = accept(listener, NULL, NULL);
		bench_must(server_fds[i] >= 0, "accept");
		set_up(server_fds[i]);
	}
	close(listener);
}

/* Answers a second. */
static double run_client(void)
{
	int epfd = epoll_create1(0);
	struct epoll_event events[128];
	char message[MESSAGE] = { 0 };
	uint64_t from = 0, until = now_ns() + 100000000, count = 0;

	for (int i = 0; i < nr_connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = client_fds[i] };

		epoll_ctl(epfd, EPOLL_CTL_ADD, client_fds[i], &event);
		bench_must(write(client_fds[i], message, MESSAGE) == MESSAGE, "write");
	}
	/* A tenth of a second to warm up, and then it counts. */
	for (;;) {
		int ready = epoll_wait(epfd, events, 128, 1000);

		for (int i = 0; i < ready; i++) {
			bench_must(read(events[i].data.fd, message, MESSAGE) == MESSAGE, "read");
			bench_must(write(events[i].data.fd, message, MESSAGE) == MESSAGE, "write");
		}
		count += (uint64_t)(ready > 0 ? ready : 0);
		if (now_ns() < until)
			continue;
		if (from)
			break;
		from = now_ns();
		until = from + (uint64_t)(bench_seconds * 1e9);
		count = 0;
	}
	return (double)count / (double)(now_ns() - from) * 1e9;
}

static double serve(int count, void (*prepare)(void), void *(*server)(void *arg))
{
	struct sockaddr_in address;
	int listener, go[2], answer[2];
	double result = 0;
	pthread_t thread;

	nr_connections = count;
	raise_limit(count);
	bench_must(!pipe(go) && !pipe(answer), "pipe");
	listener = listen_anywhere(&address);
	fflush(stdout);
	if (fork() == 0) {
		char byte;

		close(listener);
		connect_all(&address);
		bench_must(read(go[0], &byte, 1) == 1, "read");
		result = run_client();
		bench_must(write(answer[1], &result, sizeof(result)) == sizeof(result), "write");
		_exit(0);
	}
	close(answer[1]);
	accept_all(listener);
	prepare();
	if (server)
		bench_must(!pthread_create(&thread, NULL, server, NULL), "pthread_create");
	bench_must(write(go[1], "", 1) == 1, "write");
	bench_must(read(answer[0], &result, sizeof(result)) == sizeof(result), "the client's answer");
	return result;
}

#define SIZES(name, text, prepare, server)							\
	MEASURE(name##_1, "echo/1 connection/" text, "/s") { return serve(1, prepare, server); }		\
	MEASURE(name##_100, "echo/100 connections/" text, "/s") { return serve(100, prepare, server); }		\
	MEASURE(name##_10k, "echo/10000 connections/" text, "/s") { return serve(10000, prepare, server); }

/* The client goes when it has its number; what comes after that is nobody's business. */
static void answer_with(int fd, const char *message, ssize_t bytes)
{
	if (send(fd, message, (size_t)bytes, MSG_NOSIGNAL) != bytes)
		shutdown(fd, SHUT_RDWR);
}

/* ---- ring3 ------------------------------------------------------------------------------ */

static void ring3_ready(struct etask_poll *poll, uint32_t revents)
{
	char message[4096];
	ssize_t bytes = read(poll->fd, message, sizeof(message));

	(void)revents;
	if (bytes > 0)
		answer_with(poll->fd, message, bytes);
}

static void ring3_serve(bool spins)
{
	struct etask_poll *polls = calloc((size_t)nr_connections, sizeof(*polls));
	sys_event_task_t task = sys_event_task_alloc(NULL);

	for (int i = 0; i < nr_connections; i++) {
		polls[i] = (struct etask_poll){ .fd = server_fds[i], .events = EPOLLIN, .fn = ring3_ready };
		bench_must(!etask_poll_add(task, &polls[i]), "etask_poll_add");
	}
	if (!spins)
		etask_spin_set(task, 0);
	bench_must(!etask_start(task, "bench", -1), "etask_start");
}

static void ring3_prepare(void)
{
	ring3_serve(true);
}

static void ring3_prepare_without_spin(void)
{
	ring3_serve(false);
}

SIZES(echo_ring3, "ring3", ring3_prepare, NULL)
SIZES(echo_quiet, "ring3 without spinning", ring3_prepare_without_spin, NULL)

/* ---- epoll and nothing else: what the calls cost that all have to make ------------------------ */

static int bare_epfd;

static void bare_prepare(void)
{
	bare_epfd = epoll_create1(0);
	for (int i = 0; i < nr_connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = server_fds[i] };

		bench_must(!epoll_ctl(bare_epfd, EPOLL_CTL_ADD, server_fds[i], &event), "epoll_ctl");
	}
}

static void *bare_server(void *arg)
{
	struct epoll_event events[128];
	char message[4096];

	for (;;) {
		int count = epoll_wait(bare_epfd, events, 128, -1);

		for (int i = 0; i < count; i++) {
			ssize_t bytes = read(events[i].data.fd, message, sizeof(message));

			if (bytes > 0)
				answer_with(events[i].data.fd, message, bytes);
		}
	}
	return arg;
}

SIZES(echo_bare, "bare epoll", bare_prepare, bare_server)

/* ---- libuv --------------------------------------------------------------------------------- */

#ifdef HAVE_UV
static char uv_buffer[4096];

static void uv_give(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	(void)handle, (void)suggested;
	*buf = uv_buf_init(uv_buffer, sizeof(uv_buffer));
}

static void uv_ready(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buf)
{
	if (bytes > 0) {
		uv_buf_t answer = uv_buf_init(buf->base, (unsigned int)bytes);

		if (uv_try_write(stream, &answer, 1) != bytes)
			uv_read_stop(stream);
	} else if (bytes < 0) {
		uv_read_stop(stream);
	}
}

static void uv_prepare(void)
{
	uv_tcp_t *connections = calloc((size_t)nr_connections, sizeof(*connections));

	for (int i = 0; i < nr_connections; i++) {
		uv_tcp_init(uv_default_loop(), &connections[i]);
		bench_must(!uv_tcp_open(&connections[i], server_fds[i]), "uv_tcp_open");
		uv_read_start((uv_stream_t *)&connections[i], uv_give, uv_ready);
	}
}

static void *uv_server(void *arg)
{
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return arg;
}

SIZES(echo_uv, "libuv", uv_prepare, uv_server)
#endif

/* ---- libevent ------------------------------------------------------------------------------- */

#ifdef HAVE_EVENT
static struct event_base *base;

static void event_ready(evutil_socket_t fd, short what, void *arg)
{
	char message[4096];
	ssize_t bytes = read(fd, message, sizeof(message));

	(void)what, (void)arg;
	if (bytes > 0)
		answer_with(fd, message, bytes);
}

static void event_prepare(void)
{
	base = event_base_new();
	for (int i = 0; i < nr_connections; i++)
		event_add(event_new(base, server_fds[i], EV_READ | EV_PERSIST, event_ready, NULL), NULL);
}

static void *event_server(void *arg)
{
	event_base_dispatch(base);
	return arg;
}

SIZES(echo_event, "libevent", event_prepare, event_server)
#endif
