/* SPDX-License-Identifier: MIT */
/*
 * collector.c - the thread that makes dumps, and the ways in: SIGQUIT, calls, crashes;
 * the socket is listener.c's. See diag.h.
 *
 * Invariant: what this thread calls between the ring of its bell and the end of a
 * write are system calls, diag's own code, and nothing else.
 * Locking: start_lock guards starting, of those who call diag_start(); the collector
 * never takes it. A request from code is claimed by a compare-and-swap of its state.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag_impl.h"

enum {
	OUT_BYTES = 24 << 20, DUMP_BYTES = 160 << 20,
	QUIT_GAP_NS = 200000000,	/* between two dumps by signal: a storm of them makes few */
	CALL_WAIT_NS = 3000000000ul,
};

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static bool started;
static unsigned int active_flags;
static int bell = -1;
static int own_tid;		/* atomic */
static int quit_pending;	/* atomic: signals not yet answered */

static struct space space;
static struct v8 v8;
static struct arena arena;
static struct arena text;
static uint64_t born;

enum { CALL_FREE, CALL_FILLED_IN, CALL_ASKED, CALL_ANSWERED, CALL_DONE };

/* One caller of diag_dump() at a time: who makes it CALL_FILLED_IN has it until it is free again. */
static struct {
	uint32_t	state;		/* futex */
	int		fd, result;
	int		tid;		/* whose stack; 0: a dump */
	bool		json;
	unsigned int	sections;
	const char	*reason;
} call;

bool (*diag_io_oldest)(struct diag_io *io);

struct space *collector_space(void) { return &space; }
struct v8 *collector_v8(void) { return &v8; }
struct arena *collector_arena(void) { return &arena; }
int collector_tid(void) { return __atomic_load_n(&own_tid, __ATOMIC_ACQUIRE); }
bool diag_running(void) { return collector_tid() != 0; }

bool diag_peek(const void *addr, void *into, unsigned long bytes)
{
	return diag_running() && space_get(&space, (uintptr_t)addr, into, bytes);
}

static void ring(void)
{
	uint64_t one = 1;
	int saved = errno;
	ssize_t put = write(bell, &one, sizeof(one));

	(void)put;	/* full counts as rung */
	errno = saved;
}

void collector_wake_for_crash(void)
{
	ring();
}

/* ---- making a dump ------------------------------------------------------------------- */

