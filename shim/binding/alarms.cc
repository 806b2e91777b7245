/* SPDX-License-Identifier: MIT */
/* alarms.cc - alarms of the thread's event task. */
#include "node_task.h"

namespace {

struct JsAlarm : Napi::ObjectWrap<JsAlarm> {
	struct etask_alarm alarm;
	Napi::FunctionReference handler;
	NodeTask *owner = nullptr;
	bool keeps_alive = false, armed = false;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeAlarm", {
			InstanceMethod<&JsAlarm::arm>("arm"),
			InstanceMethod<&JsAlarm::cancel>("cancel"),
			InstanceMethod<&JsAlarm::missed>("missed"),
			InstanceMethod<&JsAlarm::is_armed>("isArmed"),
		});
	}

	/* new NativeAlarm(handler: () => void, keepAlive: boolean) */
	explicit JsAlarm(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsAlarm>(info)
	{
		owner = &NodeTask::of(info.Env());
		handler = handler_of(info.This().As<Napi::Object>(), info[0]);
		keeps_alive = info[1].ToBoolean();
		etask_alarm_init(&alarm, [](struct etask_alarm *alarm) {
			owner_of(alarm, &JsAlarm::alarm)->fired();
		}, "NativeAlarm");
	}

	void fired()
	{
		if (owner->closing())
			return;
		Napi::HandleScope scope(owner->env());

		[[maybe_unused]] Napi::Function held = handler.Value();	/* for the call: by this scope */

		/* Then nothing may be left that holds us: the call is the last that looks at this. */
		if (!alarm.period)
			release();
		owner->call(handler, {});
	}

	void release()
	{
		if (armed) {
			armed = false;
			if (keeps_alive)
				owner->drop();
			Unref();
		}
	}

	/* arm(inNanoseconds: number, periodNanoseconds: number) */
	Napi::Value arm(const Napi::CallbackInfo &info)
	{
		double in_ns = info[0].As<Napi::Number>().DoubleValue(), period = info[1].As<Napi::Number>().DoubleValue();

		etask_alarm_arm_periodic(owner->task(), &alarm, sys_time_now() + static_cast<uint64_t>(in_ns),
					 static_cast<uint64_t>(period));
		if (!armed) {
			armed = true;
			if (keeps_alive)
				owner->hold();
			Ref();
		}
		owner->alarm_was_armed();
		return info.Env().Undefined();
	}

	Napi::Value cancel(const Napi::CallbackInfo &info)
	{
		bool was = armed && etask_alarm_cancel_sync(owner->task(), &alarm);

		release();
		return Napi::Boolean::New(info.Env(), was);
	}

	Napi::Value missed(const Napi::CallbackInfo &info)
	{
		return Napi::Number::New(info.Env(), alarm.missed);
	}

	Napi::Value is_armed(const Napi::CallbackInfo &info)
	{
		return Napi::Boolean::New(info.Env(), armed);
	}
};

} // namespace

void register_alarms(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeAlarm", JsAlarm::define(env));
}
