/* SPDX-License-Identifier: MIT */
/* events.c - event tasks as the kernel's event CPUs, and sockets polled by them. See host.h. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aio.h"
#include "diag.h"
#include "etask.h"
#include "host/host.h"
#include "mtelib.h"
#include "sys_mem.h"

_Static_assert(sizeof(struct etask_callback) <= 5 * 8, "u64 host[5] of tasklets and calls");
_Static_assert(sizeof(struct etask_alarm) <= 8 * 8, "u64 host[8] of timers");

#define CPUS_MAX	256

struct event_cpu {
	sys_event_task_t	task;
	struct etask_hook	hook;
	unsigned int		cpu;
	char			name[16];
	void			(*on_start)(void *arg, unsigned int cpu);
	void			(*on_round)(unsigned int cpu, int what);
};

static struct event_cpu event_cpus[CPUS_MAX];
static unsigned int nr_event_cpus;
static __thread int this_event_cpu = -1;

static void hook_start(void *env, sys_event_task_t task)
{
	struct event_cpu *cpu = env;

	(void)task;
	this_event_cpu = (int)cpu->cpu;
	cpu->on_start(NULL, cpu->cpu);
}

static bool hook_round_end(void *env)
{
	struct event_cpu *cpu = env;

	cpu->on_round(cpu->cpu, HOST_ROUND_ENDS);
	return false;
}

static void hook_before_sleep(void *env)
{
	struct event_cpu *cpu = env;

	cpu->on_round(cpu->cpu, HOST_ROUND_SLEEPS);
}

static void hook_after_sleep(void *env)
{
	struct event_cpu *cpu = env;

	cpu->on_round(cpu->cpu, HOST_ROUND_WAKES);
}

unsigned int host_online_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned int)CPU_COUNT(&set);
}

/* The @index-th CPU this process may use, or -1 where there are fewer. */
static int allowed_cpu(unsigned int index)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &set) && index-- == 0)
			return cpu;
	return -1;
}

int host_events_start(unsigned int nr, unsigned long long spin_ns, int pin,
		      void (*on_start)(void *arg, unsigned int cpu), void (*on_round)(unsigned int cpu, int what))
{
	int rc = 0;

	if (nr > CPUS_MAX)
		return -EINVAL;
	if (!SYS_SERVICE) {
		sys_service_set(MTE_sys_service_get());
		if (sys_service_init(NULL))
			return -ENOMEM;
	}
	for (unsigned int i = 0; i < nr && !rc; i++) {
		struct event_cpu *cpu = &event_cpus[i];
		struct sys_event_task_cfg cfg = { 0 };

		cpu->cpu = i;
		cpu->on_start = on_start;
		cpu->on_round = on_round;
		snprintf(cpu->name, sizeof(cpu->name), "ring3/%u", i);
		cpu->hook = (struct etask_hook){
			.env = cpu, .start = hook_start, .round_end = hook_round_end,
			.before_sleep = hook_before_sleep, .after_sleep = hook_after_sleep,
		};
		cpu->task = sys_event_task_alloc(&cfg);
		if (!cpu->task) {
			rc = -ENOMEM;
			break;
		}
		etask_spin_set(cpu->task, spin_ns);
		etask_hook_add(cpu->task, &cpu->hook);
		rc = aio_task_init(cpu->task);
		if (!rc)
			rc = etask_start(cpu->task, cpu->name, pin ? allowed_cpu(i) : -1);
		nr_event_cpus = i + 1;
	}
	if (rc)
		host_events_stop();
	return rc;
}

void host_events_stop(void)
{
	while (nr_event_cpus) {
		sys_event_task_t task = event_cpus[--nr_event_cpus].task;

		etask_stop_join(task);
		aio_task_fini(task);
		sys_event_task_free(task);
	}
}

int host_event_cpu(void) { return this_event_cpu; }

/* ---- callbacks and alarms ----------------------------------------------------------- */

/* The handlers' types differ in name only: the storage is the first argument of both. */
void host_callback_init(void *storage, void (*fn)(void *storage))
{
	etask_callback_init(storage, (void (*)(struct etask_callback *))(void *)fn, "softirq");
}

int host_callback_post(unsigned int cpu, void *storage)
{
	return etask_post(event_cpus[cpu].task, storage);
}

int host_callback_cancel(unsigned int cpu, void *storage)
{
	return etask_cancel_sync(event_cpus[cpu].task, storage);
}

