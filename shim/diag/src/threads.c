/* SPDX-License-Identifier: MIT */
/* threads.c - all threads of this process: what /proc says of them, their stacks, folded. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag_impl.h"

enum { ANSWER_NS = 600000000, BATCH_NS = 60000000 };

/* ---- /proc ------------------------------------------------------------------------ */

static size_t read_file(const char *path, char *buf, size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, buf, bytes - 1);

	if (fd >= 0)
		close(fd);
	buf[got > 0 ? got : 0] = 0;
	return got > 0 ? (size_t)got : 0;
}

static uint64_t decimal(const char **at)
{
	uint64_t value = 0;

	while (**at == ' ')
		(*at)++;
	for (; **at >= '0' && **at <= '9'; (*at)++)
		value = value * 10 + (uint64_t)(**at - '0');
	return value;
}

static uint64_t hexadecimal(const char *at)
{
	uint64_t value = 0;

	at += strspn(at, " \t");
	if (at[0] == '0' && at[1] == 'x')
		at += 2;
	for (; *at; at++) {
		if (*at >= '0' && *at <= '9')
			value = value << 4 | (uint64_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			value = value << 4 | (uint64_t)(*at - 'a' + 10);
		else
			break;
	}
	return value;
}

/* "NR A0 A1 A2 A3 A4 A5 SP PC", "-1 SP PC" or "running" */
static void parse_syscall(struct thread *thread, const char *text)
{
	uint64_t words[9] = { 0 };
	int nr = 0;

	thread->syscall = -1;
	if (*text == 'r' || !*text)
		return;
	if (*text != '-') {
		const char *at = text;

		thread->syscall = (long)decimal(&at);
	}
	for (const char *at = strchr(text, ' '); at && nr < 8; at = strchr(at + 1, ' '))
		words[nr++] = hexadecimal(at);
	if (nr >= 2) {
		thread->sp = words[nr - 2];
		thread->pc = words[nr - 1];
	}
	if (thread->syscall >= 0)
		memcpy(thread->args, words, sizeof(thread->args));
}

/* "PID (NAME) STATE ...": a name may hold anything, so the last bracket counts. */
static bool parse_stat(struct thread *thread, const char *text)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')'), *at;
	size_t length;
	uint64_t ticks;

	if (!open || !close || close[1] != ' ')
		return false;
	length = (size_t)(close - open - 1);
	if (length > sizeof(thread->name) - 1)
		length = sizeof(thread->name) - 1;
	memcpy(thread->name, open + 1, length);
	thread->name[length] = 0;
	thread->state = close[2];
	at = close + 3;
	for (int field = 4; field <= 13 && at; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return true;
	ticks = decimal(&at);
	ticks += decimal(&at);
	thread->cpu_ns = ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
	return true;
}

bool thread_read(int pid, int tid, struct thread *thread)
{
	char path[64], text[2048], folder[40] = "/proc/self/task";
	const char *blocked;

	if (pid)
		diag_format(folder, sizeof(folder), "/proc/%d/task", pid);
	*thread = (struct thread){ .tid = tid, .syscall = -1, .state = '?' };
	diag_format(path, sizeof(path), "%s/%d/stat", folder, tid);
	if (!read_file(path, text, sizeof(text)) || !parse_stat(thread, text))
		return false;
	diag_format(path, sizeof(path), "%s/%d/syscall", folder, tid);
	read_file(path, text, sizeof(text));
	parse_syscall(thread, text);
	diag_format(path, sizeof(path), "%s/%d/wchan", folder, tid);
	read_file(path, thread->wchan, sizeof(thread->wchan));
	if (!strcmp(thread->wchan, "0"))
		thread->wchan[0] = 0;
	diag_format(path, sizeof(path), "%s/%d/status", folder, tid);
	read_file(path, text, sizeof(text));
	blocked = strstr(text, "SigBlk:");
	if (blocked)
		thread->signals_blocked = hexadecimal(blocked + 7);
	return true;
}

bool thread_alive(int tid)
{
	return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}

struct dirent64 {
	uint64_t	ino;
	int64_t		offset;
	uint16_t	length;
	uint8_t		type;
	char		name[];
};

int thread_list(int pid, struct arena *arena, int **tids)
{
	char path[40] = "/proc/self/task", *buf = arena_take(arena, 1 << 16);
	int *list = arena_take(arena, THREADS_MAX * sizeof(int)), fd, nr = 0;
	long got;

	if (pid)
		diag_format(path, sizeof(path), "/proc/%d/task", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Not opendir(): that allocates. */
	while (buf && list && (got = syscall(SYS_getdents64, fd, buf, 1 << 16)) > 0) {
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buf + at);
			const char *name = entry->name;

			if (*name != '.' && nr < THREADS_MAX)
				list[nr++] = (int)decimal(&name);
			at += entry->length;
		}
	}
	close(fd);
	*tids = list;
	return nr;
}

