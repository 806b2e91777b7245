/* SPDX-License-Identifier: MIT */
/*
 * listener.c - the socket `ring3 sigdump` asks: one line, one dump, one at a time.
 *
 * Owns the listening descriptor, which is opened once and lives as long as the process, and the guests: those who are
 * connected and have not said a line yet. Nobody waits for one; he has five seconds, for the machine may be busy, or
 * one when his place is wanted, until when the next ones wait in the socket's queue. Only the same user and root are
 * answered; who reads slowly is left after a bounded time.
 * Threads: opened under the lock of diag_start(); the rest on the collector.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "diag_impl.h"

#define LINE_NS	5000000000ul
#define PLACE_NS	1000000000ul

static int listener = -1;	/* atomic */

/* The one who came first is the first. */
static struct guest {
	int		fd;
	uint64_t	since;
	size_t		used;
	char		line[256];
} guests[LISTENER_GUESTS];
static unsigned int nr_guests;

int listener_open(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd;

	if (listener >= 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/*
	 * Abstract: no file to be left behind, gone with the process. The whole field is the name, zeros and all:
	 * so do Node's versions before and after they learnt of such names.
	 */
	diag_format(name.sun_path + 1, sizeof(name.sun_path) - 1, "ring3-diag-%d", getpid());
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 128) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	__atomic_store_n(&listener, fd, __ATOMIC_RELEASE);
	return 0;
}

unsigned int listener_poll(struct pollfd *ready)
{
	bool has_room = nr_guests < LISTENER_GUESTS || diag_now() - guests[0].since > PLACE_NS;

	ready[0] = (struct pollfd){ .fd = has_room ? __atomic_load_n(&listener, __ATOMIC_ACQUIRE) : -1,
				    .events = POLLIN };
	for (unsigned int i = 0; i < nr_guests; i++)
		ready[1 + i] = (struct pollfd){ .fd = guests[i].fd, .events = POLLIN };
	return 1 + nr_guests;
}

/* ---- a request --------------------------------------------------------------------------- */

static bool section_bit(const char *word, size_t length, unsigned int *bits)
{
	static const char *const names[] = {
		"threads", "locks", "tasks", "memory", "aio", "iscsi", "modules", "watchdogs",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && !memcmp(names[i], word, length)) {
			*bits |= 1u << i;
			return true;
		}
	return false;
}

/* "dump [json] [only=a,b]"; false and a sentence in @why. */
static bool parse_request(char *line, struct dump *dump, bool *json, char *why, size_t bytes)
{
	char *word = line, *next;
	bool first = true;

	for (; *word; word = next, first = false) {
		size_t length = strcspn(word, " ");

		next = word + length + strspn(word + length, " ");
		if (first) {
			if (length != 4 || memcmp(word, "dump", 4))
				break;
		} else if (length == 4 && !memcmp(word, "json", 4)) {
			*json = true;
		} else if (length > 5 && !memcmp(word, "only=", 5)) {
			for (char *part = word + 5; part < word + length;) {
				size_t size = strcspn(part, ", ");

				if (!section_bit(part, size, &dump->sections)) {
					diag_format(why, bytes, "no section '%.*s'", (int)size, part);
					return false;
				}
				part += size + (part[size] == ',');
			}
		} else {
			break;
		}
	}
	if (*word || first)
		diag_format(why, bytes, "expected: dump [json] [only=SECTION,...]");
	return !*word && !first;
}

/* True: he has said all that he will. */
static bool has_said(struct guest *guest)
{
	ssize_t got = read(guest->fd, guest->line + guest->used, sizeof(guest->line) - 1 - guest->used);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got > 0)
		guest->used += (size_t)got;
	return got <= 0 || memchr(guest->line, '\n', guest->used) || guest->used == sizeof(guest->line) - 1;
}

/* What is not read before a close is a reset for the other side, who would not see the answer. */
static void drain(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char some[4096];

	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 16 && poll(&ready, 1, 20) > 0 && read(fd, some, sizeof(some)) > 0; i++)
		;
}

static bool is_permitted(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) && (!peer.uid || peer.uid == geteuid());
}

static void answer(struct guest *guest)
{
	struct dump dump = { .reason = "sigdump" };
	char why[160] = "";
	bool json = false;
	int fd = guest->fd;

	guest->line[guest->used] = 0;
	guest->line[strcspn(guest->line, "\r\n")] = 0;
	if (!is_permitted(fd))
		diag_format(why, sizeof(why), "permitted to user %u and root only", (unsigned int)geteuid());
	else if (parse_request(guest->line, &dump, &json, why, sizeof(why)))
		collector_make_dump(&dump, json, fd);
	if (why[0]) {
		char answer[200];
		int bytes = diag_format(answer, sizeof(answer), "ring3-error: %s\n", why);

		collector_write(fd, answer, (size_t)bytes);
		drain(fd);
	}
	close(fd);
}

static void welcome(void)
{
	struct guest guest = { accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), diag_now(), 0, "" };

	if (guest.fd < 0)
		return;
	if (has_said(&guest) || !is_permitted(guest.fd)) {
		answer(&guest);
		return;
	}
	if (nr_guests == LISTENER_GUESTS) {
		has_said(&guests[0]);	/* while others were answered, perhaps */
		answer(&guests[0]);
		memmove(&guests[0], &guests[1], --nr_guests * sizeof(guests[0]));
	}
	guests[nr_guests++] = guest;
}

bool listener_answer(bool has_come)
{
	for (unsigned int i = 0; i < nr_guests; i++) {
		struct guest *guest = &guests[i];

		if (!has_said(guest) && diag_now() - guest->since <= LINE_NS)
			continue;
		answer(guest);
		memmove(guest, guest + 1, (--nr_guests - i) * sizeof(*guest));
		return true;
	}
	if (has_come)
		welcome();
	return has_come;
}
