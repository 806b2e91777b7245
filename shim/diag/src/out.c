/* SPDX-License-Identifier: MIT */
/* out.c - arenas, a small printf, and the writer of dumps: see out.h. */
#include <string.h>
#include <sys/mman.h>

#include "out.h"

/* ---- arenas ----------------------------------------------------------------- */

bool arena_init(struct arena *arena, size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return false;
	madvise(base, bytes, MADV_DONTDUMP);	/* a core would hold all of it, and nobody looks there */
	*arena = (struct arena){ .base = base, .size = bytes };
	return true;
}

void arena_free(struct arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->size);
	arena->base = NULL;
	arena->size = arena->used = 0;
}

void *arena_take(struct arena *arena, size_t bytes)
{
	size_t from = (arena->used + 15) & ~15ul;

	if (bytes > arena->size || from > arena->size - bytes)
		return NULL;
	arena->used = from + bytes;
	return arena->base + from;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	if (copy) {
		memcpy(copy, text, length);
		copy[length] = 0;
	}
	return copy;
}

void arena_reset(struct arena *arena)
{
	if (arena->used)
		madvise(arena->base, arena->used, MADV_DONTNEED);
	arena->used = 0;
}

/* ---- a printf without locale, locks or memory ---------------------------------- */

struct sink {
	char	*buf;
	size_t	size, used;
};

static void sink_char(struct sink *sink, char c)
{
	if (sink->used + 1 < sink->size)
		sink->buf[sink->used] = c;
	sink->used++;
}

struct spec {
	unsigned int	width, base;
	int		precision;	/* -1 = none */
	bool		left, zero, alternate, negative;
};

static void sink_number(struct sink *sink, uint64_t value, const struct spec *spec)
{
	char digits[24], prefix[3];
	unsigned int nr = 0, nr_prefix = 0, all;

	do {
		digits[nr++] = "0123456789abcdef"[value % spec->base];
		value /= spec->base;
	} while (value);
	if (spec->negative)
		prefix[nr_prefix++] = '-';
	if (spec->alternate && spec->base == 16) {
		prefix[nr_prefix++] = '0';
		prefix[nr_prefix++] = 'x';
	}
	all = nr + nr_prefix;
	for (unsigned int i = all; !spec->left && !spec->zero && i < spec->width; i++)
		sink_char(sink, ' ');
	for (unsigned int i = 0; i < nr_prefix; i++)
		sink_char(sink, prefix[i]);
	for (unsigned int i = all; spec->zero && !spec->left && i < spec->width; i++)
		sink_char(sink, '0');
	while (nr)
		sink_char(sink, digits[--nr]);
	for (unsigned int i = all; spec->left && i < spec->width; i++)
		sink_char(sink, ' ');
}

static void sink_text(struct sink *sink, const char *text, const struct spec *spec)
{
	size_t length = 0;

	if (!text)
		text = "(null)";
	while ((spec->precision < 0 || length < (size_t)spec->precision) && text[length])
		length++;
	for (size_t i = length; !spec->left && i < spec->width; i++)
		sink_char(sink, ' ');
	for (size_t i = 0; i < length; i++)
		sink_char(sink, text[i]);
	for (size_t i = length; spec->left && i < spec->width; i++)
		sink_char(sink, ' ');
}

static const char *parse_number(const char *at, int *value, va_list *args)
{
	*value = 0;
	if (*at == '*') {
		*value = va_arg(*args, int);
		return at + 1;
	}
	while (*at >= '0' && *at <= '9')
		*value = *value * 10 + *at++ - '0';
	return at;
}

