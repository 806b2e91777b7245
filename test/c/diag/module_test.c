/* SPDX-License-Identifier: MIT */
/*
 * module_test.c - planted bugs in a hosted module (test/diag/module/diag_victim.c):
 * each is found and named by function, by what the dump or a watchdog says.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "helper.h"
#include "ring3/kernel.h"
#include "victim.h"

static void load(const char *what)
{
	const struct ring3_kernel_options options = { .nr_event_cpus = 1, .nr_other_cpus = 4 };
	char path[512], params[64];

	test_beside(path, sizeof(path), "diag_victim.ko.so");
	snprintf(params, sizeof(params), "what=%s", what);
	CHECK_EQ(ring3_kernel_start(&options), 0);
	CHECK_EQ(ring3_insmod(path, params), 0);
}

/* What the last stall said, by kind. */
static char stall_what[DIAG_STALL_KINDS][512], stall_stack[DIAG_STALL_KINDS][16384];
static int stalls[DIAG_STALL_KINDS];

static void on_stall(void *env, const struct diag_stall *stall)
{
	(void)env;
	snprintf(stall_what[stall->kind], sizeof(stall_what[0]), "%s", stall->what);
	snprintf(stall_stack[stall->kind], sizeof(stall_stack[0]), "%s", stall->stack);
	__atomic_fetch_add(&stalls[stall->kind], 1, __ATOMIC_RELEASE);
}

static void watch(void)
{
	const struct diag_budgets budgets = {
		.task_ns = 300000000, .kthread_ns = 300000000, .lock_ns = 300000000,
	};

	diag_budgets_set(&budgets);
	diag_on_stall(on_stall, NULL);
	CHECK_EQ(diag_start(DIAG_WATCH), 0);
}

static void wait_stall(enum diag_stall_kind kind)
{
	for (int i = 0; i < 2000 && !__atomic_load_n(&stalls[kind], __ATOMIC_ACQUIRE); i++)
		usleep(10000);
	CHECK_EQ(__atomic_load_n(&stalls[kind], __ATOMIC_ACQUIRE), 1);
}

TEST(module_abba_is_spelled_out)
{
	char *dump;

	CHECK_EQ(diag_start(0), 0);
	load("abba");
	usleep(300000);
	dump = take_dump(false, DIAG_THREADS | DIAG_LOCKS);
	CHECK_SAYS(dump, "waits for mutex victim_second, held by thread");
	CHECK_SAYS(dump, "waits for mutex victim_first, held by thread");
	CHECK_SAYS(dump, "which it took in abba_first at diag_victim.c:");
	CHECK_SAYS(dump, "which it took in abba_second at diag_victim.c:");
	CHECK_SAYS(dump, "diag_victim.ko.so+0x");
	CHECK_SAYS(dump, "role=kthread");
}

TEST(module_abba_of_semaphores_is_spelled_out)
{
	char *dump;

	watch();
	load("abba-rwsem");
	wait_stall(DIAG_STALL_KTHREAD);
	CHECK_SAYS(stall_what[DIAG_STALL_KTHREAD], "thread ");
	dump = take_dump(false, DIAG_THREADS | DIAG_LOCKS);
	CHECK_SAYS(dump, "waits for rwsem (read) victim_sem_second, held by thread");
	CHECK_SAYS(dump, "waits for rwsem (read) victim_sem_first, held by thread");
	CHECK_SAYS(dump, "which it took in sem_first at diag_victim.c:");
}

TEST(module_work_that_holds_up_the_next)
{
	char *dump;

	CHECK_EQ(diag_start(0), 0);
	load("work");
	usleep(300000);
	dump = take_dump(true, DIAG_TASKS | DIAG_THREADS);
	CHECK_SAYS(dump, "{\"name\":\"victims\",\"waiting\":1,\"workers\":1,\"idle\":0,\"maxActive\":1,"
		   "\"running\":[{\"tid\":");
	CHECK_SAYS(dump, "\"function\":\"slow_work at diag_victim.c:");
	CHECK_SAYS(dump, "\"next\":[\"next_work at diag_victim.c:");
	CHECK_SAYS(dump, "\"role\":\"kworker\"");
}

