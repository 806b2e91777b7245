/* SPDX-License-Identifier: MIT */
/*
 * kunit_all.c - of a module built with --builtin: runs the suites it holds, KUnit's own
 * executor among its files, when all its initcalls are done, as the kernel's start does.
 */
#include <kunit/test.h>
#include <linux/module.h>

static int __init run_all(void)
{
	return kunit_run_all_tests();
}
RING3_INITCALL(run_all, 9)
