/* SPDX-License-Identifier: MIT */
/* helper.c - see helper.h. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"
#include "victim.h"

char *take_dump(bool json, unsigned int sections)
{
	int fd = memfd_create("dump", 0), rc;
	char *text;
	off_t bytes;

	CHECK(fd >= 0);
	rc = diag_dump(fd, json, sections, "test");
	CHECK_EQ(rc, 0);
	bytes = lseek(fd, 0, SEEK_END);
	CHECK(bytes > 0);
	/* A zero byte ends it, and the end of the process frees it. */
	CHECK_EQ(ftruncate(fd, bytes + 1), 0);
	text = mmap(NULL, (size_t)bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(text != MAP_FAILED);
	close(fd);
	return text;
}

int crash_in_child(void (*fn)(void), char **text)
{
	return crash_in_child_after(NULL, fn, text);
}

int crash_in_child_after(void (*before)(void), void (*fn)(void), char **text)
{
	char path[] = "/tmp/ring3-crash-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t child;
	off_t bytes;

	CHECK(fd >= 0);
	child = fork();
	if (!child) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		setenv("RING3_DUMP_FILE", path, 1);
		if (before)
			before();
		if (diag_start(DIAG_CRASH))
			_exit(3);
		fn();
		_exit(4);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	bytes = lseek(fd, 0, SEEK_END);
	CHECK_EQ(ftruncate(fd, bytes + 1), 0);
	*text = mmap(NULL, (size_t)bytes + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(*text != MAP_FAILED);
	close(fd);
	unlink(path);
	return status;
}

void check_died(int status, int signum)
{
	if (victim_sanitized())		/* the sanitizer reports after us, and exits */
		CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 99);
	else
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signum);
}

void with_memory_checks(const char *test, const char *levels)
{
	if (getenv("RING3_MEM"))
		return;
	setenv("RING3_MEM", levels, 1);
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	execl("/proc/self/exe", "diag-test", test, NULL);
	_exit(1);
}
