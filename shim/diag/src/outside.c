/* SPDX-License-Identifier: MIT */
/*
 * outside.c - stacks of another process, by ptrace(2), and of a core file.
 *
 * The process stands still only while registers and stacks are copied; it is let go
 * before anything is unwound or named. Signals meanwhile are kept for it by the kernel.
 *
 * Threads: any but the collector; what it needs is its own.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "diag_impl.h"

enum { ARENA_BYTES = 1 << 30, STOP_NS = 500000000 };

struct outside {
	struct space	space;
	struct v8	v8;
	struct arena	arena;
	struct dump	dump;
	int		pid, only_tid, stop_rc;
	unsigned int	flags, nr;
	struct thread	*threads;
	struct caught	*caught;
	bool		*stopped;
};

/* ---- a living process ----------------------------------------------------------------- */

static void copy_registers(struct caught *caught, const struct user_regs_struct *user)
{
	const uint64_t regs[REGS] = {
		user->rax, user->rdx, user->rcx, user->rbx, user->rsi, user->rdi, user->rbp, user->rsp, user->r8,
		user->r9, user->r10, user->r11, user->r12, user->r13, user->r14, user->r15, user->rip,
	};

	*caught = (struct caught){ .known = (1u << REGS) - 1 };
	memcpy(caught->regs, regs, sizeof(regs));
}

static void copy_stack(struct outside *outside, struct caught *caught)
{
	uint64_t sp = caught->regs[REG_SP] & ~7ul;
	const struct mapping *mapping = space_mapping(&outside->space, sp);
	size_t bytes = mapping ? mapping->end - sp : 0;
	uint8_t *copy;

	if (bytes > 256 << 10)
		bytes = 256 << 10;
	copy = bytes ? arena_take(&outside->arena, bytes) : NULL;
	if (!copy)
		return;
	caught->stack_at = sp;
	caught->stack_bytes = space_read(&outside->space, sp, copy, bytes);
	caught->stack = copy;
}

/* It stops, or the deadline comes: a thread in an uninterruptible sleep does not. */
static bool wait_stop(int tid, uint64_t deadline)
{
	for (;;) {
		int status;
		int got = waitpid(tid, &status, __WALL | WNOHANG);
		struct timespec nap = { 0, 50000 };

		if (got == tid)
			return WIFSTOPPED(status);
		if (got < 0 || diag_now() > deadline)
			return false;
		nanosleep(&nap, NULL);
	}
}

static int stop_all(struct outside *outside)
{
	int *tids, rc = 0, nr = thread_list(outside->pid, &outside->arena, &tids);
	uint64_t deadline;

	if (nr <= 0)
		return nr ? nr : -ESRCH;
	outside->threads = arena_take(&outside->arena, (size_t)nr * sizeof(*outside->threads));
	outside->caught = arena_take(&outside->arena, (size_t)nr * sizeof(*outside->caught));
	outside->stopped = arena_take(&outside->arena, (size_t)nr);
	if (!outside->threads || !outside->caught || !outside->stopped)
		return -ENOMEM;
	for (int i = 0; i < nr; i++) {
		unsigned int at = outside->nr;

		if ((outside->only_tid && tids[i] != outside->only_tid) ||
		    !thread_read(outside->pid, tids[i], &outside->threads[at]))
			continue;
		outside->caught[at] = (struct caught){ 0 };
		outside->stopped[at] = ptrace(PTRACE_SEIZE, tids[i], NULL, NULL) == 0;
		if (!outside->stopped[at] && errno == EPERM)
			rc = -EPERM;
		if (outside->stopped[at])
			ptrace(PTRACE_INTERRUPT, tids[i], NULL, NULL);
		outside->nr++;
	}
	deadline = diag_now() + STOP_NS;
	for (unsigned int i = 0; i < outside->nr; i++) {
		struct user_regs_struct regs;

		if (!outside->stopped[i] || !wait_stop(outside->threads[i].tid, deadline) ||
		    ptrace(PTRACE_GETREGS, outside->threads[i].tid, NULL, &regs) < 0)
			continue;
		copy_registers(&outside->caught[i], &regs);
		copy_stack(outside, &outside->caught[i]);
	}
	for (unsigned int i = 0; i < outside->nr; i++)
		if (outside->stopped[i])
			ptrace(PTRACE_DETACH, outside->threads[i].tid, NULL, NULL);
	return outside->nr ? rc : -ESRCH;
}

static void *stop_in_thread(void *arg)
{
	struct outside *outside = arg;

	outside->stop_rc = stop_all(outside);
	return NULL;
}

/*
 * By a thread that ends: who did not stop in time cannot be let go, and would stop for ever when it does. The kernel
 * lets go of what a thread traced when it ends.
 */
