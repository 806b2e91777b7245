/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_CAPTURE_H
#define RING3_DIAG_CAPTURE_H

/*
 * capture.h - private to shim/diag: the stacks of our own threads.
 *
 * The collector signals a thread; its handler copies the registers and the stack's
 * upper end into a slot, and returns: a few microseconds, no lock, no allocation, no
 * call into libc but the one that wakes the collector. Unwinding comes later, on the
 * copy. A thread that does not answer by the deadline, because it blocks all signals
 * or never gets a CPU, keeps its slot from being used again until it does.
 *
 * Threads: the collector's only.
 */
#include "space.h"

enum {
	SLOTS = 64,
	STACK_COPY = 48 << 10,		/* bytes of a stack at most; deeper frames are read live */
};

struct slot {
	uint32_t	state;		/* atomic */
	int		tid;
	struct caught	caught;
	uint8_t		stack[STACK_COPY];
};

/* Install the handler, on @signum. 0 or -errno. */
int capture_init(int signum);
int capture_signum(void);

/*
 * Catch @nr (up to SLOTS) threads of @tids; @slots[i] is NULL where one did not answer
 * within @timeout_ns. The slots stay filled until the next call.
 */
void capture_threads(struct space *space, const int tids[], unsigned int nr, uint64_t timeout_ns,
		     struct slot *slots[]);

/*
 * Send @tid the signal for something else than its stack: altstack_take() is called in its handler. False: it could
 * not be sent.
 */
enum { CAPTURE_ALTSTACK = 1u << 31 };
bool capture_send(int tid, unsigned int value);
int capture_self(void);		/* the calling thread's id; in a handler */
void altstack_take(unsigned int index, void *context);

/* From a signal's context, for a thread that crashed or wants its own. Safe in a handler. */
void caught_of_context(struct caught *caught, const void *ucontext);

uint64_t diag_now(void);	/* CLOCK_MONOTONIC ns */

#endif /* RING3_DIAG_CAPTURE_H */
