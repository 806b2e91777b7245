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
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

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

bool nofault_copy(void *to, const void *from, size_t bytes)
{
	return ring3_nofault_copy(to, from, bytes);
}

bool nofault_fixup(int signum, void *context)
{
	greg_t *pc = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	if (signum != SIGBUS || (uintptr_t)*pc < (uintptr_t)ring3_nofault_copy ||
	    (uintptr_t)*pc >= (uintptr_t)ring3_nofault_end)
		return false;
	*pc = (greg_t)(uintptr_t)ring3_nofault_fault;
	return true;
}

static void on_bus_error(int signum, siginfo_t *info, void *context)
{
	if (nofault_fixup(signum, context))
		return;
	if (previous.sa_flags & SA_SIGINFO)
		previous.sa_sigaction(signum, info, context);
	else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
		previous.sa_handler(signum);
	else
		sigaction(signum, &previous, NULL);	/* the fault happens again, and is nobody's */
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
			action.sa_flags = previous.sa_flags | SA_SIGINFO | SA_ONSTACK;
			action.sa_mask = previous.sa_mask;
			rc = sigaction(SIGBUS, &action, NULL) ? -errno : 0;
		}
		started = !rc;
	}
	pthread_mutex_unlock(&start_lock);
	return rc;
}
