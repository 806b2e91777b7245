/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_H
#define RING3_DIAG_H

/*
 * diag.h - what a process is doing, told by the process itself, when nothing else in
 * it works any more.
 *
 * ## How
 * The collector is a thread of its own with memory of its own: arenas that are mapped
 * when it starts. While it works it calls no allocator, no stdio, no dynamic linker,
 * takes no lock that anybody else takes, and reads all memory but its own through the
 * kernel (/proc/self/mem), so that nothing it meets can hold it up or make it crash.
 *
 *	target threads	on a signal, copy registers and up to 48 KiB of stack into a slot
 *			of the collector's (capture.h); a few microseconds. One that blocks
 *			all signals is read through /proc/self/task/TID/syscall.
 *	unwinding	by the collector, on the copy: .eh_frame where an address has one,
 *			frame pointers where not. Not by libgcc, whose unwinder takes the
 *			dynamic linker's lock; not in the handler, where nothing may wait.
 *	names		out of the mapped ELF files: symbol tables, DWARF 4 and 5 lines and
 *			inlined functions (image.h). No library: elfutils and libbacktrace
 *			both allocate, and take locks somebody may hold for ever.
 *	JavaScript	out of V8's heap, by the layout Node's executable carries for
 *			debuggers (v8.h): so also while the thread sits in a system call.
 *	locks		each thread notes what it holds, in a record of its own
 *			(diag_notes.h); who waits for what is read off registers and memory.
 *	other rooms	are asked by a second thread, the prober, with a deadline: what they
 *			say may need a lock, so it may be missing, but holds nothing up.
 *
 * ## Ways in
 * SIGQUIT writes a dump to stderr, or appends it to the file RING3_DUMP_FILE names. The
 * abstract unix socket "@ring3-diag-PID" (zeros behind it, 108 bytes in all) takes one line,
 * "dump [json] [only=a,b]\n", and answers with the dump; only the same user and root are
 * answered. From code:
 * sys_dump(), sys_backtrace(), sys_abort() of sys_debug.h, and this header.
 *
 * ## Limits
 * 16384 threads, 96 frames, 4096 threads that hold locks at a time and 24 locks of each,
 * a dump of 24 MiB. A dump is given up after 2 s; threads that have not answered by
 * 600 ms are shown without a stack of their own telling.
 */
#include <stdbool.h>
#include <stdint.h>

#include "diag_notes.h"

