/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_DIAG_NATIVE_H
#define RING3_TEST_DIAG_NATIVE_H

/*
 * native.h - planted bugs in C. native_state() gets the calling process into the state of that name and stays there,
 * or dies of it; false = there is no such state. Any thread; once a process.
 */
#include <stdbool.h>
#include <stddef.h>

bool native_state(const char *name);

/* Memory that nobody fills: who touches it waits, the kernel too. NULL = userfaultfd(2) is not permitted. */
void *native_bottomless(size_t bytes);

#endif /* RING3_TEST_DIAG_NATIVE_H */
