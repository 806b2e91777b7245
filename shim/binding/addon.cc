/* SPDX-License-Identifier: MIT */
/*
 * addon.cc - what Node sees of the engine. Converts and calls C, nothing more;
 * shim/native.ts declares all of it with types, checks arguments, and alone loads it.
 */
#include "node_task.h"

#include <mutex>

extern "C" {
#include "mtelib.h"
}

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
	static std::once_flag once;	/* worker threads load us too */

	std::call_once(once, [] {
		sys_service_set(MTE_sys_service_get());
		sys_service_init(nullptr);
	});
	register_polls(env, exports);
	register_alarms(env, exports);
	register_callbacks(env, exports);
	register_tasks(env, exports);
	register_diag(env, exports);
	register_buffers(env, exports);
	register_memory(env, exports);
	register_async_file(env, exports);
	register_bridge(env, exports);
	return exports;
}

NODE_API_MODULE(ring3_node, init)