#ifdef __cplusplus
extern "C" {
#endif

enum diag_flags {
	DIAG_SOCKET	= 1,	/* listen for `ring3 sigdump` */
	DIAG_SIGQUIT	= 2,	/* dump at SIGQUIT */
	DIAG_CRASH	= 4,	/* dump when a fatal signal comes, then die of it */
	DIAG_WATCH	= 8,	/* look for stalls */
	DIAG_ALL	= 15,
};

/*
 * Start the collector; a second call adds flags. 0 or -errno; it is not started where
 * RING3_DIAG=off is set, which is 0 too. Any thread. It lives as long as the process: a
 * child of fork() has none, and is told -ECHILD. With DIAG_CRASH each thread that takes
 * signals has an alternate stack for them when this returns.
 */
int diag_start(unsigned int flags);
bool diag_running(void);

/* Which sections; 0 = all. */
enum diag_sections {
	DIAG_THREADS	= 1 << 0,
	DIAG_LOCKS	= 1 << 1,
	DIAG_TASKS	= 1 << 2,
	DIAG_MEMORY	= 1 << 3,
	DIAG_AIO	= 1 << 4,
	DIAG_ISCSI	= 1 << 5,
	DIAG_MODULES	= 1 << 6,
	DIAG_WATCHDOGS	= 1 << 7,
	DIAG_EVERYTHING	= 255,
};

/*
 * Have a dump written to @fd. Waits for it, 3 s at most: 0, -ETIMEDOUT, -EBUSY while
 * another is made, -ESRCH where no collector runs. Any thread; allocates nothing.
 */
int diag_dump(int fd, bool json, unsigned int sections, const char *reason);

/*
 * Return addresses as text, "  #0  function at file.c:12 (module+0x34)" a line; its length,
 * or 0 while another thread does so. Needs no collector; allocates nothing. Any thread.
 */
unsigned long diag_frames_text(void *const frames[], unsigned int nr, char *buf, unsigned long bytes);

/* A call site of memory as dumps have it: "function at file.c:12". As above; "0x..." while another thread does so. */
void diag_site_text(const void *site, char *buf, unsigned long bytes);

/* The calling thread's stack to @fd, a frame a line, with files and lines. As diag_dump(). */
int diag_backtrace(int fd);

/* ---- what other rooms tell (one line each at their side) ------------------------- */

struct sys_event_task;
void diag_task_add(struct sys_event_task *task);
void diag_task_remove(struct sys_event_task *task);

/*
 * A section of another room. The prober calls @write, which may lock and allocate: it
 * puts one JSON value of at most @bytes into @buf and returns its length, or -1 for
 * nothing to say. Lives as long as the process.
 */
struct diag_section {
	struct diag_section	*next;
	const char		*name;
	unsigned int		bit;		/* of diag_sections */
	long			(*write)(char *buf, unsigned long bytes);
};
void diag_section_add(struct diag_section *section);

/* Memory as it is now, which may not be there: true = all @bytes were read. Any thread; no lock. */
bool diag_peek(const void *addr, void *into, unsigned long bytes);

/* The operation longest in flight; false = none is. Set by aio; called on the collector, so by diag_peek() only. */
struct diag_io {
	uint64_t	begun, offset, bytes;
	const char	*what;
	int		fd;
};
extern bool (*diag_io_oldest)(struct diag_io *io);

/*
 * A static string for the allocation made at code address @site, as the engine's memory
 * wants them for its checks; dumps turn it into function, file and line. @plain when the
 * table of 4096 is full. Any thread; lock-free.
 */
const char *diag_site_string(const void *site, const char *plain);

/* ---- watchdogs -------------------------------------------------------------------- */

enum diag_stall_kind {
	DIAG_STALL_TASK, DIAG_STALL_CALLBACK, DIAG_STALL_KTHREAD, DIAG_STALL_LOCK, DIAG_STALL_IO, DIAG_STALL_NODE,
	DIAG_STALL_ORDER, DIAG_STALL_KINDS,
};

/* One finding. Strings live as long as the call. */
struct diag_stall {
	enum diag_stall_kind	kind;
	int			tid;		/* the culprit, 0 = none */
	uint64_t		duration_ns;
	uint64_t		count;		/* of its kind, those not reported included */
	const char		*what;		/* a sentence */
	const char		*stack;		/* a frame a line; "" = none */
};

/* Budgets; 0 leaves one as it is, UINT64_MAX switches it off. Any thread. */
struct diag_budgets {
	uint64_t	task_ns;	/* an event task that does not get through its round: 1 s */
	uint64_t	callback_ns;	/* one handler of an event task; told while it runs, at most one look late: off */
	uint64_t	kthread_ns;	/* uninterruptible sleep: 30 s */
	uint64_t	lock_ns;	/* held: 5 s */
	uint64_t	io_ns;		/* in flight: 30 s */
	uint64_t	node_ns;	/* Node's loop away from its poll, once it has polled: off */
};
void diag_budgets_set(const struct diag_budgets *budgets);
/* Watch Node's loop with 2 s, unless its budget was set before or RING3_WATCHDOG (on, off, milliseconds) was. */
void diag_watch_loop(void);

/* Called on the collector's thread for each finding; must not wait. One at a time; NULL = none. */
void diag_on_stall(void (*fn)(void *env, const struct diag_stall *stall), void *env);

/* Node's loop: about to poll, and back from it. Its thread. */
void diag_loop_sleeps(void);
void diag_loop_wakes(void);

/* ---- crashes ---------------------------------------------------------------------- */

/* Asked first when a fatal signal comes: true = it was no crash (WebAssembly's traps). In the handler. */
extern bool (*diag_crash_first)(int signum, void *info, void *context);
/* A thread begins: give it an alternate signal stack, so that its stack's overflow can be told. Freed at its end. */
void diag_thread_enter(void);
/* What memory @addr belongs to, into @text; false = nothing known. Set by who owns memory; lock-free. */
extern bool (*diag_classify)(uintptr_t addr, char *text, unsigned long bytes);
/* snprintf() of %s %c %d %u %x %p, with l, z, widths and #, for use where libc's may not be called. */
int diag_format(char *buf, unsigned long bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- from outside ------------------------------------------------------------------ */

enum diag_outside_flags { DIAG_OUT_JSON = 1, DIAG_OUT_JS = 2, DIAG_OUT_ALL = 4 };

/*
 * Stacks of process @pid (by ptrace: it stands still meanwhile, some milliseconds), or of the
 * core file @core. Text goes to @buf; returns its length, or -errno: -ESRCH gone, -EPERM not
 * ours, -ENOEXEC no core file, -ENODATA one cut off before its threads. @tid: that thread only, 0 = all.
 */
long diag_backtrace_outside(int pid, const char *core, int tid, unsigned int flags, char *buf, unsigned long bytes);

#ifdef __cplusplus
}
#endif

#endif /* RING3_DIAG_H */
