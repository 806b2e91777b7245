/* SPDX-License-Identifier: MIT */
/*
 * lockdep.c - the checking mode: does the order in which locks are taken allow a deadlock?
 *
 * A class is what a lock's initialiser says, else the lock itself where it lies in a
 * file's data, else the place that took it first. Edges A -> B mean: B was waited for
 * while A was held. A new edge that finds a way back from B to A is reported once,
 * with the places of the edge and of the way's first.
 *
 * Locking: one word guards all tables; a leaf, held for some microseconds, by threads
 * that have just taken a lock of their own. It is not itself noted.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "diag_impl.h"
#include "sys_mem.h"

enum { CLASSES_MAX = 1024, EDGES_MAX = 8192, LOCKS_MAX = 1 << 16 };

struct class {
	const void	*key;
	const char	*name;
	const void	*first_site;
	uint32_t	usage;		/* 1: taken in softirq; 2: taken with softirqs enabled */
	uint32_t	first_edge;	/* index + 1 */
	uint32_t	visited;
	bool		reported;
	const void	*usage_sites[2];
};

struct edge {
	uint32_t	to, next;	/* next: index + 1 */
	const void	*held_at, *taken_at;
};

struct lock_class {
	const void	*lock;
	uint32_t	class;
};

int diag_lockdep_on;

static struct class classes[CLASSES_MAX];
static struct edge edges[EDGES_MAX];
static struct lock_class locks[LOCKS_MAX];
static struct finding findings[FINDINGS_MAX];
static unsigned int nr_classes, nr_edges, nr_locks, nr_findings, visit;
static uint32_t tables_word;

