/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_V8_H
#define RING3_DIAG_V8_H

/*
 * v8.h - private to shim/diag: JavaScript functions of a thread's frames.
 *
 * Node's executable carries V8's layout for debuggers (the symbols v8dbg_*); with it
 * a frame's function is read out of the heap, by looking only: so it works while the
 * thread spins, sits in a system call or is dead, from outside, and in a core. The
 * heap moves meanwhile; every pointer is checked for what it should point to.
 *
 * Lines are those where functions begin: V8 works out the others on request only, and
 * functions inlined by its optimizer do not show.
 */
#include "space.h"

struct v8 {
	bool		looked, usable;
	uint32_t	map_left;	/* characters of source maps that may still be read for this dump */
	int32_t		map, instance_type, shared, name_or_scope, script, script_name, script_source;
	int32_t		string_length, chars, cons_first, cons_second, thin_actual, sliced_parent, sliced_offset;
	int32_t		external_resource, uncompiled_start, function_data;
	int32_t		fp_function, fp_context, locals_index, first_var_index;
	int32_t		type_shared, type_script, type_scope, type_function, first_nonstring;
};

struct js_place {
	char		function[96];	/* "" = anonymous */
	char		file[192];	/* "" = unknown */
	uint32_t	line, column;	/* where the function begins; 0 = unknown */
};

/* A dump begins: find the layout, once. */
void v8_open(struct v8 *v8, struct space *space);
/* What @frame runs; false = no JavaScript. */
bool v8_frame(struct v8 *v8, struct space *space, const struct frame *frame, struct js_place *place);

#endif /* RING3_DIAG_V8_H */
