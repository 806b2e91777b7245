/* SPDX-License-Identifier: MIT */
/*
 * write.c - what the collector has to say goes out, or is lost: it does not wait for long, whoever reads.
 *
 * Owns the dump file, and some descriptors kept for a process that has run out of them: it may hang for that very
 * reason, and a dump opens files.
 * Threads: the collector; dump_file_init() before there is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag_impl.h"

enum {
	WRITE_WAIT_MS = 1000,		/* for anything to go out, and */
	SPARES = 4,
	PATH_BYTES = 4096,
};
#define WRITE_ALL_NS	5000000000ul	/* for all of it */

/* ---- descriptors ------------------------------------------------------------------------ */

static int spares[SPARES] = { -1, -1, -1, -1 };

void spares_keep(void)
{
	for (int i = 0; i < SPARES; i++)
		if (spares[i] < 0)
			spares[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool spares_give(void)
{
	bool gave = false;

	for (int i = 0; i < SPARES; i++)
		if (spares[i] >= 0) {
			close(spares[i]);
			spares[i] = -1;
			gave = true;
		}
	return gave;
}

/* ---- writing -------------------------------------------------------------------------------- */

/*
 * A terminal or a pipe with a little room is ready, and a write of more than that waits for ever. O_NONBLOCK would be
 * everybody's who has the descriptor: so it is opened once more, for this. -1 = it cannot be.
 */
static int open_again(int fd)
{
	char path[32];

	diag_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int write_all(int fd, bool is_socket, const char *from, size_t bytes)
{
	uint64_t deadline = diag_now() + WRITE_ALL_NS;

	while (bytes) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		size_t some = bytes < 4096 ? bytes : 4096;
		ssize_t put;
		int rc = poll(&ready, 1, WRITE_WAIT_MS);

		if (diag_now() > deadline)
			return -ETIMEDOUT;
		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0)
			return rc ? -errno : -ETIMEDOUT;
		put = is_socket ? send(fd, from, some, MSG_DONTWAIT | MSG_NOSIGNAL) : write(fd, from, some);
		if (put < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		from += put;
		bytes -= (size_t)put;
	}
	return 0;
}

int collector_write(int fd, const char *from, size_t bytes)
{
	struct stat stat;
	int own, rc;

	if (fstat(fd, &stat) < 0)
		return -errno;
	own = S_ISCHR(stat.st_mode) || S_ISFIFO(stat.st_mode) ? open_again(fd) : -1;
	rc = write_all(own < 0 ? fd : own, S_ISSOCK(stat.st_mode), from, bytes);
	if (own >= 0)
		close(own);
	return rc;
}

/* ---- where dumps go ------------------------------------------------------------------------- */

static char file_path[PATH_BYTES];
static int file = -1;		/* it may have been moved since, or its folder may be gone */
static int standard = STDERR_FILENO;

static int open_file(void)
{
	struct stat now, then;
	int fd;

	if (file >= 0 && !stat(file_path, &now) && !fstat(file, &then) && now.st_ino == then.st_ino &&
	    now.st_dev == then.st_dev)
		return file;
	fd = open(file_path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (file >= 0)
		close(file);
	file = fd;
	return fd;
}

static const char *why_not(int rc)
{
	switch (-rc) {
	case ENOSPC: case EDQUOT: case EFBIG:
		return "there is no room";
	case ENOENT: case ENOTDIR:
		return "its folder is not there";
	case EACCES: case EPERM: case EROFS:
		return "it may not be written to";
	case EISDIR:
		return "it is a folder";
	case ENXIO: case EPIPE: case ETIMEDOUT:
		return "nobody reads it";
	default:
		return "it cannot be written";
	}
}

static void say_why(const char *what, int rc)
{
	char line[PATH_BYTES + 160];
	int bytes = diag_format(line, sizeof(line), "ring3: RING3_DUMP_FILE=%s: %s (error %d); %s\n", file_path,
				why_not(rc), -rc, what);

	collector_write(standard, line, (size_t)bytes < sizeof(line) ? (size_t)bytes : sizeof(line) - 1);
}

void dump_file_init(void)
{
	const char *name = getenv("RING3_DUMP_FILE");
	char folder[PATH_BYTES / 2] = "";
	int rc;

	/* What is opened as number 2 later is somebody's file. */
	if (fcntl(STDERR_FILENO, F_GETFD) < 0)
		standard = -1;
	if (!name || !*name)
		return;
	if (name[0] != '/' && !getcwd(folder, sizeof(folder)))
		folder[0] = 0;
	diag_format(file_path, sizeof(file_path), "%s%s%s", folder, folder[0] ? "/" : "", name);
	rc = open_file();
	if (rc < 0)
		say_why("dumps go to stderr until it can be", rc);
}

void dump_write(const char *text, size_t bytes)
{
	if (file_path[0]) {
		int fd = open_file(), rc = fd < 0 ? fd : collector_write(fd, text, bytes);

		if (!rc)
			return;
		say_why("the dump follows", rc);
	}
	collector_write(standard, text, bytes);
}
