/* SPDX-License-Identifier: MIT */
#include "node_task.h"

#include <cstring>
#include <string>

static NodeTask *the_task;

Napi::Error sys_error(Napi::Env env, int err, const char *syscall)
{
	int number = err < 0 ? -err : err;
	auto error = Napi::Error::New(env, std::string(syscall) + ": " + strerror(number));

	error.Set("errno", Napi::Number::New(env, number));
	error.Set("code", Napi::String::New(env, uv_err_name(-number)));
	error.Set("syscall", Napi::String::New(env, syscall));
	return error;
}

NodeTask::NodeTask(Napi::Env env) : env_(env), context_(env, "ring3:event-task")
{
	struct sys_event_task_cfg cfg = {};
	uv_loop_t *loop = nullptr;

	cfg.max_polls = SYS_ETASK_MAX_POLLS;
	cfg.max_steps = SYS_ETASK_MAX_STEPS;
	napi_get_uv_event_loop(env, &loop);
	task_ = sys_event_task_alloc(&cfg);
	if (!task_)
		throw sys_error(env, ENOMEM, "sys_event_task_alloc");
	etask_adopt(task_);

	uv_timer_init(loop, &timer_);
	timer_.data = this;
	uv_unref(reinterpret_cast<uv_handle_t *>(&timer_));
	uv_poll_init(loop, &poll_, etask_fd(task_));
	poll_.data = this;
	uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t *poll, int, int) {
		static_cast<NodeTask *>(poll->data)->turn();
	});
	uv_unref(handle());
	napi_add_env_cleanup_hook(env, close, this);
}

/* The environment goes: nothing of ours may run afterwards. The loop's handles end with the process. */
void NodeTask::close(void *self)
{
	auto *task = static_cast<NodeTask *>(self);

	uv_poll_stop(&task->poll_);
	uv_timer_stop(&task->timer_);
}

NodeTask &NodeTask::of(Napi::Env env)
{
	if (!the_task)
		the_task = new NodeTask(env);	/* lives as long as the process */
	if (static_cast<napi_env>(the_task->env_) != static_cast<napi_env>(env))
		throw Napi::Error::New(env, "ring3: event tasks are for Node's main thread; this is a worker");
	return *the_task;
}

void NodeTask::turn()
{
	Napi::HandleScope scope(env_);
	sys_time_t next = etask_turn(task_);

	if (sys_time_is_invalid(next)) {
		uv_timer_stop(&timer_);
		return;
	}
	sys_time_t now = sys_time_now();
	/* Rounded up: an alarm may be late by a millisecond of libuv's, never early. */
	uint64_t ms = next > now ? (next - now + 999999) / 1000000 : 0;

	uv_timer_start(&timer_, [](uv_timer_t *timer) {
		static_cast<NodeTask *>(timer->data)->turn();
	}, ms, 0);
}

void NodeTask::call(const Napi::FunctionReference &fn, std::initializer_list<napi_value> args)
{
	Napi::HandleScope scope(env_);

	try {
		fn.MakeCallback(env_.Global(), args, context_);
	} catch (const Napi::Error &error) {
		napi_fatal_exception(env_, error.Value());
	}
}
