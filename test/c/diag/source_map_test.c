/* SPDX-License-Identifier: MIT */
/* source_map_test.c - places in scripts with a map, with none, and with what is no map at all. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "source_map.h"

/*
 * Three lines, of which the first maps nothing; the second from column 0 to 3:1 of a.ts, from 4 to 1:9 of b.ts and from
 * 12 to 7:1 of a.ts; the third from column 2 to 6:4 of it.
 */
static const char json[] = "{\"version\":3,\"sourcesContent\":[\"mappings\\\",\\\"mappings\\\":\",null],"
	"\"mappings\":\";AAEA,ICFQ,QDMR;EADG\",\"names\":[\"mappings\"],\"sources\":[\"src/a.ts\",\"b\\/b.ts\"]}";

static struct space space;
static char script[1 << 20];
static uint16_t wide[1 << 20];

static size_t base64(const char *from, size_t bytes, char *into)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0, nr = 0;
	size_t used = 0;

	for (size_t i = 0; i < bytes; i++)
		for (bits = bits << 8 | (uint8_t)from[i], nr += 8; nr >= 6; nr -= 6)
			into[used++] = digits[bits >> (nr - 6) & 63];
	if (nr)
		into[used++] = digits[bits << (6 - nr) & 63];
	into[used] = 0;
	return used;
}

/* A script of @bytes characters, then the comment @head, then @map in base 64; returns its length. */
static uint32_t make(size_t bytes, const char *head, const char *map)
{
	memset(script, ' ', bytes);
	snprintf(script + bytes, sizeof(script) - bytes, "%s", head);
	base64(map, strlen(map), script + strlen(script));
	return (uint32_t)strlen(script);
}

static bool find(uint32_t length, uint32_t line, uint32_t column, struct source_place *place)
{
	struct script_text text = { .space = &space, .addr = (uintptr_t)script, .length = length };
	uint32_t left = 64 << 20;

	if (!space.nr_maps)
		CHECK_EQ(space_open(&space, 0), 0);
	return source_map_find(&text, line, column, &left, place);
}

#define HEAD "\n//# sourceMappingURL=data:application/json;base64,"

static void check_place(uint32_t length, uint32_t line, uint32_t column, uint32_t to_line, uint32_t to_column,
			const char *file)
{
	struct source_place place;

	CHECK(find(length, line, column, &place));
	CHECK_EQ(place.line, to_line);
	CHECK_EQ(place.column, to_column);
	CHECK_STREQ(place.file, file);
}

TEST(source_map_finds_segments)
{
	struct source_place place;
	uint32_t length = make(10, HEAD, json);

	CHECK(!find(length, 1, 1, &place));
	check_place(length, 2, 1, 3, 1, "src/a.ts");
	check_place(length, 2, 4, 3, 1, "src/a.ts");
	check_place(length, 2, 5, 1, 9, "b/b.ts");
	check_place(length, 2, 12, 1, 9, "b/b.ts");
	check_place(length, 2, 13, 7, 1, "src/a.ts");
	check_place(length, 2, 99999, 7, 1, "src/a.ts");
	CHECK(!find(length, 3, 2, &place));
	check_place(length, 3, 3, 6, 4, "src/a.ts");
	CHECK(!find(length, 4, 1, &place));
}

TEST(source_map_lies_wherever_pieces_end)
{
	for (size_t bytes = 0; bytes < 9000; bytes += bytes > 3800 && bytes < 4200 ? 1 : 131)
		check_place(make(bytes, HEAD, json), 2, 5, 1, 9, "b/b.ts");
}

TEST(source_map_of_a_wide_script_and_with_a_charset)
{
	struct script_text text = { .space = &space, .addr = (uintptr_t)wide, .wide = true };
	struct source_place place;
	uint32_t left = 1 << 20;

	text.length = make(5000, "\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,", json);
	check_place(text.length, 2, 5, 1, 9, "b/b.ts");
	for (uint32_t i = 0; i < text.length; i++)
		wide[i] = (uint8_t)script[i];
	wide[17] = 0x20ac;
	CHECK(source_map_find(&text, 2, 5, &left, &place));
	CHECK_EQ(place.line, 1);
}

