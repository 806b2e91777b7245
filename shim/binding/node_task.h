/* SPDX-License-Identifier: MIT */
#ifndef RING3_NODE_TASK_H
#define RING3_NODE_TASK_H

/*
 * node_task.h - Node's thread as an event task.
 *
 * The task's epoll fd is one more descriptor of libuv's loop; when it is readable the task takes a turn, so handlers
 * run as libuv callbacks do. One per process, for the main thread: a worker thread is refused.
 */
#include <napi.h>
#include <uv.h>

extern "C" {
#include "etask.h"
}

class NodeTask {
public:
	/* The task of @env's thread, made at the first call. Throws in a second environment. */
	static NodeTask &of(Napi::Env env);

	sys_event_task_t task() const { return task_; }
	/* Take a turn soon, and sleep no longer than to the next alarm. */
	void turn();
	/* What keeps the process alive: armed polls and alarms that were not unref()ed. */
	void hold() { if (holds_++ == 0) uv_ref(handle()); }
	void drop() { if (--holds_ == 0) uv_unref(handle()); }
	/* Call @fn from a handler; what it throws is an uncaught exception, as from any event. */
	void call(const Napi::FunctionReference &fn, std::initializer_list<napi_value> args);
	Napi::Env env() const { return env_; }

private:
	explicit NodeTask(Napi::Env env);
	uv_handle_t *handle() { return reinterpret_cast<uv_handle_t *>(&poll_); }
	static void close(void *self);

	Napi::Env env_;
	Napi::AsyncContext context_;
	sys_event_task_t task_;
	uv_poll_t poll_;
	uv_timer_t timer_;
	unsigned int holds_ = 0;
};

/* What addon.cc registers, a function per file. */
void register_polls(Napi::Env env, Napi::Object exports);
void register_alarms(Napi::Env env, Napi::Object exports);
void register_tasks(Napi::Env env, Napi::Object exports);
void register_diag(Napi::Env env, Napi::Object exports);
void register_bridge(Napi::Env env, Napi::Object exports);

/* An Error with code, errno and syscall, as Node's own. */
Napi::Error sys_error(Napi::Env env, int err, const char *syscall);

#endif /* RING3_NODE_TASK_H */
