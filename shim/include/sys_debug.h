/* SPDX-License-Identifier: MIT */
#ifndef SYS_DEBUG_H
#define SYS_DEBUG_H

/*
 * sys_debug.h - traces, panics, backtraces and dumps. The checks are in sys_assert.h.
 *
 * A source file may define, before it includes this: TRACE_TOOVERBOSE,
 * TRACE_VERBOSE, TRACE_TRACE (what its traces start as; each is the default of the
 * next), NAME (what its lines begin with, instead of the function's name) and
 * OPTIMIZED (true compiles trace_verbose() out).
 *
 * Lines go to stderr as "SECONDS.NANOSECONDS [TID]" and the text.
 *
 * Interface: MTE's, by its names. Threads: any, unless said.
 */
#include <signal.h>
#include <stdarg.h>
#include <ucontext.h>

#include "sys_assert.h"
#include "sys_service.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TRACE_TOOVERBOSE
#define TRACE_TOOVERBOSE	false
#endif
#ifndef TRACE_VERBOSE
#define TRACE_VERBOSE		TRACE_TOOVERBOSE
#endif
#ifndef TRACE_TRACE
#define TRACE_TRACE		TRACE_VERBOSE
#endif
#ifndef OPTIMIZED
#define OPTIMIZED		false
#endif

#ifdef NAME
#define LOG_NAME()		__stringify(NAME)
#else
#define LOG_NAME()		__func__
#endif

#ifndef CONCAT
#define CONCAT_1(a, b)		a##b
#define CONCAT(a, b)		CONCAT_1(a, b)
#endif

/* Empty functions to set a breakpoint on; a failed expectation calls the second. */
void bp(void);
void sys_breakpoint(void);

#ifndef expect		/* some hosted code brings its own */
#if defined(DEBUG) && DEBUG
#define expect(cond, fmtargs...)	SYS_CHECK_COND(false, cond, #cond, ##fmtargs)
#else
#define expect(cond, fmtargs...)	SYS_LEFT_OUT_2(cond, 0)
#endif
#endif

/* ---- text ----------------------------------------------------------------- */

/* A new string, the caller's to sys_mem_free(); NULL when memory is out. */
char *sys_sprintf(sstring_t format, ...) __attribute__((format(printf, 1, 2)));
char *sys_vsprintf(sstring_t format, va_list args) __attribute__((format(printf, 1, 0)));

/* @text with more behind; consumes @text, which may be NULL. */
char *sys_sprintf_append(string_t text, sstring_t format, ...) __attribute__((format(printf, 2, 3)));
#define sys_sprintf_append_nl(text, fmt, args...)	sys_sprintf_append((text), fmt "\n", ##args)

/* As fprintf(), flushed. */
#define sys_fprintf(file, fmt, args...)		(fprintf((file), fmt, ##args), fflush(file))
#define sys_eprint_str_plain(str)		sys_fprintf(stderr, "%s", (str))
#define sys_veprintf(fmt, va)			vfprintf(stderr, (fmt), (va))

/* Time and thread into @buf, for the start of a line; returns its length. */
uint32_t sys_eprint_prefix_str(char *buf, uint32_t bytes);

/* One line part to stderr, with that prefix, in one write. */
void sys_eprintf(sstring_t format, ...) __attribute__((format(printf, 1, 2)));

/* ---- traces, switched per source file ---------------------------------------- */

static int _trace_enabled __attribute__((unused)) = TRACE_TRACE;
static int _trace_enabled_verbose __attribute__((unused)) = TRACE_VERBOSE;
extern int sys_trace_enabled_syscall;		/* trace_syscall() of all files */

static inline void trace_enable(int on)		{ _trace_enabled = on; }
static inline void trace_enable_verbose(int on)	{ _trace_enabled_verbose = on; }
#define trace_is_enabled()			_trace_enabled
#define trace_verbose_is_enabled()		_trace_enabled_verbose
#define trace_init(on, verbose)			(trace_enable(on), trace_enable_verbose(verbose))

#define SYS_TRACE_LINE(fmt, args...)		\
	sys_eprintf("%s:%s:%d: " fmt "\n", LOG_NAME(), __func__, __LINE__, ##args)

#define trace_always(fmt, args...)		SYS_TRACE_LINE(fmt, ##args)
#define trace(fmt, args...)			\
	do { if (trace_is_enabled()) SYS_TRACE_LINE(fmt, ##args); } while (0)
#define trace_verbose(fmt, args...)		\
	do { if (!OPTIMIZED && trace_verbose_is_enabled()) SYS_TRACE_LINE(fmt, ##args); } while (0)
#define trace_tooverbose(fmt, args...)		\
	do { if (TRACE_TOOVERBOSE) SYS_TRACE_LINE(fmt, ##args); } while (0)
#define trace_syscall(call, ret, err, fmt, args...)						\
	do {											\
		if (trace_is_enabled() || sys_trace_enabled_syscall)				\
			sys_eprintf("SYSCALL " call "(ret=%ld err=%d) " fmt "\n", (long)(ret),	\
				    (int)(err), ##args);					\
	} while (0)

#define sys_error(fmt, args...)			SYS_TRACE_LINE("ERROR: " fmt, ##args)
#define sys_warning(fmt, args...)		SYS_TRACE_LINE("WARNING: " fmt, ##args)
#define sys_notice(fmt, args...)		SYS_TRACE_LINE("NOTICE: " fmt, ##args)

/* ---- symbols, backtraces, dumps ------------------------------------------------- */

/* Return addresses of the calling chain, innermost first; how many. */
uint32_t sys_backtrace_get_max(void *frames[], uint32_t max);

/* Those as text, a line each. The thread's own buffer: valid until its next call. */
sstring_t sys_backtrace_fmt(void *frames[], uint32_t count);
void sys_backtrace_dump(void *frames[], uint32_t count);

/* "function+0x12 (libring3.so)", or "" for an address nothing is known of. Buffer as above. */
sstring_t sys_symbol(uintptr_t addr);
/* The same, but an address near the stack pointer reads "[SP+00000010 (16)]", near the frame's "[BP-...]". */
sstring_t sys_symbol_stack_ref(uintptr_t addr, uintptr_t sp, uintptr_t bp);

/* Bytes from @start up to @end, in hexadecimal. Unreadable memory is said to be so. */
void mem_dump(uintptr_t start, uintptr_t end, sstring_t reason);
void mem_dump_stack(uintptr_t start, uintptr_t end, uintptr_t sp, uintptr_t bp, sstring_t reason);

/* What a signal handler of sigaction's long form was given. Safe there: writes, allocates nothing. */
void sys_signal_dump(int signum, siginfo_t *info, ucontext_t *context, sstring_t whence);

/* ---- panics ------------------------------------------------------------------------ */

/* Say so, dump, backtrace, abort. */
void sys_panic_at(sstring_t function, sstring_t format, ...)
	__attribute__((cold, noreturn, format(printf, 2, 3)));
#define sys_panic(fmtargs...)			sys_panic_at(__func__, " " fmtargs)
#define sys_panic_err(err, fmt, args...)	\
	sys_panic_at(__func__, " errno=%d (%s) " fmt, (int)(err), strerror(err), ##args)

#ifdef __cplusplus
}
#endif

#endif /* SYS_DEBUG_H */
