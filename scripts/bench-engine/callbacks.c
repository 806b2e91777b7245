/* SPDX-License-Identifier: MIT */
/*
 * callbacks.c - messages from producer threads to one consumer, and callbacks that a task posts to itself.
 *
 * Each producer has a window of nodes that it sends round after round; a node is sent
 * again once the consumer has marked it free. So the queue is bounded, and the same for all:
 * 4096 a producer, where throughput counts, or one, where it waits for each to be seen.
 */
#if __has_include(<uv.h>)
#include <uv.h>
#define HAVE_UV 1
#endif
#if __has_include(<event2/event.h>)
#include <event2/event.h>
#include <event2/thread.h>
#define HAVE_EVENT 1
#endif
#if __has_include(<urcu/wfcqueue.h>)
#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>
#define HAVE_URCU 1
#endif

#include "bench.h"
#include "etask.h"

enum { WINDOW_MAX = 4096, PRODUCERS_MAX = 4 };

struct node {
	union {
		struct etask_callback	cb;
		struct node		*next;
#ifdef HAVE_URCU
		struct cds_wfcq_node	wfcq;
#endif
	};
	atomic_bool	busy;
} __attribute__((aligned(64)));	/* as messages that carry something */

struct producer {
	pthread_t	thread;
	struct node	nodes[WINDOW_MAX];
};

static struct producer producers[PRODUCERS_MAX];
static size_t window = WINDOW_MAX;
static atomic_bool over;
static uint64_t received __attribute__((aligned(64)));
static void (*send_node)(struct node *node);

/* The consumer's part: what a handler does. */
static inline void consume(struct node *node)
{
	received++;
	atomic_store_explicit(&node->busy, false, memory_order_release);
}

/* True when @node is free; false when all is over. */
static bool wait_for(struct node *node)
{
	for (int turn = 0; atomic_load_explicit(&node->busy, memory_order_acquire); turn++) {
		if (atomic_load_explicit(&over, memory_order_relaxed))
			return false;
		if (turn % 64 == 63)
			sched_yield();
		else
			__builtin_ia32_pause();
	}
	return true;
}

static void *produce(void *arg)
{
	struct producer *me = arg;

	for (size_t i = 0; !atomic_load_explicit(&over, memory_order_relaxed); i = (i + 1) % window) {
		struct node *node = &me->nodes[i];

		/* A full window: until half of it is free, as credits come back in batches. */
		if (atomic_load_explicit(&node->busy, memory_order_acquire) &&
		    !wait_for(&me->nodes[(i + window / 2) % window]))
			return NULL;
		atomic_store_explicit(&node->busy, true, memory_order_relaxed);
		send_node(node);
	}
	return NULL;
}

/* Messages a second, while the consumer runs elsewhere. */
static double run_producers(int count, size_t each, void (*send)(struct node *node))
{
	uint64_t from, before, after;

	send_node = send;
	window = each;
	for (int i = 0; i < count; i++)
		bench_must(!pthread_create(&producers[i].thread, NULL, produce, &producers[i]), "pthread_create");
	usleep(50000);
	from = now_ns();
	before = __atomic_load_n(&received, __ATOMIC_RELAXED);
	usleep((useconds_t)(bench_seconds * 1e6));
	after = __atomic_load_n(&received, __ATOMIC_RELAXED);
	from = now_ns() - from;
	atomic_store(&over, true);
	for (int i = 0; i < count; i++)
		pthread_join(producers[i].thread, NULL);
	return (double)(after - before) / (double)from * 1e9;
}

/* ---- ring3 ------------------------------------------------------------------------- */

static sys_event_task_t task;

static void ring3_handler(struct etask_callback *cb)
{
	consume((struct node *)cb);
}

static void ring3_send(struct node *node)
{
	etask_post(task, &node->cb);
}

