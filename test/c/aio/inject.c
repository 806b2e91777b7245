/* SPDX-License-Identifier: MIT */
/* inject.c - the functions that stand in front of libc's. See inject.h. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "inject.h"
#include "sys_mem.h"

#define text_of(symbol)		#symbol
#if _FILE_OFFSET_BITS == 64
#define LARGE(name, large)	large
#else
#define LARGE(name, large)	name
#endif
/* The one behind ours. */
#define NEXT(fn, symbol)							\
	({									\
		static _Atomic(void *) found;					\
		void *next = atomic_load(&found);				\
		if (!next) {							\
			next = dlsym(RTLD_NEXT, symbol);			\
			atomic_store(&found, next);				\
		}								\
		(__typeof__(&fn))next;						\
	})

static struct rule {
	atomic_int	skip, count, err, delay_us;
	_Atomic uint64_t bytes;		/* > 0: a short transfer instead of a failure */
	atomic_uint	seen, hit;
} rules[NR_CALLS];
atomic_int inject_last_flags;

static void set(enum call call, int skip, int count, int err, uint64_t bytes)
{
	atomic_store(&rules[call].count, 0);
	atomic_store(&rules[call].skip, skip);
	atomic_store(&rules[call].err, err);
	atomic_store(&rules[call].bytes, bytes);
	atomic_store(&rules[call].count, count);
}

void inject(enum call call, int skip, int count, int err) { set(call, skip, count, err, 0); }
void inject_short(enum call call, int count, uint64_t bytes) { set(call, 0, count, 0, bytes); }
void inject_delay(enum call call, unsigned int us) { atomic_store(&rules[call].delay_us, (int)us); }
unsigned int inject_seen(enum call call) { return atomic_load(&rules[call].seen); }
unsigned int inject_hit(enum call call) { return atomic_load(&rules[call].hit); }

void inject_end(enum call call)
{
	set(call, 0, 0, 0, 0);
	inject_delay(call, 0);
}

/* Is this call one that the rule changes? */
static bool strikes(enum call call)
{
	struct rule *rule = &rules[call];
	int left;

	atomic_fetch_add(&rule->seen, 1);
	if (atomic_load(&rule->delay_us))
		usleep((unsigned int)atomic_load(&rule->delay_us));
	left = atomic_load(&rule->count);
	if (!left || atomic_fetch_sub(&rule->skip, 1) > 0)
		return false;
	atomic_store(&rule->skip, 0);
	while (left > 0 && !atomic_compare_exchange_weak(&rule->count, &left, left - 1))
		;
	if (!left)
		return false;
	atomic_fetch_add(&rule->hit, 1);
	return true;
}

static long failure(enum call call)
{
	errno = atomic_load(&rules[call].err);
	return errno ? -1 : 0;
}

/* ---- transfers -------------------------------------------------------------------------- */

typedef ssize_t (*vector_call)(int fd, const struct iovec *iov, int niov, off_t offset, int flags);

static ssize_t transfer(enum call call, vector_call next, int fd, const struct iovec *iov, int niov, off_t offset,
			int flags)
{
	uint64_t bytes = atomic_load(&rules[call].bytes), left = bytes;
	struct iovec part[1024];
	ssize_t done;
	int n = 0;

	if (!strikes(call))
		return next(fd, iov, niov, offset, flags);
	if (!left)
		return failure(call);
	for (; n < niov && n < 1024 && left; n++) {
		part[n] = iov[n];
		if (part[n].iov_len > left)
			part[n].iov_len = left;
		left -= part[n].iov_len;
	}
	done = next(fd, part, n, offset, flags);
	if (done >= 0 || errno != EINVAL)
		return done;
	/* A direct file does no part of a sector: then all of it, and less is said. */
	done = next(fd, iov, niov, offset, flags);
	return done > (ssize_t)bytes ? (ssize_t)bytes : done;
}

ssize_t preadv2(int fd, const struct iovec *iov, int niov, off_t offset, int flags)
{
	return transfer(CALL_PREADV2, NEXT(preadv2, LARGE("preadv2", "preadv64v2")), fd, iov, niov, offset, flags);
}

ssize_t pwritev2(int fd, const struct iovec *iov, int niov, off_t offset, int flags)
{
	atomic_store(&inject_last_flags, flags);
	return transfer(CALL_PWRITEV2, NEXT(pwritev2, LARGE("pwritev2", "pwritev64v2")), fd, iov, niov, offset, flags);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	if (strikes(CALL_PWRITE))
		return failure(CALL_PWRITE);
	return NEXT(pwrite, LARGE("pwrite", "pwrite64"))(fd, data, bytes, offset);
}

int fdatasync(int fd)
{
	return strikes(CALL_FDATASYNC) ? (int)failure(CALL_FDATASYNC) : NEXT(fdatasync, "fdatasync")(fd);
}

int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
	if (strikes(CALL_FALLOCATE))
		return (int)failure(CALL_FALLOCATE);
	return NEXT(fallocate, LARGE("fallocate", "fallocate64"))(fd, mode, offset, bytes);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	if (strikes(CALL_PTHREAD_CREATE))
		return atomic_load(&rules[CALL_PTHREAD_CREATE].err);
	return NEXT(pthread_create, "pthread_create")(thread, attr, fn, arg);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && strikes(CALL_EPOLL_CTL))
		return (int)failure(CALL_EPOLL_CTL);
	return NEXT(epoll_ctl, "epoll_ctl")(epfd, op, fd, event);
}

