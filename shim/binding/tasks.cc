/* SPDX-License-Identifier: MIT */
/* tasks.cc - event tasks with a thread of their own, and callbacks between them and Node's. */
#include "node_task.h"

#include <semaphore.h>

#include <string>

namespace {

/* One call(): a callback on the task that comes home as another on Node's, and goes. */
struct RoundTrip {
	struct etask_callback there, home;
	NodeTask *node;
	Napi::FunctionReference done;
};

Napi::Object stats_object(Napi::Env env, const struct etask_stats &stats)
{
	auto out = Napi::Object::New(env);
	auto set = [&](const char *name, uint64_t value) {
		out.Set(name, Napi::Number::New(env, static_cast<double>(value)));
	};

	set("rounds", stats.rounds);
	set("sleeps", stats.sleeps);
	set("spins", stats.spins);
	set("wakeups", stats.wakeups);
	set("callbacks", stats.callbacks);
	set("lowPriorityCallbacks", stats.callbacks_lopri);
	set("polls", stats.polls);
	set("alarms", stats.alarms);
	set("longestRoundNs", stats.longest_round_ns);
	set("busyNs", stats.busy_ns);
	set("idleNs", stats.idle_ns);
	set("heartbeatNs", stats.heartbeat);
	set("queueMax", stats.queue_max);
	set("alarmsArmed", stats.alarms_armed);
	set("pollsAdded", stats.polls_added);
	return out;
}

Napi::Value description(Napi::Env env, sys_event_task_t task)
{
	string_t text = sys_event_task_fmt(task);

	if (!text)
		throw sys_error(env, ENOMEM, "sys_event_task_fmt");
	auto out = Napi::String::New(env, text);

	sys_mem_free(text);
	return out;
}

/* Returns once @task ran all that was posted to it before. */
void flush(sys_event_task_t task)
{
	struct Mark {
		struct etask_callback callback;
		sem_t passed;
	} mark;

	sem_init(&mark.passed, 0, 0);
	etask_callback_init(&mark.callback, [](struct etask_callback *callback) {
		sem_post(&owner_of(callback, &Mark::callback)->passed);
	}, "NativeTask.stop");
	etask_post(task, &mark.callback);
	while (sem_wait(&mark.passed) < 0 && errno == EINTR)
		;
	sem_destroy(&mark.passed);
}

struct JsTask : Napi::ObjectWrap<JsTask>, NodeTaskUser {
	sys_event_task_t task = nullptr;
	NodeTask *node = nullptr;
	std::string name;
	bool running = false;
	struct etask_stats last = {};		/* once it is stopped */

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeTask", {
			InstanceMethod<&JsTask::call>("call"),
			InstanceMethod<&JsTask::stop>("stop"),
			InstanceMethod<&JsTask::stats>("stats"),
			InstanceMethod<&JsTask::describe>("describe"),
		});
	}

	/* new NativeTask(name: string, cpu: number, spinNs: number); cpu -1 = anywhere, spinNs -1 = the default */
	explicit JsTask(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsTask>(info)
	{
		struct sys_event_task_cfg cfg = {};
		double spin_ns = info[2].As<Napi::Number>().DoubleValue();

		node = &NodeTask::of(info.Env());
		name = info[0].As<Napi::String>().Utf8Value();
		task = sys_event_task_alloc(&cfg);
		if (!task)
			throw sys_error(info.Env(), ENOMEM, "sys_event_task_alloc");
		if (spin_ns >= 0)
			etask_spin_set(task, static_cast<uint64_t>(spin_ns));
		int rc = etask_start(task, name.c_str(), info[1].As<Napi::Number>().Int32Value());
		if (rc < 0) {
			sys_event_task_free(task);
			throw sys_error(info.Env(), rc, "etask_start");
		}
		running = true;
		node->add_user(this);
		Ref();
	}

	/* call(done: () => void): by way of the task's thread */
	Napi::Value call(const Napi::CallbackInfo &info)
	{
		if (!running)
			throw sys_error(info.Env(), ESRCH, "NativeTask.call");
		auto *trip = new RoundTrip();

		trip->node = node;
		trip->done = Napi::Persistent(info[0].As<Napi::Function>());
		trip->node->hold();
		etask_callback_init(&trip->there, [](struct etask_callback *callback) {
			RoundTrip *trip = owner_of(callback, &RoundTrip::there);

			etask_post(trip->node->task(), &trip->home);
		}, "NativeTask.call");
		etask_callback_init(&trip->home, [](struct etask_callback *callback) {
			RoundTrip *trip = owner_of(callback, &RoundTrip::home);

			trip->node->drop();
			trip->node->call(trip->done, {});
			delete trip;
		}, "NativeTask.call");
		etask_post(task, &trip->there);
		return info.Env().Undefined();
	}

	/* Calls that are under way come home all the same. */
	void end()
	{
		if (!running)
			return;
		running = false;
		flush(task);
		etask_stop_join(task);
		etask_stats_read(task, &last);
		sys_event_task_free(task);
		node->remove_user(this);
	}

	void environment_ends() override { end(); }

	Napi::Value stop(const Napi::CallbackInfo &info)
	{
		if (running) {
			end();
			Unref();
		}
		return info.Env().Undefined();
	}

	Napi::Value stats(const Napi::CallbackInfo &info)
	{
		if (running)
			etask_stats_read(task, &last);
		return stats_object(info.Env(), last);
	}

	Napi::Value describe(const Napi::CallbackInfo &info)
	{
		return running ? description(info.Env(), task) : Napi::String::New(info.Env(), name + ": stopped");
	}
};

} // namespace

void register_tasks(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeTask", JsTask::define(env));
	exports.Set("nodeTaskStats", Napi::Function::New(env, [](const Napi::CallbackInfo &info) -> Napi::Value {
		struct etask_stats stats;

		etask_stats_read(NodeTask::of(info.Env()).task(), &stats);
		return stats_object(info.Env(), stats);
	}));
	exports.Set("nodeTaskDescribe", Napi::Function::New(env, [](const Napi::CallbackInfo &info) -> Napi::Value {
		return description(info.Env(), NodeTask::of(info.Env()).task());
	}));
}
