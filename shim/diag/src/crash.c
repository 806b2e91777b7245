/* SPDX-License-Identifier: MIT */
/*
 * crash.c - fatal signals: the collector dumps, with the crashed thread's registers and
 * a word on the address, and the process dies of the signal it would have died of.
 *
 * The handler fills in one record, rings the collector and waits, a few seconds at
 * most; it runs on an alternate stack (altstack.c), so that an overflowed stack is told
 * as well. When the collector itself crashed, or does not answer, the handler writes
 * what it can alone. The first thread to crash is told, and the process dies of that.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "diag_impl.h"
#include "sys_mem.h"
#include "sys_nofault.h"
#include "sys_service.h"

enum { WAIT_NS = 2000000000, ROUNDS = 3, NEAR = 128 << 10 };

static const struct {
	int		signum;
	const char	*name;
} fatal[] = {
	{ SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" }, { SIGILL, "SIGILL" }, { SIGFPE, "SIGFPE" },
	{ SIGABRT, "SIGABRT" }, { SIGTRAP, "SIGTRAP" }, { SIGSYS, "SIGSYS" },
};
enum { FATAL = sizeof(fatal) / sizeof(fatal[0]) };

static struct sigaction previous[FATAL];
static bool installed;

enum { CRASH_NONE, CRASH_TOLD, CRASH_DUMPED };

static struct {
	uint32_t	state;		/* futex */
	int		tid, signum, code;
	uint64_t	addr;		/* 0 where the signal has none */
	int		sender, user, syscall;
	struct caught	caught;
	bool		taken;		/* by the collector */
} crash;
static int crashed;			/* atomic: the first to crash is told */
static char panic_text[512];
static int panic_set;

bool (*diag_crash_first)(int signum, void *info, void *context);
bool (*diag_classify)(uintptr_t addr, char *text, unsigned long bytes);

void diag_panic_reason(const char *text)
{
	int none = 0;

	/* The first one: what follows is its echo. */
	if (__atomic_compare_exchange_n(&panic_set, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		diag_format(panic_text, sizeof(panic_text), "%s", text);
}

static const char *signal_name(int signum)
{
	for (int i = 0; i < FATAL; i++)
		if (fatal[i].signum == signum)
			return fatal[i].name;
	return "a signal";
}

/* ---- the handler ----------------------------------------------------------------------- */

static void tell_alone(int signum, const siginfo_t *info, const struct caught *caught)
{
	char line[256];
	int bytes = diag_format(line, sizeof(line), "ring3: %s in thread %d: address %p, pc %#lx, sp %#lx, bp %#lx "
				"(no collector to tell more)\n", signal_name(signum), (int)syscall(SYS_gettid),
				info->si_addr, caught->regs[REG_PC], caught->regs[REG_SP], caught->regs[REG_BP]);
	ssize_t put = write(STDERR_FILENO, line, (size_t)bytes);

	(void)put;
}

static void wait_for_dump(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct timespec limit = { WAIT_NS / 1000000000, WAIT_NS % 1000000000 };
		uint32_t state = __atomic_load_n(&crash.state, __ATOMIC_ACQUIRE);

		if (state == CRASH_DUMPED)
			return;
		syscall(SYS_futex, &crash.state, FUTEX_WAIT_PRIVATE, state, &limit);
	}
}

/*
 * Die as if nobody had looked: of the same signal, with what the kernel said of it, so that a core has it. To let the
 * instruction fault again would not do: not each does (int3), and memory may have come back meanwhile.
 */
static void die_of(int signum, siginfo_t *info)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	int tid = (int)syscall(SYS_gettid);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	for (int i = 0; i < FATAL; i++)
		if (fatal[i].signum == signum)
			action = previous[i];	/* a sanitizer has its own to say */
#endif
	sigaction(signum, &action, NULL);
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, signum, info) < 0)
		syscall(SYS_tgkill, getpid(), tid, signum);
}