void host_alarm_init(void *storage, void (*fn)(void *storage))
{
	etask_alarm_init(storage, (void (*)(struct etask_alarm *))(void *)fn, "timer");
}

int host_alarm_armed(const void *storage)
{
	return __atomic_load_n(&((const struct etask_alarm *)storage)->task, __ATOMIC_RELAXED) != NULL;
}

int host_alarm_arm(unsigned int cpu, void *storage, unsigned long long expire_ns)
{
	int was = host_alarm_armed(storage);

	if (__builtin_expect(diag_lockdep_on, 0))
		diag_timer_armed(storage);
	etask_alarm_arm(event_cpus[cpu].task, storage, expire_ns);
	return was;
}

int host_alarm_cancel(unsigned int cpu, void *storage, int sync)
{
	return sync ? etask_alarm_cancel_sync(event_cpus[cpu].task, storage) :
		      etask_alarm_cancel(event_cpus[cpu].task, storage);
}

struct look {
	void	(*handler)(void *storage);
	void	(*look)(void *storage, void *arg);
	void	*arg;
};

static void look_at(struct etask_alarm *alarm, void *arg)
{
	struct look *look = arg;

	if ((void *)alarm->fn == (void *)look->handler)
		look->look(alarm, look->arg);
}

void host_each_alarm(void (*handler)(void *storage), void (*look)(void *storage, void *arg), void *arg)
{
	struct look each = { handler, look, arg };

	for (unsigned int cpu = 0; cpu < nr_event_cpus; cpu++)
		etask_each_alarm(event_cpus[cpu].task, look_at, &each);
}

/* ---- sockets ------------------------------------------------------------------------- */

struct host_sock {
	struct etask_poll	poll;
	void			(*fn)(void *arg, unsigned int events);
	void			*arg;
};

static void sock_event(struct etask_poll *poll, uint32_t revents)
{
	struct host_sock *sock = (struct host_sock *)poll;
	unsigned int events = 0;

	if (revents & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		events |= HOST_READABLE;
	if (revents & EPOLLOUT)
		events |= HOST_WRITABLE;
	if (revents & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		events |= HOST_CLOSED;
	sock->fn(sock->arg, events);
}

void *host_sock_open(int fd, unsigned int cpu, void (*fn)(void *arg, unsigned int events), void *arg, int *err)
{
	struct host_sock *sock = mem_zalloc(sizeof(*sock), "socket");

	(void)cpu;
	if (!sock) {
		*err = -ENOMEM;
		return NULL;
	}
	sock->fn = fn;
	sock->arg = arg;
	sock->poll = (struct etask_poll){
		.fd = fd, .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .fn = sock_event, .whence = "socket",
	};
	*err = 0;
	return sock;
}

int host_sock_move(void *arg, unsigned int cpu)
{
	struct host_sock *sock = arg;

	if (cpu >= nr_event_cpus)
		return -ENXIO;
	if (sock->poll.task == event_cpus[cpu].task)
		return 0;
	etask_poll_remove_sync(&sock->poll);
	return etask_poll_add(event_cpus[cpu].task, &sock->poll);
}

void host_sock_close(void *arg, int close_fd)
{
	struct host_sock *sock = arg;

	etask_poll_remove_sync(&sock->poll);
	if (close_fd)
		close(sock->poll.fd);
	mem_free(sock, "socket");
}

_Static_assert(sizeof(struct host_vec) == sizeof(struct iovec), "a host_vec is an iovec");

long host_sock_recv(int fd, struct host_vec *vec, host_size nr, int flags)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)vec, .msg_iovlen = nr };
	ssize_t done;

	do {
		done = recvmsg(fd, &msg, flags);
	} while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

long host_sock_send(int fd, struct host_vec *vec, host_size nr, int flags)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)vec, .msg_iovlen = nr > IOV_MAX ? IOV_MAX : nr };
	ssize_t done;

	do {
		done = sendmsg(fd, &msg, flags | MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

int host_sock_shutdown(int fd, int how) { return shutdown(fd, how) < 0 ? -errno : 0; }

int host_sock_nodelay(int fd)
{
	int one = 1;

	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ? -errno : 0;
}

void host_sock_tcp_info(int fd, void *info, unsigned int bytes)
{
	socklen_t len = bytes;

	memset(info, 0, bytes);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) < 0)
		memset(info, 0, bytes);
}

int host_sock_option(int fd, int level, int name, const void *value, unsigned int bytes)
{
	return setsockopt(fd, level, name, value, bytes) < 0 ? -errno : 0;
}
