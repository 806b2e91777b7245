/* SPDX-License-Identifier: MIT */
/*
 * mte_client_test.c - a client written for MTE's interface, and for nothing of ours: the
 * whole vector, the debug macros in their DEBUG form, another provider put in between.
 */
#define DEBUG 1
#define NAME mte_client
#define TRACE_TRACE true

#include <sys/mman.h>
#include <sys/socket.h>

#include "mtelib.h"
#include "sys_debug.h"

#include "harness.h"

assert_static(sizeof(void *) == 8);

static errno_t start(void)
{
	sys_service_set(MTE_sys_service_get());
	return sys_service_init(NULL);
}

struct client {
	sys_event_task_t	task;
	sys_poll_entry_t	poll;
	sys_alarm_entry_t	alarm;
	int			pair[2];
	int			nr_polls, nr_alarms, nr_callbacks, nr_lopri;
	bool			normal_came_first;
};

static void on_lopri(void *env, uintptr_t arg, errno_t err)
{
	struct client *client = env;

	verify_eq(arg, 0x10);
	verify_noerr(err, "low priority");
	client->nr_lopri++;
	client->normal_came_first = client->nr_callbacks > 0;
}

static void on_callback(void *env, uintptr_t arg, errno_t err)
{
	struct client *client = env;

	assert_eq(arg, 7);
	assert_eq(err, EIO, "the error comes through: %d", err);
	client->nr_callbacks++;
}

static void on_alarm(void *env, uintptr_t arg, errno_t err)
{
	struct client *client = env;

	verify_eq(arg, 0);
	verify_noerr(err);
	client->nr_alarms++;
	verify_eq(write(client->pair[1], "x", 1), 1);
}

static void on_poll(void *env, uintptr_t events, errno_t err)
{
	struct client *client = env;
	char byte;

	verify_noerr(err);
	verify(events & EPOLLIN);
	verify_rc(read(client->pair[0], &byte, 1), read);
	client->nr_polls++;
	/* From inside the handler: the entry is gone, then the task stops. */
	sys_poll_disable(client->task, client->poll);
	sys_event_task_stop(client->task);
}

static errno_t client_thread(void *env)
{
	struct client *client = env;

	verify_eq(sys_thread_current()->run_env, client);
	verify(!strcmp(sys_thread_name(sys_thread_current()), "client"));
	verify_eq(sys_thread_num(sys_thread_current()), (pid_t)syscall(SYS_gettid));
	client->alarm = sys_alarm_set(client->task, on_alarm, client, sys_time_now() + sys_time_delta_of_ms(2));
	verify_noerr(sys_event_task_run(client->task), "run");
	sys_thread_exit(0);
}

TEST(an_mte_client_runs_with_every_operation)
{
	struct sys_event_task_cfg cfg = { .max_polls = SYS_ETASK_MAX_POLLS, .max_steps = SYS_ETASK_MAX_STEPS };
	struct client *client;
	sys_sched_entry_t entry;
	sys_thread_t thread;
	string_t text;

	CHECK_EQ(start(), E_OK);
	client = record_alloc(client);
	CHECK(client && client->nr_polls == 0);
	client->task = sys_event_task_alloc(&cfg);
	CHECK(client->task && !sys_event_task_current());
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, client->pair), 0);
	client->poll = sys_poll_enable(client->task, on_poll, client, client->pair[0], SYS_SOCKET_RECV_ET, "poll");
	CHECK(client->poll);
	CHECK(sys_callback_schedule_lopri(client->task, on_lopri, client, 0x10, E_OK));
	CHECK(sys_callback_schedule(client->task, on_callback, client, 7, EIO, "callback"));
	entry = sys_callback_schedule(client->task, on_callback, client, 8, E_OK);
	CHECK_EQ(sys_callback_cancel(client->task, entry), E_OK);
	CHECK_EQ(sys_callback_cancel(client->task, entry), EINVAL);
	entry = sys_callback_schedule_lopri(client->task, on_lopri, client, 8, E_OK, "lopri");
	CHECK_EQ(sys_callback_cancel_lopri(client->task, entry), E_OK);

	thread = sys_thread_alloc(client_thread, client, "client");
	CHECK_EQ(sys_thread_start(thread), E_OK);
	sys_thread_free(thread);
	CHECK_EQ(client->nr_polls, 1);
	CHECK_EQ(client->nr_alarms, 1);
	CHECK_EQ(client->nr_callbacks, 1);
	CHECK_EQ(client->nr_lopri, 1);
	CHECK(client->normal_came_first);
	CHECK_EQ(sys_alarm_cancel(client->task, client->alarm), EINVAL);

	text = sys_event_task_fmt(client->task);
	CHECK(strstr(text, "1 polls"));
	sys_mem_free(text);
	CHECK_EQ(sys_event_task_free(client->task), E_OK);
	record_free(client);
	CHECK_EQ(sys_service_fini(), E_OK);
	CHECK_EQ(MTE_sys_service_put(SYS_SERVICE), E_OK);
	CHECK_EQ(MTE_sys_service_put(NULL), EINVAL);
}

