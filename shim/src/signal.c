/* SPDX-License-Identifier: MIT */
/*
 * signal.c - handlers of signals that run as ordinary code, on a thread of their own.
 *
 * The real signal handler sets a bit and rings an eventfd; the thread reads both and
 * calls. So a handler may lock, allocate and print.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "sys_nofault.h"
#include "sys_service.h"

enum { NR_SIGNALS = 64 };

static _Atomic(uint64_t) pending;
static _Atomic(void (*)(uint32_t)) handlers[NR_SIGNALS];
static int bell = -1;
static pthread_mutex_t signal_lock = PTHREAD_MUTEX_INITIALIZER;	/* bell */

static void ring(int signum, siginfo_t *info, void *context)
{
	int saved = errno;
	uint64_t one = 1;

	if (nofault_fixup(info, context))
		return;		/* nobody's signal, but a copy's */
	atomic_fetch_or(&pending, 1ul << signum);
	if (write(bell, &one, sizeof(one)) < 0)
		atomic_fetch_and(&pending, ~(1ul << signum));	/* the bell is gone: at process exit only */
	errno = saved;
}

static void *listen_for_signals(void *arg)
{
	(void)arg;
	for (;;) {
		uint64_t count, signals;

		if (read(bell, &count, sizeof(count)) < 0)
			continue;
		signals = atomic_exchange(&pending, 0);
		for (uint32_t signum = 1; signum < NR_SIGNALS; signum++) {
			void (*handler)(uint32_t) = atomic_load(&handlers[signum]);

			if (signals >> signum & 1 && handler)
				handler(signum);
		}
	}
	return NULL;
}

static errno_t start_listening(void)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	if (bell >= 0)
		return E_OK;
	bell = eventfd(0, EFD_CLOEXEC);
	if (bell < 0)
		return errno;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&thread, NULL, listen_for_signals, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc) {
		close(bell);
		bell = -1;
		return rc;
	}
	pthread_detach(thread);
	return E_OK;
}

errno_t mte_signal_handler_set(uint32_t signum, void (*handler)(uint32_t signum))
{
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_RESTART };
	errno_t err;

	if (signum == 0 || signum >= NR_SIGNALS)
		return EINVAL;
	if (handler) {
		action.sa_sigaction = ring;
		action.sa_flags |= SA_SIGINFO;
	}
	pthread_mutex_lock(&signal_lock);
	err = start_listening();
	if (err == E_OK) {
		atomic_store(&handlers[signum], handler);
		if (sigaction((int)signum, &action, NULL) < 0)
			err = errno;
	}
	pthread_mutex_unlock(&signal_lock);
	return err;
}

/* ---- eventfds, checked ------------------------------------------------------ */

int sys_eventfd_create(sstring_t name)
{
	(void)name;
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int sys_eventfd_create_sem(sstring_t name)
{
	(void)name;
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
}

void sys_eventfd_close(int fd)
{
	close(fd);
}

uint64_t sys_eventfd_read(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

void sys_eventfd_write(int fd, uint64_t count)
{
	ssize_t put = write(fd, &count, sizeof(count));

	(void)put;	/* full counts as rung */
}
