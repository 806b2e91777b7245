/* SPDX-License-Identifier: MIT */
/*
 * dwarf_info.c - units, entries and their attributes (DWARF 4 and 5, sections 2, 3.3
 * and 7.5): which functions, inlined ones included, an address lies in.
 */
#include <string.h>

#include "dwarf.h"

enum {
	TAG_LEXICAL_BLOCK = 0x0b, TAG_COMPILE_UNIT = 0x11, TAG_INLINED = 0x1d, TAG_SUBPROGRAM = 0x2e,
	TAG_NAMESPACE = 0x39, TAG_SKELETON = 0x4a, TAG_PARTIAL_UNIT = 0x3c,
	AT_SIBLING = 0x01, AT_NAME = 0x03, AT_STMT_LIST = 0x10, AT_LOW_PC = 0x11, AT_HIGH_PC = 0x12,
	AT_COMP_DIR = 0x1b, AT_ORIGIN = 0x31, AT_SPECIFICATION = 0x47, AT_RANGES = 0x55,
	AT_CALL_FILE = 0x58, AT_CALL_LINE = 0x59, AT_STR_OFFSETS_BASE = 0x72, AT_ADDR_BASE = 0x73,
	AT_RNGLISTS_BASE = 0x74,
	FORM_ADDR = 0x01, FORM_BLOCK2 = 0x03, FORM_BLOCK4, FORM_DATA2, FORM_DATA4, FORM_DATA8, FORM_STRING,
	FORM_BLOCK, FORM_BLOCK1, FORM_DATA1, FORM_FLAG, FORM_SDATA, FORM_STRP, FORM_UDATA, FORM_REF_ADDR,
	FORM_REF1, FORM_REF2, FORM_REF4, FORM_REF8, FORM_REF_UDATA, FORM_INDIRECT, FORM_SEC_OFFSET,
	FORM_EXPRLOC, FORM_PRESENT, FORM_STRX, FORM_ADDRX, FORM_REF_SUP4, FORM_STRP_SUP, FORM_DATA16,
	FORM_LINE_STRP, FORM_REF_SIG8, FORM_IMPLICIT, FORM_LOCLISTX, FORM_RNGLISTX, FORM_REF_SUP8,
	FORM_STRX1, FORM_STRX2, FORM_STRX3, FORM_STRX4, FORM_ADDRX1, FORM_ADDRX2, FORM_ADDRX3, FORM_ADDRX4,
	RLE_END = 0, RLE_BASE_ADDRX, RLE_STARTX_ENDX, RLE_STARTX_LENGTH, RLE_OFFSET_PAIR, RLE_BASE, RLE_START_END,
	RLE_START_LENGTH,
};

enum { ABBREVS_MAX = 2048 };

/* ---- values ------------------------------------------------------------------- */

static uint64_t indexed_addr(const struct unit *unit, uint64_t index)
{
	struct cursor cursor = cursor_of(unit->image->addr, unit->addr_base + index * 8);

	return take_uint(&cursor, 8);
}

static const char *indexed_string(const struct unit *unit, uint64_t index)
{
	struct cursor cursor = cursor_of(unit->image->str_offsets, unit->str_offsets_base + index * 4);

	return string_at(unit->image->str, take_uint(&cursor, 4));
}

/* Bytes of the forms that are a plain number, by form. */
static const uint8_t form_bytes[FORM_ADDRX4 + 1] = {
	[FORM_ADDR] = 8, [FORM_DATA2] = 2, [FORM_DATA4] = 4, [FORM_DATA8] = 8, [FORM_DATA1] = 1, [FORM_FLAG] = 1,
	[FORM_STRP] = 4, [FORM_REF_ADDR] = 4, [FORM_REF1] = 1, [FORM_REF2] = 2, [FORM_REF4] = 4, [FORM_REF8] = 8,
	[FORM_SEC_OFFSET] = 4, [FORM_REF_SUP4] = 4, [FORM_STRP_SUP] = 4, [FORM_LINE_STRP] = 4, [FORM_REF_SIG8] = 8,
	[FORM_REF_SUP8] = 8, [FORM_STRX1] = 1, [FORM_STRX2] = 2, [FORM_STRX3] = 3, [FORM_STRX4] = 4,
	[FORM_ADDRX1] = 1, [FORM_ADDRX2] = 2, [FORM_ADDRX3] = 3, [FORM_ADDRX4] = 4,
};

