/* SPDX-License-Identifier: MIT */
/*
 * crash_test.c - children that die of each fatal signal: what they left says why, and
 * they died of the signal they would have died of.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"
#include "mtelib.h"
#include "sys_debug.h"
#include "sys_mem.h"
#include "sys_nofault.h"
#include "helper.h"
#include "victim.h"

static __attribute__((noinline)) void read_null(void)
{
	volatile int *volatile nowhere = NULL;

	nowhere[3]++;
}

TEST(a_null_pointer)
{
	char *text;

	check_died(crash_in_child(read_null, &text), SIGSEGV);
	CHECK_SAYS(text, "reason=SIGSEGV");
	CHECK_SAYS(text, "null pointer, 0xc behind it");
	CHECK_SAYS(text, "read_null at crash_test.c:");
	CHECK_SAYS(text, "crashed=true");
	CHECK_SAYS(text, "rip=0x");
}

static void write_code(void)
{
	*(volatile char *)(uintptr_t)write_code = 1;
}

TEST(a_write_to_read_only_memory)
{
	char *text;

	check_died(crash_in_child(write_code, &text), SIGSEGV);
	CHECK_SAYS(text, "read-only memory of ");
	CHECK_SAYS(text, "write_code at crash_test.c:");
}

static __attribute__((noinline)) void jump_away(void)
{
	void (*volatile fn)(void) = (void (*)(void))0x123456000;

	fn();
	__asm__ volatile("");
}

TEST(a_jump_into_nothing)
{
	char *text;

	check_died(crash_in_child(jump_away, &text), SIGSEGV);
	CHECK_SAYS(text, "a jump to where no code is");
	CHECK_SAYS(text, "jump_away at crash_test.c:");
}

static __attribute__((noinline)) void jump_to_null(void)
{
	void (*volatile fn)(void) = NULL;

	fn();
	__asm__ volatile("");
}

TEST(a_jump_to_null_names_who_jumped)
{
	char *text;

	check_died(crash_in_child(jump_to_null, &text), SIGSEGV);
	CHECK_SAYS(text, "a call of a null pointer, 0x0 behind it");
	CHECK_SAYS(text, "jump_to_null at crash_test.c:");
}

static void store_unaligned(void)
{
	char room[64];

	__asm__ volatile("movaps %%xmm0, (%0)" : : "r"(((uintptr_t)room & ~15ul) + 17) : "memory");
}

TEST(an_operand_that_is_not_aligned_is_no_junk_pointer)
{
	char *text;

#if defined(__SANITIZE_THREAD__)
	test_skip("the thread sanitizer leaves junk in a register");
#endif
	check_died(crash_in_child(store_unaligned, &text), SIGSEGV);
	CHECK_SAYS(text, "of the instruction: its operand is not aligned");
	CHECK_SAYS(text, "store_unaligned at crash_test.c:");
}

static void return_to_junk(void)
{
	__asm__ volatile("movabs $0x4141414141414141, %%rax\n\tpush %%rax\n\tret" : : : "rax", "memory");
}

TEST(an_overwritten_return_address)
{
	char *text;

	check_died(crash_in_child(return_to_junk, &text), SIGSEGV);
	CHECK_SAYS(text, "a return to 0x4141414141414141: the stack was overwritten");
}

static void lose_the_stack(void)
{
	__asm__ volatile("mov $0x700000001000, %%rsp\n\tpush %%rax" : : : "memory");
}

TEST(a_stack_pointer_of_junk_is_no_overflow)
{
	char *text;

	check_died(crash_in_child(lose_the_stack, &text), SIGSEGV);
	CHECK_SAYS(text, "points to no stack");
	CHECK_SAYS(text, "lose_the_stack at crash_test.c:");
}

static void stop_at_breakpoint(void)
{
	__asm__ volatile("int3");
	_exit(6);	/* it goes on behind it when it is let */
}

TEST(a_breakpoint_without_a_debugger)
{
	char *text;

	check_died(crash_in_child(stop_at_breakpoint, &text), SIGTRAP);
	CHECK_SAYS(text, "reason=SIGTRAP");
	CHECK_SAYS(text, "stop_at_breakpoint at crash_test.c:");
}

static void call_forbidden(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(5);
	getppid();
	_exit(6);
}

TEST(a_system_call_that_is_forbidden)
{
	char *text;
	int status = crash_in_child(call_forbidden, &text);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 5)
		test_skip("there are no seccomp filters here");
	check_died(status, SIGSYS);
	CHECK_SAYS(text, "none: syscall 110 is forbidden to this process");
	CHECK_SAYS(text, "call_forbidden at crash_test.c:");
}

static volatile char *come_back;

static bool map_again(uintptr_t addr, char *text, unsigned long bytes)
{
	(void)addr, (void)text, (void)bytes;
	mprotect((void *)(uintptr_t)come_back, 4096, PROT_READ | PROT_WRITE);
	return false;
}

/* What faulted would not fault again: who told of a crash dies of it. */
static void touch_what_comes_back(void)
{
	come_back = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	diag_classify = map_again;
	*come_back = 1;
	_exit(6);
}

TEST(memory_that_comes_back_while_its_crash_is_told)
{
	char *text;

	check_died(crash_in_child(touch_what_comes_back, &text), SIGSEGV);
	CHECK_SAYS(text, "touch_what_comes_back at crash_test.c:");
}

static void read_junk(void)
{
	volatile uintptr_t addr = 0x6b6b6b6b6b6b6b6b;

	*(volatile char *)addr = 1;
}

TEST(a_pointer_of_junk)
{
	char *text;

	if (victim_sanitized())
		test_skip("the sanitizer's own check meets it first");
	check_died(crash_in_child(read_junk, &text), SIGSEGV);
	CHECK_SAYS(text, "not canonical");
}

