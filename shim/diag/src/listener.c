/* SPDX-License-Identifier: MIT */
/*
 * listener.c - the socket `ring3 sigdump` asks: one line, one dump.
 *
 * Owns the listening descriptor, which is opened once and lives as long as the process, and up to 64 connections that
 * have not said their line yet. Nobody is waited for: who says nothing is left after five seconds, or a half where
 * others wait for room, and who is neither this user nor root is refused before a word is read.
 * Threads: opened under the lock of diag_start(); the rest on the collector.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "diag_impl.h"

#define SILENT_NS	5000000000ul	/* to say one line in: the machine may be busy */
#define CROWDED_NS	500000000ul	/* the same where others wait for room */
#define REFUSED_NS	200000000ul	/* to read why not */
#define REQUEST		"expected: dump [json] [only=SECTION,...]"

static int listener = -1;	/* atomic */
static bool starved;		/* there was no room at the last look, or no descriptor */

/* Who has not been answered, the oldest first. */
static struct client {
	int		fd;
	uint64_t	deadline;
	bool		refused, ended;		/* ended: it says no more */
	size_t		used;
	char		line[256];
} clients[CLIENTS_MAX];
static unsigned int nr_clients;

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

void listener_forked(void)
{
	if (listener >= 0)
		close(listener);
	listener = -1;
	while (nr_clients)
		close(clients[--nr_clients].fd);
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
		diag_format(why, bytes, REQUEST);
	return !*word && !first;
}

/* ---- connections ------------------------------------------------------------------------- */

static void answer_error(int fd, const char *why)
{
	char answer[200];
	int bytes = diag_format(answer, sizeof(answer), "ring3-error: %s\n", why);
	/* So little fits in: nothing else was sent. */
	ssize_t put = send(fd, answer, (size_t)bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	(void)put;
}

/* What is not read before a close is a reset for the other side, who would not see the answer: so it is listened to. */
static void refuse(struct client *client, const char *why)
{
	answer_error(client->fd, why);
	shutdown(client->fd, SHUT_WR);
	client->refused = true;
	client->used = 0;
	client->deadline = diag_now() + REFUSED_NS;
}

static void forget(unsigned int index)
{
	close(clients[index].fd);
	nr_clients--;
	memmove(&clients[index], &clients[index + 1], (nr_clients - index) * sizeof(clients[0]));
}

/* Takes what is there. True: its line is whole. */
static bool listen_to(struct client *client)
{
	/* So often at a time: who is refused may go on for ever. */
	for (int i = 0; i < 16 && !client->ended && client->used + 1 < sizeof(client->line); i++) {
		ssize_t got = recv(client->fd, client->line + client->used, sizeof(client->line) - 1 - client->used,
				   MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		client->ended = got <= 0;
		client->used += got > 0 ? (size_t)got : 0;
		if (client->refused)
			client->used = 0;
	}
	return client->ended || client->used + 1 >= sizeof(client->line) ||
	       memchr(client->line, '\n', client->used) || diag_now() >= client->deadline;
}

/*
 * Who has had his time and has not asked goes for who comes now. His line may be there, unread, while others were
 * answered: that is no fault of his. False: nobody has to go yet.
 */
static bool make_room(void)
{
	uint64_t now = diag_now();
	unsigned int i = 0;

	if (nr_clients < CLIENTS_MAX)
		return true;
	while (i < nr_clients && (clients[i].deadline > now + SILENT_NS - CROWDED_NS || listen_to(&clients[i])))
		i++;
	if (i == nr_clients)
		return false;
	if (!clients[i].refused)
		answer_error(clients[i].fd, REQUEST);
	forget(i);
	return true;
}

static void take_connections(void)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client;
		struct ucred peer;
		socklen_t length = sizeof(peer);
		char why[80];
		int fd;

		starved = !make_room();
		if (starved)
			return;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE) && spares_give())
			continue;
		if (fd < 0) {
			starved = errno != EAGAIN;
			return;
		}
		client = &clients[nr_clients++];
		client->fd = fd;
		client->deadline = diag_now() + SILENT_NS;
		client->refused = client->ended = false;
		client->used = 0;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) ||
		    (peer.uid && peer.uid != geteuid())) {
			diag_format(why, sizeof(why), "permitted to user %u and root only", (unsigned int)geteuid());
			refuse(client, why);
		}
	}
}

/* False: it is still to be told why not. */
static bool answer(struct client *client)
{
	struct dump dump = { .reason = "sigdump" };
	char why[160] = "";
	bool json = false;

	client->line[client->used] = 0;
	client->line[strcspn(client->line, "\r\n")] = 0;
	if (parse_request(client->line, &dump, &json, why, sizeof(why))) {
		collector_make_dump(&dump, json, client->fd);
		return true;
	}
	refuse(client, why);
	return false;
}

/* ---- for the collector ---------------------------------------------------------------------- */

unsigned int listener_poll(struct pollfd polls[LISTENER_POLLS], int *wait_ms)
{
	unsigned int nr = 0;
	uint64_t now = diag_now();
	int fd = __atomic_load_n(&listener, __ATOMIC_ACQUIRE);

	if (fd >= 0 && !starved)
		polls[nr++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (starved && (unsigned int)*wait_ms > 250)
		*wait_ms = 250;
	for (unsigned int i = 0; i < nr_clients; i++) {
		uint64_t left = clients[i].deadline > now ? clients[i].deadline - now : 0;

		if ((unsigned int)*wait_ms > left / 1000000 + 1)
			*wait_ms = (int)(left / 1000000 + 1);
		polls[nr++] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
	}
	return nr;
}

/* One dump at most: crashes, signals and watchdogs have their turn between two. */
void listener_run(void)
{
	bool answered = false;

	if (__atomic_load_n(&listener, __ATOMIC_ACQUIRE) < 0)
		return;
	take_connections();
	for (unsigned int i = 0; i < nr_clients && !answered;) {
		struct client *client = &clients[i];
		bool done = false;

		if (listen_to(client)) {
			answered = !client->refused;
			done = client->refused || answer(client);
		}
		if (done)
			forget(i);
		else
			i++;
	}
}