/* Takes dumps until one says each of @parts, or the time is up. */
static char *dump_that_says(const char *const parts[], unsigned int nr)
{
	char *dump = NULL;

	for (int i = 0; i < 400; i++, usleep(50000)) {
		unsigned int found = 0;

		dump = take_dump(true, DIAG_TASKS);
		while (found < nr && strstr(dump, parts[found]))
			found++;
		if (found == nr)
			return dump;
	}
	for (unsigned int i = 0; i < nr; i++)
		CHECK_SAYS(dump, parts[i]);
	return dump;
}

TEST(module_wait_queues_with_their_waiters)
{
	static const char *const parts[] = {
		"{\"name\":\"victim_wait\"", "\"nrWaiters\":2", "{\"task\":\"victim\",\"tid\":",
		"{\"task\":\"victim2\",\"tid\":", "{\"name\":\"victim_done\"",
		"{\"task\":\"victim3\",\"tid\":", "{\"name\":\"&device->wait\"",
		"{\"exclusive\":false,\"function\":\"wake_callback at diag_victim.c:", "\"sinceMs\":",
	};
	char *dump, *queue, *last;

	CHECK_EQ(diag_start(0), 0);
	load("waits");
	dump = dump_that_says(parts, sizeof(parts) / sizeof(parts[0]));
	queue = strstr(dump, "{\"name\":\"victim_wait\"");
	last = strstr(queue, "]}");
	CHECK(last && !strncmp(last - 17, "\"exclusive\":true}", 17));	/* behind who is not */
	dump = take_dump(false, DIAG_TASKS);
	CHECK_SAYS(dump, "name=victim_wait ");
	CHECK_SAYS(dump, "task=victim2 ");
}

TEST(module_wait_queue_whose_lock_is_held_is_shown)
{
	char *dump, owner[32];
	const char *queue;

	CHECK_EQ(diag_start(0), 0);
	load("waits-locked");
	dump = dump_that_says((const char *const[]){ "\"lockedBy\":" }, 1);
	queue = strstr(dump, "{\"name\":\"&device->wait\"");
	CHECK(queue);
	CHECK_SAYS(queue, "\"lockedBy\":");
	CHECK_SAYS(queue, "wake_callback at diag_victim.c:");
	/* It is the thread that took it. */
	snprintf(owner, sizeof(owner), "\"tid\":%d,", atoi(strstr(queue, "\"lockedBy\":") + 11));
	dump = take_dump(true, DIAG_THREADS | DIAG_LOCKS);
	CHECK_SAYS(dump, owner);
	CHECK_SAYS(dump, "waits_locked_thread");
}

TEST(module_lock_held_too_long)
{
	watch();
	load("holder");
	wait_stall(DIAG_STALL_LOCK);
	CHECK_SAYS(stall_what[DIAG_STALL_LOCK], "lock victim_first");
	CHECK_SAYS(stall_what[DIAG_STALL_LOCK], "taken in holder_thread at diag_victim.c:");
	CHECK_SAYS(stall_stack[DIAG_STALL_LOCK], "holder_thread at diag_victim.c:");
}

TEST(module_lost_wakeup_is_a_hung_kthread)
{
	watch();
	load("lost-wakeup");
	wait_stall(DIAG_STALL_KTHREAD);
	CHECK_SAYS(stall_what[DIAG_STALL_KTHREAD], "slept uninterruptibly");
	CHECK_SAYS(stall_stack[DIAG_STALL_KTHREAD], "lost_wakeup_thread at diag_victim.c:");
}

TEST(module_endless_softirq_stalls_its_event_task)
{
	if (victim_sanitized())
		test_skip("a loop without calls takes no signals under a sanitizer");
	watch();
	load("endless-softirq");
	wait_stall(DIAG_STALL_TASK);
	CHECK_SAYS(stall_what[DIAG_STALL_TASK], "event task \"ring3/0\"");
	CHECK_SAYS(stall_stack[DIAG_STALL_TASK], "loop_in_timer at diag_victim.c:");
	usleep(600000);
	CHECK_EQ(stalls[DIAG_STALL_TASK], 1);	/* an episode is told once */
}

/* ---- with lock order checks ------------------------------------------------------------ */

static void check_orders(const char *what)
{
	diag_lockdep_on = 1;
	watch();
	load(what);
}

TEST(module_lock_order_reversed)
{
	char *dump;

	check_orders("order");
	wait_stall(DIAG_STALL_ORDER);
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "circular lock order");
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "order_thread at diag_victim.c:");
	dump = take_dump(false, DIAG_LOCKS);
	CHECK_SAYS(dump, "lock1=victim_second lock2=victim_first");
}

