/* SPDX-License-Identifier: MIT */
/* polls.cc - file descriptors watched by the thread's event task. */
#include "node_task.h"

namespace {

struct JsPoll : Napi::ObjectWrap<JsPoll> {
	struct etask_poll poll = {};
	Napi::FunctionReference handler;
	NodeTask *owner = nullptr;
	bool keeps_alive = false;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativePoll", {
			InstanceMethod<&JsPoll::modify>("modify"),
			InstanceMethod<&JsPoll::remove>("remove"),
		});
	}

	/* new NativePoll(fd: number, events: number, handler: (events: number) => void, keepAlive: boolean) */
	explicit JsPoll(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsPoll>(info)
	{
		owner = &NodeTask::of(info.Env());
		handler = handler_of(info.This().As<Napi::Object>(), info[2]);
		poll.fd = info[0].As<Napi::Number>().Int32Value();
		poll.events = info[1].As<Napi::Number>().Uint32Value();
		poll.whence = "NativePoll";
		poll.fn = [](struct etask_poll *poll, uint32_t revents) {
			auto *self = owner_of(poll, &JsPoll::poll);

			if (self->owner->closing())
				return;
			Napi::HandleScope scope(self->owner->env());

			self->owner->call(self->handler, { Napi::Number::New(self->owner->env(), revents) });
		};
		int rc = etask_poll_add(owner->task(), &poll);
		if (rc < 0)
			throw sys_error(info.Env(), rc, "epoll_ctl");
		Ref();	/* alive while it is armed, whoever forgot it */
		keeps_alive = info[3].ToBoolean();
		if (keeps_alive)
			owner->hold();
	}

	Napi::Value modify(const Napi::CallbackInfo &info)
	{
		int rc = etask_poll_mod(&poll, info[0].As<Napi::Number>().Uint32Value());

		if (rc < 0)
			throw sys_error(info.Env(), rc, "epoll_ctl");
		return info.Env().Undefined();
	}

	Napi::Value remove(const Napi::CallbackInfo &info)
	{
		if (poll.task) {
			etask_poll_remove_sync(&poll);
			if (keeps_alive)
				owner->drop();
			Unref();
		}
		return info.Env().Undefined();
	}
};

} // namespace

void register_polls(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativePoll", JsPoll::define(env));
}
