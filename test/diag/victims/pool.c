/* SPDX-License-Identifier: MIT */
/*
 * pool.c - an addon of somebody else's: overflow() overflows the stack of one of libuv's pool threads, once that
 * thread has an alternate stack; after 20 s without one the process exits with 5.
 */
#include <node_api.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

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

NAPI_MODULE_INIT(/* env, exports */)
{
	napi_value fn;

	if (napi_create_function(env, "overflow", NAPI_AUTO_LENGTH, overflow, NULL, &fn) != napi_ok ||
	    napi_set_named_property(env, exports, "overflow", fn) != napi_ok)
		abort();
	return exports;
}
