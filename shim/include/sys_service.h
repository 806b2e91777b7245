/* SPDX-License-Identifier: MIT */
#ifndef SYS_SERVICE_H
#define SYS_SERVICE_H

/*
 * sys_service.h - the system service: time, memory, threads, event tasks.
 *
 * The interface is MTE's, by its names: clients call macros, the macros call the
 * operations of whatever provider sys_service_set() installed. Ours comes from
 * MTE_sys_service_get() (mtelib.h). What hot paths use goes past the vector:
 * etask.h and sys_mem.h.
 *
 * Handles of polls, alarms and callbacks stay safe to cancel after delivery: a
 * stale one is told from a recycled one, and answered with EINVAL.
 *
 * Threads: any, unless said. Errors: errno values, E_OK = 0.
 */
#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __stringify
#define __stringify_1(x)	#x
#define __stringify(x)		__stringify_1(x)
#endif
#define FL_STR			__FILE__ ":" __stringify(__LINE__)

#ifndef PREDICT
#define PREDICT(e, p)		__builtin_expect((long)(e), (long)(p))
#endif
#ifndef likely
#define likely(e)		__builtin_expect(!!(e), 1)
#define unlikely(e)		__builtin_expect(!!(e), 0)
#endif

typedef const char	*string_t;	/* owned by the holder, freed with sys_mem_free() */
typedef const char	*sstring_t;	/* static, or somebody else's */
typedef int		errno_t;
#define E_OK		0

typedef uint64_t	sys_time_t;		/* CLOCK_MONOTONIC, ns */
typedef uint64_t	sys_time_delta_t;	/* ns */

typedef void				*sys_service_cfg_t;
typedef struct sys_service_handle	*sys_service_handle_t;
typedef struct sys_buf_cache		*sys_buf_cache_t;
typedef struct sys_buf			*sys_buf_t;
typedef struct sys_thread		*sys_thread_t;
typedef struct sys_event_task		*sys_event_task_t;
typedef struct sys_sched_entry		*sys_sched_entry_t;
typedef struct sys_alarm_entry		*sys_alarm_entry_t;
typedef struct sys_poll_entry		*sys_poll_entry_t;

typedef struct sys_event_task_cfg {
	uint32_t	max_polls;	/* poll handlers per round; 0 = SYS_ETASK_MAX_POLLS */
	uint32_t	max_steps;	/* callbacks before polls are looked at again; 0 = SYS_ETASK_MAX_STEPS */
} *sys_event_task_cfg_t;

#define SYS_ETASK_MAX_STEPS	100
#define SYS_ETASK_MAX_POLLS	32

/* What a handler gets: its env, its argument (a poll's events, an alarm's 0, a periodic one's misses), and E_OK. */
typedef void (*sys_handler_t)(void *env, uintptr_t arg, errno_t err);

struct sys_service_handle {
	void *env;	/* the provider's */
	struct sys_service_ops {
		errno_t	(*SS_init)(sys_service_cfg_t cfg);
		errno_t	(*SS_fini)(void);
		void	(*SS_dump)(sstring_t reason);
		void	(*SS_backtrace)(sstring_t reason);
		void	(*SS_abort)(void) __attribute__((__noreturn__));

		sys_time_t (*SS_time_now)(void);

		void	*(*SS_mem_alloc)(size_t bytes, sstring_t whence);
		void	*(*SS_mem_zalloc)(size_t bytes, sstring_t whence);
		void	*(*SS_mem_realloc)(void *addr, size_t bytes, sstring_t whence);
		void	(*SS_mem_free)(void const *addr, sstring_t whence);

		sys_buf_cache_t (*SS_buf_cache_create)(sstring_t name, size_t bytes, size_t align);
		errno_t	(*BUF_cache_destroy)(sys_buf_cache_t cache);
		sys_buf_t (*BUF_alloc)(sys_buf_cache_t cache, sstring_t whence);
		sys_buf_t (*BUF_zalloc)(sys_buf_cache_t cache, sstring_t whence);
		void	(*BUF_hold)(sys_buf_t buf, sstring_t whence);
		void	(*BUF_drop)(sys_buf_t buf, sstring_t whence);
		void	(*BUF_check)(sys_buf_t buf);

		sys_thread_t (*SS_thread_alloc)(errno_t (*fn)(void *env), void *env, string_t name);
		errno_t	(*THREAD_start)(sys_thread_t thread);
		void	(*THREAD_exit)(int rc) __attribute__((__noreturn__));
		void	(*THREAD_free)(sys_thread_t thread);