static const char *format_one(struct sink *sink, const char *at, va_list *args)
{
	struct spec spec = { .base = 10, .precision = -1 };
	bool is_long = false;
	int64_t number;
	int width;

	for (;; at++) {
		if (*at == '-')
			spec.left = true;
		else if (*at == '0')
			spec.zero = true;
		else if (*at == '#')
			spec.alternate = true;
		else
			break;
	}
	at = parse_number(at, &width, args);
	spec.width = width > 0 ? (unsigned int)width : 0;
	if (*at == '.')
		at = parse_number(at + 1, &spec.precision, args);
	for (; *at == 'l' || *at == 'z' || *at == 'j'; at++)
		is_long = true;
	switch (*at) {
	case 's':
		sink_text(sink, va_arg(*args, const char *), &spec);
		break;
	case 'c':
		sink_char(sink, (char)va_arg(*args, int));
		break;
	case 'd':
	case 'i':
		number = is_long ? va_arg(*args, long) : va_arg(*args, int);
		spec.negative = number < 0;
		sink_number(sink, spec.negative ? 0 - (uint64_t)number : (uint64_t)number, &spec);
		break;
	case 'p':
		spec.alternate = true;
		spec.base = 16;
		sink_number(sink, (uint64_t)(uintptr_t)va_arg(*args, void *), &spec);
		break;
	case 'x':
		spec.base = 16;
		/* fall through */
	case 'u':
		sink_number(sink, is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int), &spec);
		break;
	case 0:
		return at;
	default:
		sink_char(sink, *at);
	}
	return at + 1;
}

int diag_vformat(char *buf, size_t size, const char *format, va_list args)
{
	struct sink sink = { buf, size, 0 };
	va_list own;

	va_copy(own, args);
	while (*format) {
		if (*format != '%')
			sink_char(&sink, *format++);
		else
			format = format_one(&sink, format + 1, &own);
	}
	va_end(own);
	if (size)
		buf[sink.used < size ? sink.used : size - 1] = 0;
	return (int)sink.used;
}

int diag_format(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = diag_vformat(buf, size, format, args);
	va_end(args);
	return length;
}

/* ---- the writer -------------------------------------------------------------------- */

enum { CLOSING = 2 * OUT_DEPTH + 2 };	/* kept free for the brackets */

void out_init(struct diag_out *out, char *buf, size_t size, bool json)
{
	*out = (struct diag_out){ .buf = buf, .size = size, .json = json };
}

static void put_unbounded(struct diag_out *out, const char *text, size_t bytes)
{
	if (bytes > out->size - out->used)
		bytes = out->size - out->used;
	memcpy(out->buf + out->used, text, bytes);
	out->used += bytes;
}

/* True when @bytes more would go in; else nothing does from now on. */
static bool room(struct diag_out *out, size_t bytes)
{
	if (out->cut || out->used + bytes + CLOSING > out->size)
		out->cut = true;
	return !out->cut;
}

static void put(struct diag_out *out, const char *text)
{
	put_unbounded(out, text, strlen(text));
}

static void indent(struct diag_out *out)
{
	put(out, "\n");
	for (unsigned int i = 2; i < out->depth; i++)
		put(out, "  ");
}

static bool in_list(const struct diag_out *out)
{
	return out->depth && out->close[out->depth - 1] == ']';
}

static void separator(struct diag_out *out, const char *key)
{
	bool filled = out->depth && out->filled[out->depth - 1];

	if (out->depth)
		out->filled[out->depth - 1] = true;
	if (out->json) {
		if (filled)
			put(out, ",");
		if (key) {
			put(out, "\"");
			put(out, key);
			put(out, "\":");
		}
		return;
	}
	if (out->depth <= 1 || in_list(out) || (out->depth == 2 && !filled))
		indent(out);
	else
		put(out, filled ? " " : "");
	if (key) {
		put(out, key);
		put(out, "=");
	}
}

static void open_level(struct diag_out *out, const char *key, char open, char close)
{
	if (out->depth >= OUT_DEPTH || !room(out, 128))
		out->cut = true;
	if (!out->cut) {
		if (out->json) {
			separator(out, key);
			put_unbounded(out, &open, 1);
		} else if (out->depth == 1) {
			put(out, "\n\n-- ");
			put(out, key ? key : "");
			put(out, " --");
		} else if (out->depth > 1) {
			if (in_list(out) || key)
				indent(out);
			put(out, key ? key : "");
			put(out, key ? ":" : "");
		}
	}
	if (out->depth < OUT_DEPTH) {
		out->close[out->depth] = out->cut ? 0 : close;
		out->filled[out->depth] = false;
	}
	out->depth++;
}

void out_object(struct diag_out *out, const char *key)
{
	open_level(out, key, '{', '}');
}

