/* SPDX-License-Identifier: MIT */
/* out_test.c - the writer of dumps: JSON that parses whatever it is given and wherever it is cut; and its printf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "out.h"

static void same(const char *format, ...)
{
	char ours[128], theirs[128];
	va_list args;
	int length;

	va_start(args, format);
	length = diag_vformat(ours, sizeof(ours), format, args);
	va_end(args);
	va_start(args, format);
	CHECK_EQ(length, vsnprintf(theirs, sizeof(theirs), format, args));
	va_end(args);
	CHECK_STREQ(ours, theirs);
}

TEST(its_printf_is_libcs_for_what_it_knows)
{
	same("plain %% text");
	same("%d %d %d", 0, -1, 2147483647);
	same("%ld %lu %lx", -9223372036854775807L - 1, ~0ul, 0xfeedul);
	same("%5d|%-5d|%05d|%-3d|", 42, 42, 42, 123456);
	same("%#lx %#x %08x", 255ul, 0x10, 0xbeef);
	same("%s|%.3s|%10s|%-10s|%.*s|", "abc", "abcdef", "abc", "abc", 2, "xyz");
	same("%c%c", 'a', 'b');
	same("%zu %u", (size_t)7, 4000000000u);
}

TEST(its_printf_stays_within_bounds)
{
	char buf[8] = "zzzzzzz";

	CHECK_EQ(diag_format(buf, 4, "%s", "abcdef"), 6);
	CHECK_STREQ(buf, "abc");
	CHECK_EQ(buf[4], 'z');
	CHECK_EQ(diag_format(buf, 0, "%d", 5), 1);
}

/* Brackets match and strings end: what a parser trips over first. */
static void check_json(const char *text, size_t bytes)
{
	char stack[64];
	int depth = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '"') {
			for (i++; i < bytes && text[i] != '"'; i++)
				i += text[i] == '\\';
			CHECK_LT(i, bytes);
		} else if (text[i] == '{' || text[i] == '[') {
			CHECK_LT(depth, 64);
			stack[depth++] = text[i] == '{' ? '}' : ']';
		} else if (text[i] == '}' || text[i] == ']') {
			CHECK_GT(depth, 0);
			CHECK_EQ(stack[--depth], text[i]);
		}
	}
	CHECK_EQ(depth, 0);
}

static void write_something(struct diag_out *out)
{
	out_object(out, NULL);
	out_num(out, "n", -5);
	out_list(out, "list");
	for (int i = 0; i < 5; i++) {
		out_object(out, NULL);
		out_str(out, "text", "quote \" back \\ line\n high \xff\xfe \xc3\xa9");
		out_hex(out, "hex", 0xabc);
		out_list(out, "inner");
		out_fmt(out, NULL, "%d", i);
		out_end(out);
		out_end(out);
	}
	out_end(out);
	out_raw(out, "raw", "[1,{}]", 6);
	out_bool(out, "yes", true);
	out_finish(out);
}

TEST(json_parses_wherever_it_is_cut)
{
	for (size_t size = 40; size < 1500; size++) {
		char *buf = malloc(size);	/* of the size, so that AddressSanitizer knows */
		struct diag_out out;

		out_init(&out, buf, size, true);
		write_something(&out);
		CHECK_LE(out.used, size);
		check_json(buf, out.used);
		free(buf);
	}
}

TEST(text_fits_wherever_it_is_cut)
{
	for (size_t size = 40; size < 1500; size += 7) {
		char *buf = malloc(size);
		struct diag_out out;

		out_init(&out, buf, size, false);
		write_something(&out);
		CHECK_LE(out.used, size);
		free(buf);
	}
}

TEST(no_name_moves_a_terminals_cursor)
{
	static char buf[4096];
	struct diag_out out;

	for (int json = 0; json < 2; json++) {
		out_init(&out, buf, sizeof(buf) - 1, json);
		out_object(&out, NULL);
		out_str(&out, "key", "a\x1b[2Jb\x07");
		out_list(&out, "list");
		out_str(&out, NULL, "c\x1b[2J\x7f\r said \"d\"");
		out_line(&out, "#0  %s\n    e\tf", "\x1b]0;name\x07");
		out_end(&out);
		out_finish(&out);
		buf[out.used] = 0;
		for (const char *at = buf; *at; at++)
			CHECK(*at >= 0x20 || *at == '\n' || *at == '\t');
		CHECK(!strchr(buf, 0x7f) || json);
	}
	out_init(&out, buf, sizeof(buf) - 1, false);
	out_object(&out, NULL);
	out_line(&out, "#0  %s\n    e\tf said \"g\"", "\x1b]0;name\x07");
	out_finish(&out);
	buf[out.used] = 0;
	CHECK(strstr(buf, "#0  ?]0;name?\n    e\tf said \"g\""));
}

TEST(deeper_than_it_goes_is_cut)
{
	static char buf[4096];
	struct diag_out out;

	out_init(&out, buf, sizeof(buf), true);
	for (int i = 0; i < 40; i++)
		out_list(&out, NULL);
	out_num(&out, NULL, 1);
	for (int i = 0; i < 40; i++)
		out_end(&out);
	out_end(&out);		/* one too many */
	out_finish(&out);
	check_json(buf, out.used);
}