bool dwarf_value(const struct unit *unit, struct cursor *cursor, unsigned int form, int64_t implicit,
		 struct value *value)
{
	*value = (struct value){ .form = form };
	if (form <= FORM_ADDRX4 && form_bytes[form]) {
		value->number = take_uint(cursor, form_bytes[form]);
	} else {
		switch (form) {
		case FORM_STRING:
			value->string = take_string(cursor);
			break;
		case FORM_BLOCK1:
			take(cursor, take_uint(cursor, 1));
			break;
		case FORM_BLOCK2:
			take(cursor, take_uint(cursor, 2));
			break;
		case FORM_BLOCK4:
			take(cursor, take_uint(cursor, 4));
			break;
		case FORM_BLOCK:
		case FORM_EXPRLOC:
			take(cursor, take_uleb(cursor));
			break;
		case FORM_SDATA:
			value->number = (uint64_t)take_sleb(cursor);
			break;
		case FORM_UDATA:
		case FORM_REF_UDATA:
		case FORM_STRX:
		case FORM_ADDRX:
		case FORM_LOCLISTX:
		case FORM_RNGLISTX:
			value->number = take_uleb(cursor);
			break;
		case FORM_PRESENT:
			value->number = 1;
			break;
		case FORM_DATA16:
			take(cursor, 16);
			break;
		case FORM_IMPLICIT:
			value->number = (uint64_t)implicit;
			break;
		default:	/* FORM_INDIRECT too: nobody emits it */
			return false;
		}
	}
	if (form == FORM_STRP)
		value->string = string_at(unit->image->str, value->number);
	else if (form == FORM_LINE_STRP)
		value->string = string_at(unit->image->line_str, value->number);
	else if (form == FORM_STRX || (form >= FORM_STRX1 && form <= FORM_STRX4))
		value->string = indexed_string(unit, value->number);
	else if (form == FORM_ADDRX || (form >= FORM_ADDRX1 && form <= FORM_ADDRX4))
		value->number = indexed_addr(unit, value->number);
	return !cursor->bad;
}

/* ---- entries -------------------------------------------------------------------- */

struct die {
	unsigned int	tag;
	bool		has_children, has_low, has_high, has_ranges;
	const char	*name;
	uint64_t	low, high, ranges, origin, sibling;
	bool		ranges_index;		/* ranges is an index, not an offset */
	uint32_t	call_file, call_line;
};

struct abbrevs {
	struct image	*image;
	const uint8_t	*by_code[ABBREVS_MAX];	/* behind the code, NULL = none */
	const uint8_t	*end;
};

static void read_abbrevs(struct abbrevs *abbrevs, struct image *image, uint64_t offset)
{
	struct cursor cursor = cursor_of(image->abbrev, offset);
	uint64_t code;

	memset(abbrevs, 0, sizeof(*abbrevs));
	abbrevs->image = image;
	abbrevs->end = cursor.end;
	while ((code = take_uleb(&cursor)) != 0 && !cursor.bad) {
		uint64_t name, form;

		if (code < ABBREVS_MAX)
			abbrevs->by_code[code] = cursor.at;
		take_uleb(&cursor);
		take(&cursor, 1);
		do {
			name = take_uleb(&cursor);
			form = take_uleb(&cursor);
			if (form == FORM_IMPLICIT)
				take_sleb(&cursor);
		} while ((name || form) && !cursor.bad);
	}
}

static void take_attribute(struct unit *unit, struct die *die, uint64_t name, const struct value *value)
{
	switch (name) {
	case AT_NAME:
		die->name = value->string;
		break;
	case AT_LOW_PC:
		die->low = value->number;
		die->has_low = true;
		break;
	case AT_HIGH_PC:	/* of class address, or the length */
		die->high = value->number;
		die->has_high = true;
		if (value->form != FORM_ADDR && value->form != FORM_ADDRX &&
		    !(value->form >= FORM_ADDRX1 && value->form <= FORM_ADDRX4))
			die->high += die->low;
		break;
	case AT_RANGES:
		die->ranges = value->number;
		die->has_ranges = true;
		die->ranges_index = value->form == FORM_RNGLISTX;
		break;
	case AT_ORIGIN:
	case AT_SPECIFICATION:
		if (value->form == FORM_REF4 || value->form == FORM_REF2 || value->form == FORM_REF1 ||
		    value->form == FORM_REF8 || value->form == FORM_REF_UDATA)
			die->origin = value->number;
		break;
	case AT_SIBLING:
		die->sibling = value->number;
		break;
	case AT_CALL_FILE:
		die->call_file = (uint32_t)value->number;
		break;
	case AT_CALL_LINE:
		die->call_line = (uint32_t)value->number;
		break;
	case AT_STMT_LIST:
		unit->line_offset = die->tag == TAG_COMPILE_UNIT ? value->number : unit->line_offset;
		unit->has_line |= die->tag == TAG_COMPILE_UNIT;
		break;
	case AT_COMP_DIR:
		unit->folder = value->string;
		break;
	case AT_STR_OFFSETS_BASE:
		unit->str_offsets_base = value->number;
		break;
	case AT_ADDR_BASE:
		unit->addr_base = value->number;
		break;
	case AT_RNGLISTS_BASE:
		unit->rnglists_base = value->number;
		break;
	}
}

