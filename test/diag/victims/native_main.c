/* SPDX-License-Identifier: MIT */
/* native_main.c - a C program with diagnostics in it that gets into the state its argument names: see native.h. */
#include <stdio.h>

#include "diag.h"
#include "native.h"

int main(int argc, char **argv)
{
	const struct diag_budgets budgets = { .task_ns = 400000000, .callback_ns = 150000000, .io_ns = 300000000 };

	diag_budgets_set(&budgets);
	if (argc != 2 || diag_start(DIAG_ALL) || !native_state(argv[1])) {
		fprintf(stderr, "usage: diag_victim STATE\n");
		return 2;
	}
	return 0;
}
