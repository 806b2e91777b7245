/* SPDX-License-Identifier: MIT */
/*
 * watch.c - watchdogs: what has taken too long, told once, with the culprit's stack.
 *
 * The collector looks four times a second, and oftener where callbacks have a smaller
 * budget. An episode (this task in this round, this lock since then) is told once; of one
 * kind at most one a second is told with its stack, the others are counted.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "diag_impl.h"

enum { GAP_NS = 1000000000, EPISODES = 256, STACK_BYTES = 16 << 10, TICK_MS = 250, TICK_LEAST_MS = 20 };
#define NODE_NS	2000000000ul

static struct diag_budgets budgets = {
	.task_ns = 1000000000, .callback_ns = UINT64_MAX, .kthread_ns = 30000000000, .lock_ns = 5000000000,
	.io_ns = 30000000000, .node_ns = UINT64_MAX,
};

#define BUDGET(field)	__atomic_load_n(&budgets.field, __ATOMIC_RELAXED)

static const char *const kind_names[DIAG_STALL_KINDS] = {
	"task", "callback", "kthread", "lock", "io", "node", "order",
};

static uint64_t counts[DIAG_STALL_KINDS], last_told[DIAG_STALL_KINDS];

static struct episode {
	uint64_t	what, since;
} episodes[EPISODES];
static unsigned int next_episode;

static struct {
	void	(*fn)(void *env, const struct diag_stall *stall);
	void	*env;
} listener;

static bool node_said;		/* atomic: the budget of Node's loop was set, whether on or off */

/* The handler each task was in when it was looked at last, and when it was first seen in it. */
static struct handler {
	uint64_t	task, nr, since;
} handlers[TASKS_MAX];

static uint64_t loop_awake_since;	/* atomic; 0 = it polls */
static int loop_tid;

void diag_budgets_set(const struct diag_budgets *set)
{
	const uint64_t *from = (const uint64_t *)set;
	uint64_t *to = (uint64_t *)&budgets;

	for (size_t i = 0; i < sizeof(budgets) / sizeof(*to); i++)
		if (from[i])
			__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	if (set->node_ns)
		__atomic_store_n(&node_said, true, __ATOMIC_RELAXED);
}

void diag_watch_loop(void)
{
	const struct diag_budgets on = { .node_ns = NODE_NS };

	if (!__atomic_load_n(&node_said, __ATOMIC_RELAXED))
		diag_budgets_set(&on);
}

/* RING3_WATCHDOG: "off" or "0", "on" or "1", or milliseconds. */
void watch_init(void)
{
	const char *text = getenv("RING3_WATCHDOG"), *at;
	struct diag_budgets set = { .node_ns = UINT64_MAX };
	uint64_t ms = 0;

	if (!text || !*text || __atomic_load_n(&node_said, __ATOMIC_RELAXED))
		return;
	for (at = text; *at >= '0' && *at <= '9' && ms < 1000000000; at++)
		ms = ms * 10 + (uint64_t)(*at - '0');
	if (!strcmp(text, "on") || (ms == 1 && !*at)) {
		set.node_ns = NODE_NS;
	} else if (*at && strcmp(text, "off")) {
		fprintf(stderr, "ring3: RING3_WATCHDOG is '%s', should be on, off or milliseconds up to 1000000000\n", text);
		return;
	} else if (ms) {
		set.node_ns = ms * 1000000;
	}
	diag_budgets_set(&set);
}

int watch_tick_ms(void)
{
	uint64_t ms = BUDGET(callback_ns) / 2000000;	/* it has to be seen twice */

	return ms > TICK_MS ? TICK_MS : ms < TICK_LEAST_MS ? TICK_LEAST_MS : (int)ms;
}

void diag_on_stall(void (*fn)(void *env, const struct diag_stall *stall), void *env)
{
	__atomic_store_n(&listener.fn, NULL, __ATOMIC_RELEASE);
	listener.env = env;
	__atomic_store_n(&listener.fn, fn, __ATOMIC_RELEASE);
}

void diag_loop_sleeps(void)
{
	__atomic_store_n(&loop_awake_since, 0, __ATOMIC_RELAXED);
}

void diag_loop_wakes(void)
{
	if (!loop_tid)
		__atomic_store_n(&loop_tid, (int)syscall(SYS_gettid), __ATOMIC_RELAXED);
	__atomic_store_n(&loop_awake_since, diag_now(), __ATOMIC_RELAXED);
}

