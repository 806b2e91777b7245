/* SPDX-License-Identifier: MIT */
/* capture.c - a thread copies its own registers and stack, in a signal handler: see capture.h. */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "capture.h"

enum { FREE, ASKED, COPYING, DONE };

static struct slot *slots;		/* SLOTS of them, mapped */
static int capture_signal;
static uint32_t nr_answers;		/* futex */
static uint32_t round_number;		/* tells a late signal from one of this round */

/*
 * Mappings of this round, for the handler: how far up the stack may be read. Written
 * by the collector before it signals; a signal of an earlier round finds its slot not
 * ASKED, and does not look.
 */
static const struct mapping *round_maps;
static unsigned int round_nr_maps;

uint64_t diag_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void caught_of_context(struct caught *caught, const void *ucontext)
{
	static const int order[REGS] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8, REG_R9, REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
	};
	const ucontext_t *context = ucontext;

	for (int i = 0; i < REGS; i++)
		caught->regs[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
	caught->known = (1u << REGS) - 1;
	caught->stack = NULL;
	caught->stack_at = caught->stack_bytes = 0;
}

static uint64_t stack_end(uint64_t sp)
{
	unsigned int low = 0, high = round_nr_maps;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (sp < round_maps[middle].start)
			high = middle;
		else if (sp >= round_maps[middle].end)
			low = middle + 1;
		else
			return round_maps[middle].readable ? round_maps[middle].end : sp;
	}
	return sp;	/* mapped since: read it live */
}

/*
 * Word by word and by hand: memcpy() may be a sanitizer's, and a stack holds what they
 * forbid to read.
 */
__attribute__((noinline, no_sanitize("address", "undefined", "thread")))
static void copy_stack(uint8_t *into, uint64_t from, uint64_t bytes)
{
	const volatile uint64_t *source = (const volatile uint64_t *)from;
	volatile uint64_t *target = (volatile uint64_t *)into;

	for (uint64_t i = 0; i < bytes / 8; i++)
		target[i] = source[i];
}

static void on_capture(int signum, siginfo_t *info, void *context)
{
	unsigned int value = (unsigned int)info->si_value.sival_int;
	struct slot *slot = &slots[value % SLOTS];
	uint32_t asked = ASKED;
	int saved = errno;
	uint64_t sp, bytes;

	(void)signum;
	if (info->si_code != SI_QUEUE || info->si_pid != getpid())
		return;
	if (value & CAPTURE_ALTSTACK) {
		altstack_take(value & ~(unsigned int)CAPTURE_ALTSTACK, context);
		return;
	}
	if (value / SLOTS != __atomic_load_n(&round_number, __ATOMIC_ACQUIRE) ||
	    !__atomic_compare_exchange_n(&slot->state, &asked, COPYING, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	caught_of_context(&slot->caught, context);
	sp = slot->caught.regs[REG_SP] & ~7ul;
	bytes = stack_end(sp) - sp;
	if (bytes > STACK_COPY)
		bytes = STACK_COPY;
	copy_stack(slot->stack, sp, bytes);
	slot->caught.stack = slot->stack;
	slot->caught.stack_at = sp;
	slot->caught.stack_bytes = bytes;
	__atomic_store_n(&slot->state, DONE, __ATOMIC_RELEASE);
	__atomic_fetch_add(&nr_answers, 1, __ATOMIC_ACQ_REL);
	syscall(SYS_futex, &nr_answers, FUTEX_WAKE_PRIVATE, 1);
	errno = saved;
}

int capture_init(int signum)
{
	struct sigaction action = { .sa_sigaction = on_capture, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };

	if (!slots) {
		slots = mmap(NULL, SLOTS * sizeof(*slots), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (slots == MAP_FAILED) {
			slots = NULL;
			return -ENOMEM;
		}
		madvise(slots, SLOTS * sizeof(*slots), MADV_DONTDUMP);
	}
	sigfillset(&action.sa_mask);
	capture_signal = signum;
	return sigaction(signum, &action, NULL) < 0 ? -errno : 0;
}

int capture_signum(void)
{
	return capture_signal;
}

int capture_self(void)
{
	return (int)syscall(SYS_gettid);
}

bool capture_send(int tid, unsigned int value)
{
	siginfo_t info = { 0 };

	info.si_signo = capture_signal;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = (int)value;
	return syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, capture_signal, &info) == 0;
}

void capture_threads(struct space *space, const int tids[], unsigned int nr, uint64_t timeout_ns,
		     struct slot *caught[])
{
	uint64_t deadline = diag_now() + timeout_ns;
	unsigned int index = 0, nr_asked = 0, used[SLOTS];

	__atomic_store_n(&nr_answers, 0, __ATOMIC_RELAXED);
	round_maps = space->maps;
	round_nr_maps = space->nr_maps;
	/* 2^26 rounds before one is met again; a signal does not stay away that long. */
	__atomic_store_n(&round_number, (round_number + 1) & 0x1ffffff, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < nr; i++) {
		struct slot *slot = NULL;

		caught[i] = NULL;
		for (; index < SLOTS && !slot; index++)
			if (__atomic_load_n(&slots[index].state, __ATOMIC_ACQUIRE) != COPYING)
				slot = &slots[index];
		if (!slot)
			continue;
		slot->tid = tids[i];
		__atomic_store_n(&slot->state, ASKED, __ATOMIC_RELEASE);
		if (capture_send(tids[i], round_number * SLOTS + index - 1)) {
			used[nr_asked++] = i;
			caught[i] = slot;
		} else {
			__atomic_store_n(&slot->state, FREE, __ATOMIC_RELAXED);
		}
	}
	for (;;) {
		uint32_t answers = __atomic_load_n(&nr_answers, __ATOMIC_ACQUIRE);
		uint64_t now = diag_now();
		struct timespec left;

		if (answers >= nr_asked || now >= deadline)
			break;
		left.tv_sec = (time_t)((deadline - now) / 1000000000u);
		left.tv_nsec = (long)((deadline - now) % 1000000000u);
		syscall(SYS_futex, &nr_answers, FUTEX_WAIT_PRIVATE, answers, &left);
	}
	for (unsigned int i = 0; i < nr_asked; i++) {
		struct slot *slot = caught[used[i]];
		uint32_t asked = ASKED;

		/* Not answered: the slot is ours again, unless its thread is copying this moment. */
		if (__atomic_compare_exchange_n(&slot->state, &asked, FREE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
		    asked != DONE)
			caught[used[i]] = NULL;
	}
}