/* ---- catching ------------------------------------------------------------------------ */

static uint64_t hash_frames(const struct frame *frames, unsigned int nr)
{
	uint64_t hash = nr;

	for (unsigned int i = 0; i < nr; i++)
		hash = (hash ^ frames[i].pc) * 0x9e3779b97f4a7c15ul;
	return hash;
}

static bool has_js(struct dump *dump, const struct frame *frames, unsigned int nr)
{
	struct js_place place;

	for (unsigned int i = 0; dump->v8 && i < nr; i++)
		if (v8_frame(dump->v8, dump->space, &frames[i], &place))
			return true;
	return false;
}

static struct stack *stack_of(struct dump *dump, const struct frame *frames, unsigned int nr)
{
	struct threads *threads = &dump->threads;
	uint64_t hash = hash_frames(frames, nr);
	struct stack *stack;
	bool js = has_js(dump, frames, nr);

	for (unsigned int i = 0; !js && i < threads->nr_stacks; i++) {
		stack = threads->stacks[i];
		if (stack->hash == hash && stack->nr == nr && !stack->js)
			return stack;
	}
	stack = arena_take(dump->arena, sizeof(*stack));
	if (!stack)
		return NULL;
	*stack = (struct stack){ .nr = nr, .hash = hash, .js = js, .index = threads->nr_stacks };
	stack->frames = arena_take(dump->arena, nr * sizeof(*frames));
	if (!stack->frames)
		return NULL;
	memcpy(stack->frames, frames, nr * sizeof(*frames));
	threads->stacks[threads->nr_stacks++] = stack;
	return stack;
}

static void unwind(struct dump *dump, struct thread *thread, const struct caught *caught)
{
	static struct frame frames[FRAMES_MAX];
	unsigned int nr = space_unwind(dump->space, caught, frames, FRAMES_MAX);

	thread->sp = caught->regs[REG_SP];	/* the kernel tells it of those that sleep only */
	thread->role = thread_role(dump->space, frames, nr);
	thread->stack = stack_of(dump, frames, nr);
	if (thread->stack)
		thread->stack->nr_threads++;
}

/* What the kernel tells of a thread in a system call: enough to begin with. */
static void unwind_silent(struct dump *dump, struct thread *thread)
{
	struct caught caught = { .known = 1u << REG_SP | 1u << REG_PC };

	if (!thread->pc)
		return;
	caught.regs[REG_SP] = thread->sp;
	caught.regs[REG_PC] = thread->pc;
	unwind(dump, thread, &caught);
}

static bool takes_signals(const struct thread *thread)
{
	return !(thread->signals_blocked >> (capture_signum() - 1) & 1) && thread->state != 'Z' &&
	       thread->state != 'X' && thread->state != 'T' && thread->state != 't';
}

static void catch_batch(struct dump *dump, struct thread *batch[], unsigned int nr, uint64_t timeout)
{
	struct slot *slots[SLOTS];
	int tids[SLOTS] = { 0 };

	for (unsigned int i = 0; i < nr; i++)
		tids[i] = batch[i]->tid;
	capture_threads(dump->space, tids, nr, timeout, slots);
	for (unsigned int i = 0; i < nr; i++) {
		batch[i]->answered = slots[i] != NULL;
		if (slots[i])
			unwind(dump, batch[i], &slots[i]->caught);
		else
			dump->threads.nr_silent++;
	}
}

static void catch_all(struct dump *dump, int only_tid)
{
	struct threads *threads = &dump->threads;
	uint64_t deadline = diag_now() + ANSWER_NS;
	struct thread *batch[SLOTS];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < threads->nr; i++) {
		struct thread *thread = &threads->all[i];
		uint64_t now = diag_now(), left = now < deadline ? deadline - now : 0;

		if (thread->tid == dump->crash_tid && dump->crash_caught) {
			thread->answered = true;
			unwind(dump, thread, dump->crash_caught);
		} else if (!thread->is_collector && takes_signals(thread) && (!only_tid || thread->tid == only_tid)) {
			batch[nr++] = thread;
		}
		if (nr == SLOTS || (nr && i + 1 == threads->nr)) {
			if (left)
				catch_batch(dump, batch, nr, left < BATCH_NS ? left : BATCH_NS);
			nr = 0;
		}
	}
	if (nr)
		catch_batch(dump, batch, nr, BATCH_NS);
}

/*
 * A thread blocks all signals while a handler runs, that of the last dump for one: who
 * looked like one that never takes any is looked at once more.
 */
static void catch_late(struct dump *dump, int only_tid)
{
	int naps = 0;

	for (unsigned int i = 0; i < dump->threads.nr; i++) {
		struct thread *thread = &dump->threads.all[i], now;
		struct timespec nap = { 0, 300000 };

		if (thread->answered || thread->is_collector || takes_signals(thread) || thread->state == 'Z' ||
		    (only_tid && thread->tid != only_tid))
			continue;
		for (int tries = 0; tries < (only_tid ? 8 : 1); tries++) {
			if (thread_read(0, thread->tid, &now) && takes_signals(&now)) {
				*thread = now;
				catch_batch(dump, &thread, 1, BATCH_NS);
				break;
			}
			if (naps++ < 16)
				nanosleep(&nap, NULL);
		}
	}
}