/* ---- telling ------------------------------------------------------------------------- */

static bool new_episode(uint64_t what, uint64_t since)
{
	for (unsigned int i = 0; i < EPISODES; i++)
		if (episodes[i].what == what && episodes[i].since == since)
			return false;
	episodes[next_episode++ % EPISODES] = (struct episode){ what, since };
	return true;
}

static char stack[STACK_BYTES];		/* of the culprit */

/* With the stack of @tid; 0 = with the one that stands there. */
static __attribute__((format(printf, 4, 5)))
void collector_stall(enum diag_stall_kind kind, int tid, uint64_t duration_ns, const char *format, ...)
{
	static char what[512], line[STACK_BYTES + 1024];
	void (*fn)(void *env, const struct diag_stall *stall) = __atomic_load_n(&listener.fn, __ATOMIC_ACQUIRE);
	struct diag_stall stall = { .kind = kind, .tid = tid, .duration_ns = duration_ns, .what = what, .stack = stack };
	uint64_t now = diag_now();
	va_list args;
	int bytes;

	stall.count = ++counts[kind];
	if (last_told[kind] && now - last_told[kind] < GAP_NS)
		return;
	last_told[kind] = now;
	va_start(args, format);
	diag_vformat(what, sizeof(what), format, args);
	va_end(args);
	if (tid)
		collector_stack_text(tid, stack, sizeof(stack));
	bytes = diag_format(line, sizeof(line), "ring3: stall (%s): %s\n%s", kind_names[kind], what, stack);
	/* Nowhere to say it: the event still goes out. */
	collector_write(STDERR_FILENO, line, (size_t)bytes < sizeof(line) ? (size_t)bytes : sizeof(line) - 1);
	if (fn)
		fn(listener.env, &stall);
	stack[0] = 0;
}

/* ---- looking ---------------------------------------------------------------------------- */

/* How long it has been in the handler it is in, at least: since it was first seen there. */
static uint64_t in_handler(const struct task_view *view, uint64_t now)
{
	struct handler *seen = &handlers[view->index];

	if (seen->task != view->addr || seen->nr != view->nr_handlers)
		*seen = (struct handler){ view->addr, view->nr_handlers, now };
	return view->running[0] ? now - seen->since : 0;
}

static void look_at_task(void *env, const struct task_view *view)
{
	uint64_t now = *(uint64_t *)env, gone = now - view->heartbeat, handler = in_handler(view, now);

	if (!view->tid || !view->in_round || !view->heartbeat || view->heartbeat > now)
		return;
	if (handler > BUDGET(callback_ns) && new_episode(view->addr + 1, view->nr_handlers))
		collector_stall(DIAG_STALL_CALLBACK, view->tid, handler,
				"a callback on event task \"%s\" (thread %d), %s, has run for %lu ms at least", view->name,
				view->tid, view->running, handler / 1000000);
	if (gone > BUDGET(task_ns) && new_episode(view->addr, view->heartbeat))
		collector_stall(DIAG_STALL_TASK, view->tid, gone,
				"event task \"%s\" (thread %d) has been in one round for %lu ms%s%s", view->name,
				view->tid, gone / 1000000, view->running[0] ? ", in " : "", view->running);
}

static void look_at_record(const struct record *record, uint64_t now)
{
	struct record copy;
	char lock[128], site[200];

	record_read(record, &copy);
	if (copy.sleep_what && copy.sleep_hard && copy.sleep_since && now > copy.sleep_since &&
	    now - copy.sleep_since > BUDGET(kthread_ns) && new_episode((uintptr_t)record, copy.sleep_since))
		collector_stall(DIAG_STALL_KTHREAD, copy.tid, now - copy.sleep_since,
				"thread %d has slept uninterruptibly in %s for %lu ms", copy.tid, copy.sleep_what,
				(now - copy.sleep_since) / 1000000);
	if (copy.want.lock && now > copy.want.since && now - copy.want.since > BUDGET(kthread_ns) &&
	    new_episode((uintptr_t)record + 1, copy.want.since)) {
		space_refresh(collector_space());
		space_name(collector_space(), (uintptr_t)copy.want.lock, lock, sizeof(lock));
		collector_stall(DIAG_STALL_KTHREAD, copy.tid, now - copy.want.since,
				"thread %d has waited for lock %s for %lu ms", copy.tid, lock,
				(now - copy.want.since) / 1000000);
	}
	for (unsigned int i = 0; i < copy.nr_held && i < HELD_MAX; i++) {
		const struct held *held = &copy.held[i];

		if (!held->since || now <= held->since || now - held->since <= BUDGET(lock_ns) ||
		    !new_episode((uintptr_t)held->lock, held->since))
			continue;
		space_refresh(collector_space());
		space_name(collector_space(), (uintptr_t)held->lock, lock, sizeof(lock));
		site_text(collector_space(), held->site, site, sizeof(site));
		collector_stall(DIAG_STALL_LOCK, copy.tid, now - held->since,
				"thread %d has held lock %s for %lu ms, taken in %s", copy.tid, lock,
				(now - held->since) / 1000000, site);
	}
}

