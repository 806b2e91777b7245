/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_SOURCE_MAP_H
#define RING3_DIAG_SOURCE_MAP_H

/*
 * source_map.h - private to shim/diag: from a place in JavaScript back to what that was made of.
 *
 * Compilers that run in the process (tsx, ts-node, inlineSourceMap) put the map into the script's last comment: base64
 * of JSON, revision 3 of the format (ECMA-426). It is read there, a piece at a time: no memory is needed, and none of
 * it is trusted. A map in a file of its own is not read: a file may hang.
 */
#include "space.h"

/* The characters of a script, one or two bytes each. */
struct script_text {
	struct space	*space;
	uint64_t	addr;
	uint32_t	length;
	bool		wide;
};

struct source_place {
	uint32_t	line, column;	/* from 1 */
	char		file[192];	/* as the map names it */
};

/*
 * Where @line:@column, from 1, of @text came from; false = it has no map, or none of that place. @left: how many
 * characters may be read, of all the calls of a dump; with too few there is no map.
 */
bool source_map_find(const struct script_text *text, uint32_t line, uint32_t column, uint32_t *left,
		     struct source_place *place);

#endif /* RING3_DIAG_SOURCE_MAP_H */
