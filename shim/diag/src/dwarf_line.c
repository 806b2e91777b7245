/* SPDX-License-Identifier: MIT */
/* dwarf_line.c - the line table (DWARF 4 and 5, section 6.2): from an address to a file and a line. */
#include <string.h>

#include "dwarf.h"

enum {
	LNS_COPY = 1, LNS_ADVANCE_PC, LNS_ADVANCE_LINE, LNS_SET_FILE, LNS_SET_COLUMN, LNS_NEGATE_STMT,
	LNS_BASIC_BLOCK, LNS_CONST_ADD_PC, LNS_FIXED_ADVANCE_PC,
	LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS,
	LNCT_PATH = 1, LNCT_DIRECTORY,
};

struct line_head {
	unsigned int	version, min_length, range, opcode_base;
	int		line_base;
	const uint8_t	*lengths;	/* of the standard opcodes, from 1 */
	struct cursor	tables;		/* folders, then files; version 5: each with its formats */
	struct cursor	program;
};

static bool read_line_head(const struct unit *unit, struct line_head *head)
{
	struct cursor cursor = cursor_of(unit->image->line, unit->line_offset);
	uint64_t length = take_uint(&cursor, 4), header;

	if (!unit->has_line || length >= 0xfffffff0 || length > (uint64_t)(cursor.end - cursor.at))
		return false;
	cursor.end = cursor.at + length;
	head->version = (unsigned int)take_uint(&cursor, 2);
	if (head->version < 2 || head->version > 5)
		return false;
	if (head->version == 5)
		take(&cursor, 2);	/* sizes of addresses and segments */
	header = take_uint(&cursor, 4);
	if (cursor.bad || header > (uint64_t)(cursor.end - cursor.at))
		return false;
	head->program = (struct cursor){ cursor.at + header, cursor.end, false };
	cursor.end = cursor.at + header;
	head->min_length = (unsigned int)take_uint(&cursor, 1);
	if (head->version >= 4)
		take(&cursor, 1);	/* operations per instruction: for other machines */
	take(&cursor, 1);
	head->line_base = (int)take_sint(&cursor, 1);
	head->range = (unsigned int)take_uint(&cursor, 1);
	head->opcode_base = (unsigned int)take_uint(&cursor, 1);
	head->lengths = take(&cursor, head->opcode_base ? head->opcode_base - 1 : 0);
	head->tables = cursor;
	return !cursor.bad && head->range && head->opcode_base;
}

struct row {
	uint64_t	addr;
	uint32_t	file, line;
};

struct search {
	uint64_t	addr;
	struct row	row, before;
	bool		has_before, found;
};

static void emit_row(struct search *search, bool ends)
{
	if (search->has_before && search->addr >= search->before.addr && search->addr < search->row.addr)
		search->found = true;
	else if (ends)
		search->has_before = false;
	else {
		search->before = search->row;
		search->has_before = true;
	}
}

static void extended(struct cursor *program, struct search *search)
{
	uint64_t bytes = take_uleb(program);
	struct cursor one = { program->at, program->at, false };

	if (!take(program, bytes) || !bytes)
		return;
	one.end = program->at;
	switch (take_uint(&one, 1)) {
	case LNE_END_SEQUENCE:
		emit_row(search, true);
		search->row = (struct row){ 0, 1, 1 };
		break;
	case LNE_SET_ADDRESS:
		search->row.addr = take_uint(&one, bytes - 1 < 8 ? (unsigned int)bytes - 1 : 8);
		break;
	}
}

static void standard(struct line_head *head, unsigned int opcode, struct search *search)
{
	struct cursor *program = &head->program;

	switch (opcode) {
	case LNS_COPY:
		emit_row(search, false);
		break;
	case LNS_ADVANCE_PC:
		search->row.addr += take_uleb(program) * head->min_length;
		break;
	case LNS_ADVANCE_LINE:
		search->row.line += (uint32_t)take_sleb(program);
		break;
	case LNS_SET_FILE:
		search->row.file = (uint32_t)take_uleb(program);
		break;
	case LNS_CONST_ADD_PC:
		search->row.addr += (255 - head->opcode_base) / head->range * head->min_length;
		break;
	case LNS_FIXED_ADVANCE_PC:
		search->row.addr += take_uint(program, 2);
		break;
	default:
		for (unsigned int i = head->lengths[opcode - 1]; i; i--)
			take_uleb(program);
	}
}

