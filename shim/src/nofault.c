/* SPDX-License-Identifier: MIT */
/*
 * nofault.c - a copy that SIGBUS ends early.
 *
 * The copy is one function in assembly, so that the handler can tell by the program
 * counter whether it was the one that faulted, and send it to its other end. That costs
 * a good copy nothing: no system call, nothing to set up. String moves are as fast as any
 * loop for the sizes disks have.
 *
 * Locking: start_lock, a leaf.
 */
#include "sys_nofault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* to, from, bytes as the ABI has them; eax is bool. */
__asm__(".text\n"
	".p2align 4\n"
	".hidden ring3_nofault_copy, ring3_nofault_end, ring3_nofault_fault\n"
	".globl ring3_nofault_copy, ring3_nofault_end, ring3_nofault_fault\n"
	".type ring3_nofault_copy, @function\n"
	"ring3_nofault_copy:\n"
	".cfi_startproc\n"
	"	movq %rdx, %rcx\n"
	"	shrq $3, %rcx\n"
	"	rep movsq\n"
	"	movl %edx, %ecx\n"
	"	andl $7, %ecx\n"
	"	rep movsb\n"
	"	movl $1, %eax\n"
	"ring3_nofault_end:\n"
	"	ret\n"
	"ring3_nofault_fault:\n"
	"	xorl %eax, %eax\n"
	"	ret\n"
	".cfi_endproc\n"
	".size ring3_nofault_copy, . - ring3_nofault_copy\n");

bool ring3_nofault_copy(void *to, const void *from, size_t bytes);
extern const char ring3_nofault_end[], ring3_nofault_fault[];

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static bool started;
static struct sigaction previous;
static atomic_bool was_called;	/* previous, if only once */

void nofault_thread_enter(void)
{
	sigset_t bus;

	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
}

bool nofault_copy(void *to, const void *from, size_t bytes)
{
	return ring3_nofault_copy(to, from, bytes);
}

/* By a process, or of a page that nobody touches: whatever it came in between did not do it. */
static bool was_sent(const siginfo_t *info)
{
	return info->si_code <= 0 || info->si_code == BUS_MCEERR_AO;
}

bool nofault_fixup(const siginfo_t *info, void *context)
{
	greg_t *pc = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	if (info->si_signo != SIGBUS || was_sent(info) || (uintptr_t)*pc < (uintptr_t)ring3_nofault_copy ||
	    (uintptr_t)*pc >= (uintptr_t)ring3_nofault_end)
		return false;
	*pc = (greg_t)(uintptr_t)ring3_nofault_fault;
	return true;
}

/* As the kernel would have done it, had we not been there. */
static void do_default(siginfo_t *info)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	int saved = errno;

	sigaction(SIGBUS, &action, NULL);
	/* A fault happens again; what was sent has to be sent again. */
	if (was_sent(info)) {
		pid_t tid = (pid_t)syscall(SYS_gettid);

		if (syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGBUS, info) < 0)
			syscall(SYS_tgkill, getpid(), tid, SIGBUS);
	}
	errno = saved;
}

static void on_bus_error(int signum, siginfo_t *info, void *context)
{
	if (nofault_fixup(info, context))
		return;
	if (previous.sa_handler == SIG_IGN && was_sent(info))
		return;
	/* Who asked to be called once was, if so. */
	if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN ||
	    (previous.sa_flags & SA_RESETHAND && atomic_exchange(&was_called, true)))
		do_default(info);
	else if (previous.sa_flags & SA_SIGINFO)
		previous.sa_sigaction(signum, info, context);
	else
		previous.sa_handler(signum);
}

int nofault_start(void)
{
	struct sigaction action = { .sa_sigaction = on_bus_error };
	int rc = 0;

	pthread_mutex_lock(&start_lock);
	if (!started) {
		if (sigaction(SIGBUS, NULL, &previous)) {
			rc = -errno;
		} else {
			/* As who was there before wants it: its stack, and what may not come in between. */
			action.sa_flags = (previous.sa_flags & ~SA_RESETHAND) | SA_SIGINFO | SA_ONSTACK;
			action.sa_mask = previous.sa_mask;
			rc = sigaction(SIGBUS, &action, NULL) ? -errno : 0;
		}
		started = !rc;
	}
	pthread_mutex_unlock(&start_lock);
	return rc;
}
