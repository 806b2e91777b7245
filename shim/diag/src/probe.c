/* SPDX-License-Identifier: MIT */
/*
 * probe.c - sections that other rooms write: memory, aio, modules, iSCSI.
 *
 * What they call may lock and allocate, so a second thread calls it, and the collector
 * waits for that with a deadline. A prober that hangs is left behind, and serves again
 * if it ever returns; the spare takes over, and does not ask for the same. When both hang,
 * sections are missing, and the dump says so.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag_impl.h"
#include "sys_mem.h"

enum { PROBERS = 2, ANSWER_BYTES = 8 << 20, ANSWER_NS = 150000000 };
enum { IDLE, ASKED, BUSY };

struct prober {
	uint32_t	state;		/* futex */
	struct diag_section *section;
	long		length;
	char		*buf;
};

static struct prober probers[PROBERS];
static struct diag_section *sections;	/* atomic: pushed, never taken */

void diag_section_add(struct diag_section *section)
{
	section->next = __atomic_load_n(&sections, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&sections, &section->next, section, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* ---- the thread ---------------------------------------------------------------------- */

static void *probe_main(void *arg)
{
	struct prober *prober = arg;

	prctl(PR_SET_NAME, "ring3/probe");
	for (;;) {
		uint32_t asked = ASKED;

		if (!__atomic_compare_exchange_n(&prober->state, &asked, BUSY, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			syscall(SYS_futex, &prober->state, FUTEX_WAIT_PRIVATE, asked, NULL);
			continue;
		}
		prober->length = prober->section->write(prober->buf, ANSWER_BYTES);
		__atomic_store_n(&prober->state, IDLE, __ATOMIC_RELEASE);
		syscall(SYS_futex, &prober->state, FUTEX_WAKE_PRIVATE, 1);
	}
	return NULL;
}

/* False: it has not answered in time. */
static bool ask(struct prober *prober, struct diag_section *section)
{
	uint64_t deadline = diag_now() + ANSWER_NS;

	prober->section = section;
	__atomic_store_n(&prober->state, ASKED, __ATOMIC_RELEASE);
	syscall(SYS_futex, &prober->state, FUTEX_WAKE_PRIVATE, 1);
	for (;;) {
		uint32_t state = __atomic_load_n(&prober->state, __ATOMIC_ACQUIRE);
		uint64_t now = diag_now();
		struct timespec left = { 0, (long)(deadline > now ? deadline - now : 0) };

		if (state == IDLE)
			return true;
		if (now >= deadline)
			return false;
		syscall(SYS_futex, &prober->state, FUTEX_WAIT_PRIVATE, state, &left);
	}
}

/* Who asks @section now; NULL: nobody is left, or who asked it for an earlier dump still waits, and is enough. */
static struct prober *free_prober(const struct diag_section *section)
{
	struct prober *found = NULL;

	for (int i = 0; i < PROBERS; i++) {
		if (!probers[i].buf)
			continue;
		if (__atomic_load_n(&probers[i].state, __ATOMIC_ACQUIRE) == IDLE)
			found = &probers[i];
		else if (probers[i].section == section)
			return NULL;
	}
	return found;
}

/* Addresses of code in it become names; no name has a character that JSON would want escaped. */
static void emit_answer(struct dump *dump, const char *name, struct prober *prober)
{
	size_t room = (size_t)prober->length * 4 + 4096;
	char *text;

	prober->buf[prober->length] = 0;
	text = strstr(prober->buf, "pc 0x") ? arena_take(dump->arena, room) : NULL;
	if (text)
		expand_sites(dump->space, prober->buf, text, room);
	out_raw(dump->out, name, text ? text : prober->buf, text ? strlen(text) : (size_t)prober->length);
}

void probe_emit(struct dump *dump)
{
	for (struct diag_section *section = __atomic_load_n(&sections, __ATOMIC_ACQUIRE); section;
	     section = section->next) {
		struct prober *prober = free_prober(section);

		if (!(dump->sections & section->bit))
			continue;
		if (!prober)
			out_str(dump->out, section->name, "not asked: what was asked before still hangs");
		else if (!ask(prober, section))
			out_str(dump->out, section->name, "no answer: a lock or a thread it needs is stuck");
		else if (prober->length >= 0 && prober->length < ANSWER_BYTES)
			emit_answer(dump, section->name, prober);
	}
}

/* ---- what is here for all ------------------------------------------------------------------ */

struct memory_write {
	struct diag_out	out;
	struct growth {
		const char	*name;
		size_t		bytes;
		uint64_t	used;
	} *before;
};

enum { CACHES_MAX = 1024 };
static struct growth last_seen[CACHES_MAX];

static int64_t growth_since(const struct mem_stats *stats)
{
	for (unsigned int i = 0; i < CACHES_MAX; i++) {
		struct growth *seen = &last_seen[i];

		if (!seen->name)
			*seen = (struct growth){ stats->name, stats->object_bytes, stats->nr_used };
		if (seen->name == stats->name && seen->bytes == stats->object_bytes) {
			int64_t grown = (int64_t)(stats->nr_used - seen->used);

			seen->used = stats->nr_used;
			return grown;
		}
	}
	return 0;
}

static bool write_cache(void *env, const struct mem_stats *stats)
{
	struct memory_write *write = env;
	int64_t grown;

	if (!stats->nr_allocs)
		return true;
	grown = growth_since(stats);
	out_object(&write->out, NULL);
	out_str(&write->out, "name", stats->name);
	out_num(&write->out, "objectBytes", (int64_t)stats->object_bytes);
	out_num(&write->out, "used", (int64_t)stats->nr_used);
	out_num(&write->out, "bytes", (int64_t)(stats->nr_used * stats->object_bytes));
	out_num(&write->out, "pages", (int64_t)stats->nr_pages);
	out_num(&write->out, "allocs", (int64_t)stats->nr_allocs);
	out_num(&write->out, "frees", (int64_t)stats->nr_frees);
	out_num(&write->out, "grownSinceLastDump", grown);
	out_end(&write->out);
	return true;
}

static long write_memory(char *buf, unsigned long bytes)
{
	struct memory_write write = { 0 };

	out_init(&write.out, buf, bytes, true);
	out_list(&write.out, NULL);
	mem_stats_each(write_cache, &write);
	out_end(&write.out);
	return (long)write.out.used;
}

int (*diag_task_ready)(void);

/* 0: ask kernel-api; else what there is to say instead, @none where there is no kernel. */
static long instead(char *buf, unsigned long bytes, const char *none)
{
	int ready = diag_task_ready ? diag_task_ready() : 0;

	if (ready > 0)
		return 0;
	if (!ready && !none)
		return -1;
	return diag_format(buf, bytes, "%s", ready ? "\"no memory to ask with\"" : none);
}

/* Lines of "NAME REFERENCES", from kernel-api, where it is there. */
static long write_modules(char *buf, unsigned long bytes)
{
	int (*lsmod)(char *buf, unsigned long bytes) = (int (*)(char *, unsigned long))dlsym(RTLD_DEFAULT,
											  "ring3_lsmod");
	static char lines[1 << 16];
	struct diag_out out;
	char *line = lines, *next;
	long length = instead(buf, bytes, "[]");

	if (!lsmod || length)
		return lsmod ? length : -1;
	length = lsmod(lines, sizeof(lines) - 1);
	lines[length > 0 ? length : 0] = 0;
	out_init(&out, buf, bytes, true);
	out_list(&out, NULL);
	for (; *line; line = next) {
		char *space = strchr(line, ' ');

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (!space)
			continue;
		*space = 0;
		out_object(&out, NULL);
		out_str(&out, "name", line);
		out_str(&out, "references", space + 1);
		out_end(&out);
	}
	out_end(&out);
	return (long)out.used;
}

/* scst-port's own: what its function @symbol writes. Nothing where its module is not loaded. */
static long write_of(const char *symbol, char *buf, unsigned long bytes)
{
	long (*show)(char *buf, unsigned long bytes) = (long (*)(char *, unsigned long))dlsym(RTLD_DEFAULT, symbol);
	long length = instead(buf, bytes, NULL);

	if (show && !length)
		length = show(buf, bytes);
	return !show || length > (long)bytes ? -1 : length;
}

/* An array of sessions. */
static long write_iscsi(char *buf, unsigned long bytes)
{
	return write_of("iscsi_show", buf, bytes);
}

/* Sessions that ended, and why. Asks no event task, so it is there when write_iscsi() waits for one. */
static long write_iscsi_ended(char *buf, unsigned long bytes)
{
	return write_of("iscsi_show_ended", buf, bytes);
}

static long write_workqueues(char *buf, unsigned long bytes)
{
	long (*show)(char *buf, unsigned long bytes) = (long (*)(char *, unsigned long))dlsym(RTLD_DEFAULT,
											 "ring3_workqueues");

	long length = instead(buf, bytes, "[]");

	if (show && !length)
		length = show(buf, bytes);
	return show ? length : -1;
}

static struct diag_section own_sections[] = {
	{ .name = "workqueues", .bit = DIAG_TASKS, .write = write_workqueues },
	{ .name = "iscsiEnded", .bit = DIAG_ISCSI, .write = write_iscsi_ended },
	{ .name = "iscsi", .bit = DIAG_ISCSI, .write = write_iscsi },
	{ .name = "modules", .bit = DIAG_MODULES, .write = write_modules },
	{ .name = "memory", .bit = DIAG_MEMORY, .write = write_memory },
};

bool probe_init(void)
{
	sigset_t all, before;
	int rc = 0;

	for (size_t i = 0; i < sizeof(own_sections) / sizeof(own_sections[0]); i++)
		diag_section_add(&own_sections[i]);
	sigfillset(&all);
	sigdelset(&all, capture_signum());
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (int i = 0; i < PROBERS && !rc; i++) {
		pthread_t thread;
		void *buf = mmap(NULL, ANSWER_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (buf == MAP_FAILED)
			break;
		madvise(buf, ANSWER_BYTES, MADV_DONTDUMP);
		probers[i].buf = buf;
		rc = pthread_create(&thread, NULL, probe_main, &probers[i]);
		if (!rc)
			pthread_detach(thread);
		else
			probers[i].buf = NULL;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !rc;
}
