/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the bodies behind sys_assert.h and sys_debug.h.
 *
 * A line is formatted on the stack and leaves in one write, so that lines of
 * several threads do not mix, and so that a report works when the heap does not.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "diag.h"
#include "sys_debug.h"
#include "sys_mem.h"

#define LINE_BYTES	2048

int sys_trace_enabled_syscall;

/* Not inline and not empty to the compiler: a debugger must find a call here. */
void __attribute__((noinline)) bp(void)
{
	__asm__ volatile("");
}

void __attribute__((noinline)) sys_breakpoint(void)
{
	__asm__ volatile("");
}

/* ---- text ----------------------------------------------------------------- */

static void write_all(const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t put = write(STDERR_FILENO, text, bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return;		/* stderr is closed or full: nowhere to say it */
		text += put;
		bytes -= (size_t)put;
	}
}

uint32_t sys_eprint_prefix_str(char *buf, uint32_t bytes)
{
	struct timespec now;
	int length;

	clock_gettime(CLOCK_REALTIME, &now);
	length = snprintf(buf, bytes, "%ld.%09ld [%d]", (long)now.tv_sec, now.tv_nsec, (int)syscall(SYS_gettid));
	return (uint32_t)length < bytes ? (uint32_t)length : bytes ? bytes - 1 : 0;
}

static void __attribute__((format(printf, 2, 0))) veprintf(const char *tag, const char *format, va_list args)
{
	char line[LINE_BYTES];
	size_t used = sys_eprint_prefix_str(line, sizeof(line));
	int more = snprintf(line + used, sizeof(line) - used, ": %s", tag);

	used += (size_t)more;
	more = vsnprintf(line + used, sizeof(line) - used, format, args);
	if (more < 0)
		more = 0;
	used += (size_t)more;
	if (used >= sizeof(line)) {
		used = sizeof(line) - 1;
		line[used - 1] = '\n';
	}
	write_all(line, used);
}

void sys_eprintf(sstring_t format, ...)
{
	va_list args;

	va_start(args, format);
	veprintf("", format, args);
	va_end(args);
}

char *sys_vsprintf(sstring_t format, va_list args)
{
	va_list again;
	char *text;
	int bytes;

	va_copy(again, args);
	bytes = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = bytes < 0 ? NULL : mem_alloc((size_t)bytes + 1, "sys_sprintf");
	if (text)
		vsnprintf(text, (size_t)bytes + 1, format, args);
	return text;
}

char *sys_sprintf(sstring_t format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = sys_vsprintf(format, args);
	va_end(args);
	return text;
}

char *sys_sprintf_append(string_t text, sstring_t format, ...)
{
	char *more, *both = NULL;
	va_list args;

	va_start(args, format);
	more = sys_vsprintf(format, args);
	va_end(args);
	if (!text)
		return more;
	if (more)
		both = sys_sprintf("%s%s", text, more);
	mem_free(more, "sys_sprintf_append");
	mem_free(text, "sys_sprintf_append");
	return both;
}

/* ---- symbols and backtraces ------------------------------------------------ */

/* "NAME+0x12 (FILE)" at @out; length, 0 when nothing is known. */
static int symbol_to(char *out, size_t bytes, uintptr_t addr)
{
	const char *file;
	Dl_info info;

	if (!dladdr((void *)addr, &info) || !info.dli_fname)
		return 0;
	file = strrchr(info.dli_fname, '/');
	file = file ? file + 1 : info.dli_fname;
	if (info.dli_sname)
		return snprintf(out, bytes, "%s+0x%lx (%s)", info.dli_sname,
				(unsigned long)(addr - (uintptr_t)info.dli_saddr), file);
	/* What addr2line -e FILE takes. */
	return snprintf(out, bytes, "0x%lx (%s)", (unsigned long)(addr - (uintptr_t)info.dli_fbase), file);
}

/*
 * What the functions here answer with, good until the thread's next call of the same
 * one. Mapped at the first use, not __thread: the library's own thread-local bytes come
 * out of the little that a process keeps for libraries that are loaded late.
 */
struct answers {
	char symbol[256];
	char reference[256];
	char frames[8192];
	char reason[512];
};

static pthread_key_t answers_key;
static pthread_once_t answers_once = PTHREAD_ONCE_INIT;

static void answers_free(void *answers)
{
	munmap(answers, sizeof(struct answers));
}