static void emit_head(struct dump *dump)
{
	struct diag_out *out = dump->out;
	struct timespec now;
	char reason[1024];

	clock_gettime(CLOCK_REALTIME, &now);
	expand_sites(dump->space, dump->reason, reason, sizeof(reason));
	out_num(out, "ring3Dump", 1);
	out_num(out, "pid", getpid());
	out_str(out, "reason", reason);
	out_num(out, "timeMs", (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	out_num(out, "uptimeMs", (int64_t)(diag_now() - born) / 1000000);
}

static size_t make_dump(struct dump *dump, bool json)
{
	struct diag_out out;

	spares_give();
	arena_reset(&arena);
	dump->space = &space;
	dump->arena = &arena;
	dump->v8 = &v8;
	dump->out = &out;
	dump->started = diag_now();
	if (!dump->sections)
		dump->sections = DIAG_EVERYTHING;
	out_init(&out, text.base, text.size, json);
	space_refresh(&space);
	v8_open(&v8, &space);
	if (dump->sections & (DIAG_THREADS | DIAG_LOCKS))
		threads_collect(dump, 0);
	locks_analyse(dump);
	out_object(&out, NULL);
	emit_head(dump);
	out_num(&out, "threadsCaughtMs", (int64_t)(diag_now() - dump->started) / 1000000);
	if (dump->crash_tid)
		crash_emit(dump);
	if (dump->sections & DIAG_LOCKS)
		locks_emit(dump);
	if (dump->sections & DIAG_THREADS)
		threads_emit(dump);
	if (dump->sections & DIAG_TASKS) {
		tasks_emit(dump);
		waits_emit(dump);
	}
	if (dump->sections & DIAG_MEMORY)
		sites_emit(dump);
	if (dump->sections & DIAG_WATCHDOGS)
		watch_emit(dump);
	probe_emit(dump);
	space_file_troubles(&space, &out);
	out_num(&out, "dumpMs", (int64_t)(diag_now() - dump->started) / 1000000);
	out_finish(&out);
	return out.used;
}

int collector_make_dump(struct dump *dump, bool json, int fd)
{
	return collector_write(fd, text.base, make_dump(dump, json));
}

/* Frames of a thread that asked for its own stack: those in which it asks. */
static unsigned int own_frames(const struct stack *stack)
{
	unsigned int own = 0;

	for (unsigned int i = 0; i < stack->nr && i < 6; i++) {
		const struct place *place = space_place(&space, stack->frames[i].pc, stack->frames[i].exact);

		if (place->function && (!strcmp(place->function, "diag_ask") ||
					!strcmp(place->function, "diag_backtrace")))
			own = i + 1;
	}
	return own;
}

size_t collector_stack_text(int tid, char *buf, size_t bytes)
{
	struct dump dump = { .space = &space, .v8 = &v8, .arena = &arena };
	const struct stack *stack;
	unsigned int from;

	spares_give();
	arena_reset(&arena);
	space_refresh(&space);
	v8_open(&v8, &space);
	threads_collect(&dump, tid);
	buf[0] = 0;
	stack = dump.threads.nr ? dump.threads.all[0].stack : NULL;
	if (!stack)
		return 0;
	from = own_frames(stack);
	return frames_text(&space, &v8, stack->frames + from, stack->nr - from, buf, bytes);
}

/* ---- SIGQUIT ------------------------------------------------------------------------------ */

/* A terminal's Ctrl-\ reaches children of fork() as well; the bell they have is their parent's. */
static void quit_alone(void)
{
	char line[160];
	int bytes = diag_format(line, sizeof(line), "ring3: SIGQUIT: process %d came from fork() and cannot dump itself; "
				"ring3 backtrace %d\n", getpid(), getpid());
	ssize_t put = write(STDERR_FILENO, line, (size_t)bytes);

	(void)put;
}

static void on_quit(int signum)
{
	int saved = errno;

	(void)signum;
	if (!diag_running()) {
		quit_alone();
		errno = saved;
		return;
	}
	__atomic_fetch_add(&quit_pending, 1, __ATOMIC_RELAXED);
	ring();
}

static int listen_quit(void)
{
	struct sigaction action = { .sa_handler = on_quit, .sa_flags = SA_RESTART | SA_ONSTACK };

	return sigaction(SIGQUIT, &action, NULL) < 0 ? -errno : 0;
}

static void answer_quit(void)
{
	static uint64_t last;
	uint64_t gap = diag_now() - last;
	char reason[64] = "SIGQUIT";
	int nr;

	if (last && gap < QUIT_GAP_NS) {
		struct timespec rest = { 0, (long)(QUIT_GAP_NS - gap) };

		nanosleep(&rest, NULL);
	}
	nr = __atomic_exchange_n(&quit_pending, 0, __ATOMIC_ACQ_REL);
	if (!nr)
		return;
	if (nr > 1)
		diag_format(reason, sizeof(reason), "SIGQUIT, %d times", nr);
	struct dump dump = { .reason = reason };

	dump_write(text.base, make_dump(&dump, false));
	last = diag_now();
}

/* ---- calls -------------------------------------------------------------------------------- */

static void answer_call(void)
{
	uint32_t asked = CALL_ASKED;

	if (!__atomic_compare_exchange_n(&call.state, &asked, CALL_ANSWERED, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	struct dump dump = { .sections = call.sections, .reason = call.reason };
	size_t bytes = call.tid ? collector_stack_text(call.tid, text.base, 64 << 10) : make_dump(&dump, call.json);

	call.result = bytes ? collector_write(call.fd, text.base, bytes) : -ESRCH;
	__atomic_store_n(&call.state, CALL_DONE, __ATOMIC_RELEASE);
	syscall(SYS_futex, &call.state, FUTEX_WAKE_PRIVATE, 1);
}

static int diag_ask(int fd, int tid, bool json, unsigned int sections, const char *reason)
{
	uint64_t deadline = diag_now() + CALL_WAIT_NS;
	uint32_t free = CALL_FREE, state;
	int rc;

	if (!diag_running() || (int)syscall(SYS_gettid) == collector_tid())
		return -ESRCH;
	if (!__atomic_compare_exchange_n(&call.state, &free, CALL_FILLED_IN, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return -EBUSY;
	call.fd = fd;
	call.tid = tid;
	call.json = json;
	call.sections = sections;
	call.reason = reason;
	__atomic_store_n(&call.state, CALL_ASKED, __ATOMIC_RELEASE);
	ring();
	while ((state = __atomic_load_n(&call.state, __ATOMIC_ACQUIRE)) != CALL_DONE) {
		uint64_t now = diag_now();
		struct timespec left;

		if (now >= deadline) {
			uint32_t asked = CALL_ASKED;

			/* Not begun: nobody will. Begun: it writes to our descriptor, so its end is waited for. */
			if (__atomic_compare_exchange_n(&call.state, &asked, CALL_FREE, 0, __ATOMIC_ACQ_REL,
							__ATOMIC_RELAXED))
				return -ETIMEDOUT;
			deadline = UINT64_MAX;
			continue;
		}
		left = (struct timespec){ (time_t)((deadline - now) / 1000000000u % 3600),
					  (long)((deadline - now) % 1000000000u) };
		syscall(SYS_futex, &call.state, FUTEX_WAIT_PRIVATE, state, &left);
	}
	rc = call.result;
	__atomic_store_n(&call.state, CALL_FREE, __ATOMIC_RELEASE);
	return rc;
}

int diag_dump(int fd, bool json, unsigned int sections, const char *reason)
{
	return diag_ask(fd, 0, json, sections, reason);
}

int diag_backtrace(int fd)
{
	return diag_ask(fd, (int)syscall(SYS_gettid), false, 0, NULL);
}

/* ---- the thread --------------------------------------------------------------------------------- */

bool collector_dump_crash(void)
{
	char reason[640];
	struct dump dump = { .reason = reason };

	if (!crash_pending(&dump, reason, sizeof(reason)))
		return false;
	dump_write(text.base, make_dump(&dump, false));
	crash_done();
	return true;
}

static void *collect(void *arg)
{
	(void)arg;
	prctl(PR_SET_NAME, "ring3/diag");
	__atomic_store_n(&diag_clock, diag_now(), __ATOMIC_RELAXED);
	__atomic_store_n(&own_tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;) {
		struct pollfd ready[1 + LISTENER_POLLS] = { { .fd = bell, .events = POLLIN } };
		int wait_ms = watch_wanted() || altstack_wanted() ? watch_tick_ms() : -1;
		unsigned int nr = 1 + listener_poll(ready + 1, &wait_ms);
		uint64_t count;

		spares_keep();
		poll(ready, nr, wait_ms);
		__atomic_store_n(&diag_clock, diag_now(), __ATOMIC_RELAXED);
		if (ready[0].revents && read(bell, &count, sizeof(count)) < 0)
			continue;
		collector_dump_crash();
		if (__atomic_load_n(&quit_pending, __ATOMIC_ACQUIRE))
			answer_quit();
		answer_call();
		listener_run();
		if (watch_wanted())
			watch_tick(diag_now());
		altstack_tick();
	}
	return NULL;
}

static int start_collector(void)
{
	sigset_t all, before;
	pthread_t thread;
	int rc = capture_init(SIGRTMAX - 5);

	if (rc)
		return rc;
	born = diag_now();
	dump_file_init();
	bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell < 0)
		return -errno;
	rc = space_open(&space, 0);
	if (!rc && (!arena_init(&arena, DUMP_BYTES) || !arena_init(&text, OUT_BYTES) || !probe_init()))
		rc = -ENOMEM;
	if (rc)
		return rc;
	/* Every signal goes to somebody else: a handler here could wait for the collector. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = -pthread_create(&thread, NULL, collect, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return rc;
	pthread_detach(thread);
	while (!diag_running())
		sched_yield();
	return 0;
}

/*
 * A child of fork() has the memory of a collector and no collector. Its parent's socket would outlive the parent in it,
 * and take questions that nobody answers.
 */
static void forked(void)
{
	__atomic_store_n(&own_tid, 0, __ATOMIC_RELEASE);
	listener_forked();
}

int diag_start(unsigned int flags)
{
	const char *mode = getenv("RING3_DIAG");
	int rc = 0;

	if (mode && !strcmp(mode, "off"))
		return 0;
	pthread_mutex_lock(&start_lock);
	if (!started) {
		rc = start_collector();
		if (!rc)
			pthread_atfork(NULL, NULL, forked);
		started = !rc;
	} else if (!diag_running()) {
		rc = -ECHILD;
	}
	/* Taken: another namespace's process of this number. The other ways in remain. */
	if (!rc && flags & DIAG_SOCKET)
		listener_open();
	if (!rc && flags & DIAG_SIGQUIT)
		rc = listen_quit();
	if (!rc && flags & DIAG_CRASH)
		rc = crash_init();
	if (!rc && flags & DIAG_WATCH)
		watch_init();
	__atomic_fetch_or(&active_flags, rc ? 0 : flags, __ATOMIC_RELAXED);
	if (!rc)
		ring();
	pthread_mutex_unlock(&start_lock);
	if (!rc)
		altstack_await();
	return rc;
}

bool watch_wanted(void)
{
	return __atomic_load_n(&active_flags, __ATOMIC_RELAXED) & DIAG_WATCH;
}
