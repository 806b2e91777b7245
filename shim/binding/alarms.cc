/* SPDX-License-Identifier: MIT */
/* alarms.cc - alarms of Node's event task. */
#include "node_task.h"

namespace {

struct JsAlarm : Napi::ObjectWrap<JsAlarm> {
	struct etask_alarm alarm;
	Napi::FunctionReference handler;
	NodeTask *owner = nullptr;
	bool armed = false;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeAlarm", {
			InstanceMethod<&JsAlarm::arm>("arm"),
			InstanceMethod<&JsAlarm::cancel>("cancel"),
		});
	}

	/* new NativeAlarm(handler: () => void) */
	explicit JsAlarm(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsAlarm>(info)
	{
		owner = &NodeTask::of(info.Env());
		handler = Napi::Persistent(info[0].As<Napi::Function>());
		etask_alarm_init(&alarm, [](struct etask_alarm *alarm) {
			auto *self = reinterpret_cast<JsAlarm *>(
				reinterpret_cast<char *>(alarm) - offsetof(JsAlarm, alarm));
			self->fired();
		}, "NativeAlarm");
	}

	void fired()
	{
		Napi::HandleScope scope(owner->env());
		Napi::ObjectReference keep = Napi::Persistent(Value());	/* release() may be the last to hold us */

		release();
		owner->call(handler, {});
	}

	void release()
	{
		if (armed) {
			armed = false;
			owner->drop();
			Unref();
		}
	}

	/* arm(inNanoseconds: number) */
	Napi::Value arm(const Napi::CallbackInfo &info)
	{
		double in_ns = info[0].As<Napi::Number>().DoubleValue();

		etask_alarm_arm(owner->task(), &alarm, sys_time_now() + static_cast<uint64_t>(in_ns));
		if (!armed) {
			armed = true;
			owner->hold();
			Ref();
		}
		owner->turn();	/* so that libuv's timer knows of it */
		return info.Env().Undefined();
	}

	Napi::Value cancel(const Napi::CallbackInfo &info)
	{
		bool was = armed && etask_alarm_cancel_sync(owner->task(), &alarm);

		release();
		return Napi::Boolean::New(info.Env(), was);
	}
};

} // namespace

void register_alarms(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeAlarm", JsAlarm::define(env));
}
