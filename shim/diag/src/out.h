/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_OUT_H
#define RING3_DIAG_OUT_H

/*
 * out.h - private to shim/diag: memory and text of a collector.
 *
 * An arena is a mapping of its own that is given out front to back and taken back
 * whole: the collector never meets the heaps it reports on. Running out is no error:
 * who asks gets NULL and says less.
 *
 * A writer emits one structure as JSON, or as text for people: "key=value" words,
 * a line per object of a list, deeper ones further in. What does not fit is cut at a
 * whole value; the brackets are closed all the same, so cut JSON still parses.
 *
 * Threads: each belongs to one thread at a time.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"

struct arena {
	char	*base;
	size_t	size, used;
};

bool arena_init(struct arena *arena, size_t bytes);	/* address space; memory as it is touched */
void arena_free(struct arena *arena);
void *arena_take(struct arena *arena, size_t bytes);	/* zeroed the first time, 16-aligned; NULL = used up */
char *arena_text(struct arena *arena, const char *text, size_t length);
void arena_reset(struct arena *arena);			/* and gives the memory back to the system */

#define OUT_DEPTH	16

struct diag_out {
	char	*buf;
	size_t	size, used;
	bool	json, cut;
	unsigned int depth;
	char	close[OUT_DEPTH];	/* the bracket that ends this level */
	bool	filled[OUT_DEPTH];	/* something stands in it */
};

void out_init(struct diag_out *out, char *buf, size_t size, bool json);
/* @key is NULL inside a list. */
void out_object(struct diag_out *out, const char *key);
void out_list(struct diag_out *out, const char *key);
void out_end(struct diag_out *out);
void out_str(struct diag_out *out, const char *key, const char *value);
void out_fmt(struct diag_out *out, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
void out_num(struct diag_out *out, const char *key, int64_t value);
void out_hex(struct diag_out *out, const char *key, uint64_t value);	/* a string "0x..." in JSON */
void out_bool(struct diag_out *out, const char *key, bool value);
/* @json is a whole JSON value made elsewhere; it stands as it is in both forms. */
void out_raw(struct diag_out *out, const char *key, const char *json, size_t bytes);
/* A line of its own in text; nothing in JSON. */
void out_line(struct diag_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Close what is open. */
void out_finish(struct diag_out *out);

/* snprintf() of %s %c %d %u %x %p with l, z, widths, 0 and -, and nothing else: no locale, no lock, no allocation. */
int diag_vformat(char *buf, size_t size, const char *format, va_list args);

#endif /* RING3_DIAG_OUT_H */