TEST(an_mte_client_uses_memory_and_buffers)
{
	sys_buf_cache_t cache;
	char *text, *more;
	sys_buf_t buf;

	CHECK_EQ(start(), E_OK);
	text = sys_mem_dup("four", 5);
	CHECK_STREQ(text, "four");
	text = sys_mem_realloc(text, 100000);
	CHECK_STREQ(text, "four");
	more = sys_sprintf_append(text, " and %d", 5);
	CHECK_STREQ(more, "four and 5");
	more = sys_sprintf_append_nl(more, "%s", "six");
	CHECK_STREQ(more, "four and 5six\n");
	sys_mem_free(more);
	cache = sys_buf_cache_create("buffers", 4096, 4096);
	buf = sys_buf_alloc(cache);
	CHECK_EQ((uintptr_t)buf % 4096, 0);
	sys_buf_hold(buf);
	sys_buf_check(buf);
	sys_buf_drop(buf);
	CHECK_EQ(sys_buf_cache_destroy(cache), EBUSY);
	sys_buf_free(buf);
	buf = sys_buf_zalloc(cache);
	CHECK_EQ(*(char *)buf, 0);
	sys_buf_free(buf);
	CHECK_EQ(sys_buf_cache_destroy(cache), E_OK);
	CHECK_EQ(sys_time_delta_to_ms(sys_time_delta_of_min(1)), 60000);
	CHECK(sys_time_is_invalid(sys_time_invalid()) && sys_time_hz() == 1000000000);
	text = sys_sprintf(SYS_TIME_DELTA_FMT_us " " SYS_TIME_DELTA_FMT, SYS_TIME_DELTA_FIELDS_us(1002003004ul),
			   SYS_TIME_DELTA_FIELDS(1002003004ul));
	CHECK_STREQ(text, "1.002003 1.002003004");
	sys_mem_free(text);
}

/* stderr of what runs between the two, as text. */
static int saved_stderr, captured;

static void capture(void)
{
	captured = memfd_create("stderr", 0);
	saved_stderr = dup(2);
	dup2(captured, 2);
}

static const char *captured_text(void)
{
	static char text[65536];
	ssize_t count;

	fflush(stderr);
	dup2(saved_stderr, 2);
	count = pread(captured, text, sizeof(text) - 1, 0);
	text[count < 0 ? 0 : count] = 0;
	return text;
}

TEST(expectations_warn_and_go_on)
{
	const char *text;
	int evaluated = 0;

	CHECK_EQ(start(), E_OK);
	capture();
	CHECK(!expect_eq(++evaluated, 2, "own words %d", 42));
	CHECK(expect_eq(evaluated, 1));
	CHECK(!expect(evaluated == 9));
	CHECK(!expect_ne(1, 1));
	CHECK(expect_lt(-1, 0) && expect_le(0, 0) && expect_gt(1, 0) && expect_ge(0, 0));
	CHECK(expect_a(-1, 0) && expect_ae(-1, 0) && expect_b(0, -1) && !expect_be(-1, 0));
	CHECK(expect_imply(0, 0) && expect_imply(1, 1) && !expect_imply(1, 0));
	CHECK(expect_eq_bool(true, 1) && expect_rel(3, <, 4));
	CHECK(!expect_rc(-EBADF, close, "fd %d", 3));
	CHECK(!expect_noerr(-ENOSPC));
	trace("traced %s", "once");
	trace_enable(false);
	trace("not traced");
	trace_verbose("not traced either");
	sys_warning("of %s", "this");
	sys_backtrace("plain text: 100%");
	sys_backtrace("formatted: %d%%", 99);
	sys_dump("on request");
	text = captured_text();
	CHECK(strstr(text, "++evaluated == 2: 1 (0x1) and 2 (0x2) own words 42"));
	CHECK(strstr(text, "expectations_warn_and_go_on"));
	CHECK(strstr(text, "close: errno=9 Bad file descriptor fd 3"));
	CHECK(strstr(text, "No space left on device"));
	CHECK(strstr(text, "-1 (0xffffffffffffffff)") || strstr(text, "18446744073709551615"));
	CHECK(strstr(text, "mte_client:expectations_warn_and_go_on:") && strstr(text, "traced once"));
	CHECK(!strstr(text, "not traced"));
	CHECK(strstr(text, "WARNING: of this"));
	CHECK(strstr(text, "plain text: 100%\n") && strstr(text, "formatted: 99%\n"));
	CHECK(strstr(text, "dump: on request"));
}