static void divide(void)
{
	volatile int zero = 0;

	zero = 100 / zero;
}

TEST(a_division_by_zero)
{
	char *text;

	if (victim_sanitized())
		test_skip("the sanitizer reports it instead");
	check_died(crash_in_child(divide, &text), SIGFPE);
	CHECK_SAYS(text, "reason=SIGFPE");
	CHECK_SAYS(text, "divide at crash_test.c:");
}

TEST(a_red_zone_is_told_from_what_is_before_and_behind)
{
	char text[256], *object;

	with_memory_checks("a_red_zone_is_told_from_what_is_before_and_behind", "redzone");
	object = mem_alloc(40, "here.c:1");
	CHECK(diag_classify((uintptr_t)object + 39, text, sizeof(text)));
	CHECK_SAYS(text, "byte 39 of 40 bytes of cache size-");
	CHECK_SAYS(text, "in use; allocated at here.c:1");
	CHECK(diag_classify((uintptr_t)object + 40, text, sizeof(text)));
	CHECK_SAYS(text, "a red zone: 0 bytes behind the end of 40 bytes of cache size-");
	CHECK_SAYS(text, "allocated at here.c:1");
	CHECK(diag_classify((uintptr_t)object + 41, text, sizeof(text)));
	CHECK_SAYS(text, "a red zone: 1 bytes behind");
	mem_free(object, "here.c:2");
	CHECK(diag_classify((uintptr_t)object + 41, text, sizeof(text)));
	CHECK_SAYS(text, "freed; allocated at here.c:1, freed at here.c:2");
	CHECK(!diag_classify((uintptr_t)text, text, sizeof(text)));
}

static void beyond_file(void)
{
	int fd = memfd_create("short", 0);
	volatile char *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	char seen[8];

	/* A copy that may find no page is no crash, whoever took the signal over first. */
	if (nofault_start() || nofault_copy(seen, (const void *)at, sizeof(seen)))
		abort();
	(void)*at;
}

TEST(a_page_beyond_the_end_of_a_file)
{
	char *text;

	check_died(crash_in_child(beyond_file, &text), SIGBUS);
	CHECK_SAYS(text, "beyond the end of /memfd:short");
	CHECK_EQ(nofault_start(), 0);
	check_died(crash_in_child(beyond_file, &text), SIGBUS);
	CHECK_SAYS(text, "beyond the end of /memfd:short");
}

static void fail_a_check(void)
{
	volatile int sheep = 3;

	sys_service_set(MTE_sys_service_get());
	verify_eq(sheep, 4, "of the flock");
}

TEST(a_failed_check)
{
	char *text;

	check_died(crash_in_child(fail_a_check, &text), SIGABRT);
	CHECK_SAYS(text, "SIGABRT: sheep == 4");
	CHECK_SAYS(text, "fail_a_check at crash_test.c:");
}

static void sent(void)
{
	kill(getpid(), SIGSEGV);
	for (;;)
		pause();
}

TEST(a_signal_that_was_sent)
{
	char *text;

	check_died(crash_in_child(sent, &text), SIGSEGV);
	CHECK_SAYS(text, "none: the signal was sent by process ");
	CHECK_SAYS(text, " of user ");
	CHECK_SAYS(text, "address=0x0");
}

static void *crash_too(void *arg)
{
	victim_wait_barrier();
	read_null();
	return arg;
}

static void crash_together(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, crash_too, NULL);
	usleep(20000);
	victim_release_barrier();
	for (;;)
		pause();
}

TEST(eight_threads_that_crash_at_once_make_one_dump)
{
	char *text, *second;

	check_died(crash_in_child(crash_together, &text), SIGSEGV);
	CHECK_SAYS(text, "read_null at crash_test.c:");
	second = strstr(strstr(text, "ring3Dump=1") + 1, "ring3Dump=1");
	CHECK(!second);
}

static void *crash_otherwise(void *arg)
{
	victim_wait_barrier();
	divide();
	return arg;
}

static void crash_of_two_kinds(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, i & 1 ? crash_too : crash_otherwise, NULL);
	usleep(20000);
	victim_release_barrier();
	for (;;)
		pause();
}

TEST(a_process_dies_of_the_crash_it_told)
{
	char *text;
	int status;

	if (victim_sanitized())
		test_skip("the sanitizer reports the division instead");
	status = crash_in_child(crash_of_two_kinds, &text);
	CHECK(WIFSIGNALED(status));
	if (WTERMSIG(status) == SIGFPE)
		CHECK_SAYS(text, "reason=SIGFPE");
	else
		CHECK_SAYS(text, "reason=SIGSEGV");
}

static void *dump_again(void *arg)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	victim_wait_barrier();
	for (;;)
		diag_dump(fd, false, 0, "meanwhile");
	return arg;
}

static void crash_while_dumping(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, dump_again, NULL);
	victim_release_barrier();
	usleep(20000);
	read_null();
}

TEST(a_crash_during_a_dump)
{
	char *text;

	check_died(crash_in_child(crash_while_dumping, &text), SIGSEGV);
	CHECK_SAYS(text, "reason=SIGSEGV");
	CHECK_SAYS(text, "read_null at crash_test.c:");
}

static void crash_without_allocator(void)
{
	pthread_t thread;

	if (!victim_hold_malloc(&thread))
		_exit(5);
	read_null();
}

TEST(a_crash_while_the_allocator_is_locked)
{
	char *text;
	int status;

	if (victim_sanitized())
		test_skip("the sanitizer's allocator is another one");
	status = crash_in_child(crash_without_allocator, &text);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 5)
		test_skip("the allocator was never caught with its lock held");
	check_died(status, SIGSEGV);
	CHECK_SAYS(text, "read_null at crash_test.c:");
}