/* The entry at @cursor; false = not readable. tag 0 ends a list of children. */
static bool read_die(struct unit *unit, const struct abbrevs *abbrevs, struct cursor *cursor, struct die *die)
{
	uint64_t code = take_uleb(cursor), name, form;
	struct cursor spec;

	*die = (struct die){ 0 };
	if (cursor->bad)
		return false;
	if (!code)
		return true;
	if (code >= ABBREVS_MAX || !abbrevs->by_code[code])
		return false;
	spec = (struct cursor){ abbrevs->by_code[code], abbrevs->end, false };
	die->tag = (unsigned int)take_uleb(&spec);
	die->has_children = take_uint(&spec, 1);
	for (;;) {
		struct value value;
		int64_t implicit = 0;

		name = take_uleb(&spec);
		form = take_uleb(&spec);
		if (form == FORM_IMPLICIT)
			implicit = take_sleb(&spec);
		if (spec.bad || (!name && !form))
			return !spec.bad;
		if (!dwarf_value(unit, cursor, (unsigned int)form, implicit, &value))
			return false;
		take_attribute(unit, die, name, &value);
	}
}

/* ---- ranges ---------------------------------------------------------------------- */

static bool in_ranges4(const struct unit *unit, const struct die *die, uint64_t addr)
{
	struct cursor cursor = cursor_of(unit->image->ranges, die->ranges);
	uint64_t base = unit->low_pc;

	for (;;) {
		uint64_t low = take_uint(&cursor, 8), high = take_uint(&cursor, 8);

		if (cursor.bad || (!low && !high))
			return false;
		if (low == UINT64_MAX)
			base = high;
		else if (addr >= base + low && addr < base + high)
			return true;
	}
}

static bool in_ranges5(const struct unit *unit, const struct die *die, uint64_t addr)
{
	uint64_t at = die->ranges, base = unit->low_pc, low, high;
	struct cursor cursor;

	if (die->ranges_index) {
		cursor = cursor_of(unit->image->rnglists, unit->rnglists_base + at * 4);
		at = unit->rnglists_base + take_uint(&cursor, 4);
	}
	cursor = cursor_of(unit->image->rnglists, at);
	while (!cursor.bad) {
		switch (take_uint(&cursor, 1)) {
		case RLE_BASE_ADDRX:
			base = indexed_addr(unit, take_uleb(&cursor));
			continue;
		case RLE_BASE:
			base = take_uint(&cursor, 8);
			continue;
		case RLE_STARTX_ENDX:
			low = indexed_addr(unit, take_uleb(&cursor));
			high = indexed_addr(unit, take_uleb(&cursor));
			break;
		case RLE_STARTX_LENGTH:
			low = indexed_addr(unit, take_uleb(&cursor));
			high = low + take_uleb(&cursor);
			break;
		case RLE_OFFSET_PAIR:
			low = base + take_uleb(&cursor);
			high = base + take_uleb(&cursor);
			break;
		case RLE_START_END:
			low = take_uint(&cursor, 8);
			high = take_uint(&cursor, 8);
			break;
		case RLE_START_LENGTH:
			low = take_uint(&cursor, 8);
			high = low + take_uleb(&cursor);
			break;
		default:
			return false;
		}
		if (addr >= low && addr < high)
			return true;
	}
	return false;
}

static bool contains(const struct unit *unit, const struct die *die, uint64_t addr)
{
	if (die->has_ranges)
		return unit->version >= 5 ? in_ranges5(unit, die, addr) : in_ranges4(unit, die, addr);
	return die->has_low && die->has_high && addr >= die->low && addr < die->high;
}

/* ---- units ------------------------------------------------------------------------- */

static bool find_unit(struct image *image, uint64_t addr, uint64_t *offset)
{
	struct cursor cursor = cursor_of(image->aranges, 0);

	while (!cursor.bad && cursor.at < cursor.end) {
		const uint8_t *start = cursor.at;
		uint64_t length = take_uint(&cursor, 4), info;
		struct cursor set = cursor;

		if (length >= 0xfffffff0 || !take(&cursor, length))
			return false;
		set.end = cursor.at;
		take(&set, 2);
		info = take_uint(&set, 4);
		if (take_uint(&set, 1) != 8)
			continue;
		take(&set, 1);
		take(&set, (16 - (uint64_t)(set.at - start) % 16) % 16);
		while (!set.bad && set.at < set.end) {
			uint64_t low = take_uint(&set, 8), bytes = take_uint(&set, 8);

			if (addr - low < bytes) {
				*offset = info;
				return true;
			}
		}
	}
	return false;
}

