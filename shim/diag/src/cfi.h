/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_CFI_H
#define RING3_DIAG_CFI_H

/*
 * cfi.h - private to shim/diag: call frame information, .eh_frame (LSB 5.0 section 10.6, DWARF 5 section 6.4):
 * where a frame's registers are to be found in it.
 *
 * Threads: any; nothing is kept. Expressions are spans of the image's file, which stays mapped as long as the image.
 */
#include "dwarf.h"
#include "space.h"

enum how { SAME, UNDEFINED, AT_OFFSET, IS_OFFSET, AT_EXPR, IS_EXPR, IN_REGISTER };

struct rule {
	enum how	how;
	int64_t		offset;		/* from the CFA; IN_REGISTER: its number */
	struct span	expr;
};

/* The CFA is @cfa_reg + @cfa.offset, or what the expression @cfa.expr says. */
struct rules {
	struct rule	reg[REGS], cfa;
	unsigned int	cfa_reg;
};

struct cfi {
	struct rules	rules;
	unsigned int	return_reg;	/* below REGS */
	bool		signal;		/* a signal handler's caller: it was interrupted, and called nobody */
};

/* The rules at @pc (as linked); false = there are none for it. */
bool cfi_find(const struct image *image, uint64_t pc, struct cfi *cfi);

#endif /* RING3_DIAG_CFI_H */