/* ---- memory ----------------------------------------------------------------------------- */

static __thread bool inside;	/* one of them calls another */

#define MEMORY_CALL(fn, ...)							\
	({									\
		bool outer = inside;						\
		void *at = NULL;						\
		if (outer || !strikes(CALL_MEM)) {				\
			inside = true;						\
			at = NEXT(fn, text_of(fn))(__VA_ARGS__);		\
			inside = outer;						\
		}								\
		at;								\
	})

void *mem_alloc(size_t bytes, const char *whence) { return MEMORY_CALL(mem_alloc, bytes, whence); }
void *mem_zalloc(size_t bytes, const char *whence) { return MEMORY_CALL(mem_zalloc, bytes, whence); }

void *mem_realloc(void *addr, size_t bytes, const char *whence)
{
	return MEMORY_CALL(mem_realloc, addr, bytes, whence);
}

/* ---- io_uring: its completion rings are shared memory, so results can be changed there ------ */

enum { RINGS_MAX = 8 };

static struct ring {
	int			fd;
	struct io_uring_params	params;
	char			*cq;
	uint32_t		seen;	/* completions that were looked at */
} rings[RINGS_MAX];
static pthread_mutex_t rings_lock = PTHREAD_MUTEX_INITIALIZER;

static struct ring *ring_of(int fd)
{
	for (int i = 0; i < RINGS_MAX; i++)
		if (rings[i].fd == fd)
			return &rings[i];
	return NULL;
}

static int32_t changed(enum call call, int64_t result)
{
	uint64_t bytes = atomic_load(&rules[call].bytes);

	if (!strikes(call))
		return (int32_t)result;
	if (bytes)
		return result > (int64_t)bytes ? (int32_t)bytes : (int32_t)result;
	return -atomic_load(&rules[call].err);
}

static void change_results(struct ring *ring)
{
	const struct io_cqring_offsets *at = &ring->params.cq_off;
	uint32_t tail = atomic_load((_Atomic uint32_t *)(void *)(ring->cq + at->tail));
	uint32_t mask = *(uint32_t *)(void *)(ring->cq + at->ring_mask);
	struct io_uring_cqe *cqes = (void *)(ring->cq + at->cqes);

	for (; ring->seen != tail; ring->seen++)
		cqes[ring->seen & mask].res = changed(CALL_URING_RESULT, cqes[ring->seen & mask].res);
}

void *mmap(void *addr, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	void *at = NEXT(mmap, LARGE("mmap", "mmap64"))(addr, bytes, protection, flags, fd, offset);
	struct ring *ring;

	if (fd < 0)
		return at;
	pthread_mutex_lock(&rings_lock);
	ring = ring_of(fd);
	if (ring && at != MAP_FAILED &&
	    offset == (ring->params.features & IORING_FEAT_SINGLE_MMAP ? (off_t)IORING_OFF_SQ_RING :
									(off_t)IORING_OFF_CQ_RING))
		ring->cq = at;
	pthread_mutex_unlock(&rings_lock);
	return at;
}

static void ring_made(int fd, const struct io_uring_params *params)
{
	struct ring *ring;

	pthread_mutex_lock(&rings_lock);
	ring = ring_of(fd);	/* a descriptor that is used again */
	ring = ring ? ring : ring_of(0);
	if (ring)
		*ring = (struct ring){ .fd = fd, .params = *params };
	pthread_mutex_unlock(&rings_lock);
}

static void ring_entered(int fd)
{
	struct ring *ring;

	pthread_mutex_lock(&rings_lock);
	ring = ring_of(fd);
	if (ring && ring->cq)
		change_results(ring);
	pthread_mutex_unlock(&rings_lock);
}

long syscall(long number, ...)
{
	static const struct { long number; enum call call; } table[] = {
		{ SYS_io_uring_setup, CALL_URING_SETUP }, { SYS_io_uring_enter, CALL_URING_ENTER },
		{ SYS_io_uring_register, CALL_URING_REGISTER }, { SYS_io_setup, CALL_IO_SETUP },
		{ SYS_io_submit, CALL_IO_SUBMIT }, { SYS_io_getevents, CALL_IO_GETEVENTS },
	};
	long a[6], rc;
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_preadv2)	/* the library's own way to call it */
		return preadv2((int)a[0], (const struct iovec *)a[1], (int)a[2], a[3], (int)a[5]);
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (number == table[i].number && strikes(table[i].call))
			return failure(table[i].call);
	rc = NEXT(syscall, "syscall")(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_io_uring_setup && rc > 0)
		ring_made((int)rc, (void *)a[1]);
	if (number == SYS_io_uring_enter)
		ring_entered((int)a[0]);
	for (long i = 0; number == SYS_io_getevents && i < rc; i++) {
		struct io_event *event = (struct io_event *)a[3] + i;

		event->res = changed(CALL_IO_RESULT, event->res);
	}
	return rc;
}
