/* SPDX-License-Identifier: MIT */
/*
 * entry.c - polls, alarms and callbacks by handle, for clients of sys_service.h.
 *
 * A handle is the index of an entry in a table and the entry's generation, so a
 * cancel that comes late meets another generation and answers EINVAL, even when
 * the entry serves somebody else by then.
 *
 * Each thread keeps some free entries of its own, so that scheduling takes no lock.
 *
 * Invariant: an entry's generation is odd while it is in use, and changes last.
 * Locking:   entries_lock guards the common free list and the making of chunks.
 */
#include "entry.h"
#include "etask_impl.h"

#define CHUNK		1024
#define NR_CHUNKS	1024	/* a million entries */
#define BATCH		32	/* entries between a thread and the common list */

struct entry {
	_Atomic(uint32_t) generation;
	uint32_t	index;
	struct entry	*next_free;
	sys_handler_t	fn;
	void		*env;
	uintptr_t	arg;		/* of a periodic alarm: the misses that were told */
	errno_t		err;
	sys_event_task_t task;
	union {
		struct etask_callback	callback;
		struct etask_alarm	alarm;
		struct etask_poll	poll;
	};
};

static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *_Atomic chunks[NR_CHUNKS];
static struct entry *free_entries;
static _Atomic(uint32_t) nr_chunks;

/* Free entries of this thread. */
struct own_entries {
	struct entry	*head;
	unsigned int	count;
	bool		known;		/* to the key, which ends it with the thread */
};

static __thread struct own_entries own;
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static bool add_chunk(void)
{
	uint32_t number = atomic_load(&nr_chunks);
	struct entry *chunk = number < NR_CHUNKS ? calloc(CHUNK, sizeof(*chunk)) : NULL;

	if (!chunk)
		return false;
	for (uint32_t i = CHUNK; i-- > 0;) {
		chunk[i].index = number * CHUNK + i;
		chunk[i].next_free = free_entries;
		free_entries = &chunk[i];
	}
	atomic_store(&chunks[number], chunk);
	atomic_store(&nr_chunks, number + 1);
	return true;
}

/* Leave this thread no more than @keep of its free entries. */
static void give_back(unsigned int keep)
{
	pthread_mutex_lock(&entries_lock);
	while (own.count > keep) {
		struct entry *entry = own.head;

		own.head = entry->next_free;
		own.count--;
		entry->next_free = free_entries;
		free_entries = entry;
	}
	pthread_mutex_unlock(&entries_lock);
}

static void thread_ends(void *arg)
{
	(void)arg;
	give_back(0);
	own.known = false;
}

static void make_key(void)
{
	pthread_key_create(&own_key, thread_ends);
}

static void know_thread(void)
{
	pthread_once(&own_once, make_key);
	pthread_setspecific(own_key, &own);
	own.known = true;
}

static bool take_batch(void)
{
	if (!own.known)
		know_thread();
	pthread_mutex_lock(&entries_lock);
	while (own.count < BATCH && (free_entries || (!own.count && add_chunk()))) {
		struct entry *entry = free_entries;

		free_entries = entry->next_free;
		entry->next_free = own.head;
		own.head = entry;
		own.count++;
	}
	pthread_mutex_unlock(&entries_lock);
	return own.count;
}

static struct entry *entry_get(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg, errno_t err)
{
	struct entry *entry;

	if (!own.count && !take_batch())
		return NULL;
	entry = own.head;
	own.head = entry->next_free;
	own.count--;
	entry->task = task;
	entry->fn = fn;
	entry->env = env;
	entry->arg = arg;
	entry->err = err;
	atomic_store_explicit(&entry->generation, entry->generation + 1, memory_order_release);
	return entry;
}

static void entry_put(struct entry *entry)
{
	atomic_store_explicit(&entry->generation, entry->generation + 1, memory_order_release);
	entry->next_free = own.head;
	own.head = entry;
	own.count++;
	if (!own.known)
		know_thread();
	if (own.count > 2 * BATCH)
		give_back(BATCH);
}

static void *handle_of(const struct entry *entry)
{
	return (void *)((uintptr_t)atomic_load_explicit(&entry->generation, memory_order_relaxed) << 32 | (entry->index + 1));
}

/* The entry of a handle that is still current, or NULL. */
static struct entry *entry_of(const void *handle)
{
	uint32_t index = (uint32_t)(uintptr_t)handle - 1;
	struct entry *entry;

	if (index / CHUNK >= atomic_load_explicit(&nr_chunks, memory_order_acquire))
		return NULL;
	entry = &atomic_load_explicit(&chunks[index / CHUNK], memory_order_relaxed)[index % CHUNK];
	return atomic_load_explicit(&entry->generation, memory_order_acquire) == (uintptr_t)handle >> 32 ? entry : NULL;
}

void entries_forget(sys_event_task_t task)
{
	for (uint32_t i = 0; i < atomic_load(&nr_chunks) * CHUNK; i++) {
		struct entry *entry = &atomic_load(&chunks[i / CHUNK])[i % CHUNK];

		if (atomic_load(&entry->generation) % 2 && entry->task == task)
			entry_put(entry);
	}
}

static void deliver(struct entry *entry, uintptr_t arg)
{
	sys_handler_t fn = entry->fn;
	void *env = entry->env;
	errno_t err = entry->err;

	entry_put(entry);
	fn(env, arg, err);
}

/* ---- callbacks ------------------------------------------------------------- */

static void callback_handler(struct etask_callback *cb)
{
	struct entry *entry = (struct entry *)((char *)cb - offsetof(struct entry, callback));

	deliver(entry, entry->arg);
}

