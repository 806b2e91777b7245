/* SPDX-License-Identifier: MIT */
/*
 * entry.c - polls, alarms and callbacks by handle, for clients of sys_service.h.
 *
 * A handle is the index of an entry in a table and the entry's generation, so a
 * cancel that comes late meets another generation and answers EINVAL, even when
 * the entry serves somebody else by then.
 *
 * Locking: entries_lock guards the free list and the generations.
 */
#include "entry.h"
#include "etask_impl.h"

#define CHUNK		1024
#define NR_CHUNKS	1024	/* a million entries */

struct entry {
	uint32_t	generation;	/* odd while in use */
	uint32_t	index;
	struct entry	*next_free;
	sys_handler_t	fn;
	void		*env;
	uintptr_t	arg;
	errno_t		err;
	sys_event_task_t task;
	union {
		struct etask_callback	callback;
		struct etask_alarm	alarm;
		struct etask_poll	poll;
	};
};

static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *chunks[NR_CHUNKS], *free_entries;
static uint32_t nr_chunks;

static bool add_chunk(void)
{
	struct entry *chunk = nr_chunks < NR_CHUNKS ? calloc(CHUNK, sizeof(*chunk)) : NULL;

	if (!chunk)
		return false;
	for (uint32_t i = CHUNK; i-- > 0;) {
		chunk[i].index = nr_chunks * CHUNK + i;
		chunk[i].next_free = free_entries;
		free_entries = &chunk[i];
	}
	chunks[nr_chunks++] = chunk;
	return true;
}

static struct entry *entry_get(sys_event_task_t task, sys_handler_t fn, void *env, uintptr_t arg, errno_t err)
{
	struct entry *entry = NULL;

	pthread_mutex_lock(&entries_lock);
	if (free_entries || add_chunk()) {
		entry = free_entries;
		free_entries = entry->next_free;
		entry->generation++;
	}
	pthread_mutex_unlock(&entries_lock);
	if (entry) {
		entry->task = task;
		entry->fn = fn;
		entry->env = env;
		entry->arg = arg;
		entry->err = err;
	}
	return entry;
}

static void entry_put(struct entry *entry)
{
	pthread_mutex_lock(&entries_lock);
	entry->generation++;
	entry->next_free = free_entries;
	free_entries = entry;
	pthread_mutex_unlock(&entries_lock);
}

static void *handle_of(const struct entry *entry)
{
	return (void *)((uintptr_t)entry->generation << 32 | (entry->index + 1));
}

/* The entry of a handle that is still current, or NULL. */
static struct entry *entry_of(const void *handle)
{
	uint32_t index = (uint32_t)(uintptr_t)handle - 1;
	struct entry *entry = NULL;

	pthread_mutex_lock(&entries_lock);
	if (index / CHUNK < nr_chunks)
		entry = &chunks[index / CHUNK][index % CHUNK];
	if (entry && entry->generation != (uintptr_t)handle >> 32)
		entry = NULL;
	pthread_mutex_unlock(&entries_lock);
	return entry;
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

	if (entry && etask_cancel_sync(request->task, &entry->callback)) {
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

static void alarm_handler(struct etask_alarm *alarm)
{
	deliver((struct entry *)((char *)alarm - offsetof(struct entry, alarm)), 0);
}

sys_alarm_entry_t entry_alarm_set(sys_event_task_t task, sys_handler_t fn, void *env, sys_time_t expire,
				  sstring_t name)
{
	struct entry *entry = entry_get(task, fn, env, 0, E_OK);
	void *handle;

	if (!entry)
		return NULL;
	handle = handle_of(entry);
	etask_alarm_init(&entry->alarm, alarm_handler, name);
	etask_alarm_arm(task, &entry->alarm, expire);
	return handle;
}

static void cancel_alarm(void *arg)
{
	struct cancel_request *request = arg;
	struct entry *entry = entry_of(request->handle);

	if (entry && etask_alarm_cancel_sync(request->task, &entry->alarm)) {
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

	if (entry) {
		etask_poll_remove_sync(&entry->poll);
		entry_put(entry);
	}
}

void entry_poll_disable(sys_event_task_t task, sys_poll_entry_t handle)
{
	struct cancel_request request = { .task = task, .handle = handle };

	etask_call_sync(task, disable_poll, &request);
}
