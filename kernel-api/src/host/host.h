/* SPDX-License-Identifier: MIT */
#ifndef RING3_HOST_H
#define RING3_HOST_H

/*
 * host.h - what kernel-flavoured bodies need of the process they live in: the
 * only door between src/ (kernel headers) and src/host/ (libc, shim, aio).
 * Builtin types only. Errors are -errno.
 */

typedef unsigned int host_u32;
typedef unsigned long host_size;

/* memory: sys_mem.h */
/* @site: whose return address it is, for checks and reports. */
void *host_alloc(host_size bytes, const void *site);
void host_free(const void *addr, const void *site);
host_size host_alloc_size(const void *addr);
int host_region_has(const void *addr);
void *host_region(host_size *bytes);
void *host_pages_alloc(unsigned int order);
void host_pages_free(void *addr, unsigned int order);
void *host_cache_create(const char *name, host_size bytes, host_size align);
unsigned int host_cache_index(const void *cache);	/* into a thread's magazines */
int host_cache_destroy(void *cache);
void *host_cache_alloc(void *cache, const void *site);
void host_cache_free(void *cache, void *obj, const void *site);
void *host_map(host_size bytes);	/* zero pages, or NULL */
void host_unmap(void *addr, host_size bytes);
unsigned long host_free_pages(void);	/* of the machine */
void host_release(void *addr, host_size bytes);	/* zeros from now on; whole pages */
int host_peek(void *to, const void *from, host_size bytes);	/* -EFAULT: some of it is not there */
int host_touch(const void *addr);	/* its page, as by a write that changes nothing; -EFAULT: may not be written */

int host_leaks_wanted(void);	/* RING3_MEM=leaks */
/*
 * What was allocated by code between @begin and @end and is still in use, a call for each place: "function at
 * file.c:12". It is told once.
 */
void host_leaks(unsigned long begin, unsigned long end,
		void (*tell)(void *arg, host_size objects, host_size bytes, const char *where), void *arg);

/* threads, time, output */
unsigned long long host_now_ns(void);
enum { HOST_CLOCK_REAL = 0, HOST_CLOCK_MONOTONIC = 1, HOST_CLOCK_RAW = 4, HOST_CLOCK_BOOT = 7, HOST_CLOCK_TAI = 11 };
unsigned long long host_clock_ns(int clock);
int host_tid(void);
int host_barrier_init(void);	/* 0: host_barrier() works */
void host_barrier(void);	/* a full fence in every running thread of the process, at some time during the call */
int host_futex_wait(host_u32 *word, host_u32 expected, unsigned long long timeout_ns);	/* 0 = for ever */
void host_futex_wake(host_u32 *word, int nr);
int host_thread_start(void (*fn)(void *arg), void *arg, const char *name);	/* detached */
/* Leaves all frames of a thread of host_thread_start() and calls @then(@arg) on it, the last thing it does. */
void host_thread_exit(void (*then)(void *arg), void *arg) __attribute__((noreturn));
void host_at_thread_exit(void (*fn)(void *arg), void *arg);
void host_yield(void);
void host_sleep_ns(unsigned long long ns);
void host_write_stderr(const char *text, host_size bytes);
void host_backtrace(void);
int host_stack(void **frames, int most);	/* return addresses, this function's first; how many */
int host_vsnprintf(char *buf, host_size size, const char *fmt, __builtin_va_list args);
void host_exit(int status) __attribute__((noreturn));
int host_symbol(const void *addr, const char **name, const char **object, host_size *offset);	/* 0 or -ENOENT */
int host_is_rodata(const void *addr);
long host_cmdline(char *buf, host_size bytes);
void host_abort(void) __attribute__((noreturn));
void host_random(void *buf, host_size bytes);
int host_eventfd(void);
void host_eventfd_signal(int fd);
void host_close(int fd);

/* event tasks: one per event CPU; storage of callbacks and alarms lies in the caller's u64 host[] */
enum { HOST_ROUND_ENDS, HOST_ROUND_SLEEPS, HOST_ROUND_WAKES };
int host_events_start(unsigned int nr, unsigned long long spin_ns, int pin,
		      void (*on_start)(void *arg, unsigned int cpu), void (*on_round)(unsigned int cpu, int what));
