/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_INJECT_H
#define RING3_TEST_INJECT_H

/*
 * inject.h - failures of system calls and of memory, chosen by a test.
 *
 * The test binary defines these functions itself, so the library's calls come here
 * first; without a rule they go on to libc, or to the library. Threads: any.
 */
#include <stdatomic.h>
#include <stdint.h>

enum call {
	CALL_PREADV2, CALL_PWRITEV2, CALL_PWRITE, CALL_FDATASYNC, CALL_FALLOCATE, CALL_PTHREAD_CREATE,
	CALL_EPOLL_CTL, CALL_MEM, /* mem_alloc, mem_zalloc, mem_realloc */
	CALL_URING_SETUP, CALL_URING_ENTER, CALL_URING_REGISTER, CALL_URING_RESULT, /* of a completion */
	CALL_IO_SETUP, CALL_IO_SUBMIT, CALL_IO_GETEVENTS, CALL_IO_RESULT,
	NR_CALLS
};

/* Let @skip calls pass; then the next @count (-1 = all) fail with @err, or, when it is 0, do nothing and return 0. */
void inject(enum call call, int skip, int count, int err);
/* preadv2, pwritev2 and the results of completions: the next @count do no more than @bytes of what was asked. */
void inject_short(enum call call, int count, uint64_t bytes);
void inject_delay(enum call call, unsigned int us);	/* every one of them, from now on */
void inject_end(enum call call);			/* no rule any more */
unsigned int inject_seen(enum call call);		/* calls so far, failed ones too */
unsigned int inject_hit(enum call call);		/* those that a rule changed */
extern atomic_int inject_last_flags;			/* of pwritev2 */

#endif /* RING3_TEST_INJECT_H */
