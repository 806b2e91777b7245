/* SPDX-License-Identifier: MIT */
#ifndef RING3_NODE_TASK_H
#define RING3_NODE_TASK_H

/*
 * node_task.h - a thread of Node's as an event task: the main one, and each worker thread that asks.
 *
 * The task's epoll fd is one more descriptor of the thread's libuv loop; when it is readable the task takes a turn,
 * so handlers run as libuv callbacks do. Alarms wake the loop by a timerfd in the same epoll set, so they keep
 * their microseconds. Everything here is for the thread itself, unless said.
 */
#include <napi.h>
#include <uv.h>

#include <set>

extern "C" {
#include "etask.h"
}

/* What must end before the thread's environment does. */
class NodeTaskUser {
public:
	virtual void environment_ends() = 0;

protected:
	~NodeTaskUser() = default;
};

class NodeTask {
public:
	/* The task of @env's thread, made at the first call. */
	static NodeTask &of(Napi::Env env);

	sys_event_task_t task() const { return task_; }
	/* Sleep no longer than to the next alarm: after one was armed. Runs no handler. */
	void alarm_was_armed();
	/* Run what is due, on Node's thread; asleep afterwards, and woken by what is posted. */
	void turn();
	/* What keeps the process alive: armed polls and alarms that were not unref()ed. */
	void hold() { if (holds_++ == 0) uv_ref(handle()); }
	void drop() { if (--holds_ == 0 && !closing_) uv_unref(handle()); }
	/* Call @fn from a handler; what it throws is an uncaught exception, as from any event. */
	void call(const Napi::FunctionReference &fn, std::initializer_list<napi_value> args);
	/* The environment ends: no JavaScript may be called, no handle made. */
	bool closing() const { return closing_; }
	Napi::Env env() const { return env_; }
	void add_user(NodeTaskUser *user) { users_.insert(user); }
	void remove_user(NodeTaskUser *user) { users_.erase(user); }

private:
	explicit NodeTask(Napi::Env env);
	uv_handle_t *handle() { return reinterpret_cast<uv_handle_t *>(&poll_); }
	void watch();
	void wake_at(sys_time_t next);
	static void close(napi_async_cleanup_hook_handle handle, void *self);
	static void closed(uv_handle_t *handle);

	Napi::Env env_;
	Napi::AsyncContext context_;
	sys_event_task_t task_;
	uv_poll_t poll_;
	int timer_fd_;
	struct etask_poll timer_;
	sys_time_t wakes_at_;
	uint64_t renewals_ = 0;
	unsigned int holds_ = 0;
	bool closing_ = false;
	std::set<NodeTaskUser *> users_;
	napi_async_cleanup_hook_handle cleanup_ = nullptr;
};

/* The structure that @member of it stands at @ptr. */
template <typename Owner, typename Part> Owner *owner_of(Part *ptr, Part Owner::*member)
{
	alignas(Owner) static char none[sizeof(Owner)];
	auto *owner = reinterpret_cast<Owner *>(none);
	auto offset = reinterpret_cast<char *>(&(owner->*member)) - none;

	return reinterpret_cast<Owner *>(reinterpret_cast<char *>(ptr) - offset);
}

/* What addon.cc registers, a function per file. */
void register_polls(Napi::Env env, Napi::Object exports);
void register_alarms(Napi::Env env, Napi::Object exports);
void register_callbacks(Napi::Env env, Napi::Object exports);
void register_tasks(Napi::Env env, Napi::Object exports);
void register_diag(Napi::Env env, Napi::Object exports);
void register_buffers(Napi::Env env, Napi::Object exports);
void register_memory(Napi::Env env, Napi::Object exports);
void register_async_file(Napi::Env env, Napi::Object exports);
void register_bridge(Napi::Env env, Napi::Object exports);

/* An Error with code, errno and syscall, as Node's own. */
Napi::Error sys_error(Napi::Env env, int err, const char *syscall);

/*
 * A reference to the handler @fn of the object @self, which keeps it: as long as that lives, no longer. A strong one
 * would be a circle that no collector sees, as soon as the handler names its object.
 */
inline Napi::FunctionReference handler_of(Napi::Object self, Napi::Value fn)
{
	self.DefineProperty(Napi::PropertyDescriptor::Value("handler", fn, napi_default));
	return Napi::Weak(fn.As<Napi::Function>());
}

#endif
