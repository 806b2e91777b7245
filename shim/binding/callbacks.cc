/* SPDX-License-Identifier: MIT */
/* callbacks.cc - callbacks in the two queues of the thread's event task. */
#include "node_task.h"

namespace {

struct JsCallback : Napi::ObjectWrap<JsCallback> {
	struct etask_callback callback;
	Napi::FunctionReference handler;
	NodeTask *owner = nullptr;
	bool queued = false;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeCallback", {
			InstanceMethod<&JsCallback::schedule>("schedule"),
			InstanceMethod<&JsCallback::cancel>("cancel"),
		});
	}

	/* new NativeCallback(handler: () => void) */
	explicit JsCallback(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsCallback>(info)
	{
		owner = &NodeTask::of(info.Env());
		handler = handler_of(info.This().As<Napi::Object>(), info[0]);
		etask_callback_init(&callback, [](struct etask_callback *callback) {
			owner_of(callback, &JsCallback::callback)->runs();
		}, "NativeCallback");
	}

	void runs()
	{
		if (owner->closing())
			return;
		Napi::HandleScope scope(owner->env());

		[[maybe_unused]] Napi::Function held = handler.Value();	/* for the call: by this scope */

		/* Then nothing may be left that holds us: the call is the last that looks at this. */
		release();
		owner->call(handler, {});
	}

	void release()
	{
		if (queued) {
			queued = false;
			owner->drop();
			Unref();
		}
	}

	/* schedule(lowPriority: boolean): false when it was queued already */
	Napi::Value schedule(const Napi::CallbackInfo &info)
	{
		bool low = info[0].ToBoolean();
		bool posted = low ? etask_post_lopri(owner->task(), &callback) : etask_post(owner->task(), &callback);

		if (posted) {
			queued = true;
			owner->hold();
			Ref();
		}
		return Napi::Boolean::New(info.Env(), posted);
	}

	Napi::Value cancel(const Napi::CallbackInfo &info)
	{
		bool was = queued && etask_cancel_sync(owner->task(), &callback);

		release();
		return Napi::Boolean::New(info.Env(), was);
	}
};

} // namespace

void register_callbacks(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeCallback", JsCallback::define(env));
}