void host_events_stop(void);
unsigned int host_online_cpus(void);
int host_event_cpu(void);	/* of this thread, or -1 */
_Static_assert(sizeof(unsigned long long) == 8, "u64");
void host_callback_init(void *storage, void (*fn)(void *storage));
int host_callback_post(unsigned int cpu, void *storage);
int host_callback_cancel(unsigned int cpu, void *storage);
void host_alarm_init(void *storage, void (*fn)(void *storage));
int host_alarm_arm(unsigned int cpu, void *storage, unsigned long long expire_ns);	/* 1: it was armed */
int host_alarm_cancel(unsigned int cpu, void *storage, int sync);
int host_alarm_armed(const void *storage);
/* Those that are armed and run @handler, on all event CPUs; @look may do nothing but look. */
void host_each_alarm(void (*handler)(void *storage), void (*look)(void *storage, void *arg), void *arg);

/* sockets */
struct host_vec {
	void		*base;
	host_size	len;
};
enum { HOST_READABLE = 1, HOST_WRITABLE = 2, HOST_CLOSED = 4 };
void *host_sock_open(int fd, unsigned int cpu, void (*fn)(void *arg, unsigned int events), void *arg, int *err);
int host_sock_move(void *sock, unsigned int cpu);
void host_sock_close(void *sock, int close_fd);
long host_sock_recv(int fd, struct host_vec *vec, host_size nr, int flags);
long host_sock_send(int fd, struct host_vec *vec, host_size nr, int flags);
int host_sock_shutdown(int fd, int how);
int host_sock_nodelay(int fd);
void host_sock_tcp_info(int fd, void *info, unsigned int bytes);	/* what is not known is 0 */
int host_sock_option(int fd, int level, int name, const void *value, unsigned int bytes);

/* files: aio */
struct host_file;
struct host_file *host_file_open(const char *path, int flags, unsigned int mode, int *err);
int host_file_close(struct host_file *file);
long long host_file_size(struct host_file *file);
unsigned int host_file_mode(struct host_file *file);
long host_file_path(struct host_file *file, char *buf, host_size bytes);	/* its length, no 0 behind */
const char *host_file_provider(struct host_file *file);
enum { HOST_READ, HOST_WRITE, HOST_SYNC, HOST_DISCARD, HOST_ZERO };
/* At once: bytes, -errno, or -EAGAIN. */
long host_file_try(struct host_file *file, int op, int fua, long long offset, host_size size,
		   const struct host_vec *vec, unsigned int nr);
/* Later, on this event task: @done(@arg, bytes or -errno). 0 or -ENOMEM. */
int host_file_start(struct host_file *file, int op, int fua, long long offset, host_size size,
		    const struct host_vec *vec, unsigned int nr, void (*done)(void *arg, long result), void *arg);
/* Waiting. */
long host_file_wait(struct host_file *file, int op, int fua, long long offset, host_size size,
		    const struct host_vec *vec, unsigned int nr);
void *host_file_view(struct host_file *file, host_size bytes, int write);	/* NULL: it is not in memory; host_unmap() */
int host_view_copy(void *to, const void *from, host_size bytes);		/* 0: no page */
long long host_file_seek(struct host_file *file, long long offset, int whence);

/* modules */
/*
 * Calls @each with the names below the folder @path that end with ".ko.so", sorted, until it returns other
 * than 0: that, or 0, or -errno; -E2BIG: there are more than @most.
 */
int host_each_module(const char *path, unsigned int most, int (*each)(void *arg, const char *name), void *arg);
int host_glob(const char *pattern, const char *text);	/* fnmatch(3): 1 where it matches */
void *host_dlopen(const char *path, char *why, host_size bytes);
void *host_dlsym(void *handle, const char *name);
void host_dlclose(void *handle);
/* Where its code and data lie. */
void host_dlrange(void *handle, unsigned long *begin, unsigned long *end);
const char *host_errno_name(int err);	/* "EINVAL", or NULL */

#endif /* RING3_HOST_H */
