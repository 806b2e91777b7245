/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_DIAG_HELPER_H
#define RING3_TEST_DIAG_HELPER_H

/* helper.h - dumps and dying children, for the tests of diagnostics. */
#include <stdbool.h>
#include <string.h>

#include "harness.h"

/* A dump of this process, text or JSON; the end of the process frees it. */
char *take_dump(bool json, unsigned int sections);

/* Runs @fn in a child that dumps its crash; returns its wait status and the dump. */
int crash_in_child(void (*fn)(void), char **text);
/* ... and @before before diagnostics start in it. */
int crash_in_child_after(void (*before)(void), void (*fn)(void), char **text);
void check_died(int status, int signum);

/* RING3_MEM is read when the program starts: starts it again for @test with @levels, unless that is so. */
void with_memory_checks(const char *test, const char *levels);

#define CHECK_SAYS(text, part)									\
	do {											\
		if (!strstr(text, part))							\
			test_fail(__FILE__, __LINE__, "no \"%s\" in:\n%s", part, text);		\
	} while (0)

#endif /* RING3_TEST_DIAG_HELPER_H */