static void look_at_loop(uint64_t now)
{
	uint64_t since = __atomic_load_n(&loop_awake_since, __ATOMIC_RELAXED);

	if (since && now > since && now - since > BUDGET(node_ns) && new_episode(1, since))
		collector_stall(DIAG_STALL_NODE, __atomic_load_n(&loop_tid, __ATOMIC_RELAXED), now - since,
				"Node's event loop has been blocked for %lu ms", (now - since) / 1000000);
}

static void look_at_io(uint64_t now)
{
	struct diag_io io;

	if (!diag_io_oldest || !diag_io_oldest(&io) || now <= io.begun || now - io.begun <= BUDGET(io_ns) ||
	    !new_episode(io.offset, io.begun))
		return;
	collector_stall(DIAG_STALL_IO, 0, now - io.begun, "%s of %lu bytes at %lu of file descriptor %d has been in "
			"flight for %lu ms", io.what, io.bytes, io.offset, io.fd, (now - io.begun) / 1000000);
}

/* From the first of its places on: what is further in is the check itself. */
static void stack_of_finding(const struct finding *finding)
{
	struct frame frames[16];
	uint32_t from = 0;

	for (uint32_t i = 0; i < finding->nr_stack && !from; i++)
		for (int k = 0; k < 4; k++)
			if (finding->stack[i] == finding->sites[k])
				from = i;
	for (uint32_t i = from; i < finding->nr_stack; i++)
		frames[i - from] = (struct frame){ .pc = (uintptr_t)finding->stack[i] };
	frames_text(collector_space(), NULL, frames, finding->nr_stack - from, stack, sizeof(stack));
}

static void look_at_order(void)
{
	static unsigned int seen;
	char site[2][200];

	while (seen < lockdep_nr_findings()) {
		const struct finding *finding = lockdep_finding(seen++);

		space_refresh(collector_space());
		for (int i = 0; i < 2; i++) {
			site[i][0] = 0;
			if (finding->sites[i])
				site_text(collector_space(), finding->sites[i], site[i], sizeof(site[i]));
		}
		stack_of_finding(finding);
		last_told[DIAG_STALL_ORDER] = 0;	/* each is a bug of its own, and found once */
		collector_stall(DIAG_STALL_ORDER, 0, 0, "%s%s%s: %s; %s", finding->what, finding->where ? " in " : "",
				finding->where ? finding->where : "", site[0], site[1]);
	}
}

void watch_tick(uint64_t now)
{
	tasks_each(look_at_task, &now);
	for (unsigned int i = 0; i < __atomic_load_n(&diag_nr_records, __ATOMIC_ACQUIRE); i++)
		if (__atomic_load_n(&diag_records[i].tid, __ATOMIC_RELAXED))
			look_at_record(&diag_records[i], now);
	look_at_loop(now);
	look_at_io(now);
	look_at_order();
}

void watch_emit(struct dump *dump)
{
	out_object(dump->out, "watchdogs");
	for (int i = 0; i < DIAG_STALL_KINDS; i++)
		out_num(dump->out, kind_names[i], (int64_t)counts[i]);
	out_end(dump->out);
	out_object(dump->out, "watchdogBudgetsMs");
	for (size_t i = 0; i < sizeof(budgets) / sizeof(uint64_t); i++) {
		uint64_t ns = __atomic_load_n((const uint64_t *)&budgets + i, __ATOMIC_RELAXED);

		if (ns != UINT64_MAX)
			out_num(dump->out, kind_names[i], (int64_t)(ns / 1000000));
	}
	out_end(dump->out);
}