bool dwarf_line(const struct unit *unit, uint64_t addr, uint32_t *file, uint32_t *line)
{
	struct search search = { .addr = addr, .row = { 0, 1, 1 } };
	struct line_head head;

	if (!read_line_head(unit, &head))
		return false;
	while (!head.program.bad && head.program.at < head.program.end && !search.found) {
		unsigned int opcode = (unsigned int)take_uint(&head.program, 1);

		if (opcode >= head.opcode_base) {
			opcode -= head.opcode_base;
			search.row.addr += opcode / head.range * head.min_length;
			search.row.line += (uint32_t)(head.line_base + (int)(opcode % head.range));
			emit_row(&search, false);
		} else if (opcode) {
			standard(&head, opcode, &search);
		} else {
			extended(&head.program, &search);
		}
	}
	*file = search.before.file;
	*line = search.before.line;
	return search.found;
}

/* ---- names of files --------------------------------------------------------------- */

/* One table of version 5: find entry @wanted, or skip all of them. */
static bool table5(const struct unit *unit, struct cursor *cursor, uint64_t wanted, const char **path, uint64_t *folder)
{
	struct cursor formats;
	unsigned int nr_formats = (unsigned int)take_uint(cursor, 1);
	uint64_t nr;
	bool found = false;

	formats = *cursor;
	for (unsigned int i = 0; i < nr_formats; i++) {
		take_uleb(cursor);
		take_uleb(cursor);
	}
	nr = take_uleb(cursor);
	for (uint64_t entry = 0; entry < nr && !cursor->bad; entry++) {
		struct cursor format = formats;

		for (unsigned int i = 0; i < nr_formats; i++) {
			uint64_t what = take_uleb(&format);
			struct value value;

			if (!dwarf_value(unit, cursor, (unsigned int)take_uleb(&format), 0, &value))
				return false;
			if (entry == wanted && what == LNCT_PATH)
				*path = value.string;
			if (entry == wanted && what == LNCT_DIRECTORY)
				*folder = value.number;
		}
		if (entry == wanted)
			found = *path != NULL;
	}
	return found;
}

static const char *folder4(struct cursor *cursor, uint64_t index)
{
	for (uint64_t i = 1;; i++) {
		const char *name = take_string(cursor);

		if (cursor->bad || !*name)
			return NULL;
		if (i == index)
			return name;
	}
}

static const char *file4(struct cursor *cursor, uint64_t index, uint64_t *folder)
{
	for (uint64_t i = 1;; i++) {
		const char *name = take_string(cursor);

		if (cursor->bad || !*name)
			return NULL;
		*folder = take_uleb(cursor);
		take_uleb(cursor);
		take_uleb(cursor);
		if (i == index)
			return name;
	}
}

void dwarf_file(const struct unit *unit, uint32_t index, struct source_line *into)
{
	const char *file = NULL, *folder = NULL;
	uint64_t folder_index = 0, unused;
	struct line_head head;
	struct cursor cursor;

	if (!read_line_head(unit, &head))
		return;
	cursor = head.tables;
	if (head.version == 5) {
		table5(unit, &cursor, UINT64_MAX, &folder, &unused);
		table5(unit, &cursor, index, &file, &folder_index);
		cursor = head.tables;
		folder = NULL;
		table5(unit, &cursor, folder_index, &folder, &unused);
	} else {
		folder4(&cursor, UINT64_MAX);
		cursor.bad = false;
		file = file4(&cursor, index, &folder_index);
		cursor = head.tables;
		folder = folder_index ? folder4(&cursor, folder_index) : unit->folder;
	}
	into->file = file;
	diag_format(into->folder, sizeof(into->folder), "%s", folder ? folder : "");
}
