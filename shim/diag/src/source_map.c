/* SPDX-License-Identifier: MIT */
/* source_map.c - see source_map.h. */
#include <string.h>

#include "source_map.h"

static const char comment[] = "//# sourceMappingURL=data:application/json;";
static const char encoding[] = "base64,";

enum { PIECE = 4096, HEAD_MOST = 128, END = -1 };

/* ---- the script's characters --------------------------------------------------------- */

struct piece {
	uint32_t	from, nr;
	char		chars[PIECE];
};

/* The characters at @from, as many as there are of PIECE. */
static bool read_piece(const struct script_text *text, uint32_t from, struct piece *piece)
{
	uint16_t wide[256];

	piece->from = from;
	piece->nr = text->length - from < PIECE ? text->length - from : PIECE;
	if (!text->wide)
		return space_get(text->space, text->addr + from, piece->chars, piece->nr);
	for (uint32_t i = 0; i < piece->nr; i += 256) {
		uint32_t nr = piece->nr - i < 256 ? piece->nr - i : 256;

		if (!space_get(text->space, text->addr + 2ul * (from + i), wide, 2 * nr))
			return false;
		for (uint32_t k = 0; k < nr; k++)
			piece->chars[i + k] = wide[k] < 0x80 ? (char)wide[k] : '?';
	}
	return true;
}

static int digit_of(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 :
	       c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : END;
}

/* Is what ends at @end the comment up to its data? What may stand between is "charset=utf-8;" and the like. */
static bool comment_ends(const struct script_text *text, uint32_t end, struct piece *piece)
{
	const uint32_t most = sizeof(comment) - 1, last = sizeof(encoding) - 1;
	uint32_t from = end > HEAD_MOST ? end - HEAD_MOST : 0, nr = end - from;

	if (!read_piece(text, from, piece) || nr < most + last || memcmp(piece->chars + nr - last, encoding, last))
		return false;
	for (uint32_t i = nr - last - most + 1; i-- > 0 && piece->chars[i + most - 1] != '\n';)
		if (!memcmp(piece->chars + i, comment, most))
			return true;
	return false;
}

/*
 * Where the base64 begins that @text ends with, if that is a map's; 0 = it does not, as is seen soon. At most @most
 * characters from the end.
 */
static uint32_t find_map(const struct script_text *text, uint32_t most, struct piece *piece)
{
	uint32_t end = text->length;
	bool began = false;

	while (end && text->length - end < most) {
		uint32_t from = end > PIECE ? end - PIECE : 0, nr = end - from;

		if (!read_piece(text, from, piece))
			return 0;
		while (nr > 0 && text->length - from - nr <= most) {
			int c = piece->chars[nr - 1];

			if (digit_of(c) >= 0)
				began = true;
			else if (began || (c != '\n' && c != '\r' && c != ' ' && c != '='))
				return comment_ends(text, from + nr, piece) ? from + nr : 0;
			nr--;
		}
		end = from;
	}
	return 0;
}

/* ---- its JSON --------------------------------------------------------------------------- */

struct json {
	const struct script_text *text;
	struct piece	*piece;
	uint32_t	at;		/* of the base64 */
	uint32_t	bits;
	unsigned int	nr_bits;
	int		depth;
};

static int next_char(struct json *json)
{
	while (json->nr_bits < 8) {
		struct piece *piece = json->piece;
		int digit;

		if (json->at >= json->text->length ||
		    (json->at - piece->from >= piece->nr && !read_piece(json->text, json->at, piece)))
			return END;
		digit = digit_of(piece->chars[json->at - piece->from]);
		if (digit < 0)
			return END;
		json->at++;
		json->bits = json->bits << 6 | (uint32_t)digit;
		json->nr_bits += 6;
	}
	json->nr_bits -= 8;
	return (int)(json->bits >> json->nr_bits & 0xff);
}

/* A string whose quote was read, up to its last; cut off at @bytes. An escape counts as what it ends with. */
static bool read_text(struct json *json, char *into, size_t bytes)
{
	size_t used = 0;
	int c;

	while ((c = next_char(json)) != '"') {
		if (c == '\\')
			c = next_char(json);
		if (c == END)
			return false;
		if (used + 1 < bytes)
			into[used++] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
	}
	into[used] = 0;
	return true;
}

/* Goes to the value of @name in the outermost object: its first character was read, a quote or a bracket. */
static bool find_value(struct json *json, const char *name)
{
	char text[16];
	bool is_value = false;

	for (;;) {
		int c = next_char(json);

		if (c == '"') {
			if (!read_text(json, text, sizeof(text)))
				return false;
			if (json->depth != 1 || is_value || strcmp(text, name))
				continue;
			while ((c = next_char(json)) == ' ' || c == ':')
				;
			return c == '"' || c == '[';
		}
		if (c == END)
			return false;
		json->depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		is_value = c == ':' || (is_value && c != ',');
	}
}

/* ---- its mappings ----------------------------------------------------------------------- */

/* A number in base 64, its least digit first, the sign in its last bit; false = here is none. @c: read last. */
static bool read_number(struct json *json, int *c, int64_t *number)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	int digit = digit_of(*c);

	if (digit < 0)
		return false;
	for (;; shift += 5) {
		if (digit < 0 || shift > 40)
			return false;
		value |= (uint64_t)(digit & 31) << shift;
		*c = next_char(json);
		if (!(digit & 32))
			break;
		digit = digit_of(*c);
	}
	*number = value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
	return true;
}

/* The last segment of line @line that begins at @column or before, both from 0. */
static bool find_segment(struct json *json, uint32_t line, uint32_t column, int64_t *source, struct source_place *place)
{
	/* Of what it was made of: which file, line and column; and a name. */
	int64_t sums[5] = { 0 };
	bool found = false;
	uint32_t at = 0;
	int c = next_char(json);

	while (at <= line && c != END && c != '"') {
		int64_t delta;
		int nr = 0;

		if (c == ';' || c == ',') {
			if (c == ';') {
				at++;
				sums[0] = 0;
			}
			c = next_char(json);
			continue;
		}
		for (; nr < 5 && read_number(json, &c, &delta); nr++)
			sums[nr] += delta;
		if (!nr)
			return false;
		if (at != line || nr < 4)
			continue;
		if (sums[0] > column)
			break;
		if (sums[2] < 0 || sums[2] > INT32_MAX || sums[3] < 0 || sums[3] > INT32_MAX)
			return false;
		found = true;
		*source = sums[1];
		place->line = (uint32_t)sums[2] + 1;
		place->column = (uint32_t)sums[3] + 1;
	}
	return found;
}

static bool read_source(struct json *json, int64_t index, struct source_place *place)
{
	int c;

	do {
		while ((c = next_char(json)) != '"')
			if (c == END || c == ']')
				return false;
		if (!read_text(json, place->file, sizeof(place->file)))
			return false;
	} while (index-- > 0);
	return true;
}

bool source_map_find(const struct script_text *text, uint32_t line, uint32_t column, uint32_t *left,
		     struct source_place *place)
{
	struct piece piece;
	struct json json = { .text = text, .piece = &piece }, again;
	int64_t source = 0;

	/* To its beginning, and from there twice. */
	json.at = find_map(text, *left / 3, &piece);
	if (!json.at)
		return false;
	*left -= 3 * (text->length - json.at);
	again = json;
	if (!find_value(&json, "mappings") || !find_segment(&json, line - 1, column - 1, &source, place) || source < 0)
		return false;
	return find_value(&again, "sources") && read_source(&again, source, place);
}
