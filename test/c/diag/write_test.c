/* SPDX-License-Identifier: MIT */
/*
 * write_test.c - where a dump goes to does not hold the collector, and a process that has run out of descriptors, or is
 * a child of fork(), says what it can.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"
#include "victim.h"

static int open_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		test_skip("there are no terminals here");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		test_skip("there are no terminals here");
	return slave;
}

TEST(a_terminal_that_nobody_reads)
{
	int terminal, rc = 0;

	CHECK_EQ(diag_start(0), 0);
	terminal = open_terminal();
	for (int i = 0; i < 200 && !rc; i++)
		rc = diag_dump(terminal, false, DIAG_THREADS, "test");
	CHECK_EQ(rc, -ETIMEDOUT);
	CHECK_SAYS(take_dump(false, DIAG_THREADS), "ring3Dump=1");
	CHECK_EQ(fcntl(terminal, F_GETFL) & O_NONBLOCK, 0);	/* it is somebody's */
}

TEST(a_pipe_that_nobody_reads_and_one_that_is_closed)
{
	int ends[2], rc = 0;

	CHECK_EQ(diag_start(0), 0);
	CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
	for (int i = 0; i < 200 && !rc; i++)
		rc = diag_dump(ends[1], false, DIAG_THREADS, "test");
	CHECK_EQ(rc, -ETIMEDOUT);
	close(ends[0]);
	CHECK_EQ(diag_dump(ends[1], false, DIAG_THREADS, "test"), -EPIPE);
}

static __attribute__((unused)) int connect_to_self(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "ring3-diag-%d", getpid());
	CHECK_EQ(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static __attribute__((unused)) bool asked_and_told(int fd, const char *what)
{
	static char answer[1 << 20];
	size_t used = 0;
	ssize_t got;

	CHECK_EQ(write(fd, "dump only=threads\n", 18), 18);
	while ((got = read(fd, answer + used, sizeof(answer) - 1 - used)) > 0)
		used += (size_t)got;
	return strstr(answer, what) != NULL;
}

TEST(no_descriptor_is_left)
{
#if defined(__SANITIZE_THREAD__)
	test_skip("the thread sanitizer may deliver a signal too late for a stack of its own telling");
#else
	struct rlimit few = { 40, 40 };
	int asker, text = memfd_create("text", MFD_CLOEXEC);
	char *all;
	off_t bytes;

	CHECK_EQ(diag_start(DIAG_SOCKET), 0);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
	asker = connect_to_self();	/* taken when there is nothing left, or just before */
	while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		;
	CHECK_EQ(errno, EMFILE);
	CHECK(asked_and_told(asker, "asked_and_told at write_test.c:"));
	close(asker);
	CHECK_EQ(diag_dump(text, false, DIAG_THREADS, "test"), 0);
	bytes = lseek(text, 0, SEEK_END);
	all = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, text, 0);
	CHECK(all != MAP_FAILED && memmem(all, (size_t)bytes, "no_descriptor_is_left at write_test.c:", 38));
#endif
}

/* A parent's socket in its child would outlive the parent, and take questions. */
static bool holds_listener(void)
{
	int on, fd;
	socklen_t length = sizeof(on);

	for (fd = 0; fd < 1024; fd++)
		if (!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) && on)
			return true;
	return false;
}

static void in_the_child(int report)
{
	CHECK_EQ(diag_start(DIAG_ALL), -ECHILD);
	CHECK_EQ(diag_dump(report, false, 0, "test"), -ESRCH);
	CHECK(!holds_listener());
	CHECK(!diag_running());
	dup2(report, STDERR_FILENO);
	raise(SIGQUIT);
	_exit(7);
}

TEST(a_child_of_fork)
{
	int report = memfd_create("report", MFD_CLOEXEC), status;
	char buf[256] __attribute__((unused)) = "";
	pid_t child;

	CHECK_EQ(diag_start(DIAG_ALL), 0);
	CHECK(holds_listener());
	child = fork();
	if (!child)
		in_the_child(report);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
#if !defined(__SANITIZE_THREAD__)	/* it runs no handlers in such a child */
	CHECK(pread(report, buf, sizeof(buf) - 1, 0) > 0);
	CHECK_SAYS(buf, "came from fork() and cannot dump itself; ring3 backtrace ");
#endif
	CHECK_SAYS(take_dump(false, DIAG_THREADS), "ring3Dump=1");	/* the parent is as before */
}
