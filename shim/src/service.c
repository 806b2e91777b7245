/* SPDX-License-Identifier: MIT */
/* service.c - our provider of sys_service.h: time, threads, and the vector that names all bodies. */
#include <sys/syscall.h>

#include "buf_cache.h"
#include "diag.h"
#include "entry.h"
#include "etask_impl.h"
#include "mtelib.h"
#include "sys_debug.h"
#include "sys_mem.h"

sys_service_handle_t SYS_SERVICE;
__thread sys_thread_t sys_thread;

sys_time_t time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (sys_time_t)now.tv_sec * 1000000000u + (sys_time_t)now.tv_nsec;
}

/* ---- diagnostics -------------------------------------------------------------- */

static void backtrace_write(sstring_t reason)
{
	void *frames[64];

	sys_eprintf("backtrace: %s\n", reason ? reason : "");
	if (diag_backtrace(STDERR_FILENO) == 0)
		return;
	sys_backtrace_dump(frames, sys_backtrace_get_max(frames, 64));
}

static bool print_cache(void *env, const struct mem_stats *stats)
{
	(void)env;
	if (stats->nr_allocs)
		fprintf(stderr, "  cache %-24s %8zu bytes, %" PRIu64 " in use, %" PRIu64 " pages\n", stats->name,
			stats->object_bytes, stats->nr_used, stats->nr_pages);
	return true;
}

static void dump(sstring_t reason)
{
	if (diag_dump(STDERR_FILENO, false, 0, reason) == 0)
		return;
	fprintf(stderr, "ring3: dump: %s\n", reason);
	mem_stats_each(print_cache, NULL);
}

static void __attribute__((__noreturn__)) abort_service(void)
{
	dump("abort");
	backtrace_write("abort");
	abort();
}

/* ---- threads -------------------------------------------------------------------- */

static void *thread_main(void *arg)
{
	sys_thread_t thread = arg;

	diag_thread_enter();
	sys_thread = thread;
	thread->tid = (pid_t)syscall(SYS_gettid);
	pthread_setname_np(pthread_self(), thread->name);
	return (void *)(intptr_t)thread->run_fn(thread->run_env);
}

static sys_thread_t thread_alloc(errno_t (*fn)(void *env), void *env, string_t name)
{
	sys_thread_t thread = mem_zalloc(sizeof(*thread), FL_STR);
	char *copy = mem_alloc(16, FL_STR);

	if (!thread || !copy) {
		mem_free(thread, FL_STR);
		mem_free(copy, FL_STR);
		return NULL;
	}
	snprintf(copy, 16, "%s", name);
	thread->name = copy;
	thread->run_fn = fn;
	thread->run_env = env;
	thread->dob = time_now();
	sched_getaffinity(0, sizeof(thread->cpu_mask), &thread->cpu_mask);
	return thread;
}

static errno_t thread_start(sys_thread_t thread)
{
	int rc = pthread_create(&thread->pthread_id, NULL, thread_main, thread);

	thread->spare32 = !rc;
	return rc;
}

static void __attribute__((__noreturn__)) thread_exit(int rc)
{
	pthread_exit((void *)(intptr_t)rc);
}

static void thread_free(sys_thread_t thread)
{
	if (thread->spare32)
		pthread_join(thread->pthread_id, NULL);
	mem_free(thread->name, FL_STR);
	mem_free(thread, FL_STR);
}

/* ---- the vector -------------------------------------------------------------------- */

static errno_t service_init(sys_service_cfg_t cfg)
{
	(void)cfg;
	return sys_region_base() ? E_OK : ENOMEM;
}

static errno_t service_fini(void)
{
	if (mem_check_levels() & MEM_CHECK_LEAKS)
		mem_report_leaks();
	return E_OK;
}

static struct sys_service_handle service = {
	.op = {
		.SS_init = service_init,
		.SS_fini = service_fini,
		.SS_dump = dump,
		.SS_backtrace = backtrace_write,
		.SS_abort = abort_service,
		.SS_time_now = time_now,
		.SS_mem_alloc = mem_alloc,
		.SS_mem_zalloc = mem_zalloc,
		.SS_mem_realloc = mem_realloc,
		.SS_mem_free = mem_free,
		.SS_buf_cache_create = buf_cache_create,
		.BUF_cache_destroy = buf_cache_destroy,
		.BUF_alloc = buf_alloc,
		.BUF_zalloc = buf_zalloc,
		.BUF_hold = buf_hold,
		.BUF_drop = buf_drop,
		.BUF_check = buf_check,
		.SS_thread_alloc = thread_alloc,
		.THREAD_start = thread_start,
		.THREAD_exit = thread_exit,
		.THREAD_free = thread_free,
		.SS_etask_alloc = etask_alloc,
		.ETASK_fmt = etask_fmt,
		.ETASK_run = etask_run,
		.ETASK_stop = etask_stop,
		.ETASK_free = etask_free,
		.ETASK_poll_enable = entry_poll_enable,
		.ETASK_poll_disable_sync = entry_poll_disable,
		.ETASK_alarm_set = entry_alarm_set,
		.ETASK_alarm_cancel_sync = entry_alarm_cancel,
		.ETASK_callback_schedule = entry_schedule,
		.ETASK_callback_cancel_sync = entry_schedule_cancel,
		.ETASK_callback_schedule_lopri = entry_schedule_lopri,
		.ETASK_callback_cancel_lopri_sync = entry_schedule_cancel,
		.ETASK_alarm_set_periodic = entry_alarm_set_periodic,
		.ETASK_alarm_rearm_sync = entry_alarm_rearm,
	},
};

sys_service_handle_t MTE_sys_service_get(void)
{
	return &service;
}

errno_t MTE_sys_service_put(sys_service_handle_t handle)
{
	return handle == &service ? E_OK : EINVAL;
}