static void note_crash(int tid, const siginfo_t *info, const struct caught *caught)
{
	crash.tid = tid;
	crash.signum = info->si_signo;
	crash.code = info->si_code;
	crash.caught = *caught;
	if (info->si_code <= 0) {
		crash.sender = info->si_pid;
		crash.user = (int)info->si_uid;
	} else if (info->si_signo == SIGSYS) {
		crash.syscall = info->si_syscall;
	} else {
		crash.addr = (uint64_t)(uintptr_t)info->si_addr;
	}
}

static void on_crash(int signum, siginfo_t *info, void *context)
{
	int tid = (int)syscall(SYS_gettid), nobody = 0;
	struct caught caught;

	if (nofault_fixup(info, context) || (diag_crash_first && diag_crash_first(signum, info, context)))
		return;
	caught_of_context(&caught, context);
	if (!__atomic_compare_exchange_n(&crashed, &nobody, tid, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		/* Another thread's crash is being told, of which the process is to die; or ours is, and telling it crashed. */
		if (nobody != tid) {
			struct timespec first = { 1, 0 };

			wait_for_dump();
			nanosleep(&first, NULL);
		}
		die_of(signum, info);
		return;
	}
	note_crash(tid, info, &caught);
	if (tid == collector_tid() || !diag_running()) {
		tell_alone(signum, info, &caught);
	} else {
		__atomic_store_n(&crash.state, CRASH_TOLD, __ATOMIC_RELEASE);
		collector_wake_for_crash();
		wait_for_dump();
		if (__atomic_load_n(&crash.state, __ATOMIC_ACQUIRE) != CRASH_DUMPED)
			tell_alone(signum, info, &caught);
	}
	die_of(signum, info);
}

int crash_init(void)
{
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (installed)
		return 0;
	/* A capture must not come in between; nor must SIGQUIT. */
	sigfillset(&action.sa_mask);
	for (int i = 0; i < FATAL; i++)
		sigdelset(&action.sa_mask, fatal[i].signum);
	for (int i = 0; i < FATAL; i++)
		if (sigaction(fatal[i].signum, &action, &previous[i]) < 0)
			return -errno;
	installed = true;
	altstack_init();
	diag_thread_enter();
	return 0;
}

/* ---- the collector's part ----------------------------------------------------------------------- */

bool crash_pending(struct dump *dump, char *reason, size_t bytes)
{
	if (__atomic_load_n(&crash.state, __ATOMIC_ACQUIRE) != CRASH_TOLD || crash.taken)
		return false;
	crash.taken = true;
	dump->crash_tid = crash.tid;
	dump->crash_caught = &crash.caught;
	if (panic_set)
		diag_format(reason, bytes, "%s: %s", signal_name(crash.signum), panic_text);
	else
		diag_format(reason, bytes, "%s", signal_name(crash.signum));
	return true;
}

void crash_done(void)
{
	__atomic_store_n(&crash.state, CRASH_DUMPED, __ATOMIC_RELEASE);
	syscall(SYS_futex, &crash.state, FUTEX_WAKE_PRIVATE, 1024);
}

/* Whose stack ends where @guard does: of those in the memory right above it, the nearest; 0 = nobody's. */
static int stack_above(struct dump *dump, const struct mapping *guard)
{
	const struct mapping *above = space_mapping(dump->space, guard->end);
	uint64_t nearest = UINT64_MAX;
	int owner = 0;

	for (unsigned int i = 0; above && i < dump->threads.nr; i++) {
		const struct thread *thread = &dump->threads.all[i];

		if (thread->sp >= above->start && thread->sp < above->end && thread->sp < nearest) {
			nearest = thread->sp;
			owner = thread->tid;
		}
	}
	return owner;
}

/* What @value was read from, when checks of memory have filled that; NULL = not so. */
static const char *fill_of(uint64_t value)
{
	return value == MEM_ZAP_64 ? "the fill of freed memory" :
	       value == BYTES8(MEM_REDZONE_FILL) ? "the fill of a red zone" :
	       value == MEM_PATTERN_ALLOC_64 ? "the fill of memory that nobody has written to" : NULL;
}

static const char *const names[REGS] = {
	"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
	"r15", "rip",
};

/* A writable mapping begins soon above @addr: a stack may. */
static bool stack_begins_above(struct dump *dump, uint64_t addr)
{
	for (unsigned int i = 0; i < dump->space->nr_maps; i++)
		if (dump->space->maps[i].writable && dump->space->maps[i].start > addr)
			return dump->space->maps[i].start - addr <= NEAR;
	return false;
}

/*
 * A bit for each register that the instruction @code makes its address of: x86-64's encoding, Intel SDM volume 2,
 * chapter 2. 0 = none, or it is not one that we know.
 */
static uint32_t address_registers(const uint8_t code[16])
{
	static const uint8_t dwarf_of[16] = { 0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned int at = 0, b = 0, x = 0, mod, rm;
	uint32_t found = 0;

	while (at < 8 && memchr("\x66\x67\xf2\xf3\x2e\x36\x3e\x26\x64\x65\xf0", code[at], 11))
		at++;
	if (code[at] == 0xc5) {					/* VEX, the short one */
		at += 3;
	} else if (code[at] == 0xc4 || code[at] == 0x62) {	/* VEX, EVEX */
		b = code[at + 1] & 0x20 ? 0 : 8;
		x = code[at + 1] & 0x40 ? 0 : 8;
		at += code[at] == 0xc4 ? 4 : 5;
	} else {
		if ((code[at] & 0xf0) == 0x40) {		/* REX */
			b = (code[at] & 1) << 3;
			x = (code[at] & 2) << 2;
			at++;
		}
		if ((code[at] & 0xf4) == 0xa4 || (code[at] & 0xfe) == 0xaa)	/* strings: rsi, rdi */
			return 1u << 4 | 1u << 5;
		if (code[at] == 0x0f)
			at += code[at + 1] == 0x38 || code[at + 1] == 0x3a ? 2 : 1;
		at++;
	}
	mod = code[at] >> 6;
	rm = code[at] & 7;
	if (mod == 3 || (!mod && rm == 5))
		return 0;
	if (rm != 4)
		return 1u << dwarf_of[rm | b];
	if (mod || (code[at + 1] & 7) != 5)
		found |= 1u << dwarf_of[(code[at + 1] & 7) | b];
	if (((code[at + 1] >> 3 & 7) | x) != 4)
		found |= 1u << dwarf_of[(code[at + 1] >> 3 & 7) | x];
	return found;
}

/* The processor gives no address with a general protection fault (Intel SDM volume 3, 6.15): look what it ran. */
static void classify_protection(struct dump *dump, char *buf, size_t bytes)
{
	uint8_t code[24] = { 0 };
	uint64_t top;
	uint32_t used;

	space_read(dump->space, crash.caught.regs[REG_PC], code, 16);
	if ((code[0] == 0xc3 || code[0] == 0xc2) &&
	    space_get(dump->space, crash.caught.regs[REG_SP], &top, sizeof(top))) {
		diag_format(buf, bytes, "a return to %#lx: the stack was overwritten", top);
		return;
	}
	used = address_registers(code);
	for (int i = 0; i < REGS; i++) {
		int64_t value = (int64_t)crash.caught.regs[i];

		if (used >> i & 1 && (int64_t)((uint64_t)value << 16) >> 16 != value) {
			const char *fill = fill_of((uint64_t)value);

			diag_format(buf, bytes, "not canonical: a pointer with junk in its upper bits (%s)%s%s",
				    names[i], fill ? ", " : "", fill ? fill : "");
			return;
		}
	}
	diag_format(buf, bytes, "of the instruction: its operand is not aligned, or it is the kernel's to run");
}

/* What is wrong with an address that nobody of ours owns. */
static void classify_address(struct dump *dump, char *buf, size_t bytes)
{
	uint64_t addr = crash.addr, sp = crash.caught.regs[REG_SP];
	const struct mapping *mapping = space_mapping(dump->space, addr);
	const char *path = mapping && mapping->path[0] ? mapping->path : NULL;
	bool jumped = addr == crash.caught.regs[REG_PC] && (!mapping || !mapping->executable);
	int owner;

	if (addr < 65536)
		diag_format(buf, bytes, jumped ? "a call of a null pointer, %#lx behind it" :
			    "null pointer, %#lx behind it", addr);
	else if (jumped)
		diag_format(buf, bytes, "a jump to where no code is");
	else if ((!mapping || !mapping->readable) && addr < sp + NEAR && sp < addr + NEAR)
		diag_format(buf, bytes, stack_begins_above(dump, addr) ?
			    "stack overflow of thread %d: the guard page below its stack" :
			    "the stack pointer of thread %d points to no stack", crash.tid);
	else if (mapping && !mapping->readable && !mapping->writable && (owner = stack_above(dump, mapping)) != 0)
		diag_format(buf, bytes, "the guard page of thread %d's stack", owner);
	else if (mapping && crash.signum == SIGBUS)
		diag_format(buf, bytes, "beyond the end of %s", path ? path : "a mapped file");
	else if (mapping && mapping->readable && !mapping->writable)
		diag_format(buf, bytes, "read-only memory of %s", path ? path : "nobody");
	else if (mapping)
		diag_format(buf, bytes, "memory that may not be touched so (%s)", path ? path : "anonymous");
	else
		diag_format(buf, bytes, "not mapped");
}

static void classify(struct dump *dump, char *buf, size_t bytes)
{
	if (crash.code <= 0)
		diag_format(buf, bytes, "none: the signal was sent by process %d of user %d", crash.sender, crash.user);
	else if (crash.signum == SIGSYS)
		diag_format(buf, bytes, "none: %s is forbidden to this process", syscall_name(crash.syscall));
	else if (crash.signum == SIGTRAP)
		diag_format(buf, bytes, "none: a breakpoint that no debugger waits for");
	else if (crash.signum == SIGFPE || crash.signum == SIGILL)
		diag_format(buf, bytes, "of the instruction");
	else if (crash.code == SI_KERNEL && !crash.addr)
		classify_protection(dump, buf, bytes);
	else if (!diag_classify || !diag_classify(crash.addr, buf, bytes))
		classify_address(dump, buf, bytes);
}

void crash_emit(struct dump *dump)
{
	struct diag_out *out = dump->out;
	char text[1024], raw[384];

	out_object(out, "crash");
	out_str(out, "signal", signal_name(crash.signum));
	out_num(out, "code", crash.code);
	out_num(out, "tid", crash.tid);
	out_hex(out, "address", crash.addr);
	classify(dump, raw, sizeof(raw));
	expand_sites(dump->space, raw, text, sizeof(text));
	out_str(out, "addressIs", text);
	if (panic_set) {
		expand_sites(dump->space, panic_text, text, sizeof(text));
		out_str(out, "panic", text);
	}
	out_list(out, "pointers");
	for (int i = 0; i < REGS; i++) {
		uint64_t value = crash.caught.regs[i];
		const char *fill = fill_of(value);

		if (fill)
			diag_format(text, sizeof(text), "%s", fill);
		else if (diag_classify && diag_classify(value, raw, sizeof(raw)))
			expand_sites(dump->space, raw, text, sizeof(text));
		else
			continue;
		out_object(out, NULL);
		out_str(out, "register", names[i]);
		out_str(out, "is", text);
		out_end(out);
	}
	out_end(out);
	out_object(out, "registers");
	for (int i = 0; i < REGS; i++)
		out_hex(out, names[i], crash.caught.regs[i]);
	out_end(out);
	out_end(out);
}
