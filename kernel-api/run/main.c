/* SPDX-License-Identifier: MIT */
/*
 * ring3-run - a host in C, for modules under a debugger or a sanitizer:
 *
 *	ring3-run [--cpus N] [--others N] [--for MS] [--] MODULE.ko.so [NAME=VALUE...] [MODULE.ko.so ...]
 *
 * Starts the kernel, loads the modules in this order, stays for a while, unloads them in
 * the other order and stops. On stdout: the log as ring3_dmesg() gives it, and of its own a line per step
 * that starts with '=': "=insmod PATH RC", "=stop RC". Exit status: 0 when all loaded,
 * 1 when one did not, 64 for wrong usage.
 *
 * Threads: main, and one that copies the log to stdout as it grows. A thread that crashes
 * waits until the copier has seen all: what was said last says most. Where RING3_DUMP_FILE names a file, a crash
 * and SIGQUIT write a dump (shim/diag) to it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "ring3/kernel.h"

#define OTHER_CPUS_DEFAULT	2
#define LAST_WORDS_MS		500	/* how long a crash waits for the copier, at most */

static int log_fd;
static unsigned int copies;	/* atomic: rounds of the copier that have ended */
static int stopping;	/* atomic */
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long seq;	/* under out_lock */

/* All that is new; a ring that went round says so, since a test's verdict may be gone. */
static void copy_log(void)
{
	static char buf[1 << 16];

	pthread_mutex_lock(&out_lock);
	for (;;) {
		unsigned long long before = seq, lines = 0;
		int len = ring3_dmesg(&seq, buf, sizeof(buf));

		if (len <= 0)
			break;
		for (int i = 0; i < len; i++)
			lines += buf[i] == '\n';
		if (seq - before > lines)
			printf("=lost %llu\n", seq - before - lines);
		fwrite(buf, 1, (size_t)len, stdout);
	}
	fflush(stdout);
	pthread_mutex_unlock(&out_lock);
}

static void *log_thread(void *arg)
{
	struct pollfd pfd = { .fd = log_fd, .events = POLLIN };

	(void)arg;
	while (!__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)) {
		unsigned long long count;

		if (poll(&pfd, 1, 200) > 0 && read(log_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			break;
		copy_log();
		__atomic_fetch_add(&copies, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* ---- crashes ------------------------------------------------------------------- */

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };
static struct sigaction before[NSIG];
static pthread_t copier;

/* Two rounds: the one that is under way may have begun before the last line. */
static void wait_for_copier(void)
{
	unsigned int start = __atomic_load_n(&copies, __ATOMIC_ACQUIRE);
	unsigned long long one = 1;

	for (int ms = 0; ms < LAST_WORDS_MS && __atomic_load_n(&copies, __ATOMIC_ACQUIRE) - start < 2; ms++) {
		if (write(log_fd, &one, sizeof(one)) < 0)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

/* Then it happens again, to whoever was there before us: a sanitizer, or the end. */
static void crashed(int signum, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	sigaction(signum, &before[signum], NULL);
	if (!pthread_equal(pthread_self(), copier))
		wait_for_copier();
	if (info->si_code <= 0)		/* sent, not met: it does not come again by itself */
		raise(signum);
	errno = saved;
}

static void catch_crashes(void)
{
	struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	for (unsigned int i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		sigaction(fatal[i], &action, &before[fatal[i]]);
}

/* ---- modules ------------------------------------------------------------------- */

static void say(const char *what, const char *path, int rc)
{
	copy_log();
	pthread_mutex_lock(&out_lock);
	printf("=%s %s%s%d\n", what, path, *path ? " " : "", rc);
	fflush(stdout);
	pthread_mutex_unlock(&out_lock);
}

static int is_module(const char *arg)
{
	size_t len = strlen(arg);

	return len > 3 && !strcmp(arg + len - 3, ".so") && !strchr(arg, '=');
}

/* One module with the parameters behind it; moves *at to the next. */
static int load(char **args, int *at)
{
	char params[4096] = "";
	const char *path = args[(*at)++];
	int rc;

	for (; args[*at] && !is_module(args[*at]); (*at)++) {
		size_t len = strlen(params);
		int more = snprintf(params + len, sizeof(params) - len, "%s%s", len ? " " : "", args[*at]);

		if (len + (size_t)more >= sizeof(params)) {
			fprintf(stderr, "ring3-run: the parameters of %s have more than 4095 bytes\n", path);
			return -E2BIG;
		}
	}
	rc = ring3_insmod(path, params);
	say("insmod", path, rc);
	return rc;
}

int main(int argc, char **argv)
{
	struct ring3_kernel_options options = { .nr_event_cpus = 1, .nr_other_cpus = OTHER_CPUS_DEFAULT };
	int at = 1, failed = 0, stay_ms = 0, rc;

	for (; at + 1 < argc && !strncmp(argv[at], "--", 2); at += 2) {
		if (!strcmp(argv[at], "--cpus"))
			options.nr_event_cpus = (unsigned int)atoi(argv[at + 1]);
		else if (!strcmp(argv[at], "--others"))
			options.nr_other_cpus = (unsigned int)atoi(argv[at + 1]);
		else if (!strcmp(argv[at], "--for"))
			stay_ms = atoi(argv[at + 1]);
		else
			break;
	}
	if (at < argc && !strcmp(argv[at], "--"))
		at++;
	if (at >= argc || !is_module(argv[at])) {
		fprintf(stderr, "usage: ring3-run [--cpus N] [--others N] [--for MS] MODULE.ko.so [NAME=VALUE...] ...\n");
		return 64;
	}
	rc = ring3_kernel_start(&options);
	log_fd = ring3_dmesg_fd();
	if (rc || log_fd < 0 || pthread_create(&copier, NULL, log_thread, NULL)) {
		fprintf(stderr, "ring3-run: the kernel does not start: %d\n", rc ? rc : log_fd);
		return 1;
	}
	if (getenv("RING3_DUMP_FILE"))
		(void)diag_start(DIAG_SIGQUIT | DIAG_CRASH);	/* without it, a crash is told by its signal alone */
	catch_crashes();
	while (at < argc)
		failed |= load(argv, &at) != 0;
	if (stay_ms > 0 && !failed)
		usleep((unsigned int)stay_ms * 1000u);
	rc = ring3_kernel_stop();
	say("stop", "", rc);
	__atomic_store_n(&stopping, 1, __ATOMIC_RELEASE);
	if (write(log_fd, &(unsigned long long){ 1 }, 8) < 0)	/* wakes the copier */
		perror("ring3-run: eventfd");
	pthread_join(copier, NULL);
	return failed || rc;
}
