/* SPDX-License-Identifier: MIT */
/* frames.c - frames, sites and roles in words. */
#include <string.h>
#include <sys/syscall.h>

#include "diag_impl.h"

/* "_ZN4node10SpinEventLoopE..." -> "node::SpinEventLoop"; what is not that simple stays as it is. */
static const char *plain_name(const char *name, char *buf, size_t bytes)
{
	const char *at = name;
	size_t used = 0;
	bool nested = false;

	if (strncmp(name, "_Z", 2))
		return name;
	at += 2;
	if (*at == 'N') {
		nested = true;
		at++;
		while (*at == 'K' || *at == 'V' || *at == 'r')
			at++;
	}
	do {
		size_t length = 0;

		if (*at == 'L')		/* of this file only */
			at++;
		while (*at >= '0' && *at <= '9')
			length = length * 10 + (size_t)(*at++ - '0');
		if (!length || strnlen(at, length) < length || used + length + 3 > bytes)
			return used && nested ? buf : name;
		if (used) {
			buf[used++] = ':';
			buf[used++] = ':';
		}
		if (length >= 12 && !strncmp(at, "_GLOBAL__N_1", 12)) {
			memcpy(buf + used, "(anon)", 6);
			used += 6;
		} else {
			memcpy(buf + used, at, length);
			used += length;
		}
		buf[used] = 0;
		at += length;
	} while (nested && ((*at >= '0' && *at <= '9') || *at == 'L'));
	return buf;
}

/* What the compiler called it tells parts of a function apart that a reader has no name for: "fn.cold", "fn.part.0". */
static const char *what_runs(const struct place *place)
{
	if (place->nr_lines && place->lines[place->nr_lines - 1].function)
		return place->lines[place->nr_lines - 1].function;
	return place->function ? place->function : place->executable && !place->image ? "[made code]" : NULL;
}

/* ---- sites -------------------------------------------------------------------------- */

/* Functions of a header that were inlined there are not where somebody looks: the first in a .c file is. */
static const struct source_line *line_of_site(const struct place *place)
{
	for (unsigned int i = 0; i < place->nr_lines; i++) {
		const char *file = place->lines[i].file;
		size_t length = file ? strlen(file) : 0;

		if (length > 2 && strcmp(file + length - 2, ".h"))
			return &place->lines[i];
	}
	return place->nr_lines ? &place->lines[0] : NULL;
}

void site_text(struct space *space, const void *site, char *buf, size_t bytes)
{
	const struct place *place = space_place(space, (uintptr_t)site, false);
	const struct source_line *line = line_of_site(place);
	const char *function = line && line->function ? line->function : place->function;

	if (line && line->file)
		diag_format(buf, bytes, "%s at %s:%u", function ? function : "?", line->file, line->line);
	else if (place->image)
		diag_format(buf, bytes, "%s+%#lx (%s+%#lx)", function ? function : "?", place->offset,
			    place->image->name, place->addr);
	else
		diag_format(buf, bytes, "%#lx", (uintptr_t)site);
}

/* ---- frames --------------------------------------------------------------------------- */

static bool js_of(struct v8 *v8, struct space *space, const struct frame *frame, const struct place *place,
		  struct js_place *js)
{
	/* JavaScript runs in code made at run time, or in V8's own builtins on its behalf. */
	if (!v8 || (place->image && (!place->function || strncmp(place->function, "Builtins_", 9))))
		return false;
	return v8_frame(v8, space, frame, js);
}