static bool open_unit(struct image *image, uint64_t offset, struct unit *unit, struct abbrevs *abbrevs)
{
	struct cursor cursor = cursor_of(image->info, offset);
	uint64_t length = take_uint(&cursor, 4), abbrev;
	struct die die;

	if (cursor.bad || length >= 0xfffffff0 || length > (uint64_t)(cursor.end - cursor.at))
		return false;
	cursor.end = cursor.at + length;
	*unit = (struct unit){ .image = image, .offset = offset };
	unit->version = (unsigned int)take_uint(&cursor, 2);
	if (unit->version < 4 || unit->version > 5)
		return false;
	if (unit->version == 5) {
		if (take_uint(&cursor, 1) != 1)	/* a compilation unit whole and in this file */
			return false;
		unit->addr_bytes = (unsigned int)take_uint(&cursor, 1);
		abbrev = take_uint(&cursor, 4);
	} else {
		abbrev = take_uint(&cursor, 4);
		unit->addr_bytes = (unsigned int)take_uint(&cursor, 1);
	}
	if (unit->addr_bytes != 8)
		return false;
	read_abbrevs(abbrevs, image, abbrev);
	if (!read_die(unit, abbrevs, &cursor, &die))
		return false;
	unit->low_pc = die.low;
	unit->dies = cursor;
	return true;
}

static const char *name_of(struct unit *unit, const struct abbrevs *abbrevs, const struct die *die)
{
	struct die other = *die;

	for (int hops = 0; hops < 4 && !other.name && other.origin; hops++) {
		struct cursor cursor = cursor_of(unit->image->info, unit->offset + other.origin);

		if (!read_die(unit, abbrevs, &cursor, &other))
			return NULL;
	}
	return other.name && *other.name ? other.name : NULL;
}

/* The functions around @addr, outermost first. */
static unsigned int find_functions(struct unit *unit, const struct abbrevs *abbrevs, uint64_t addr,
				   struct die found[INLINES_MAX])
{
	struct cursor cursor = unit->dies;
	unsigned int depth = 1, nr = 0, top_depth = 0;

	while (depth && cursor.at < cursor.end) {
		struct die die;
		bool enter;

		if (!read_die(unit, abbrevs, &cursor, &die))
			break;
		if (!die.tag) {
			if (--depth <= top_depth && nr)
				break;
			continue;
		}
		enter = die.tag == TAG_NAMESPACE || (nr && die.tag == TAG_LEXICAL_BLOCK);
		if ((die.tag == TAG_SUBPROGRAM || (nr && die.tag == TAG_INLINED)) && contains(unit, &die, addr)) {
			if (!nr)
				top_depth = depth;
			if (nr < INLINES_MAX)
				found[nr++] = die;
			enter = true;
		}
		if (!die.has_children) {
			if (enter && nr == 1 && die.tag == TAG_SUBPROGRAM)
				break;
			continue;
		}
		if (!enter && die.sibling && unit->offset + die.sibling > (uint64_t)(cursor.at - unit->image->info.at))
			cursor = (struct cursor){ unit->image->info.at + unit->offset + die.sibling, cursor.end,
						  unit->image->info.at + unit->offset + die.sibling > cursor.end };
		else
			depth++;
	}
	return nr;
}

unsigned int image_lines(struct image *image, uint64_t addr, struct source_line lines[INLINES_MAX])
{
	struct die found[INLINES_MAX];
	uint32_t file = 0, line = 0;
	struct abbrevs abbrevs;
	struct unit unit;
	uint64_t offset;
	unsigned int nr;

	if (!image->info.at || !find_unit(image, addr, &offset) || !open_unit(image, offset, &unit, &abbrevs))
		return 0;
	if (!dwarf_line(&unit, addr, &file, &line))
		line = 0;
	nr = find_functions(&unit, &abbrevs, addr, found);
	for (unsigned int i = 0; i < nr; i++) {
		const struct die *die = &found[nr - 1 - i];

		lines[i] = (struct source_line){ .function = name_of(&unit, &abbrevs, die), .line = line };
		if (line)
			dwarf_file(&unit, file, &lines[i]);
		file = die->call_file;
		line = die->call_line;
	}
	if (!nr && line) {
		lines[0] = (struct source_line){ .line = line };
		dwarf_file(&unit, file, &lines[0]);
		nr = 1;
	}
	return nr;
}