void out_list(struct diag_out *out, const char *key)
{
	open_level(out, key, '[', ']');
}

void out_end(struct diag_out *out)
{
	if (!out->depth || --out->depth >= OUT_DEPTH)
		return;
	if (out->json && out->close[out->depth])
		put_unbounded(out, &out->close[out->depth], 1);
}

static size_t escaped(const char *text)
{
	size_t bytes = 2;

	for (; *text; text++)
		bytes += *text == '"' || *text == '\\' ? 2 : (unsigned char)*text < 0x20 ? 6 : 1;
	return bytes;
}

/*
 * A string as it may stand in JSON. What is no UTF-8 becomes '?', so that the whole
 * stays readable: names come from memory that may be anything.
 */
static unsigned int utf8_length(const unsigned char *at)
{
	unsigned int more = *at < 0x80 ? 0 : *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 :
			    *at >= 0xf0 && *at < 0xf5 ? 3 : 9;

	if (more == 9)
		return 0;
	for (unsigned int i = 1; i <= more; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

static void put_escaped(struct diag_out *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		unsigned int length = utf8_length(at);
		char code[8];

		if (!length) {
			put(out, "?");
			length = 1;
		} else if (*at == '"' || *at == '\\') {
			code[0] = '\\';
			code[1] = (char)*at;
			put_unbounded(out, code, 2);
		} else if (*at < 0x20) {
			diag_format(code, sizeof(code), "\\u%04x", *at);
			put(out, code);
		} else {
			put_unbounded(out, (const char *)at, length);
		}
		at += length;
	}
}

/* Names of functions, files and threads are whatever somebody called them: none moves a terminal's cursor. */
static void put_plain(struct diag_out *out, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		bool moves = ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f;

		put_unbounded(out, moves ? "?" : &text[i], 1);
	}
}

void out_str(struct diag_out *out, const char *key, const char *value)
{
	bool quote = out->json || strpbrk(value, " \t\n\"") || !*value;

	if (!room(out, escaped(value) + (key ? strlen(key) : 0) + 64))
		return;
	if (!out->json && !key)
		quote = false;
	separator(out, key);
	put(out, quote ? "\"" : "");
	if (!out->json && !key)
		put_plain(out, value, strlen(value));
	else
		put_escaped(out, value);
	put(out, quote ? "\"" : "");
}

void out_fmt(struct diag_out *out, const char *key, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	diag_vformat(text, sizeof(text), format, args);
	va_end(args);
	out_str(out, key, text);
}

static void out_word(struct diag_out *out, const char *key, const char *word)
{
	if (!room(out, strlen(word) + (key ? strlen(key) : 0) + 64))
		return;
	separator(out, key);
	put(out, word);
}

void out_num(struct diag_out *out, const char *key, int64_t value)
{
	char text[24];

	diag_format(text, sizeof(text), "%ld", value);
	out_word(out, key, text);
}

void out_hex(struct diag_out *out, const char *key, uint64_t value)
{
	char text[24];

	diag_format(text, sizeof(text), out->json ? "\"%#lx\"" : "%#lx", value);
	out_word(out, key, text);
}

void out_bool(struct diag_out *out, const char *key, bool value)
{
	out_word(out, key, value ? "true" : "false");
}

void out_raw(struct diag_out *out, const char *key, const char *json, size_t bytes)
{
	if (!room(out, bytes + 128))
		return;
	if (!out->json && out->depth == 1)
		put(out, "\n");
	separator(out, key);
	put_unbounded(out, json, bytes);
}

void out_line(struct diag_out *out, const char *format, ...)
{
	char text[1024];
	va_list args;
	int length;

	if (out->json)
		return;
	va_start(args, format);
	length = diag_vformat(text, sizeof(text), format, args);
	va_end(args);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	if (!room(out, (size_t)length + 64))
		return;
	indent(out);
	put_plain(out, text, (size_t)length);
}

void out_finish(struct diag_out *out)
{
	bool cut = out->cut;

	while (out->depth)
		out_end(out);
	if (cut && !out->json)
		put(out, "\n(cut: no more room)");
	put(out, "\n");
}
