/* SPDX-License-Identifier: MIT */
/* v8.c - reading JavaScript functions out of V8's heap: see v8.h. */
#include <string.h>

#include "source_map.h"
#include "v8.h"

enum {
	STRING_REPRESENTATION = 7, STRING_ONE_BYTE = 8,
	SEQ = 0, CONS = 1, EXTERNAL = 2, SLICED = 3, THIN = 5,
	SOURCE_MOST = 8 << 20, MAPS_MOST = 16 << 20,
};

/* ---- the layout ------------------------------------------------------------------- */

static const struct {
	const char	*name;
	size_t		at;
} layout[] = {
#define FIELD(member, symbol)	{ "v8dbg_" symbol, offsetof(struct v8, member) }
	FIELD(map, "class_HeapObject__map__Map"),
	FIELD(instance_type, "class_Map__instance_type__uint16_t"),
	FIELD(shared, "class_JSFunction__shared__SharedFunctionInfo"),
	FIELD(function_data, "class_SharedFunctionInfo__function_data__Object"),
	FIELD(name_or_scope, "class_SharedFunctionInfo__name_or_scope_info__Object"),
	FIELD(script, "class_SharedFunctionInfo__script_or_debug_info__HeapObject"),
	FIELD(script_name, "class_Script__name__Object"),
	FIELD(script_source, "class_Script__source__Object"),
	FIELD(string_length, "class_String__length__int32_t"),
	FIELD(chars, "class_SeqOneByteString__chars__char"),
	FIELD(cons_first, "class_ConsString__first__String"),
	FIELD(cons_second, "class_ConsString__second__String"),
	FIELD(thin_actual, "class_ThinString__actual__String"),
	FIELD(sliced_parent, "class_SlicedString__parent__String"),
	FIELD(sliced_offset, "class_SlicedString__offset__SMI"),
	FIELD(external_resource, "class_ExternalString__resource__Object"),
	FIELD(uncompiled_start, "class_UncompiledData__start_position__int32_t"),
	FIELD(fp_function, "off_fp_function"),
	FIELD(fp_context, "off_fp_context"),
	FIELD(locals_index, "scopeinfo_idx_ncontextlocals"),
	FIELD(first_var_index, "scopeinfo_idx_first_vars"),
	FIELD(type_shared, "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE"),
	FIELD(type_script, "type_Script__SCRIPT_TYPE"),
	FIELD(type_scope, "type_ScopeInfo__SCOPE_INFO_TYPE"),
	FIELD(type_function, "type_JSFunction__JS_FUNCTION_TYPE"),
	FIELD(first_nonstring, "FirstNonstringType"),
#undef FIELD
};

void v8_open(struct v8 *v8, struct space *space)
{
	uint64_t bias;
	struct image *image;
	struct mapping *mapping = NULL;

	v8->map_left = MAPS_MOST;
	if (v8->looked)
		return;
	v8->looked = true;
	for (unsigned int i = 0; i < space->nr_maps && !mapping; i++)
		if (space->maps[i].path[0] == '/')
			mapping = &space->maps[i];	/* the executable is mapped lowest, or V8 is not in it */
	image = mapping ? space_image(space, mapping->start, &bias) : NULL;
	if (!image || !image_find(image, "v8dbg_SmiTagMask"))
		image = space_image_named(space, "node");
	if (!image || !image_find(image, "v8dbg_SmiTagMask"))
		image = space_image_named(space, "libnode");
	if (!image)
		return;
	v8->usable = true;
	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]) && v8->usable; i++) {
		uint64_t addr = image_find(image, layout[i].name);
		const uint8_t *in_file = addr ? image_at(image, addr, 4) : NULL;
		int32_t *field = (int32_t *)((char *)v8 + layout[i].at);

		*field = 0;
		if (in_file)
			memcpy(field, in_file, 4);
		else if (!addr)		/* those that are 0 lie in .bss */
			v8->usable = false;
	}
}

