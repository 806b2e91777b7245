/* SPDX-License-Identifier: MIT */
/*
 * buffers.cc - buffers of a cache, seen from JavaScript as Buffers over the engine's own memory.
 *
 * The Buffer holds the memory for as long as JavaScript can reach it: until it is
 * collected, or until drop() detaches it, after which it is empty. V8 tells us by the
 * finalizer, and only then the memory goes back to the cache.
 */
#include "node_task.h"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

namespace {

/* Lives while the cache object or any buffer of it does. */
struct Cache {
	std::string name;
	size_t bytes;
	sys_buf_cache_t handle = nullptr;
	uint64_t out = 0;

	~Cache()
	{
		if (handle)
			sys_buf_cache_destroy(handle);
	}
};

/*
 * A string that lives as long as the process: the engine keeps places by their address. Of 4096 different ones; null
 * beyond. Worker threads have buffers, too.
 */
const char *lasting(const std::string &place)
{
	static std::mutex lock;
	static auto *places = new std::unordered_set<std::string>;
	std::lock_guard<std::mutex> guard(lock);

	if (places->size() >= 4096 && !places->count(place))
		return nullptr;
	return places->insert(place).first->c_str();
}

struct Loan {
	std::shared_ptr<Cache> cache;
	sys_buf_t buf;
};

struct JsBufferCache : Napi::ObjectWrap<JsBufferCache> {
	std::shared_ptr<Cache> cache;

	static Napi::Function define(Napi::Env env)
	{
		return DefineClass(env, "NativeBufferCache", {
			InstanceMethod<&JsBufferCache::alloc>("alloc"),
			InstanceMethod<&JsBufferCache::destroy>("destroy"),
			InstanceMethod<&JsBufferCache::out>("out"),
		});
	}

	/* new NativeBufferCache(name: string, bytes: number, align: number) */
	explicit JsBufferCache(const Napi::CallbackInfo &info) : Napi::ObjectWrap<JsBufferCache>(info)
	{
		cache = std::make_shared<Cache>();
		cache->name = info[0].As<Napi::String>().Utf8Value();
		cache->bytes = info[1].As<Napi::Number>().Uint32Value();
		cache->handle = sys_buf_cache_create(cache->name.c_str(), cache->bytes,
						     info[2].As<Napi::Number>().Uint32Value());
		if (!cache->handle)
			throw sys_error(info.Env(), ENOMEM, "sys_buf_cache_create");
	}

	/* alloc(zeroed: boolean, place?: string): Buffer */
	Napi::Value alloc(const Napi::CallbackInfo &info)
	{
		if (!cache->handle)
			throw sys_error(info.Env(), ENOENT, "sys_buf_alloc");
		const char *place = info[1].IsString() ? lasting(info[1].As<Napi::String>()) : nullptr;
		auto take = info[0].ToBoolean() ? SYS_SERVICE->op.BUF_zalloc : SYS_SERVICE->op.BUF_alloc;
		sys_buf_t buf = take(cache->handle, place ? place : FL_STR);

		if (!buf)
			throw sys_error(info.Env(), ENOMEM, "sys_buf_alloc");
		auto *loan = new Loan{ cache, buf };

		cache->out++;
		Napi::MemoryManagement::AdjustExternalMemory(info.Env(), static_cast<int64_t>(cache->bytes));
		return Napi::Buffer<char>::New(info.Env(), reinterpret_cast<char *>(buf), cache->bytes,
					       [](Napi::Env env, char *, Loan *loan) {
			sys_buf_drop(loan->buf);
			loan->cache->out--;
			Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(loan->cache->bytes));
			delete loan;
		}, loan);
	}

	/* The cache ends; buffers that are out keep its memory until they are gone. */
	Napi::Value destroy(const Napi::CallbackInfo &info)
	{
		if (cache->out)
			throw sys_error(info.Env(), EBUSY, "sys_buf_cache_destroy");
		if (cache->handle) {
			int err = sys_buf_cache_destroy(cache->handle);

			if (err)
				throw sys_error(info.Env(), err, "sys_buf_cache_destroy");
			cache->handle = nullptr;
		}
		return info.Env().Undefined();
	}

	/* Buffers whose memory is not back yet. */
	Napi::Value out(const Napi::CallbackInfo &info)
	{
		return Napi::Number::New(info.Env(), static_cast<double>(cache->out));
	}
};

} // namespace

void register_buffers(Napi::Env env, Napi::Object exports)
{
	exports.Set("NativeBufferCache", JsBufferCache::define(env));
	/* detachBuffer(buffer: Buffer): it and all that shares its memory become empty */
	exports.Set("detachBuffer", Napi::Function::New(env, [](const Napi::CallbackInfo &info) -> Napi::Value {
		info[0].As<Napi::Uint8Array>().ArrayBuffer().Detach();
		return info.Env().Undefined();
	}));
}