static void answers_init(void)
{
	if (pthread_key_create(&answers_key, answers_free) != 0)
		abort();
}

static struct answers *my_answers(void)
{
	static struct answers shared;	/* better mixed than none, where no memory is left */
	struct answers *mine;

	pthread_once(&answers_once, answers_init);
	mine = pthread_getspecific(answers_key);
	if (mine)
		return mine;
	mine = mmap(NULL, sizeof(*mine), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mine == MAP_FAILED)
		return &shared;
	pthread_setspecific(answers_key, mine);
	return mine;
}

sstring_t sys_symbol(uintptr_t addr)
{
	char *text = my_answers()->symbol;

	if (!symbol_to(text, sizeof(my_answers()->symbol), addr))
		text[0] = 0;
	return text;
}

sstring_t sys_symbol_stack_ref(uintptr_t addr, uintptr_t sp, uintptr_t bp)
{
	enum { NEAR = 64 * 1024 };
	char *text = my_answers()->reference;
	size_t bytes = sizeof(my_answers()->reference);
	long from_sp = (long)(addr - sp), from_bp = (long)(addr - bp);

	if (from_bp > -NEAR && from_bp <= 0 && bp)
		snprintf(text, bytes, "[BP-%08lx (%ld)]", -from_bp, from_bp);
	else if (from_sp >= 0 && from_sp < NEAR)
		snprintf(text, bytes, "[SP+%08lx (%ld)]", from_sp, from_sp);
	else
		return sys_symbol(addr);
	return text;
}

uint32_t sys_backtrace_get_max(void *frames[], uint32_t max)
{
	int count = backtrace(frames, (int)max);

	return count < 0 ? 0 : (uint32_t)count;
}

sstring_t sys_backtrace_fmt(void *frames[], uint32_t count)
{
	char *text = my_answers()->frames;
	size_t used = diag_frames_text(frames, count, text, sizeof(my_answers()->frames));

	if (used)
		return text;
	text[0] = 0;
	for (uint32_t i = 0; i < count && used + 320 < sizeof(my_answers()->frames); i++) {
		uintptr_t addr = (uintptr_t)frames[i];

		used += (size_t)snprintf(text + used, 64, "  #%-2u %#lx ", i, (unsigned long)addr);
		used += (size_t)symbol_to(text + used, 250, addr) < 250 ? strlen(text + used) : 249;
		text[used++] = '\n';
		text[used] = 0;
	}
	return text;
}

void sys_backtrace_dump(void *frames[], uint32_t count)
{
	sstring_t text = sys_backtrace_fmt(frames, count);

	write_all(text, strlen(text));
}

sstring_t sys_reason(sstring_t format, ...)
{
	char *text = my_answers()->reason;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(my_answers()->reason), format, args);
	va_end(args);
	return text;
}

/* ---- dumps ------------------------------------------------------------------ */

/* Read memory that may not be there: the kernel looks for us. */
static bool peek(uintptr_t addr, void *into, size_t bytes)
{
	struct iovec here = { into, bytes }, there = { (void *)addr, bytes };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)bytes;
}

static void dump_line(uintptr_t addr, uintptr_t end, uintptr_t sp, uintptr_t bp)
{
	unsigned char bytes[16];
	char line[256];
	size_t count = end - addr < 16 ? end - addr : 16, used;

	used = (size_t)snprintf(line, sizeof(line), "  %#018lx ", (unsigned long)addr);
	if (!peek(addr, bytes, count)) {
		used += (size_t)snprintf(line + used, sizeof(line) - used, " not readable\n");
		write_all(line, used);
		return;
	}
	for (size_t i = 0; i < 16; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, i < count ? " %02x" : "   ", bytes[i]);
	line[used++] = ' ';
	line[used++] = ' ';
	for (size_t i = 0; i < count; i++)
		line[used++] = bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '.';
	if (sp && count == 16) {
		uintptr_t words[2];

		memcpy(words, bytes, sizeof(words));
		used += (size_t)snprintf(line + used, sizeof(line) - used, "  %.40s",
					 sys_symbol_stack_ref(words[0], sp, bp));
		used += (size_t)snprintf(line + used, sizeof(line) - used, "  %.40s",
					 sys_symbol_stack_ref(words[1], sp, bp));
	}
	line[used++] = '\n';
	write_all(line, used);
}

