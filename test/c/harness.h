/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_HARNESS_H
#define RING3_TEST_HARNESS_H

/*
 * harness.h - tests in C. Each TEST runs in a process of its own, with a
 * time-out; a failed CHECK prints both values and ends that process. No libc
 * header is included, so kernel-flavoured tests may use it as well.
 *
 *	TEST(list_is_empty_at_first)
 *	{
 *		CHECK(list_empty(&head));
 *		CHECK_EQ(count(&head), 0);
 *	}
 *
 * <room>-test [--list] [--here] [--timeout S] [--tries N] [--without NAME]... [PATTERN...]; --here does not
 * fork (gdb); a test that fails a check or is late runs up to N times, and is named as unsteady.
 */
struct test_case {
	const char *name, *file;
	void (*fn)(void);
	int expect_signal;	/* 0: must exit well; else must die of it (-1: of any) */
	struct test_case *next;
};

void test_register(struct test_case *test);
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn));
/* The path of a file beside the test binary, such as a module of it. */
void test_beside(char *path, unsigned long bytes, const char *name);
/* Says why on the report; the test counts as skipped. */
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define TEST_WITH(test_name, signal)						\
	static void test_name(void);						\
	static struct test_case test_case_##test_name = {			\
		.name = #test_name, .file = __FILE__, .fn = test_name,		\
		.expect_signal = (signal),					\
	};									\
	__attribute__((constructor)) static void register_##test_name(void)	\
	{									\
		test_register(&test_case_##test_name);				\
	}									\
	static void test_name(void)

#define TEST(test_name)		TEST_WITH(test_name, 0)
/* A test that must end in a fatal report. */
#define TEST_DIES(test_name)	TEST_WITH(test_name, -1)

#define CHECK(condition)							\
	do {									\
		if (!(condition))						\
			test_fail(__FILE__, __LINE__, "%s", #condition);	\
	} while (0)

#define CHECK_OP(a, op, b)							\
	do {									\
		long long check_a = (long long)(a), check_b = (long long)(b);	\
		if (!(check_a op check_b))					\
			test_fail(__FILE__, __LINE__,				\
				  "%s " #op " %s: is %lld (0x%llx), and %lld (0x%llx)", \
				  #a, #b, check_a, (unsigned long long)check_a,	\
				  check_b, (unsigned long long)check_b);	\
	} while (0)

#define CHECK_EQ(a, b)	CHECK_OP(a, ==, b)
#define CHECK_NE(a, b)	CHECK_OP(a, !=, b)
#define CHECK_LE(a, b)	CHECK_OP(a, <=, b)
#define CHECK_GE(a, b)	CHECK_OP(a, >=, b)
#define CHECK_LT(a, b)	CHECK_OP(a, <, b)
#define CHECK_GT(a, b)	CHECK_OP(a, >, b)

#define CHECK_STREQ(a, b)							\
	do {									\
		const char *check_a = (a), *check_b = (b);			\
		if (__builtin_strcmp(check_a, check_b))				\
			test_fail(__FILE__, __LINE__, "%s: is \"%s\", should be \"%s\"", \
				  #a, check_a, check_b);			\
	} while (0)

#define CHECK_MEMEQ(a, b, bytes)						\
	do {									\
		if (__builtin_memcmp((a), (b), (bytes)))			\
			test_fail(__FILE__, __LINE__, "%s and %s differ within %lld bytes", \
				  #a, #b, (long long)(bytes));			\
	} while (0)

#endif /* RING3_TEST_HARNESS_H */
