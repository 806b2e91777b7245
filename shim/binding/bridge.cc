/* SPDX-License-Identifier: MIT */
/*
 * bridge.cc - what worker threads of Node need as well as the main one: file descriptors
 * watched by the thread's own loop, memory of C's taken back, a call as the thread ends.
 */
#include <map>

#include "node_task.h"

/* detachMemory(ArrayBuffer): its length is 0 from now on, and that of every view of it. */
static Napi::Value detach_memory(const Napi::CallbackInfo &info)
{
	info[0].As<Napi::ArrayBuffer>().Detach();
	return info.Env().Undefined();
}

/* What to call when this thread's environment ends: one table per thread. */
using thread_end_fn = void (*)(void *arg);
static thread_local std::map<void *, thread_end_fn> at_end;

static void *pointer_of(Napi::Value value)
{
	bool lossless;

	return reinterpret_cast<void *>(value.As<Napi::BigInt>().Uint64Value(&lossless));
}

static void thread_ends(void *)
{
	for (auto &[arg, fn] : at_end)
		fn(arg);
	at_end.clear();
}

static Napi::Value at_thread_end(const Napi::CallbackInfo &info)
{
	if (at_end.empty())
		napi_add_env_cleanup_hook(info.Env(), thread_ends, nullptr);
	at_end[pointer_of(info[1])] = reinterpret_cast<thread_end_fn>(pointer_of(info[0]));
	return info.Env().Undefined();
}

static Napi::Value not_at_thread_end(const Napi::CallbackInfo &info)
{
	at_end.erase(pointer_of(info[0]));
	if (at_end.empty())
		napi_remove_env_cleanup_hook(info.Env(), thread_ends, nullptr);
	return info.Env().Undefined();
}

/* ---- file descriptors ------------------------------------------------------------------ */

/*
 * FdWatch(fd, handler): calls it while the descriptor is readable, until close(). The struct of libuv's outlives the
 * object, since a handle closes in the loop's own time.
 */
class FdWatch : public Napi::ObjectWrap<FdWatch> {
public:
	static void define(Napi::Env env, Napi::Object exports);
	explicit FdWatch(const Napi::CallbackInfo &info);
	~FdWatch() override { stop(); }

private:
	struct Watch {
		uv_poll_t poll;
		FdWatch *owner;
	};

	static void ready(uv_poll_t *poll, int status, int events);
	static void env_ends(void *self) { static_cast<FdWatch *>(self)->stop(); }
	void stop();
	Napi::Value close(const Napi::CallbackInfo &info);
	Napi::Value ref(const Napi::CallbackInfo &info);
	Napi::Value unref(const Napi::CallbackInfo &info);

	napi_env env_;
	Napi::FunctionReference handler_;
	Napi::AsyncContext context_;
	Watch *watch_ = nullptr;
};

FdWatch::FdWatch(const Napi::CallbackInfo &info)
	: ObjectWrap(info), env_(info.Env()), handler_(Napi::Persistent(info[1].As<Napi::Function>())),
	  context_(info.Env(), "FdWatch")
{
	uv_loop_t *loop;
	int rc;

	napi_get_uv_event_loop(env_, &loop);
	watch_ = new Watch{};
	watch_->owner = this;
	watch_->poll.data = watch_;
	rc = uv_poll_init(loop, &watch_->poll, info[0].As<Napi::Number>().Int32Value());
	if (rc < 0) {
		delete watch_;
		watch_ = nullptr;
		throw sys_error(info.Env(), -rc, "uv_poll_init");
	}
	uv_poll_start(&watch_->poll, UV_READABLE, ready);
	napi_add_env_cleanup_hook(env_, env_ends, this);
	Ref();	/* until close() */
}

void FdWatch::ready(uv_poll_t *poll, int, int)
{
	FdWatch *self = static_cast<Watch *>(poll->data)->owner;
	napi_env env = self->env_;
	Napi::HandleScope scope(env);
	napi_value receiver = self->Value(), result;
	bool thrown = false;

	if (napi_make_callback(env, self->context_, receiver, self->handler_.Value(), 0, nullptr, &result) == napi_ok)
		return;
	napi_is_exception_pending(env, &thrown);
	if (thrown) {
		napi_get_and_clear_last_exception(env, &result);
		napi_fatal_exception(env, result);
	} else {
		uv_poll_stop(poll);	/* the thread is being ended: nothing of JavaScript runs any more */
	}
}

void FdWatch::stop()
{
	if (!watch_)
		return;
	napi_remove_env_cleanup_hook(env_, env_ends, this);
	uv_close(reinterpret_cast<uv_handle_t *>(&watch_->poll), [](uv_handle_t *handle) {
		delete static_cast<Watch *>(handle->data);
	});
	watch_ = nullptr;
}

Napi::Value FdWatch::close(const Napi::CallbackInfo &info)
{
	if (watch_) {
		stop();
		Unref();
	}
	return info.Env().Undefined();
}

Napi::Value FdWatch::ref(const Napi::CallbackInfo &info)
{
	if (watch_)
		uv_ref(reinterpret_cast<uv_handle_t *>(&watch_->poll));
	return info.Env().Undefined();
}

Napi::Value FdWatch::unref(const Napi::CallbackInfo &info)
{
	if (watch_)
		uv_unref(reinterpret_cast<uv_handle_t *>(&watch_->poll));
	return info.Env().Undefined();
}

void FdWatch::define(Napi::Env env, Napi::Object exports)
{
	exports.Set("FdWatch", DefineClass(env, "FdWatch", {
		InstanceMethod("close", &FdWatch::close),
		InstanceMethod("ref", &FdWatch::ref),
		InstanceMethod("unref", &FdWatch::unref),
	}));
}

void register_bridge(Napi::Env env, Napi::Object exports)
{
	FdWatch::define(env, exports);
	exports.Set("detachMemory", Napi::Function::New(env, detach_memory, "detachMemory"));
	exports.Set("atThreadEnd", Napi::Function::New(env, at_thread_end, "atThreadEnd"));
	exports.Set("notAtThreadEnd", Napi::Function::New(env, not_at_thread_end, "notAtThreadEnd"));
}