static int stop_and_copy(struct outside *outside)
{
	pthread_t thread;
	int rc = -pthread_create(&thread, NULL, stop_in_thread, outside);

	if (rc)
		return rc;
	pthread_join(thread, NULL);
	return outside->stop_rc;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void from_core(struct outside *outside)
{
	struct core *core = outside->space.core;

	outside->threads = arena_take(&outside->arena, core->nr_threads * sizeof(*outside->threads));
	outside->caught = arena_take(&outside->arena, core->nr_threads * sizeof(*outside->caught));
	outside->pid = core->pid;
	if (!outside->threads || !outside->caught)
		return;
	for (unsigned int i = 0; i < core->nr_threads; i++) {
		if (outside->only_tid && core->threads[i].tid != outside->only_tid)
			continue;
		outside->threads[outside->nr] = (struct thread){ .tid = core->threads[i].tid, .syscall = -1 };
		outside->threads[outside->nr].state = core->threads[i].signal ? '!' : '?';
		outside->caught[outside->nr++] = core->threads[i].caught;
	}
	if (outside->nr && outside->threads[0].tid == core->threads[0].tid)
		memcpy(outside->threads[0].name, core->command, 15);
}

static bool js_among(struct outside *outside, const struct frame *frames, unsigned int nr)
{
	struct js_place place;

	for (unsigned int i = 0; i < nr; i++)
		if (v8_frame(&outside->v8, &outside->space, &frames[i], &place))
			return true;
	return false;
}

static void emit_outside(struct outside *outside)
{
	struct frame frames[FRAMES_MAX];
	struct diag_out *out = outside->dump.out;
	struct core *core = outside->space.core;

	out_object(out, NULL);
	out_num(out, "ring3Backtrace", 1);
	out_num(out, "pid", outside->pid);
	if (core)
		out_num(out, "signal", core->threads[0].signal);
	out_list(out, "threads");
	for (unsigned int i = 0; i < outside->nr; i++) {
		const struct thread *thread = &outside->threads[i];
		struct caught caught = outside->caught[i];
		const char *role;
		unsigned int nr = 0;

		if (!caught.known && thread->pc) {
			caught.known = 1u << REG_SP | 1u << REG_PC;
			caught.regs[REG_SP] = thread->sp;
			caught.regs[REG_PC] = thread->pc;
		}
		if (caught.known)
			nr = space_unwind(&outside->space, &caught, frames, FRAMES_MAX);
		if (outside->flags & DIAG_OUT_JS && !js_among(outside, frames, nr))
			continue;
		role = thread_role(&outside->space, frames, nr);
		out_object(out, NULL);
		out_num(out, "tid", thread->tid);
		if (thread->name[0])
			out_str(out, "name", thread->name);
		if (role)
			out_str(out, "role", role);
		if (!core)
			out_fmt(out, "state", "%c", thread->state);
		if (thread->syscall >= 0)
			out_str(out, "syscall", syscall_name(thread->syscall));
		emit_frames(&outside->dump, frames, nr);
		out_end(out);
	}
	out_end(out);
	if (core && core->missing)
		out_fmt(out, "missing", "%lu of %lu bytes: the core was cut off", core->missing,
			core->size + core->missing);
	space_file_troubles(&outside->space, out);
	out_finish(out);
}

static int open_outside(struct outside *outside, const char *core)
{
	int rc;

	if (core)
		return core_open(&outside->space, core);
	if (outside->pid <= 0 || outside->pid == getpid())
		return -EINVAL;
	rc = kill(outside->pid, 0) < 0 ? -errno : 0;
	return rc ? rc : space_open(&outside->space, outside->pid);
}

long diag_backtrace_outside(int pid, const char *core, int tid, unsigned int flags, char *buf, unsigned long bytes)
{
	struct outside outside = { .pid = pid, .only_tid = tid, .flags = flags };
	struct diag_out out;
	long rc;

	if (!arena_init(&outside.arena, ARENA_BYTES))
		return -ENOMEM;
	rc = open_outside(&outside, core);
	if (rc)
		goto out_arena;
	rc = 0;
	if (core)
		from_core(&outside);
	else
		rc = stop_and_copy(&outside);
	if (rc)
		goto out_space;
	if (!outside.nr) {
		rc = -ESRCH;
		goto out_space;
	}
	v8_open(&outside.v8, &outside.space);
	out_init(&out, buf, bytes, flags & DIAG_OUT_JSON);
	outside.dump = (struct dump){ .space = &outside.space, .v8 = &outside.v8, .out = &out };
	emit_outside(&outside);
	rc = (long)out.used;
out_space:
	space_close(&outside.space);
out_arena:
	arena_free(&outside.arena);
	return rc;
}