static double ring3_producers(int count, size_t each)
{
	task = sys_event_task_alloc(NULL);
	bench_must(task && !etask_start(task, "bench", -1), "etask_start");
	for (int i = 0; i < count; i++)
		for (int k = 0; k < WINDOW_MAX; k++)
			etask_callback_init(&producers[i].nodes[k].cb, ring3_handler, "bench");
	return run_producers(count, each, ring3_send);
}

MEASURE(ring3_1, "callback/1 producer/ring3", "/s") { return ring3_producers(1, WINDOW_MAX); }
MEASURE(ring3_4, "callback/4 producers/ring3", "/s") { return ring3_producers(4, WINDOW_MAX); }
MEASURE(ring3_one, "callback/1 producer, one at a time/ring3", "/s") { return ring3_producers(1, 1); }

/* ---- libuv: a list under a mutex, and uv_async ------------------------------------------ */

#ifdef HAVE_UV
static uv_loop_t *loop;
static uv_async_t async;
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct node *list, **list_end = &list;

static void uv_take(uv_async_t *handle)
{
	struct node *node;

	(void)handle;
	pthread_mutex_lock(&list_lock);
	node = list;
	list = NULL;
	list_end = &list;
	pthread_mutex_unlock(&list_lock);
	while (node) {
		struct node *next = node->next;

		consume(node);
		node = next;
	}
}

static void uv_send(struct node *node)
{
	node->next = NULL;
	pthread_mutex_lock(&list_lock);
	*list_end = node;
	list_end = &node->next;
	pthread_mutex_unlock(&list_lock);
	uv_async_send(&async);
}

static void *uv_thread(void *arg)
{
	uv_run(loop, UV_RUN_DEFAULT);
	return arg;
}

static double uv_producers(int count, size_t each)
{
	pthread_t thread;

	loop = uv_default_loop();
	uv_async_init(loop, &async, uv_take);
	bench_must(!pthread_create(&thread, NULL, uv_thread, NULL), "pthread_create");
	return run_producers(count, each, uv_send);
}

MEASURE(uv_1, "callback/1 producer/libuv async+queue", "/s") { return uv_producers(1, WINDOW_MAX); }
MEASURE(uv_4, "callback/4 producers/libuv async+queue", "/s") { return uv_producers(4, WINDOW_MAX); }
MEASURE(uv_one, "callback/1 producer, one at a time/libuv async+queue", "/s") { return uv_producers(1, 1); }
#endif

/* ---- liburcu: the bare queue, a consumer that never sleeps -------------------------------- */

#ifdef HAVE_URCU
static struct cds_wfcq_head wfcq_head;
static struct cds_wfcq_tail wfcq_tail;

static void wfcq_send(struct node *node)
{
	cds_wfcq_node_init(&node->wfcq);
	cds_wfcq_enqueue(&wfcq_head, &wfcq_tail, &node->wfcq);
}

/*
 * As its manual advises a consumer: take all there is, and go through it. Not by the blocking
 * calls: these sleep for 10 ms when they meet a producer between its two stores ten times. And not
 * at once again when there was nothing: who looks all the time takes the line from the producers,
 * and is far slower for it.
 */
static void *wfcq_thread(void *arg)
{
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		struct cds_wfcq_head local_head;
		struct cds_wfcq_tail local_tail;
		struct cds_wfcq_node *node, *next;
		enum cds_wfcq_ret taken;

		cds_wfcq_init(&local_head, &local_tail);
		taken = __cds_wfcq_splice_nonblocking(&local_head, &local_tail, &wfcq_head, &wfcq_tail);
		if (taken == CDS_WFCQ_RET_WOULDBLOCK || taken == CDS_WFCQ_RET_SRC_EMPTY) {
			for (int i = 0; i < 256; i++)
				__builtin_ia32_pause();
			continue;
		}
		while ((node = __cds_wfcq_first_nonblocking(&local_head, &local_tail)) == CDS_WFCQ_WOULDBLOCK)
			__builtin_ia32_pause();
		for (; node; node = next) {
			while ((next = __cds_wfcq_next_nonblocking(&local_head, &local_tail, node)) == CDS_WFCQ_WOULDBLOCK)
				__builtin_ia32_pause();
			consume((struct node *)node);
		}
	}
	return arg;
}