		sys_event_task_t (*SS_etask_alloc)(struct sys_event_task_cfg *cfg);
		string_t (*ETASK_fmt)(sys_event_task_t task);
		errno_t	(*ETASK_run)(sys_event_task_t task);
		errno_t	(*ETASK_stop)(sys_event_task_t task);
		errno_t	(*ETASK_free)(sys_event_task_t task);

		sys_poll_entry_t (*ETASK_poll_enable)(sys_event_task_t task, sys_handler_t fn, void *env,
						      int fd, unsigned long events, sstring_t name);
		void	(*ETASK_poll_disable_sync)(sys_event_task_t task, sys_poll_entry_t entry);

		sys_alarm_entry_t (*ETASK_alarm_set)(sys_event_task_t task, sys_handler_t fn, void *env,
						     sys_time_t expire, sstring_t name);
		errno_t	(*ETASK_alarm_cancel_sync)(sys_event_task_t task, sys_alarm_entry_t entry);

		sys_sched_entry_t (*ETASK_callback_schedule)(sys_event_task_t task, sys_handler_t fn, void *env,
							     uintptr_t arg, errno_t err, sstring_t name);
		errno_t	(*ETASK_callback_cancel_sync)(sys_event_task_t task, sys_sched_entry_t entry);
		sys_sched_entry_t (*ETASK_callback_schedule_lopri)(sys_event_task_t task, sys_handler_t fn,
								   void *env, uintptr_t arg, errno_t err,
								   sstring_t name);
		errno_t	(*ETASK_callback_cancel_lopri_sync)(sys_event_task_t task, sys_sched_entry_t entry);

		/* Ours, behind all of MTE's; a provider may leave them NULL. */
		sys_alarm_entry_t (*ETASK_alarm_set_periodic)(sys_event_task_t task, sys_handler_t fn, void *env,
							      sys_time_t first, sys_time_delta_t period,
							      sstring_t name);
		errno_t	(*ETASK_alarm_rearm_sync)(sys_event_task_t task, sys_alarm_entry_t entry, sys_time_t expire,
						  sys_time_delta_t period);
	} op;
};

extern sys_service_handle_t SYS_SERVICE;
#define sys_service_set(handle)		(SYS_SERVICE = (handle))
#define sys_service_init(cfg)		(SYS_SERVICE->op.SS_init ? SYS_SERVICE->op.SS_init(cfg) : E_OK)
#define sys_service_fini()		(SYS_SERVICE->op.SS_fini ? SYS_SERVICE->op.SS_fini() : E_OK)