static void tables_lock(void)
{
	while (__atomic_exchange_n(&tables_word, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&tables_word, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}

static void tables_unlock(void)
{
	__atomic_store_n(&tables_word, 0, __ATOMIC_RELEASE);
}

__attribute__((constructor)) static void lockdep_init(void)
{
	const char *mode = getenv("RING3_LOCKDEP");

	diag_lockdep_on = mode && !strcmp(mode, "1");
}

/* ---- classes ---------------------------------------------------------------------------- */

static struct lock_class *slot_of(const void *lock)
{
	unsigned int at = (unsigned int)((uintptr_t)lock * 0x9e3779b97f4a7c15ul >> 48);

	for (unsigned int i = 0; i < 64; i++, at++) {
		struct lock_class *slot = &locks[at % LOCKS_MAX];

		if (slot->lock == lock || !slot->lock)
			return slot;
	}
	/* Crowded: the oldest guess goes, and is guessed anew. */
	return &locks[at % LOCKS_MAX];
}

static uint32_t class_of_key(const void *key, const char *name, const void *site)
{
	for (uint32_t i = 0; i < nr_classes; i++)
		if (classes[i].key == key) {
			if (!classes[i].name)
				classes[i].name = name;
			return i;
		}
	if (nr_classes == CLASSES_MAX)
		return UINT32_MAX;
	classes[nr_classes] = (struct class){ .key = key, .name = name, .first_site = site };
	__atomic_store_n(&nr_classes, nr_classes + 1, __ATOMIC_RELAXED);
	return nr_classes - 1;
}

static uint32_t class_of(const void *lock, const void *site)
{
	struct lock_class *slot = slot_of(lock);

	if (slot->lock != lock) {
		/* Of allocated memory: one class for all that are taken there. */
		const void *key = sys_region_has(lock) ? site : lock;

		slot->lock = lock;
		slot->class = class_of_key(key, NULL, site);
		nr_locks++;
	}
	return slot->class;
}

void diag_lock_class(const void *lock, const void *key, const char *name)
{
	struct lock_class *slot;

	if (!diag_lockdep_on)
		return;
	tables_lock();
	slot = slot_of(lock);
	slot->lock = lock;
	slot->class = class_of_key(key, name, NULL);
	tables_unlock();
}

const char *lockdep_name(const void *lock)
{
	const struct lock_class *slot;
	const char *name = NULL;

	/* Whoever has the word now may be dead: the dump does not wait for it. */
	if (!diag_lockdep_on || __atomic_exchange_n(&tables_word, 1, __ATOMIC_ACQUIRE))
		return NULL;
	slot = slot_of(lock);
	if (slot->lock == lock && slot->class < nr_classes)
		name = classes[slot->class].name;
	tables_unlock();
	return name;
}

void lockdep_numbers(unsigned int *class_count, unsigned int *edge_count)
{
	*class_count = __atomic_load_n(&nr_classes, __ATOMIC_RELAXED);
	*edge_count = __atomic_load_n(&nr_edges, __ATOMIC_RELAXED);
}

/* ---- findings ------------------------------------------------------------------------------ */

/* Frame pointers only: our own code keeps them. Bounded by the thread's stack growing one way. */
__attribute__((noinline, no_sanitize("address", "thread")))
static uint32_t callers(const void *stack[], uint32_t max)
{
	const uintptr_t *fp = __builtin_frame_address(0);
	uint32_t nr = 0;

	while (nr < max && fp && !((uintptr_t)fp & 7)) {
		const uintptr_t *next = (const uintptr_t *)fp[0];

		if (!fp[1])
			break;
		stack[nr++] = (const void *)fp[1];
		if (next <= fp || (uintptr_t)next - (uintptr_t)fp > 1 << 16)
			break;
		fp = next;
	}
	return nr;
}

static struct finding *new_finding(const char *what)
{
	struct finding *finding;

	if (nr_findings == FINDINGS_MAX)
		return NULL;
	finding = &findings[nr_findings];
	*finding = (struct finding){ .what = what, .tid = (int)syscall(SYS_gettid) };
	finding->nr_stack = callers(finding->stack, 16);
	return finding;
}

static void publish(void)
{
	__atomic_store_n(&nr_findings, nr_findings + 1, __ATOMIC_RELEASE);
}

unsigned int lockdep_nr_findings(void)
{
	return __atomic_load_n(&nr_findings, __ATOMIC_ACQUIRE);
}

const struct finding *lockdep_finding(unsigned int index)
{
	return &findings[index];
}

/* ---- order ------------------------------------------------------------------------------------ */

static const struct edge *edge_between(uint32_t from, uint32_t to)
{
	for (uint32_t i = classes[from].first_edge; i; i = edges[i - 1].next)
		if (edges[i - 1].to == to)
			return &edges[i - 1];
	return NULL;
}

/* The first edge of a way from @from to @to; NULL = there is none. Breadth first, each class once. */
static const struct edge *way(uint32_t from, uint32_t to, uint32_t *length)
{
	static uint32_t queue[CLASSES_MAX], depth[CLASSES_MAX];
	static const struct edge *first[CLASSES_MAX];
	uint32_t head = 0, tail = 0;

	visit++;
	classes[from].visited = visit;
	queue[tail] = from;
	depth[tail++] = 0;
	while (head < tail) {
		uint32_t at = queue[head];

		for (uint32_t i = classes[at].first_edge; i; i = edges[i - 1].next) {
			const struct edge *edge = &edges[i - 1];
			const struct edge *start = at == from ? edge : first[head];

			if (edge->to == to) {
				*length = depth[head] + 1;
				return start;
			}
			if (classes[edge->to].visited == visit)
				continue;
			classes[edge->to].visited = visit;
			first[tail] = start;
			depth[tail] = depth[head] + 1;
			queue[tail++] = edge->to;
		}
		head++;
	}
	return NULL;
}

static void report_circle(uint32_t from, uint32_t to, const struct held *held, const void *site,
			  const struct edge *back, uint32_t length)
{
	struct finding *finding = new_finding(from == to ? "recursive locking" : "circular lock order");

	if (!finding)
		return;
	finding->names[0] = classes[from].name;
	finding->names[1] = classes[to].name;
	finding->classes[0] = classes[from].key;
	finding->classes[1] = classes[to].key;
	finding->sites[0] = held->site;
	finding->sites[1] = site;
	finding->sites[2] = back ? back->held_at : NULL;
	finding->sites[3] = back ? back->taken_at : NULL;
	finding->nr_path = length;
	publish();
}

static void add_edge(uint32_t from, uint32_t to, const struct held *held, const void *lock, const void *site)
{
	const struct edge *back;
	uint32_t length = 0;

	if (from == UINT32_MAX || to == UINT32_MAX || edge_between(from, to))
		return;
	/* Two of one class are ordered by something this does not know, unless they are one. */
	if (from == to && held->lock != lock)
		return;
	back = from == to ? NULL : way(to, from, &length);
	if (nr_edges < EDGES_MAX) {
		edges[nr_edges] = (struct edge){
			.to = to, .next = classes[from].first_edge, .held_at = held->site, .taken_at = site,
		};
		__atomic_store_n(&nr_edges, nr_edges + 1, __ATOMIC_RELAXED);
		classes[from].first_edge = nr_edges;
	}
	if (back || from == to)
		report_circle(from, to, held, site, back, length);
}

static void check_usage(uint32_t index, unsigned int kind, const void *site)
{
	struct class *class = &classes[index];
	unsigned int lock_kind = kind & DIAG_LOCK_KIND, bit;
	struct finding *finding;

	if (lock_kind == DIAG_LOCK_MUTEX || lock_kind >= DIAG_LOCK_SEM_READ)
		return;
	bit = kind & DIAG_LOCK_SOFTIRQ ? 0 : kind & DIAG_LOCK_BH_OFF ? 2 : 1;
	if (bit == 2 || class->usage & 1u << bit)
		return;
	class->usage |= 1u << bit;
	class->usage_sites[bit] = site;
	if (class->usage != 3 || class->reported)
		return;
	class->reported = true;
	finding = new_finding("taken in softirq, and elsewhere with softirqs enabled");
	if (!finding)
		return;
	finding->names[0] = class->name;
	finding->classes[0] = class->key;
	finding->sites[0] = class->usage_sites[0];
	finding->sites[1] = class->usage_sites[1];
	publish();
}

void lockdep_got(struct record *record, const void *lock, unsigned int kind, const void *site)
{
	uint32_t to;

	if (record->in_lockdep)
		return;
	record->in_lockdep = 1;
	tables_lock();
	to = class_of(lock, site);
	if (to != UINT32_MAX)
		check_usage(to, kind, site);
	for (uint32_t i = 0; !(kind & DIAG_LOCK_TRY) && i < record->nr_held && i < HELD_MAX; i++)
		add_edge(class_of(record->held[i].lock, record->held[i].site), to, &record->held[i], lock, site);
	tables_unlock();
	record->in_lockdep = 0;
}

void lockdep_report(const char *what, const void *site, const void *other, const void *object)
{
	struct finding *finding;

	tables_lock();
	finding = new_finding(what);
	if (finding) {
		finding->sites[0] = site;
		finding->sites[1] = other;
		finding->classes[0] = object;
		publish();
	}
	tables_unlock();
}

void diag_lock_check_none(const char *where)
{
	struct record *record = diag_lockdep_on ? record_self() : NULL;
	struct finding *finding;

	if (!record || !record->nr_held)
		return;
	tables_lock();
	finding = new_finding("left with a lock held");
	if (finding) {
		finding->where = where;
		finding->sites[0] = record->held[0].site;
		finding->classes[0] = record->held[0].lock;
		publish();
	}
	tables_unlock();
}
