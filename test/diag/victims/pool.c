/* SPDX-License-Identifier: MIT */
/*
 * pool.c - an addon of somebody else's: overflow() overflows the stack of one of libuv's pool threads, once that
 * thread has an alternate stack; after 20 s without one the process exits with 5. enter(STATE) gets the calling thread
 * into a state of native.h; bottomless(BYTES) is memory that nobody fills, by its address, 0 = not permitted.
 */
#include <node_api.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "native.h"

static volatile int bottom;

static __attribute__((noinline)) int overflow_the_pool(int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	frame[1023] = (char)depth;
	if (bottom)
		return depth;
	return overflow_the_pool(depth + 1) + frame[depth & 1023];
}

static void execute(napi_env env, void *data)
{
	stack_t stack;

	(void)env;
	(void)data;
	for (int i = 0; i < 2000; i++) {
		if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE))
			overflow_the_pool(0);
		usleep(10000);
	}
	_exit(5);
}

static void complete(napi_env env, napi_status status, void *data)
{
	(void)env;
	(void)status;
	(void)data;
}

static napi_value overflow(napi_env env, napi_callback_info info)
{
	napi_async_work work;
	napi_value name;

	(void)info;
	if (napi_create_string_utf8(env, "overflow", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_async_work(env, NULL, name, execute, complete, NULL, &work) != napi_ok ||
	    napi_queue_async_work(env, work) != napi_ok)
		abort();
	return NULL;
}

static napi_value enter(napi_env env, napi_callback_info info)
{
	size_t nr = 1, bytes;
	napi_value arg;
	char state[32];

	if (napi_get_cb_info(env, info, &nr, &arg, NULL, NULL) != napi_ok ||
	    napi_get_value_string_utf8(env, arg, state, sizeof(state), &bytes) != napi_ok || !native_state(state))
		abort();
	return NULL;
}

static napi_value bottomless(napi_env env, napi_callback_info info)
{
	napi_value arg, result;
	int64_t bytes;
	size_t nr = 1;

	if (napi_get_cb_info(env, info, &nr, &arg, NULL, NULL) != napi_ok ||
	    napi_get_value_int64(env, arg, &bytes) != napi_ok ||
	    napi_create_int64(env, (int64_t)(intptr_t)native_bottomless((size_t)bytes), &result) != napi_ok)
		abort();
	return result;
}

static void add(napi_env env, napi_value exports, const char *name, napi_callback callback)
{
	napi_value fn;

	if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &fn) != napi_ok ||
	    napi_set_named_property(env, exports, name, fn) != napi_ok)
		abort();
}

NAPI_MODULE_INIT(/* env, exports */)
{
	add(env, exports, "overflow", overflow);
	add(env, exports, "enter", enter);
	add(env, exports, "bottomless", bottomless);
	return exports;
}