static void emit_frame_json(struct dump *dump, const struct frame *frame)
{
	const struct place *place = space_place(dump->space, frame->pc, frame->exact);
	struct diag_out *out = dump->out;
	const char *function = what_runs(place);
	struct js_place js;
	char name[256];

	out_object(out, NULL);
	if (frame->skipped)
		out_num(out, "skipped", frame->skipped);
	out_hex(out, "pc", frame->pc);
	if (place->image) {
		out_str(out, "module", place->image->name);
		out_hex(out, "address", place->addr);
	}
	if (function) {
		out_str(out, "function", plain_name(function, name, sizeof(name)));
		out_num(out, "offset", (int64_t)place->offset);
	}
	if (place->nr_lines && place->lines[place->nr_lines - 1].file) {
		const struct source_line *line = &place->lines[place->nr_lines - 1];

		out_str(out, "file", line->file);
		out_num(out, "line", line->line);
	}
	if (place->nr_lines > 1) {
		out_list(out, "inlined");
		for (unsigned int i = 0; i + 1 < place->nr_lines; i++) {
			out_object(out, NULL);
			out_str(out, "function", place->lines[i].function ? place->lines[i].function : "?");
			out_str(out, "file", place->lines[i].file ? place->lines[i].file : "?");
			out_num(out, "line", place->lines[i].line);
			out_end(out);
		}
		out_end(out);
	}
	if (js_of(dump->v8, dump->space, frame, place, &js)) {
		out_object(out, "js");
		out_str(out, "function", js.function);
		out_str(out, "file", js.file);
		out_num(out, "line", js.line);
		out_num(out, "column", js.column);
		out_end(out);
	}
	out_end(out);
}

#define SKIPPED "... %u frames ..."

static size_t frame_line(struct space *space, struct v8 *v8, const struct frame *frame, unsigned int number, char *buf,
			 size_t bytes)
{
	const struct place *place = space_place(space, frame->pc, frame->exact);
	const char *function = what_runs(place);
	struct js_place js;
	size_t used = 0;
	char name[256];

#define ADD(...)	(used += (size_t)diag_format(buf + used, bytes - used, __VA_ARGS__), \
			 used = used < bytes ? used : bytes - 1)
	ADD("#%-2u ", number);
	if (js_of(v8, space, frame, place, &js)) {
		ADD("js %s", js.function[0] ? js.function : "(anonymous)");
		if (js.file[0])
			ADD(" at %s:%u:%u", js.file, js.line, js.column);
		return used;
	}
	for (unsigned int i = 0; i + 1 < place->nr_lines; i++)
		ADD("%s at %s:%u, inlined in\n    ", place->lines[i].function ? place->lines[i].function : "?",
		    place->lines[i].file ? place->lines[i].file : "?", place->lines[i].line);
	if (function)
		ADD("%s", plain_name(function, name, sizeof(name)));
	else
		ADD("%#lx", frame->pc);
	if (place->nr_lines && place->lines[place->nr_lines - 1].file)
		ADD(" at %s:%u", place->lines[place->nr_lines - 1].file, place->lines[place->nr_lines - 1].line);
	else if (function && place->image)
		ADD("+%#lx", place->offset);
	if (place->image)
		ADD(" (%s+%#lx)", place->image->name, place->addr);
#undef ADD
	return used;
}

size_t frames_text(struct space *space, struct v8 *v8, const struct frame frames[], unsigned int nr, char *buf,
		   size_t bytes)
{
	unsigned int skipped = 0;
	size_t used = 0;

	buf[0] = 0;
	for (unsigned int i = 0; i < nr && used + 600 < bytes; i++) {
		skipped += frames[i].skipped;
		if (frames[i].skipped)
			used += (size_t)diag_format(buf + used, bytes - used, SKIPPED "\n", frames[i].skipped);
		used += frame_line(space, v8, &frames[i], i + skipped, buf + used, bytes - used - 2);
		buf[used++] = '\n';
		buf[used] = 0;
	}
	return used;
}

void emit_frames(struct dump *dump, const struct frame frames[], unsigned int nr)
{
	unsigned int skipped = 0;
	char line[2048];

	if (!dump->out->json) {
		for (unsigned int i = 0; i < nr; i++) {
			skipped += frames[i].skipped;
			if (frames[i].skipped)
				out_line(dump->out, SKIPPED, frames[i].skipped);
			frame_line(dump->space, dump->v8, &frames[i], i + skipped, line, sizeof(line));
			out_line(dump->out, "%s", line);
		}
		return;
	}
	out_list(dump->out, "frames");
	for (unsigned int i = 0; i < nr; i++)
		emit_frame_json(dump, &frames[i]);
	out_end(dump->out);
}

/* ---- for who has addresses only -------------------------------------------------------- */

static int text_busy;	/* atomic: somebody has the space of text_space() */

/* NULL: another thread has it, or there is none. */
static struct space *text_space(void)
{
	static struct space space;
	static bool opened;

