/* SPDX-License-Identifier: MIT */
#ifndef RING3_SYS_NOFAULT_H
#define RING3_SYS_NOFAULT_H

/*
 * sys_nofault.h - copying to or from a mapped file that somebody may truncate, or whose
 * file system may be full: where there is no page, the copy ends early instead of the
 * process.
 *
 * Threads: any. Nothing here sleeps, apart from the page faults themselves.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Before the first copy, once or more often: takes SIGBUS over. Whatever is not such a copy
 * goes on to the handler that was there before. Who installs one later, as crash reports do,
 * asks nofault_fixup() first. 0 or -errno.
 */
int nofault_start(void);

/*
 * A thread of ours, as it begins: a fault while SIGBUS is blocked would end the process, and who waits for his signals
 * with signalfd() or sigwait() blocks all of them before he starts anything.
 */
void nofault_thread_enter(void);

/* False: SIGBUS came, and how much of it was copied is not known. The ranges do not overlap. */
bool nofault_copy(void *to, const void *from, size_t bytes);

/* In a signal's handler, with its ucontext: true = it was a copy's fault, and returning ends it early. */
bool nofault_fixup(const siginfo_t *info, void *context);

#endif /* RING3_SYS_NOFAULT_H */