TEST(module_lock_in_softirq_and_outside)
{
	check_orders("softirq");
	wait_stall(DIAG_STALL_ORDER);
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "taken in softirq, and elsewhere with softirqs enabled");
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "tasklet_takes at diag_victim.c:");
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "softirq_thread at diag_victim.c:");
}

TEST(module_unlock_missed_on_an_error_path)
{
	check_orders("error-path");
	wait_stall(DIAG_STALL_ORDER);
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "left with a lock held in the function of a kthread");
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "at diag_victim.c:");
}

TEST(module_timer_freed_while_armed)
{
	if (victim_sanitized())
		test_skip("the wheel meets the freed timer, which the sanitizer reports");
	check_orders("armed-timer");
	wait_stall(DIAG_STALL_ORDER);
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "memory freed with an armed timer in it");
	CHECK_SAYS(stall_what[DIAG_STALL_ORDER], "free_armed at diag_victim.c:");
	_exit(0);	/* the wheel's list runs through freed memory now */
}

TEST(module_without_checks_makes_no_findings)
{
	char *dump;

	watch();
	load("order");
	usleep(300000);
	dump = take_dump(true, DIAG_LOCKS);
	CHECK_SAYS(dump, "\"orderFindings\":[]");
	CHECK_SAYS(dump, "\"deadlocks\":[]");
}

/* ---- crashes ------------------------------------------------------------------------------ */

static const char *crash_state;

static void load_and_wait(void)
{
	load(crash_state);
	for (;;)
		pause();
}

static char *crash_of(const char *what, int signum)
{
	char *text;

	crash_state = what;
	check_died(crash_in_child(load_and_wait, &text), signum);
	return text;
}

TEST(module_null_pointer)
{
	char *text;

	if (victim_sanitized())
		test_skip("the sanitizer's own check meets it first");
	text = crash_of("null", SIGSEGV);
	CHECK_SAYS(text, "null pointer");
	CHECK_SAYS(text, "null_thread at diag_victim.c:");
}

TEST(module_leak_by_call_site)
{
	long bytes, grown = 0;
	char *dump, *site;

	with_memory_checks("module_leak_by_call_site", "count");
	CHECK_EQ(diag_start(0), 0);
	load("leak");
	usleep(200000);
	take_dump(false, DIAG_MEMORY);
	/* It leaks as fast as it gets to run. */
	for (int i = 0; i < 100 && grown < 1000; i++) {
		usleep(200000);
		dump = take_dump(true, DIAG_MEMORY);
		site = strstr(dump, "\"site\":\"leak_here at diag_victim.c:");
		if (!site)
			continue;
		site = strstr(site, "\"grownBytesSinceLastDump\":");
		CHECK_EQ(sscanf(site, "\"grownBytesSinceLastDump\":%ld", &bytes), 1);
		grown += bytes;
	}
	CHECK_GE(grown, 1000);
}

TEST(module_use_after_free)
{
	char *text;

	if (victim_sanitized())
		test_skip("the sanitizer's own check meets it first");
	with_memory_checks("module_use_after_free", "quarantine");
	text = crash_of("use-after-free", SIGSEGV);
	CHECK_SAYS(text, "the fill of freed memory");
	CHECK_SAYS(text, "freed, in quarantine; allocated at free_and_use at diag_victim.c:");
	CHECK_SAYS(text, "free_and_use at diag_victim.c:");
}

TEST(module_stack_overflow)
{
	char *text = crash_of("overflow", SIGSEGV);

	CHECK_SAYS(text, "stack overflow of thread");
	CHECK_SAYS(text, "overflow at diag_victim.c:");
}

TEST(module_bug)
{
	char *text = crash_of("bug", SIGABRT);

	CHECK_SAYS(text, "kernel BUG at ");
	CHECK_SAYS(text, "bug_thread at diag_victim.c:");
}

TEST(module_lock_held_over_sleep)
{
	char *text = crash_of("sleep-under-spinlock", SIGABRT);

	CHECK_SAYS(text, "kernel BUG at ");
	CHECK_SAYS(text, "sleep_under_spinlock_thread at diag_victim.c:");
	CHECK_SAYS(text, "lock=victim_spin");
}
