/* SPDX-License-Identifier: MIT */
/*
 * diag.cc - diagnostics of a Node process: started with the addon, told when Node's loop polls, asked about others.
 *
 * A stall is found on the collector's thread, which must not wait for anybody: it goes through a ring of its own and
 * one uv_async_send(), which is a write to an eventfd. When the ring is full the event is dropped; stderr has it.
 */
#include <napi.h>
#include <uv.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

extern "C" {
#include "diag.h"
}
#include "node_task.h"

/* V8's own header of this is not among those Node installs. NULL where V8 has none. */
namespace v8 {
__attribute__((weak)) bool TryHandleWebAssemblyTrapPosix(int signum, siginfo_t *info, void *context);
}

namespace {

enum { RING = 32, STACK = 8192 };

struct Event {
	int kind, tid;
	uint64_t duration_ns, count;
	char what[512], stack[STACK];
};

Event ring[RING];
uint32_t ring_head, ring_tail;	/* atomic: written by the collector, by Node's thread */
uv_async_t bell;
uv_prepare_t before_poll;
uv_check_t after_poll;
Napi::FunctionReference listener;
bool watching;

/* Only its loop is watched: it lives as long as the process, as the handles here do. */
bool is_main_thread()
{
	return getpid() == static_cast<pid_t>(syscall(SYS_gettid));
}

void on_stall(void *, const struct diag_stall *stall)
{
	uint32_t head = __atomic_load_n(&ring_head, __ATOMIC_RELAXED);

	if (head - __atomic_load_n(&ring_tail, __ATOMIC_ACQUIRE) == RING)
		return;
	Event &event = ring[head % RING];
	event.kind = stall->kind;
	event.tid = stall->tid;
	event.duration_ns = stall->duration_ns;
	event.count = stall->count;
	strncpy(event.what, stall->what, sizeof(event.what) - 1);
	strncpy(event.stack, stall->stack, sizeof(event.stack) - 1);
	__atomic_store_n(&ring_head, head + 1, __ATOMIC_RELEASE);
	uv_async_send(&bell);
}

void deliver(uv_async_t *)
{
	static const char *const kinds[] = { "task", "callback", "kthread", "lock", "io", "node", "order" };
	uint32_t tail = ring_tail;

	while (tail != __atomic_load_n(&ring_head, __ATOMIC_ACQUIRE)) {
		Event event = ring[tail % RING];

		__atomic_store_n(&ring_tail, ++tail, __ATOMIC_RELEASE);
		if (listener.IsEmpty())
			continue;
		Napi::Env env = listener.Env();
		Napi::HandleScope scope(env);
		auto out = Napi::Object::New(env);

		out.Set("kind", Napi::String::New(env, kinds[event.kind]));
		out.Set("tid", Napi::Number::New(env, event.tid));
		out.Set("durationMs", Napi::Number::New(env, static_cast<double>(event.duration_ns) / 1e6));
		out.Set("count", Napi::Number::New(env, static_cast<double>(event.count)));
		out.Set("what", Napi::String::New(env, event.what));
		out.Set("stack", Napi::String::New(env, event.stack));
		try {
			listener.MakeCallback(env.Global(), { out });
		} catch (const Napi::Error &error) {
			napi_fatal_exception(env, error.Value());
		}
	}
}

/* diagOnStall(listener: (stall) => void) */
Napi::Value set_listener(const Napi::CallbackInfo &info)
{
	if (!watching || !is_main_thread())
		throw Napi::Error::New(info.Env(), "ring3: stalls are told to Node's main thread only");
	listener = Napi::Persistent(info[0].As<Napi::Function>());
	listener.SuppressDestruct();
	diag_on_stall(on_stall, nullptr);
	diag_watch_loop();
	return info.Env().Undefined();
}

/* diagBudgets(task, callback, kthread, lock, io, node): nanoseconds, 0 = as it is, Infinity = off */
Napi::Value set_budgets(const Napi::CallbackInfo &info)
{
	struct diag_budgets budgets = {};
	uint64_t *to = &budgets.task_ns;

	for (size_t i = 0; i < sizeof(budgets) / sizeof(*to); i++) {
		double ns = info[i].As<Napi::Number>().DoubleValue();

		to[i] = ns > 1e18 ? UINT64_MAX : static_cast<uint64_t>(ns);
	}
	diag_budgets_set(&budgets);
	return info.Env().Undefined();
}

/* diagBacktrace(pid, core: string, tid, flags): text, or -errno */
Napi::Value take_backtrace(const Napi::CallbackInfo &info)
{
	std::vector<char> text(32 << 20);
	std::string core = info[1].As<Napi::String>().Utf8Value();
	long length = diag_backtrace_outside(info[0].As<Napi::Number>().Int32Value(), core.empty() ? nullptr : core.c_str(),
					     info[2].As<Napi::Number>().Int32Value(),
					     info[3].As<Napi::Number>().Uint32Value(), text.data(), text.size());

	if (length < 0)
		return Napi::Number::New(info.Env(), static_cast<double>(length));
	return Napi::String::New(info.Env(), text.data(), static_cast<size_t>(length));
}

bool not_a_crash(int signum, void *info, void *context)
{
	return signum == SIGSEGV && v8::TryHandleWebAssemblyTrapPosix &&
	       v8::TryHandleWebAssemblyTrapPosix(signum, static_cast<siginfo_t *>(info), context);
}

/* Tell the watchdog when Node's loop polls, which is all it may do without being "blocked". */
void watch_loop(Napi::Env env)
{
	uv_loop_t *loop = nullptr;

	napi_get_uv_event_loop(env, &loop);
	uv_async_init(loop, &bell, deliver);
	uv_unref(reinterpret_cast<uv_handle_t *>(&bell));
	uv_prepare_init(loop, &before_poll);
	uv_prepare_start(&before_poll, [](uv_prepare_t *) { diag_loop_sleeps(); });
	uv_unref(reinterpret_cast<uv_handle_t *>(&before_poll));
	uv_check_init(loop, &after_poll);
	uv_check_start(&after_poll, [](uv_check_t *) { diag_loop_wakes(); });
	uv_unref(reinterpret_cast<uv_handle_t *>(&after_poll));
	napi_add_env_cleanup_hook(env, [](void *) {
		diag_on_stall(nullptr, nullptr);
		uv_prepare_stop(&before_poll);
		uv_check_stop(&after_poll);
		diag_loop_sleeps();
	}, nullptr);
}

} // namespace

void register_diag(Napi::Env env, Napi::Object exports)
{
	/* Once for all environments, and a worker's may be the first. */
	static std::once_flag started;

	std::call_once(started, [] {
		diag_crash_first = not_a_crash;
		diag_start(DIAG_ALL);
	});
	diag_thread_enter();	/* a worker's; one that has an alternate stack keeps it */
	if (is_main_thread() && !watching && diag_running()) {
		watching = true;
		watch_loop(env);
	}
	exports.Set("diagOnStall", Napi::Function::New(env, set_listener));
	exports.Set("diagBudgets", Napi::Function::New(env, set_budgets));
	exports.Set("diagBacktrace", Napi::Function::New(env, take_backtrace));
}
