/* SPDX-License-Identifier: MIT */
/* outside_test.c - looking at a process that cannot be stopped leaves no trace on it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"

/* Uninterruptible until its child goes on, as parents of vfork() are. */
static void wait_in_vfork(int hold, int tell)
{
	char byte = 1;

	if (!vfork()) {
		if (write(tell, &byte, 1) == 1 && read(hold, &byte, 1) == 1)
			_exit(0);
		_exit(1);
	}
	_exit(9);
}

TEST(a_thread_that_does_not_stop_goes_on_when_it_can)
{
	int hold[2], tell[2], status;
	char *text = malloc(1 << 20), byte;
	pid_t child;

#if defined(__SANITIZE_THREAD__)
	test_skip("the thread sanitizer makes vfork() a fork()");
#endif
	CHECK_EQ(pipe(hold), 0);
	CHECK_EQ(pipe(tell), 0);
	child = fork();
	if (!child)
		wait_in_vfork(hold[0], tell[1]);
	CHECK_EQ(read(tell[0], &byte, 1), 1);
	CHECK(diag_backtrace_outside(child, NULL, 0, 0, text, 1 << 20) > 0);
	CHECK_SAYS(text, "state=D");
	CHECK_EQ(write(hold[1], &byte, 1), 1);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	free(text);
}

TEST(what_is_no_process_to_look_at)
{
	char text[256];

	CHECK_EQ(diag_backtrace_outside(getpid(), NULL, 0, 0, text, sizeof(text)), -EINVAL);
	CHECK_EQ(diag_backtrace_outside(0, NULL, 0, 0, text, sizeof(text)), -EINVAL);
	CHECK_EQ(diag_backtrace_outside(-1, NULL, 0, 0, text, sizeof(text)), -EINVAL);
	CHECK_EQ(diag_backtrace_outside(0x7ffffffe, NULL, 0, 0, text, sizeof(text)), -ESRCH);
	CHECK_EQ(diag_backtrace_outside(0, "/none/such", 0, 0, text, sizeof(text)), -ENOENT);
	CHECK_EQ(diag_backtrace_outside(0, "/proc/self/exe", 0, 0, text, sizeof(text)), -ENOEXEC);
}