TEST(addresses_have_names)
{
	void *frames[16];
	uint32_t count = sys_backtrace_get_max(frames, 16);
	unsigned char bytes[40] = "to be dumped";
	const char *text;

	CHECK_GT(count, 2);
	CHECK(strstr(sys_backtrace_fmt(frames, count), "shim-test"));
	CHECK(strstr(sys_symbol((uintptr_t)sys_backtrace_get_max), "sys_backtrace_get_max"));
	CHECK_STREQ(sys_symbol(8), "");
	CHECK(strstr(sys_symbol_stack_ref(0x1010, 0x1000, 0), "SP+"));
	capture();
	mem_dump((uintptr_t)bytes, (uintptr_t)bytes + 20, "bytes");
	mem_dump(16, 32, "no bytes");
	sys_signal_dump(SIGSEGV, NULL, NULL, "test");
	text = captured_text();
	CHECK(strstr(text, "74 6f 20 62 65") && strstr(text, "to be dumped"));
	CHECK(strstr(text, "not readable"));
	CHECK(strstr(text, "SEGV"));
}

TEST_DIES(verify_dies_with_both_values)
{
	start();
	verify_le(3, 2, "must not %s", "be");
}

TEST_DIES(assert_dies_in_debug_builds)
{
	start();
	assert_imply(1, 0);
}

TEST_DIES(a_panic_dies)
{
	start();
	sys_panic_err(ENOENT, "gone: %s", "file");
}

/* Another provider in front: it counts, and passes on to ours. */
static struct sys_service_handle mine;
static int counted;

static void *counting_alloc(size_t bytes, sstring_t whence)
{
	counted++;
	CHECK(strstr(whence, "mte_client_test.c:"));
	return MTE_sys_service_get()->op.SS_mem_alloc(bytes, whence);
}

TEST(another_provider_can_be_put_in)
{
	void *addr;

	mine = *MTE_sys_service_get();
	mine.op.SS_mem_alloc = counting_alloc;
	mine.op.SS_init = NULL;		/* may be absent */
	mine.op.SS_fini = NULL;
	sys_service_set(&mine);
	CHECK_EQ(sys_service_init(NULL), E_OK);
	addr = sys_mem_alloc(100);
	sys_mem_free(addr);
	CHECK_EQ(counted, 1);
	CHECK_EQ(sys_service_fini(), E_OK);
}

static volatile uint32_t seen_signal;

static void on_signal(uint32_t signum)
{
	sys_mem_free(sys_mem_alloc(10));	/* ordinary code */
	__atomic_store_n(&seen_signal, signum, __ATOMIC_RELEASE);
}

TEST(signals_run_as_ordinary_code)
{
	int fd = sys_eventfd_create("test");

	CHECK_EQ(start(), E_OK);
	sys_eventfd_write(fd, 3);
	CHECK_EQ(sys_eventfd_read(fd), 3);
	CHECK_EQ(sys_eventfd_read(fd), 0);
	sys_eventfd_close(fd);
	fd = sys_eventfd_create_sem("test");
	sys_eventfd_write(fd, 2);
	CHECK_EQ(sys_eventfd_read(fd), 1);
	sys_eventfd_close(fd);
	CHECK_EQ(mte_signal_handler_set(0, on_signal), EINVAL);
	CHECK_EQ(mte_signal_handler_set(SIGKILL, on_signal), EINVAL);
	CHECK_EQ(mte_signal_handler_set(SIGUSR1, on_signal), E_OK);
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 5000 && !__atomic_load_n(&seen_signal, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	CHECK_EQ(seen_signal, SIGUSR1);
}
