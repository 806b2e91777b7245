/* SPDX-License-Identifier: MIT */
/* tasks.cc - event tasks with a thread of their own, and callbacks between them and Node's. */
#include "node_task.h"

#include <string>

namespace {

/* One call(): a callback on the task that comes home as another on Node's, and goes. */
struct RoundTrip {
	struct etask_callback there, home;
	NodeTask *node;
	Napi::FunctionReference done;
};

template <typename Member> RoundTrip *trip_of(struct etask_callback *callback, Member member)
{
	RoundTrip *none = nullptr;
	auto offset = reinterpret_cast<char *>(&(none->*member)) - reinterpret_cast<char *>(none);

	return reinterpret_cast<RoundTrip *>(reinterpret_cast<char *>(callback) - offset);
}

Napi::Object stats_object(Napi::Env env, sys_event_task_t task)
{
	struct etask_stats stats;
	auto out = Napi::Object::New(env);
	auto set = [&](const char *name, uint64_t value) {
		out.Set(name, Napi::Number::New(env, static_cast<double>(value)));
	};

	etask_stats_read(task, &stats);
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

struct JsTask : Napi::ObjectWrap<JsTask> {
	sys_event_task_t task = nullptr;
	bool running = false;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeTask", {
			InstanceMethod<&JsTask::call>("call"),
			InstanceMethod<&JsTask::stop>("stop"),
			InstanceMethod<&JsTask::stats>("stats"),
		});
	}

	/* new NativeTask(name: string, cpu: number, spinNs: number); cpu -1 = anywhere */
	explicit JsTask(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsTask>(info)
	{
		struct sys_event_task_cfg cfg = {};

		NodeTask::of(info.Env());
		cfg.max_polls = SYS_ETASK_MAX_POLLS;
		cfg.max_steps = SYS_ETASK_MAX_STEPS;
		task = sys_event_task_alloc(&cfg);
		if (!task)
			throw sys_error(info.Env(), ENOMEM, "sys_event_task_alloc");
		etask_spin_set(task, static_cast<uint64_t>(info[2].As<Napi::Number>().DoubleValue()));
		int rc = etask_start(task, info[0].As<Napi::String>().Utf8Value().c_str(),
				     info[1].As<Napi::Number>().Int32Value());
		if (rc < 0) {
			sys_event_task_free(task);
			throw sys_error(info.Env(), rc, "etask_start");
		}
		running = true;
		Ref();
	}

	/* call(done: () => void): by way of the task's thread */
	Napi::Value call(const Napi::CallbackInfo &info)
	{
		auto *trip = new RoundTrip();

		trip->node = &NodeTask::of(info.Env());
		trip->done = Napi::Persistent(info[0].As<Napi::Function>());
		trip->node->hold();
		etask_callback_init(&trip->there, [](struct etask_callback *callback) {
			RoundTrip *trip = trip_of(callback, &RoundTrip::there);

			etask_post(trip->node->task(), &trip->home);
		}, "NativeTask.call");
		etask_callback_init(&trip->home, [](struct etask_callback *callback) {
			RoundTrip *trip = trip_of(callback, &RoundTrip::home);

			trip->node->drop();
			trip->node->call(trip->done, {});
			delete trip;
		}, "NativeTask.call");
		etask_post(task, &trip->there);
		return info.Env().Undefined();
	}

	Napi::Value stop(const Napi::CallbackInfo &info)
	{
		if (running) {
			running = false;
			etask_stop_join(task);
			sys_event_task_free(task);
			Unref();
		}
		return info.Env().Undefined();
	}

	Napi::Value stats(const Napi::CallbackInfo &info)
	{
		return stats_object(info.Env(), task);
	}
};

} // namespace

void register_tasks(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeTask", JsTask::define(env));
	exports.Set("nodeTaskStats", Napi::Function::New(env, [](const Napi::CallbackInfo &info) -> Napi::Value {
		return stats_object(info.Env(), NodeTask::of(info.Env()).task());
	}));
}