/* ---- values ------------------------------------------------------------------------ */

static bool is_heap(uint64_t value)
{
	return (value & 3) == 1;
}

static bool is_smi(uint64_t value)
{
	return !(value & 0xffffffff);
}

static int64_t smi(uint64_t value)
{
	return (int64_t)value >> 32;
}

static uint64_t field(struct space *space, uint64_t object, int32_t offset)
{
	uint64_t value = 0;

	if (is_heap(object) && !space_get(space, object - 1 + (uint64_t)offset, &value, 8))
		value = 0;
	return value;
}

static int type_of(const struct v8 *v8, struct space *space, uint64_t object)
{
	uint64_t map = field(space, object, v8->map);
	uint16_t type;

	if (!is_heap(map) || !space_get(space, map - 1 + (uint64_t)v8->instance_type, &type, 2))
		return -1;
	return type;
}

static bool is_string(const struct v8 *v8, int type)
{
	return type >= 0 && type < v8->first_nonstring;
}

static uint32_t string_length(const struct v8 *v8, struct space *space, uint64_t string)
{
	uint32_t length = 0;

	if (!space_get(space, string - 1 + (uint64_t)v8->string_length, &length, 4))
		length = 0;
	return length;
}

/* Where the characters of a string lie, the wrappers taken off; false = nowhere in one piece. */
static bool string_chars(const struct v8 *v8, struct space *space, uint64_t string, uint64_t *addr, bool *wide)
{
	uint64_t skip = 0;

	for (int hops = 0; hops < 8; hops++) {
		int type = type_of(v8, space, string);

		if (!is_string(v8, type))
			return false;
		*wide = !(type & STRING_ONE_BYTE);
		switch (type & STRING_REPRESENTATION) {
		case SEQ:
			*addr = string - 1 + (uint64_t)v8->chars + (skip << *wide);
			return true;
		case EXTERNAL:	/* the data's address stands behind the resource's */
			*addr = field(space, string, v8->external_resource + 8) + (skip << *wide);
			return true;
		case SLICED:
			skip += (uint64_t)smi(field(space, string, v8->sliced_offset));
			string = field(space, string, v8->sliced_parent);
			break;
		case THIN:
			string = field(space, string, v8->thin_actual);
			break;
		default:
			return false;
		}
	}
	return false;
}

