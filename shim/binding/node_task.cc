/* SPDX-License-Identifier: MIT */
#include "node_task.h"

#include <sys/timerfd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <string>

/* By environment: one per thread of Node's. */
static std::map<napi_env, NodeTask *> tasks;
static std::mutex tasks_lock;

Napi::Error sys_error(Napi::Env env, int err, const char *syscall)
{
	int number = err < 0 ? -err : err;
	auto error = Napi::Error::New(env, std::string(syscall) + ": " + strerror(number));

	error.Set("errno", Napi::Number::New(env, number));
	error.Set("code", Napi::String::New(env, uv_err_name(-number)));
	error.Set("syscall", Napi::String::New(env, syscall));
	return error;
}

NodeTask::NodeTask(Napi::Env env) : env_(env), context_(env, "ring3:event-task"), wakes_at_(sys_time_invalid())
{
	struct sys_event_task_cfg cfg = {};
	uv_loop_t *loop = nullptr;
	int rc;

	napi_get_uv_event_loop(env, &loop);
	task_ = sys_event_task_alloc(&cfg);
	if (!task_)
		throw sys_error(env, ENOMEM, "sys_event_task_alloc");
	timer_fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	timer_ = {};
	timer_.fd = timer_fd_;
	timer_.events = EPOLLIN | EPOLLET;	/* each expiry is one event, and nothing is read */
	timer_.fn = [](struct etask_poll *, uint32_t) {};
	timer_.whence = "NodeTask timer";
	rc = timer_fd_ < 0 ? -errno : etask_poll_add(task_, &timer_);
	if (rc < 0) {
		sys_event_task_free(task_);
		if (timer_fd_ >= 0)
			::close(timer_fd_);
		throw sys_error(env, rc, "timerfd_create");
	}
	etask_adopt(task_);
	etask_turn(task_);	/* only after one is the task asleep, and woken by what is posted */
	uv_poll_init(loop, &poll_, etask_fd(task_));
	poll_.data = this;
	watch();
	uv_unref(handle());
	napi_add_async_cleanup_hook(env, close, this, &cleanup_);
}

void NodeTask::watch()
{
	uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t *poll, int, int) {
		static_cast<NodeTask *>(poll->data)->turn();
	});
}

/*
 * The environment ends: nothing of ours may run afterwards. Threads of its tasks come
 * to their end first, so that nobody posts to this one any more; what they posted is taken in.
 */
void NodeTask::close(napi_async_cleanup_hook_handle, void *self)
{
	auto *task = static_cast<NodeTask *>(self);

	task->closing_ = true;
	for (NodeTaskUser *user : std::set<NodeTaskUser *>(task->users_))
		user->environment_ends();
	etask_turn(task->task_);
	uv_poll_stop(&task->poll_);
	uv_close(task->handle(), closed);
}

void NodeTask::closed(uv_handle_t *handle)
{
	auto *task = static_cast<NodeTask *>(reinterpret_cast<uv_poll_t *>(handle)->data);
	napi_async_cleanup_hook_handle cleanup = task->cleanup_;

	{
		std::lock_guard<std::mutex> guard(tasks_lock);

		tasks.erase(task->env_);
	}
	sys_event_task_free(task->task_);
	::close(task->timer_fd_);
	delete task;
	napi_remove_async_cleanup_hook(cleanup);
}

NodeTask &NodeTask::of(Napi::Env env)
{
	std::lock_guard<std::mutex> guard(tasks_lock);
	NodeTask *&task = tasks[env];

	if (!task) {
		try {
			task = new NodeTask(env);
		} catch (...) {
			tasks.erase(env);
			throw;
		}
	}
	return *task;
}

void NodeTask::wake_at(sys_time_t next)
{
	struct itimerspec when = {};

	if (next == wakes_at_)
		return;
	wakes_at_ = next;
	if (!sys_time_is_invalid(next)) {
		/* 0 would turn it off. */
		when.it_value.tv_sec = static_cast<time_t>(next / 1000000000u);
		when.it_value.tv_nsec = next ? static_cast<long>(next % 1000000000u) : 1;
	}
	timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void NodeTask::alarm_was_armed()
{
	wake_at(etask_next_alarm(task_));
}

void NodeTask::turn()
{
	Napi::HandleScope scope(env_);
	sys_time_t next = etask_turn(task_);
	struct etask_stats stats;

	/* An expiry is over once it was seen: the same time again must be set again. */
	if (wakes_at_ <= sys_time_now())
		wakes_at_ = sys_time_invalid();
	wake_at(next);
	etask_stats_read(task_, &stats);
	if (stats.renewals != renewals_) {
		renewals_ = stats.renewals;
		uv_poll_stop(&poll_);
		watch();
	}
}

/* By N-API itself: where a worker is being terminated calls fail, and an Error cannot be made of that. */
void NodeTask::call(const Napi::FunctionReference &fn, std::initializer_list<napi_value> args)
{
	napi_value function, global, result, error;

	if (closing_)
		return;
	Napi::HandleScope scope(env_);

	if (napi_get_reference_value(env_, fn, &function) != napi_ok || !function ||
	    napi_get_global(env_, &global) != napi_ok)
		return;
	if (napi_make_callback(env_, context_, global, function, args.size(), args.begin(), &result) ==
		    napi_pending_exception &&
	    napi_get_and_clear_last_exception(env_, &error) == napi_ok)
		napi_fatal_exception(env_, error);
}