static sys_sched_entry_t schedule(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg, errno_t err,
				  sstring_t name, bool (*post)(sys_event_task_t, struct etask_callback *))
{
	struct entry *entry = entry_get(task, fn, env, arg, err);
	void *handle;

	if (!entry)
		return NULL;
	handle = handle_of(entry);
	etask_callback_init(&entry->callback, callback_handler, name);
	post(task, &entry->callback);
	return handle;
}

sys_sched_entry_t entry_schedule(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg, errno_t err,
				 sstring_t name)
{
	return schedule(task, fn, env, arg, err, name, etask_post);
}

sys_sched_entry_t entry_schedule_lopri(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg,
				       errno_t err, sstring_t name)
{
	return schedule(task, fn, env, arg, err, name, etask_post_lopri);
}

/* Looked up on the task, where no delivery can come between look and cancel. */
struct cancel_request {
	sys_event_task_t task;
	const void	*handle;
	errno_t		result;
};

static void cancel_callback(void *arg)
{
	struct cancel_request *request = arg;
	struct entry *entry = entry_of(request->handle);

	if (entry && entry->task == request->task && etask_cancel_sync(request->task, &entry->callback)) {
		entry_put(entry);
		request->result = E_OK;
	}
}

errno_t entry_schedule_cancel(sys_event_task_t task, sys_sched_entry_t handle)
{
	struct cancel_request request = { .task = task, .handle = handle, .result = EINVAL };

	etask_call_sync(task, cancel_callback, &request);
	return request.result;
}

/* ---- alarms ----------------------------------------------------------------- */

/* A periodic one keeps its entry until it is cancelled: it is armed again by now. */
static void alarm_handler(struct etask_alarm *alarm)
{
	struct entry *entry = (struct entry *)((char *)alarm - offsetof(struct entry, alarm));
	uint32_t missed = alarm->missed - (uint32_t)entry->arg;

	if (!alarm->period) {
		deliver(entry, 0);
		return;
	}
	entry->arg = alarm->missed;
	entry->fn(entry->env, missed, E_OK);
}

sys_alarm_entry_t entry_alarm_set_periodic(sys_event_task_t task, sys_handler_t fn, void *env, sys_time_t first,
					   sys_time_delta_t period, sstring_t name)
{
	struct entry *entry = period <= SYS_ALARM_PERIOD_MAX ? entry_get(task, fn, env, 0, E_OK) : NULL;
	void *handle;

	if (!entry)
		return NULL;
	handle = handle_of(entry);
	etask_alarm_init(&entry->alarm, alarm_handler, name);
	etask_alarm_arm_periodic(task, &entry->alarm, first, period);
	return handle;
}

sys_alarm_entry_t entry_alarm_set(sys_event_task_t task, sys_handler_t fn, void *env, sys_time_t expire,
				  sstring_t name)
{
	return entry_alarm_set_periodic(task, fn, env, expire, 0, name);
}

struct rearm_request {
	struct cancel_request	common;
	sys_time_t		expire;
	sys_time_delta_t	period;
};

static void rearm_alarm(void *arg)
{
	struct rearm_request *request = arg;
	struct entry *entry = entry_of(request->common.handle);

	if (entry && entry->task == request->common.task) {
		etask_alarm_arm_periodic(entry->task, &entry->alarm, request->expire, request->period);
		request->common.result = E_OK;
	}
}

errno_t entry_alarm_rearm(sys_event_task_t task, sys_alarm_entry_t handle, sys_time_t expire, sys_time_delta_t period)
{
	struct rearm_request request = {
		.common = { .task = task, .handle = handle, .result = EINVAL }, .expire = expire, .period = period,
	};

	if (period <= SYS_ALARM_PERIOD_MAX)
		etask_call_sync(task, rearm_alarm, &request);
	return request.common.result;
}

static void cancel_alarm(void *arg)
{
	struct cancel_request *request = arg;
	struct entry *entry = entry_of(request->handle);

	if (entry && entry->task == request->task && etask_alarm_cancel_sync(request->task, &entry->alarm)) {
		entry_put(entry);
		request->result = E_OK;
	}
}

errno_t entry_alarm_cancel(sys_event_task_t task, sys_alarm_entry_t handle)
{
	struct cancel_request request = { .task = task, .handle = handle, .result = EINVAL };

	etask_call_sync(task, cancel_alarm, &request);
	return request.result;
}

/* ---- polls ------------------------------------------------------------------ */

/* A poll stays armed; its entry lives until it is disabled. */
static void poll_handler(struct etask_poll *poll, uint32_t revents)
{
	struct entry *entry = (struct entry *)((char *)poll - offsetof(struct entry, poll));

	entry->fn(entry->env, revents, E_OK);
}

sys_poll_entry_t entry_poll_enable(sys_event_task_t task, sys_handler_t fn, void *env, int fd,
				   unsigned long events, sstring_t name)
{
	struct entry *entry = entry_get(task, fn, env, 0, E_OK);

	if (!entry)
		return NULL;
	entry->poll = (struct etask_poll){
		.fd = fd, .events = (uint32_t)events, .fn = poll_handler, .whence = name,
	};
	if (etask_poll_add(task, &entry->poll) < 0) {
		entry_put(entry);
		return NULL;
	}
	return handle_of(entry);
}

static void disable_poll(void *arg)
{
	struct cancel_request *request = arg;
	struct entry *entry = entry_of(request->handle);

	if (entry && entry->task == request->task) {
		etask_poll_remove_sync(&entry->poll);
		entry_put(entry);
	}
}

void entry_poll_disable(sys_event_task_t task, sys_poll_entry_t handle)
{
	struct cancel_request request = { .task = task, .handle = handle };

	etask_call_sync(task, disable_poll, &request);
}