static double wfcq_producers(int count, size_t each)
{
	pthread_t thread;

	cds_wfcq_init(&wfcq_head, &wfcq_tail);
	bench_must(!pthread_create(&thread, NULL, wfcq_thread, NULL), "pthread_create");
	return run_producers(count, each, wfcq_send);
}

MEASURE(wfcq_1, "callback/1 producer/liburcu wfcqueue", "/s") { return wfcq_producers(1, WINDOW_MAX); }
MEASURE(wfcq_4, "callback/4 producers/liburcu wfcqueue", "/s") { return wfcq_producers(4, WINDOW_MAX); }
MEASURE(wfcq_one, "callback/1 producer, one at a time/liburcu wfcqueue", "/s") { return wfcq_producers(1, 1); }
#endif

/* ---- to itself ------------------------------------------------------------------------------ */

static uint64_t self_left, self_done, self_from;

static bool self_ends(void)
{
	/* The clock is read once in 65536 runs. */
	return (++self_done & 0xffff) == 0 && worked_ns() - self_from > (uint64_t)(bench_seconds * 1e9);
}

static void self_handler(struct etask_callback *cb)
{
	if (self_ends()) {
		self_left = worked_ns() - self_from;
		sys_event_task_stop(task);
		return;
	}
	etask_post(task, cb);
}

MEASURE(self_ring3, "same task/callback/ring3", "ns")
{
	struct etask_callback cbs[16];

	task = sys_event_task_alloc(NULL);
	for (int i = 0; i < 16; i++) {
		etask_callback_init(&cbs[i], self_handler, "bench");
		etask_post(task, &cbs[i]);
	}
	self_from = worked_ns();
	sys_event_task_run(task);
	return (double)self_left / (double)self_done;
}

static void handle_handler(void *env, uintptr_t arg, errno_t err)
{
	if (self_ends()) {
		self_left = worked_ns() - self_from;
		sys_event_task_stop(task);
		return;
	}
	sys_callback_schedule(task, handle_handler, env, arg, err);
}

MEASURE(self_handle, "same task/callback by handle/ring3", "ns")
{
	task = sys_event_task_alloc(NULL);
	for (int i = 0; i < 16; i++)
		sys_callback_schedule(task, handle_handler, NULL, 0, E_OK);
	self_from = worked_ns();
	sys_event_task_run(task);
	return (double)self_left / (double)self_done;
}

#ifdef HAVE_EVENT
static struct event_base *base;
static struct event *events[16];

static void event_handler(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	if (self_ends()) {
		self_left = worked_ns() - self_from;
		event_base_loopbreak(base);
		return;
	}
	event_active(*(struct event **)arg, EV_TIMEOUT, 0);
}

MEASURE(self_event, "same task/callback/libevent event_active", "ns")
{
	base = event_base_new();
	for (int i = 0; i < 16; i++) {
		events[i] = event_new(base, -1, 0, event_handler, &events[i]);
		event_active(events[i], EV_TIMEOUT, 0);
	}
	self_from = worked_ns();
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	return (double)self_left / (double)self_done;
}
#endif

#ifdef HAVE_UV
static void idle_handler(uv_idle_t *idle)
{
	if (self_ends()) {
		self_left = worked_ns() - self_from;
		uv_stop(idle->loop);
	}
}

/* Not the same: an idle handle is dispatched each round without being scheduled. */
MEASURE(self_uv, "same task/callback/libuv idle", "ns")
{
	uv_idle_t idles[16];

	for (int i = 0; i < 16; i++) {
		uv_idle_init(uv_default_loop(), &idles[i]);
		uv_idle_start(&idles[i], idle_handler);
	}
	self_from = worked_ns();
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return (double)self_left / (double)self_done;
}
#endif
