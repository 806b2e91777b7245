/* SPDX-License-Identifier: MIT */
/* debug_off_test.c - in a build without DEBUG, assert and expect cost nothing and evaluate nothing. */
#undef DEBUG

#include "mtelib.h"
#include "sys_debug.h"

#include "harness.h"

TEST(without_debug_only_verify_is_evaluated)
{
	int evaluated = 0, unused = 3;

	CHECK(assert(++evaluated == 9));
	CHECK(assert_eq(++evaluated, 9) && expect_eq(++evaluated, 9) && expect(++evaluated == 9));
	CHECK(assert_imply(1, ++evaluated < 0) && expect_a(++evaluated, 9) && assert_is_bool(unused));
	CHECK_EQ(evaluated, 0);
	CHECK(verify_eq(++evaluated, 1));
	CHECK_EQ(evaluated, 1);
	CHECK_EQ(__USE(++evaluated), 0);
	CHECK_EQ(evaluated, 1);
}