void threads_collect(struct dump *dump, int only_tid)
{
	struct threads *threads = &dump->threads;
	int *tids, nr = thread_list(0, dump->arena, &tids);

	if (nr <= 0)
		return;
	threads->all = arena_take(dump->arena, (size_t)nr * sizeof(*threads->all));
	threads->stacks = arena_take(dump->arena, (size_t)nr * sizeof(*threads->stacks));
	if (!threads->all || !threads->stacks)
		return;
	for (int i = 0; i < nr; i++) {
		struct thread *thread = &threads->all[threads->nr];

		if (only_tid && tids[i] != only_tid)
			continue;
		if (!thread_read(0, tids[i], thread))
			continue;
		thread->is_collector = thread->tid == collector_tid();
		threads->nr++;
	}
	catch_all(dump, only_tid);
	catch_late(dump, only_tid);
	for (unsigned int i = 0; i < threads->nr; i++)
		if (!threads->all[i].stack && !threads->all[i].is_collector)
			unwind_silent(dump, &threads->all[i]);
}

struct thread *threads_find(struct dump *dump, int tid)
{
	for (unsigned int i = 0; i < dump->threads.nr; i++)
		if (dump->threads.all[i].tid == tid)
			return &dump->threads.all[i];
	return NULL;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void emit_thread(struct dump *dump, const struct thread *thread)
{
	struct diag_out *out = dump->out;
	struct record *live = record_of(thread->tid), record;
	char state[2] = { thread->state, 0 };

	out_object(out, NULL);
	out_num(out, "tid", thread->tid);
	out_str(out, "name", thread->name);
	out_str(out, "role", thread->is_collector ? "collector" : thread->role ? thread->role : "thread");
	out_str(out, "state", state);
	out_num(out, "cpuMs", (int64_t)(thread->cpu_ns / 1000000));
	if (thread->syscall >= 0 && thread->state != 'R')
		out_str(out, "syscall", syscall_name(thread->syscall));
	if (thread->wchan[0])
		out_str(out, "waitChannel", thread->wchan);
	if (thread->tid == dump->crash_tid)
		out_bool(out, "crashed", true);
	if (!thread->answered && !thread->is_collector)
		out_str(out, "silent", takes_signals(thread) ? "no answer in time" : "takes no signals");
	if (live) {
		record_read(live, &record);
		if (record.sleep_what && thread->state != 'R') {
			out_str(out, "sleepsIn", record.sleep_what);
			if (record.sleep_since)
				out_num(out, "sleepsMs", (int64_t)(diag_now() - record.sleep_since) / 1000000);
		}
		if (record.nr_taken)
			out_num(out, "locksTaken", (int64_t)record.nr_taken);
		if (record.nr_held)
			out_num(out, "locksHeld", record.nr_held);
	}
	if (thread->waits_lock) {
		char name[128];

		space_name(dump->space, thread->waits_lock, name, sizeof(name));
		out_fmt(out, "waitsFor", "%s %s", thread->waits_kind, name);
		if (thread->waits_owner)
			out_num(out, "heldBy", thread->waits_owner);
	}
	if (thread->stack)
		out_num(out, "stack", thread->stack->index);
	out_end(out);
}

static void emit_stack(struct dump *dump, const struct stack *stack)
{
	struct diag_out *out = dump->out;
	unsigned int nr = 0;

	out_object(out, NULL);
	out_num(out, "stack", stack->index);
	out_list(out, out->json ? "threads" : NULL);
	for (unsigned int i = 0; i < dump->threads.nr; i++) {
		const struct thread *thread = &dump->threads.all[i];

		if (thread->stack != stack)
			continue;
		if (out->json)
			out_num(out, NULL, thread->tid);
		else if (nr++ < 8)
			out_line(out, "thread %d \"%s\" (%s)", thread->tid, thread->name,
				 thread->role ? thread->role : "thread");
	}
	if (nr > 8)
		out_line(out, "and %u more", nr - 8);
	out_end(out);
	emit_frames(dump, stack->frames, stack->nr);
	out_end(out);
}

void threads_emit(struct dump *dump)
{
	struct diag_out *out = dump->out;

	out_list(out, "threads");
	for (unsigned int i = 0; i < dump->threads.nr; i++)
		emit_thread(dump, &dump->threads.all[i]);
	out_end(out);
	out_list(out, "stacks");
	for (unsigned int i = 0; i < dump->threads.nr_stacks; i++)
		emit_stack(dump, dump->threads.stacks[i]);
	out_end(out);
}