#define sys_dump(reason)		SYS_SERVICE->op.SS_dump(reason)
/* @reason alone is text; with arguments behind it is a printf format. */
#define sys_backtrace(reason, args...)									\
	SYS_SERVICE->op.SS_backtrace(sizeof(#args) == 1 ? (reason) : sys_reason((reason), ##args))
#define sys_abort()			SYS_SERVICE->op.SS_abort()

/* Text in the thread's own buffer: valid until its next call. */
sstring_t sys_reason(sstring_t format, ...);

/* ---- memory ------------------------------------------------------------- */

#define sys_mem_alloc(bytes)		SYS_SERVICE->op.SS_mem_alloc((bytes), FL_STR)
#define sys_mem_zalloc(bytes)		SYS_SERVICE->op.SS_mem_zalloc((bytes), FL_STR)
#define sys_mem_realloc(addr, bytes)	SYS_SERVICE->op.SS_mem_realloc((addr), (bytes), FL_STR)
#define sys_mem_free(addr)		SYS_SERVICE->op.SS_mem_free((addr), FL_STR)
#define sys_mem_dup(addr, len)		memcpy(sys_mem_alloc(len), (addr), (len))

#define record_alloc_uninit(ptr)	((__typeof__(ptr))sys_mem_alloc(sizeof(*(ptr))))
#define record_alloc(ptr)		((__typeof__(ptr))sys_mem_zalloc(sizeof(*(ptr))))
#define record_free(ptr)		sys_mem_free(ptr)
#define record_zero(ptr)		memset((ptr), 0, sizeof(*(ptr)))

#define sys_buf_cache_create(name, bytes, align) SYS_SERVICE->op.SS_buf_cache_create((name), (bytes), (align))
#define sys_buf_cache_destroy(cache)	SYS_SERVICE->op.BUF_cache_destroy(cache)
#define sys_buf_alloc(cache)		SYS_SERVICE->op.BUF_alloc((cache), FL_STR)
#define sys_buf_zalloc(cache)		SYS_SERVICE->op.BUF_zalloc((cache), FL_STR)
#define sys_buf_hold(buf)		SYS_SERVICE->op.BUF_hold((buf), FL_STR)
#define sys_buf_drop(buf)		SYS_SERVICE->op.BUF_drop((buf), FL_STR)
#define sys_buf_free(buf)		SYS_SERVICE->op.BUF_drop((buf), FL_STR)
#define sys_buf_check(buf)		SYS_SERVICE->op.BUF_check(buf)

/* Fills of the checking levels (sys_mem.h): fresh memory, and memory that was freed. */
#define BYTES8(byte)			((byte) * 0x0101010101010101UL)
#define MEM_PATTERN_ALLOC		0xd5U
#define MEM_ZAP				0xb9U
#define MEM_PATTERN_ALLOC_64		BYTES8(MEM_PATTERN_ALLOC)
#define MEM_ZAP_64			BYTES8(MEM_ZAP)

/* ---- time ---------------------------------------------------------------- */

#define sys_time_now()			(SYS_SERVICE->op.SS_time_now())
#define sys_time_hz()			sys_time_delta_of_sec(1)
#define sys_time_zero()			((sys_time_t)0)
#define sys_time_invalid()		((sys_time_t)-1)
#define sys_time_is_invalid(t)		((t) == sys_time_invalid())
#define sys_time_delta_zero()		((sys_time_delta_t)0)
#define sys_time_delta_of_ns(t)		(t)
#define sys_time_delta_of_us(t)		((t) * sys_time_delta_of_ns(1000L))
#define sys_time_delta_of_ms(t)		((t) * sys_time_delta_of_us(1000L))
#define sys_time_delta_of_sec(t)	((t) * sys_time_delta_of_ms(1000L))
#define sys_time_delta_of_min(t)	((t) * sys_time_delta_of_sec(60L))
#define sys_time_delta_of_hour(t)	((t) * sys_time_delta_of_min(60L))
#define sys_time_delta_of_day(t)	((t) * sys_time_delta_of_hour(24L))
#define sys_time_delta_to_us(d)		((d) / sys_time_delta_of_us(1))
#define sys_time_delta_to_ms(d)		((d) / sys_time_delta_of_ms(1))
#define sys_time_delta_to_sec(d)	((d) / sys_time_delta_of_sec(1))
#define sys_time_delta_mod_sec(d)	((d) % sys_time_delta_of_sec(1))
#define SYS_TIME_DELTA_FMT		"%" PRIu64 ".%09" PRIu64
#define SYS_TIME_DELTA_FIELDS(t)	sys_time_delta_to_sec(t), sys_time_delta_mod_sec(t)
#define SYS_TIME_DELTA_FMT_us		"%" PRIu64 ".%06" PRIu64
#define SYS_TIME_DELTA_FMT_us2		"%2" PRIu64 ".%06" PRIu64
#define SYS_TIME_DELTA_FIELDS_us(t)	sys_time_delta_to_sec(t), (sys_time_delta_mod_sec(t) / 1000)

/* ---- threads and event tasks ---------------------------------------------- */

#define sys_thread_alloc(fn, env, name)	SYS_SERVICE->op.SS_thread_alloc((fn), (env), (name))
#define sys_thread_start(thread)	SYS_SERVICE->op.THREAD_start(thread)
#define sys_thread_free(thread)		SYS_SERVICE->op.THREAD_free(thread)	/* waits for its end; not on it */
static inline void __attribute__((__noreturn__)) sys_thread_exit(int rc)
{
	void (*end)(int rc) __attribute__((__noreturn__)) = SYS_SERVICE->op.THREAD_exit;

	end(rc);
}

struct sys_thread {
	void		*run_env;
	errno_t		(*run_fn)(void *env);
	string_t	name;
	pthread_t	pthread_id;
	sys_time_t	dob;		/* when it was made */
	pid_t		tid;
	int		nice;
	uint32_t	spare32;	/* the provider's */
	cpu_set_t	cpu_mask;
};

#define sys_thread_name(thread)		((thread) ? (thread)->name : "no thread of ours")
#define sys_thread_num(thread)		((thread) ? (thread)->tid : 0)
#define sys_thread_current()		sys_thread
extern __thread sys_thread_t sys_thread;
#define sys_event_task_current()	sys_event_task
extern __thread sys_event_task_t sys_event_task;	/* NULL off event tasks */

#define sys_event_task_alloc(cfg)	SYS_SERVICE->op.SS_etask_alloc(cfg)
#define sys_event_task_fmt(task)	SYS_SERVICE->op.ETASK_fmt(task)	/* free with sys_mem_free() */
#define sys_event_task_run(task)	SYS_SERVICE->op.ETASK_run(task)	/* until sys_event_task_stop() */
#define sys_event_task_stop(task)	SYS_SERVICE->op.ETASK_stop(task)
#define sys_event_task_free(task)	SYS_SERVICE->op.ETASK_free(task)

/* ---- polls, alarms, callbacks: the name defaults to the source line --------- */

#define SYS_SECOND(a, b, ...)		b

#define sys_poll_enable(task, fn, env, fd, events, name...)						\
	SYS_SERVICE->op.ETASK_poll_enable((task), (fn), (env), (fd), (events), SYS_SECOND(0, ##name, FL_STR))
#define sys_poll_disable(task, entry)	SYS_SERVICE->op.ETASK_poll_disable_sync((task), (entry))

#define sys_alarm_set(task, fn, env, expire, name...)							\
	SYS_SERVICE->op.ETASK_alarm_set((task), (fn), (env), (expire), SYS_SECOND(0, ##name, FL_STR))
#define sys_alarm_cancel(task, entry)	SYS_SERVICE->op.ETASK_alarm_cancel_sync((task), (entry))

/*
 * An extension of MTE's interface: an alarm that fires at @first and each @period ns after it until it is
 * cancelled, which its handler may do. The times are multiples and do not drift; those that went by unserved
 * since the call before are left out, and their number is the handler's argument. A @period below a tick (16.4 us)
 * fires once a tick; 0 is sys_alarm_set(). NULL: no memory, more than SYS_ALARM_PERIOD_MAX, or a provider without it.
 */
#define SYS_ALARM_PERIOD_MAX		((sys_time_delta_t)INT64_MAX)
#define sys_alarm_set_periodic(task, fn, env, first, period, name...)					\
	(SYS_SERVICE->op.ETASK_alarm_set_periodic ?							\
	 SYS_SERVICE->op.ETASK_alarm_set_periodic((task), (fn), (env), (first), (period),		\
						  SYS_SECOND(0, ##name, FL_STR)) : (sys_alarm_entry_t)NULL)

/*
 * The alarm @entry, periodic or not, at another time from now on, under the handle it has; @period as above. Any
 * thread, its handler too. EINVAL: a stale handle, as that of one that has fired once; a period beyond the maximum.
 * EOPNOTSUPP: a provider without it.
 */
#define sys_alarm_rearm(task, entry, expire, period)							\
	(SYS_SERVICE->op.ETASK_alarm_rearm_sync ?							\
	 SYS_SERVICE->op.ETASK_alarm_rearm_sync((task), (entry), (expire), (period)) : EOPNOTSUPP)

#define sys_callback_schedule(task, fn, env, arg, err, name...)						\
	SYS_SERVICE->op.ETASK_callback_schedule((task), (fn), (env), (arg), (err),			\
						SYS_SECOND(0, ##name, FL_STR))
#define sys_callback_cancel(task, entry) SYS_SERVICE->op.ETASK_callback_cancel_sync((task), (entry))

#define sys_callback_schedule_lopri(task, fn, env, arg, err, name...)					\
	SYS_SERVICE->op.ETASK_callback_schedule_lopri((task), (fn), (env), (arg), (err),		\
						      SYS_SECOND(0, ##name, FL_STR))
#define sys_callback_cancel_lopri(task, entry) SYS_SERVICE->op.ETASK_callback_cancel_lopri_sync((task), (entry))

#define SYS_SOCKET_XMIT		(EPOLLOUT | EPOLLHUP | EPOLLERR)
#define SYS_SOCKET_XMIT_ET	(SYS_SOCKET_XMIT | EPOLLET)
#define SYS_SOCKET_RECV		(EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)
#define SYS_SOCKET_RECV_ET	(SYS_SOCKET_RECV | EPOLLET)
#define SYS_SOCKET_ERR		(EPOLLHUP | EPOLLERR | EPOLLRDHUP)

/* ---- what else the provider has -------------------------------------------- */

#ifndef tkill
#define tkill(tid, sig)		((int)syscall(SYS_tkill, (tid), (sig)))
#endif

/* Event counters that never block: read answers 0 when nothing was written. -1 and errno on failure. */
int sys_eventfd_create(sstring_t name);
int sys_eventfd_create_sem(sstring_t name);	/* each read takes one */
void sys_eventfd_close(int fd);
uint64_t sys_eventfd_read(int fd);
void sys_eventfd_write(int fd, uint64_t count);

/* Call @handler for signal @signum, as ordinary code on a thread of ours; NULL = as at start. 0 or errno. */
errno_t mte_signal_handler_set(uint32_t signum, void (*handler)(uint32_t signum));

#ifdef __cplusplus
}
#endif

#endif /* SYS_SERVICE_H */
