/* SPDX-License-Identifier: MIT */
/*
 * locks.c - who waits for whom, out of what threads noted and of what memory says.
 *
 * A thread that sleeps in futex(2) on a word waits for the lock that begins there. Ours
 * keep the owner's thread id in the next word, glibc's mutexes in the third. So locks
 * nobody noted, the allocator's for one, are seen as well, and cost nothing until then.
 */
#include <string.h>
#include <sys/syscall.h>

#include "diag_impl.h"

enum { CYCLES_MAX = 32, CHAIN_MAX = 64 };

static const char *kind_name(unsigned int kind)
{
	static const char *const names[] = {
		[DIAG_LOCK_SPIN] = "spinlock", [DIAG_LOCK_MUTEX] = "mutex", [DIAG_LOCK_READ] = "rwlock (read)",
		[DIAG_LOCK_WRITE] = "rwlock (write)", [DIAG_LOCK_SEM_READ] = "rwsem (read)",
		[DIAG_LOCK_SEM_WRITE] = "rwsem (write)", [DIAG_LOCK_OTHER] = "lock",
	};

	kind &= DIAG_LOCK_KIND;
	return kind && kind <= DIAG_LOCK_OTHER ? names[kind] : "lock";
}

static void lock_text(struct dump *dump, const void *lock, char *buf, size_t bytes)
{
	const char *name = lockdep_name(lock);

	if (name)
		diag_format(buf, bytes, "%s", name);
	else
		space_name(dump->space, (uintptr_t)lock, buf, bytes);
}

/* ---- who waits ------------------------------------------------------------------------ */

static int holder_by_record(const void *lock, int but)
{
	struct record copy;

	for (unsigned int i = 0; i < __atomic_load_n(&diag_nr_records, __ATOMIC_ACQUIRE); i++) {
		if (!__atomic_load_n(&diag_records[i].tid, __ATOMIC_RELAXED))
			continue;
		record_read(&diag_records[i], &copy);
		for (unsigned int j = 0; j < copy.nr_held && j < HELD_MAX; j++)
			if (copy.held[j].lock == lock && (copy.tid != but || copy.want.lock == lock))
				return copy.tid;
	}
	return 0;
}

static bool is_thread(struct dump *dump, int tid)
{
	return tid > 0 && threads_find(dump, tid);
}

static bool waits_in(struct dump *dump, const struct thread *thread, const char *part)
{
	for (unsigned int i = 0; thread->stack && i < thread->stack->nr && i < 6; i++) {
		const struct frame *frame = &thread->stack->frames[i];
		const struct place *place = space_place(dump->space, frame->pc, frame->exact);

		if (place->function && strstr(place->function, part))
			return true;
	}
	return false;
}

static void from_futex(struct dump *dump, struct thread *thread)
{
	int words[4];	/* ours: word, owner; glibc's: lock, count, owner, users */

	if (thread->syscall != SYS_futex || !space_get(dump->space, thread->args[0], words, sizeof(words)) || !words[0])
		return;
	if (waits_in(dump, thread, "pthread_mutex_lock") || waits_in(dump, thread, "__lll_lock_wait")) {
		thread->waits_lock = thread->args[0];
		thread->waits_kind = "pthread mutex";
		thread->waits_owner = is_thread(dump, words[2]) ? words[2] : 0;
	} else if (waits_in(dump, thread, "word_lock") || waits_in(dump, thread, "spin_lock") ||
		   waits_in(dump, thread, "mutex_lock")) {
		thread->waits_lock = thread->args[0];
		thread->waits_kind = waits_in(dump, thread, "mutex_lock") ? "mutex" : "spinlock";
		thread->waits_owner = is_thread(dump, words[1]) ? words[1] : 0;
	}
}

void locks_analyse(struct dump *dump)
{
	for (unsigned int i = 0; i < dump->threads.nr; i++) {
		struct thread *thread = &dump->threads.all[i];
		const struct record *live = record_of(thread->tid);
		struct record record;

		from_futex(dump, thread);
		if (!live)
			continue;
		record_read(live, &record);
		if (!record.want.lock)
			continue;
		thread->waits_lock = (uintptr_t)record.want.lock;
		thread->waits_kind = kind_name(record.want.kind);
		if (!thread->waits_owner)
			thread->waits_owner = holder_by_record(record.want.lock, thread->tid);
	}
}

/* ---- circles ----------------------------------------------------------------------------- */

static void holding(struct dump *dump, int tid, uint64_t lock, char *buf, size_t bytes)
{
	const struct record *live = record_of(tid);
	struct record record;
	char site[200];

	buf[0] = 0;
	if (!live)
		return;
	record_read(live, &record);
	for (unsigned int i = 0; i < record.nr_held && i < HELD_MAX; i++)
		if ((uint64_t)(uintptr_t)record.held[i].lock == lock) {
			site_text(dump->space, record.held[i].site, site, sizeof(site));
			diag_format(buf, bytes, ", which it took in %s", site);
		}
}

static void emit_cycle(struct dump *dump, const int chain[], unsigned int nr)
{
	struct diag_out *out = dump->out;
	char lock[128], held[256], line[800];

	out_list(out, NULL);
	for (unsigned int i = 0; i < nr; i++) {
		const struct thread *thread = threads_find(dump, chain[i]);

		lock_text(dump, (const void *)(uintptr_t)thread->waits_lock, lock, sizeof(lock));
		holding(dump, thread->waits_owner, thread->waits_lock, held, sizeof(held));
		diag_format(line, sizeof(line), "thread %d \"%s\" waits for %s %s, held by thread %d%s", thread->tid,
			    thread->name, thread->waits_kind, lock, thread->waits_owner, held);
		out_str(out, NULL, line);
	}
	out_end(out);
}

