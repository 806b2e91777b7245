/* SPDX-License-Identifier: MIT */
/*
 * harness.c - runs the registered tests, each in a child process that leads its
 * own process group, and prints TAP and a closing line of counts.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

enum { EXIT_SKIPPED = 77 };

static struct test_case *tests, **tests_end = &tests;
static unsigned int timeout_s = 30;
static unsigned int tries = 1;
static const char *without[64];		/* names of tests that are left out */
static unsigned int nr_without;

void test_register(struct test_case *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "# %s:%d: ", file, line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(1);
}

void test_beside(char *path, unsigned long bytes, const char *name)
{
	ssize_t len = readlink("/proc/self/exe", path, bytes);

	CHECK_LT(len, (ssize_t)bytes);
	while (len > 0 && path[len - 1] != '/')
		len--;
	CHECK_GT(len, 0);
	CHECK_LT(snprintf(path + len, bytes - (size_t)len, "%s", name), (ssize_t)bytes - len);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# skipped: ", stdout);
	vfprintf(stdout, format, args);
	fputc('\n', stdout);
	va_end(args);
	fflush(stdout);
	_exit(EXIT_SKIPPED);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* The child's wait status; -1 when it had to be ended for being late. */
static int wait_for(pid_t child)
{
	double end = now_s() + timeout_s;
	int status;

	for (;;) {
		pid_t done = waitpid(child, &status, WNOHANG);

		if (done == child)
			return status;
		if (done < 0 && errno != EINTR)
			return -1;
		if (now_s() > end) {
			kill(-child, SIGABRT);
			usleep(200000);
			kill(-child, SIGKILL);
			waitpid(child, &status, 0);
			return -1;
		}
		usleep(1000);
	}
}

static int run_forked(const struct test_case *test)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		test->fn();
		/* exit(), not _exit(): leak checkers report there. */
		exit(0);
	}
	setpgid(child, child);
	return wait_for(child);
}

/* A sanitizer's report is an exit, not a signal; both are deaths. */
static const char *judge(const struct test_case *test, int status)
{
	if (status == -1)
		return "late";
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
		return "skip";
	if (test->expect_signal == 0)
		return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "ok" : "bad";
	if (test->expect_signal > 0)
		return WIFSIGNALED(status) && WTERMSIG(status) == test->expect_signal ? "ok" : "bad";
	return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) > 1) ? "ok" : "bad";
}

/*
 * A CHECK that fails, or a test that is late, may be the machine's load: it gets
 * another try, and a line that says so. A death or a sanitizer's report never does.
 */
static bool try_again(const struct test_case *test, int status, unsigned int tried)
{
	bool check_failed = status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 1;

	if (tried >= tries || test->expect_signal != 0 || (status != -1 && !check_failed))
		return false;
	printf("# unsteady: %s: %s\n", test->name, check_failed ? "a check failed" : "too late");
	return true;
}

static const char *run_test(const struct test_case *test)
{
	unsigned int tried = 0;
	int status;

	do {
		status = run_forked(test);
	} while (try_again(test, status, ++tried));
	return judge(test, status);
}

static bool wanted(const struct test_case *test, char **patterns, int count)
{
	for (int i = 0; i < count; i++)
		if (strstr(test->name, patterns[i]) || strstr(test->file, patterns[i]))
			return true;
	return count == 0;
}

static bool left_out(const struct test_case *test)
{
	for (unsigned int i = 0; i < nr_without; i++)
		if (!strcmp(test->name, without[i]))
			return true;
	return false;
}

static void usage(const char *name)
{
	printf("usage: %s [--list] [--here] [--timeout SECONDS] [--tries N] [--without NAME]... [PATTERN...]\n"
	       "Runs the tests whose name or file holds a PATTERN, each in its own process.\n"
	       "  --here     in this process, for a debugger\n"
	       "  --tries    how often one that fails a check or is late may run; default 1\n"
	       "  --without  the test of just that name counts as skipped\n", name);
}

int main(int argc, char **argv)
{
	bool list = false, here = false;
	unsigned int passed = 0, failed = 0, skipped = 0, number = 0;
	int first = 1;

	for (; first < argc && argv[first][0] == '-'; first++) {
		if (!strcmp(argv[first], "--list")) {
			list = true;
		} else if (!strcmp(argv[first], "--here")) {
			here = true;
		} else if (!strcmp(argv[first], "--timeout") && first + 1 < argc) {
			timeout_s = (unsigned int)atoi(argv[++first]);
		} else if (!strcmp(argv[first], "--tries") && first + 1 < argc) {
			tries = (unsigned int)atoi(argv[++first]);
		} else if (!strcmp(argv[first], "--without") && first + 1 < argc &&
			   nr_without < sizeof(without) / sizeof(without[0])) {
			without[nr_without++] = argv[++first];
		} else {
			usage(argv[0]);
			return strcmp(argv[first], "--help") ? 64 : 0;
		}
	}
	for (struct test_case *test = tests; test; test = test->next) {
		double start = now_s();
		const char *result;

		if (!wanted(test, argv + first, argc - first))
			continue;
		if (list) {
			printf("%s\t%s\n", test->name, test->file);
			continue;
		}
		if (left_out(test)) {
			printf("ok %u - %s # SKIP left out\n", ++number, test->name);
			skipped++;
			continue;
		}
		if (here) {
			test->fn();
			passed++;
			continue;
		}
		result = run_test(test);
		passed += !strcmp(result, "ok");
		skipped += !strcmp(result, "skip");
		failed += strcmp(result, "ok") && strcmp(result, "skip");
		printf("%s %u - %s%s (%.0f ms)\n", strcmp(result, "ok") && strcmp(result, "skip") ? "not ok" : "ok",
		       ++number, test->name,
		       !strcmp(result, "skip") ? " # SKIP" : !strcmp(result, "late") ? " # too late" : "",
		       (now_s() - start) * 1e3);
	}
	if (!list)
		printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}