	if (__atomic_exchange_n(&text_busy, 1, __ATOMIC_ACQUIRE))
		return NULL;
	if (opened ? space_refresh(&space) == 0 : space_open(&space, 0) == 0)
		opened = true;
	if (!opened)
		__atomic_store_n(&text_busy, 0, __ATOMIC_RELEASE);
	return opened ? &space : NULL;
}

unsigned long diag_frames_text(void *const frames[], unsigned int nr, char *buf, unsigned long bytes)
{
	struct space *space = text_space();
	size_t used = 0;

	for (unsigned int i = 0; space && i < nr && used + 600 < bytes; i++) {
		const struct frame frame = { .pc = (uintptr_t)frames[i] };

		buf[used++] = ' ';
		buf[used++] = ' ';
		used += frame_line(space, NULL, &frame, i, buf + used, bytes - used - 2);
		buf[used++] = '\n';
		buf[used] = 0;
	}
	if (space)
		__atomic_store_n(&text_busy, 0, __ATOMIC_RELEASE);
	return used;
}

void diag_site_text(const void *site, char *buf, unsigned long bytes)
{
	struct space *space = text_space();

	if (!space) {
		diag_format(buf, bytes, "%#lx", (uintptr_t)site);
		return;
	}
	site_text(space, site, buf, bytes);
	__atomic_store_n(&text_busy, 0, __ATOMIC_RELEASE);
}

/* ---- roles ------------------------------------------------------------------------------- */

const char *thread_role(struct space *space, const struct frame frames[], unsigned int nr)
{
	static const struct {
		const char	*part, *role;
	} roles[] = {
		{ "worker_main", "kworker" },
		{ "kthread_main", "kthread" },
		{ "etask_thread", "event task" },
		{ "thread_main", "thread" },
		{ "StartIoThread", "node inspector" },
		{ "PlatformWorkerThread", "node platform worker" },
		{ "DelayedTaskScheduler", "node platform timer" },
		{ "uv__signal", "libuv" },
		{ "_ZN4node6worker6Worker", "node worker" },
		{ "_ZN4node5StartEiPPc", "node" },
		{ "listen_for_signals", "signal listener" },
		{ "probe_main", "prober" },
	};

	/* From the outside in: what the thread was made for stands there. kworkers are kthreads first. */
	for (size_t role = 0; role < sizeof(roles) / sizeof(roles[0]); role++)
		for (unsigned int i = nr; i-- > 0;) {
			const struct place *place = space_place(space, frames[i].pc, frames[i].exact);

			if (place->function && strstr(place->function, roles[role].part))
				return roles[role].role;
		}
	for (unsigned int i = nr; i-- > 0;) {
		const struct place *place = space_place(space, frames[i].pc, frames[i].exact);

		if (!place->function || strcmp(place->function, "worker") || !place->image)
			continue;
		return strncmp(place->image->name, "node", 4) ? "aio worker" : "libuv pool";
	}
	return NULL;
}

const char *syscall_name(long number)
{
	static char other[24];

	switch (number) {
#define NAME(name)	case SYS_##name: return #name;
	NAME(read) NAME(write) NAME(poll) NAME(ppoll) NAME(select) NAME(pselect6) NAME(epoll_wait)
	NAME(epoll_pwait) NAME(epoll_pwait2) NAME(futex) NAME(nanosleep) NAME(clock_nanosleep) NAME(pause)
	NAME(recvmsg) NAME(recvfrom) NAME(sendmsg) NAME(sendto) NAME(accept) NAME(accept4) NAME(connect)
	NAME(pread64) NAME(pwrite64) NAME(readv) NAME(writev) NAME(preadv) NAME(pwritev) NAME(preadv2)
	NAME(pwritev2) NAME(fsync) NAME(fdatasync) NAME(sync_file_range) NAME(fallocate) NAME(io_uring_enter)
	NAME(wait4) NAME(waitid) NAME(rt_sigtimedwait) NAME(rt_sigsuspend) NAME(rt_sigreturn) NAME(ioctl)
	NAME(fcntl) NAME(flock) NAME(openat) NAME(open) NAME(close) NAME(mmap) NAME(munmap) NAME(madvise)
	NAME(restart_syscall) NAME(sched_yield) NAME(io_getevents) NAME(ptrace) NAME(sendfile) NAME(splice)
#undef NAME
	}
	diag_format(other, sizeof(other), "syscall %ld", number);
	return other;
}