static size_t read_string(const struct v8 *v8, struct space *space, uint64_t string, char *into, size_t bytes, int deep)
{
	int type = type_of(v8, space, string);
	uint32_t length;
	size_t used = 0;
	uint64_t addr;
	bool wide;

	into[0] = 0;
	if (!is_string(v8, type) || deep > 6)
		return 0;
	if ((type & STRING_REPRESENTATION) == CONS) {
		used = read_string(v8, space, field(space, string, v8->cons_first), into, bytes, deep + 1);
		if (used + 1 < bytes)
			used += read_string(v8, space, field(space, string, v8->cons_second), into + used,
					    bytes - used, deep + 1);
		return used;
	}
	length = string_length(v8, space, string);
	if (!string_chars(v8, space, string, &addr, &wide))
		return 0;
	while (used < length && used + 1 < bytes) {
		uint16_t c = 0;

		if (!space_get(space, addr + (used << wide), &c, wide ? 2 : 1))
			break;
		into[used++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	into[used] = 0;
	return used;
}

/* ---- functions ------------------------------------------------------------------------ */

static uint32_t line_of(const struct v8 *v8, struct space *space, uint64_t source, int64_t position, uint32_t *column)
{
	uint32_t line = 1;
	int64_t begin = 0;
	uint64_t addr;
	bool wide;

	if (position < 0 || position > SOURCE_MOST || position > string_length(v8, space, source) ||
	    !string_chars(v8, space, source, &addr, &wide))
		return 0;
	for (int64_t at = 0; at < position;) {
		uint8_t part[8192];
		int64_t most = (int64_t)sizeof(part) >> wide;
		int64_t nr = position - at < most ? position - at : most;

		if (!space_get(space, addr + ((uint64_t)at << wide), part, (size_t)nr << wide))
			return 0;
		for (int64_t i = 0; i < nr; i++)
			if (part[i << wide] == '\n' && (!wide || !part[2 * i + 1])) {
				line++;
				begin = at + i + 1;
			}
		at += nr;
	}
	*column = (uint32_t)(position - begin) + 1;
	return line;
}

/*
 * Behind the local variables of a scope stand, each or not: a name, a number, another
 * name, and two numbers, the positions of first and last character.
 */
static int64_t read_scope(const struct v8 *v8, struct space *space, uint64_t scope, char *name, size_t bytes)
{
	int64_t nr_locals = smi(field(space, scope, 8 + 8 * v8->locals_index)), run[2] = { 0 }, start = -1;
	int nr_run = 0;

	if (nr_locals < 0 || nr_locals > 4096)
		return -1;
	for (int i = 0; i < 10; i++) {
		int64_t index = v8->first_var_index + (nr_locals < 75 ? 2 * nr_locals : nr_locals + 1) + i;
		uint64_t value = field(space, scope, (int32_t)(8 + 8 * index));

		if (is_smi(value)) {
			run[0] = run[1];
			run[1] = smi(value);
			nr_run++;
			if (nr_run >= 2 && run[0] >= 0 && run[0] < run[1])
				start = run[0];
			continue;
		}
		if (!*name && is_string(v8, type_of(v8, space, value)))
			read_string(v8, space, value, name, bytes, 0);
		if (nr_run >= 2)
			break;
		nr_run = 0;
	}
	return start;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where it was written, if that was compiled in this process. The script's own name stays: it has the whole path. */
static void place_in_source(struct v8 *v8, struct space *space, uint64_t source, struct js_place *place)
{
	struct script_text text = { .space = space, .length = string_length(v8, space, source) };
	struct source_place from;

	if (!place->line || text.length > SOURCE_MOST || !string_chars(v8, space, source, &text.addr, &text.wide) ||
	    !source_map_find(&text, place->line, place->column, &v8->map_left, &from))
		return;
	place->line = from.line;
	place->column = from.column;
	if (strcmp(last_name(from.file), last_name(place->file)))
		memcpy(place->file, from.file, sizeof(place->file));
}

bool v8_frame(struct v8 *v8, struct space *space, const struct frame *frame, struct js_place *place)
{
	uint64_t context, function, shared, scope, script, source;
	int64_t start = -1;
	int type;

	if (!v8->usable || !frame->fp || frame->fp & 7 ||
	    !space_get(space, frame->fp + (uint64_t)(int64_t)v8->fp_context, &context, 8) || !is_heap(context) ||
	    !space_get(space, frame->fp + (uint64_t)(int64_t)v8->fp_function, &function, 8) || !is_heap(function))
		return false;
	shared = field(space, function, v8->shared);
	if (type_of(v8, space, shared) != v8->type_shared)
		return false;
	*place = (struct js_place){ .line = 0 };
	scope = field(space, shared, v8->name_or_scope);
	type = type_of(v8, space, scope);
	if (is_string(v8, type))
		read_string(v8, space, scope, place->function, sizeof(place->function), 0);
	else if (type == v8->type_scope)
		start = read_scope(v8, space, scope, place->function, sizeof(place->function));
	script = field(space, shared, v8->script);
	if (type_of(v8, space, script) != v8->type_script)
		return true;
	read_string(v8, space, field(space, script, v8->script_name), place->file, sizeof(place->file), 0);
	source = field(space, script, v8->script_source);
	if (start >= 0)
		place->line = line_of(v8, space, source, start, &place->column);
	place_in_source(v8, space, source, place);
	return true;
}
