/* SPDX-License-Identifier: MIT */
/* memory.cc - numbers of the engine's memory. */
#include "node_task.h"

#include <string>
#include <vector>

extern "C" {
#include "sys_mem.h"
}

namespace {

struct Copy {
	std::string name;
	struct mem_stats stats;
};

Napi::Value memory_caches(const Napi::CallbackInfo &info)
{
	/* Copied first: what is made of them in JavaScript must not run under the engine's lock. */
	std::vector<Copy> copies;

	mem_stats_each([](void *env, const struct mem_stats *stats) {
		static_cast<std::vector<Copy> *>(env)->push_back({ stats->name, *stats });
		return true;
	}, &copies);
	auto out = Napi::Array::New(info.Env());

	for (const auto &copy : copies) {
		auto cache = Napi::Object::New(info.Env());
		auto set = [&](const char *name, uint64_t value) {
			cache.Set(name, Napi::Number::New(info.Env(), static_cast<double>(value)));
		};

		cache.Set("name", Napi::String::New(info.Env(), copy.name));
		set("objectBytes", copy.stats.object_bytes);
		set("allocations", copy.stats.nr_allocs);
		set("frees", copy.stats.nr_frees);
		set("used", copy.stats.nr_used);
		set("pages", copy.stats.nr_pages);
		out.Set(out.Length(), cache);
	}
	return out;
}

Napi::Value memory_usage(const Napi::CallbackInfo &info)
{
	auto out = Napi::Object::New(info.Env());
	auto set = [&](const char *name, size_t value) {
		out.Set(name, Napi::Number::New(info.Env(), static_cast<double>(value)));
	};
	struct mem_usage usage;

	mem_usage_read(&usage);
	set("reservedBytes", usage.reserved);
	set("limitBytes", usage.limit);
	set("usedBytes", usage.used);
	set("peakBytes", usage.peak);
	set("givenBackBytes", usage.given);
	return out;
}

Napi::Value memory_trim(const Napi::CallbackInfo &info)
{
	return Napi::Number::New(info.Env(), static_cast<double>(mem_trim()));
}

/* memoryLimit(bytes: number): the limit before */
Napi::Value memory_limit(const Napi::CallbackInfo &info)
{
	double bytes = info[0].As<Napi::Number>().DoubleValue();

	return Napi::Number::New(info.Env(), static_cast<double>(mem_limit_set(static_cast<size_t>(bytes))));
}

} // namespace

void register_memory(Napi::Env env, Napi::Object exports)
{
	exports.Set("memoryCaches", Napi::Function::New(env, memory_caches));
	exports.Set("memoryUsage", Napi::Function::New(env, memory_usage));
	exports.Set("memoryCounted", Napi::Boolean::New(env, mem_check_levels() & (MEM_CHECK_COUNT | MEM_CHECK_LEAKS)));
	exports.Set("memoryTrim", Napi::Function::New(env, memory_trim));
	exports.Set("memoryLimit", Napi::Function::New(env, memory_limit));
}
