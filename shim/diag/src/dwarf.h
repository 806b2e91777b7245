/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_DWARF_H
#define RING3_DIAG_DWARF_H

/*
 * dwarf.h - private to shim/diag: a cursor over bytes nobody vouches for, and what
 * dwarf_line.c and dwarf_info.c tell each other. Sources: DWARF 4, DWARF 5.
 *
 * A cursor that runs out turns bad, stays so, and reads zeros.
 */
#include "image.h"

struct cursor {
	const uint8_t	*at, *end;
	bool		bad;
};

static inline struct cursor cursor_of(struct span span, uint64_t offset)
{
	bool ok = span.at && offset <= (uint64_t)(span.end - span.at);

	return (struct cursor){ ok ? span.at + offset : NULL, ok ? span.end : NULL, !ok };
}

static inline const uint8_t *take(struct cursor *cursor, uint64_t bytes)
{
	const uint8_t *at = cursor->at;

	if (cursor->bad || bytes > (uint64_t)(cursor->end - at)) {
		cursor->bad = true;
		return NULL;
	}
	cursor->at += bytes;
	return at;
}

/* Little-endian, as this machine is; @bytes up to 8. */
static inline uint64_t take_uint(struct cursor *cursor, unsigned int bytes)
{
	const uint8_t *at = take(cursor, bytes);
	uint64_t value = 0;

	for (unsigned int i = 0; at && i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static inline int64_t take_sint(struct cursor *cursor, unsigned int bytes)
{
	unsigned int unused = 64 - 8 * bytes;

	return (int64_t)(take_uint(cursor, bytes) << unused) >> unused;
}

static inline uint64_t take_uleb(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned int shift = 0;; shift += 7) {
		const uint8_t *at = take(cursor, 1);

		if (!at)
			return 0;
		if (shift < 64)
			value |= (uint64_t)(*at & 0x7f) << shift;
		if (!(*at & 0x80))
			return value;
	}
}

static inline int64_t take_sleb(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned int shift = 0;; shift += 7) {
		const uint8_t *at = take(cursor, 1);

		if (!at)
			return 0;
		if (shift < 64)
			value |= (uint64_t)(*at & 0x7f) << shift;
		if (*at & 0x80)
			continue;
		if (*at & 0x40 && shift + 7 < 64)
			value |= ~0ul << (shift + 7);
		return (int64_t)value;
	}
}

/* A string up to its zero; "" when there is none before the end. */
static inline const char *take_string(struct cursor *cursor)
{
	const uint8_t *at = cursor->at;

	while (!cursor->bad) {
		const uint8_t *c = take(cursor, 1);

		if (c && !*c)
			return (const char *)at;
	}
	return "";
}

static inline const char *string_at(struct span span, uint64_t offset)
{
	struct cursor cursor = cursor_of(span, offset);

	return take_string(&cursor);
}

/* What a form of .debug_info or of a version 5 line header holds. */
struct value {
	uint64_t	number;		/* also an offset, a reference, an index */
	const char	*string;
	unsigned int	form;
};

struct unit {
	struct image	*image;
	unsigned int	version, addr_bytes;
	struct cursor	dies;		/* from the first to the unit's end */
	uint64_t	offset;		/* of the unit in .debug_info: references count from it */
	uint64_t	str_offsets_base, addr_base, rnglists_base, low_pc;
	uint64_t	line_offset;
	bool		has_line;
	const char	*folder;
};

/* Read or skip one value of @form; false where the form is unknown, and so all behind it. */
bool dwarf_value(const struct unit *unit, struct cursor *cursor, unsigned int form, int64_t implicit,
		 struct value *value);

/* The unit's line for @addr: index of its file and number; false = none. */
bool dwarf_line(const struct unit *unit, uint64_t addr, uint32_t *file, uint32_t *line);
/* File @index of the unit's line table, into @into's file and folder. */
void dwarf_file(const struct unit *unit, uint32_t index, struct source_line *into);

#endif /* RING3_DIAG_DWARF_H */