void mem_dump_stack(uintptr_t start, uintptr_t end, uintptr_t sp, uintptr_t bp, sstring_t reason)
{
	enum { MOST = 64 * 1024 };

	sys_eprintf("memory %#lx to %#lx: %s\n", (unsigned long)start, (unsigned long)end, reason);
	if (end > start && end - start > MOST)
		end = start + MOST;	/* nobody reads more, and a wrong end must not fill the disk */
	for (uintptr_t addr = start; addr < end; addr += 16)
		dump_line(addr, end, sp, bp);
}

void mem_dump(uintptr_t start, uintptr_t end, sstring_t reason)
{
	mem_dump_stack(start, end, 0, 0, reason);
}

void sys_signal_dump(int signum, siginfo_t *info, ucontext_t *context, sstring_t whence)
{
	char line[256];
	int used = snprintf(line, sizeof(line), "ring3: signal %d (%s) in %s: address %p, code %d\n", signum,
			    sigabbrev_np(signum) ? sigabbrev_np(signum) : "?", whence,
			    info ? info->si_addr : NULL, info ? info->si_code : 0);

	write_all(line, (size_t)used);
#ifdef __x86_64__
	if (context) {
		greg_t *reg = context->uc_mcontext.gregs;

		used = snprintf(line, sizeof(line), "  rip %#llx rsp %#llx rbp %#llx rax %#llx rdi %#llx rsi %#llx\n",
				reg[REG_RIP], reg[REG_RSP], reg[REG_RBP], reg[REG_RAX], reg[REG_RDI], reg[REG_RSI]);
		write_all(line, (size_t)used);
	}
#else
	(void)context;
#endif
}

/* ---- failed checks, panics ---------------------------------------------------- */

static void __attribute__((noreturn)) die(void)
{
	if (SYS_SERVICE && SYS_SERVICE->op.SS_abort)
		SYS_SERVICE->op.SS_abort();
	abort();
}

static void end_check(bool fatal)
{
	if (fatal)
		die();
	if (SYS_SERVICE && SYS_SERVICE->op.SS_backtrace)
		SYS_SERVICE->op.SS_backtrace("an expectation was not met");
	sys_breakpoint();
}

/* The caller's own words, without the space every format begins with. */
#define OWN_WORDS(text, format)						\
	char text[512];							\
	va_list args;							\
	va_start(args, format);						\
	vsnprintf(text, sizeof(text), format[1] ? format : "", args);	\
	va_end(args)

static const char *tier(bool fatal)
{
	return fatal ? "PANIC: check failed" : "WARNING: expectation not met";
}

void sys_check_failed(bool fatal, sstring_t where, sstring_t function, sstring_t condition, bool is_signed,
		      uint64_t x, uint64_t y, sstring_t format, ...)
{
	OWN_WORDS(own, format);

	if (fatal)
		diag_panic_reason(condition);
	sys_eprintf(is_signed ? "%s: %s: %s(): %s: %" PRId64 " (0x%" PRIx64 ") and %" PRId64 " (0x%" PRIx64 ")%s\n"
			      : "%s: %s: %s(): %s: %" PRIu64 " (0x%" PRIx64 ") and %" PRIu64 " (0x%" PRIx64 ")%s\n",
		    tier(fatal), where, function, condition, x, x, y, y, own);
	end_check(fatal);
}

void sys_check_failed_condition(bool fatal, sstring_t where, sstring_t function, sstring_t condition,
				sstring_t format, ...)
{
	OWN_WORDS(own, format);

	if (fatal)
		diag_panic_reason(condition);
	sys_eprintf("%s: %s: %s(): %s%s\n", tier(fatal), where, function, condition, own);
	end_check(fatal);
}

void sys_check_failed_errno(bool fatal, sstring_t where, sstring_t function, sstring_t call, int error,
			    sstring_t format, ...)
{
	int number = error < 0 ? -error : error;
	OWN_WORDS(own, format);

	sys_eprintf("%s: %s: %s(): %s: errno=%d %s%s\n", tier(fatal), where, function, call, number,
		    strerror(number), own);
	end_check(fatal);
}

void sys_panic_at(sstring_t function, sstring_t format, ...)
{
	va_list args;
	char tag[128];

	char text[256];

	snprintf(tag, sizeof(tag), "PANIC in %s():", function);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	diag_panic_reason(text);
	va_end(args);
	va_start(args, format);
	veprintf(tag, format, args);
	va_end(args);
	write_all("\n", 1);
	die();
}