TEST(source_map_the_last_counts)
{
	char *end = script + make(10, HEAD, "{\"mappings\":\"AAAA\",\"sources\":[\"old.ts\"]}");

	memcpy(end, HEAD, sizeof(HEAD));
	base64(json, strlen(json), end + strlen(end));
	check_place((uint32_t)strlen(script), 2, 5, 1, 9, "b/b.ts");
}

TEST(source_map_is_none)
{
	static const char *const maps[] = {
		"", "{", "null", "[]", "{\"mappings\":", "{\"mappings\":7,\"sources\":[\"a\"]}", "{\"mappings\":\"",
		"{\"mappings\":\"AAAA\"}", "{\"mappings\":\"AAAA\",\"sources\":[]}", "{\"mappings\":\"AAAA\",\"sources\":\"",
		"{\"mappings\":\"ACAA\",\"sources\":[\"a\"]}", "{\"mappings\":\"ADAA\",\"sources\":[\"a\"]}",
		"{\"mappings\":\"AADA\",\"sources\":[\"a\"]}", "{\"mappings\":\"A\",\"sources\":[\"a\"]}",
		"{\"mappings\":\"AAA!\",\"sources\":[\"a\"]}", "{\"mappings\":\"AAgggggggggggggggggA\",\"sources\":[\"a\"]}",
		"{\"x\":{\"mappings\":\"AAAA\"},\"sources\":[\"a\"]}", "{\"x\":\"mappings\",\"sources\":[\"a\"]}",
	};
	static const char *const heads[] = {
		"", "\n//# sourceMappingURL=", "\n//# sourceMappingURL=a.js.map", "\n//# sourceMappingURL=data:application/json;",
		"\n//# sourceMappingURL=data:application/json;charset=x\nbase64,",
	};
	struct source_place place;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (find(make(10, HEAD, maps[i]), 1, 1, &place))
			test_fail(__FILE__, __LINE__, "found in %s", maps[i]);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (find(make(10, heads[i], json), 2, 5, &place))
			test_fail(__FILE__, __LINE__, "found behind %s", heads[i]);
	CHECK(!find(0, 1, 1, &place));
}

/* Cut off or overwritten anywhere: whatever is found, it ends, and nothing outside is read (the sanitizers look). */
TEST(source_map_of_junk)
{
	uint32_t length = make(100, HEAD, json), seed = 1, left = 1 << 20;
	struct source_place place;
	char whole[2048];

	memcpy(whole, script, length);
	for (uint32_t cut = 0; cut < length; cut++)
		find(cut, 2, 5, &place);
	for (int i = 0; i < 3000; i++) {
		memcpy(script, whole, length);
		for (int k = 0; k < 4; k++) {
			seed = seed * 48271 % 0x7fffffff;
			script[100 + seed % (length - 100)] = (char)(seed >> 8);
		}
		if (find(length, 1 + seed % 4, 1 + seed % 20, &place))
			CHECK_LT(strlen(place.file), sizeof(place.file));
	}
	/* A long one without an end, and memory that is not there. */
	memset(script, 'A', sizeof(script));
	memcpy(script, HEAD, sizeof(HEAD) - 1);
	CHECK(!find(sizeof(script), 1, 1, &place));
	CHECK(!find(sizeof(HEAD) - 1, 1, 1, &place));
	CHECK(!source_map_find(&(struct script_text){ .space = &space, .addr = 4096, .length = 4096 }, 1, 1, &left, &place));
}

/* A dump may read so much of them, and no more. */
TEST(source_map_reads_within_its_budget)
{
	uint32_t length = make(10, HEAD, json), map = length - 10 - (sizeof(HEAD) - 1), left = 7 * map;
	struct script_text text = { .space = &space, .addr = (uintptr_t)script, .length = length };
	struct source_place place;

	check_place(length, 2, 5, 1, 9, "b/b.ts");
	for (int i = 0; i < 4; i++)
		CHECK_EQ(source_map_find(&text, 2, 5, &left, &place), i < 2);
	CHECK_EQ(left, map);
}