static void emit_cycles(struct dump *dump)
{
	unsigned int nr_cycles = 0;

	out_list(dump->out, "deadlocks");
	for (unsigned int i = 0; i < dump->threads.nr && nr_cycles < CYCLES_MAX; i++) {
		int chain[CHAIN_MAX], first = dump->threads.all[i].tid;
		unsigned int nr = 0;
		struct thread *thread = &dump->threads.all[i];
		bool least = true;

		/* Round once; each circle is told by its thread of the least number. */
		while (thread && thread->waits_owner && nr < CHAIN_MAX) {
			chain[nr++] = thread->tid;
			least &= thread->tid >= first;
			thread = threads_find(dump, thread->waits_owner);
			if (thread && thread->tid == first)
				break;
		}
		if (nr && thread && thread->tid == first && least && thread->waits_owner) {
			emit_cycle(dump, chain, nr);
			nr_cycles++;
		}
	}
	out_end(dump->out);
}

/* ---- the section ---------------------------------------------------------------------------- */

static void emit_held(struct dump *dump, const char *key, const struct record *record, const struct held *held)
{
	struct diag_out *out = dump->out;
	char text[256];

	out_object(out, NULL);
	out_str(out, "is", key);
	out_num(out, "tid", record->tid);
	out_str(out, "kind", kind_name(held->kind));
	lock_text(dump, held->lock, text, sizeof(text));
	out_str(out, "lock", text);
	site_text(dump->space, held->site, text, sizeof(text));
	out_str(out, "at", text);
	if (held->since)
		out_num(out, "sinceMs", (int64_t)(diag_now() - held->since) / 1000000);
	out_end(out);
}

static void emit_records(struct dump *dump)
{
	struct record copy;

	out_list(dump->out, "held");
	for (unsigned int i = 0; i < __atomic_load_n(&diag_nr_records, __ATOMIC_ACQUIRE); i++) {
		if (!__atomic_load_n(&diag_records[i].tid, __ATOMIC_RELAXED))
			continue;
		record_read(&diag_records[i], &copy);
		for (unsigned int j = 0; j < copy.nr_held && j < HELD_MAX; j++)
			emit_held(dump, "held", &copy, &copy.held[j]);
		if (copy.want.lock)
			emit_held(dump, "wanted", &copy, &copy.want);
	}
	out_end(dump->out);
}

static void emit_contention(struct dump *dump)
{
	struct diag_out *out = dump->out;
	char text[256];

	out_list(out, "contention");
	for (unsigned int i = 0; i < CONTENTION_MAX; i++) {
		const struct contention *place = &diag_contention[i];
		const void *site = __atomic_load_n(&place->site, __ATOMIC_RELAXED);

		if (!site || !__atomic_load_n(&place->count, __ATOMIC_RELAXED))
			continue;
		out_object(out, NULL);
		out_str(out, "kind", kind_name(__atomic_load_n(&place->kind, __ATOMIC_RELAXED)));
		site_text(dump->space, site, text, sizeof(text));
		out_str(out, "at", text);
		out_num(out, "waits", (int64_t)__atomic_load_n(&place->count, __ATOMIC_RELAXED));
		out_num(out, "waitedUs", (int64_t)__atomic_load_n(&place->wait_ns, __ATOMIC_RELAXED) / 1000);
		out_num(out, "longestUs", (int64_t)__atomic_load_n(&place->wait_max_ns, __ATOMIC_RELAXED) / 1000);
		out_end(out);
	}
	out_end(out);
}

static void class_text(struct dump *dump, const struct finding *finding, int index, char *buf, size_t bytes)
{
	if (finding->names[index])
		diag_format(buf, bytes, "%s", finding->names[index]);
	else
		space_name(dump->space, (uintptr_t)finding->classes[index], buf, bytes);
}

static void emit_findings(struct dump *dump)
{
	struct diag_out *out = dump->out;
	char text[256], key[16];

	out_list(out, "orderFindings");
	for (unsigned int i = 0; i < lockdep_nr_findings(); i++) {
		const struct finding *finding = lockdep_finding(i);

		out_object(out, NULL);
		out_str(out, "what", finding->what);
		out_num(out, "tid", finding->tid);
		if (finding->where)
			out_str(out, "where", finding->where);
		for (int j = 0; j < 2; j++)
			if (finding->classes[j]) {
				class_text(dump, finding, j, text, sizeof(text));
				diag_format(key, sizeof(key), "lock%d", j + 1);
				out_str(out, key, text);
			}
		out_list(out, "sites");
		for (int j = 0; j < 4; j++)
			if (finding->sites[j]) {
				site_text(dump->space, finding->sites[j], text, sizeof(text));
				out_str(out, NULL, text);
			}
		out_end(out);
		out_list(out, "stack");
		for (uint32_t j = 0; j < finding->nr_stack; j++) {
			site_text(dump->space, finding->stack[j], text, sizeof(text));
			out_str(out, NULL, text);
		}
		out_end(out);
		out_end(out);
	}
	out_end(out);
}

void locks_emit(struct dump *dump)
{
	unsigned int classes, edges;

	out_object(dump->out, "locks");
	if (diag_lockdep_on) {
		lockdep_numbers(&classes, &edges);
		out_num(dump->out, "classes", classes);
		out_num(dump->out, "edges", edges);
	}
	out_bool(dump->out, "orderChecked", diag_lockdep_on);
	emit_cycles(dump);
	emit_records(dump);
	emit_contention(dump);
	emit_findings(dump);
	out_end(dump->out);
}
